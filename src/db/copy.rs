//! Rows in the text format of COPY (PostgreSQL manual, COPY, "Text Format").

/// Rows, column by column.
#[derive(Default)]
pub(super) struct CopyText {
    text: String,
    /// Whether the row has no column yet.
    begun: bool,
}

impl CopyText {
    /// A column that is a text, or `NULL`.
    pub fn text(&mut self, text: Option<&str>) -> &mut CopyText {
        if self.begun {
            self.text.push('\t');
        }
        self.begun = true;
        match text {
            Some(text) => self.escape(text),
            None => self.text.push_str("\\N"),
        }
        self
    }

    /// A column that is a `TEXT[]`, or `NULL` (PostgreSQL manual, §8.15.6).
    pub fn list(&mut self, items: Option<&[Option<String>]>) -> &mut CopyText {
        let literal = items.map(|items| {
            let mut literal = String::from("{");
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    literal.push(',');
                }
                match item {
                    None => literal.push_str("NULL"),
                    Some(item) => {
                        literal.push('"');
                        for c in item.chars() {
                            if matches!(c, '"' | '\\') {
                                literal.push('\\');
                            }
                            literal.push(c);
                        }
                        literal.push('"');
                    }
                }
            }
            literal.push('}');
            literal
        });
        self.text(literal.as_deref())
    }

    /// Ends the row.
    pub fn end(&mut self) {
        self.text.push('\n');
        self.begun = false;
    }

    /// All rows.
    pub fn finish(self) -> String {
        self.text
    }

    fn escape(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find(['\\', '\t', '\n', '\r']) {
            self.text.push_str(&rest[..at]);
            self.text.push_str(match rest.as_bytes()[at] {
                b'\\' => "\\\\",
                b'\t' => "\\t",
                b'\n' => "\\n",
                _ => "\\r",
            });
            rest = &rest[at + 1..];
        }
        self.text.push_str(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::CopyText;

    #[test]
    fn what_parts_columns_and_rows_is_escaped() {
        let mut rows = CopyText::default();
        rows.text(Some("a\tb\\c\r\nd"))
            .text(None)
            .text(Some("\\N"))
            .end();
        let items = [
            Some("a \"b\" \\".to_string()),
            None,
            Some("NULL".into()),
            Some(String::new()),
        ];
        rows.list(Some(&items)).list(Some(&[])).list(None).end();
        assert_eq!(
            rows.finish(),
            "a\\tb\\\\c\\r\\nd\t\\N\t\\\\N\n\
             {\"a \\\\\"b\\\\\" \\\\\\\\\",NULL,\"NULL\",\"\"}\t{}\t\\N\n"
        );
    }
}
