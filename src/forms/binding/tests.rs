//! Every kind of fault of a binding, each where it stands.

use super::*;
use crate::forms::model::{Choice, FormModel, FormRole, Kind, Node};

fn node(path: &str, kind: Kind, binding: &str) -> Node {
    Node {
        path: path.to_owned(),
        name: path.rsplit('/').next().unwrap().to_owned(),
        kind,
        binding: Some(binding.to_owned()).filter(|text| !text.is_empty()),
        ..Node::default()
    }
}

fn choices(mut node: Node, names: &[&str]) -> Node {
    node.choices =
        names.iter().map(|name| Choice { name: (*name).to_owned(), ..Choice::default() }).collect();
    node
}

fn form(nodes: Vec<Node>) -> FormModel {
    FormModel { nodes, ..FormModel::default() }
}

fn told(nodes: Vec<Node>) -> Vec<String> {
    faults(&form(nodes)).iter().map(|fault| fault.path.clone().unwrap_or_default()).collect()
}

fn roster(mut inner: Vec<Node>) -> Node {
    inner.push(node("/data/p/name", Kind::String, "person.name"));
    inner.push(choices(node("/data/p/sex", Kind::SelectOne, "person.sex"), &["f", "m"]));
    Node { nodes: inner, ..node("/data/p", Kind::Repeat, "persons") }
}

#[test]
fn every_name_of_the_table_is_there_once() {
    let mut names: Vec<_> = FIELDS.iter().map(|field| field.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FIELDS.len());
    assert!(
        matches!(Binding::parse("visit.appointment.from"), Some(Binding::Field(field)) if field.key() == "appointment.from")
    );
    assert_eq!(Binding::parse("answer.contact_wish"), Some(Binding::Answer("contact_wish")));
    for bad in ["", "visit", "visit.mood", "answer.", "answer.1x", "Case", "person"] {
        assert_eq!(Binding::parse(bad), None, "{bad}");
    }
}

#[test]
fn a_binding_stands_where_it_may() {
    assert_eq!(told(vec![node("/data/x", Kind::String, "visit.mood")]), ["/data/x"]);
    assert_eq!(told(vec![node("/data/x", Kind::String, "person.name")]), ["/data/x"]);
    assert_eq!(told(vec![roster(vec![node("/data/p/r", Kind::Int, "household.rooms")])]), ["/data/p/r"]);
    let photos = Node {
        nodes: vec![node("/data/r/a", Kind::Image, "visit.photo")],
        ..node("/data/r", Kind::Repeat, "")
    };
    assert!(told(vec![photos, node("/data/b", Kind::Image, "visit.photo")]).is_empty());
    let inner = Node {
        nodes: vec![node("/data/p/q/n", Kind::Int, "person.time_away")],
        ..node("/data/p/q", Kind::Repeat, "")
    };
    assert_eq!(told(vec![roster(vec![inner])]), ["/data/p/q/n"]);
    let kids =
        Node { nodes: vec![node("/data/k/a", Kind::Int, "answer.age")], ..node("/data/k", Kind::Repeat, "") };
    assert_eq!(told(vec![kids]), ["/data/k/a"]);
}

#[test]
fn a_binding_stands_once_and_has_the_right_type() {
    let note = |path| node(path, Kind::String, "visit.note");
    assert_eq!(told(vec![note("/data/a"), note("/data/b")]), ["/data/b"]);
    assert_eq!(told(vec![node("/data/a", Kind::Int, "visit.position")]), ["/data/a"]);
    assert_eq!(told(vec![node("/data/a", Kind::String, "visit.outcome")]), ["/data/a"]);
    assert_eq!(told(vec![node("/data/a", Kind::Group, "persons")]), ["/data/a"]);
    let outcome = |names: &[&str]| choices(node("/data/a", Kind::SelectOne, "visit.outcome"), names);
    assert!(told(vec![outcome(&["no_answer", "vacant"])]).is_empty());
    assert_eq!(told(vec![outcome(&["no_answer", "nobody"])]), ["/data/a"]);
    let kind = |names: &[&str]| choices(node("/data/a", Kind::SelectOne, "household.dwelling_kind"), names);
    assert!(told(vec![kind(&["1", "5"])]).is_empty());
    assert_eq!(told(vec![kind(&["1", "6"])]), ["/data/a"]);
    let computed = Node { calculated: true, ..node("/data/a", Kind::String, "household.n_stayed") };
    assert!(told(vec![computed]).is_empty());
    assert_eq!(
        told(vec![node("/data/g/x", Kind::String, "answer.y"), node("/data/y", Kind::String, "")]),
        ["/data/g/x"]
    );
}

#[test]
fn a_roster_needs_names_and_sexes() {
    let empty =
        Node { nodes: vec![node("/data/p/a", Kind::Int, "")], ..node("/data/p", Kind::Repeat, "persons") };
    assert_eq!(told(vec![empty]), ["/data/p", "/data/p"]);
    assert!(told(vec![roster(Vec::new())]).is_empty());
}

#[test]
fn a_form_for_collect_says_which_door_it_is_about() {
    let doorless = form(vec![node("/data/a", Kind::String, "visit.note")]);
    let with_door = form(vec![node("/data/a", Kind::String, "case")]);
    let found = form(vec![node("/data/a", Kind::String, "dwelling.room")]);
    assert_eq!(role_faults(&doorless, FormRole::Visit, true).len(), 1);
    assert!(role_faults(&doorless, FormRole::Visit, false).is_empty());
    assert!(role_faults(&with_door, FormRole::Extra, true).is_empty());
    assert!(role_faults(&found, FormRole::Visit, true).is_empty());
    assert_eq!(role_faults(&with_door, FormRole::Free, true).len(), 1);
}
