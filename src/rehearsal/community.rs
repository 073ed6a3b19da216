//! The invented community of Yongxin Road, 永新路社区: six estates around (34.75, 112.98) with 46 residential buildings
//! and one office building, as the files of a set-up. The plan, the doors and the staff are made up.

use super::dice::Dice;
use crate::setup::Memory;
use std::fmt::Write;

/// How a building is built.
#[derive(Clone, Copy)]
struct Block {
    floors: u32,
    units: u32,
    per_floor: u32,
}

/// One estate of the plan.
struct Estate {
    name: &'static str,
    name_zh: &'static str,
    /// South-west corner in metres east and north of the community's centre.
    corner: (f64, f64),
    /// Buildings in a row of the plan.
    columns: usize,
    blocks: &'static [Block],
}

const fn walk_up(floors: u32, units: u32) -> Block {
    Block { floors, units, per_floor: 2 }
}

const fn lift(floors: u32, units: u32, per_floor: u32) -> Block {
    Block { floors, units, per_floor }
}

/// The estates; buildings are numbered from 1 in each.
const ESTATES: [Estate; 6] = [
    Estate {
        name: "Hexie Garden",
        name_zh: "和协花园",
        corner: (-420.0, 60.0),
        columns: 3,
        blocks: &[
            walk_up(6, 3),
            walk_up(6, 3),
            walk_up(6, 3),
            walk_up(6, 3),
            walk_up(5, 3),
            walk_up(6, 3),
            walk_up(7, 3),
            lift(11, 2, 2),
        ],
    },
    Estate {
        name: "Huaiyin Lane",
        name_zh: "槐荫里",
        corner: (-120.0, 80.0),
        columns: 3,
        blocks: &[
            walk_up(5, 3),
            walk_up(5, 3),
            walk_up(5, 2),
            walk_up(5, 3),
            walk_up(6, 3),
            walk_up(5, 3),
            walk_up(5, 3),
            walk_up(6, 3),
            walk_up(5, 2),
        ],
    },
    Estate {
        name: "Shihe Bend",
        name_zh: "石河湾",
        corner: (200.0, 60.0),
        columns: 3,
        blocks: &[
            lift(18, 1, 4),
            lift(18, 2, 4),
            lift(18, 2, 4),
            lift(11, 3, 2),
            lift(11, 3, 2),
            lift(18, 1, 4),
            lift(18, 2, 4),
        ],
    },
    Estate {
        name: "Zijing Court",
        name_zh: "紫荆嘉园",
        corner: (-420.0, -260.0),
        columns: 3,
        blocks: &[
            walk_up(6, 3),
            walk_up(6, 3),
            walk_up(7, 3),
            walk_up(7, 3),
            walk_up(7, 3),
            lift(11, 2, 2),
            lift(11, 2, 4),
            walk_up(7, 3),
        ],
    },
    Estate {
        name: "Xinglin Village",
        name_zh: "杏林小区",
        corner: (-100.0, -260.0),
        columns: 3,
        blocks: &[
            walk_up(6, 3),
            walk_up(6, 3),
            walk_up(6, 3),
            walk_up(5, 3),
            walk_up(6, 3),
            walk_up(6, 3),
            walk_up(7, 3),
            walk_up(6, 3),
        ],
    },
    Estate {
        name: "Yunjin Terrace",
        name_zh: "云锦台",
        corner: (210.0, -260.0),
        columns: 2,
        blocks: &[
            lift(18, 2, 4),
            lift(18, 2, 4),
            lift(18, 2, 4),
            lift(18, 2, 4),
            lift(18, 2, 4),
            lift(18, 2, 3),
        ],
    },
];

/// Code of the district, Gongyi.
const DISTRICT: &str = "410181";
/// Code of the subdistrict.
const SUBDISTRICT: &str = "410181004";
/// Code of the community.
const COMMUNITY: &str = "410181004006";
/// The community's centre.
const CENTRE: (f64, f64) = (112.98, 34.75);

/// User, name, role, number of the estate (0: the community).
const STAFF: [(&str, &str, &str, usize); 10] = [
    // Two work in the whole community: they take the estates that nobody has alone, and help out elsewhere.
    ("e01", "Liu Yang 刘洋", "enumerator", 0),
    ("e02", "Chen Xiao 陈晓", "enumerator", 0),
    ("e03", "Zhao Rui 赵蕊", "enumerator", 3),
    ("e04", "Sun Jianping 孙建平", "enumerator", 3),
    ("e05", "He Mengting 何梦婷", "enumerator", 4),
    ("e06", "Guo Chunlan 郭春兰", "enumerator", 5),
    ("e07", "Ma Tao 马涛", "enumerator", 6),
    ("e08", "Niu Hongmei 牛红梅", "enumerator", 6),
    ("s01", "Zhang Min 张敏", "supervisor", 0),
    ("s02", "Wei Guoqiang 魏国强", "supervisor", 0),
];

/// The files of the community's set-up, chosen by `seed` where the plan leaves something open.
pub fn files(seed: u64) -> Memory {
    let mut files = Memory::default();
    files.put("survey.toml", SURVEY);
    files.put("areas.csv", areas());
    files.put("dwellings.csv", dwellings(seed));
    files.put("staff.csv", staff());
    files
}

const SURVEY: &str = r#"# An invented survey: the short form in the community of Yongxin Road.
id = "census-2020"
name = "Census rehearsal, Yongxin Road"
name_zh = "永新路社区人口普查演练"
district = "410181"
time_zone = "Asia/Shanghai"
reference_at = "2020-11-01T00:00:00+08:00"
starts_on = "2020-11-01"
ends_on = "2020-11-15"

# Everything else is left to the defaults. This is the rule that decides when a neighbour may be asked:
[closing]
min_attempts = 3
min_distinct_days = 3
min_time_bands = 2
min_evening = 1
min_weekend = 1
max_attempts = 6

# The needs form is asked after the short form:
[forms]
extra = ["needs"]
"#;

fn estate_code(number: usize) -> String {
    if number == 0 { COMMUNITY.to_owned() } else { format!("{COMMUNITY}-{number:02}") }
}

fn areas() -> String {
    let mut text = "code,parent,level,name,name_zh\n".to_owned();
    let above = [
        format!("{DISTRICT},,district,Gongyi,巩义市\n"),
        format!("{SUBDISTRICT},{DISTRICT},subdistrict,Xinhua Street,新华路街道\n"),
        format!("{COMMUNITY},{SUBDISTRICT},community,Yongxin Road community,永新路社区\n"),
    ];
    text.extend(above);
    for (at, estate) in ESTATES.iter().enumerate() {
        line(
            &mut text,
            format_args!("{},{COMMUNITY},estate,{},{}", estate_code(at + 1), estate.name, estate.name_zh),
        );
    }
    text
}

fn staff() -> String {
    let mut text = "user,name,role,area,shift_weekday,shift_weekend\n".to_owned();
    for (user, name, role, estate) in STAFF {
        // One works by day as well, one only in the evening, the others on the survey's usual hours.
        let hours = match user {
            "e02" => "09:30-11:30;18:30-21:00,09:00-12:00;14:00-20:30",
            "e06" => "18:30-21:30,18:30-21:30",
            _ => "18:00-21:30,09:00-12:00;14:00-21:00",
        };
        let hours = if role == "enumerator" { hours } else { "," };
        line(&mut text, format_args!("{user},{name},{role},{},{hours}", estate_code(estate)));
    }
    line(&mut text, format_args!("admin,Tang Lin 唐琳,admin,{DISTRICT},,"));
    text
}

fn dwellings(seed: u64) -> String {
    let mut text =
        "area,building,unit,floor,room,kind,lon,lat,building_name,households_expected,external_id\n"
            .to_owned();
    for (number, estate) in ESTATES.iter().enumerate() {
        let area = estate_code(number + 1);
        for (at, block) in estate.blocks.iter().enumerate() {
            let mut dice = Dice::of(seed, &["building", &area, &at.to_string()]);
            let place = site(&mut dice, estate, at);
            let name = format!("{}{}号楼", estate.name_zh, at + 1);
            doors(&mut text, &mut dice, &area, at + 1, block, place, &name);
        }
    }
    offices(&mut text);
    text
}

/// Where a building of an estate stands, in metres from the centre: rows from west to east, the next row to the north,
/// nothing quite in line.
fn site(dice: &mut Dice, estate: &Estate, at: usize) -> (f64, f64) {
    let metres = |count: usize, each: f64| f64::from(u32::try_from(count).unwrap_or(0)) * each;
    let (column, row) = (at % estate.columns, at / estate.columns);
    let east = estate.corner.0 + metres(column, 78.0) + dice.normal() * 3.0;
    (east, estate.corner.1 + metres(row, 62.0) + dice.normal() * 2.0)
}

/// A point in metres from the centre as longitude and latitude; at this latitude a degree of longitude has 91.4 km.
fn degrees((east, north): (f64, f64)) -> (f64, f64) {
    (CENTRE.0 + east / 91_366.0, CENTRE.1 + north / 111_195.0)
}

fn doors(
    text: &mut String,
    dice: &mut Dice,
    area: &str,
    building: usize,
    block: &Block,
    site: (f64, f64),
    name: &str,
) {
    for unit in 1..=block.units {
        // The units of a building stand side by side, 14 m each.
        let aside = (f64::from(unit) - f64::from(block.units + 1) / 2.0) * 14.0;
        let (lon, lat) = degrees((site.0 + aside, site.1));
        for floor in 1..=block.floors {
            for door in 1..=block.per_floor {
                let room = format!("{floor}{door:02}");
                let households = if dice.chance(0.008) { "2" } else { "" };
                line(
                    text,
                    format_args!(
                        "{area},{building},{unit},{floor},{room},residential,{lon:.6},{lat:.6},{name},{households},{area}/{building}-{unit}-{room}"
                    ),
                );
            }
        }
    }
}

/// The office building beside Yunjin Terrace: shops below, the community's own rooms on the second floor, offices above.
fn offices(text: &mut String) {
    let area = estate_code(6);
    let (lon, lat) = degrees((150.0, -60.0));
    for floor in 1..=5 {
        for room in 1..=6 {
            let kind = if floor == 2 { "public" } else { "business" };
            line(
                text,
                format_args!(
                    "{area},商务楼,,{floor},{floor}{room:02},{kind},{lon:.6},{lat:.6},云锦商务楼,,{area}/office-{floor}{room:02}"
                ),
            );
        }
    }
}

/// Adds one line.
fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    writeln!(text, "{content}").expect("writing into a string cannot fail");
}
