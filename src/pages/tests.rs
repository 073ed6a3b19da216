//! What holds for all pages together: both languages complete, colours readable, nothing inline, budgets kept.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::words;

const CSS: &str = include_str!("../../web/app.css");

fn places(text: &str) -> BTreeSet<String> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn both_languages_have_the_same_keys_and_places() {
    let (en, zh) = (words::read(words::EN), words::read(words::ZH));
    assert!(en.len() > 300 && zh.len() > 300, "a file of words cannot be read");
    let keys = |all: &std::collections::HashMap<String, String>| -> BTreeSet<String> {
        all.keys().filter(|k| k.strip_suffix(".one").is_none()).cloned().collect()
    };
    let missing: Vec<String> = keys(&en).symmetric_difference(&keys(&zh)).cloned().collect();
    assert!(missing.is_empty(), "in one language only: {missing:?}");
    for (key, text) in &en {
        let other = key.strip_suffix(".one").map_or_else(|| key.clone(), |stem| format!("{stem}.other"));
        assert_eq!(places(text), places(&zh[&other]), "{key}: places differ");
        assert!(!text.trim().is_empty() && !zh[&other].trim().is_empty(), "{key} is empty");
        if let Some(stem) = key.strip_suffix(".other") {
            assert!(en.contains_key(&format!("{stem}.one")), "{stem} has no singular");
        }
    }
}

fn files(dir: &str, endings: &[&str]) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
    let mut all = Vec::new();
    let mut open = vec![root];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()) {
            if entry.is_dir() {
                open.push(entry);
            } else if endings.iter().any(|e| entry.to_string_lossy().ends_with(e)) {
                let text = std::fs::read_to_string(&entry).unwrap();
                all.push((entry, text));
            }
        }
    }
    all
}

/// Keys asked for as a literal: `t("…")`, `say("…"`, `count("…"`, `let key = "…"` and titles of frames.
fn asked_keys() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (_, text) in files("src/pages", &[".rs"]).into_iter().chain(files("web/templates", &[".html"])) {
        for part in text.split('"').skip(1).step_by(1) {
            let is_key = part.contains('.')
                && part.len() < 60
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_');
            if is_key {
                all.insert(part.to_owned());
            }
        }
    }
    all
}

#[test]
fn every_key_that_a_page_asks_for_is_there_and_every_word_is_used() {
    let en = words::read(words::EN);
    let stems: BTreeSet<String> = en
        .keys()
        .map(|k| k.strip_suffix(".one").or_else(|| k.strip_suffix(".other")).unwrap_or(k).to_owned())
        .collect();
    let heads: BTreeSet<&str> = stems.iter().filter_map(|k| k.split('.').next()).collect();
    let asked = asked_keys();
    let endings = [".html", ".css", ".csv", ".svg", ".js", ".toml", ".zip", ".json"];
    let unknown: Vec<&String> = asked
        .iter()
        .filter(|k| k.split('.').next().is_some_and(|head| heads.contains(head)))
        .filter(|k| !endings.iter().any(|e| k.ends_with(e)) && !k.ends_with('.') && !stems.contains(*k))
        .collect();
    assert!(unknown.is_empty(), "asked for but not there: {unknown:?}");
    // Put together from a code: state, decision, reason and so on.
    let made = [
        "audit.",
        "look.",
        "month.",
        "weekday.",
        "decide.",
        "case.held.",
        "decision.",
        "done.",
        "id.",
        "cell.",
        "band.",
        "end.",
        "table.",
        "exports.",
        "review.",
        "cmp.",
        "fill.",
        // The words of the enumerators' page: `phone::tests` looks at them.
        "phone.",
    ];
    let unused: Vec<&String> = stems
        .iter()
        .filter(|k| !asked.contains(*k) && !made.iter().any(|head| k.starts_with(head)))
        .collect();
    assert!(unused.is_empty(), "no page asks for: {unused:?}");
}

#[test]
fn templates_and_scripts_hold_no_words_of_their_own() {
    for (path, text) in files("web/templates", &[".html"]).into_iter().chain(files("web/js", &[".js"])) {
        let han = text.chars().find(|c| ('\u{4e00}'..='\u{9fff}').contains(c));
        assert!(han.is_none(), "{}: {han:?}", path.display());
    }
}

#[test]
fn nothing_is_inline_and_nothing_is_foreign() {
    for (path, text) in files("web/templates", &[".html"]) {
        // The sheet of cards is a file to print, never an answer over HTTP: it carries its style within.
        let is_file = path.ends_with("card_sheet.html");
        for bad in [" style=", "<style", "javascript:", " onclick", " onsubmit", "//"] {
            assert!(!text.contains(bad) || (is_file && bad == "<style"), "{}: {bad}", path.display());
        }
        for script in text.split("<script").skip(1) {
            assert!(script.trim_start().starts_with("type=\"module\" src=") && script.contains("></script>"));
        }
    }
    assert!(!CSS.contains("url(") && !CSS.contains("@import"));
}

/// The tokens of one block of the style sheet.
fn tokens(block: &str) -> BTreeMap<&str, [f64; 3]> {
    block
        .split(['{', ';', '}', '\n'])
        .filter_map(|line| line.trim().strip_prefix("--")?.split_once(':'))
        .filter_map(|(name, value)| {
            let hex = value.strip_prefix('#').filter(|h| h.len() == 6)?;
            let part = |i: usize| u8::from_str_radix(&hex[i..i + 2], 16).ok().map(|n| f64::from(n) / 255.0);
            Some((name, [part(0)?, part(2)?, part(4)?]))
        })
        .collect()
}

/// Relative luminance and contrast of WCAG 2.1.
fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let luminance = |c: [f64; 3]| {
        let linear = c.map(|x| if x <= 0.04045 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn text_and_signs_can_be_read_in_both_themes() {
    let light = tokens(CSS.split("@media").next().unwrap());
    let dark =
        tokens(CSS.split(":root[data-theme=dark]{").nth(1).unwrap().split("/* Ground */").next().unwrap());
    let system =
        tokens(CSS.split(":root:not([data-theme=light]){").nth(1).unwrap().split("}}").next().unwrap());
    assert!(light.len() > 40);
    assert_eq!(format!("{dark:?}"), format!("{system:?}"), "the dark theme is written twice and differs");
    let mut text: Vec<(String, String)> = Vec::new();
    for look in [
        "completed",
        "appointment",
        "again",
        "new",
        "refused",
        "exhausted",
        "closed",
        "verify",
        "out",
        "accent",
        "warn",
        "bad",
        "good",
    ] {
        text.push((format!("{look}-ink"), look.to_owned()));
    }
    text.extend((1..=5).map(|n| (format!("step{n}-ink"), format!("step{n}"))));
    for ground in ["bg", "card", "soft"] {
        text.extend(["ink", "mute", "accent"].map(|ink| (ink.to_owned(), ground.to_owned())));
    }
    text.push(("bad-ink".to_owned(), "card".to_owned()));
    let edges = ["edge", "focus", "completed", "appointment", "refused", "exhausted", "closed", "verify"];
    for (theme, all) in [("light", &light), ("dark", &dark)] {
        for (ink, ground) in &text {
            let c = contrast(all[ink.as_str()], all[ground.as_str()]);
            assert!(c >= 4.5, "{theme}: {ink} on {ground}: {c:.2}");
        }
        for edge in edges {
            let c = contrast(all[edge], all["card"]);
            assert!(c >= 3.0, "{theme}: {edge} on card: {c:.2}");
        }
        let c = contrast(all["warn-edge"], all["warn"]);
        assert!(c >= 3.0, "{theme}: warn-edge on warn: {c:.2}");
    }
}

#[test]
fn scripts_and_style_stay_within_their_budgets() {
    let sizes = super::assets::packed_sizes();
    let scripts: usize =
        sizes.iter().filter(|(name, _)| name.strip_suffix(".js").is_some()).map(|s| s.1).sum();
    let style: usize =
        sizes.iter().filter(|(name, _)| name.strip_suffix(".css").is_some()).map(|s| s.1).sum();
    assert!(scripts > 0 && scripts <= 12 << 10, "scripts: {scripts} bytes packed");
    assert!(style > 0 && style <= 8 << 10, "style: {style} bytes packed");
}

/// A comma inside a Chinese sentence is a full-width one.
#[test]
fn chinese_sentences_have_full_width_commas() {
    let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c) || "”」）".contains(c);
    for (key, text) in super::words::read(super::words::ZH) {
        let all: Vec<char> = text.chars().collect();
        for (i, c) in all.iter().enumerate().filter(|(_, c)| **c == ',') {
            let near = [i.checked_sub(1).and_then(|n| all.get(n)), all[i + 1..].iter().find(|c| **c != ' ')];
            assert!(!near.into_iter().flatten().any(|c| is_han(*c)), "{key}: {c} in {text}");
        }
    }
}
