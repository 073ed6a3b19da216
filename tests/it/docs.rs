//! The documents keep up with the program: every route in its order, every default of the policy, every command.

use std::path::Path;

use doorknock::domain::Policy;
use doorknock::routes::routes;
use doorknock::setup::{Class, Rule};

fn document(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Headings of the kind ### `GET /v1/cases`.
fn calls(text: &str) -> Vec<String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`'));
    headings.map(str::to_owned).collect()
}

#[test]
fn the_page_about_the_api_has_every_call_in_the_order_of_the_routes() {
    // The pages follow after the calls; they are for people and speak for themselves.
    let is_call = |pattern: &str| {
        pattern.starts_with("/v1/")
            || ["/healthz", "/readyz", "/metrics", "/ca.crt", "/problems/{slug}"].contains(&pattern)
    };
    let wanted: Vec<String> = routes()
        .list()
        .into_iter()
        .filter(|(_, pattern)| is_call(pattern))
        .map(|(method, pattern)| format!("{method} {pattern}"))
        .collect();
    assert_eq!(calls(&document("docs/api.md")), wanted);
}

#[test]
fn the_page_about_the_set_up_shows_the_policy_as_it_is_without_one() {
    let page = document("docs/setup.md");
    let blocks: Vec<&str> = page.split("```toml\n").skip(1).filter_map(|b| b.split("```").next()).collect();
    let [survey, policy] = blocks[..] else { panic!("two blocks of TOML are expected") };
    assert!(survey.contains("id = "), "the first block is the survey");
    let shown: Policy = toml::from_str(policy).unwrap();
    assert_eq!(shown, Policy::default());
    // Nothing is left out: what is null by default stands in a comment.
    let all = serde_json::to_value(Policy::default()).unwrap();
    for (table, fields) in all.as_object().unwrap() {
        for key in fields.as_object().into_iter().flatten().map(|(key, _)| key) {
            assert!(policy.contains(&format!("{key} =")), "{table}.{key} is missing");
        }
    }
    for key in ["until", "e", "purge_on"] {
        assert!(policy.contains(&format!("# {key} =")), "{key} is missing");
    }
}

#[test]
fn the_page_about_the_set_up_names_every_question_about_its_files() {
    let page = document("docs/setup.md");
    let asked = Rule::CODES.iter().filter(|(_, class)| *class == Class::Asked);
    for (code, _) in asked {
        assert!(page.contains(&format!("`{code}`")), "{code} is missing");
    }
}

#[test]
fn every_link_between_the_documents_leads_to_a_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = [
        "README.md",
        "ARCHITECTURE.md",
        "docs/api.md",
        "docs/setup.md",
        "docs/operations.md",
        "schema/README.md",
    ];
    for page in pages {
        let folder = root.join(page);
        let folder = folder.parent().unwrap();
        for target in document(page).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !target.contains("://") {
                assert!(folder.join(file).exists(), "{page} points to {target}");
            }
        }
    }
}

/// Else `make mutations` ends before it has tried anything.
#[test]
fn every_place_that_is_broken_on_purpose_stands_in_the_sources_once() {
    let table: toml::Table = document("tests/mutations/mutations.toml").parse().unwrap();
    let mutations = table["mutation"].as_array().unwrap();
    assert!(mutations.len() > 30);
    for mutation in mutations {
        let (file, place) = (mutation["file"].as_str().unwrap(), mutation["find"].as_str().unwrap());
        assert_eq!(document(file).matches(place).count(), 1, "{}", mutation["name"]);
    }
}
