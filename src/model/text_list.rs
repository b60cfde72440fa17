//! A list of texts some of which may be missing, as an array in a database may have them.

/// Texts in order. An element may be missing (`NULL` in a row, `{ "$null" = true }` in a file): it
/// keeps its place, and whoever only wants the texts never meets it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextList(Vec<Option<String>>);

impl TextList {
    /// The texts that are there.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.indexed().map(|(_, text)| text)
    }

    /// The texts that are there, with where each stands, counted from 0 over all elements.
    pub fn indexed(&self) -> impl Iterator<Item = (usize, &str)> {
        let texts = self.0.iter().enumerate();
        texts.filter_map(|(index, text)| Some((index, text.as_deref()?)))
    }

    /// Every element, also those that are missing.
    pub fn elements(&self) -> &[Option<String>] {
        &self.0
    }

    /// Whether a text is among them.
    pub fn has(&self, text: &str) -> bool {
        self.iter().any(|other| other == text)
    }

    /// How many elements there are, also those that are missing.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no element at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<Option<String>>> for TextList {
    fn from(elements: Vec<Option<String>>) -> TextList {
        TextList(elements)
    }
}

impl From<TextList> for Vec<Option<String>> {
    fn from(list: TextList) -> Vec<Option<String>> {
        list.0
    }
}

impl FromIterator<Option<String>> for TextList {
    fn from_iter<T: IntoIterator<Item = Option<String>>>(elements: T) -> TextList {
        TextList(elements.into_iter().collect())
    }
}

impl FromIterator<String> for TextList {
    fn from_iter<T: IntoIterator<Item = String>>(texts: T) -> TextList {
        texts.into_iter().map(Some).collect()
    }
}

/// Only texts, none of them missing.
impl<const N: usize> PartialEq<[&str; N]> for TextList {
    fn eq(&self, texts: &[&str; N]) -> bool {
        let elements = self.0.iter().map(Option::as_deref);
        elements.eq(texts.iter().map(|text| Some(*text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_keeps_its_place() {
        let list: TextList = [Some("a".to_string()), None, Some("b".to_string())]
            .into_iter()
            .collect();
        assert_eq!(list.iter().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(list.indexed().collect::<Vec<_>>(), [(0, "a"), (2, "b")]);
        assert_eq!(
            (list.len(), list.is_empty(), list.has("b")),
            (3, false, true)
        );
        assert!(list != ["a", "b"]);
        assert_eq!(TextList::from_iter(["a".to_string()]), ["a"]);
    }
}
