//! The household's evidence: what two interviews have in common beyond each single person.
//! Nothing of a person's own comparison is looked at again except the weight and the level of the ID.

use super::address::AddressMatch;
use super::codes::{
    AbsentLevel, ChangedLevel, DoorClass, DoorLevel, GapLevel, HeadLevel, HouseholdLevels, IdLevel, IdsLevel,
    LatinLevel, LeftLevel, NameLevel, NamesLevel, OverlapLevel, PersonLevels, PhoneLevel, RefersLevel,
    SizeLevel, SpeakerLevel, StrengthLevel, TenureLevel,
};
use super::frequency::Frequencies;
use super::person::{PreparedPerson, Role};
use super::prepared::{Prepared, Script, Speaker, Tenure};
use super::score::PersonMatch;

/// Weight from which a person match counts as strong, in bits.
pub const STRONG: f64 = 8.0;
/// What one person can add to the strength of a household match, in bits.
const MOST_PER_PERSON: f64 = 30.0;
/// What a match that counts adds at least: it is there, however little it weighs.
const LEAST_PER_PERSON: f64 = 0.1;

/// Compares the doors.
pub fn compare_door(a: &Prepared, b: &Prepared) -> DoorLevel {
    let codes = (a.code != 0 && b.code != 0).then_some(a.code == b.code);
    let address = if a.area == b.area { a.address.compare(&b.address) } else { other_area(a, b) };
    match (address, codes) {
        (AddressMatch::Same | AddressMatch::Near, Some(true)) => DoorLevel::CodeAndAddress,
        (AddressMatch::Same, Some(false)) => DoorLevel::AddressOtherCode,
        (AddressMatch::Same, None) => DoorLevel::AddressOnly,
        (AddressMatch::Unknown, Some(true)) => DoorLevel::CodeOnly,
        (AddressMatch::Building | AddressMatch::Different, Some(true)) => DoorLevel::CodeOtherAddress,
        (AddressMatch::Near, Some(false) | None) => DoorLevel::NearAddress,
        (AddressMatch::Building, Some(false) | None) => DoorLevel::Building,
        (AddressMatch::Different, Some(false) | None) | (AddressMatch::Unknown, Some(false)) => {
            DoorLevel::Elsewhere
        }
        (AddressMatch::Unknown, None) => DoorLevel::Unknown,
    }
}

/// Areas do not overlap, but where addresses are Latin the area is a post code and may be mistyped.
fn other_area(a: &Prepared, b: &Prepared) -> AddressMatch {
    let latin = a.script == Script::Latin && b.script == Script::Latin;
    match a.address.compare(&b.address) {
        AddressMatch::Unknown => AddressMatch::Unknown,
        same @ (AddressMatch::Same | AddressMatch::Near) if latin => same,
        AddressMatch::Same | AddressMatch::Near | AddressMatch::Building | AddressMatch::Different => {
            AddressMatch::Different
        }
    }
}

/// Levels of a pair of interviews, given its door level and its persons matched one to one.
pub fn compare_household(
    a: &Prepared,
    b: &Prepared,
    door: DoorLevel,
    matches: &[PersonMatch],
    frequencies: &Frequencies,
) -> HouseholdLevels {
    let absent = match (a.living(), b.living()) {
        (0, 0) => AbsentLevel::Both,
        (0, _) | (_, 0) => AbsentLevel::One,
        (_, _) => AbsentLevel::Neither,
    };
    let chance = match door.class() {
        DoorClass::Same => 0.0,
        DoorClass::Other => frequencies.chance_bits(&a.area, &b.area),
    };
    HouseholdLevels {
        door,
        strength: strength(matches, chance),
        overlap: overlap(a, b, matches, absent),
        left: left(a, b, matches, absent),
        phone: compare_phone(a, b, frequencies),
        absent,
        speaker: compare_speakers(a.speaker, b.speaker),
        ids: compare_ids(matches),
        names: compare_names(matches),
        gap: compare_gap(a, b),
        tenure: compare_tenure(a.tenure, b.tenure),
        changed: changed(a, b, matches),
        refers: refers(a, b, matches),
        head: compare_head(a, b, matches),
        size: match a.living().abs_diff(b.living()) {
            0 => SizeLevel::Same,
            1 => SizeLevel::OneOff,
            _ => SizeLevel::More,
        },
    }
}

fn compare_speakers(a: Speaker, b: Speaker) -> SpeakerLevel {
    match (a, b) {
        (Speaker::Own, Speaker::Own) => SpeakerLevel::Own,
        (Speaker::Proxy, Speaker::Proxy) => SpeakerLevel::BothProxy,
        (Speaker::Own, Speaker::Proxy) | (Speaker::Proxy, Speaker::Own) => SpeakerLevel::OneProxy,
    }
}

fn compare_tenure(a: Option<Tenure>, b: Option<Tenure>) -> TenureLevel {
    match (a, b) {
        (Some(x), Some(y)) if x == y => TenureLevel::Same,
        (Some(_), Some(_)) => TenureLevel::Different,
        (None, _) | (_, None) => TenureLevel::Missing,
    }
}

/// Sum of the weights of the matches that count, each capped, in bits.
pub fn people_bits(matches: &[PersonMatch]) -> f64 {
    matches.iter().filter(|m| m.is_evidence).map(|m| m.weight.clamp(LEAST_PER_PERSON, MOST_PER_PERSON)).sum()
}

/// `chance`: bits by which chance agreement is likelier than in the round of the model.
fn strength(matches: &[PersonMatch], chance: f64) -> StrengthLevel {
    let sum = people_bits(matches);
    match sum - chance {
        _ if sum <= 0.0 => StrengthLevel::Nobody,
        s if s <= 3.0 => StrengthLevel::To3,
        s if s <= 6.0 => StrengthLevel::To6,
        s if s <= 9.0 => StrengthLevel::To9,
        s if s <= 12.0 => StrengthLevel::To12,
        s if s <= 16.0 => StrengthLevel::To16,
        s if s <= 20.0 => StrengthLevel::To20,
        s if s <= 25.0 => StrengthLevel::To25,
        s if s <= 32.0 => StrengthLevel::To32,
        s if s <= 45.0 => StrengthLevel::To45,
        _ => StrengthLevel::Over45,
    }
}

/// Living people count; where nobody lives at either door, all listed people do.
fn counts(person: &PreparedPerson, absent: AbsentLevel) -> bool {
    absent == AbsentLevel::Both || person.is_living()
}

fn overlap(a: &Prepared, b: &Prepared, matches: &[PersonMatch], absent: AbsentLevel) -> OverlapLevel {
    let listed = |x: &Prepared| x.persons.iter().filter(|p| counts(p, absent)).count();
    let both = matches
        .iter()
        .filter(|m| m.is_evidence && counts(&a.persons[m.a], absent) && counts(&b.persons[m.b], absent))
        .count();
    let union = listed(a) + listed(b) - both;
    match (both, union) {
        (0, _) => OverlapLevel::Nobody,
        (m, u) if m == u => OverlapLevel::All,
        (m, u) if m * 3 >= u * 2 => OverlapLevel::Most,
        (m, u) if m * 2 >= u => OverlapLevel::UnderTwoThirds,
        (m, u) if m * 3 >= u => OverlapLevel::UnderHalf,
        _ => OverlapLevel::UnderThird,
    }
}

fn left(a: &Prepared, b: &Prepared, matches: &[PersonMatch], absent: AbsentLevel) -> LeftLevel {
    let free = |x: &Prepared, side: fn(&PersonMatch) -> usize| {
        let unmatched = |i: &usize| !matches.iter().any(|m| m.is_evidence && side(m) == *i);
        (0..x.persons.len())
            .filter(unmatched)
            .filter(|i| counts(&x.persons[*i], absent) && x.persons[*i].is_clear())
            .count()
    };
    match (free(a, |m| m.a), free(b, |m| m.b)) {
        (0, 0) => LeftLevel::Nobody,
        (0, 1) | (1, 0) => LeftLevel::OneSideOne,
        (0, _) | (_, 0) => LeftLevel::OneSideMore,
        (1, _) | (_, 1) => LeftLevel::BothOne,
        (_, _) => LeftLevel::BothMore,
    }
}

fn compare_phone(a: &Prepared, b: &Prepared, frequencies: &Frequencies) -> PhoneLevel {
    let known = |phone: u64| phone != 0 && !frequencies.is_shared_phone(phone);
    match (known(a.phone) && known(b.phone), a.phone == b.phone) {
        (false, _) => PhoneLevel::Missing,
        (true, true) => PhoneLevel::Same,
        (true, false) => PhoneLevel::Different,
    }
}

fn compare_ids(matches: &[PersonMatch]) -> IdsLevel {
    let count =
        |f: fn(IdLevel) -> bool| matches.iter().filter(|m| m.is_evidence && f(m.levels.citizen)).count();
    let same = count(|l| matches!(l, IdLevel::Same | IdLevel::SameRepaired));
    let conflict = count(|l| l == IdLevel::Conflict);
    match (same, conflict) {
        (0, 0) => IdsLevel::NoneGiven,
        (1, 0) => IdsLevel::One,
        (_, 0) => IdsLevel::Several,
        (0, _) => IdsLevel::Conflict,
        (_, _) => IdsLevel::Mixed,
    }
}

fn compare_names(matches: &[PersonMatch]) -> NamesLevel {
    let count = |f: fn(PersonLevels) -> bool| matches.iter().filter(|m| m.is_evidence && f(m.levels)).count();
    let same = count(PersonLevels::names_agree);
    let similar = count(|l| {
        matches!(l.name, NameLevel::OneOfTwo | NameLevel::Contained | NameLevel::GivenSame)
            || l.given == LatinLevel::Same
            || l.surname == LatinLevel::Same
    });
    match (same, similar, matches.iter().any(|m| m.is_evidence)) {
        (0, 0, false) => NamesLevel::Nobody,
        (0, 0, true) => NamesLevel::Vague,
        (0, _, _) => NamesLevel::Similar,
        (1, _, _) => NamesLevel::One,
        (_, _, _) => NamesLevel::Several,
    }
}

fn compare_gap(a: &Prepared, b: &Prepared) -> GapLevel {
    let (Some(x), Some(y)) = (a.event_time, b.event_time) else {
        return GapLevel::Unknown;
    };
    match (x - y).abs() / 86_400 {
        0..=2 => GapLevel::Days3,
        3..=13 => GapLevel::Days14,
        _ => GapLevel::More,
    }
}

fn changed(a: &Prepared, b: &Prepared, matches: &[PersonMatch]) -> ChangedLevel {
    let moved = |m: &&PersonMatch| m.is_evidence && a.persons[m.a].presence != b.persons[m.b].presence;
    match matches.iter().filter(moved).count() {
        0 => ChangedLevel::Nobody,
        1 => ChangedLevel::One,
        _ => ChangedLevel::More,
    }
}

fn refers(a: &Prepared, b: &Prepared, matches: &[PersonMatch]) -> RefersLevel {
    let names = |p: &PreparedPerson, door: &Prepared| {
        p.elsewhere.as_ref().is_some_and(|e| e.compare(&door.address) == AddressMatch::Same)
    };
    let any =
        matches.iter().any(|m| m.is_evidence && (names(&a.persons[m.a], b) || names(&b.persons[m.b], a)));
    if any { RefersLevel::Yes } else { RefersLevel::No }
}

fn compare_head(a: &Prepared, b: &Prepared, matches: &[PersonMatch]) -> HeadLevel {
    let head = |x: &Prepared| x.persons.iter().position(|p| p.role == Some(Role::Head));
    let (Some(ha), Some(hb)) = (head(a), head(b)) else {
        return HeadLevel::Vague;
    };
    let of_a = matches.iter().find(|m| m.is_evidence && m.a == ha);
    let of_b = matches.iter().find(|m| m.is_evidence && m.b == hb);
    match (of_a, of_b) {
        (Some(m), _) if m.b == hb && m.weight >= STRONG => HeadLevel::Same,
        (Some(m), _) if m.b == hb => HeadLevel::SameWeak,
        (Some(_), Some(_)) => HeadLevel::Member,
        (_, _) if !a.persons[ha].is_clear() || !b.persons[hb].is_clear() => HeadLevel::Vague,
        (Some(_), None) | (None, Some(_)) => HeadLevel::Member,
        (None, None) => HeadLevel::Gone,
    }
}
