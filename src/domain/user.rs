//! Login names. A person is found by a name whatever the case of its letters: phones' keyboards begin with a capital.

use unicode_normalization::UnicodeNormalization;

/// A login name as somebody wrote it. Two are equal when they name the same person.
#[derive(Clone, Debug)]
pub struct UserName {
    written: String,
    key: String,
}

impl UserName {
    /// The name in `text`.
    pub fn of(text: &str) -> Self {
        let folded: String = text.nfkc().collect();
        Self { written: text.trim().to_owned(), key: folded.trim().to_lowercase().nfkc().collect() }
    }

    /// As it was written, without the spaces around it.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// As it is compared: NFKC, trimmed, lower case.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl PartialEq for UserName {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for UserName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_is_one_person_however_it_is_written() {
        let table =
            [("s01", "S01"), (" s01 ", "s01"), ("Ｓ０１", "s01"), ("Émile", "émile"), ("敲门", "敲门")];
        for (a, b) in table {
            assert_eq!(UserName::of(a), UserName::of(b), "{a} {b}");
        }
        for (a, b) in [("s01", "s1"), ("s01", "s0 1"), ("e01", "é01")] {
            assert_ne!(UserName::of(a), UserName::of(b), "{a} {b}");
        }
        assert_eq!(UserName::of(" S01 ").written(), "S01");
    }

    #[test]
    fn comparing_again_changes_nothing() {
        for text in ["S01", "ǅ", "İstanbul", "ΣΑΣ", "Ⅷ", "ﬁ"] {
            let once = UserName::of(text);
            assert_eq!(UserName::of(once.key()).key(), once.key(), "{text}");
        }
    }
}
