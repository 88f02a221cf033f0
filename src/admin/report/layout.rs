//! How things stand on a screen: one a line in a table, or one on a sheet of its own.

use comfy_table::{ContentArrangement, Table, presets};

use crate::admin::item::Item;

/// A sheet of one thing, and tables of what belongs to it.
pub(super) fn sheet(first: &Item, rest: &[Item], width: Option<u16>) -> String {
    let mut sheet = plain(width);
    for (label, lines) in first.sheet() {
        if !lines.is_empty() {
            sheet.add_row([label.to_owned(), lines.join("\n")]);
        }
    }
    let mut text = written(sheet);
    if !rest.is_empty() {
        text.push('\n');
        text.push_str(&tables(rest, width));
    }
    text
}

/// A table for each kind of thing that follows another, with a blank line between them.
pub(super) fn tables(items: &[Item], width: Option<u16>) -> String {
    let tables = items.chunk_by(|one, next| one.headings() == next.headings());
    tables.map(|items| table(items, width)).collect::<Vec<_>>().join("\n")
}

fn table(items: &[Item], width: Option<u16>) -> String {
    let headings = items.first().map(Item::headings).unwrap_or_default();
    if headings.is_empty() {
        // A value that a script wants, alone on its line.
        let lines = items.iter().flat_map(Item::cells);
        return lines.flat_map(|line| [line, "\n".to_owned()]).collect();
    }
    let mut table = plain(width);
    table.set_header(headings.iter().copied());
    table.add_rows(items.iter().map(Item::cells));
    written(table)
}

/// A table without lines, that fits into a width if there is one.
fn plain(width: Option<u16>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if let Some(width) = width {
        table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
    }
    table
}

/// Two spaces between the columns.
fn written(mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    format!("{}\n", table.trim_fmt())
}
