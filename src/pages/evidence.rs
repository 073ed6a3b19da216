//! One suspected pair as a table: what was compared, both values as far as the reader may see them, what it weighs.

use std::collections::BTreeMap;

use pinyin::ToPinyin;
use serde_json::Value;

use super::bar::escaped;
use super::panel::named;
use super::visitor::Visitor;
use super::words::Words;
use crate::dedupe::view::{Sight, sight};
use crate::domain::{Relationship, Respondent, Sex, Tenure};
use crate::store::link::read::Pair;
use crate::store::link::text::{FormPerson, FormRow};

/// Within so many bits a comparison says little.
const LITTLE: f64 = 0.5;

/// A row of the table.
pub struct Line {
    /// What was compared.
    pub name: String,
    /// One side, HTML.
    pub a: String,
    /// The other side, HTML.
    pub b: String,
    /// How it compares, in words.
    pub level: String,
    /// Sign of the sprite: same, near or differs; none where nothing was weighed.
    pub sign: Option<&'static str>,
    /// The same in words.
    pub verdict: String,
    /// Bits, signed; empty where nothing was weighed.
    pub weight: String,
}

/// A weight with its sign.
pub fn signed(bits: f64) -> String {
    let rounded = (bits * 10.0).round() / 10.0;
    if rounded < 0.0 { format!("−{:.1}", -rounded) } else { format!("+{:.1}", rounded.abs()) }
}

fn steps(of: &Value) -> impl Iterator<Item = (&str, &str, f64)> {
    of.get("steps").and_then(Value::as_array).into_iter().flatten().filter_map(|s| {
        Some((s.get("comparison")?.as_str()?, s.get("level")?.as_str()?, s.get("bits")?.as_f64()?))
    })
}

/// The level of one comparison, if it was made.
pub fn level_of<'p>(pair: &'p Pair, comparison: &str) -> Option<&'p str> {
    steps(&pair.evidence).find(|s| s.0 == comparison).map(|s| s.1)
}

/// Rows of the pair: prior, household comparisons, people, when it was interviewed.
pub fn lines(v: &Visitor, pair: &Pair, names: &BTreeMap<String, String>) -> Vec<Line> {
    let words = v.words;
    let prior = pair.evidence.get("prior").and_then(Value::as_f64).unwrap_or_default();
    let mut all = vec![Line {
        name: words.t("cmp.prior").to_owned(),
        a: String::new(),
        b: String::new(),
        level: words.t("cmp.prior.text").to_owned(),
        sign: None,
        verdict: String::new(),
        weight: signed(prior),
    }];
    for (comparison, level, bits) in steps(&pair.evidence) {
        let (a, b) = values(v, pair, comparison);
        all.push(Line {
            name: words.t(&format!("cmp.{comparison}")).to_owned(),
            a: escaped(&a),
            b: escaped(&b),
            level: level_words(words, level),
            sign: Some(sign(bits)),
            verdict: words.t(verdict(bits)).to_owned(),
            weight: signed(bits),
        });
    }
    all.extend(people(v, pair));
    let made = |form: &FormRow| format!("{}, {}", v.when().full(form.at), named(names, &form.enumerator));
    all.push(Line {
        name: words.t("cmp.interviewed").to_owned(),
        a: escaped(&made(&pair.a)),
        b: escaped(&made(&pair.b)),
        level: words.t("cmp.not_weighed").to_owned(),
        sign: None,
        verdict: String::new(),
        weight: String::new(),
    });
    all
}

fn sign(bits: f64) -> &'static str {
    if bits > LITTLE {
        "same"
    } else if bits < -LITTLE {
        "differs"
    } else {
        "near"
    }
}

fn verdict(bits: f64) -> &'static str {
    match sign(bits) {
        "same" => "cmp.for",
        "differs" => "cmp.against",
        _ => "cmp.little",
    }
}

/// The words of a level; the model's own words in English.
pub fn level_words(words: Words, level: &str) -> String {
    let key = level_key(level);
    let text = words.t(&key);
    if text == key { level.to_owned() } else { text.to_owned() }
}

/// The key of a level in the files of words.
pub fn level_key(level: &str) -> String {
    let plain: String = level.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("level.is_{}", plain.replace("__", "_"))
}

/// Both values behind a household comparison.
fn values(v: &Visitor, pair: &Pair, comparison: &str) -> (String, String) {
    let common = in_common(pair);
    let of = |form: &FormRow| -> String {
        let is_whole = sight(form, v.caller.range) == Sight::Whole;
        let all = form.people.len();
        match comparison {
            "door" => address(v, form),
            "strength" | "overlap" if is_whole => {
                v.words.say("cmp.in_common", &[("n", &common), ("all", &all)])
            }
            "left" if is_whole => v.words.say("cmp.left_over", &[("n", &all.saturating_sub(common))]),
            "ids" if is_whole => {
                let given = form.people.iter().filter(|p| p.citizen.is_some()).count();
                v.words.say("cmp.ids_given", &[("given", &given), ("all", &all)])
            }
            "names" if is_whole => {
                let names: Vec<&str> = form.people.iter().map(|p| p.name.as_str()).collect();
                names.join(v.words.pick(", ", "、"))
            }
            "absent" if is_whole => lives(v, form),
            "tenure" if is_whole => item(form, "tenure")
                .and_then(|t| Tenure::from_slug(t.as_str()?))
                .map_or_else(|| "—".to_owned(), |t| t.label(v.words.0).to_owned()),
            "speaker" if is_whole => {
                Respondent::from_number(form.respondent).map_or("", |r| r.label(v.words.0)).to_owned()
            }
            "phone" if is_whole => form.phone.as_deref().map_or_else(|| "—".to_owned(), masked_phone),
            "size" if is_whole => form.people.len().to_string(),
            "head" if is_whole => head(form).map_or_else(String::new, |p| with_sound(&p.name)),
            "gap" => v.when().short(v.survey.rules.calendar.local_date(form.at)),
            _ => String::new(),
        }
    };
    (of(&pair.a), of(&pair.b))
}

/// How many people of one form are likely people of the other.
fn in_common(pair: &Pair) -> usize {
    let list = pair.evidence.get("people").and_then(Value::as_array);
    let weight = |p: &Value| p.get("weight").and_then(Value::as_f64).unwrap_or_default();
    list.into_iter().flatten().filter(|p| weight(p) > 0.0).count()
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
    form.people
        .iter()
        .find(|p| p.relationship.and_then(Relationship::from_number) == Some(Relationship::Head))
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
    let list = pair.evidence.get("people").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|p| person(v, pair, p)).collect()
}

fn person(v: &Visitor, pair: &Pair, p: &Value) -> Option<Line> {
    let weight = p.get("weight")?.as_f64()?;
    let both = [&pair.a, &pair.b].iter().all(|f| sight(f, v.caller.range) == Sight::Whole);
    if weight <= 0.0 && !both {
        return None;
    }
    let find = |form: &FormRow, side: &str| {
        let n = p.get(side)?.as_i64()?;
        form.people.iter().find(|x| i64::from(x.person_no) == n).cloned()
    };
    let (a, b) = (find(&pair.a, "a")?, find(&pair.b, "b")?);
    let levels: Vec<String> = steps(p)
        .map(|(comparison, level, _)| {
            let name = v.words.t(&format!("cmp.{}", comparison.replace(' ', "_"))).to_owned();
            v.words.say("cmp.pair", &[("name", &name), ("level", &level_words(v.words, level))])
        })
        .collect();
    let (name_a, name_b) = marked(&a.name, &b.name);
    Some(Line {
        name: v.words.t("cmp.person").to_owned(),
        a: format!("{name_a}{}", rest(v, &pair.a, &a)),
        b: format!("{name_b}{}", rest(v, &pair.b, &b)),
        level: levels.join(v.words.pick("; ", "；")),
        sign: Some(sign(weight)),
        verdict: v.words.say("cmp.person_bits", &[("bits", &signed(weight))]),
        weight: String::new(),
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
        parts.extend(p.sex.and_then(Sex::from_number).map(|s| s.label(v.words.0).to_owned()));
        parts.extend(
            p.relationship.and_then(Relationship::from_number).map(|r| r.label(v.words.0).to_owned()),
        );
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
    use crate::domain::Language;
    use crate::link::household::HouseholdLevels;
    use crate::link::model::PERSON_TABLE;

    #[test]
    fn every_comparison_and_level_has_its_words() {
        let household = HouseholdLevels::TABLE.iter().map(|(name, levels)| (*name, *levels));
        for (comparison, levels) in household.chain(PERSON_TABLE) {
            for words in [Words(Language::En), Words(Language::Zh)] {
                let key = format!("cmp.{}", comparison.replace(' ', "_"));
                assert_ne!(words.t(&key), key);
                for level in levels {
                    assert_ne!(words.t(&level_key(level)), level_key(level), "{level}");
                }
            }
        }
    }

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
