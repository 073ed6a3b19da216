//! The ordered levels of a comparison: a closed enum whose variants carry the names that model files use.

/// Declares such an enum: variants in order, each with its name, and the index and name functions.
macro_rules! levels {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
        )]
        pub enum $name {
            $(#[doc = $text] $(#[$vmeta])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Names of all levels, in order.
            pub const NAMES: &'static [&'static str] = &[$($text),+];

            /// Position in [`Self::NAMES`].
            pub fn index(self) -> usize {
                self as usize
            }

            /// The name that model files and explanations use.
            pub fn name(self) -> &'static str {
                Self::NAMES[self.index()]
            }
        }
    };
}

pub(crate) use levels;
