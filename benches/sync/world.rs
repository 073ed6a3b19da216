//! Invented surveys of any size: the set-up directory, and the ids of its doors without reading them back.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use doorknock::domain::{CaseId, DwellingId, door_key};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use uuid::Uuid;

/// District of every invented survey.
const DISTRICT: &str = "410181";
/// Its slug.
pub const SURVEY: &str = "bench";
/// Enumerators; two share a tenth of the district.
pub const ENUMERATORS: usize = 2 * PARTS;
/// Areas of the second level.
const PARTS: usize = 10;
/// Doors of one leaf area, in two buildings.
const LEAF: usize = 100;

/// A survey of `doors` doors: ten parts, fan-out ten below them, one hundred doors a leaf.
#[derive(Clone, Debug)]
pub struct World {
    /// How many doors.
    pub doors: usize,
    starts_on: Date,
}

impl World {
    /// A survey that began a week before `now`. `doors` is rounded up to whole leaves in ten parts.
    pub fn new(doors: usize, now: Timestamp) -> Self {
        let today = now.to_zoned(TimeZone::UTC).date();
        Self { doors: doors.div_ceil(LEAF * PARTS) * LEAF * PARTS, starts_on: today.saturating_sub(7.days()) }
    }

    /// The first moment at which a visit counts, with a day to spare.
    pub fn opens(&self) -> Timestamp {
        self.starts_on.at(0, 0, 0, 0).to_zoned(TimeZone::UTC).map_or(Timestamp::UNIX_EPOCH, |t| t.timestamp())
    }

    fn leaves(&self) -> usize {
        self.doors / LEAF
    }

    /// Code of a part, from 0.
    pub fn part(part: usize) -> String {
        format!("{DISTRICT}{:03}", part + 1)
    }

    /// Code of the leaf that holds a door. Leaves of a part lie in groups of ten, those in groups of ten again.
    pub fn leaf_of(&self, door: usize) -> String {
        let leaf = door / LEAF;
        let in_part = self.leaves() / PARTS;
        Self::leaf_code(leaf / in_part, leaf % in_part)
    }

    fn leaf_code(part: usize, leaf: usize) -> String {
        format!("{}-{:02}-{}-{}", Self::part(part), leaf / 100, leaf / 10 % 10, leaf % 10)
    }

    /// Case of a door.
    pub fn case(&self, door: usize) -> Uuid {
        let (building, unit, room) = place(door);
        let key = door_key(DISTRICT, &self.leaf_of(door), building, unit, &room);
        CaseId::of(DwellingId::of_key(&key), SURVEY, 1).0
    }

    /// First door and number of doors of an enumerator's part.
    pub fn doors_of(&self, enumerator: usize) -> (usize, usize) {
        let n = self.doors / PARTS;
        (enumerator % PARTS * n, n)
    }

    /// Writes the set-up directory.
    pub fn write(&self, dir: &Path) -> Result<()> {
        std::fs::create_dir_all(dir)?;
        let put =
            |name: &str, text: String| std::fs::write(dir.join(name), text).with_context(|| name.to_owned());
        put("survey.toml", self.survey())?;
        put("areas.csv", self.areas())?;
        put("staff.csv", staff())?;
        put("dwellings.csv", self.dwellings())
    }

    fn survey(&self) -> String {
        let ends_on = self.starts_on.saturating_add(14.days());
        format!(
            "id = \"{SURVEY}\"\nname = \"Benchmark\"\nname_zh = \"测速\"\ndistrict = \"{DISTRICT}\"\n\
             time_zone = \"Asia/Shanghai\"\nreference_at = \"{}T00:00:00+08:00\"\nstarts_on = \"{}\"\nends_on = \"{ends_on}\"\n",
            self.starts_on, self.starts_on
        )
    }

    fn areas(&self) -> String {
        let mut all = format!("code,parent,level,name,name_zh\n{DISTRICT},,district,District,县\n");
        let mut add = |code: &str, parent: &str, level: &str| {
            writeln!(all, "{code},{parent},{level},{code},{code}").expect("a String takes everything");
        };
        let in_part = self.leaves() / PARTS;
        for part in 0..PARTS {
            let code = Self::part(part);
            add(&code, DISTRICT, "subdistrict");
            for leaf in 0..in_part {
                let community = format!("{code}-{:02}", leaf / 100);
                let group = format!("{community}-{}", leaf / 10 % 10);
                if leaf % 100 == 0 {
                    add(&community, &code, "community");
                }
                if leaf % 10 == 0 {
                    add(&group, &community, "estate");
                }
                add(&Self::leaf_code(part, leaf), &group, "block");
            }
        }
        all
    }

    fn dwellings(&self) -> String {
        let mut all = String::with_capacity(self.doors * 64);
        all.push_str("area,building,unit,floor,room,kind,lon,lat\n");
        for door in 0..self.doors {
            let (building, unit, room) = place(door);
            let floor = door % LEAF % 50 / 4 % 6 + 1;
            let (lon, lat) = position(door);
            let area = self.leaf_of(door);
            writeln!(all, "{area},{building},{unit},{floor},{room},residential,{lon:.6},{lat:.6}")
                .expect("a String takes everything");
        }
        all
    }
}

/// Where a door stands.
#[expect(clippy::cast_precision_loss, reason = "door numbers are far below 2^53")]
pub fn position(door: usize) -> (f64, f64) {
    let leaf = (door / LEAF) as f64;
    (112.9 + leaf % 100.0 * 0.002, 34.7 + (leaf / 100.0).floor() * 0.001)
}

/// Building, unit and room of a door: fifty doors a building, four on a landing, six storeys a staircase.
fn place(door: usize) -> (&'static str, &'static str, String) {
    let within = door % LEAF;
    let in_building = within % 50;
    let building = if within < 50 { "1" } else { "2" };
    let unit = ["1", "2", "3"][in_building / 24];
    (building, unit, format!("{}{:02}", in_building / 4 % 6 + 1, in_building % 4 + 1))
}

fn staff() -> String {
    let mut all = String::from("user,name,role,area\nboss,Boss,supervisor,410181\n");
    for n in 0..ENUMERATORS {
        writeln!(all, "e{n:02},Enumerator {n},enumerator,{}", World::part(n % PARTS))
            .expect("a String takes everything");
    }
    all
}
