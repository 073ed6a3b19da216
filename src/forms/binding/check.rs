//! Every fault of the bindings of a form, all at once.

use std::collections::BTreeMap;

use super::{Binding, Field, Place, Want};
use crate::forms::fault::Fault;
use crate::forms::model::{FormModel, FormRole, Kind, Node};

/// Header under which faults of bindings are told.
const COLUMN: &str = "doorknock";

fn at(node: &Node, en: impl Into<Box<str>>, zh: impl Into<Box<str>>) -> Fault {
    Fault::new(en, zh).path(&node.path).column(COLUMN)
}

/// Where the walk stands.
#[derive(Clone, Copy)]
struct Above<'a> {
    /// The nearest repeat.
    repeat: Option<&'a Node>,
    /// How many repeats lie above.
    repeats: usize,
}

/// Faults of each binding and of all of them together, whatever the form's role.
pub fn faults(model: &FormModel) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut seen = BTreeMap::new();
    walk(&model.nodes, Above { repeat: None, repeats: 0 }, &mut |node, above| {
        let Some(cell) = node.binding.as_deref() else { return };
        let Some(binding) = Binding::parse(cell) else {
            let short: String = cell.chars().take(80).collect();
            faults.push(at(
                node,
                format!("there is no binding {short}; see the table in docs/forms.md"),
                format!("没有绑定 {short}；见 docs/forms.md 的列表"),
            ));
            return;
        };
        let is_many = matches!(binding, Binding::Field(field) if field.place == Place::Anywhere);
        if seen.insert(cell.to_owned(), node.path.clone()).is_some() && !is_many {
            faults.push(at(
                node,
                format!("{cell} is bound twice; remove one of the two"),
                format!("{cell} 绑定了两次；请删除其一"),
            ));
        }
        match binding {
            Binding::Answer(name) => answer(model, node, name, above, &mut faults),
            Binding::Field(field) => {
                place(node, field, above, &mut faults);
                kind(node, field, &mut faults);
            }
        }
    });
    roster(model, &mut faults);
    faults
}

fn walk<'a>(nodes: &'a [Node], above: Above<'a>, visit: &mut impl FnMut(&'a Node, Above<'a>)) {
    for node in nodes {
        visit(node, above);
        let below = if node.kind == Kind::Repeat {
            Above { repeat: Some(node), repeats: above.repeats + 1 }
        } else {
            above
        };
        walk(&node.nodes, below, visit);
    }
}

fn answer(model: &FormModel, node: &Node, name: &str, above: Above<'_>, faults: &mut Vec<Fault>) {
    if above.repeats > 0 {
        faults.push(at(node, "answer.… may not stand inside a repeat", "answer.… 不得放在重复组内"));
    }
    let is_taken = |other: &&Node| other.name == name && other.path != node.path && other.binding.is_none();
    if model.nodes.iter().any(|other| is_taken(&other)) {
        faults.push(at(
            node,
            format!("another question of the form is named {name} already"),
            format!("表单中已有名为 {name} 的问题"),
        ));
    }
}

fn place(node: &Node, field: &Field, above: Above<'_>, faults: &mut Vec<Fault>) {
    let is_in_persons =
        above.repeats == 1 && above.repeat.is_some_and(|repeat| repeat.binding.as_deref() == Some("persons"));
    let name = field.name;
    if field.place == Place::Once && above.repeats > 0 {
        faults.push(at(
            node,
            format!("{name} may not stand inside a repeat"),
            format!("{name} 不得放在重复组内"),
        ));
    }
    if field.place == Place::Person && !is_in_persons {
        faults.push(at(
            node,
            format!("{name} must stand inside the repeat that is bound to persons"),
            format!("{name} 须放在绑定 persons 的重复组内"),
        ));
    }
}

fn kind(node: &Node, field: &Field, faults: &mut Vec<Fault>) {
    let name = field.name;
    if !fits(node, field.want) {
        let (en, zh) = wanted(field.want);
        faults.push(at(
            node,
            format!("{name} needs {en}; this is of type {}", node.kind.slug()),
            format!("{name} 需要{zh}；此处类型为 {}", node.kind.slug()),
        ));
        return;
    }
    let Some(codes) = field.want.codes() else { return };
    let is_code = |choice: &str| codes.iter().any(|code| code == choice);
    let wrong: Vec<&str> =
        node.choices.iter().map(|choice| choice.name.as_str()).filter(|name| !is_code(name)).collect();
    if !wrong.is_empty() {
        let (wrong, codes) = (wrong.join(", "), codes.join(", "));
        faults.push(at(
            node,
            format!("choices of {name} must be named as its codes ({codes}); not so: {wrong}"),
            format!("{name} 的选项名称须为其代码（{codes}）；不符的有：{wrong}"),
        ));
    }
}

/// Whether a question of this kind can give the value. What the client computes is text unless the author says otherwise.
fn fits(node: &Node, want: Want) -> bool {
    let kind = node.kind;
    if node.calculated && kind == Kind::String {
        return !matches!(want, Want::Position | Want::Picture | Want::Roster | Want::Chosen(_));
    }
    match want {
        Want::Door => {
            kind == Kind::String
                || (kind == Kind::SelectOne && node.choices_from.as_deref() == Some("doors.csv"))
        }
        Want::Chosen(_) => kind == Kind::SelectOne,
        Want::Code(_) => matches!(kind, Kind::SelectOne | Kind::String),
        Want::Number(_) => matches!(kind, Kind::SelectOne | Kind::Int),
        Want::YesNo => matches!(kind, Kind::SelectOne | Kind::Acknowledge),
        Want::Text | Want::Label => matches!(kind, Kind::String | Kind::SelectOne | Kind::Int),
        Want::Count => kind == Kind::Int,
        Want::Decimal => matches!(kind, Kind::Decimal | Kind::Int),
        Want::Date => kind == Kind::Date,
        Want::Instant => kind == Kind::DateTime,
        Want::Position => kind == Kind::Geopoint,
        Want::Picture => kind == Kind::Image,
        Want::Roster => kind == Kind::Repeat,
    }
}

fn wanted(want: Want) -> (&'static str, &'static str) {
    match want {
        Want::Door => {
            ("a select_one_from_file doors.csv, or text", " select_one_from_file doors.csv 或 text")
        }
        Want::Chosen(_) => ("a select_one", " select_one"),
        Want::Code(_) => ("a select_one or text", " select_one 或 text"),
        Want::Number(_) => ("an integer or a select_one", " integer 或 select_one"),
        Want::YesNo => {
            ("a select_one of yes and no, or acknowledge", "选项为 yes、no 的 select_one，或 acknowledge")
        }
        Want::Text | Want::Label => ("text, integer or select_one", " text、integer 或 select_one"),
        Want::Count => ("an integer", " integer"),
        Want::Decimal => ("a decimal or an integer", " decimal 或 integer"),
        Want::Date => ("a date", " date"),
        Want::Instant => ("a dateTime, start or end", " dateTime、start 或 end"),
        Want::Position => ("a geopoint", " geopoint"),
        Want::Picture => ("an image", " image"),
        Want::Roster => ("a repeat", "重复组（repeat）"),
    }
}

fn roster(model: &FormModel, faults: &mut Vec<Fault>) {
    let Some(repeat) = model.bound("persons").filter(|node| node.kind == Kind::Repeat) else { return };
    for needed in ["person.name", "person.sex"] {
        if model.bound(needed).is_none() {
            faults.push(at(
                repeat,
                format!("persons needs a question bound to {needed} inside it"),
                format!("persons 内须有绑定 {needed} 的问题"),
            ));
        }
    }
}

/// What is wrong with a form for its role, and for being offered to Collect, whose users choose the door in the form.
pub fn role_faults(model: &FormModel, role: FormRole, collect: bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    let names_door = model.binds("case") || model.binds("dwelling.");
    if collect && role != FormRole::Free && !names_door {
        faults.push(Fault::new(
            "a form offered to Collect needs a question bound to case (or to dwelling.…), or nobody can say which door it is about",
            "提供给 Collect 的表单须有绑定 case（或 dwelling.…）的问题，否则无法知道是哪一户",
        ));
    }
    if role == FormRole::Free {
        for node in model.walk() {
            let is_field = node.binding.as_deref().and_then(Binding::parse).is_some_and(Binding::is_field);
            if is_field {
                faults.push(at(
                    node,
                    "a free form belongs to no door and may bind answer.… only",
                    "free 表单不属于任何一户，只能绑定 answer.…",
                ));
            }
        }
    }
    faults
}
