//! The memory of the last build: what it was asked, what it read, what it made.

use crate::bundle::Bundle;
use crate::digest::{Digest, Hasher};
use crate::model::Moment;
use crate::plan::Request;

/// The version of the form below; another one is thrown away.
const FORM: u64 = 1;

/// What the last build was and gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// The digest of everything that decides a build's result.
    pub key: Digest,
    /// Node, app and build hash of each bundle.
    pub bundles: Vec<(String, String, Digest)>,
}

/// The digest of everything that decides a build's result: the version of rbgen, the request, every
/// byte that was read, and which of the moments at which a condition changes have passed.
pub fn build_key(inputs: &Digest, request: &Request, boundaries: &[Moment]) -> Digest {
    let mut hasher = Hasher::new("rbgen build");
    hasher.text(env!("CARGO_PKG_VERSION")).digest(inputs);
    for names in [&request.nodes, &request.apps] {
        hasher.number(names.len() as u64);
        names.iter().for_each(|name| {
            hasher.text(name);
        });
    }
    let passed = boundaries.partition_point(|moment| *moment <= request.now);
    hasher
        .number(u64::from(request.drafts))
        .number(passed as u64);
    hasher.finish()
}

impl Ledger {
    /// The ledger of a build.
    pub fn new(key: Digest, bundles: &[Bundle]) -> Ledger {
        let bundles = bundles
            .iter()
            .map(|bundle| (bundle.node.clone(), bundle.app.clone(), bundle.build_hash()))
            .collect();
        Ledger { key, bundles }
    }

    /// Its text, with a digest of itself in front.
    pub fn print(&self) -> String {
        let bundles: Vec<_> = self
            .bundles
            .iter()
            .map(|(node, app, hash)| serde_json::json!([node, app, hash.hex()]))
            .collect();
        let body = serde_json::json!({"form": FORM, "key": self.key.hex(), "bundles": bundles});
        let body = body.to_string();
        format!("{}\n{body}\n", Digest::of_bytes(body.as_bytes()))
    }

    /// Reads one. `None` for a damaged or foreign one, or one of another form.
    pub fn parse(text: &str) -> Option<Ledger> {
        let (digest, body) = text.split_once('\n')?;
        let body = body.strip_suffix('\n')?;
        if Digest::from_hex(digest)? != Digest::of_bytes(body.as_bytes()) {
            return None;
        }
        let json: serde_json::Value = serde_json::from_str(body).ok()?;
        if json.get("form")?.as_u64()? != FORM {
            return None;
        }
        let bundles = json.get("bundles")?.as_array()?.iter().map(|entry| {
            let part = |index: usize| entry.get(index)?.as_str();
            Some((
                part(0)?.to_string(),
                part(1)?.to_string(),
                Digest::from_hex(part(2)?)?,
            ))
        });
        Some(Ledger {
            key: Digest::from_hex(json.get("key")?.as_str()?)?,
            bundles: bundles.collect::<Option<Vec<_>>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_noticed() {
        let ledger = Ledger {
            key: Digest::of_bytes(b"key"),
            bundles: vec![("n".into(), "a".into(), Digest::of_bytes(b"b"))],
        };
        let text = ledger.print();
        assert_eq!(Ledger::parse(&text), Some(ledger));
        for cut in 0..text.len() {
            assert_eq!(Ledger::parse(&text[..cut]), None);
        }
        assert_eq!(Ledger::parse(&text.replace("\"n\"", "\"m\"")), None);
    }
}
