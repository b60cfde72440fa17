//! How long deploys took, as the geometry of a plot: one bar each, the build below and the deploy above.

use minijinja::{Value, context};

use super::super::words::{count, milliseconds, moment};
use super::sign;
use crate::model::{Deploy, DeployStatus};

/// In units of the picture.
const HEIGHT: f64 = 208.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 186.0;
const LEFT: f64 = 56.0;
const STEP: f64 = 14.0;
const BAR: f64 = 9.0;
/// So that a few bars still make a picture.
const LEAST_WIDTH: f64 = 320.0;

/// The plot of records, of which the newest is the first; `None` where there is none.
pub fn plot(records: &[Deploy]) -> Option<Value> {
    let (newest, oldest) = (records.first()?, records.last()?);
    let total = |deploy: &Deploy| {
        let parts = [deploy.build_ms, deploy.deploy_ms];
        parts.into_iter().flatten().fold(0, u64::saturating_add)
    };
    let most = records.iter().map(total).max().unwrap_or(0).max(1);
    let scale = |milliseconds: u64| (milliseconds as f64 / most as f64) * (BOTTOM - TOP);
    let bars: Vec<Value> = records
        .iter()
        .rev()
        .enumerate()
        .map(|(index, deploy)| {
            let build = scale(deploy.build_ms.unwrap_or(0));
            let all = scale(total(deploy));
            let x = LEFT + 4.0 + index as f64 * STEP;
            context! {
                x => rounded(x),
                middle => rounded(x + BAR / 2.0),
                width => BAR,
                build_y => rounded(BOTTOM - build),
                build_height => rounded(build),
                deploy_y => rounded(BOTTOM - all),
                deploy_height => rounded(all - build),
                sign_y => rounded(BOTTOM - all - 9.0),
                failed => deploy.status == DeployStatus::Failed,
                open => deploy.status.is_open(),
                title => format!(
                    "{} {} {}: {} {}, {}",
                    moment(deploy.started_at),
                    deploy.node,
                    deploy.app,
                    sign(deploy.status),
                    deploy.status.as_str(),
                    milliseconds(total(deploy)),
                ),
            }
        })
        .collect();
    let width = (LEFT + 8.0 + records.len() as f64 * STEP).max(LEAST_WIDTH);
    let ticks: Vec<Value> = [0, most / 2, most]
        .into_iter()
        .map(|at| context! { y => rounded(BOTTOM - scale(at)), label => milliseconds(at) })
        .collect();
    let failed = records
        .iter()
        .filter(|deploy| deploy.status == DeployStatus::Failed);
    let summary = format!(
        "{} from {} to {}, {} failed; the longest took {}. The table below has every number.",
        count(records.len(), "deploy"),
        moment(oldest.started_at),
        moment(newest.started_at),
        failed.count(),
        milliseconds(most),
    );
    Some(context! {
        width => rounded(width),
        height => HEIGHT,
        left => LEFT,
        bars => bars,
        ticks => ticks,
        summary => summary,
    })
}

/// With one digit after the point: more is not seen.
fn rounded(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::super::tests::record;
    use super::*;

    fn bars(records: &[Deploy]) -> Vec<Value> {
        let plot = plot(records).expect("there is a record");
        let bars = plot.get_attr("bars").unwrap();
        bars.try_iter().unwrap().collect()
    }

    fn number(value: &Value, name: &str) -> f64 {
        f64::try_from(value.get_attr(name).unwrap()).unwrap()
    }

    #[test]
    fn nothing_makes_no_plot() {
        assert!(plot(&[]).is_none());
    }

    #[test]
    fn one_bar_is_as_high_as_the_plot() {
        let bars = bars(&[record(1)]);
        assert_eq!(number(&bars[0], "deploy_y"), TOP);
        let height = number(&bars[0], "build_height") + number(&bars[0], "deploy_height");
        assert!((height - (BOTTOM - TOP)).abs() < 0.2, "{height}");
    }

    #[test]
    fn many_bars_stand_beside_each_other_and_in_the_picture() {
        let mut records: Vec<Deploy> = (0..200).rev().map(record).collect();
        records[0].build_ms = Some(u64::MAX);
        records[0].deploy_ms = Some(u64::MAX);
        records[1].build_ms = None;
        records[1].deploy_ms = None;
        records[2].status = DeployStatus::Failed;
        let width = number(&plot(&records).unwrap(), "width");
        let bars = bars(&records);
        assert_eq!(bars.len(), 200);
        for pair in bars.windows(2) {
            assert!(number(&pair[0], "x") + BAR <= number(&pair[1], "x"));
        }
        for bar in &bars {
            assert!(number(bar, "x") + BAR <= width);
            assert!((TOP..=BOTTOM).contains(&number(bar, "deploy_y")));
            assert!(number(bar, "deploy_height") >= 0.0);
        }
        // The newest is the last: the one before that took no time, and the one before failed.
        assert_eq!(number(&bars[198], "deploy_height"), 0.0);
        assert!(bars[197].get_attr("failed").unwrap().is_true());
    }

    #[test]
    fn deploys_that_took_no_time_make_no_nonsense() {
        let mut one = record(1);
        one.build_ms = Some(0);
        one.deploy_ms = None;
        assert_eq!(number(&bars(&[one])[0], "build_height"), 0.0);
    }
}
