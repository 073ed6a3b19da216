//! Set-up files as spreadsheets leave them, through the command, the page and an archive: what has one meaning is undone and
//! told, the rest is asked about by name, and nothing is stored before it is answered.

use doorknock::setup::Memory;

use crate::support::pages::{Pages, zipped};
use crate::support::{App, Place, Survey};

/// The files of a small survey after a spreadsheet had them: semicolons, UTF-16, marks, a misspelt column, a room that
/// became a date.
fn damaged(survey: &Survey) -> Memory {
    let mut files = survey.files();
    let text = |files: &Memory, name: &str| String::from_utf8(files.0[name].clone()).unwrap();
    let areas = text(&files, "areas.csv").replace(',', ";");
    let doors =
        text(&files, "dwellings.csv").replace(",101,", ",\"=\"\"101\"\"\",").replace(",102,", ",1月2日,");
    let doors: Vec<u8> = format!("\u{feff}{doors}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let staff = text(&files, "staff.csv").replace('\n', ",18:00-21:30\r").replacen(
        "18:00-21:30",
        "shift_weekdays",
        1,
    );
    files.put("areas.csv", areas);
    files.put("dwellings.csv", doors);
    files.put("staff.csv", staff);
    files
}

const ROOM: &str = "dwellings.room.date";
const COLUMN: &str = "staff.shift_weekdays.near-column";

#[test]
fn the_command_tells_asks_and_ends_a_dry_run_with_what_it_understood() {
    let place = Place::new("sheets");
    let directory = place.root.join("setup");
    for (file, bytes) in damaged(&Survey::with_dwellings(4)).0 {
        std::fs::write(directory.join(file), bytes).unwrap();
    }
    let directory = directory.to_str().unwrap();
    let said = |words: &[&str]| {
        let done = place.run(words);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (done.status.code(), text(&done.stdout), text(&done.stderr))
    };

    let (status, out, err) = said(&["setup", directory, "--dry-run"]);
    assert_eq!(status, Some(1), "{err}");
    for word in [
        ROOM,
        COLUMN,
        "is shift_weekday meant",
        "separated by semicolons",
        "read as UTF-16",
        "line ends read: CR",
        "2 question(s)",
    ] {
        assert_eq!(err.matches(word).count(), 1, "{word}: {err}");
    }
    assert!(out.starts_with("understood:\n") && out.contains("semicolons"), "{out}");
    assert!(!place.root.join("data").exists(), "nothing was touched");

    let (status, _, err) = said(&["setup", directory, "--dry-run", "--accept", "everything"]);
    assert_eq!(status, Some(2), "{err}");

    let both = [
        "setup",
        directory,
        "--accept",
        ROOM,
        "--accept",
        COLUMN,
        "--accept",
        "areas.code.date",
        "--dry-run",
    ];
    let (status, out, err) = said(&both);
    assert_eq!(status, Some(0), "{err}");
    assert!(err.contains("areas.code.date: nothing of that name is asked"), "{err}");
    let end = out.split("understood:\n").nth(1).unwrap_or_else(|| panic!("no table: {out}"));
    for word in ["UTF-16", "semicolons", "CR", "shift_weekdays", "4 of 4 doors", "8 (4", "2020-11-01"] {
        assert!(end.contains(word), "{word}: {end}");
    }
}

#[tokio::test]
async fn the_page_asks_with_boxes_to_tick_and_stores_nothing_before() {
    let app = App::new(Survey::with_dwellings(4)).await;
    let pages = Pages::of(&app).await;
    let rooms = "select count(*) from dwelling where room = '1月2日'";
    let files = damaged(&app.survey);

    let asked = pages.check(&files).await;
    for word in [ROOM, COLUMN] {
        assert_eq!(asked.matches(&format!("value=\"{word}\"")).count(), 1, "{word}: {asked}");
    }
    for word in
        ["columns are separated by semicolons", "read as UTF-16", "What was understood", "shift_weekdays"]
    {
        assert!(asked.contains(word), "{word}: {asked}");
    }
    assert!(!asked.contains("Apply it"));

    let again = pages.send("/setup/answer", &asked, &format!("accept={ROOM}")).await;
    assert!(again.contains(COLUMN) && !again.contains(&format!("value=\"{ROOM}\"")), "{again}");
    let tried = pages.send("/setup/answer", &again, &format!("accept={ROOM}&accept={COLUMN}")).await;
    assert!(tried.contains("Apply it"), "{tried}");
    assert_eq!(app.count(rooms).await, 0);
    pages.send("/setup/apply", &tried, "").await;
    assert_eq!(app.count(rooms).await, 1);
    assert_eq!(app.count("select count(*) from dwelling where room like '%=%'").await, 0);
}

#[tokio::test]
async fn an_archive_is_read_as_its_files_are_and_strangers_in_it_are_named() {
    let app = App::new(Survey::with_dwellings(4)).await;
    let pages = Pages::speaking(&app, "zh-CN").await;
    let files = damaged(&app.survey);
    let named: Vec<(String, &[u8])> =
        files.0.iter().map(|(name, bytes)| (format!("census/{name}"), bytes.as_slice())).collect();
    let mut all: Vec<(&str, &[u8])> = named.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    all.extend([("census/notes.doc", &b"x"[..]), ("__MACOSX/census/._areas.csv", b"x")]);

    let asked = pages.send_files(&[("census.zip", &zipped(&all))]).await;

    assert!(asked.contains(ROOM) && asked.contains(COLUMN), "{asked}");
    assert!(asked.contains("未读取：notes.doc") && asked.contains("列以分号分隔"), "{asked}");
    assert!(!asked.contains("MACOSX") && !asked.contains("._areas"), "{asked}");
}

#[tokio::test]
async fn a_file_sent_twice_and_a_workbook_are_refused_by_name() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let pages = Pages::of(&app).await;
    let files = app.survey.files();
    let plain: Vec<(&str, &[u8])> =
        files.0.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();

    let more = zipped(&plain[..1]);
    let twice = [plain.as_slice(), &[("more.zip", &more)]].concat();
    let page = pages.send_files(&twice).await;
    assert!(page.contains("areas.csv: the file was sent twice; send one"), "{page}");

    let workbook = zipped(&[("[Content_Types].xml", b"x"), ("xl/workbook.xml", b"x")]);
    let page = pages.send_files(&[&plain[1..], &[("areas.csv", &workbook)]].concat()).await;
    assert!(page.contains("areas.csv: this is an Excel workbook (xlsx) under another name"), "{page}");
    let page = pages.send_files(&[&plain[1..], &[("areas.xlsx", &workbook)]].concat()).await;
    assert!(page.contains("areas.csv: the file is missing; areas.xlsx lies there"), "{page}");
}

#[tokio::test]
async fn all_archives_of_a_form_share_one_budget() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let pages = Pages::of(&app).await;
    let half = zipped(&[("areas.csv", &vec![b'0'; 129 << 20])]);
    let page = pages.send_files(&[("1.zip", &half), ("2.zip", &half)]).await;
    assert!(page.contains("The files are too large together"), "{page}");
}
