//! The functions that the forms' standard lists, to warn of others.

/// Functions of the ODK `XForms` specification and of `XPath` 1.0.
const KNOWN: [&str; 95] = [
    "abs",
    "acos",
    "area",
    "asin",
    "atan",
    "atan2",
    "base64-decode",
    "boolean",
    "boolean-from-string",
    "ceiling",
    "checklist",
    "coalesce",
    "comment",
    "concat",
    "contains",
    "cos",
    "count",
    "count-non-empty",
    "count-selected",
    "current",
    "date",
    "date-time",
    "decimal-date-time",
    "decimal-time",
    "digest",
    "distance",
    "ends-with",
    "enclosed-area",
    "exp",
    "exp10",
    "extract-signed",
    "false",
    "floor",
    "format-date",
    "format-date-time",
    "geofence",
    "id",
    "if",
    "indexed-repeat",
    "instance",
    "int",
    "intersects",
    "item-at",
    "jr:choice-name",
    "jr:itext",
    "join",
    "lang",
    "last",
    "local-name",
    "log",
    "log10",
    "max",
    "min",
    "name",
    "namespace-uri",
    "node",
    "normalize-space",
    "not",
    "now",
    "number",
    "once",
    "parse-date",
    "pi",
    "position",
    "pow",
    "processing-instruction",
    "property",
    "pulldata",
    "random",
    "randomize",
    "regex",
    "reverse",
    "round",
    "search",
    "selected",
    "selected-at",
    "sin",
    "sqrt",
    "starts-with",
    "string",
    "string-length",
    "substr",
    "substring",
    "substring-after",
    "substring-before",
    "sum",
    "tan",
    "text",
    "thousandsep",
    "today",
    "translate",
    "true",
    "uuid",
    "version",
    "weighted-checklist",
];

/// Words before a bracket that are no functions.
const OPERATORS: [&str; 4] = ["and", "or", "div", "mod"];

/// Names of functions in an expression that the standard does not list, each once.
pub fn unknown_functions(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    let mut quote: Option<char> = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => {
                let before = text[..at].trim_end();
                let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | ':' | '.');
                let start = before
                    .rfind(|c: char| !is_part(c))
                    .map_or(0, |place| place + before[place..].chars().next().map_or(1, char::len_utf8));
                let name = before[start..].trim_start_matches(['-', '.']);
                let is_known = KNOWN.contains(&name) || OPERATORS.contains(&name);
                if !name.is_empty() && !is_known && !found.contains(&name) {
                    found.push(name);
                }
            }
            (_, _) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_functions_that_nobody_lists_are_named() {
        let text = "if(selected( /data/a , 'x(y'), once(1), cosy(2)) and (1 + pow (2, 3)) or not-there()";
        assert_eq!(unknown_functions(text), ["cosy", "not-there"]);
    }
}
