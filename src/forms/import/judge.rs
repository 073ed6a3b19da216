//! Whether a form that was read can be used by this program: all faults at once, and what only deserves a warning.

use std::collections::BTreeSet;

use super::Options;
use super::functions::unknown_functions;
use super::read::Seen;
use crate::forms::binding;
use crate::forms::fault::Fault;
use crate::forms::limits;
use crate::forms::model::{FormModel, Kind, Node};

/// Files that the service makes itself.
pub const OWN_FILES: [&str; 4] = ["doors.csv", "today.csv", "buildings.csv", "receipts.csv"];

/// Everything for which a form is not taken.
pub fn faults(seen: &Seen, options: &Options<'_>, made: &[String]) -> Vec<Fault> {
    let model = &seen.model;
    let mut faults = Vec::new();
    identity(model, &mut faults);
    if seen.is_encrypted {
        faults.push(Fault::new(
            "encrypted submissions cannot be read here; remove public_key from the settings",
            "此处无法读取加密的提交；请从 settings 中删除 public_key",
        ));
    }
    if seen.is_sent_elsewhere {
        faults.push(Fault::new(
            "a form may not name where it is sent; remove submission_url from the settings",
            "表单不得指定提交地址；请从 settings 中删除 submission_url",
        ));
    }
    if seen.lists.iter().any(|list| list != "doors") {
        faults.push(Fault::new(
            "a form may write to no entity list but doors",
            "表单只能写入名为 doors 的实体列表",
        ));
    }
    if seen.languages.len() > limits::LANGUAGES {
        faults.push(Fault::new(
            format!("the form has more than {} languages", limits::LANGUAGES),
            format!("表单的语言超过 {} 种", limits::LANGUAGES),
        ));
    }
    if seen.has_too_many_choices {
        faults.push(Fault::new(
            "the questions have more than 200,000 choices together; put long lists into a file (select_one_from_file)",
            "所有问题的选项合计超过 20 万；长列表请放入文件（select_one_from_file）",
        ));
    }
    for file in &model.files {
        let is_here =
            OWN_FILES.contains(&file.as_str()) || made.contains(file) || options.files.contains(file);
        if !is_here {
            faults.push(Fault::new(
                format!("the form uses the file {file}, which was not given; put it beside the form"),
                format!("表单使用的文件 {file} 没有提供；请与表单一起提交"),
            ));
        }
    }
    faults.extend(binding::faults(model));
    faults
}

/// References that were not made into paths. In a spreadsheet that is a fault; a ready `XForm` is its maker's matter.
pub fn unexpanded(seen: &Seen) -> Vec<Fault> {
    let left = seen.expressions.iter().filter(|(_, _, text)| text.contains("${"));
    left.map(|(path, column, _)| {
        Fault::new("${…} names no question, or several of that name", "${…} 引用的问题不存在或有重名")
            .path(path)
            .column(column)
    })
    .collect()
}

fn identity(model: &FormModel, faults: &mut Vec<Fault>) {
    if model.id.is_empty() {
        faults.push(Fault::new(
            "the form has no id (attribute id of the first element of its instance)",
            "表单没有 id（实例首个元素的 id 属性）",
        ));
    } else if !is_form_id(&model.id) {
        faults.push(Fault::new(
            "the form_id must begin with a letter or _ and have at most 64 letters, digits, _, points and hyphens",
            "form_id 须以字母或 _ 开头，最多 64 个字母、数字、_、点和连字符",
        ));
    }
    if !is_version(&model.version) {
        faults.push(Fault::new(
            "the version must have at most 64 characters, no / or %, no control characters, no blanks at its ends",
            "version 最多 64 个字符，不得含 /、% 或控制字符，首尾不得有空格",
        ));
    }
}

/// Whether a text may be a form's id.
pub fn is_form_id(text: &str) -> bool {
    let starts = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    text.len() <= 64
        && text.bytes().next().is_some_and(starts)
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

/// Whether a text may be a form's version.
pub fn is_version(text: &str) -> bool {
    let is_bad = |c: char| c.is_control() || matches!(c, '/' | '%');
    !text.is_empty()
        && text.chars().count() <= limits::VERSION_CHARS
        && !text.contains(is_bad)
        && text.trim() == text
}

/// Everything that an author should know of a form that is taken.
pub fn warnings(seen: &Seen, options: &Options<'_>) -> Vec<Fault> {
    let mut warnings = Vec::new();
    for (path, what) in &seen.only_collect {
        warnings.push(
            Fault::new(
                format!("{what}: only ODK Collect can ask this; our own page leaves it out"),
                format!("{what}：只有 ODK Collect 能够询问，自带页面会略过"),
            )
            .path(path),
        );
    }
    expressions(seen, &mut warnings);
    let nodes = seen.model.walk();
    for node in &nodes {
        missing_labels(seen, node, &mut warnings);
        looks_like_id(node, &mut warnings);
    }
    if let Some(before) = options.previous {
        changes(before, &seen.model, &mut warnings);
    }
    warnings.truncate(limits::FAULTS);
    warnings
}

fn expressions(seen: &Seen, warnings: &mut Vec<Fault>) {
    let root = format!("/{}/", seen.model.root);
    let known: BTreeSet<&str> = seen.model.walk().iter().map(|node| node.path.as_str()).collect();
    let is_known = |path: &str| known.contains(path) || path.starts_with(&format!("{root}meta"));
    for (path, column, text) in &seen.expressions {
        for name in unknown_functions(text) {
            warnings.push(
                Fault::new(
                    format!("{name}() is no function of the forms' standard; some clients may not know it"),
                    format!("{name}() 不是表单标准中的函数，有的程序可能不支持"),
                )
                .path(path)
                .column(column),
            );
        }
        for named in paths_in(text, &root) {
            if !is_known(named) {
                warnings.push(
                    Fault::new(
                        format!("the expression names {named}, which the form does not have"),
                        format!("表达式引用了表单中不存在的 {named}"),
                    )
                    .path(path)
                    .column(column),
                );
            }
        }
    }
    for path in &seen.bound_paths {
        if !is_known(path) && path.starts_with(&root) {
            warnings.push(Fault::new("there is no such node", "没有这个节点").path(path));
        }
    }
}

/// Absolute paths below the root in an expression, outside quotes.
fn paths_in<'a>(text: &'a str, root: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut quote: Option<char> = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '/') if text[at..].starts_with(root) && !text[..at].ends_with([')', '/', '.', '*']) => {
                let is_end = |c: char| c.is_whitespace() || "()[]=<>!,+*|'\"@".contains(c);
                let path = text[at..].split(is_end).next().unwrap_or_default();
                found.push(path.trim_end_matches(['/', '-']));
            }
            (_, _) => {}
        }
    }
    found
}

fn missing_labels(seen: &Seen, node: &Node, warnings: &mut Vec<Fault>) {
    let has_any = !node.labels.is_empty() || node.asked;
    let missing: Vec<&str> = seen
        .model
        .languages
        .iter()
        .map(String::as_str)
        .filter(|code| {
            let without = |labels: &crate::forms::model::Labels| !labels.contains_key(*code);
            (has_any && without(&node.labels)) || node.choices.iter().any(|choice| without(&choice.labels))
        })
        .collect();
    if seen.model.languages.len() > 1 && !missing.is_empty() {
        let list = missing.join(", ");
        warnings.push(
            Fault::new(
                format!("no label, or one of a choice is missing, in: {list}"),
                format!("缺少标签或选项标签：{list}"),
            )
            .path(&node.path)
            .column("label"),
        );
    }
}

fn looks_like_id(node: &Node, warnings: &mut Vec<Fault>) {
    let name = node.name.to_lowercase();
    let of_name =
        ["idno", "id_no", "idnumber", "id_number", "idcard", "id_card", "citizen", "sfz", "shenfen"];
    let of_label = ["身份证", "公民身份号码", "证件号"];
    let smells = of_name.iter().any(|word| name.contains(word))
        || node.labels.values().any(|label| of_label.iter().any(|word| label.contains(word)));
    if smells
        && node.asked
        && node.kind == Kind::String
        && node.binding.as_deref() != Some("person.citizen_id")
    {
        warnings.push(
            Fault::new(
                "this seems to ask for an ID number; bind it to person.citizen_id, or the number is taken out and lost",
                "此题似乎询问证件号码；请绑定 person.citizen_id，否则号码会被删去且无法保留",
            )
            .path(&node.path),
        );
    }
}

fn changes(before: &FormModel, now: &FormModel, warnings: &mut Vec<Fault>) {
    for node in now.walk() {
        let Some(old) = before.node(&node.path) else { continue };
        if old.kind != node.kind {
            let (from, to) = (old.kind.slug(), node.kind.slug());
            warnings.push(
                Fault::new(
                    format!("the type was {from} in version {}, it is {to} now", before.version),
                    format!("类型在版本 {} 中为 {from}，现为 {to}", before.version),
                )
                .path(&node.path),
            );
        }
        let is_gone = |name: &str| !node.choices.iter().any(|choice| choice.name == name);
        let gone: Vec<&str> =
            old.choices.iter().map(|choice| choice.name.as_str()).filter(|name| is_gone(name)).collect();
        if !gone.is_empty() && node.choices_from.is_none() {
            let list = gone.join(", ");
            warnings.push(
                Fault::new(
                    format!("choices of the last version are gone: {list}"),
                    format!("上一版的选项已消失：{list}"),
                )
                .path(&node.path),
            );
        }
    }
}
