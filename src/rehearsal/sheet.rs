//! Fills in the extra forms of a set-up: whatever an office asks is answered by chance, within what the form lets be answered.
//! Only simple conditions are understood; a question under another one is left out, as if it were not relevant.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::dice::Dice;
use super::record::{Filled, FormName};
use crate::forms::model::{Choice, FormModel, Kind, Node};
use crate::setup::{NO_VERSION, Setup};

/// What residents add in their own words.
const REMARKS: [&str; 4] = ["希望早日加装电梯", "停车位不够", "楼道灯坏了很久", "希望多些老人活动的地方"];
/// Most things ticked where the form sets no limit.
const TICKED: usize = 3;

/// The extra forms of a set-up that are asked behind every door, in their order. One without a version of its own is left out:
/// which one it gets is known only once it is loaded.
pub(super) fn extra_forms(setup: &Setup) -> Vec<&FormModel> {
    let model = |id: &String| setup.forms.iter().map(|form| &form.imported.model).find(|m| m.id == *id);
    let extra = setup.survey.policy.forms.extra.iter().filter_map(model);
    extra.filter(|model| model.version != NO_VERSION).collect()
}

/// Where and when a form is filled in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Occasion<'a> {
    /// The door.
    pub case_id: Uuid,
    /// The visit.
    pub visit_id: Uuid,
    /// When it begins, by the device's clock.
    pub at: &'a str,
}

/// The form as one household answers it. `mood` leans to the same answers in every household of a survey, so that something comes
/// out of it.
pub(super) fn fill(
    (dice, mood): (&mut Dice, u64),
    model: &FormModel,
    id: Uuid,
    occasion: &Occasion<'_>,
) -> Filled {
    let mut asking = Asking { dice, mood, form: &model.id, at: occasion.at, said: BTreeMap::new() };
    let answers = asking.section(&model.nodes);
    Filled {
        id,
        form: FormName { id: model.id.clone(), version: model.version.clone() },
        case_id: occasion.case_id,
        visit_id: occasion.visit_id,
        answers: Value::Object(answers),
    }
}

struct Asking<'a> {
    dice: &'a mut Dice,
    mood: u64,
    form: &'a str,
    at: &'a str,
    /// Answers so far, by the name of the question.
    said: BTreeMap<&'a str, Value>,
}

impl<'a> Asking<'a> {
    fn section(&mut self, nodes: &'a [Node]) -> Map<String, Value> {
        let mut answers = Map::new();
        for node in nodes {
            if let Some(answer) = self.node(node) {
                answers.insert(node.name.clone(), answer);
            }
        }
        answers
    }

    /// The answer to one question, or all in a group or repeat; none where it is not asked.
    fn node(&mut self, node: &'a Node) -> Option<Value> {
        if node.meta.as_deref() == Some("start") {
            return Some(json!(self.at));
        }
        if node.relevant.as_deref().is_some_and(|condition| !self.holds(condition)) {
            return None;
        }
        if node.kind == Kind::Group {
            return Some(Value::Object(self.section(&node.nodes)));
        }
        if node.kind == Kind::Repeat {
            let times = self.dice.weighted(&[(0, 0.6), (1, 0.3), (2, 0.1)]);
            let each: Vec<Value> = (0..times).map(|_| Value::Object(self.section(&node.nodes))).collect();
            return Some(Value::Array(each)).filter(|_| times > 0);
        }
        if !node.asked || node.calculated || node.choices_from.is_some() {
            return None;
        }
        if !node.required && self.dice.chance(0.1) {
            return Some(Value::Null);
        }
        let answer = self.answer(node)?;
        self.said.insert(&node.name, answer.clone());
        Some(answer)
    }

    fn answer(&mut self, node: &'a Node) -> Option<Value> {
        let limits = Limits::of(node.constraint.as_deref().unwrap_or_default());
        match node.kind {
            Kind::SelectOne => self.tick(node, 1).pop().map(Value::String),
            Kind::SelectMultiple => {
                let most = limits.selected.unwrap_or(TICKED).clamp(1, node.choices.len().max(1));
                let n = 1 + self.dice.below(most);
                Some(json!(self.tick(node, n)))
            }
            Kind::Rank => {
                let ticked = self.ticked_before(&node.choices);
                Some(json!(ticked.unwrap_or_else(|| self.tick(node, node.choices.len()))))
            }
            Kind::Int | Kind::Decimal => Some(json!(self.number(node, &limits))),
            Kind::String if self.dice.chance(0.08) => Some(json!(self.dice.pick(&REMARKS))),
            Kind::String => Some(Value::Null),
            Kind::Acknowledge => Some(json!(true)),
            Kind::Date
            | Kind::Time
            | Kind::DateTime
            | Kind::Geopoint
            | Kind::Geotrace
            | Kind::Geoshape
            | Kind::Image
            | Kind::Audio
            | Kind::Video
            | Kind::File
            | Kind::Group
            | Kind::Repeat
            | Kind::Note => None,
        }
    }

    /// `n` of the choices, without repetition; some are taken more often than others.
    fn tick(&mut self, node: &'a Node, n: usize) -> Vec<String> {
        let lean = |choice: &'a Choice| -> (&'a str, f64) {
            let weight = 0.25 + Dice::of(self.mood, &[self.form, &node.name, &choice.name]).unit();
            (choice.name.as_str(), weight * weight)
        };
        let mut left: Vec<(&str, f64)> = node.choices.iter().map(lean).collect();
        let mut taken = Vec::new();
        while taken.len() < n && !left.is_empty() {
            let one = self.dice.weighted(&left);
            left.retain(|(name, _)| *name != one);
            taken.push(one.to_owned());
        }
        taken
    }

    /// What was ticked of the same choices in an earlier question, in the order of ticking.
    fn ticked_before(&self, choices: &[Choice]) -> Option<Vec<String>> {
        let is_one = |name: &Value| choices.iter().any(|choice| name == &choice.name);
        let of_these = |answer: &&Value| answer.as_array().is_some_and(|all| all.iter().all(is_one));
        let ticked = self.said.values().find(of_these)?.as_array()?;
        Some(ticked.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// A number within its limits: any where both are far apart and it is an age, else rather a small one.
    fn number(&mut self, node: &Node, limits: &Limits) -> i64 {
        let low = limits.low.unwrap_or(0);
        match limits.high {
            None => low + 10 * self.dice.range(0, 10),
            Some(high) if node.name.contains("age") => self.dice.range(low, high),
            Some(high) => high.min(low + self.dice.weighted(&[(0, 0.5), (1, 0.3), (2, 0.2)])),
        }
    }

    /// Whether a condition holds; one that is not understood does not.
    fn holds(&self, condition: &str) -> bool {
        condition.split(" and ").all(|one| self.holds_one(one.trim()).unwrap_or(false))
    }

    fn holds_one(&self, condition: &str) -> Option<bool> {
        if let Some(inner) = condition.strip_prefix("selected(") {
            let (path, word) = inner.strip_suffix(')')?.split_once(',')?;
            let word = word.trim().trim_matches(['\'', '"']);
            let said = self.said_at(path)?;
            return Some(
                said.as_array().map_or_else(|| said == word, |all| all.iter().any(|one| one == word)),
            );
        }
        let (path, sign, value) = compared(condition)?;
        if let Some(path) = path.strip_prefix("count-selected(") {
            let ticked = self.said_at(path.strip_suffix(')')?)?.as_array()?.len();
            return Some(sign.holds(i64::try_from(ticked).ok()?, value.parse().ok()?));
        }
        let said = self.said_at(path)?;
        if let Ok(number) = value.parse::<i64>() {
            return Some(sign.holds(said.as_i64()?, number));
        }
        let is_same = said == value.trim_matches(['\'', '"']);
        match sign {
            Sign::Is => Some(is_same),
            Sign::IsNot => Some(!is_same),
            Sign::Below | Sign::AtMost | Sign::Above | Sign::AtLeast => None,
        }
    }

    /// What was answered at a path; a form names every question once.
    fn said_at(&self, path: &str) -> Option<&Value> {
        self.said.get(path.trim().rsplit('/').next()?)
    }
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    AtMost,
    AtLeast,
    IsNot,
    Below,
    Above,
    Is,
}

impl Sign {
    /// Every sign as it is written, the longer ones first.
    const WRITTEN: [(&'static str, Self); 6] = [
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("!=", Self::IsNot),
        ("<", Self::Below),
        (">", Self::Above),
        ("=", Self::Is),
    ];

    fn holds(self, a: i64, b: i64) -> bool {
        match self {
            Self::AtMost => a <= b,
            Self::AtLeast => a >= b,
            Self::IsNot => a != b,
            Self::Below => a < b,
            Self::Above => a > b,
            Self::Is => a == b,
        }
    }
}

/// Both sides of a comparison and its sign.
fn compared(text: &str) -> Option<(&str, Sign, &str)> {
    Sign::WRITTEN.iter().find_map(|(written, sign)| {
        let (left, right) = text.split_once(written)?;
        Some((left.trim(), *sign, right.trim()))
    })
}

/// What a constraint lets be answered, as far as it is understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Limits {
    low: Option<i64>,
    high: Option<i64>,
    /// Most things ticked.
    selected: Option<usize>,
}

impl Limits {
    fn of(constraint: &str) -> Self {
        let mut limits = Self::default();
        for (left, sign, right) in constraint.split(" and ").filter_map(compared) {
            let Ok(number) = right.parse::<i64>() else { continue };
            match (left, sign) {
                (".", Sign::AtLeast) => limits.low = Some(number),
                (".", Sign::Above) => limits.low = Some(number + 1),
                (".", Sign::AtMost) => limits.high = Some(number),
                (".", Sign::Below) => limits.high = Some(number - 1),
                ("count-selected(.)", Sign::AtMost) => limits.selected = usize::try_from(number).ok(),
                _ => {}
            }
        }
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(name: &str, kind: Kind) -> Node {
        Node {
            name: name.to_owned(),
            path: format!("/data/{name}"),
            kind,
            asked: true,
            required: true,
            ..Node::default()
        }
    }

    fn choices(names: &[&str]) -> Vec<Choice> {
        names.iter().map(|name| Choice { name: (*name).to_owned(), ..Choice::default() }).collect()
    }

    fn model() -> FormModel {
        let needs = choices(&["lift", "parking", "gas", "green"]);
        FormModel {
            id: "needs".to_owned(),
            version: "1".to_owned(),
            nodes: vec![
                Node { meta: Some("start".to_owned()), ..question("start", Kind::DateTime) },
                Node {
                    choices: needs.clone(),
                    constraint: Some("count-selected(.) <= 3".to_owned()),
                    ..question("needs", Kind::SelectMultiple)
                },
                Node {
                    choices: needs,
                    relevant: Some("count-selected( /data/needs ) > 1".to_owned()),
                    ..question("ranked", Kind::Rank)
                },
                Node { choices: choices(&["yes", "no"]), ..question("lift", Kind::SelectOne) },
                Node {
                    relevant: Some(" /data/lift = 'yes'".to_owned()),
                    constraint: Some(". >= 0".to_owned()),
                    ..question("pay", Kind::Int)
                },
                Node { constraint: Some(". >= 0 and . < 18".to_owned()), ..question("age", Kind::Int) },
                Node { relevant: Some("pulldata('x','y')".to_owned()), ..question("odd", Kind::Int) },
            ],
            ..FormModel::default()
        }
    }

    fn filled(n: u64) -> Value {
        let occasion =
            Occasion { case_id: Uuid::nil(), visit_id: Uuid::nil(), at: "2020-11-09T19:00:00+08:00" };
        fill((&mut Dice::of(n, &["t"]), 1), &model(), Uuid::nil(), &occasion).answers
    }

    #[test]
    fn a_form_is_filled_in_as_it_lets_itself_be() {
        let mut asked_to_pay = 0;
        for n in 0..200 {
            let said = filled(n);
            let needs = said["needs"].as_array().unwrap();
            assert!((1..=3).contains(&needs.len()), "{said}");
            assert_eq!(said.get("ranked").is_some(), needs.len() > 1, "{said}");
            assert!(said.get("ranked").is_none_or(|ranked| ranked == &said["needs"]), "{said}");
            assert_eq!(said.get("pay").is_some(), said["lift"] == "yes", "{said}");
            assert!((0..18).contains(&said["age"].as_i64().unwrap()), "{said}");
            assert!(said.get("odd").is_none(), "a condition that is not understood leaves the question out");
            asked_to_pay += i32::from(said["lift"] == "yes");
        }
        assert!((20..180).contains(&asked_to_pay), "{asked_to_pay}");
        assert_eq!(filled(7), filled(7));
    }
}
