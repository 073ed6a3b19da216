//! Text as a key: NFKC, simplified script, no spaces, stable 64-bit hashes. No I/O, no state.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::script::simplified;

/// Folds full-width forms and compatibility signs, lowers letters, writes Han in simplified script and
/// makes every run of white space (and invisible signs) one space, none at the ends.
pub fn clean(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut gap = false;
    for c in raw.nfkc() {
        if c.is_whitespace() || c.is_control() || is_invisible(c) {
            gap = true;
            continue;
        }
        if gap && !out.is_empty() {
            out.push(' ');
        }
        gap = false;
        let c = simplified(c);
        if c.is_ascii() {
            out.push(c.to_ascii_lowercase());
        } else {
            out.extend(c.to_lowercase());
        }
    }
    out
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

/// Latin letters of `text` without accents, lower case; everything else is dropped.
pub fn latin_letters(text: &str) -> String {
    text.nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .filter(char::is_ascii_alphabetic)
        .collect()
}

/// A Han character (the unified block and extension A, where names live).
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{3007}' | '\u{20000}'..='\u{2ebef}')
}

/// FNV-1a over the parts with a separator, finished by an avalanche step: stable across runs, machines and
/// versions, so it may be stored. 0 is kept for "nothing". Source: Fowler, Noll, Vo; finaliser of `MurmurHash3`.
pub fn hash(parts: &[&str]) -> u64 {
    let mut h: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        for byte in part.bytes().chain([0xff]) {
            h = (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    h ^= h >> 33;
    h = h.wrapping_mul(0xff51_afd7_ed55_8ccd);
    h ^= h >> 33;
    if h == 0 { 1 } else { h }
}

/// [`hash`] in 32 bits, for short closed vocabularies such as syllables and surnames.
pub fn hash32(text: &str) -> u32 {
    let h = hash(&[text]);
    let folded = u32::try_from((h ^ (h >> 32)) & 0xffff_ffff).unwrap_or(1);
    folded.max(1)
}

/// True when every character of `short` occurs in `long` in that order.
pub fn is_subsequence(short: &str, long: &str) -> bool {
    let mut rest = long.chars();
    short.chars().all(|c| rest.any(|d| d == c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_width_traditional_and_spaces_are_folded() {
        for (raw, want) in [
            ("  張　偉 ", "张 伟"),
            ("６＃２單元３０１", "6#2单元301"),
            ("ＡＢＣ\u{200b}d", "abc d"),
            ("①號樓", "1号楼"),
            ("", ""),
        ] {
            assert_eq!(clean(raw), want, "{raw}");
        }
    }

    #[test]
    fn latin_letters_lose_accents() {
        assert_eq!(latin_letters("Lǚ Zhōngfú-3"), "luzhongfu");
    }

    #[test]
    fn hashes_depend_on_the_cut() {
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_eq!(hash(&["王", "伟"]), hash(&["王", "伟"]));
        assert_ne!(hash32("wang"), hash32("huang"));
    }

    #[test]
    fn subsequences() {
        assert!(is_subsequence("鑫苑园", "鑫苑花园"));
        assert!(!is_subsequence("园苑", "鑫苑花园"));
        assert!(is_subsequence("", "x"));
    }
}
