//! The machinery of closed sets of codes: one macro, so that every set has the same questions and the same wire form.

use serde::Serialize;

use super::Language;

/// What every closed set of codes can answer; generic code (tables, bit sets) uses this.
pub trait ClosedSet: Copy + Eq + Sized + 'static {
    /// The set's name on the wire, as `outcome`.
    const NAME: &'static str;
    /// Every code, in the order in which it is listed.
    const CODES: &'static [Self];
    /// The code as written on the wire.
    fn code_slug(self) -> &'static str;
    /// The number under which the database keeps the code.
    fn code_number(self) -> i16;
    /// The code's short name for people.
    fn code_label(self, language: Language) -> &'static str;
}

/// Declares a closed set: `Variant = number, "slug", "English", "中文";`. Numbers are kept by the database: a number is
/// never given to another code, not even after its code has gone.
macro_rules! closed_set {
    ($(#[$meta:meta])* $name:ident ($wire:literal) { $($variant:ident = $number:literal, $slug:literal, $en:literal, $zh:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(i16)]
        pub enum $name { $(#[doc = $en] $variant = $number),+ }

        impl $name {
            /// Every code of the set, in the order in which it is listed.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as written on the wire.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug),+ }
            }

            /// The code of that slug, if there is one.
            pub fn from_slug(slug: &str) -> Option<Self> {
                match slug { $($slug => Some(Self::$variant),)+ _ => None }
            }

            /// The short name for people.
            pub const fn label(self, language: $crate::domain::code::Language) -> &'static str {
                match language {
                    $crate::domain::code::Language::En => match self { $(Self::$variant => $en),+ },
                    $crate::domain::code::Language::Zh => match self { $(Self::$variant => $zh),+ },
                }
            }

            /// The number under which the database keeps the code; stable for ever.
            pub const fn number(self) -> i16 {
                self as i16
            }

            /// The code of that number, if there is one.
            pub const fn from_number(number: i16) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }
        }

        impl $crate::domain::code::ClosedSet for $name {
            const NAME: &'static str = $wire;
            const CODES: &'static [Self] = Self::ALL;
            fn code_slug(self) -> &'static str {
                self.slug()
            }
            fn code_number(self) -> i16 {
                self.number()
            }
            fn code_label(self, language: $crate::domain::code::Language) -> &'static str {
                self.label(language)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.slug())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.slug())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Slug;
                impl serde::de::Visitor<'_> for Slug {
                    type Value = $name;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("a code of `", $wire, "`"))
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        $name::from_slug(text)
                            .ok_or_else(|| E::custom(concat!("not a code of `", $wire, "`")))
                    }
                }
                deserializer.deserialize_str(Slug)
            }
        }
    };
}
pub(crate) use closed_set;

/// One closed set as clients see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CodeTable {
    /// The set's name on the wire.
    pub name: &'static str,
    /// Its codes, in the order in which they are listed.
    pub codes: Vec<CodeRow>,
}

/// One code as clients see it; what only outcomes have is left out elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CodeRow {
    /// The code as written on the wire.
    pub slug: &'static str,
    /// The name in English.
    pub en: &'static str,
    /// The name in Chinese.
    pub zh: &'static str,
    /// Outcomes: the class (see [`super::Class`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<super::Class>,
    /// Outcomes: the AAPOR disposition number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aapor: Option<&'static str>,
    /// Outcomes: whether and how the outcome closes a case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closes: Option<super::Closes>,
    /// Outcomes: what follows, in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_en: Option<&'static str>,
    /// Outcomes: what follows, in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_zh: Option<&'static str>,
}

impl CodeTable {
    /// The table of a set that has nothing but names.
    pub(super) fn plain<T: ClosedSet>() -> Self {
        Self { name: T::NAME, codes: T::CODES.iter().map(|code| CodeRow::plain(*code)).collect() }
    }
}

impl CodeRow {
    /// The row of a code that has nothing but names.
    pub(super) fn plain<T: ClosedSet>(code: T) -> Self {
        Self {
            slug: code.code_slug(),
            en: code.code_label(Language::En),
            zh: code.code_label(Language::Zh),
            class: None,
            aapor: None,
            closes: None,
            next_en: None,
            next_zh: None,
        }
    }
}
