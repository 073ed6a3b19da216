//! Excel workbooks, read cell by cell so that a cell in the farthest corner costs what any other does.

use std::io::Cursor;

use calamine::{Data, ExcelDateTime, Reader, Xls, Xlsx};

use super::book::{Book, Cells, wanted};
use crate::forms::fault::Fault;

/// Cells looked at in one workbook, blank ones among them.
const MOST_LOOKED_AT: usize = 20_000_000;

fn broken(sheet: Option<&str>) -> Fault {
    let fault = Fault::new(
        "the workbook cannot be read: it is cut short or damaged; save it anew",
        "工作簿无法读取：文件不完整或已损坏；请重新保存",
    );
    match sheet {
        Some(sheet) => fault.sheet(sheet),
        None => fault,
    }
}

/// Reads the sheets of a form.
pub fn read_xlsx(bytes: &[u8]) -> Result<Book, Fault> {
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| broken(None))?;
    let mut book = Book::default();
    for (own, sheet) in wanted(&workbook.sheet_names()) {
        let mut reader = workbook.worksheet_cells_reader(&own).map_err(|_| broken(Some(sheet)))?;
        let mut cells = Cells::default();
        let mut looked_at = 0;
        while let Some(cell) = reader.next_cell_with_formula_metadata().map_err(|_| broken(Some(sheet)))? {
            looked_at += 1;
            if looked_at > MOST_LOOKED_AT {
                return Err(Fault::new("the sheet has too many cells", "工作表的单元格太多").sheet(sheet));
            }
            let (row, column) = (cell.pos.0 as usize, cell.pos.1 as usize);
            let value = Data::from(cell.value);
            if matches!(value, Data::Empty) {
                if cell.formula.is_some() {
                    cells.formula(row, column);
                }
                continue;
            }
            cells.put(row, column, &text(&value)).map_err(|fault| fault.sheet(sheet))?;
        }
        book.add(sheet, &cells)?;
    }
    Ok(book)
}

/// Reads the sheets of a form from a workbook of the old form.
pub fn read_xls(bytes: &[u8]) -> Result<Book, Fault> {
    let mut workbook: Xls<_> = Xls::new(Cursor::new(bytes)).map_err(|_| broken(None))?;
    let mut book = Book::default();
    for (own, sheet) in wanted(&workbook.sheet_names()) {
        let range = workbook.worksheet_range(&own).map_err(|_| broken(Some(sheet)))?;
        let (top, left) = range.start().unwrap_or((0, 0));
        let mut cells = Cells::default();
        for (row, column, value) in range.used_cells() {
            cells
                .put(row + top as usize, column + left as usize, &text(value))
                .map_err(|fault| fault.sheet(sheet))?;
        }
        book.add(sheet, &cells)?;
    }
    Ok(book)
}

/// A cell as an author reads it: whole numbers without a point, days as they are written in forms.
fn text(value: &Data) -> String {
    match value {
        Data::Empty | Data::Error(_) => String::new(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
        Data::Bool(true) => "TRUE".to_owned(),
        Data::Bool(false) => "FALSE".to_owned(),
        Data::DateTime(moment) => moment_text(moment),
    }
}

fn moment_text(moment: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let clock = format!("{hour:02}:{minute:02}:{second:02}");
    if moment.as_f64() < 1.0 {
        return clock;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if moment.as_f64().fract() == 0.0 { date } else { format!("{date} {clock}") }
}
