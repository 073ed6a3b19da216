//! How one CSV file is written: what separates its cells, on which line the columns are named, and where each column
//! stands. Found out from the beginning of the file.

use super::rows::{Form, Row, Rows};
use super::said::{Both, both};
use super::sheet::Sheet;

/// Rows among which the names of the columns are looked for.
const HEADER_WITHIN: usize = 20;
/// Rows after the header that are looked at for a column of row numbers.
const INDEX_ROWS: usize = 10;
/// What may separate cells, the likeliest first.
const SEPARATORS: [(char, Both); 8] = [
    (',', both("commas", "逗号")),
    (';', both("semicolons", "分号")),
    ('\t', both("tabs", "制表符")),
    ('|', both("the sign |", "竖线 |")),
    ('，', both("full-width commas", "全角逗号")),
    ('；', both("full-width semicolons", "全角分号")),
    ('、', both("the sign 、", "顿号")),
    (':', both("colons", "冒号")),
];

/// How a file is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub form: Form,
    /// A first line `sep=` was there.
    pub has_separator_line: bool,
    /// Rows above the header, without such a line.
    pub titles: usize,
    /// The line of the header; none when no line names a column.
    pub header_line: Option<u64>,
    /// The header's cells.
    pub header: Vec<String>,
    /// Cells before the first named one in every row: R writes row numbers without a name over them.
    pub shift: usize,
}

impl Dialect {
    /// The separator in words.
    pub fn separator(&self) -> Both {
        let found = SEPARATORS.iter().find(|(sign, _)| *sign == self.form.separator);
        found.map_or(both("a sign of its own", "其他符号"), |(_, name)| *name)
    }

    /// Reads the beginning of a file, `head`, whose last line may be cut.
    pub fn of(sheet: &Sheet, head: &str) -> Self {
        let declared = separator_line(head);
        let skipped = u64::from(declared.is_some());
        let signs = SEPARATORS.iter().map(|(sign, _)| *sign);
        let signs: Vec<char> = declared.into_iter().chain(signs).collect();
        let forms = signs
            .iter()
            .flat_map(|&separator| [false, true].map(|is_wrapped| Form { separator, is_wrapped }));
        let mut found = Found::none(Form { separator: declared.unwrap_or(','), is_wrapped: false });
        for form in forms.filter(|form| head.contains(form.separator)) {
            let other = find_header(sheet, head, form, skipped);
            if other.known > found.known {
                found = other;
            }
            if found.known >= sheet.required {
                break;
            }
        }
        Self {
            shift: shift(head, &found),
            form: found.form,
            has_separator_line: declared.is_some(),
            titles: found.titles,
            header_line: found.line,
            header: found.cells,
        }
    }
}

/// The sign that a first line `sep=;` declares.
fn separator_line(head: &str) -> Option<char> {
    let first = head.lines().next()?.trim_start_matches('"');
    let start = first.get(..4)?;
    let sign = first.get(4..)?.chars().next().unwrap_or('\t');
    start.eq_ignore_ascii_case("sep=").then_some(sign).filter(|sign| !sign.is_alphanumeric() && *sign != '"')
}

/// The row that names most columns, under one way of writing.
struct Found {
    form: Form,
    known: usize,
    titles: usize,
    line: Option<u64>,
    cells: Vec<String>,
}

impl Found {
    fn none(form: Form) -> Self {
        Self { form, known: 0, titles: 0, line: None, cells: Vec::new() }
    }
}

fn find_header(sheet: &Sheet, head: &str, form: Form, skipped: u64) -> Found {
    let mut best = Found::none(form);
    let (mut rows, mut row) = (Rows::new(head.as_bytes(), form), Row::default());
    if rows.skip_to(skipped).is_err() {
        return best;
    }
    let mut titles = 0;
    for _ in 0..HEADER_WITHIN {
        match rows.next_into(&mut row) {
            Ok(true) => {}
            Ok(false) => break,
            Err(_) => continue,
        }
        let mut columns: Vec<_> =
            row.cells().filter_map(|cell| sheet.find(cell)).map(|found| found.0).collect();
        columns.sort_unstable();
        columns.dedup();
        if columns.len() > best.known.max(1) {
            let cells = row.cells().map(str::to_owned).collect();
            best = Found { form, known: columns.len(), titles, line: Some(row.line), cells };
        }
        titles += usize::from(!row.is_blank());
    }
    best
}

/// One cell more in every row than in the header, the first of them counting up: row numbers.
fn shift(head: &str, found: &Found) -> usize {
    let Some(line) = found.line else { return 0 };
    let (mut rows, mut row) = (Rows::new(head.as_bytes(), found.form), Row::default());
    if rows.skip_to(line).is_err() {
        return 0;
    }
    let mut numbers: Vec<u64> = Vec::new();
    while numbers.len() < INDEX_ROWS && rows.next_into(&mut row).unwrap_or(false) {
        if row.is_blank() {
            continue;
        }
        let number = row.cell(0).and_then(|cell| cell.trim().parse().ok());
        match number.filter(|_| row.len() == found.cells.len() + 1) {
            Some(number) => numbers.push(number),
            None => return 0,
        }
    }
    let is_index = numbers.first().is_some_and(|&first| first <= 1)
        && numbers.windows(2).all(|pair| pair[1] == pair[0] + 1);
    usize::from(is_index)
}

#[cfg(test)]
mod tests {
    use super::super::areas;
    use super::Dialect;

    /// What was done to a file, and separator, header line and shift that must be found.
    #[test]
    fn a_file_is_read_however_it_is_separated() {
        let plain = "code,parent,level,name,name_zh\nc1,,community,North,北\n";
        for (head, separator, line, shift) in [
            (plain.to_owned(), ',', Some(1), 0),
            (plain.replace(',', ";"), ';', Some(1), 0),
            (plain.replace(',', "\t"), '\t', Some(1), 0),
            (plain.replace(',', "|"), '|', Some(1), 0),
            (plain.replace(',', "，"), '，', Some(1), 0),
            (["sep=;\n", &plain.replace(',', ";")].concat(), ';', Some(2), 0),
            (["\"sep=,\"\n", plain].concat(), ',', Some(2), 0),
            (["SEP=\t\n", &plain.replace(',', "\t")].concat(), '\t', Some(2), 0),
            (["sep=;\n", plain].concat(), ',', Some(2), 0),
            (["Areas of 2020, all\n\n", plain].concat(), ',', Some(3), 0),
            ("code;parent;level;name, short;name_zh\n1;2;3;4;5\n".to_owned(), ';', Some(1), 0),
            (
                "code,parent,level,name,name_zh\n1,c1,,community,North,北\n2,c2,c1,x,y,z\n".to_owned(),
                ',',
                Some(1),
                1,
            ),
            (
                "code,parent,level,name,name_zh\n5,c1,,community,North,北\n9,c2,c1,x,y,z\n".to_owned(),
                ',',
                Some(1),
                0,
            ),
            ("c1,,community,North,北\n".to_owned(), ',', None, 0),
        ] {
            let found = Dialect::of(&areas::SHEET, &head);
            assert_eq!(
                (found.form.separator, found.header_line, found.shift),
                (separator, line, shift),
                "{head}"
            );
            assert!(!found.form.is_wrapped);
        }
        let wrapped = "\"code,parent,level,name,name_zh\"\n\"c1,,community,\"\"North, old\"\",北\"\n";
        assert!(Dialect::of(&areas::SHEET, wrapped).form.is_wrapped);
    }
}
