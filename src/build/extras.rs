//! The files of a bundle that hosts and crawlers read: `_headers`, `_redirects`, `sitemap.xml` and
//! `robots.txt`.

use std::fmt::Write as _;

use crate::model::{Site, Status};
use crate::plan::{BundlePlan, NodePlan};
use crate::render::{BundleValues, PolicyNeeds, encode_path, escape};

/// Each file with its text. A sitemap needs absolute addresses, so a node without a `base_url` has
/// none.
pub fn extras(
    site: &Site,
    node: &NodePlan,
    bundle: &BundlePlan,
    values: &BundleValues,
    needs: &PolicyNeeds,
) -> Vec<(&'static str, String)> {
    let facts = &values.facts;
    let base_path = facts.base_path.as_str();
    let mut extras = vec![
        (
            "_headers",
            headers(base_path, &bundle.app, needs, facts.script.is_some()),
        ),
        ("_redirects", redirects(base_path, bundle)),
    ];
    let mut robots = String::from("User-agent: *\nAllow: /\n");
    if let Some(base_url) = site.config.base_url_of(&node.node) {
        extras.push(("sitemap.xml", sitemap(site, bundle, base_url)));
        robots.push_str(&format!("Sitemap: {base_url}/sitemap.xml\n"));
    }
    extras.push(("robots.txt", robots));
    extras
}

/// Caching and security headers, in the form that Netlify and Cloudflare Pages read. No two rules
/// that set one header match one path, because hosts join such values.
fn headers(base_path: &str, app: &str, needs: &PolicyNeeds, has_scripts: bool) -> String {
    let policy = needs.header(has_scripts);
    format!(
        "{base_path}/*\n  Content-Security-Policy: {policy}\n  X-Content-Type-Options: nosniff\n  Referrer-Policy: strict-origin-when-cross-origin\n\
         {base_path}/_rb/{app}/tokens.css\n  Cache-Control: public, max-age=0, must-revalidate\n\
         {base_path}/_rb/{app}/assets/*\n  Cache-Control: public, max-age=31536000, immutable\n"
    )
}

fn redirects(base_path: &str, bundle: &BundlePlan) -> String {
    let mut text = String::new();
    for (from, to) in &bundle.redirects {
        writeln!(
            text,
            "{base_path}{} {base_path}{} 301",
            encode_path(from),
            encode_path(to)
        )
        .expect("a string takes all text");
    }
    text
}

fn sitemap(site: &Site, bundle: &BundlePlan, base_url: &str) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    for job in &bundle.pages {
        let page = &site.pages[job.page];
        if page.status == Status::Published {
            let address = format!("{base_url}{}", encode_path(&page.route));
            writeln!(text, "<url><loc>{}</loc></url>", escape(&address))
                .expect("a string takes all text");
        }
    }
    text.push_str("</urlset>\n");
    text
}
