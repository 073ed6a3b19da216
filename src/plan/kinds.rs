//! Kinds of household the latent-type model starts from: their shares and when somebody is in.
//! Start values only, made up from common experience; what a survey teaches is kept elsewhere.

use super::slot::{PerSlot, SLOTS};

/// Kinds of household, the last one "nobody lives here".
pub const KINDS: usize = 6;
/// Shades of every kind: step on the logit scale, and share.
pub const SHADES: [(f64, f64); 3] = [(-0.75, 0.27), (0.0, 0.46), (0.75, 0.27)];
/// Kinds times shades.
pub const CLASSES: usize = KINDS * SHADES.len();
/// The kind "nobody lives here".
pub const EMPTY_KIND: usize = KINDS - 1;

/// Start values: share of the kind, then the chance of an answer per slot.
pub const START: [(f64, PerSlot); KINDS] = [
    // out by day
    (
        0.36,
        [
            0.20, 0.12, 0.13, 0.12, 0.15, 0.26, 0.42, 0.51, 0.60, 0.66, 0.70, 0.73, 0.72, //
            0.60, 0.50, 0.48, 0.45, 0.45, 0.50, 0.55, 0.58, 0.62, 0.66, 0.70, 0.73, 0.73,
        ],
    ),
    // in by day
    (
        0.24,
        [
            0.60, 0.58, 0.70, 0.64, 0.58, 0.62, 0.70, 0.73, 0.74, 0.75, 0.77, 0.79, 0.76, //
            0.63, 0.58, 0.68, 0.63, 0.58, 0.62, 0.70, 0.73, 0.75, 0.77, 0.79, 0.80, 0.77,
        ],
    ),
    // late
    (
        0.13,
        [
            0.32, 0.14, 0.11, 0.10, 0.10, 0.12, 0.17, 0.21, 0.26, 0.32, 0.38, 0.45, 0.52, //
            0.66, 0.52, 0.43, 0.36, 0.34, 0.35, 0.37, 0.39, 0.42, 0.46, 0.50, 0.56, 0.60,
        ],
    ),
    // irregular
    (
        0.11,
        [
            0.38, 0.38, 0.40, 0.38, 0.38, 0.38, 0.40, 0.41, 0.41, 0.42, 0.42, 0.42, 0.43, //
            0.38, 0.38, 0.40, 0.38, 0.38, 0.38, 0.40, 0.41, 0.41, 0.42, 0.42, 0.42, 0.43,
        ],
    ),
    // seldom there
    (
        0.05,
        [
            0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.06, 0.07, 0.07, 0.08, 0.09, 0.10, 0.10, //
            0.16, 0.18, 0.18, 0.18, 0.18, 0.18, 0.18, 0.18, 0.18, 0.18, 0.18, 0.18, 0.18,
        ],
    ),
    // nobody lives there
    (0.11, [0.004; SLOTS]),
];

/// The kind a class belongs to.
pub fn kind_of(class: usize) -> usize {
    class / SHADES.len()
}
