//! What is true behind every listed door of a rehearsal: who lives there, when they are in, how they take a visit, and
//! which doors belong together. The enumerators of `field` find out only what they see.

use super::address;
use super::dice::Dice;
use super::family::{self, Family, Shape, Wanted};
use super::home::{Behind, Home, Temper};
use super::number::Numbers;
use super::stay::{self, Stay};
use crate::domain::code::{DwellingKind, Relationship, ResidenceStatus};
use crate::setup::{AreaRow, DwellingRow, Setup};
use jiff::civil::Date;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// All doors with what is behind them.
pub struct World<'a> {
    /// The set-up.
    pub setup: &'a Setup,
    /// Residential doors in the order of the list.
    pub homes: Vec<Home>,
    /// The day ages are counted for.
    pub reference: Date,
    seed: u64,
    areas: HashMap<&'a str, &'a AreaRow>,
    numbers: Numbers,
    families: HashMap<usize, Rc<Family>>,
}

impl<'a> World<'a> {
    /// Makes up what is behind the residential doors of `setup`.
    pub fn new(setup: &'a Setup, seed: u64) -> Self {
        let residential = |row: &&(usize, &DwellingRow)| row.1.kind == DwellingKind::Residential;
        let rows: Vec<_> = setup.dwellings.iter().enumerate().collect();
        let homes = rows.iter().filter(residential).map(|&(at, row)| Home::draw(seed, at, row)).collect();
        let reference = setup.survey.zone().to_datetime(setup.survey.reference_at).date();
        let (numbers, families) = (Numbers::default(), HashMap::new());
        let areas = setup.areas.iter().map(|area| (&*area.code, area)).collect();
        let mut world = Self { setup, homes, reference, seed, areas, numbers, families };
        world.tie();
        world
    }

    /// The list's row of a home.
    pub fn row(&self, home: usize) -> &'a DwellingRow {
        &self.setup.dwellings[self.homes[home].row]
    }

    /// The area a home lies in.
    pub fn area(&self, home: usize) -> Option<&'a AreaRow> {
        self.areas.get(&*self.row(home).area).copied()
    }

    /// A stream of draws about one home.
    pub fn dice(&self, home: usize, what: &str) -> Dice {
        Dice::of(self.seed, &[what, &self.row(home).id.to_string()])
    }

    /// The home's address as somebody writes it.
    pub fn address(&self, dice: &mut Dice, home: usize) -> String {
        let estate = self.area(home).map_or("", |area| area.name_zh.as_str());
        address::written(dice, self.row(home), estate)
    }

    /// Ties doors together: families met at two doors, and parents whose grown child lives at another door.
    fn tie(&mut self) {
        let count = self.homes.len();
        let mut tied = HashSet::new();
        for home in 0..count {
            let mut dice = self.dice(home, "ties");
            let other = dice.below(count);
            if other == home || tied.contains(&home) || tied.contains(&other) {
                continue;
            }
            let (Behind::Lived(shape), Behind::Lived(_)) =
                (self.homes[home].behind, self.homes[other].behind)
            else {
                continue;
            };
            let far = self.row(home).area != self.row(other).area;
            if dice.chance(0.016) {
                self.homes[home].behind = Behind::AlsoAt(other);
                self.homes[other].temper = Temper::Willing;
                self.homes[home].temper = Temper::Willing;
            } else if shape == Shape::OldCouple && dice.chance(if far { 0.4 } else { 0.1 }) {
                self.homes[home].child_at = Some(other);
                self.homes[other].parents_at = Some(home);
                self.homes[other].behind =
                    Behind::Lived(dice.pick(&[Shape::Single, Shape::Couple, Shape::OneChild]));
            } else {
                continue;
            }
            tied.extend([home, other]);
        }
    }

    /// The household behind a home, made up when first asked for; `None` where nobody is registered.
    pub fn family(&mut self, home: usize) -> Option<Rc<Family>> {
        if let Some(family) = self.families.get(&home) {
            return Some(Rc::clone(family));
        }
        let mut family = match self.homes[home].behind {
            Behind::AlsoAt(other) => return self.family(other),
            Behind::Empty(_) | Behind::NoHome(_) => return None,
            Behind::Lived(shape) | Behind::AllAway(shape) => self.invent(home, shape),
        };
        if let Some(child) = self.homes[home].child_at {
            self.add_absent_child(home, child, &mut family);
        }
        if let Some(parents) = self.homes[home].parents_at {
            self.register_with_parents(home, parents, &mut family);
        }
        if matches!(self.homes[home].behind, Behind::AllAway(_)) {
            stay::all_away(&mut self.dice(home, "away"), &mut family);
        }
        let family = Rc::new(family);
        self.families.insert(home, Rc::clone(&family));
        Some(family)
    }

    fn invent(&mut self, home: usize, shape: Shape) -> Family {
        let mut dice = self.dice(home, "family");
        let child = self.homes[home].child_at.and_then(|child| self.family(child));
        let head = child.as_ref().map(|family| &family.persons[0]);
        let older = i16::try_from(dice.range(23, 29)).unwrap_or(25);
        let wanted = Wanted {
            shape,
            surname: head.map(|head| head.name.surname.clone()),
            head_born: head.map(|head| head.birth.year() - older),
            reference: self.reference,
        };
        family::invent(&mut dice, &wanted, &mut self.numbers)
    }

    /// A household that is on no list, made up by `name`.
    pub fn strangers(&mut self, name: &str) -> Family {
        let mut dice = Dice::of(self.seed, &["strangers", name]);
        let shape = dice.pick(&[Shape::Single, Shape::Couple, Shape::OneChild]);
        let wanted = Wanted { shape, surname: None, head_born: None, reference: self.reference };
        family::invent(&mut dice, &wanted, &mut self.numbers)
    }

    /// The parents list their grown child: registered here, living at the other door.
    fn add_absent_child(&mut self, home: usize, child: usize, family: &mut Family) {
        let Some(head) = self.family(child).map(|family| family.persons[0].clone()) else {
            return;
        };
        let apart = self.steps_apart(home, child);
        let address = self.address(&mut self.dice(home, "child's address"), child);
        let stayed_at = apart.min(4);
        let mut person = head;
        person.relationship = Relationship::Child;
        person.stay = Stay {
            here: false,
            stayed_at: Some(stayed_at),
            registered_at: Some(1),
            time_away: Some(if stayed_at <= 3 { 1 } else { 4 }),
            status: ResidenceStatus::AbsentRegistered,
            other_address: Some(address),
        };
        family.persons.push(person);
    }

    /// The grown child lives here and is still registered at the parents' door.
    fn register_with_parents(&self, home: usize, parents: usize, family: &mut Family) {
        let apart = self.steps_apart(home, parents);
        let address = self.address(&mut self.dice(home, "parents' address"), parents);
        // Within one community the form has no code for "at another door": the two items stay blank.
        let registered_at = (apart > 2).then(|| (apart - 1).min(3));
        family.persons[0].stay = Stay {
            here: true,
            stayed_at: registered_at.map(|_| 1),
            registered_at,
            time_away: registered_at.map(|code| if code == 2 { 1 } else { 4 }),
            status: ResidenceStatus::HereElsewhere,
            other_address: Some(address),
        };
    }

    /// 1: the same small area, 2: another of the same community, 3: of the same township, 4: farther; judged by how
    /// far above the doors' areas the tree brings them together.
    fn steps_apart(&self, a: usize, b: usize) -> u8 {
        let (Some(a), Some(b)) = (self.area(a), self.area(b)) else {
            return 4;
        };
        let common = self
            .setup
            .areas
            .iter()
            .filter(|area| area.holds(a) && area.holds(b))
            .map(|area| area.depth)
            .max();
        u8::try_from(a.depth.saturating_sub(common.unwrap_or(0))).unwrap_or(u8::MAX).saturating_add(1).min(4)
    }
}
