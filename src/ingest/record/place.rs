//! Positions as devices send them: put into WGS-84, with what was sent kept beside; unusable ones are left out.

use super::Notes;
use super::fields::Fields;
use crate::domain::Datum;
use crate::domain::place::Position;
use crate::ingest::json::Json;
use crate::ingest::reason::Reason;

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

/// Reads the field `position`; one that cannot be used is kept with the unknown fields and warned of.
pub(super) fn read_position(fields: &Fields<'_, '_>, notes: &mut Notes) -> Option<Fix> {
    let value = fields.raw("position")?;
    let Json::Obj(members) = value else {
        notes.warn(
            Reason::PositionDropped,
            &fields.pointer("position"),
            "must be an object with lon and lat",
        );
        fields.give_back("position");
        return None;
    };
    let inner = Fields::new(members, fields.pointer("position"));
    let fix = read_fix(&inner, notes);
    if fix.is_none() || inner.rest().is_some() {
        fields.give_back("position");
    }
    fix
}

/// Reads `lon`, `lat`, `accuracy_m` and `datum` of an object; warns of the first that is wrong.
pub(super) fn read_fix(fields: &Fields<'_, '_>, notes: &mut Notes) -> Option<Fix> {
    match try_fix(fields) {
        Ok(fix) => Some(fix),
        Err((key, detail)) => {
            let pointer = if key.is_empty() { fields.place() } else { fields.pointer(key) };
            notes.warn_in_words(Reason::PositionDropped, &pointer, detail);
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
    let accuracy_m = match fields.raw("accuracy_m") {
        None => None,
        Some(value) => {
            let metres = value.number().filter(|metres| *metres >= 0.0);
            if metres.is_none() {
                fields.give_back("accuracy_m");
            }
            metres
        }
    };
    let (wgs_lon, wgs_lat) = sent.wgs84();
    Ok(Fix { lon: wgs_lon, lat: wgs_lat, accuracy_m, datum, sent_lon: lon, sent_lat: lat })
}
