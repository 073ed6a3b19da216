//! The machinery of the table of comparisons and levels, so that each of them has the same questions and one form in JSON.

/// Declares the ordered levels of one comparison: `Variant = "name", "English", "中文";`, or `Variant = "name",` where nobody
/// is shown the level.
macro_rules! levels {
    ($(#[$meta:meta])* pub enum $level:ident { $($variant:ident = $name:literal, $en:literal, $zh:literal;)+ }) => {
        $crate::link::levels::levels! { $(#[$meta])* pub enum $level { $($variant = $name,)+ } }

        impl $level {
            /// The level in a reader's language.
            pub const fn label(self, language: $crate::domain::Language) -> &'static str {
                match language {
                    $crate::domain::Language::En => match self { $(Self::$variant => $en),+ },
                    $crate::domain::Language::Zh => match self { $(Self::$variant => $zh),+ },
                }
            }
        }
    };
    ($(#[$meta:meta])* pub enum $level:ident { $($variant:ident = $name:literal,)+ }) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
        )]
        pub enum $level {
            $(#[doc = $name] #[serde(rename = $name)] $variant,)+
        }

        impl $level {
            /// Names of all levels, in order.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// Position in [`Self::NAMES`].
            pub const fn index(self) -> usize {
                self as usize
            }
        }
    };
}

/// Declares what is compared of a pair: `field: Variant(Level) = "name", "English", "中文";`. Gives the levels of a whole pair,
/// and one comparison with the level it reached, which is `{"comparison": …, "level": …}` in JSON.
macro_rules! comparisons {
    ($(#[$meta:meta])* pub struct $levels:ident; $(#[$one:meta])* pub enum $found:ident {
        $($field:ident: $variant:ident($level:ident) = $name:literal, $en:literal, $zh:literal;)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub struct $levels {
            $(#[doc = $en] pub $field: $level,)+
        }

        impl $levels {
            /// Number of comparisons.
            pub const COUNT: usize = [$($name),+].len();

            /// Name and level names of each comparison, in the order of [`Self::indexes`].
            pub const TABLE: [(&'static str, &'static [&'static str]); Self::COUNT] = [$(($name, $level::NAMES)),+];

            /// Level positions, in the order of [`Self::TABLE`].
            pub const fn indexes(&self) -> [usize; Self::COUNT] {
                [$(self.$field.index()),+]
            }

            /// Every comparison with its level, in the order of [`Self::TABLE`].
            pub const fn found(&self) -> [$found; Self::COUNT] {
                [$($found::$variant(self.$field)),+]
            }
        }

        $(#[$one])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "comparison", content = "level")]
        pub enum $found {
            $(#[doc = $en] #[serde(rename = $name)] $variant($level),)+
        }

        impl $found {
            /// Position of the comparison, and of the level in it, in the order of the table.
            pub const fn place(self) -> (usize, usize) {
                enum Place { $($variant),+ }
                match self { $(Self::$variant(level) => (Place::$variant as usize, level.index())),+ }
            }

            /// Names of the comparison and of the level: the codes in model files and stored evidence.
            pub const fn names(self) -> (&'static str, &'static str) {
                let (comparison, level) = self.place();
                ($levels::TABLE[comparison].0, $levels::TABLE[comparison].1[level])
            }

            /// What was compared, in a reader's language.
            pub const fn label(self, language: $crate::domain::Language) -> &'static str {
                match language {
                    $crate::domain::Language::En => match self { $(Self::$variant(_) => $en),+ },
                    $crate::domain::Language::Zh => match self { $(Self::$variant(_) => $zh),+ },
                }
            }

            /// The level reached, in a reader's language.
            pub const fn level_label(self, language: $crate::domain::Language) -> &'static str {
                match self { $(Self::$variant(level) => level.label(language)),+ }
            }
        }
    };
}

pub(crate) use {comparisons, levels};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::codes::{
        DoorLevel, HouseholdFound, HouseholdLevels, PersonFound, PersonLevels, StrengthLevel,
    };
    use super::super::explain::Step;
    use super::super::model::MISSING;
    use crate::domain::Language;

    /// Every comparison with each of its levels, read from the names in which they are stored.
    fn all<Found: serde::de::DeserializeOwned>(
        table: &[(&'static str, &'static [&'static str])],
    ) -> Vec<Found> {
        let named = table.iter().flat_map(|(comparison, levels)| levels.iter().map(move |l| (comparison, l)));
        named
            .map(|(comparison, level)| serde_json::json!({"comparison": comparison, "level": level}))
            .map(|json| serde_json::from_value(json).unwrap())
            .collect()
    }

    #[test]
    fn every_comparison_and_level_has_its_words_in_both_languages() {
        let is_han = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        let household = all::<HouseholdFound>(&HouseholdLevels::TABLE)
            .into_iter()
            .map(|f| [Language::En, Language::Zh].map(|l| [f.label(l), f.level_label(l)]));
        let person = all::<PersonFound>(&PersonLevels::TABLE)
            .into_iter()
            .map(|f| [Language::En, Language::Zh].map(|l| [f.label(l), f.level_label(l)]));
        for [en, zh] in household.chain(person) {
            assert!(en.iter().all(|t| !t.is_empty() && !is_han(t)), "{en:?}");
            assert!(zh.iter().all(|t| is_han(t)), "{zh:?}");
        }
    }

    #[test]
    fn what_is_read_under_a_name_has_that_name_and_its_place() {
        for found in all::<PersonFound>(&PersonLevels::TABLE) {
            let (c, l) = found.place();
            assert_eq!(found.names(), (PersonLevels::TABLE[c].0, PersonLevels::TABLE[c].1[l]));
            assert_eq!(serde_json::to_value(found).unwrap()["level"], found.names().1);
        }
        for (comparison, levels) in HouseholdLevels::TABLE.iter().chain(&PersonLevels::TABLE) {
            assert_eq!(levels.iter().collect::<BTreeSet<_>>().len(), levels.len(), "{comparison}");
        }
        for (comparison, levels) in PersonLevels::TABLE {
            assert_eq!(levels[MISSING], "missing", "{comparison}");
        }
    }

    #[test]
    fn stored_evidence_is_read_and_a_code_that_is_not_known_is_an_error() {
        let stored =
            r#"{"comparison":"door","level":"same code, same address","m":null,"u":null,"bits":2.5}"#;
        let step: Step<HouseholdFound> = serde_json::from_str(stored).unwrap();
        assert_eq!(step.found, HouseholdFound::Door(DoorLevel::CodeAndAddress));
        assert_eq!(serde_json::to_string(&step).unwrap(), stored);
        for wrong in [stored.replace("same code", "no code"), stored.replace("door", "window")] {
            assert!(serde_json::from_str::<Step<HouseholdFound>>(&wrong).is_err(), "{wrong}");
        }
        let shown = HouseholdFound::Strength(StrengthLevel::To32);
        assert_eq!((shown.names().1, shown.level_label(Language::En)), ("up to 32 bits", "up to 32 points"));
    }
}
