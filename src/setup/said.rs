//! Values that are filled into a rule's sentence: some read the same in both languages, some do not.

use crate::domain::Language;
use crate::forms::Fault;

/// What can stand in a sentence of either language.
pub(super) trait Said {
    /// The value as that language writes it.
    fn said(&self, language: Language) -> String;
}

/// A word in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Both {
    /// English.
    pub en: &'static str,
    /// Chinese.
    pub zh: &'static str,
}

impl Both {
    /// The word of a language.
    pub const fn of(self, language: Language) -> &'static str {
        match language {
            Language::En => self.en,
            Language::Zh => self.zh,
        }
    }
}

/// A word in English and Chinese.
pub(super) const fn both(en: &'static str, zh: &'static str) -> Both {
    Both { en, zh }
}

impl Said for Both {
    fn said(&self, language: Language) -> String {
        self.of(language).to_owned()
    }
}

impl Said for Fault {
    fn said(&self, language: Language) -> String {
        self.line(language)
    }
}

impl Said for String {
    fn said(&self, _: Language) -> String {
        self.clone()
    }
}

macro_rules! numbers_said {
    ($($number:ty),+) => {$(
        impl Said for $number {
            fn said(&self, _: Language) -> String {
                self.to_string()
            }
        }
    )+};
}

numbers_said!(u64, usize, u16, i32);
