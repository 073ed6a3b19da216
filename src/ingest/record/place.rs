//! Positions as devices send them: put into WGS-84, with what was sent kept beside; unusable ones are left out.

use super::fields::Fields;
use crate::domain::Datum;
use crate::domain::place::Position;
use crate::ingest::json::Json;
use crate::ingest::reason::Reason;

/// Metres beyond which a radius says nothing.
const WIDEST_M: f64 = 1_000_000.0;

/// A position, degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fix {
    /// Longitude, WGS-84.
    pub lon: f64,
    /// Latitude, WGS-84.
    pub lat: f64,
    /// Radius of the likely error, metres.
    pub accuracy_m: Option<f64>,
    /// What the device measured in.
    pub datum: Datum,
    /// Longitude as sent.
    pub sent_lon: f64,
    /// Latitude as sent.
    pub sent_lat: f64,
}

/// Reads the field `position`; one that cannot be used, for whatever reason, is kept with the unknown fields and warned of.
pub(super) fn read_position(fields: &Fields<'_, '_>) -> Option<Fix> {
    let Ok(inner) = fields.object("position") else {
        fields.leave_out("position", Reason::PositionDropped, "must be an object with lon and lat");
        return None;
    };
    let inner = inner?;
    let fix = read_fix(&inner);
    if fix.is_none() || inner.rest().is_some() {
        fields.give_back("position");
    }
    fix
}

/// Reads `lon`, `lat`, `accuracy_m` and `datum` of an object; warns of the first that is wrong.
pub(super) fn read_fix(fields: &Fields<'_, '_>) -> Option<Fix> {
    match try_fix(fields) {
        Ok(fix) => Some(fix),
        Err((key, detail)) => {
            let pointer = if key.is_empty() { fields.place() } else { fields.pointer(key) };
            fields.notes().warn_in_words(Reason::PositionDropped, &pointer, detail);
            None
        }
    }
}

fn try_fix(fields: &Fields<'_, '_>) -> Result<Fix, (&'static str, String)> {
    let number = |key| {
        let value = fields.raw(key).and_then(Json::number);
        value.ok_or_else(|| (key, format!("{key} must be a number of degrees")))
    };
    let (lon, lat) = (number("lon")?, number("lat")?);
    let datum = match fields.raw("datum") {
        None => Datum::Wgs84,
        Some(value) => {
            let datum = value.text().and_then(Datum::from_slug);
            datum.ok_or_else(|| ("datum", "datum must be wgs84, gcj02 or bd09".to_owned()))?
        }
    };
    let sent = Position { lon, lat, accuracy_m: None, datum };
    sent.check().map_err(|fault| ("", fault.to_string()))?;
    let (wgs_lon, wgs_lat) = sent.wgs84();
    Ok(Fix {
        lon: wgs_lon,
        lat: wgs_lat,
        accuracy_m: read_accuracy(fields),
        datum,
        sent_lon: lon,
        sent_lat: lat,
    })
}

/// The radius; the position holds without it.
fn read_accuracy(fields: &Fields<'_, '_>) -> Option<f64> {
    let value = fields.raw("accuracy_m")?;
    let metres = value.number().filter(|metres| (0.0..=WIDEST_M).contains(metres));
    if metres.is_none() {
        fields.leave_out("accuracy_m", Reason::FieldDropped, "is no radius in metres and was left out");
    }
    metres
}
