//! The one place where the spreadsheet converter is called. What it gives is read again by our own reader, as if a stranger
//! had sent it; a panic inside it is one more fault.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::book::{Book, Sheet};
use crate::forms::fault::Fault;

/// What the converter made of a spreadsheet.
#[derive(Clone, Debug)]
pub struct Converted {
    /// The `XForm`.
    pub xform: String,
    /// The file `itemsets.csv`, where the form has external choices.
    pub itemsets: Option<String>,
}

/// Converts a spreadsheet that was read; stops at the first fault it meets. How long it may take is the caller's matter.
pub fn convert(book: &Book) -> Result<Converted, Fault> {
    let workbook = rxform::xls::Workbook {
        survey: sheet(&book.sheet("survey")),
        choices: sheet(&book.sheet("choices")),
        settings: sheet(&book.sheet("settings")),
        external_choices: sheet(&book.sheet("external_choices")),
        entities: sheet(&book.sheet("entities")),
    };
    let done = catch_unwind(AssertUnwindSafe(|| rxform::convert_workbook_full(&workbook, "form")));
    match done {
        Ok(Ok(made)) => Ok(Converted { xform: made.xml, itemsets: made.itemsets_csv }),
        Ok(Err(error)) => Err(fault(&error)),
        Err(_) => Err(Fault::new(
            "the converter failed on this spreadsheet; give the form as an XForm, or use --converter pyxform",
            "转换程序无法处理此表格；请改交 XForm，或使用 --converter pyxform",
        )),
    }
}

fn sheet(sheet: &Sheet) -> rxform::xls::Sheet {
    rxform::xls::Sheet { headers: sheet.headers.clone(), rows: sheet.rows.clone() }
}

fn fault(error: &rxform::Error) -> Fault {
    let mut words = error.message.clone();
    if let Some(hint) = &error.hint {
        words = format!("{words} ({hint})");
    }
    let mut fault = Fault::new(words.clone(), format!("转换时发现：{words}"));
    fault.sheet.clone_from(&error.location.sheet);
    fault.row = error.location.row;
    fault.column.clone_from(&error.location.column);
    fault
}
