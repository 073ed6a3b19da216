//! Damages that only a list as a whole shows.

use super::Then::{Asked, Bad, Told};
use super::{DWELLINGS, Memory, Then, good, holds, outcome};

/// Doors of two areas, four buildings each, eight rooms each, with a place.
fn list(line: impl Fn(usize, [&str; 8]) -> String) -> Memory {
    let mut text = "area,building,unit,floor,room,kind,lon,lat,external_id\n".to_owned();
    for n in 0..64 {
        let (area, building, floor) = (["e1", "e2"][n / 32], n / 8 % 4 + 1, n % 8 / 2 + 1);
        let (room, lon) = (format!("{floor}0{}", n % 2 + 1), format!("112.97{building}{}", n % 8));
        let (building, floor) = (building.to_string(), floor.to_string());
        text += &line(n, [area, &building, "1", &floor, &room, "residential", &lon, "34.7512"]);
        text += &[",", &n.to_string(), "\n"].concat();
    }
    let mut files = good();
    files.put("dwellings.csv", text);
    files
}

fn joined(cells: [&str; 8]) -> String {
    cells.join(",")
}

fn with_cell<'a>(mut cells: [&'a str; 8], at: usize, value: &'a str) -> String {
    cells[at] = value;
    joined(cells)
}

#[test]
fn what_only_the_list_as_a_whole_shows_is_asked_once() {
    assert!(outcome(&list(|_, cells| joined(cells))).is_ok());
    let then = |what: &str, files: Memory, then: Then| holds(what, &files, then);
    then(
        "one place in another province",
        list(|n, cells| if n == 5 { with_cell(cells, 6, "121.47") } else { joined(cells) }),
        Asked("dwellings.lon.far-place"),
    );
    then(
        "places typed with a digit too many",
        list(|n, cells| if n > 60 { with_cell(cells, 7, "37.7512") } else { joined(cells) }),
        Asked("dwellings.lon.far-place"),
    );
    then(
        "merged buildings",
        list(|n, cells| if n % 8 == 0 { joined(cells) } else { with_cell(cells, 1, "") }),
        Asked("dwellings.building.merged"),
    );
    then(
        "merged units",
        list(|n, cells| if n % 8 == 0 { joined(cells) } else { with_cell(cells, 2, "") }),
        Asked("dwellings.unit.gaps"),
    );
    then(
        "rooms like 2-1 become dates and one a number of days",
        list(|n, cells| {
            with_cell(
                cells,
                4,
                &if n == 9 { "44228".to_owned() } else { format!("{}-{}", n % 8 + 1, n % 3 + 1) },
            )
        }),
        Asked("dwellings.room.date"),
    );
    then(
        "every place exchanged",
        list(|_, mut cells| {
            cells.swap(6, 7);
            joined(cells)
        }),
        Asked("dwellings.lon.exchanged"),
    );
    then(
        "pandas' numbers",
        list(|_, cells| with_cell(cells, 4, &format!("{}.0", cells[4]))),
        Told("point-zero"),
    );
    then(
        "numbers cut at fifteen digits",
        list(|n, cells| with_cell(cells, 4, &format!("4101810040060{n:02}000"))),
        Asked("dwellings.room.cut-digits"),
    );
    then("no room has its number", list(|_, cells| with_cell(cells, 4, "")), Bad("empty"));
    then("an area that is not there", list(|_, cells| with_cell(cells, 0, "e9")), Bad("not-an-area"));
    then(
        "semicolons in half of the rows",
        list(|n, cells| if n % 2 == 0 { joined(cells) } else { cells.join(";") }),
        Bad("ragged"),
    );
}

#[test]
fn a_list_as_long_as_a_sheet_may_be_cut_off() {
    let door = |n: usize| format!("e1,1,{n},,101,residential,,,,\n");
    for (rows, then) in [(65_535, Some(Asked("dwellings.row-limit"))), (65_534, None)] {
        let text =
            DWELLINGS.lines().next().unwrap().to_owned() + "\n" + &(0..rows).map(door).collect::<String>();
        let mut files = good();
        files.put("dwellings.csv", text);
        match then {
            Some(then) => holds("a full sheet", &files, then),
            None => assert!(outcome(&files).is_ok()),
        }
    }
}
