//! Invented families: who lives together, how they are related, when they were born, where they are registered.
//! Every person belongs to nobody: citizen IDs carry the area code 419999, which is assigned to no place, and telephone
//! numbers begin with 10, as no mobile number does.

use super::dice::Dice;
use super::names::{self, Name};
use super::number::Numbers;
use super::stay::{self, Stay};
use crate::domain::code::{HouseholdType, Relationship, Sex, Tenure};
use jiff::ToSpan;
use jiff::civil::Date;

/// The shape of a household.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One working person.
    Single,
    /// Two, no child yet.
    Couple,
    /// Two with a child.
    OneChild,
    /// Two with two or three children.
    Children,
    /// Parents, child or children, and one or two grandparents.
    ThreeGenerations,
    /// Two pensioners.
    OldCouple,
    /// One pensioner.
    OldSingle,
    /// One parent with a child.
    OneParent,
    /// Unrelated young people who share a flat.
    Sharers,
}

/// One invented person.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Name.
    pub name: Name,
    /// Sex.
    pub sex: Sex,
    /// Day of birth.
    pub birth: Date,
    /// Citizen ID with its check digit; newborns may have none yet.
    pub citizen_id: Option<String>,
    /// Relationship to the first person.
    pub relationship: Relationship,
    /// Where the person stayed and is registered.
    pub stay: Stay,
}

impl Person {
    /// Full years on `day`.
    pub fn age(&self, day: Date) -> i16 {
        let had_birthday = (day.month(), day.day()) >= (self.birth.month(), self.birth.day());
        day.year() - self.birth.year() - i16::from(!had_birthday)
    }
}

/// One invented household.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// The head first.
    pub persons: Vec<Person>,
    /// Item H1.
    pub household_type: HouseholdType,
    /// Owner or tenant.
    pub tenure: Tenure,
    /// A telephone number of impossible shape.
    pub phone: Option<String>,
    /// Item H6, square metres.
    pub floor_area_m2: f64,
    /// Item H7.
    pub rooms: u8,
}

impl Family {
    /// The household's second person, if that is the head's spouse.
    pub fn spouse(&self) -> Option<usize> {
        self.persons.iter().position(|person| person.relationship == Relationship::Spouse)
    }
}

/// What is known before a family is made up.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its shape.
    pub shape: Shape,
    /// The head's surname, where a relative elsewhere decides it.
    pub surname: Option<String>,
    /// The head's year of birth, where a relative elsewhere decides it.
    pub head_born: Option<i16>,
    /// The day ages are counted for.
    pub reference: Date,
}

/// Makes up one family; `numbers` keeps its citizen IDs apart from everybody else's.
pub fn invent(dice: &mut Dice, wanted: &Wanted, numbers: &mut Numbers) -> Family {
    let mut making = Making { dice, numbers, reference: wanted.reference, persons: Vec::new() };
    making.people(wanted);
    let persons = making.persons;
    let is_collective = wanted.shape == Shape::Sharers;
    let household_type = if is_collective { HouseholdType::Collective } else { HouseholdType::Family };
    let tenure = if dice.chance(rents(wanted.shape)) { Tenure::Rent } else { Tenure::Own };
    let mut family = Family {
        persons,
        household_type,
        tenure,
        phone: dice.chance(0.88).then(|| format!("10{:09}", dice.range(0, 999_999_999))),
        floor_area_m2: f64::from(i32::try_from(dice.range(84, 270)).unwrap_or(170)) / 2.0,
        rooms: u8::try_from(dice.range(1, 4)).unwrap_or(2),
    };
    stay::settle(dice, &mut family, wanted.reference);
    family
}

/// A family being made up.
struct Making<'a> {
    dice: &'a mut Dice,
    numbers: &'a mut Numbers,
    reference: Date,
    persons: Vec<Person>,
}

impl Making<'_> {
    fn people(&mut self, wanted: &Wanted) {
        let (low, high) = head_ages(wanted.shape);
        let drawn = self.born(low, high);
        let year = wanted.head_born.unwrap_or(drawn);
        let surname = wanted.surname.clone().unwrap_or_else(|| names::surname(self.dice).to_owned());
        let woman = if wanted.surname.is_some() { 0.0 } else { woman_heads(wanted.shape) };
        let sex = if self.dice.chance(woman) { Sex::F } else { Sex::M };
        self.add(surname.clone(), sex, year, Relationship::Head);
        match wanted.shape {
            Shape::Single | Shape::OldSingle => {}
            Shape::Couple | Shape::OldCouple => self.spouse(year, sex),
            Shape::OneChild => {
                self.spouse(year, sex);
                self.children(&surname, year, 1);
            }
            Shape::Children => {
                self.spouse(year, sex);
                let count = if self.dice.chance(0.15) { 3 } else { 2 };
                self.children(&surname, year, count);
            }
            Shape::ThreeGenerations => {
                self.spouse(year, sex);
                let count = self.dice.range(1, 2);
                self.children(&surname, year, count);
                self.grandparents(&surname, year);
            }
            Shape::OneParent => self.children(&surname, year, 1),
            Shape::Sharers => self.flatmates(),
        }
    }

    fn flatmates(&mut self) {
        for _ in 0..self.dice.range(1, 3) {
            let (year, sex) = (self.born(19, 30), self.dice.pick(&[Sex::M, Sex::F]));
            let surname = names::surname(self.dice).to_owned();
            self.add(surname, sex, year, Relationship::Other);
        }
    }

    /// A year of birth for an age between `low` and `high`.
    fn born(&mut self, low: i64, high: i64) -> i16 {
        self.reference.year() - i16::try_from(self.dice.range(low, high)).unwrap_or(40)
    }

    fn spouse(&mut self, head_born: i16, head: Sex) {
        let (sex, younger) = match head {
            Sex::M => (Sex::F, self.dice.range(-1, 5)),
            Sex::F => (Sex::M, self.dice.range(-5, 1)),
        };
        let surname = names::surname(self.dice).to_owned();
        let latest = self.reference.year() - 20;
        self.add(
            surname,
            sex,
            (head_born + i16::try_from(younger).unwrap_or(0)).min(latest),
            Relationship::Spouse,
        );
    }

    fn children(&mut self, surname: &str, head_born: i16, count: i64) {
        let mut year = head_born + i16::try_from(self.dice.range(22, 30)).unwrap_or(25);
        for _ in 0..count {
            if year > self.reference.year() {
                return;
            }
            let sex = self.dice.pick(&[Sex::M, Sex::F]);
            self.add(surname.to_owned(), sex, year, Relationship::Child);
            year += i16::try_from(self.dice.range(2, 6)).unwrap_or(3);
        }
    }

    fn grandparents(&mut self, surname: &str, head_born: i16) {
        let year = head_born - i16::try_from(self.dice.range(22, 30)).unwrap_or(25);
        let both = self.dice.chance(0.5);
        if both || self.dice.chance(0.3) {
            self.add(surname.to_owned(), Sex::M, year - 1, Relationship::Parent);
        }
        if both || self.persons.last().is_some_and(|person| person.relationship != Relationship::Parent) {
            let surname = names::surname(self.dice).to_owned();
            self.add(surname, Sex::F, year, Relationship::Parent);
        }
    }

    fn add(&mut self, surname: String, sex: Sex, year: i16, relationship: Relationship) {
        let latest = self.reference.yesterday().unwrap_or(self.reference);
        let (month, day) = (self.dice.range(1, 12), self.dice.range(1, 28));
        let drawn = Date::new(year, i8::try_from(month).unwrap_or(1), i8::try_from(day).unwrap_or(1));
        let birth = drawn.unwrap_or(latest).min(latest);
        let newborn = birth > self.reference.saturating_sub(3.months());
        let number = self.numbers.take(self.dice, birth, sex);
        self.persons.push(Person {
            name: Name { surname, given: names::given(self.dice, sex, year) },
            sex,
            birth,
            citizen_id: (!newborn).then_some(number),
            relationship,
            stay: Stay::HOME,
        });
    }
}

/// How often a woman is named as the head.
fn woman_heads(shape: Shape) -> f64 {
    match shape {
        Shape::Single | Shape::Sharers => 0.5,
        Shape::OneParent | Shape::OldSingle => 0.75,
        Shape::Couple | Shape::OneChild | Shape::Children | Shape::ThreeGenerations | Shape::OldCouple => 0.2,
    }
}

/// Youngest and oldest age of the head.
fn head_ages(shape: Shape) -> (i64, i64) {
    match shape {
        Shape::Single | Shape::Couple => (22, 37),
        Shape::OneChild | Shape::OneParent => (27, 48),
        Shape::Children => (30, 46),
        Shape::ThreeGenerations => (31, 47),
        Shape::OldCouple => (60, 84),
        Shape::OldSingle => (65, 90),
        Shape::Sharers => (19, 30),
    }
}

/// How often such a household rents.
fn rents(shape: Shape) -> f64 {
    match shape {
        Shape::Sharers => 1.0,
        Shape::Single | Shape::Couple => 0.55,
        Shape::OneChild | Shape::Children | Shape::OneParent => 0.2,
        Shape::ThreeGenerations | Shape::OldCouple | Shape::OldSingle => 0.05,
    }
}
