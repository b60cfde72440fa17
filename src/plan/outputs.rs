//! Finds collisions before anything is written: two pages on one route of a node, and two outputs
//! for one path of a bundle, after folding letter case and Unicode form.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{BundlePlan, COMMON_OUTPUTS, NodePlan, Plan, sitemap_parts};
use crate::diag::{Diagnostic, Diagnostics, FieldPath, Place, code};
use crate::model::{Site, fold_path};

/// Who makes an output.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source<'a> {
    Page(usize),
    Static(&'a str),
    Common(&'static str),
    Assets,
}

/// Reports each pair of sources once, however many nodes they collide in.
pub fn check(site: &Site, plan: &Plan, diagnostics: &mut Diagnostics) {
    let mut reported = BTreeSet::new();
    let mut reported_apps = BTreeSet::new();
    for node in &plan.nodes {
        check_manifests(site, node, &mut reported_apps, diagnostics);
        check_routes(site, node, &mut reported, diagnostics);
        for bundle in &node.bundles {
            check_bundle(site, node, bundle, &mut reported, diagnostics);
        }
    }
}

/// Routes and aliases are unique in a node, over all its apps: they share one host.
fn check_routes<'a>(
    site: &'a Site,
    node: &NodePlan,
    reported: &mut BTreeSet<(Source<'a>, Source<'a>)>,
    diagnostics: &mut Diagnostics,
) {
    let mut taken: HashMap<String, usize> = HashMap::with_capacity(node.pages.len());
    for &index in node.pages.iter() {
        let page = &site.pages[index];
        if let Some(&first) = taken.get(&fold_path(&page.route)) {
            let (first, second) = (first.min(index), first.max(index));
            if reported.insert((Source::Page(first), Source::Page(second))) {
                let (a, b) = (&site.pages[first], &site.pages[second]);
                let same = if a.route == b.route {
                    ""
                } else {
                    " (after folding case and Unicode form)"
                };
                diagnostics.push(
                    Diagnostic::error(
                        code::ROUTE_TAKEN,
                        Place::value(Arc::clone(&b.origin), "route"),
                        format!(
                            "the page `{}` already has the route `{}`{same}",
                            a.key, a.route
                        ),
                    )
                    .related(
                        Place::value(Arc::clone(&a.origin), "route"),
                        "the other page is here",
                    )
                    .hint("give one of them another `route`"),
                );
            }
        } else {
            taken.insert(fold_path(&page.route), index);
        }
    }
    let mut aliases: HashMap<String, usize> = HashMap::new();
    for &index in node.pages.iter() {
        let page = &site.pages[index];
        for (position, alias) in page.aliases() {
            let folded = fold_path(alias);
            let other = taken.get(&folded).or_else(|| aliases.get(&folded)).copied();
            let Some(other) = other else {
                aliases.insert(folded, index);
                continue;
            };
            // Once for each alias, though every node with both pages has the same clash.
            if reported.insert((Source::Page(index), Source::Static(alias))) {
                let place = Place::value(
                    Arc::clone(&page.origin),
                    FieldPath::from("metadata").then("aliases").then(position),
                );
                let other = &site.pages[other];
                diagnostics.push(
                    Diagnostic::error(
                        code::BAD_ALIAS,
                        place,
                        format!(
                            "`{alias}` is already a route or an alias of the page `{}`",
                            other.key
                        ),
                    )
                    .related(
                        Place::whole(Arc::clone(&other.origin)),
                        "the other page is here",
                    ),
                );
            }
        }
    }
}

/// A file may not stand where another output needs a folder, so folders are claimed as well.
fn check_bundle<'a>(
    site: &'a Site,
    node: &NodePlan,
    bundle: &'a BundlePlan,
    reported: &mut BTreeSet<(Source<'a>, Source<'a>)>,
    diagnostics: &mut Diagnostics,
) {
    let mut files: HashMap<String, Source<'a>> = HashMap::new();
    let mut folders: HashMap<String, Source<'a>> = HashMap::new();
    // Last, so that page against page has been reported as a route, with its better words.
    let sitemaps: Vec<String> = (1..=sitemap_parts(bundle.pages.len()))
        .map(|part| format!("sitemap-{part}.xml"))
        .collect();
    let outputs = COMMON_OUTPUTS
        .iter()
        .map(|path| (*path, Source::Common(path)))
        .chain(
            sitemaps
                .iter()
                .map(|path| (path.as_str(), Source::Common("sitemap.xml"))),
        )
        .chain([("_rb/-", Source::Assets)])
        .chain(
            bundle
                .pages
                .iter()
                .map(|job| (job.path.as_str(), Source::Page(job.page))),
        )
        .chain(
            site.statics
                .keys()
                .map(|path| (path.as_str(), Source::Static(path))),
        );
    for (path, source) in outputs {
        let folded = fold_path(path);
        let same_file = files.get(&folded).copied();
        let mut clash = same_file.or_else(|| folders.get(&folded).copied());
        let mut ancestors = Vec::new();
        let mut end = 0;
        while let Some(slash) = folded[end..].find('/') {
            end += slash;
            ancestors.push(&folded[..end]);
            end += 1;
        }
        for folder in &ancestors {
            clash = clash.or_else(|| files.get(*folder).copied());
        }
        if let Source::Static(_) = source
            && (folded == "_rb" || folded.starts_with("_rb/"))
        {
            clash = Some(Source::Assets);
        }
        for folder in ancestors {
            if !folders.contains_key(folder) {
                folders.insert(folder.to_string(), source);
            }
        }
        let Some(other) = clash else {
            files.insert(folded, source);
            continue;
        };
        let pair = (source.min(other), source.max(other));
        if is_one_route(site, source, other) || !reported.insert(pair) {
            continue;
        }
        let (place, what) = describe(site, source);
        let (other_place, other_what) = describe(site, other);
        let mut diagnostic = Diagnostic::error(
            code::OUTPUT_TAKEN,
            place
                .or_else(|| other_place.clone())
                .unwrap_or(Place::whole("static")),
            match same_file {
                Some(_) => format!(
                    "{what} and {other_what} would both be `{path}` in the bundle of `{}` and `{}`",
                    node.node, bundle.app
                ),
                None => format!(
                    "{what} would be `{path}` in the bundle of `{}` and `{}`, where {other_what} is in the way: one needs a folder where the other is a file",
                    node.node, bundle.app
                ),
            },
        );
        if let Some(place) = other_place {
            diagnostic = diagnostic.related(place, "the other source is here");
        }
        diagnostics.push(diagnostic);
    }
}

/// Whether two sources are pages on one route, which has been reported as such.
fn is_one_route(site: &Site, a: Source<'_>, b: Source<'_>) -> bool {
    match (a, b) {
        (Source::Page(a), Source::Page(b)) => {
            fold_path(&site.pages[a].route) == fold_path(&site.pages[b].route)
        }
        _ => false,
    }
}

/// The manifest of an app lies beside the folders of apps: `a.json` cannot be the name of one where
/// there is an app `a`.
fn check_manifests(
    site: &Site,
    node: &NodePlan,
    reported: &mut BTreeSet<String>,
    diagnostics: &mut Diagnostics,
) {
    let mut first_page: BTreeMap<&str, usize> = BTreeMap::new();
    for &index in node.pages.iter() {
        first_page.entry(&site.pages[index].app).or_insert(index);
    }
    for app in first_page.keys() {
        let Some(&clash) = first_page.get(format!("{app}.json").as_str()) else {
            continue;
        };
        if reported.insert(app.to_string()) {
            let page = &site.pages[clash];
            diagnostics.push(Diagnostic::error(
                code::OUTPUT_TAKEN,
                Place::whole(Arc::clone(&page.origin)),
                format!("the folder of the app `{}` and the manifest of the app `{app}` have one name", page.app),
            ).hint("rename one of the apps"));
        }
    }
}

fn describe(site: &Site, source: Source<'_>) -> (Option<Place>, String) {
    match source {
        Source::Page(index) => {
            let page = &site.pages[index];
            (
                Some(Place::value(Arc::clone(&page.origin), "route")),
                format!("the page `{}`", page.key),
            )
        }
        Source::Static(path) => (
            Some(Place::whole(format!("static/{path}"))),
            format!("the file `static/{path}`"),
        ),
        Source::Common(path) => (None, format!("the `{path}` that rbgen writes")),
        Source::Assets => (
            None,
            "the folder `_rb`, which belongs to rbgen,".to_string(),
        ),
    }
}
