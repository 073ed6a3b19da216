//! Columns of several versions, cells of every type, rows of repeats.

use serde_json::json;

use super::*;
use crate::forms::model::{Choice, FormModel, Kind, Node};

fn node(path: &str, kind: Kind) -> Node {
    Node { path: path.to_owned(), name: path.rsplit('/').next().unwrap().to_owned(), kind, ..Node::default() }
}

fn needs() -> Node {
    let choice = |name: &str, zh: &str| Choice {
        name: name.to_owned(),
        labels: [("zh".to_owned(), zh.to_owned())].into(),
    };
    Node {
        choices: vec![choice("lift", "加装电梯"), choice("park", "停车")],
        ..node("/data/home/needs", Kind::SelectMultiple)
    }
}

fn form(version: &str, nodes: Vec<Node>) -> FormModel {
    FormModel {
        version: version.to_owned(),
        root: "data".to_owned(),
        languages: vec!["zh".to_owned()],
        nodes,
        ..FormModel::default()
    }
}

fn sheet(version: &str, more: &[&str]) -> FormModel {
    let mut home: Vec<Node> =
        more.iter().map(|name| node(&format!("/data/home/{name}"), Kind::Int)).collect();
    home.push(needs());
    let toys = Node {
        nodes: vec![node("/data/child/toy/what", Kind::String)],
        ..node("/data/child/toy", Kind::Repeat)
    };
    let child =
        Node { nodes: vec![node("/data/child/age", Kind::Int), toys], ..node("/data/child", Kind::Repeat) };
    let wish = Node { binding: Some("answer.wish".to_owned()), ..node("/data/home/p7", Kind::String) };
    home.push(wish);
    let door = Node { binding: Some("case".to_owned()), ..node("/data/door", Kind::String) };
    form(
        version,
        vec![
            door,
            Node { nodes: home, ..node("/data/home", Kind::Group) },
            child,
            node("/data/info", Kind::Note),
        ],
    )
}

fn headers(table: &Table) -> Vec<String> {
    table.columns.iter().map(Column::header).collect()
}

#[test]
fn columns_are_those_of_all_versions_in_the_order_of_the_newest() {
    let (new, old) = (sheet("2", &["rooms", "area"]), sheet("1", &["rooms", "gone"]));
    let tables = tables(&[&new, &old]);
    assert_eq!(headers(&tables[0]), ["home/rooms", "home/gone", "home/area", "home/needs", "wish"]);
    assert_eq!(tables[1].repeat, ["child"]);
    assert_eq!(headers(&tables[1]), ["age"]);
    assert_eq!((tables[2].name.as_str(), headers(&tables[2])), ("toy", vec!["what".to_owned()]));
}

#[test]
fn two_repeats_of_one_name_are_told_apart() {
    let row =
        |path: &str| Node { nodes: vec![node(&format!("{path}/a"), Kind::Int)], ..node(path, Kind::Repeat) };
    let group = |name: &str| {
        let path = format!("/data/{name}");
        Node { nodes: vec![row(&format!("{path}/row"))], ..node(&path, Kind::Group) }
    };
    let names: Vec<String> =
        tables(&[&form("1", vec![group("x"), group("y")])]).into_iter().map(|t| t.name).collect();
    assert_eq!(names, ["", "x-row", "y-row"]);
}

#[test]
fn cells_hold_names_or_labels_or_one_column_a_choice() {
    let model = sheet("1", &[]);
    let table = &tables(&[&model])[0];
    let column = &table.columns[0];
    let row = json!({"home": {"needs": ["park", "other"]}});
    assert_eq!(cell(&row, column, Values::Names), "park other");
    assert_eq!(cell(&row, column, Values::Labels("zh")), "停车; other");
    assert_eq!(column.split_headers(), ["home/needs/lift", "home/needs/park"]);
    assert_eq!(split_cell(&row, column), ["0", "1"]);
    assert_eq!(split_cell(&json!({}), column), ["", ""]);
    assert_eq!(cell(&json!({"home": null}), column, Values::Names), "");
}

#[test]
fn repeats_have_rows_that_name_the_row_they_belong_to() {
    let tables = tables(&[&sheet("1", &[])]);
    let answers = json!({"child": [{"age": 4, "toy": [{"what": "a"}]}, {"age": 7, "toy": [{"what": "b"}, {"what": "c"}]}]});
    let rows = repeat_rows(&answers, &tables[1]);
    assert_eq!(
        rows.iter().map(|r| (r.key.as_str(), r.position)).collect::<Vec<_>>(),
        [("/child[1]", 1), ("/child[2]", 2)]
    );
    let toys = repeat_rows(&answers, &tables[2]);
    assert_eq!(
        toys.iter().map(|r| (r.key.as_str(), r.parent.as_str())).collect::<Vec<_>>(),
        [
            ("/child[1]/toy[1]", "/child[1]"),
            ("/child[2]/toy[1]", "/child[2]"),
            ("/child[2]/toy[2]", "/child[2]")
        ]
    );
    assert!(repeat_rows(&json!({}), &tables[1]).is_empty());
    assert!(repeat_rows(&answers, &tables[0]).is_empty());
}

#[test]
fn a_codebook_has_every_node_with_its_versions() {
    let (new, old) = (sheet("2", &["area"]), sheet("1", &["gone"]));
    let book = codebook(&[&new, &old]);
    assert_eq!(book.header, ["path", "type", "label::zh", "choices::zh", "versions", "binding"]);
    let row = |path: &str| book.rows.iter().find(|row| row[0] == path).unwrap();
    assert_eq!(row("home/needs")[3..], ["lift=加装电梯 | park=停车", "2 1", ""]);
    assert_eq!(row("home/gone")[4], "1");
    assert_eq!(row("door")[5], "case");
}
