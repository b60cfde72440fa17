//! Tables: each in a box that scrolls, which says what is in it.

use pulldown_cmark::Alignment;
use pulldown_cmark_escape::escape_html;

use super::writer::Writer;

/// A table that is open.
pub(super) struct Table {
    pub alignments: Vec<Alignment>,
    pub cell: usize,
    pub in_head: bool,
    /// Where the label of the scrolling box goes.
    pub label_at: usize,
    /// The cells of the head, one a line.
    pub label: String,
}

impl Writer<'_> {
    pub(super) fn start_table(&mut self, alignments: Vec<Alignment>) {
        self.out
            .push_str("<div class=\"table-scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
        self.table = Some(Table {
            alignments,
            cell: 0,
            in_head: false,
            label_at: self.out.len(),
            label: String::new(),
        });
        self.out.push_str("\"><table>\n");
    }

    pub(super) fn end_table(&mut self) {
        self.out.push_str("</tbody>\n</table></div>\n");
        if let Some(table) = self.table.take() {
            let cells: Vec<&str> = table
                .label
                .split('\n')
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect();
            let text = match cells[..] {
                [] => "Table".to_string(),
                _ => cells.join(", "),
            };
            let mut label = String::new();
            let _ = escape_html(&mut label, &text);
            self.out.insert_str(table.label_at, &label);
        }
    }

    /// The start of a cell. Alignment is a class: the policy of a site allows no `style` attributes
    /// for it.
    pub(super) fn cell(&mut self) {
        let Some(table) = &self.table else {
            return;
        };
        let name = if table.in_head { "th" } else { "td" };
        let class = match table.alignments.get(table.cell) {
            Some(Alignment::Left) => " class=\"align-left\"",
            Some(Alignment::Center) => " class=\"align-center\"",
            Some(Alignment::Right) => " class=\"align-right\"",
            Some(Alignment::None) | None => "",
        };
        self.out.push('<');
        self.out.push_str(name);
        self.out.push_str(class);
        self.out.push('>');
    }
}
