//! References inside a repeat, written as they must be: to the same person's answer, not to the first one's.
//!
//! The converter writes every reference as an absolute path. Clients differ in how they read one inside a repeat; a relative
//! path means the same to all of them, and is what the reference converter writes.

use std::collections::BTreeSet;

/// `expression` of the node at `context` with relative paths for nodes of the same repeat; `None` where nothing changes.
pub fn relative(
    expression: &str,
    context: &str,
    repeats: &[String],
    known: &BTreeSet<String>,
) -> Option<String> {
    if !repeats.iter().any(|repeat| inside(context, repeat)) {
        return None;
    }
    let mut out = String::with_capacity(expression.len());
    let (mut quote, mut predicates) = (None, 0_usize);
    let mut skip_until: Option<usize> = None;
    let mut depth = 0_usize;
    let mut is_changed = false;
    let mut rest = expression;
    while let Some(c) = rest.chars().next() {
        if quote.is_none() && c == '/' && skip_until.is_none() && begins_path(&out) {
            let path = path_at(rest);
            if let Some(short) = shorten(path, context, repeats, known) {
                if predicates > 0 {
                    out.push_str("current()/");
                }
                out.push_str(&short);
                rest = &rest[path.len()..];
                is_changed = true;
                continue;
            }
            out.push_str(path);
            rest = &rest[path.len()..];
            continue;
        }
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => predicates += 1,
            (None, ']') => predicates = predicates.saturating_sub(1),
            (None, '(') => {
                // `indexed-repeat` names nodes of all instances.
                if skip_until.is_none() && out.trim_end().ends_with("indexed-repeat") {
                    skip_until = Some(depth);
                }
                depth += 1;
            }
            (None, ')') => {
                depth = depth.saturating_sub(1);
                if skip_until == Some(depth) {
                    skip_until = None;
                }
            }
            (_, _) => {}
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    is_changed.then_some(out)
}

/// Whether a slash behind this text begins a path: it does not where a step stands before it.
fn begins_path(before: &str) -> bool {
    !before.ends_with(|c: char| is_step(c) || matches!(c, ')' | ']' | '/' | '*' | '@'))
}

fn is_step(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '\u{b7}')
}

fn path_at(rest: &str) -> &str {
    let end = rest.find(|c: char| c != '/' && !is_step(c)).unwrap_or(rest.len());
    &rest[..end.max(1)]
}

/// Whether a path lies below another.
pub fn inside(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
}

fn shorten(path: &str, context: &str, repeats: &[String], known: &BTreeSet<String>) -> Option<String> {
    if !known.contains(path) {
        return None;
    }
    repeats.iter().find(|repeat| inside(path, repeat) && inside(context, repeat))?;
    let from: Vec<&str> = context.split('/').collect();
    let to: Vec<&str> = path.split('/').collect();
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut steps = vec![".."; from.len() - common];
    steps.extend(&to[common..]);
    Some(if steps.is_empty() { ".".to_owned() } else { steps.join("/") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_relative(expression: &str, context: &str) -> String {
        let known = ["/data/n", "/data/p", "/data/p/a", "/data/p/b", "/data/p/g", "/data/p/g/c"];
        let known = known.into_iter().map(str::to_owned).collect();
        relative(expression, context, &["/data/p".to_owned()], &known)
            .unwrap_or_else(|| expression.to_owned())
    }

    #[test]
    fn a_reference_inside_a_repeat_means_the_same_instance() {
        assert_eq!(to_relative(" /data/p/a  = 1", "/data/p/b"), " ../a  = 1");
        assert_eq!(to_relative(" /data/p/a  = 1", "/data/p/g/c"), " ../../a  = 1");
        assert_eq!(to_relative("/data/p/g/c", "/data/p/b"), "../g/c");
        assert_eq!(to_relative("x[name = /data/p/a ]", "/data/p/b"), "x[name = current()/../a ]");
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for (expression, context) in [
            (" /data/n  > 1", "/data/p/b"),
            (" /data/p/a ", "/data/n"),
            ("count( /data/p )", "/data/p/a"),
            ("'/data/p/a'", "/data/p/b"),
            ("instance('__last-saved')/data/p/a", "/data/p/b"),
            ("indexed-repeat( /data/p/a ,  /data/p , 1)", "/data/p/b"),
            ("/data/p/abc", "/data/p/b"),
        ] {
            assert_eq!(to_relative(expression, context), expression);
        }
    }
}
