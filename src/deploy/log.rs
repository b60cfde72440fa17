//! What happens during a deploy, line by line, for its record.

/// The lines of a log.
#[derive(Clone, Debug, Default)]
pub struct Log(String);

/// The longest log that a record has, in bytes: the start and the end of a longer one stay.
const MOST: usize = 256 * 1024;

impl Log {
    /// Adds lines.
    pub fn say(&mut self, text: &str) {
        for line in text.lines() {
            if !self.0.is_empty() {
                self.0.push('\n');
            }
            self.0.push_str(line);
        }
    }

    /// The text.
    pub fn text(&self) -> String {
        if self.0.len() <= MOST {
            return self.0.clone();
        }
        let boundary = |mut at: usize| {
            while !self.0.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = boundary(MOST / 2);
        let end = boundary(self.0.len() - MOST / 2);
        let left_out = end - start;
        format!(
            "{}\n… {left_out} bytes are left out …\n{}",
            &self.0[..start],
            &self.0[end..]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_is_too_long_keeps_its_ends() {
        let mut log = Log::default();
        log.say("first");
        for _ in 0..100_000 {
            log.say("öööö");
        }
        log.say("last");
        let text = log.text();
        assert!(text.len() < MOST + 100);
        assert!(text.starts_with("first\n") && text.ends_with("\nlast"));
    }
}
