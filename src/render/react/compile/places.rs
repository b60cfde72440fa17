//! Places of the printed code, and which bytes of the source they come from.

/// Which byte of the source each place of the printed text comes from: (line, column, byte), sorted.
///
/// `tokens` are those of a source map: line and column in the printed text, then in the source. A source
/// map counts columns in UTF-16 units and ends lines where JavaScript does; the engine, whose places are
/// asked for later, counts columns in bytes and knows lines by line feeds alone.
pub(super) fn of_tokens(
    tokens: &[(u32, u32, u32, u32)],
    source: &str,
    printed: &str,
) -> Vec<(u32, u32, u32)> {
    let in_source: Vec<(u32, u32)> = tokens.iter().map(|token| (token.2, token.3)).collect();
    let in_printed: Vec<(u32, u32)> = tokens.iter().map(|token| (token.0, token.1)).collect();
    let from = bytes(source, &in_source);
    let at = by_line_feeds(printed, &bytes(printed, &in_printed));
    let mut places: Vec<(u32, u32, u32)> = at
        .into_iter()
        .zip(from)
        .map(|((line, column), byte)| (line, column, byte as u32))
        .collect();
    // Of several at one place the first is the outermost node, which begins there as well.
    places.sort_by_key(|place| (place.0, place.1));
    places.dedup_by_key(|place| (place.0, place.1));
    places
}

/// The places of a text that stands below this many lines.
pub(super) fn below(places: Vec<(u32, u32, u32)>, lines: usize) -> Vec<(u32, u32, u32)> {
    let lines = lines as u32;
    places
        .into_iter()
        .map(|(line, column, byte)| (line + lines, column, byte))
        .collect()
}

/// The byte of the source that a place comes from: that of the last one before it on its line.
pub(super) fn source_byte(places: &[(u32, u32, u32)], line: u32, column: u32) -> Option<usize> {
    let after = places.partition_point(|place| (place.0, place.1) <= (line, column));
    let place = places.get(after.checked_sub(1)?)?;
    (place.0 == line).then_some(place.2 as usize)
}

/// The byte of the source that a byte of the printed text comes from.
pub(super) fn source_of(places: &[(u32, u32, u32)], printed: &str, byte: usize) -> Option<usize> {
    let (line, column) = by_line_feeds(printed, &[byte])[0];
    source_byte(places, line, column)
}

/// The bytes of a text at places with lines as JavaScript ends them, in the order of the places.
fn bytes(text: &str, places: &[(u32, u32)]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(|&at| places[at]);
    let mut bytes = vec![text.len(); places.len()];
    let mut wanted = order.into_iter().peekable();
    let mut here = (0_u32, 0_u32);
    let mut before = ' ';
    for (byte, character) in text.char_indices() {
        if before == '\n'
            || matches!(before, '\u{2028}' | '\u{2029}')
            || before == '\r' && character != '\n'
        {
            here = (here.0 + 1, 0);
        }
        while let Some(at) = wanted.next_if(|&at| places[at] <= here) {
            bytes[at] = byte;
        }
        here.1 += character.len_utf16() as u32;
        before = character;
    }
    bytes
}

/// Lines, ended by line feeds, and columns, in bytes, of bytes of a text.
fn by_line_feeds(text: &str, bytes: &[usize]) -> Vec<(u32, u32)> {
    let lines: Vec<usize> = std::iter::once(0)
        .chain(text.match_indices('\n').map(|(at, _)| at + 1))
        .collect();
    bytes
        .iter()
        .map(|&byte| {
            let line = lines.partition_point(|&start| start <= byte) - 1;
            (line as u32, (byte - lines[line]) as u32)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_units_and_lines_end_as_in_javascript() {
        let text = "é😀x\r\ny\rz\u{2028}w";
        let places = [(0, 0), (0, 1), (0, 3), (1, 0), (2, 0), (3, 0), (9, 9)];
        assert_eq!(bytes(text, &places), [0, 2, 6, 9, 11, 15, 16]);
    }

    #[test]
    fn printed_places_count_line_feeds_alone() {
        let text = "a\u{2028}b\nc";
        assert_eq!(
            by_line_feeds(text, &[6, 4, 5, 0]),
            [(1, 0), (0, 4), (0, 5), (0, 0)]
        );
    }

    #[test]
    fn tokens_become_places_in_order() {
        let tokens = [(0, 4, 1, 0), (0, 0, 0, 1), (0, 4, 0, 0)];
        let places = of_tokens(&tokens, "éa\nb", "abcdefg");
        assert_eq!(places, [(0, 0, 2), (0, 4, 4)]);
        assert_eq!(below(places, 2), [(2, 0, 2), (2, 4, 4)]);
    }
}
