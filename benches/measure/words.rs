//! The words of a site for measuring: a stream that is the same for the same name and number.

use std::fmt::Write as _;
use std::sync::LazyLock;

/// A stream of words (splitmix64: Steele, Lea and Flood, 2014).
pub struct Words(u64);

const WORDS: &str = "table window lantern river paper garden evening letter station bridge harbour \
    market winter summer morning copper silver marble cotton velvet answer question number colour \
    season village kitchen library engine signal pattern measure ladder hammer needle thread basket \
    bottle candle mirror shadow whisper thunder meadow orchard pebble feather compass anchor captain \
    sailor painter builder teacher reader writer neighbour visitor traveller quiet gentle narrow open \
    ordinary careful sudden distant familiar early late warm cold bright plain simple honest patient \
    carries follows gathers answers remembers crosses opens closes repairs measures borrows returns \
    keeps leaves finds makes turns reads writes builds and or but while because before after under \
    over beside between through without the the the the a a of of to in in on for with as at by from";

/// `WORDS`, one by one.
static LIST: LazyLock<Vec<&str>> = LazyLock::new(|| WORDS.split_whitespace().collect());

impl Words {
    pub fn new(name: &str, index: usize) -> Words {
        let seed = name.bytes().fold(index as u64, |seed, byte| {
            seed.wrapping_mul(0x100_0000_01B3) ^ u64::from(byte)
        });
        Words(seed)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }

    fn word(&mut self) -> &'static str {
        LIST[self.below(LIST.len())]
    }

    fn words(&mut self, count: usize) -> String {
        let words: Vec<&str> = (0..count).map(|_| self.word()).collect();
        words.join(" ")
    }

    pub fn title(&mut self) -> String {
        let count = 2 + self.below(3);
        capital(&self.words(count))
    }

    pub fn sentence(&mut self) -> String {
        let count = 8 + self.below(10);
        capital(&self.words(count)) + "."
    }

    fn paragraph(&mut self) -> String {
        let mut text = self.sentence();
        let _ = write!(
            text,
            " {} *{}* {}.",
            capital(self.word()),
            self.words(2),
            self.words(5)
        );
        let _ = write!(
            text,
            " See [{}](/play) for **{}**.",
            self.words(2),
            self.words(3)
        );
        text += " ";
        text + &self.sentence()
    }

    /// About 350 words of Markdown.
    pub fn article(&mut self) -> String {
        let mut text = format!("{}\n\n", self.paragraph());
        for _ in 0..2 {
            let _ = write!(
                text,
                "## {}\n\n{}\n\n{}\n\n",
                self.title(),
                self.paragraph(),
                self.paragraph()
            );
        }
        for _ in 0..4 {
            let _ = writeln!(text, "- {}", self.sentence());
        }
        let _ = write!(
            text,
            "\n| {} | {} | {} |\n| :--- | ---: | :---: |\n",
            self.word(),
            self.word(),
            self.word()
        );
        for _ in 0..4 {
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                self.words(2),
                self.below(1000),
                self.word()
            );
        }
        let _ = write!(
            text,
            "\n```rust\nfn {}(input: &[u32]) -> u32 {{\n    // {}\n    let chosen = input.iter().copied().filter(|n| n % {} == 0);\n    chosen.sum()\n}}\n```\n\n",
            self.word(),
            self.words(6),
            2 + self.below(7)
        );
        let _ = write!(
            text,
            "### {}\n\n{}\n\n> {}\n",
            self.title(),
            self.paragraph(),
            self.sentence()
        );
        text
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}
