//! A small invented survey, built in memory: one district, two communities, three estates, eight people.

use std::fmt::Write as _;
use std::sync::Arc;

use doorknock::domain::{BuildingId, CaseId, DwellingId, door_key};
use doorknock::setup::{self, Memory, Setup};
use uuid::Uuid;

/// The district, root of the tree.
pub const DISTRICT: &str = "410181";
/// The community of `ea1`, `ea2` and `sa`.
pub const A: &str = "410181001";
/// The community of `eb1` and `sb`.
pub const B: &str = "410181002";
/// Estates of the first community.
pub const A1: &str = "410181001-01";
/// The other one.
pub const A2: &str = "410181001-02";
/// The estate of the second community.
pub const B1: &str = "410181002-01";

/// One row of `dwellings.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// Area code.
    pub area: String,
    /// Building.
    pub building: String,
    /// Unit.
    pub unit: String,
    /// Room.
    pub room: String,
    /// Kind.
    pub kind: String,
    /// The office's own number; empty for none.
    pub number: String,
}

impl Door {
    /// The door's id.
    pub fn dwelling(&self) -> DwellingId {
        DwellingId::of_key(&door_key(DISTRICT, &self.area, &self.building, &self.unit, &self.room))
    }

    /// The building's id.
    pub fn building_id(&self) -> Uuid {
        BuildingId::of(DISTRICT, &self.area, &self.building).0
    }
}

/// A set-up that a test can change before it is loaded, and load again.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Slug.
    pub slug: String,
    /// First and last field day.
    pub days: (String, String),
    /// Policy tables, as TOML.
    pub policy: String,
    /// code, parent, level, name.
    pub areas: Vec<(String, String, String, String)>,
    /// The doors.
    pub doors: Vec<Door>,
    /// user, role, area.
    pub staff: Vec<(String, String, String)>,
}

impl Survey {
    /// `n` residential doors in [`A1`], four to a floor, eight to a building.
    pub fn with_dwellings(n: usize) -> Self {
        let owned = |t: (&str, &str, &str)| (t.0.to_owned(), t.1.to_owned(), t.2.to_owned());
        let areas = [
            (DISTRICT, "", "district", "Gongyi"),
            (A, DISTRICT, "community", "Yongxin Road"),
            (A1, A, "estate", "East"),
            (A2, A, "estate", "West"),
            (B, DISTRICT, "community", "Station"),
            (B1, B, "estate", "North"),
        ];
        let staff = [
            ("ea1", "enumerator", A),
            ("ea2", "enumerator", A),
            ("ea3", "enumerator", A2),
            ("eb1", "enumerator", B),
            ("sa", "supervisor", A),
            ("sb", "supervisor", B),
            ("sall", "supervisor", DISTRICT),
            ("root", "admin", DISTRICT),
        ];
        Self {
            slug: "census-test".to_owned(),
            days: ("2020-11-01".to_owned(), "2020-12-10".to_owned()),
            policy: String::new(),
            areas: areas.map(|(c, p, l, n)| (c.into(), p.into(), l.into(), n.into())).to_vec(),
            doors: Vec::new(),
            staff: staff.map(owned).to_vec(),
        }
        .doors(A1, n)
    }

    /// As many more doors in `area`.
    pub fn doors(mut self, area: &str, n: usize) -> Self {
        let before = self.doors.iter().filter(|d| d.area == area).count();
        self.doors.extend((before..before + n).map(|i| Door {
            area: area.to_owned(),
            building: (i / 8 + 1).to_string(),
            unit: "1".to_owned(),
            room: format!("{}{:02}", i % 8 / 4 + 1, i % 4 + 1),
            kind: "residential".to_owned(),
            number: String::new(),
        }));
        self
    }

    /// Every door with a number of the office's own, `n1`, `n2` …
    pub fn numbered(mut self) -> Self {
        for (n, door) in (1..).zip(&mut self.doors) {
            door.number = format!("n{n}");
        }
        self
    }

    /// With these policy tables.
    pub fn policy(mut self, toml: &str) -> Self {
        toml.clone_into(&mut self.policy);
        self
    }

    /// Under another name.
    pub fn named(mut self, slug: &str) -> Self {
        slug.clone_into(&mut self.slug);
        self
    }

    /// The case of the `n`-th door of the list.
    pub fn case(&self, n: usize) -> Uuid {
        self.household(n, 1)
    }

    /// The case of a further household behind the `n`-th door.
    pub fn household(&self, n: usize, household: u32) -> Uuid {
        CaseId::of(self.doors[n].dwelling(), &self.slug, household).0
    }

    /// Every case, in the order of the doors.
    pub fn cases(&self) -> Vec<Uuid> {
        (0..self.doors.len()).map(|n| self.case(n)).collect()
    }

    /// The files as a directory would hold them.
    pub fn files(&self) -> Memory {
        let (from, to) = &self.days;
        let toml = format!(
            "id = \"{}\"\nname = \"Test census\"\nname_zh = \"测试普查\"\ndistrict = \"{DISTRICT}\"\n\
             time_zone = \"Asia/Shanghai\"\nreference_at = \"2020-11-01T00:00:00+08:00\"\n\
             starts_on = \"{from}\"\nends_on = \"{to}\"\n{}\n",
            self.slug, self.policy
        );
        let mut areas = String::from("code,parent,level,name,name_zh\n");
        for (code, parent, level, name) in &self.areas {
            writeln!(areas, "{code},{parent},{level},{name},{name}苑").unwrap();
        }
        let mut doors = String::from("area,building,unit,floor,room,kind,lon,lat,external_id\n");
        for (i, d) in self.doors.iter().enumerate() {
            let lon = 112.97 + f64::from(u32::try_from(i).unwrap()) * 0.0001;
            let Door { area, building, unit, room, kind, number } = d;
            writeln!(doors, "{area},{building},{unit},1,{room},{kind},{lon:.6},34.75,{number}").unwrap();
        }
        let mut staff = String::from("user,name,role,area\n");
        for (user, role, area) in &self.staff {
            writeln!(staff, "{user},Staff {user},{role},{area}").unwrap();
        }
        let mut files = Memory::default();
        for (name, text) in
            [("survey.toml", toml), ("areas.csv", areas), ("dwellings.csv", doors), ("staff.csv", staff)]
        {
            files.put(name, text);
        }
        files
    }

    /// The set-up as the reader reads it.
    pub fn read(&self) -> Arc<Setup> {
        match setup::read(&self.files(), &mut |_| {}) {
            Ok(read) => Arc::new(read),
            Err(faults) => panic!("the test's own set-up is faulty:\n{faults}"),
        }
    }
}
