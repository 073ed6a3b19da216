//! The bar of looks, drawn by attributes: the content policy allows no inline style.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::look::Look;

/// Width of the drawing; one unit is a thousandth of the whole.
const WIDTH: i64 = 1000;

/// An SVG bar of the doors due, by look. `words` is its text for those who cannot see it.
pub fn bar(counts: &BTreeMap<Look, i64>, class: &str, words: &str) -> String {
    let due: i64 = counts.iter().filter(|(look, _)| **look != Look::Out).map(|(_, n)| n).sum();
    let mut svg = format!(
        "<svg class=\"bar {class}\" viewBox=\"0 0 {WIDTH} 10\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">",
        escaped(words)
    );
    let (mut so_far, mut from) = (0, 0);
    for (look, n) in counts {
        if *n <= 0 || matches!(look, Look::Out | Look::New) {
            continue;
        }
        so_far += n;
        let to = if due > 0 { so_far * WIDTH / due } else { 0 };
        // What is there is seen, be it ever so little.
        let width = (to - from).max(4);
        // Writing to a String cannot fail.
        let _ =
            write!(svg, "<rect class=\"f-{}\" x=\"{from}\" width=\"{width}\" height=\"10\"/>", look.slug());
        from = to;
    }
    svg.push_str("</svg>");
    svg
}

/// Text as it may stand in HTML and in an attribute in double quotes.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_ends_where_the_sum_of_its_parts_ends() {
        let counts =
            BTreeMap::from([(Look::Completed, 3), (Look::Refused, 1), (Look::New, 4), (Look::Out, 9)]);
        let svg = bar(&counts, "big", "3 of 8 <done>");
        assert!(svg.contains("f-completed\" x=\"0\" width=\"375\""), "{svg}");
        assert!(svg.contains("f-refused\" x=\"375\" width=\"125\""), "{svg}");
        assert!(svg.contains("&lt;done&gt;") && !svg.contains("style"), "{svg}");
    }

    #[test]
    fn an_empty_area_has_an_empty_bar() {
        let svg = bar(&BTreeMap::from([(Look::Completed, 0)]), "big", "");
        assert!(!svg.contains("<rect"));
    }
}
