//! Text in columns.

use comfy_table::{Table as Grid, presets};

/// Rows with their columns below each other, without the spaces that the grid has around them.
pub(super) fn aligned<const N: usize>(rows: impl Iterator<Item = [String; N]>) -> String {
    let mut grid = Grid::new();
    grid.load_style(presets::NOTHING).add_rows(rows);
    let line = |line: String| {
        let line = line.trim_end();
        format!("{}\n", line.strip_prefix(' ').unwrap_or(line))
    };
    grid.lines().map(line).collect::<Vec<_>>().concat()
}
