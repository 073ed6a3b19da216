//! Files that are none, or more than they should be: each is refused with a sentence and costs little.

use std::collections::BTreeMap;
use std::time::Instant;

use proptest::prelude::*;

use super::*;

fn refused(what: &str, bytes: &[u8]) {
    let begun = Instant::now();
    let told = lines(bytes);
    assert!(told.iter().all(|line| line.len() > 15), "{what}: {told:?}");
    assert!(begun.elapsed().as_secs() < 60, "{what} took {:?}", begun.elapsed());
}

#[test]
fn files_that_are_no_form_are_refused_in_words() {
    let good = with(&[]);
    let mut locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    locked.extend([0; 4096]);
    let mut encrypted = locked.clone();
    encrypted.extend("EncryptedPackage".bytes().flat_map(|b| [b, 0]));
    refused("empty", b"");
    refused("half", &good[..good.len() / 2]);
    refused("text", b"type,name\ntext,a\n");
    refused("locked", &locked);
    refused("encrypted", &encrypted);
    assert!(lines(&encrypted)[0].contains("password"));
    refused("no sheet", &workbook(&BTreeMap::from([("Sheet1", rows(&[&["a"]]))]), &[]));
    refused("too large", &vec![0x50; 5_300_000]);
    refused("no form", b"<svg/>");
    refused("levels", "<a>".repeat(10_000).as_bytes());
    refused("latin-1", b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe9</a>");
    refused("other encoding", b"<?xml version=\"1.0\" encoding=\"GBK\"?><a/>");
    refused(
        "dtd",
        b"<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
    );
}

#[test]
fn packages_that_swell_are_refused_before_they_are_read() {
    let blanks = format!("<x>{}</x>", " ".repeat(60 << 20));
    let bomb = workbook(&small(), &[("xl/worksheets/sheet9.xml", blanks)]);
    assert!(bomb.len() < 1 << 20);
    refused("bomb", &bomb);
    let parts: Vec<String> = (0..300).map(|n| format!("p{n}.xml")).collect();
    let over: Vec<(&str, String)> = parts.iter().map(|name| (name.as_str(), "<a/>".to_owned())).collect();
    refused("300 parts", &workbook(&small(), &over));
}

#[test]
fn cells_far_away_and_rows_without_content_cost_nothing() {
    let sheets = small();
    let survey = sheet_xml(&sheets["survey"]);
    let far = "<row r=\"1048576\"><c r=\"XFD1048576\" t=\"inlineStr\"><is><t> </t></is></c></row>";
    let many: Vec<String> = (4..1_048_577).map(|n| format!("<row r=\"{n}\"><c r=\"A{n}\"/></row>")).collect();
    let many = many.concat();
    for more in [far, &many] {
        let begun = Instant::now();
        let text = survey.replace("</sheetData>", &format!("{more}</sheetData>"));
        let taken = take(&workbook(&sheets, &[("xl/worksheets/sheet2.xml", text)])).unwrap();
        assert_eq!(taken.model.questions(), 2);
        assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    }
}

#[test]
fn an_open_document_reads_like_a_workbook_and_its_repeats_are_not_made() {
    let cell = |text: &str| {
        format!("<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>")
    };
    let row = |cells: &[&str]| {
        format!("<table:table-row>{}</table:table-row>", cells.iter().map(|c| cell(c)).collect::<String>())
    };
    let blank = "<table:table-row table:number-rows-repeated=\"1048000\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>";
    let table = |name: &str, rows: String| format!("<table:table table:name=\"{name}\">{rows}</table:table>");
    let survey = row(&["type", "name", "label"])
        + &row(&["text", "a", "A<text:s text:c=\"2\"/>b"])
        + blank
        + &row(&["note", "n", "N"]);
    let settings = row(&["form_id", "version"])
        + "<table:table-row><table:table-cell office:value-type=\"string\"><text:p>odd</text:p></table:table-cell><table:table-cell office:value-type=\"float\" office:value=\"7\"><text:p>7,00</text:p></table:table-cell></table:table-row>";
    let content = format!(
        "<office:document-content xmlns:office=\"urn:o\" xmlns:table=\"urn:t\" xmlns:text=\"urn:x\"><office:body><office:spreadsheet>{}{}</office:spreadsheet></office:body></office:document-content>",
        table("survey", survey),
        table("settings", settings)
    );
    let taken = take(&pack(&BTreeMap::from([("content.xml".to_owned(), content)]))).unwrap();
    assert_eq!(
        (taken.model.id.as_str(), taken.model.version.as_str(), taken.model.questions()),
        ("odd", "7", 1)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_bytes_make_the_import_panic(start in 0_usize..6, bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let heads: [&[u8]; 6] = [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"<", b"<?xml ", b"\xef\xbb\xbf<h:html"];
        let all = [heads[start], &bytes].concat();
        prop_assert!(take(&all).is_err());
    }

    #[test]
    fn no_damage_to_a_workbook_makes_the_import_panic(at in any::<prop::sample::Index>(), by in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut good = with(&[]);
        let place = at.index(good.len());
        good[place] = by;
        let _ = take(&good);
        let _ = take(&good[..cut.index(good.len())]);
    }

    #[test]
    fn no_cell_makes_the_import_panic(cells in proptest::collection::vec("[ -~\u{4e00}\u{ff1a}\u{2019}\t\u{a0}\\$\\{\\}]{0,24}", 5)) {
        let row: Vec<&str> = cells.iter().map(String::as_str).collect();
        let _ = take(&with(&[&row]));
        let mut sheets = small();
        sheets.get_mut("survey").unwrap()[0].extend(["relevant", "calculation", "appearance", "choice_filter"].map(str::to_owned));
        sheets.get_mut("survey").unwrap().push([vec!["text".to_owned(), "x".to_owned(), "x".to_owned(), "x".to_owned(), String::new()], cells.clone()].concat());
        let _ = take(&workbook(&sheets, &[]));
    }
}
