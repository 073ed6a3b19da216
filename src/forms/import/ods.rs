//! `OpenDocument` spreadsheets. Repeated blank cells are counted, never made.

use roxmltree::Node;

use super::book::{Book, Cells, wanted};
use super::package;
use crate::domain::blank::is_blank;
use crate::forms::fault::Fault;
use crate::forms::xml::{self, Limits};

/// Copies of one cell or row that says something.
const MOST_COPIES: usize = 1_000;

/// Reads the sheets of a form.
pub fn read(bytes: &[u8]) -> Result<Book, Fault> {
    let broken = || {
        Fault::new(
            "the workbook cannot be read: it is cut short or damaged; save it anew",
            "工作簿无法读取：文件不完整或已损坏；请重新保存",
        )
    };
    let content = String::from_utf8(package::part(bytes, "content.xml")?).map_err(|_| broken())?;
    let limits = Limits { levels: 64, nodes: 3_000_000 };
    let document = xml::parse(&content, limits).map_err(|_| broken())?;
    let tables: Vec<Node<'_, '_>> = document
        .descendants()
        .filter(|node| node.is_element() && node.tag_name().name() == "table")
        .collect();
    let names: Vec<String> =
        tables.iter().map(|table| xml::attribute(*table, "name").unwrap_or_default().to_owned()).collect();
    let mut book = Book::default();
    for (own, sheet) in wanted(&names) {
        let Some(place) = names.iter().position(|name| *name == own) else { continue };
        let cells = read_table(tables[place]).map_err(|fault| fault.sheet(sheet))?;
        book.add(sheet, &cells)?;
    }
    Ok(book)
}

fn read_table(table: Node<'_, '_>) -> Result<Cells, Fault> {
    let mut cells = Cells::default();
    let mut row = 0_usize;
    let rows = table.descendants().filter(|node| node.is_element() && node.tag_name().name() == "table-row");
    for node in rows {
        let count = repeated(node, "number-rows-repeated");
        let found = read_row(node);
        if !found.is_empty() {
            for copy in 0..count.min(MOST_COPIES) {
                for (column, text) in &found {
                    cells.put(row + copy, *column, text)?;
                }
            }
        }
        row = row.saturating_add(count);
    }
    Ok(cells)
}

fn repeated(node: Node<'_, '_>, name: &str) -> usize {
    xml::attribute(node, name).and_then(|count| count.parse().ok()).unwrap_or(1).clamp(1, 1 << 24)
}

fn read_row(row: Node<'_, '_>) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut column = 0_usize;
    for cell in row.children().filter(Node::is_element) {
        let count = repeated(cell, "number-columns-repeated");
        let text = if cell.tag_name().name() == "table-cell" { cell_text(cell) } else { String::new() };
        if !is_blank(&text) {
            for copy in 0..count.min(MOST_COPIES) {
                found.push((column + copy, text.clone()));
            }
        }
        column = column.saturating_add(count);
    }
    found
}

/// A cell's value: numbers and days by what is stored, not by how they are shown.
fn cell_text(cell: Node<'_, '_>) -> String {
    let stored = |name| xml::attribute(cell, name).map(str::to_owned);
    match xml::attribute(cell, "value-type") {
        Some("float" | "percentage" | "currency") => {
            let number = stored("value").and_then(|text| text.parse::<f64>().ok());
            number.map(|number| number.to_string()).unwrap_or_default()
        }
        Some("boolean") => stored("boolean-value").unwrap_or_default().to_uppercase(),
        Some("date") => {
            let date = stored("date-value").unwrap_or_default().replace('T', " ");
            date.strip_suffix(" 00:00:00").map_or(date.clone(), str::to_owned)
        }
        Some(_) | None => paragraphs(cell),
    }
}

fn paragraphs(cell: Node<'_, '_>) -> String {
    let lines: Vec<String> = cell
        .children()
        .filter(|node| node.is_element() && node.tag_name().name() == "p")
        .map(paragraph)
        .collect();
    lines.join("\n")
}

fn paragraph(node: Node<'_, '_>) -> String {
    let mut text = String::new();
    for part in node.descendants() {
        if part.is_text() {
            text.push_str(part.text().unwrap_or_default());
        } else if part.is_element() && part.tag_name().name() == "s" {
            let count = xml::attribute(part, "c").and_then(|count| count.parse().ok()).unwrap_or(1_usize);
            text.push_str(&" ".repeat(count.min(1_000)));
        } else if part.is_element() && part.tag_name().name() == "line-break" {
            text.push('\n');
        }
    }
    text
}
