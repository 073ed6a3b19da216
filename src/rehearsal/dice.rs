//! Seeded chance. Own arithmetic instead of a library's generator, so that a seed means the same data for ever: the
//! committed rehearsals can be made again byte for byte. Only sums and products of floats, no library functions.

use jiff::Timestamp;
use uuid::{Builder, Uuid};

/// A stream of draws (`SplitMix64`: Steele, Lea, Flood, OOPSLA 2014).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The stream of `seed` for the thing named by `parts`: what one door does never depends on other doors' draws.
    pub fn of(seed: u64, parts: &[&str]) -> Self {
        // FNV-1a, 64 bit, with a byte between the parts that UTF-8 never has.
        let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
        let name = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut dice = Self(name ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        dice.bits();
        dice
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A whole number from `low` to `high`, both included; `low` where the range is empty.
    pub fn range(&mut self, low: i64, high: i64) -> i64 {
        let width = high.saturating_sub(low).saturating_add(1);
        match u64::try_from(width) {
            Ok(width) if width > 0 => low + i64::try_from(self.bits() % width).unwrap_or(0),
            Ok(_) | Err(_) => low,
        }
    }

    /// An index below `length`; 0 for an empty list.
    pub fn below(&mut self, length: usize) -> usize {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        usize::try_from(self.range(0, length - 1)).unwrap_or(0)
    }

    /// A number from 0 to 1, 1 excluded, in steps of 2⁻³².
    pub fn unit(&mut self) -> f64 {
        f64::from(u32::try_from(self.bits() >> 32).unwrap_or(0)) / 4_294_967_296.0
    }

    /// `true` with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// One of `items`, which are not empty.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// One of `items` with chances in proportion to the weights; the first where there are none.
    pub fn weighted<T: Copy>(&mut self, items: &[(T, f64)]) -> T {
        let total: f64 = items.iter().map(|(_, weight)| weight).sum();
        let mut left = self.unit() * total;
        for &(item, weight) in items {
            left -= weight;
            if left < 0.0 {
                return item;
            }
        }
        items[0].0
    }

    /// About normal, mean 0, deviation 1, never beyond 6: the sum of twelve even draws.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// An id as a device would make it at `at` (UUID version 7).
    pub fn id_at(&mut self, at: Timestamp) -> Uuid {
        let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
        let mut random = [0; 10];
        random[..8].copy_from_slice(&self.bits().to_be_bytes());
        random[8..].copy_from_slice(&self.bits().to_be_bytes()[..2]);
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn a_seed_means_the_same_draws_for_ever() {
        let mut dice = Dice::of(7, &["door", "6-2-301"]);
        let draws = [dice.range(0, 999), dice.range(0, 999), dice.range(-5, 5)];
        assert_eq!(draws, [Dice::of(7, &["door", "6-2-301"]).range(0, 999), draws[1], draws[2]]);
        assert_ne!(Dice::of(7, &["a", "b"]).bits(), Dice::of(7, &["ab"]).bits());
        assert_ne!(Dice::of(7, &["a"]).bits(), Dice::of(8, &["a"]).bits());
    }

    #[test]
    fn draws_stay_in_their_range_and_follow_their_weights() {
        let mut dice = Dice::of(1, &[]);
        assert_eq!((dice.range(4, 4), dice.range(4, 3), dice.below(0)), (4, 4, 0));
        let heads = (0..10_000).filter(|_| dice.weighted(&[(true, 3.0), (false, 1.0)])).count();
        assert!((7_200..7_800).contains(&heads), "{heads}");
        let mean = (0..10_000).map(|_| dice.normal()).sum::<f64>() / 10_000.0;
        assert!(mean.abs() < 0.05, "{mean}");
        assert_eq!(dice.id_at(jiff::Timestamp::UNIX_EPOCH).get_version_num(), 7);
    }
}
