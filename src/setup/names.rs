//! Which of the files that are there is meant, when its name is not quite right: other capitals, a second ending, a copy
//! made by a browser or an office program.

use super::rule::Rule;

/// What was found for one file of the set-up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// The name to open.
    pub open: Option<String>,
    /// What there is to say.
    pub rule: Option<Rule>,
}

/// Looks for `wanted` among `names`.
pub(super) fn find(wanted: &str, names: &[String]) -> Named {
    let is_other = |name: &&String| name.as_str() != wanted;
    let has_exact = names.iter().any(|name| name == wanted);
    let is_meant = |name: &&String| means(name, wanted) && (!has_exact || is_of_kind(name, wanted));
    let meant: Vec<&String> = names.iter().filter(is_other).filter(is_meant).collect();
    let list = || meant.iter().take(5).map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    match (has_exact, meant.as_slice()) {
        (true, []) => Named { open: Some(wanted.to_owned()), rule: None },
        (true, _) => Named { open: Some(wanted.to_owned()), rule: Some(Rule::OtherFile { found: list() }) },
        (false, [one]) => {
            Named { open: Some((*one).clone()), rule: Some(Rule::FileName { found: (*one).clone() }) }
        }
        (false, []) => {
            let other = names.iter().find(|name| is_other_kind(name, wanted));
            let rule = other.map_or(Rule::FileMissing, |name| Rule::FileOfOtherKind { found: name.clone() });
            Named { open: None, rule: Some(rule) }
        }
        (false, _) => Named { open: None, rule: Some(Rule::SeveralFiles { found: list() }) },
    }
}

/// Whether `name` may have been meant to be `wanted`, also where it is a spreadsheet.
pub(super) fn may_mean(name: &str, wanted: &str) -> bool {
    means(name, wanted) || is_other_kind(name, wanted)
}

/// Whether `name` is `wanted` with other capitals, another ending of text, or the marks of a copy.
fn means(name: &str, wanted: &str) -> bool {
    let Some((stem, ending)) = parts(name) else { return false };
    let (known, kind) = wanted.split_once('.').unwrap_or((wanted, ""));
    let endings: &[&str] = if kind == "csv" {
        &["csv", "csv.txt", "txt", "tsv", "tab", "csv.csv"]
    } else {
        &["toml", "toml.txt", "toml.toml"]
    };
    endings.contains(&ending.as_str()) && is_copy_of(&stem, known)
}

/// Whether `name` has the ending of `wanted`: notes in a text file beside it are no copy.
fn is_of_kind(name: &str, wanted: &str) -> bool {
    parts(name).is_some_and(|(_, ending)| wanted.split_once('.').is_some_and(|(_, kind)| kind == ending))
}

/// Whether `name` is a spreadsheet that should have been saved as `wanted`.
fn is_other_kind(name: &str, wanted: &str) -> bool {
    let Some((stem, ending)) = parts(name) else { return false };
    let is_sheet = ["xlsx", "xls", "xlsm", "ods", "numbers", "et", "csv.xlsx"].contains(&ending.as_str());
    is_sheet && wanted.split_once('.').is_some_and(|(known, kind)| kind == "csv" && is_copy_of(&stem, known))
}

/// Stem and ending in small letters; nothing for the hidden files of systems and office programs.
fn parts(name: &str) -> Option<(String, String)> {
    let lower = name.trim().to_lowercase();
    if lower.starts_with(['.', '~']) {
        return None;
    }
    let (stem, ending) = lower.split_once('.')?;
    Some((stem.trim().to_owned(), ending.trim().to_owned()))
}

/// `areas`, `areas (1)`, `areas - copy`, `areas_副本`, `copy of areas`, `survey - areas`.
fn is_copy_of(stem: &str, known: &str) -> bool {
    if stem == known {
        return true;
    }
    let is_mark = |c: char| c.is_ascii_digit() || c.is_whitespace() || "()（）-_—–".contains(c);
    let rest = match stem.split_once(known) {
        Some((before, after)) => [before, " ", after].concat(),
        None => return false,
    };
    let words = [
        "copy",
        "kopie",
        "copie",
        "副本",
        "的副本",
        "of",
        "von",
        "de",
        "sheet",
        "工作表",
        "survey",
        "final",
        "new",
        "utf",
        "拷贝",
    ];
    rest.split(is_mark).filter(|word| !word.is_empty()).all(|word| words.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::{Named, find};
    use crate::setup::rule::Rule;

    fn found(wanted: &str, names: &[&str]) -> (Option<String>, Option<&'static str>) {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let Named { open, rule } = find(wanted, &names);
        (open, rule.as_ref().map(Rule::code))
    }

    #[test]
    fn a_file_is_found_under_the_names_that_programs_give_it() {
        for name in [
            "Areas.csv",
            "AREAS.CSV",
            "areas.csv.txt",
            "areas.CSV.csv",
            "areas.tsv",
            "areas.txt",
            "areas (1).csv",
            "areas - Copy.csv",
            "areas - 副本.csv",
            "副本areas.csv",
            "Copy of areas.csv",
            "areas-Sheet1.csv",
            "survey - areas.csv",
            "areas_2.csv",
        ] {
            assert_eq!(found("areas.csv", &[name]), (Some(name.to_owned()), Some("file-name")), "{name}");
        }
        assert_eq!(found("survey.toml", &["Survey.toml.txt"]).1, Some("file-name"));
        assert_eq!(found("areas.csv", &["areas.csv", "staff.csv"]), (Some("areas.csv".to_owned()), None));
        assert_eq!(
            found("areas.csv", &["areas.csv", "areas (1).csv"]),
            (Some("areas.csv".to_owned()), Some("other-file"))
        );
        assert_eq!(found("areas.csv", &["areas.csv", "areas.txt"]), (Some("areas.csv".to_owned()), None));
        assert_eq!(found("areas.csv", &["Areas.csv", "areas (1).csv"]), (None, Some("several-files")));
        assert_eq!(found("areas.csv", &["areas.xlsx"]), (None, Some("file-of-other-kind")));
        for name in [
            "._areas.csv",
            "~$areas.csv",
            "subareas.csv",
            "areas_old_list.csv",
            "staff.csv",
            "areas",
            "readme.txt",
        ] {
            assert_eq!(found("areas.csv", &[name]), (None, Some("file-missing")), "{name}");
        }
    }
}
