//! The files of a bundle that hosts and crawlers read: `_headers`, `_redirects`, `sitemap.xml` and
//! `robots.txt`.

use std::fmt::Write as _;

use crate::model::{Site, Status};
use crate::plan::{BundlePlan, MOST_ADDRESSES, NodePlan, sitemap_parts};
use crate::render::{BundleValues, PolicyNeeds, encode_path, escape};

/// Each file with its text. A sitemap needs absolute addresses, so a node without a `base_url` has
/// none.
pub fn extras(
    site: &Site,
    node: &NodePlan,
    bundle: &BundlePlan,
    values: &BundleValues,
    needs: &PolicyNeeds,
) -> Vec<(String, String)> {
    let base_path = values.facts.of_node.base_path.as_str();
    let mut extras = vec![
        headers_file(values, needs),
        ("_redirects".to_string(), redirects(base_path, bundle)),
    ];
    let mut robots = String::from("User-agent: *\nAllow: /\n");
    if let Some(base_url) = site.config.base_url_of(&node.node) {
        extras.extend(sitemaps(site, bundle, base_url));
        robots.push_str(&format!("Sitemap: {base_url}/sitemap.xml\n"));
    }
    extras.push(("robots.txt".to_string(), robots));
    extras
}

/// The file of headers of a bundle whose pages need this of the policy.
pub fn headers_file(values: &BundleValues, needs: &PolicyNeeds) -> (String, String) {
    let facts = &values.facts;
    let node = &facts.of_node;
    let text = headers(&node.base_path, &facts.app, needs, node.script.is_some());
    ("_headers".to_string(), text)
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

/// The sitemap of a bundle (sitemaps.org protocol 0.9): one file, or, where it would have more
/// addresses than the protocol allows, an index of several.
fn sitemaps(site: &Site, bundle: &BundlePlan, base_url: &str) -> Vec<(String, String)> {
    let addresses: Vec<String> = bundle
        .pages
        .iter()
        .map(|job| &site.pages[job.page])
        .filter(|page| page.status == Status::Published)
        .map(|page| escape(&format!("{base_url}{}", encode_path(&page.route))))
        .collect();
    let parts = sitemap_parts(addresses.len());
    if parts == 0 {
        let text = sitemap("urlset", "url", &addresses);
        return vec![("sitemap.xml".to_string(), text)];
    }
    let names: Vec<String> = (1..=parts)
        .map(|part| format!("sitemap-{part}.xml"))
        .collect();
    let index: Vec<String> = names
        .iter()
        .map(|name| escape(&format!("{base_url}/{name}")))
        .collect();
    let chunks = addresses.chunks(MOST_ADDRESSES);
    let texts = chunks.map(|chunk| sitemap("urlset", "url", chunk));
    let mut files: Vec<(String, String)> = names.into_iter().zip(texts).collect();
    files.push((
        "sitemap.xml".to_string(),
        sitemap("sitemapindex", "sitemap", &index),
    ));
    files
}

fn sitemap(list: &str, item: &str, addresses: &[String]) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{list} xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"
    );
    for address in addresses {
        writeln!(text, "<{item}><loc>{address}</loc></{item}>").expect("a string takes all text");
    }
    text.push_str(&format!("</{list}>\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sitemap_has_no_more_addresses_than_are_allowed() {
        assert_eq!(sitemap_parts(MOST_ADDRESSES), 0);
        assert_eq!(sitemap_parts(MOST_ADDRESSES + 1), 2);
        assert_eq!(sitemap_parts(2 * MOST_ADDRESSES), 2);
        let text = sitemap("urlset", "url", &["https://x.org/a".to_string()]);
        assert!(text.ends_with("\n<url><loc>https://x.org/a</loc></url>\n</urlset>\n"));
    }
}
