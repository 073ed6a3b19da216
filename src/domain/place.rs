//! Coordinates: checking them, and turning them between the datums used in mainland China.
//!
//! Positions are kept in WGS-84; the original and its datum are kept beside. GCJ-02 is WGS-84 plus a smooth distortion
//! of 300–700 m inside a box around China; BD-09 adds a further shift. The way back is found by iteration.

use geo::{Distance, HaversineMeasure, Point};
use thiserror::Error;

use super::code::Datum;

/// Mean radius of the earth in metres, for distances.
const RADIUS_M: f64 = 6_371_008.8;
/// Semi-major axis of the ellipsoid of the distortion (Krasovsky 1940), metres.
const AXIS_M: f64 = 6_378_245.0;
/// Its first eccentricity, squared.
const ECCENTRICITY: f64 = 0.006_693_421_622_965_943;
/// The angle factor of the shift to BD-09.
const BD_ANGLE: f64 = std::f64::consts::PI * 3000.0 / 180.0;

/// A position as sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// Longitude, degrees.
    pub lon: f64,
    /// Latitude, degrees.
    pub lat: f64,
    /// Radius within which it holds, metres.
    pub accuracy_m: Option<f64>,
    /// The system it is in.
    pub datum: Datum,
}

/// Why a position cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum PositionFault {
    /// Longitude and latitude stand in each other's place.
    #[error("longitude and latitude seem to be swapped")]
    Swapped,
    /// Outside −180…180 or −90…90, or no number.
    #[error("longitude must be -180 to 180 and latitude -90 to 90")]
    OutOfRange,
    /// Exactly 0, 0: what a device sends that has no fix.
    #[error("longitude 0, latitude 0 is what a device without a fix sends")]
    NoFix,
    /// The accuracy is negative or no number.
    #[error("the accuracy must be 0 or more metres")]
    Accuracy,
}

impl PositionFault {
    /// The fault as written on the wire.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Swapped => "position-swapped",
            Self::OutOfRange => "position-out-of-range",
            Self::NoFix => "position-no-fix",
            Self::Accuracy => "position-accuracy",
        }
    }
}

impl Position {
    /// What is wrong with the position, if anything.
    pub fn check(&self) -> Result<(), PositionFault> {
        let fits = |lon: f64, lat: f64| (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat);
        if !fits(self.lon, self.lat) {
            let is_swapped = fits(self.lat, self.lon) && is_in_china(self.lat, self.lon);
            return Err(if is_swapped { PositionFault::Swapped } else { PositionFault::OutOfRange });
        }
        if self.lon == 0.0 && self.lat == 0.0 {
            return Err(PositionFault::NoFix);
        }
        if is_in_china(self.lat, self.lon) && !is_in_china(self.lon, self.lat) {
            return Err(PositionFault::Swapped);
        }
        match self.accuracy_m {
            Some(accuracy) if !(accuracy.is_finite() && accuracy >= 0.0) => Err(PositionFault::Accuracy),
            Some(_) | None => Ok(()),
        }
    }

    /// Longitude and latitude in WGS-84.
    pub fn wgs84(&self) -> (f64, f64) {
        to_wgs84(self.lon, self.lat, self.datum)
    }
}

/// Longitude and latitude in WGS-84, from those in `datum`.
pub fn to_wgs84(lon: f64, lat: f64, datum: Datum) -> (f64, f64) {
    match datum {
        Datum::Wgs84 => (lon, lat),
        Datum::Gcj02 => undo(lon, lat, gcj_of_wgs),
        Datum::Bd09 => undo(lon, lat, |lon, lat| {
            let (lon, lat) = gcj_of_wgs(lon, lat);
            bd_of_gcj(lon, lat)
        }),
    }
}

/// Longitude and latitude in `datum`, from those in WGS-84.
pub fn from_wgs84(lon: f64, lat: f64, datum: Datum) -> (f64, f64) {
    match datum {
        Datum::Wgs84 => (lon, lat),
        Datum::Gcj02 => gcj_of_wgs(lon, lat),
        Datum::Bd09 => {
            let (lon, lat) = gcj_of_wgs(lon, lat);
            bd_of_gcj(lon, lat)
        }
    }
}

/// The distance along the earth's surface (haversine, mean radius), metres; both points in one datum.
pub fn distance_m(a: (f64, f64), b: (f64, f64)) -> f64 {
    HaversineMeasure::new(RADIUS_M).distance(Point::new(a.0, a.1), Point::new(b.0, b.1))
}

/// The box inside which the distortion applies.
fn is_in_china(lon: f64, lat: f64) -> bool {
    (72.004..=137.8347).contains(&lon) && (0.8293..=55.8271).contains(&lat)
}

/// GCJ-02 from WGS-84 (the published approximation used by open map tools); the identity outside the box.
fn gcj_of_wgs(lon: f64, lat: f64) -> (f64, f64) {
    if !is_in_china(lon, lat) {
        return (lon, lat);
    }
    let (east, north) = distortion(lon - 105.0, lat - 35.0);
    let radians = lat.to_radians();
    let magic = 1.0 - ECCENTRICITY * radians.sin().powi(2);
    let meridian_m = AXIS_M * (1.0 - ECCENTRICITY) / (magic * magic.sqrt());
    let parallel_m = AXIS_M / magic.sqrt() * radians.cos();
    (lon + (east / parallel_m).to_degrees(), lat + (north / meridian_m).to_degrees())
}

/// The distortion in metres east and north; x and y are degrees from 105° E, 35° N.
fn distortion(x: f64, y: f64) -> (f64, f64) {
    let wave = |degrees: f64| (degrees * std::f64::consts::PI).sin();
    let shared = (20.0 * wave(6.0 * x) + 20.0 * wave(2.0 * x)) * 2.0 / 3.0;
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + shared
        + (20.0 * wave(y) + 40.0 * wave(y / 3.0)) * 2.0 / 3.0
        + (160.0 * wave(y / 12.0) + 320.0 * wave(y / 30.0)) * 2.0 / 3.0;
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + shared
        + (20.0 * wave(x) + 40.0 * wave(x / 3.0)) * 2.0 / 3.0
        + (150.0 * wave(x / 12.0) + 300.0 * wave(x / 30.0)) * 2.0 / 3.0;
    (east, north)
}

fn bd_of_gcj(lon: f64, lat: f64) -> (f64, f64) {
    if !is_in_china(lon, lat) {
        return (lon, lat);
    }
    let radius = lon.hypot(lat) + 0.000_02 * (lat * BD_ANGLE).sin();
    let angle = lat.atan2(lon) + 0.000_003 * (lon * BD_ANGLE).cos();
    (radius * angle.cos() + 0.0065, radius * angle.sin() + 0.006)
}

/// The point that `forward` takes to (lon, lat), by fixed-point iteration; a few rounds reach 1e-10 degrees.
fn undo(lon: f64, lat: f64, forward: impl Fn(f64, f64) -> (f64, f64)) -> (f64, f64) {
    let mut guess = (lon, lat);
    for _ in 0..12 {
        let reached = forward(guess.0, guess.1);
        let miss = (lon - reached.0, lat - reached.1);
        guess = (guess.0 + miss.0, guess.1 + miss.1);
        if miss.0.abs() < 1e-10 && miss.1.abs() < 1e-10 {
            break;
        }
    }
    guess
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rounded((lon, lat): (f64, f64)) -> (i64, i64) {
        #[expect(clippy::cast_possible_truncation, reason = "degrees in millionths")]
        let millionths = |degrees: f64| (degrees * 1e6).round() as i64;
        (millionths(lon), millionths(lat))
    }

    #[test]
    fn published_points_agree_to_six_decimals() {
        let gcj = |lat, lon| rounded(from_wgs84(lon, lat, Datum::Gcj02));
        assert_eq!(gcj(34.7472, 112.9830), (112_989_183, 34_746_125));
        assert_eq!(gcj(39.9087, 116.3975), (116_403_744, 39_910_103));
        assert_eq!(gcj(31.280_844, 120.596_931), (120_601_100, 31_278_649));
        assert_eq!(gcj(35.0, 150.0), (150_000_000, 35_000_000));
        assert_eq!(rounded(from_wgs84(112.9830, 34.7472, Datum::Bd09)), (112_995_769, 34_751_823));
    }

    #[test]
    fn the_mix_up_has_the_length_known() {
        let here = (112.9830, 34.7472);
        let gcj = from_wgs84(here.0, here.1, Datum::Gcj02);
        assert!((distance_m(here, gcj) - 577.4).abs() < 0.05);
        assert!((distance_m(here, from_wgs84(here.0, here.1, Datum::Bd09)) - 1274.9).abs() < 0.05);
        assert!((distance_m((gcj.0, here.1), here) - 564.9).abs() < 0.05);
        let beijing = (116.3975, 39.9087);
        assert!((distance_m(beijing, from_wgs84(beijing.0, beijing.1, Datum::Gcj02)) - 554.9).abs() < 0.05);
    }

    #[test]
    fn positions_are_checked() {
        let check = |lon, lat| Position { lon, lat, accuracy_m: Some(12.0), datum: Datum::Wgs84 }.check();
        assert_eq!(check(112.98, 34.75), Ok(()));
        assert_eq!(check(-0.12, 51.5), Ok(()));
        assert_eq!(check(34.75, 112.98), Err(PositionFault::Swapped));
        assert_eq!(check(30.0, 87.0), Err(PositionFault::Swapped));
        assert_eq!(check(181.0, 34.75), Err(PositionFault::OutOfRange));
        assert_eq!(check(f64::NAN, 34.75), Err(PositionFault::OutOfRange));
        assert_eq!(check(0.0, 0.0), Err(PositionFault::NoFix));
        let vague = Position { lon: 112.98, lat: 34.75, accuracy_m: Some(-1.0), datum: Datum::Gcj02 };
        assert_eq!(vague.check(), Err(PositionFault::Accuracy));
    }

    proptest! {
        #[test]
        fn there_and_back(lon in 74.0_f64..135.0, lat in 5.0_f64..53.0) {
            for datum in [Datum::Gcj02, Datum::Bd09] {
                let (x, y) = from_wgs84(lon, lat, datum);
                let back = to_wgs84(x, y, datum);
                prop_assert!(distance_m((lon, lat), back) < 0.001, "{datum}: {back:?}");
            }
        }
    }
}
