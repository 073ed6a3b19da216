//! One suspected pair as a table: what was compared, both values as far as the reader may see them, what it weighs.

use std::collections::BTreeMap;

use pinyin::ToPinyin;
use serde_json::Value;

use super::bar::escaped;
use super::panel::named;
use super::visitor::Visitor;
use super::words::Words;
use crate::dedupe::view::{Sight, sight};
use crate::domain::{Relationship, Tenure};
use crate::link::codes::{HouseholdFound, PersonFound};
use crate::link::explain::{Explanation, PersonExplanation, Step};
use crate::store::link::read::Pair;
use crate::store::link::text::{FormPerson, FormRow};

/// Within so many bits a comparison says little.
const LITTLE: f64 = 0.5;

/// What a weight says of two forms being one household's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaks {
    For,
    Little,
    Against,
}

impl Speaks {
    fn of(bits: f64) -> Self {
        if bits > LITTLE {
            Self::For
        } else if bits < -LITTLE {
            Self::Against
        } else {
            Self::Little
        }
    }

    /// Name of the sign in the sprite.
    fn sign(self) -> &'static str {
        match self {
            Self::For => "same",
            Self::Little => "near",
            Self::Against => "differs",
        }
    }

    fn words(self, words: Words) -> String {
        match self {
            Self::For => words.t("cmp.for").to_owned(),
            Self::Little => words.t("cmp.little").to_owned(),
            Self::Against => words.t("cmp.against").to_owned(),
        }
    }
}

/// What two records were compared on, taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Theme {
    People,
    Place,
    Circumstances,
}

impl Theme {
    const ALL: [Self; 3] = [Self::People, Self::Place, Self::Circumstances];

    fn of(found: HouseholdFound) -> Self {
        match found {
            HouseholdFound::Strength(_)
            | HouseholdFound::Overlap(_)
            | HouseholdFound::Left(_)
            | HouseholdFound::Names(_)
            | HouseholdFound::Head(_)
            | HouseholdFound::Ids(_)
            | HouseholdFound::Size(_)
            | HouseholdFound::Changed(_) => Self::People,
            HouseholdFound::Door(_) | HouseholdFound::Phone(_) | HouseholdFound::Refers(_) => Self::Place,
            HouseholdFound::Gap(_)
            | HouseholdFound::Absent(_)
            | HouseholdFound::Speaker(_)
            | HouseholdFound::Tenure(_) => Self::Circumstances,
        }
    }

    fn title(self, words: Words) -> String {
        let key = match self {
            Self::People => "cmp.people",
            Self::Place => "cmp.place",
            Self::Circumstances => "cmp.circumstances",
        };
        words.t(key).to_owned()
    }
}

/// One of three groups of evidence: what it says as a whole, and the values behind it.
pub struct Group {
    /// Its name.
    pub title: String,
    /// Sign of the sprite: same, near or differs.
    pub sign: &'static str,
    /// What the whole group says of one household.
    pub verdict: String,
    /// What was compared.
    pub lines: Vec<Line>,
}

/// A row of a group.
pub struct Line {
    /// What was compared.
    pub name: String,
    /// One side, HTML.
    pub a: String,
    /// The other side, HTML.
    pub b: String,
    /// How it compares, in words.
    pub level: String,
}

/// A term of the sum.
pub struct Weight {
    /// What was compared.
    pub name: String,
    /// How it compares, in the model's words.
    pub level: String,
    /// Bits, signed.
    pub bits: String,
}

/// A weight with its sign.
pub fn signed(bits: f64) -> String {
    let rounded = (bits * 10.0).round() / 10.0;
    if rounded < 0.0 { format!("−{:.1}", -rounded) } else { format!("+{:.1}", rounded.abs()) }
}

/// The evidence of a pair in three groups. A comparison alone may weigh next to nothing because another one has said the
/// same before it; what a reader can judge is the group.
pub fn groups(v: &Visitor, pair: &Pair, names: &BTreeMap<String, String>) -> Vec<Group> {
    let steps: Vec<_> = pair.evidence.iter().flat_map(|told| &told.steps).collect();
    Theme::ALL
        .into_iter()
        .filter_map(|theme| {
            let own: Vec<_> = steps.iter().filter(|s| Theme::of(s.found) == theme).collect();
            let bits: f64 = own.iter().map(|s| s.bits).sum();
            let found: Vec<HouseholdFound> = own.iter().map(|s| s.found).collect();
            let mut lines = household_lines(v, pair, &found);
            match theme {
                Theme::People => lines.extend(people(v, pair)),
                Theme::Place => {}
                Theme::Circumstances => lines.push(interviewed(v, pair, names)),
            }
            let speaks = Speaks::of(bits);
            (!lines.is_empty()).then(|| Group {
                title: theme.title(v.words),
                sign: speaks.sign(),
                verdict: speaks.words(v.words),
                lines,
            })
        })
        .collect()
}

/// The lines of a group: identity in one, those without a value on either side left to the weights.
fn household_lines(v: &Visitor, pair: &Pair, found: &[HouseholdFound]) -> Vec<Line> {
    let words = v.words;
    let is_identity = |f: &HouseholdFound| {
        matches!(f, HouseholdFound::Head(_) | HouseholdFound::Ids(_) | HouseholdFound::Names(_))
    };
    let mut all = Vec::new();
    let identity: Vec<HouseholdFound> = found.iter().copied().filter(is_identity).collect();
    if !identity.is_empty() {
        let both: Vec<(String, String)> = identity.iter().map(|f| values(v, pair, *f)).collect();
        let side = |pick: fn(&(String, String)) -> &String| {
            let parts: Vec<String> =
                both.iter().map(pick).filter(|t| !t.is_empty()).map(|t| escaped(t)).collect();
            parts.join("<br>")
        };
        let said = |f: &HouseholdFound| {
            let (name, level) = (f.label(words.0), f.level_label(words.0));
            words.say("cmp.pair", &[("name", &name), ("level", &level)])
        };
        let level: Vec<String> = identity.iter().map(said).collect();
        all.push(Line {
            name: words.t("cmp.identity").to_owned(),
            a: side(|p| &p.0),
            b: side(|p| &p.1),
            level: level.join(words.pick("; ", "；")),
        });
    }
    for f in found.iter().filter(|f| !is_identity(f)) {
        let (a, b) = values(v, pair, *f);
        // How strong the model takes it to be is a term of the sum, not something to look at.
        let is_term = matches!(f, HouseholdFound::Strength(_));
        if a.is_empty() && b.is_empty() {
            continue;
        }
        all.push(Line {
            name: f.label(words.0).to_owned(),
            a: escaped(&a),
            b: escaped(&b),
            level: if is_term { String::new() } else { f.level_label(words.0).to_owned() },
        });
    }
    all
}

fn interviewed(v: &Visitor, pair: &Pair, names: &BTreeMap<String, String>) -> Line {
    let comma = v.words.pick(", ", "，");
    let made =
        |form: &FormRow| format!("{}{comma}{}", v.when().full(form.at), named(names, &form.enumerator));
    Line {
        name: v.words.t("cmp.interviewed").to_owned(),
        a: escaped(&made(&pair.a)),
        b: escaped(&made(&pair.b)),
        level: v.words.t("cmp.not_weighed").to_owned(),
    }
}

/// Every term of the sum: the starting value and the comparisons of the households.
pub fn weights(v: &Visitor, pair: &Pair) -> Vec<Weight> {
    let words = v.words;
    let prior = pair.evidence.as_ref().map_or(0.0, |told| told.prior);
    let mut all = vec![Weight {
        name: words.t("cmp.prior").to_owned(),
        level: words.t("cmp.prior.text").to_owned(),
        bits: signed(prior),
    }];
    for step in pair.evidence.iter().flat_map(|told| &told.steps) {
        all.push(Weight {
            name: step.found.label(words.0).to_owned(),
            level: step.found.level_label(words.0).to_owned(),
            bits: signed(step.bits),
        });
    }
    all
}

/// Both values behind a household comparison.
fn values(v: &Visitor, pair: &Pair, found: HouseholdFound) -> (String, String) {
    let common = pair.evidence.as_ref().map_or(0, Explanation::in_common);
    let of = |form: &FormRow| match sight(form, v.caller.range) {
        Sight::Whole => whole_value(v, form, common, found),
        Sight::Needed => needed_value(v, form, found),
    };
    (of(&pair.a), of(&pair.b))
}

/// What a form says on a comparison; `common` people of it are likely people of the other.
fn whole_value(v: &Visitor, form: &FormRow, common: usize, found: HouseholdFound) -> String {
    let all = form.people.len();
    match found {
        HouseholdFound::Strength(_) | HouseholdFound::Overlap(_) => {
            v.words.say("cmp.in_common", &[("n", &common), ("all", &all)])
        }
        HouseholdFound::Left(_) => v.words.say("cmp.left_over", &[("n", &all.saturating_sub(common))]),
        HouseholdFound::Ids(_) => {
            let given = form.people.iter().filter(|p| p.citizen.is_some()).count();
            v.words.say("cmp.ids_given", &[("given", &given), ("all", &all)])
        }
        HouseholdFound::Names(_) => {
            let names: Vec<&str> = form.people.iter().map(|p| p.name.as_str()).collect();
            names.join(v.words.pick(", ", "、"))
        }
        HouseholdFound::Absent(_) => lives(v, form),
        HouseholdFound::Tenure(_) => item(form, "tenure")
            .and_then(|t| Tenure::from_slug(t.as_str()?))
            .map_or_else(|| "—".to_owned(), |t| t.label(v.words.0).to_owned()),
        HouseholdFound::Speaker(_) => form.respondent.label(v.words.0).to_owned(),
        HouseholdFound::Phone(_) => form.phone.as_deref().map_or_else(|| "—".to_owned(), masked_phone),
        HouseholdFound::Size(_) => all.to_string(),
        HouseholdFound::Head(_) => head(form).map_or_else(String::new, |p| with_sound(&p.name)),
        HouseholdFound::Door(_)
        | HouseholdFound::Gap(_)
        | HouseholdFound::Changed(_)
        | HouseholdFound::Refers(_) => needed_value(v, form, found),
    }
}

/// What may be said of a form outside the reader's area.
fn needed_value(v: &Visitor, form: &FormRow, found: HouseholdFound) -> String {
    match found {
        HouseholdFound::Door(_) => address(v, form),
        HouseholdFound::Gap(_) => v.when().short(v.survey.rules.calendar.local_date(form.at)),
        HouseholdFound::Strength(_)
        | HouseholdFound::Overlap(_)
        | HouseholdFound::Left(_)
        | HouseholdFound::Phone(_)
        | HouseholdFound::Absent(_)
        | HouseholdFound::Speaker(_)
        | HouseholdFound::Ids(_)
        | HouseholdFound::Names(_)
        | HouseholdFound::Tenure(_)
        | HouseholdFound::Changed(_)
        | HouseholdFound::Refers(_)
        | HouseholdFound::Head(_)
        | HouseholdFound::Size(_) => String::new(),
    }
}

/// One item of the household's part of a form.
fn item(form: &FormRow, name: &str) -> Option<Value> {
    serde_json::from_str::<Value>(&form.household).ok()?.get(name).cloned()
}

/// How many live at the door and how many are only registered there.
fn lives(v: &Visitor, form: &FormRow) -> String {
    let n = |name: &str| item(form, name).and_then(|n| n.as_i64());
    match (n("n_stayed"), n("n_registered_absent")) {
        (None, None) => String::new(),
        (here, away) => {
            let (here, away) = (here.unwrap_or_default(), away.unwrap_or_default());
            v.words.say("cmp.lives", &[("here", &here), ("away", &away)])
        }
    }
}

fn head(form: &FormRow) -> Option<&FormPerson> {
    form.people.iter().find(|p| p.relationship == Some(Relationship::Head))
}

/// The door of a form, as far as the reader may see it.
pub fn address(v: &Visitor, form: &FormRow) -> String {
    let area = v.words.pick(form.area_name_en.as_deref(), form.area_name.as_deref()).unwrap_or(&form.area);
    if sight(form, v.caller.range) == Sight::Needed {
        return format!("{area} {}", form.building);
    }
    let parts = [form.building.as_str(), form.unit.as_str(), form.room.as_str()];
    let line = parts.iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join("-");
    format!("{area} {line}")
}

/// A telephone number with its middle hidden.
fn masked_phone(digits: &str) -> String {
    let all: Vec<char> = digits.chars().collect();
    if all.len() < 8 {
        return "****".to_owned();
    }
    let (head, tail) = (all[..3].iter().collect::<String>(), all[all.len() - 4..].iter().collect::<String>());
    format!("{head}****{tail}")
}

/// A name with its sound where it is written in Han characters.
fn with_sound(name: &str) -> String {
    let sound = pinyin_of(name);
    if sound.is_empty() { name.to_owned() } else { format!("{name} ({sound})") }
}

/// The sound of a name in Han characters, syllable by syllable; empty for other names.
fn pinyin_of(name: &str) -> String {
    let sounds: Option<Vec<&str>> = name.chars().map(|c| c.to_pinyin().map(pinyin::Pinyin::plain)).collect();
    sounds.unwrap_or_default().join(" ")
}

/// One row per pair of people that are likely one person.
fn people(v: &Visitor, pair: &Pair) -> Vec<Line> {
    pair.evidence.iter().flat_map(|told| &told.people).filter_map(|p| person(v, pair, p)).collect()
}

fn person(v: &Visitor, pair: &Pair, p: &PersonExplanation) -> Option<Line> {
    let both = [&pair.a, &pair.b].iter().all(|f| sight(f, v.caller.range) == Sight::Whole);
    if !p.is_likely() && !both {
        return None;
    }
    let find =
        |form: &FormRow, n: u32| form.people.iter().find(|x| u32::try_from(x.person_no) == Ok(n)).cloned();
    let (a, b) = (find(&pair.a, p.a)?, find(&pair.b, p.b)?);
    let language = v.words.0;
    let said = |s: &Step<PersonFound>| {
        let (name, level) = (s.found.label(language), s.found.level_label(language));
        v.words.say("cmp.pair", &[("name", &name), ("level", &level)])
    };
    let levels: Vec<String> = p.steps.iter().map(said).collect();
    let (name_a, name_b) = marked(&a.name, &b.name);
    Some(Line {
        name: v.words.t("cmp.person").to_owned(),
        a: format!("{name_a}{}", rest(v, &pair.a, &a)),
        b: format!("{name_b}{}", rest(v, &pair.b, &b)),
        level: levels.join(v.words.pick("; ", "；")),
    })
}

/// What else a form says about a person: sound of the name, sex, birth, place in the household.
fn rest(v: &Visitor, form: &FormRow, p: &FormPerson) -> String {
    let mut parts = vec![pinyin_of(&p.name)];
    let [year, month, day] = p.birth;
    let is_whole = sight(form, v.caller.range) == Sight::Whole;
    let birth: Vec<String> =
        [year, month, day.filter(|_| is_whole)].into_iter().flatten().map(|n| format!("{n:02}")).collect();
    parts.push(birth.join("-"));
    if is_whole {
        parts.extend(p.sex.map(|s| s.label(v.words.0).to_owned()));
        parts.extend(p.relationship.map(|r| r.label(v.words.0).to_owned()));
    }
    let text = parts.into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" · ");
    if text.is_empty() {
        String::new()
    } else {
        format!("<br><span class=\"mute small\">{}</span>", escaped(&text))
    }
}

/// Two names as HTML with the characters underlined that the other does not have.
fn marked(a: &str, b: &str) -> (String, String) {
    let (left, right): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let shared = shared(&left, &right);
    let show = |text: &[char], kept: &[bool]| -> String {
        let mut out = String::new();
        for (c, is_kept) in text.iter().zip(kept) {
            let (open, close) = if *is_kept { ("", "") } else { ("<mark>", "</mark>") };
            out.push_str(open);
            out.push_str(&escaped(&c.to_string()));
            out.push_str(close);
        }
        out
    };
    (show(&left, &shared.0), show(&right, &shared.1))
}

/// Which characters belong to a longest common subsequence.
fn shared(x: &[char], y: &[char]) -> (Vec<bool>, Vec<bool>) {
    let mut best = vec![vec![0_usize; y.len() + 1]; x.len() + 1];
    for i in (0..x.len()).rev() {
        for j in (0..y.len()).rev() {
            best[i][j] =
                if x[i] == y[j] { best[i + 1][j + 1] + 1 } else { best[i + 1][j].max(best[i][j + 1]) };
        }
    }
    let (mut in_x, mut in_y) = (vec![false; x.len()], vec![false; y.len()]);
    let (mut i, mut j) = (0, 0);
    while i < x.len() && j < y.len() {
        if x[i] == y[j] {
            (in_x[i], in_y[j]) = (true, true);
            (i, j) = (i + 1, j + 1);
        } else if best[i + 1][j] >= best[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    (in_x, in_y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_underlined_and_escaped() {
        assert_eq!(marked("张伟", "张玮"), ("张<mark>伟</mark>".to_owned(), "张<mark>玮</mark>".to_owned()));
        assert_eq!(marked("a<", "a"), ("a<mark>&lt;</mark>".to_owned(), "a".to_owned()));
    }

    #[test]
    fn telephone_numbers_keep_their_middle_to_themselves() {
        assert_eq!(masked_phone("13812340412"), "138****0412");
        assert_eq!(masked_phone("1234"), "****");
    }

    #[test]
    fn weights_carry_their_sign() {
        assert_eq!([signed(-5.63), signed(0.0), signed(2.25)], ["−5.6", "+0.0", "+2.3"]);
    }
}
