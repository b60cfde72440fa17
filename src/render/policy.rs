//! What a finished HTML page needs of a content security policy.
//!
//! The policy of a bundle allows what its pages have and nothing more: inline scripts and styles by
//! their hashes, images, media and frames by their origins. A page that has none of it, which is most
//! pages, is only looked over; the others are tokenised as a browser would.

mod scan;

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use html5gum::emitters::default::DefaultEmitter;
use html5gum::{StartTag, Token, Tokenizer};
use sha2::{Digest, Sha256};

use scan::is_worth_reading;

/// What one page, or all pages of a bundle, need besides the files of the bundle itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyNeeds {
    /// `sha256-…` of inline scripts.
    pub script_hashes: BTreeSet<String>,
    /// `sha256-…` of inline style sheets.
    pub style_hashes: BTreeSet<String>,
    /// Whether there are `style` attributes.
    pub style_attributes: bool,
    /// Whether there are scripts that are files of the same host.
    pub own_scripts: bool,
    /// Other origins (`https://x.example`) of images.
    pub image_origins: BTreeSet<String>,
    /// Other origins of sound and video.
    pub media_origins: BTreeSet<String>,
    /// Other origins of frames; `'self'` where there are frames of the same host.
    pub frame_origins: BTreeSet<String>,
    /// Other origins that forms are sent to.
    pub form_origins: BTreeSet<String>,
}

/// Something on a page that no policy of rbgen allows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyProblem {
    /// One sentence without a full stop.
    pub message: String,
}

/// What a page needs, and what of it will not work, each once and in order.
pub fn policy_needs(html: &str) -> (PolicyNeeds, Vec<PolicyProblem>) {
    needs_of(html, false)
}

/// `in_frame` says that it is the document in a frame's `srcdoc`, which has the policy of its page.
fn needs_of(html: &str, in_frame: bool) -> (PolicyNeeds, Vec<PolicyProblem>) {
    if !is_worth_reading(html.as_bytes()) {
        return (PolicyNeeds::default(), Vec::new());
    }
    let mut reader = Reader {
        in_frame,
        ..Reader::default()
    };
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    for Ok(token) in Tokenizer::new_with_emitter(html, emitter) {
        match token {
            Token::StartTag(tag) => reader.start(&tag),
            Token::String(text) => {
                if let Some((_, content)) = &mut reader.inline {
                    content.extend_from_slice(&text);
                }
            }
            Token::EndTag(tag) => reader.end(&tag.name),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    // A script that is not closed does not run.
    (reader.needs, reader.problems.into_iter().collect())
}

impl PolicyNeeds {
    /// Adds the needs of another page.
    pub fn merge(&mut self, other: &PolicyNeeds) {
        self.script_hashes
            .extend(other.script_hashes.iter().cloned());
        self.style_hashes.extend(other.style_hashes.iter().cloned());
        self.style_attributes |= other.style_attributes;
        self.own_scripts |= other.own_scripts;
        self.image_origins
            .extend(other.image_origins.iter().cloned());
        self.media_origins
            .extend(other.media_origins.iter().cloned());
        self.frame_origins
            .extend(other.frame_origins.iter().cloned());
        self.form_origins.extend(other.form_origins.iter().cloned());
    }

    /// The value of a `Content-Security-Policy` header. `has_scripts` says that the node has scripts,
    /// as files of their own.
    pub fn header(&self, has_scripts: bool) -> String {
        let quoted = |hashes: &BTreeSet<String>| -> Vec<String> {
            hashes.iter().map(|hash| format!("'{hash}'")).collect()
        };
        let with = |first: &str, others: &BTreeSet<String>| -> Vec<String> {
            let others = others.iter().cloned();
            first.split(' ').map(str::to_string).chain(others).collect()
        };
        let mut scripts = quoted(&self.script_hashes);
        let own_scripts = has_scripts || self.own_scripts;
        if own_scripts {
            scripts.insert(0, "'self'".into());
        }
        let mut styles = vec!["'self'".to_string()];
        styles.extend(quoted(&self.style_hashes));
        let mut directives = vec![
            ("default-src", vec!["'none'".to_string()]),
            ("script-src", scripts),
            ("style-src", styles),
        ];
        if self.style_attributes {
            directives.push(("style-src-attr", vec!["'unsafe-inline'".into()]));
        }
        directives.push(("img-src", with("'self' data:", &self.image_origins)));
        directives.push(("font-src", vec!["'self'".into(), "data:".into()]));
        directives.push(("media-src", with("'self'", &self.media_origins)));
        if own_scripts || !self.script_hashes.is_empty() {
            directives.push(("connect-src", vec!["'self'".into()]));
        }
        directives.push(("frame-src", self.frame_origins.iter().cloned().collect()));
        directives.push(("manifest-src", vec!["'self'".into()]));
        directives.push(("form-action", with("'self'", &self.form_origins)));
        directives.push(("base-uri", vec!["'none'".into()]));
        directives.push(("frame-ancestors", vec!["'self'".into()]));
        directives
            .into_iter()
            .filter(|(_, sources)| !sources.is_empty())
            .map(|(name, sources)| format!("{name} {}", sources.join(" ")))
            .collect::<Vec<_>>()
            .join("; ")
    }
}

/// What an inline element is, while its content is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inline {
    Script,
    Style,
}

#[derive(Default)]
struct Reader {
    needs: PolicyNeeds,
    problems: BTreeSet<PolicyProblem>,
    inline: Option<(Inline, Vec<u8>)>,
    in_picture: bool,
    in_frame: bool,
}

/// Where an address is from.
enum Origin {
    Own,
    Data,
    Other(String),
    Script,
    /// Nothing that a policy can name.
    Odd,
}

impl Reader {
    fn problem(&mut self, message: String) {
        self.problems.insert(PolicyProblem { message });
    }

    fn start(&mut self, tag: &StartTag<()>) {
        let name = String::from_utf8_lossy(&tag.name).to_ascii_lowercase();
        let attribute = |wanted: &str| -> Option<String> {
            let value = tag.attributes.get(wanted.as_bytes())?;
            Some(String::from_utf8_lossy(&value.value).into_owned())
        };
        for (attribute, value) in &tag.attributes {
            let attribute = String::from_utf8_lossy(attribute).to_ascii_lowercase();
            if attribute == "style" {
                self.needs.style_attributes = true;
            } else if attribute.len() > 2 && attribute.starts_with("on") && !value.value.is_empty()
            {
                self.problem(format!(
                    "the attribute `{attribute}` of `<{name}>` would not run"
                ));
            } else if takes_address(&attribute) {
                let value = String::from_utf8_lossy(&value.value);
                if matches!(origin_of(&value), Origin::Script) {
                    self.problem(format!(
                        "the `javascript:` address in `{attribute}` of `<{name}>` would not run"
                    ));
                }
            }
        }
        let src = attribute("src");
        match name.as_str() {
            "script" => self.script(src, attribute("type")),
            "style" => self.inline = Some((Inline::Style, Vec::new())),
            "img" => self.images(src, attribute("srcset")),
            "input" => self.images(src, None),
            "image" | "use" | "feimage" => {
                self.images(attribute("href").or_else(|| attribute("xlink:href")), None);
            }
            "picture" => self.in_picture = true,
            "source" if self.in_picture => self.images(src, attribute("srcset")),
            "source" | "audio" | "track" => self.media(src),
            "video" => {
                self.media(src);
                self.images(attribute("poster"), None);
            }
            "iframe" => match attribute("srcdoc") {
                Some(document) => self.framed(&document),
                None => self.frame(src, &name),
            },
            "frame" => self.frame(src, &name),
            "object" | "embed" | "applet" => {
                self.problem(format!("`<{name}>` would not be loaded"));
            }
            "base" => self.problem("`<base>` would have no effect".into()),
            "link" => self.link(
                &attribute("rel").unwrap_or_default().to_ascii_lowercase(),
                attribute("href"),
                &attribute("as").unwrap_or_default().to_ascii_lowercase(),
            ),
            "form" => self.form(attribute("action"), &name),
            "button" => self.form(attribute("formaction"), &name),
            _ => {}
        }
        if name == "input" {
            self.form(attribute("formaction"), &name);
        }
    }

    fn end(&mut self, name: &[u8]) {
        if name.eq_ignore_ascii_case(b"picture") {
            self.in_picture = false;
        }
        if let Some((inline, content)) = self.inline.take() {
            let hash = format!("sha256-{}", STANDARD.encode(Sha256::digest(&content)));
            match inline {
                Inline::Script => self.needs.script_hashes.insert(hash),
                Inline::Style => self.needs.style_hashes.insert(hash),
            };
        }
    }

    fn script(&mut self, src: Option<String>, kind: Option<String>) {
        let kind = kind.unwrap_or_default().trim().to_ascii_lowercase();
        let kind = kind.split(';').next().unwrap_or_default().trim_end();
        let is_code = kind.is_empty()
            || matches!(kind, "module" | "importmap" | "speculationrules")
            || kind.ends_with("javascript")
            || kind.ends_with("ecmascript");
        if !is_code {
            return;
        }
        match src.as_deref().map(origin_of) {
            None => self.inline = Some((Inline::Script, Vec::new())),
            Some(Origin::Own) => self.needs.own_scripts = true,
            Some(Origin::Other(origin)) => {
                self.problem(format!("the script of `{origin}` would not be loaded"));
            }
            Some(Origin::Data | Origin::Odd | Origin::Script) => {
                self.problem("a script of such an address would not be loaded".into());
            }
        }
    }

    fn images(&mut self, src: Option<String>, srcset: Option<String>) {
        let candidates = srcset.as_deref().unwrap_or_default().split(',');
        let addresses =
            candidates.filter_map(|candidate| candidate.split_ascii_whitespace().next());
        for address in src.as_deref().into_iter().chain(addresses) {
            match origin_of(address) {
                Origin::Other(origin) => {
                    self.needs.image_origins.insert(origin);
                }
                Origin::Odd => self.odd(address, "img"),
                Origin::Own | Origin::Data | Origin::Script => {}
            }
        }
    }

    fn media(&mut self, src: Option<String>) {
        let Some(address) = src else {
            return;
        };
        match origin_of(&address) {
            Origin::Other(origin) => {
                self.needs.media_origins.insert(origin);
            }
            Origin::Data => {
                self.needs.media_origins.insert("data:".into());
            }
            Origin::Odd => self.odd(&address, "video"),
            Origin::Own | Origin::Script => {}
        }
    }

    fn frame(&mut self, src: Option<String>, name: &str) {
        // Without an address a frame has its content in `srcdoc`, or none.
        let Some(address) = src else {
            return;
        };
        match origin_of(&address) {
            Origin::Other(origin) => {
                self.needs.frame_origins.insert(origin);
            }
            Origin::Own => {
                self.needs.frame_origins.insert("'self'".into());
            }
            Origin::Data | Origin::Odd => self.odd(&address, name),
            Origin::Script => {}
        }
    }

    /// The document in a frame: its images and styles are the page's, and its scripts do not run.
    fn framed(&mut self, document: &str) {
        if self.in_frame {
            self.problem("a frame with `srcdoc` within another would not be shown".into());
            return;
        }
        let (needs, problems) = needs_of(document, true);
        self.problems.extend(problems);
        if needs.own_scripts || !needs.script_hashes.is_empty() {
            self.problem("a script in the `srcdoc` of an `<iframe>` would not run".into());
        }
        self.needs.merge(&PolicyNeeds {
            own_scripts: false,
            script_hashes: BTreeSet::new(),
            ..needs
        });
    }

    fn form(&mut self, action: Option<String>, name: &str) {
        let Some(address) = action else {
            return;
        };
        match origin_of(&address) {
            Origin::Other(origin) => {
                self.needs.form_origins.insert(origin);
            }
            Origin::Data | Origin::Odd => self.odd(&address, name),
            Origin::Own | Origin::Script => {}
        }
    }

    /// A `<link>`; `rel` and `purpose` (its `as`) are in lower case.
    fn link(&mut self, rel: &str, href: Option<String>, purpose: &str) {
        let Some(address) = href else {
            return;
        };
        let origin = match origin_of(&address) {
            Origin::Other(origin) => origin,
            Origin::Data | Origin::Odd => "such an address".into(),
            // The latter is reported for every element.
            Origin::Own | Origin::Script => return,
        };
        let named = matches!(origin_of(&address), Origin::Other(_));
        let shown = if named {
            format!("`{origin}`")
        } else {
            origin.clone()
        };
        for kind in rel.split_ascii_whitespace() {
            let what = match (kind, purpose) {
                ("stylesheet", _) | ("preload", "style") => "style sheet",
                ("modulepreload", _) | ("preload", "script") => "script",
                ("manifest", _) => "manifest",
                // `data:` is allowed for both.
                ("icon" | "apple-touch-icon" | "mask-icon", _) | ("preload", "image") if named => {
                    self.needs.image_origins.insert(origin.clone());
                    continue;
                }
                ("preload", "font") if named => "font",
                ("preload", "audio" | "video" | "track") if named => {
                    self.needs.media_origins.insert(origin.clone());
                    continue;
                }
                ("preload", "fetch") => "resource",
                _ => continue,
            };
            self.problem(format!("the {what} of {shown} would not be loaded"));
        }
    }

    fn odd(&mut self, address: &str, what: &str) {
        let shown: String = address.chars().take(60).collect();
        self.problem(format!(
            "the address `{shown}` of `<{what}>` would not be loaded"
        ));
    }
}

fn takes_address(attribute: &str) -> bool {
    matches!(
        attribute,
        "href"
            | "xlink:href"
            | "src"
            | "action"
            | "formaction"
            | "data"
            | "poster"
            | "cite"
            | "ping"
    )
}

/// Where an address is from, read as browsers read it (WHATWG URL).
fn origin_of(address: &str) -> Origin {
    let address: String = address
        .trim_matches(|c: char| c <= ' ')
        .chars()
        .filter(|c| !matches!(c, '\t' | '\n' | '\r'))
        .collect();
    let scheme_end = address
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
        .filter(|&end| end > 0 && address[end..].starts_with(':'))
        .filter(|_| address.starts_with(|c: char| c.is_ascii_alphabetic()));
    let (scheme, rest) = match scheme_end {
        Some(end) => (address[..end].to_ascii_lowercase(), &address[end + 1..]),
        None => (String::new(), address.as_str()),
    };
    let is_slash = |c: char| c == '/' || c == '\\';
    match scheme.as_str() {
        "javascript" => return Origin::Script,
        "data" => return Origin::Data,
        "" if !(rest.starts_with(is_slash) && rest[1..].starts_with(is_slash)) => {
            return Origin::Own;
        }
        "" | "http" | "https" => {}
        _ => return Origin::Odd,
    }
    let host = rest.trim_start_matches(is_slash);
    let host = &host[..host
        .find(|c: char| is_slash(c) || matches!(c, '?' | '#'))
        .unwrap_or(host.len())];
    let host = host.rsplit('@').next().unwrap_or(host).to_ascii_lowercase();
    // Anything else could end the source, or the directive.
    let is_safe = !host.is_empty()
        && host.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'_' | b'[' | b']')
        });
    if !is_safe {
        return Origin::Odd;
    }
    match scheme.as_str() {
        "" => Origin::Other(host),
        scheme => Origin::Other(format!("{scheme}://{host}")),
    }
}

#[cfg(test)]
mod tests;
