//! Signs in a cell that are not part of its value, or look like others: each function gives the mended text, or nothing
//! where there is nothing to mend.

/// Signs that cannot be seen: zero-width ones, direction marks, soft hyphens, variation selectors.
pub(in crate::setup) fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0100}'..='\u{e01ef}')
}

/// Signs that choose the form of a letter, which a name may need.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Without unseen signs; a free text keeps those that choose the form of a letter.
pub(super) fn without_unseen(text: &str, is_free: bool) -> Option<String> {
    let goes = |c: char| is_unseen(c) && !(is_free && is_joiner(c));
    text.contains(goes).then(|| text.chars().filter(|&c| !goes(c)).collect::<String>().trim().to_owned())
}

/// Full-width letters, digits and signs as plain ones.
pub(super) fn half_width(text: &str) -> Option<String> {
    let plain = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        other => other,
    };
    let is_wide = |c: char| plain(c) != c;
    text.contains(is_wide).then(|| text.chars().map(plain).collect::<String>().trim().to_owned())
}

/// `="0101"` as `0101`.
pub(super) fn without_formula_mark(text: &str) -> Option<String> {
    let inner = text.strip_prefix('=')?.trim_start().strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains('"')).then(|| inner.trim().to_owned())
}

/// Without what keeps a spreadsheet from changing a value: `="…"`, a leading apostrophe, quotation marks around.
pub(super) fn without_marks(text: &str) -> Option<String> {
    const PAIRS: [(char, char); 8] =
        [('"', '"'), ('\'', '\''), ('“', '”'), ('„', '“'), ('”', '”'), ('‘', '’'), ('「', '」'), ('«', '»')];
    if let Some(inner) = without_formula_mark(text) {
        return Some(inner);
    }
    let inner = PAIRS.iter().find_map(|&(open, close)| text.strip_prefix(open)?.strip_suffix(close));
    let inner = inner.or_else(|| text.strip_prefix(['\'', '‘', '’', '`', '´']))?.trim();
    (!inner.is_empty()).then(|| inner.to_owned())
}

/// Dashes of all kinds and the minus sign as hyphens.
pub(super) fn plain_dashes(text: &str) -> Option<String> {
    let is_dash =
        |c: char| matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2043}' | '\u{fe58}' | '\u{fe63}');
    text.contains(is_dash).then(|| text.replace(is_dash, "-"))
}

/// Every run of spaces, of whatever kind, as one space; line breaks and tabs stay, as they are no slip.
pub(super) fn plain_spaces(text: &str) -> Option<String> {
    let is_space = |c: char| c.is_whitespace() && !c.is_control();
    let is_odd = text.contains(|c: char| c != ' ' && is_space(c)) || text.contains("  ");
    is_odd.then(|| text.split(is_space).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
}
