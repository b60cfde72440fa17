//! How long it takes from an INSERT by psql until a listener has made the page live on its node.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Result;
use crate::corpus::Size;
use crate::database::Doors;
use crate::table::{Row, median, time};

/// How many pages are inserted, one after the other.
const INSERTS: usize = 50;
/// What the median of them may take.
const LIVE: Duration = Duration::from_millis(300);
/// After so long a page counts as lost.
const LOST: Duration = Duration::from_secs(30);

/// A listener, which ends with the value.
struct Listener(Child);

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Inserts pages while a listener waits for them, in sites of a hundred pages and of as many as are
/// measured.
pub fn inserts(program: &Path, url: &str, work: &Path, size: Size) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for pages in [100, size.pages] {
        let site = work.join(format!("listen-{pages}"));
        let doors = Doors::make(program, url, &site, Size { pages, ..size })?;
        let target = site.join("live");
        let config = site.join("robbieblocks.toml");
        let text = fs::read_to_string(&config)?;
        let (node, app) = first_bundle(&site)?;
        let table = format!("[node.{node}]\n");
        let deploy = format!("{table}deploy = {{ dir = \"{}\" }}\n", target.display());
        fs::write(
            &config,
            match text.contains(&table) {
                true => text.replace(&table, &deploy),
                false => format!("{text}\n{deploy}"),
            },
        )?;
        doors.rbgen(&doors.site, &["import"])?;
        eprintln!("{INSERTS} inserts while a listener follows {pages} pages");
        let _listener = listen(program, url, &site)?;
        let mut taken = Vec::new();
        let mut lost = 0;
        for number in 0..INSERTS {
            // The listener is idle when the next row comes.
            sleep(Duration::from_millis(200));
            let page = target
                .join(&app)
                .join(format!("current/measured/{number}/index.html"));
            let began = Instant::now();
            insert(url, &app, number)?;
            while !page.exists() && began.elapsed() < LOST {
                sleep(Duration::from_millis(1));
            }
            taken.push(began.elapsed());
            lost += usize::from(!page.exists());
        }
        let slowest = taken.iter().max().copied().unwrap_or_default();
        let live = median(taken);
        rows.push(Row {
            what: format!("INSERT by psql to page live, {pages} pages"),
            value: live.as_secs_f64() * 1000.0,
            reached: time(live),
            must_reach: format!("at most {} ms, none lost", LIVE.as_millis()),
            good: live <= LIVE && lost == 0,
            measured: format!("{INSERTS} inserts, {lost} lost, slowest {}", time(slowest)),
        });
    }
    Ok(rows)
}

/// The first node of a site, and the first app that it shows.
fn first_bundle(site: &Path) -> Result<(String, String)> {
    let mut nodes: Vec<_> = fs::read_dir(site.join("content/nodes"))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    nodes.sort();
    let path = nodes.first().ok_or("the site has no node")?;
    let text: toml::Table = fs::read_to_string(path)?.parse()?;
    let app = text.get("enabled_apps").and_then(|apps| apps.get(0));
    let app = app
        .and_then(toml::Value::as_str)
        .ok_or("the node shows no app")?;
    let node = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok((node.into_owned(), app.to_string()))
}

/// Starts a listener, and waits until it follows.
fn listen(program: &Path, url: &str, site: &Path) -> Result<Listener> {
    let mut child = Command::new(program)
        .args(["listen", "--json"])
        .current_dir(site)
        .env("MEASURED_DATABASE_URL", url)
        .stdout(Stdio::piped())
        .spawn()?;
    let said = child.stdout.take().ok_or("no output")?;
    let listener = Listener(child);
    let mut lines = BufReader::new(said).lines();
    let (mut ready, mut hears) = (false, false);
    while !(ready && hears) {
        let line = lines.next().ok_or("the listener ended")??;
        ready |= line.contains("\"event\":\"ready\"");
        hears |= line.contains("\"event\":\"listening\"");
    }
    // What it says later is read, so that it never waits for a reader.
    std::thread::spawn(move || lines.for_each(drop));
    Ok(listener)
}

fn insert(url: &str, app: &str, number: usize) -> Result<()> {
    let statement = format!(
        "INSERT INTO robbieblocks_pages \
           (page_key, app_namespace, page_name, page_route, layout_template, status) \
         VALUES ('measured-{number}', '{app}', 'Measured', '/measured/{number}', \
           (SELECT layout_template FROM robbieblocks_pages WHERE app_namespace = '{app}' LIMIT 1), \
           'published')"
    );
    let output = Command::new("psql")
        .args([url, "-q", "-c", &statement])
        .output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}
