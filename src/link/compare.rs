//! Comparing two persons: the level each comparison reaches. Only name, birth, sex, ID and role are looked
//! at; door, phone and co-residents are the household's evidence and must not be counted here again.

use strsim::jaro_winkler;

use super::birth::compare_birth;
use super::citizen::IdQuality;
use super::codes::{
    BirthLevel, IdLevel, LatinLevel, NameLevel, OrderLevel, PersonLevels, RoleLevel, SexLevel,
};
use super::compare_latin::compare_latin;
use super::name::{Name, NameForm, Syllable};
use super::person::{PreparedPerson, Role, Sex};

impl PersonLevels {
    /// Two names that are one name, slips of hearing and writing allowed.
    pub fn names_agree(self) -> bool {
        let part = |l: LatinLevel| matches!(l, LatinLevel::Same | LatinLevel::Close);
        match self.name {
            NameLevel::Same
            | NameLevel::SameSound
            | NameLevel::SwappedGiven
            | NameLevel::NearSound
            | NameLevel::Spouse => true,
            NameLevel::Missing => {
                self.order == OrderLevel::Crossed || (part(self.given) && part(self.surname))
            }
            NameLevel::GivenSame
            | NameLevel::OneOfTwo
            | NameLevel::Contained
            | NameLevel::Nickname
            | NameLevel::VagueSurname
            | NameLevel::SurnameOnly
            | NameLevel::GivenShort
            | NameLevel::VagueOther
            | NameLevel::Other => false,
        }
    }

    /// Two Han names that are known and are not the same name, and no common ID speaks for a change of name.
    pub fn names_contradict(self) -> bool {
        if matches!(self.citizen, IdLevel::Same | IdLevel::SameRepaired) {
            return false;
        }
        match self.name {
            NameLevel::SurnameOnly | NameLevel::GivenShort | NameLevel::VagueOther | NameLevel::Other => true,
            NameLevel::Missing
            | NameLevel::Same
            | NameLevel::SameSound
            | NameLevel::SwappedGiven
            | NameLevel::NearSound
            | NameLevel::GivenSame
            | NameLevel::OneOfTwo
            | NameLevel::Contained
            | NameLevel::Nickname
            | NameLevel::Spouse
            | NameLevel::VagueSurname => false,
        }
    }
}

/// Compares two persons; symmetric.
pub fn compare_person(a: &PreparedPerson, b: &PreparedPerson) -> PersonLevels {
    let birth = compare_birth(a.birth, b.birth);
    let both_latin = a.name.form == NameForm::Latin && b.name.form == NameForm::Latin;
    let (name, (given, surname, order)) = if both_latin {
        (NameLevel::Missing, compare_latin(&a.name, &b.name))
    } else {
        (compare_name(a, b), (LatinLevel::Missing, LatinLevel::Missing, OrderLevel::Missing))
    };
    let names_differ = if both_latin {
        given == LatinLevel::Other
    } else {
        matches!(name, NameLevel::Other | NameLevel::SurnameOnly | NameLevel::VagueOther)
    };
    let births_differ = matches!(
        birth,
        BirthLevel::Other
            | BirthLevel::YearFar
            | BirthLevel::YearNear
            | BirthLevel::GuessFar
            | BirthLevel::SameYear
    );
    PersonLevels {
        name,
        given,
        surname,
        order,
        birth,
        citizen: compare_id(a, b, names_differ && births_differ),
        sex: compare_sex(a.sex, b.sex),
        role: compare_role(a.role, b.role),
    }
}

fn compare_sex(a: Option<Sex>, b: Option<Sex>) -> SexLevel {
    match (a, b) {
        (Some(x), Some(y)) if x == y => SexLevel::Same,
        (Some(_), Some(_)) => SexLevel::Different,
        (None, _) | (_, None) => SexLevel::Missing,
    }
}

fn compare_id(a: &PreparedPerson, b: &PreparedPerson, someone_else: bool) -> IdLevel {
    let (Some(x), Some(y)) = (a.citizen, b.citizen) else {
        return IdLevel::Missing;
    };
    let both_valid = x.quality == IdQuality::Valid && y.quality == IdQuality::Valid;
    let opaque = x.quality == IdQuality::Opaque || y.quality == IdQuality::Opaque;
    match (x.digest == y.digest, both_valid, opaque) {
        (true, _, _) if someone_else => IdLevel::Borrowed,
        (true, true, _) | (true, false, true) => IdLevel::Same,
        (true, false, false) => IdLevel::SameRepaired,
        (false, _, true) => IdLevel::OtherNumber,
        (false, _, false) => IdLevel::Conflict,
    }
}

fn compare_role(a: Option<Role>, b: Option<Role>) -> RoleLevel {
    use Role as R;
    let (Some(a), Some(b)) = (a, b) else {
        return RoleLevel::Missing;
    };
    if a == b {
        return RoleLevel::Same;
    }
    match (a, b) {
        (R::Head, R::Spouse | R::Child | R::Parent | R::Sibling)
        | (R::Spouse | R::Child | R::Parent | R::Sibling, R::Head)
        | (R::Spouse, R::Child | R::Parent)
        | (R::Child | R::Parent, R::Spouse)
        | (R::Child, R::Grandchild | R::Sibling)
        | (R::Grandchild | R::Sibling, R::Child)
        | (R::Parent, R::Grandparent)
        | (R::Grandparent, R::Parent)
        | (R::Other, _)
        | (_, R::Other) => RoleLevel::Compatible,
        _ => RoleLevel::Unlikely,
    }
}

/// The level of two names of which at least one is Han or vague.
fn compare_name(a: &PreparedPerson, b: &PreparedPerson) -> NameLevel {
    use NameForm as F;
    let (x, y) = (&a.name, &b.name);
    if is_full_match(x, y) {
        return NameLevel::Same;
    }
    if named_by_spouse(a, b) || named_by_spouse(b, a) || (x.spouse_of != 0 && x.spouse_of == y.spouse_of) {
        return NameLevel::Spouse;
    }
    match (x.form, y.form) {
        (F::Unknown, _) | (_, F::Unknown) => NameLevel::Missing,
        (F::Full, F::Full) => compare_full(x, y),
        (F::Latin, _) | (_, F::Latin) => compare_letters(x, y),
        (F::Nickname, _) => compare_nickname(x, y),
        (_, F::Nickname) => compare_nickname(y, x),
        (F::SurnameOnly | F::Unnamed, _) | (F::Full, F::SurnameOnly | F::Unnamed) => compare_vague(x, y),
    }
}

fn is_full_match(x: &Name, y: &Name) -> bool {
    x.full != 0 && x.full == y.full
}

fn named_by_spouse(a: &PreparedPerson, b: &PreparedPerson) -> bool {
    a.name.spouse_of != 0 && a.name.spouse_of == b.partner
}

fn compare_vague(x: &Name, y: &Name) -> NameLevel {
    if x.surname.is_empty() || y.surname.is_empty() {
        NameLevel::Missing
    } else if x.surname_sound == y.surname_sound {
        NameLevel::VagueSurname
    } else if x.form == NameForm::Unnamed || y.form == NameForm::Unnamed {
        NameLevel::Missing
    } else {
        NameLevel::VagueOther
    }
}

/// `x` is a nickname: its character is a surname or part of the given name.
fn compare_nickname(x: &Name, y: &Name) -> NameLevel {
    let fits = |s: &Syllable| y.syllables.iter().any(|t| t.han == s.han || t.sound == s.sound);
    let in_given = !x.syllables.is_empty() && x.syllables.iter().all(fits);
    if y.form != NameForm::SurnameOnly && y.form != NameForm::Unnamed && in_given {
        NameLevel::Nickname
    } else if x.surname_sound == y.surname_sound {
        NameLevel::VagueSurname
    } else if y.form == NameForm::Full {
        NameLevel::VagueOther
    } else {
        NameLevel::Missing
    }
}

/// A Latin name against a Han one: by pinyin letters, in either order.
fn compare_letters(x: &Name, y: &Name) -> NameLevel {
    if x.letters.is_empty() || y.letters.is_empty() {
        return compare_vague(x, y);
    }
    let (latin, han) = if x.form == NameForm::Latin { (x, y) } else { (y, x) };
    let other_order = format!("{}{}", latin.given, latin.surname);
    let best = jaro_winkler(&latin.letters, &han.letters).max(jaro_winkler(&other_order, &han.letters));
    if latin.letters == han.letters || other_order == han.letters {
        NameLevel::SameSound
    } else if best > 0.93 {
        NameLevel::NearSound
    } else {
        NameLevel::Other
    }
}

/// Two full Han names that are not the same characters.
fn compare_full(x: &Name, y: &Name) -> NameLevel {
    if x.sound == y.sound {
        return NameLevel::SameSound;
    }
    let given_same = x.given == y.given;
    if x.surname_sound != y.surname_sound {
        let long = x.syllables.len() >= 2;
        let given_sounds = sounds_equal(&x.syllables, &y.syllables);
        return match (given_same || given_sounds, long) {
            (true, _) if x.surname_near == y.surname_near => NameLevel::NearSound,
            (true, true) => NameLevel::GivenSame,
            (true, false) => NameLevel::GivenShort,
            (false, _) if surname_lost(x, y) || surname_lost(y, x) => NameLevel::GivenSame,
            (false, _) => NameLevel::Other,
        };
    }
    compare_given(x, y)
}

fn sounds_equal(x: &[Syllable], y: &[Syllable]) -> bool {
    x.len() == y.len() && x.iter().zip(y).all(|(s, t)| s.sound == t.sound)
}

/// `x` was written without its surname: 志强 for 王志强.
fn surname_lost(x: &Name, y: &Name) -> bool {
    y.syllables.len() == 2 && y.given.strip_prefix(&x.surname) == Some(x.given.as_str())
}

/// Given names under one surname.
fn compare_given(x: &Name, y: &Name) -> NameLevel {
    let same = |s: &Syllable, t: &Syllable| s.han == t.han || s.sound == t.sound;
    let near = |s: &Syllable, t: &Syllable| same(s, t) || s.near == t.near;
    match (x.syllables.as_slice(), y.syllables.as_slice()) {
        ([s], [t]) if near(s, t) => NameLevel::NearSound,
        ([_], [_]) => NameLevel::SurnameOnly,
        ([s1, s2], [t1, t2]) => {
            if same(s1, t2) && same(s2, t1) {
                NameLevel::SwappedGiven
            } else if near(s1, t1) && near(s2, t2) {
                NameLevel::NearSound
            } else if same(s1, t1) || same(s2, t2) {
                NameLevel::OneOfTwo
            } else {
                NameLevel::SurnameOnly
            }
        }
        ([s], [t1, t2]) | ([t1, t2], [s]) => {
            if same(s, t1) || same(s, t2) {
                NameLevel::Contained
            } else {
                NameLevel::SurnameOnly
            }
        }
        (_, _) if jaro_winkler(&x.letters, &y.letters) > 0.9 => NameLevel::OneOfTwo,
        (_, _) => NameLevel::SurnameOnly,
    }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
