//! What holds for the page as a whole: its words are there and used, nothing is inline or foreign, it stays small.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::files::{File, Set};
use super::shell::{self, Policy};
use super::strings;

fn set() -> Arc<Set> {
    Set::of(Policy::Plain)
}

fn scripts(set: &Set) -> Vec<(String, String)> {
    let mut all: Vec<String> = set
        .shell()
        .filter(|n| Path::new(n).extension().is_some_and(|end| end == "js"))
        .map(str::to_owned)
        .collect();
    all.push("phone/sw.js".to_owned());
    all.into_iter()
        .map(|name| {
            let text = set.text(&name);
            (name, text)
        })
        .collect()
}

/// Keys named in scripts: a text in quotes that begins as they do; of one that is put together, its beginning.
fn asked(text: &str) -> BTreeSet<String> {
    text.split(['\'', '"', '`'])
        .filter(|part| part.starts_with("phone."))
        .filter_map(|part| part.split("${").next())
        .filter(|part| part.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b)))
        .map(str::to_owned)
        .collect()
}

/// Whether it is the beginning of keys only.
fn is_head(key: &str) -> bool {
    key.ends_with(['.', '_'])
}

#[test]
fn every_word_that_the_page_asks_for_is_there_and_every_one_is_used() {
    let set = set();
    let known: BTreeSet<String> = strings::in_english()
        .into_keys()
        .map(|k| k.strip_suffix(".one").or_else(|| k.strip_suffix(".other")).map_or(k.clone(), str::to_owned))
        .collect();
    let mut all: String = scripts(&set).into_iter().map(|(_, text)| text).collect();
    // The one text that is needed where scripts do not run.
    all.push_str("'phone.noscript'");
    let asked = asked(&all);
    let unknown: Vec<_> = asked.iter().filter(|k| !is_head(k) && !known.contains(*k)).collect();
    assert!(unknown.is_empty(), "asked for but not there: {unknown:?}");
    let heads: Vec<&String> = asked.iter().filter(|k| is_head(k)).collect();
    let unused: Vec<_> = known
        .iter()
        .filter(|k| k.starts_with("phone."))
        .filter(|k| !asked.contains(*k) && !heads.iter().any(|head| k.starts_with(head.as_str())))
        .collect();
    assert!(unused.is_empty(), "no script asks for: {unused:?}");
}

#[test]
fn scripts_hold_no_words_of_their_own() {
    for (name, text) in scripts(&set()).iter().filter(|(name, _)| !name.starts_with("vendor/")) {
        let han = text.chars().find(|c| ('\u{4e00}'..='\u{9fff}').contains(c));
        assert!(han.is_none(), "{name}: {han:?}");
    }
}

#[test]
fn the_shell_is_whole_and_nothing_in_it_is_inline_or_foreign() {
    let set = set();
    let html = shell::html(&set);
    assert!(html.contains(&set.root()) && !html.contains('{'), "a place is not filled");
    for bad in [" style=", "<style", "javascript:", " onclick", "//"] {
        assert!(!html.contains(bad), "{bad}");
    }
    let worker = shell::worker(&set);
    for name in ["phone/app.js", "app.css", "phone/strings/zh.json", "vendor/lit-html-3.3.3/lit-html.js"] {
        assert!(worker.contains(&format!("{}/{name}\"", set.root())), "{name} is not kept");
        assert!(set.find(name).is_some(), "{name} is not served");
    }
    assert!(shell::manifest(&set).contains("icon-512.png"));
}

#[test]
fn the_policy_allows_nothing_inline_and_nothing_foreign() {
    assert!(!Policy::Plain.text().contains("unsafe") && !Policy::Plain.text().contains("http"));
    let more = Policy::WithForms.text().replace(" 'wasm-unsafe-eval'", "");
    assert_eq!(more, Policy::Plain.text());
    assert_ne!(Set::of(Policy::WithForms).version(), set().version(), "the version covers the policy");
}

/// Bytes of the scripts as they travel, each file by itself, of those whose names fit.
fn packed_scripts(set: &Set, fits: impl Fn(&str) -> bool) -> usize {
    let names = set.shell().filter(|name| name.rsplit('.').next() == Some("js") && fits(name));
    names.filter_map(|name| set.find(name).and_then(File::packed)).map(<[u8]>::len).sum()
}

#[test]
fn scripts_stay_within_their_budgets() {
    let set = set();
    let start = packed_scripts(&set, |name| !name.starts_with("phone/form/"));
    let forms = packed_scripts(&set, |name| name.starts_with("phone/form/"));
    assert!(start > 0 && start <= 60 << 10, "what the page starts with: {start} bytes packed");
    assert!(forms > 0 && forms <= 30 << 10, "the forms: {forms} bytes packed");
}

#[test]
fn the_page_names_every_script_of_its_first_draw_and_no_other() {
    let set = Set::of(Policy::Plain);
    let first = set.first_scripts();
    for name in ["phone/app.js", "phone/today.js", "phone/store.js", "vendor/idb-8.0.4/build/index.js"] {
        assert!(first.iter().any(|script| script == name), "{name} is not among {first:?}");
    }
    for later in ["phone/sync_page.js", "phone/interview.js", "phone/form/index.js"] {
        assert!(!first.iter().any(|script| script == later), "{later} is loaded at once");
    }
    let page = shell::html(&set);
    assert_eq!(page.matches("modulepreload").count(), first.len());
    let packed: usize = first.iter().filter_map(|name| set.find(name)?.packed().map(<[u8]>::len)).sum();
    assert!(packed <= 40 * 1024, "{packed} bytes before the first draw");
}
