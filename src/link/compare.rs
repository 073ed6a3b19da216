//! Comparing two persons: the level each comparison reaches. Only name, birth, sex, ID and role are looked
//! at; door, phone and co-residents are the household's evidence and must not be counted here again.

use strsim::jaro_winkler;

use super::birth::{BirthLevel, compare_birth};
use super::citizen::IdQuality;
use super::compare_latin::compare_latin;
use super::levels::{comparisons, levels};
use super::name::{Name, NameForm, Syllable};
use super::person::{PreparedPerson, Role, Sex};

levels! {
    /// How two names agree when at least one is Han, best first.
    pub enum NameLevel {
        Missing = "missing", "missing", "缺";
        Same = "same characters", "same characters", "同字";
        SameSound = "same sound", "same sound", "同音";
        SwappedGiven = "given characters swapped", "given characters swapped", "名字两字颠倒";
        NearSound = "nearly the same sound", "nearly the same sound", "近音";
        GivenSame = "same given name, other surname", "same given name, other surname", "名同姓不同";
        OneOfTwo = "same surname, one of two given characters", "same surname, one of two given characters", "姓同，名有一字同";
        Contained = "same surname, a given character lost", "same surname, a given character lost", "姓同，名缺一字";
        Nickname = "nickname fits the given name", "nickname fits the given name", "小名与名相符";
        Spouse = "named by the spouse", "named by the spouse", "以配偶称呼";
        VagueSurname = "vague, same surname", "vague, same surname", "模糊，姓同";
        SurnameOnly = "same surname only", "same surname only", "仅姓同";
        GivenShort = "same one-character given name, other surname", "same one-character given name, other surname", "单名同，姓不同";
        VagueOther = "vague, other surname", "vague, other surname", "模糊，姓不同";
        Other = "different", "different", "不同";
    }
}

levels! {
    /// How one part of two Latin names agrees, best first.
    pub enum LatinLevel {
        Missing = "missing", "missing", "缺";
        Same = "same letters", "same letters", "字母相同";
        Close = "a slip apart", "a slip apart", "相差一处";
        Similar = "similar", "similar", "相近";
        Initial = "initial or shortened", "initial or shortened", "首字母或缩写";
        Other = "different", "different", "不同";
    }
}

levels! {
    /// Whether given name and surname stand in the same order in two Latin names.
    pub enum OrderLevel {
        Missing = "missing", "missing", "缺";
        Straight = "same order", "same order", "顺序相同";
        Crossed = "given name and surname exchanged", "given name and surname exchanged", "姓名颠倒";
    }
}

levels! {
    /// How two citizen IDs agree.
    pub enum IdLevel {
        Missing = "missing", "missing", "缺";
        Same = "same", "same", "相同";
        SameRepaired = "same, one repaired", "same, one repaired", "相同（一处更正）";
        Borrowed = "same, but name and birth differ", "same, but name and birth differ", "相同，但姓名和出生不同";
        Conflict = "conflict", "conflict", "矛盾";
        OtherNumber = "other number without a check digit", "other number without a check digit", "号码不同且无校验位";
    }
}

levels! {
    /// Sex.
    pub enum SexLevel {
        Missing = "missing", "missing", "缺";
        Same = "same", "same", "相同";
        Different = "different", "different", "不同";
    }
}

levels! {
    /// Relationship to the two heads, who may be different people.
    pub enum RoleLevel {
        Missing = "missing", "missing", "缺";
        Same = "same", "same", "相同";
        Compatible = "possible under another head", "possible under another head", "户主不同时可能";
        Unlikely = "unlikely", "unlikely", "不太可能";
    }
}

comparisons! {
    /// The level of every person comparison for one pair. The given name, the surname and their order are compared where both
    /// names are Latin, the name as one where they are not. The first level of each says that a value is missing.
    pub struct PersonLevels;
    /// One person comparison and the level it reached.
    pub enum PersonFound {
        name: Name(NameLevel) = "name", "name", "姓名";
        given: Given(LatinLevel) = "given name", "given name", "名";
        surname: Surname(LatinLevel) = "surname", "surname", "姓";
        order: Order(OrderLevel) = "name order", "order of the name", "姓名顺序";
        birth: Birth(BirthLevel) = "birth", "birth", "出生";
        citizen: Citizen(IdLevel) = "citizen id", "ID number", "证件号";
        sex: Sex(SexLevel) = "sex", "sex", "性别";
        role: Role(RoleLevel) = "relationship", "relationship", "与户主关系";
    }
}

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
