//! Digests: blake3 over length-prefixed parts, so that no two different lists of parts hash alike.

use std::fmt;

/// A blake3 hash of 32 bytes. Its text form is 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of the bytes of one file, as `b3sum` prints it: no prefix, no domain.
    pub fn of_bytes(bytes: &[u8]) -> Digest {
        Digest(*blake3::hash(bytes).as_bytes())
    }

    /// The digest of the bytes that a plain hasher has seen.
    pub fn from_hasher(hasher: &blake3::Hasher) -> Digest {
        Digest(*hasher.finalize().as_bytes())
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest of these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Digest {
        Digest(bytes)
    }

    /// The 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }

    /// The first `digits` hexadecimal digits (at most 64), for names that people see.
    pub fn short(&self, digits: usize) -> String {
        let mut hex = self.hex();
        hex.truncate(digits);
        hex
    }

    /// Reads 64 hexadecimal digits; anything else is `None`.
    pub fn from_hex(text: &str) -> Option<Digest> {
        blake3::Hash::from_hex(text)
            .ok()
            .map(|hash| Digest(*hash.as_bytes()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short(12))
    }
}

/// Hashes a list of parts; each part goes in behind its length (as 8 bytes, little-endian), so that
/// `["ab", "c"]` and `["a", "bc"]` differ. (jj: lib/src/content_hash.rs has the same rule.)
#[derive(Default)]
pub struct Hasher {
    hasher: blake3::Hasher,
    /// Parts that are not hashed yet: a few large updates cost much less than many small ones.
    buffer: Vec<u8>,
}

/// How large an update is.
const UPDATE: usize = 16 * 1024;

impl Hasher {
    /// An empty list of parts, in a domain of its own: hashes of two domains never meet.
    pub fn new(domain: &str) -> Hasher {
        let mut hasher = Hasher::default();
        hasher.text(domain);
        hasher
    }

    /// Adds one part.
    pub fn bytes(&mut self, part: &[u8]) -> &mut Hasher {
        self.number(part.len() as u64);
        if part.len() >= UPDATE {
            self.hasher.update(&self.buffer);
            self.hasher.update(part);
            self.buffer.clear();
        } else {
            self.buffer.extend_from_slice(part);
        }
        self
    }

    /// Adds one part of text.
    pub fn text(&mut self, part: &str) -> &mut Hasher {
        self.bytes(part.as_bytes())
    }

    /// Adds a number, such as the length of a list that follows.
    pub fn number(&mut self, part: u64) -> &mut Hasher {
        if self.buffer.len() >= UPDATE {
            self.hasher.update(&self.buffer);
            self.buffer.clear();
        }
        self.buffer.extend_from_slice(&part.to_le_bytes());
        self
    }

    /// Adds a digest as a part.
    pub fn digest(&mut self, part: &Digest) -> &mut Hasher {
        self.bytes(&part.0)
    }

    /// The digest of all parts so far.
    pub fn finish(&self) -> Digest {
        let mut hasher = self.hasher.clone();
        hasher.update(&self.buffer);
        Digest(*hasher.finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_kept_apart() {
        let digest = |parts: &[&str]| {
            let mut hasher = Hasher::new("test");
            for part in parts {
                hasher.text(part);
            }
            hasher.finish()
        };
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_ne!(digest(&["a", ""]), digest(&["a"]));
        assert_eq!(digest(&["a", "b"]), digest(&["a", "b"]));
    }

    #[test]
    fn parts_are_hashed_alike_however_large_they_are() {
        let long = vec![7; 40_000];
        let mut hasher = Hasher::default();
        let mut plain = blake3::Hasher::new();
        for part in [
            &long[..3],
            &long[..20_000],
            &long[..9],
            &long,
            &long[..16_384],
            &[],
        ] {
            hasher.bytes(part).number(5);
            plain.update(&(part.len() as u64).to_le_bytes());
            plain.update(part);
            plain.update(&5_u64.to_le_bytes());
            assert_eq!(hasher.finish(), Digest::from_hasher(&plain));
        }
    }

    #[test]
    fn hex_goes_both_ways() {
        let digest = Digest::of_bytes(b"rbgen");
        assert_eq!(Digest::from_hex(&digest.hex()), Some(digest));
        assert_eq!(Digest::from_hex("xyz"), None);
    }
}
