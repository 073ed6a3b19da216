//! Components that calls of several files speak of.

use crate::api::openapi::prelude::*;
use crate::domain::{Action, Datum, EffortPart, Outcome, ResidenceStatus, Sex, State};

/// The components that they speak of.
pub fn schemas() -> Vec<Named> {
    vec![
        ("Action", codes::<Action>()),
        ("Address", text().about("Area and door in one line.")),
        ("AreaName", object([
            ("code", text()),
            ("name", text()),
            ("name_zh?", text()),
            ("level?", text()),
        ])),
        ("CaseItem", object([
            ("id", uuid()),
            ("case_id", uuid().about("The same as id.")),
            ("area", text()),
            ("building", text()),
            ("building_id?", uuid()),
            ("unit", text()),
            ("floor?", int().or_null()),
            ("room", text()),
            ("address", refer("Address")),
            ("external_id?", text().or_null()),
            ("state", refer("State")),
            ("visits", count().about("Visits stored.")),
            ("last?", refer_or_null("Last")),
            ("appointment?", refer_or_null("Window")),
            ("unmet?", list(codes::<EffortPart>()).about("Parts of the effort rule still missing.")),
            ("dwelling_id?", uuid()),
            ("household?", int().least(1).about("1 for the listed household.")),
            ("position?", refer_or_null("Position")),
            ("holder?", text().or_null().about("Who holds it.")),
            ("merged_into?", uuid().about("The case that goes on, where this door was listed twice.")),
        ])),
        ("Last", object([
            ("at", time()),
            ("outcome", refer("Outcome")),
        ])),
        ("Next", object([
            ("action", refer("Action")),
            ("from?", time()),
            ("to?", time()),
            ("first?", flag().about("First on the next sheet: an appointment was missed.")),
            ("by?", text().about("The enumerator who should go.")),
            ("not_by?", list(text()).about("Enumerators who should not go.")),
            ("not_before?", date()),
            ("ask?", words(["neighbour", "manager", "relative"])),
            ("or?", refer("Action")),
        ]).about("What is to be done next; fields that do not apply are left out.")),
        ("Outcome", codes::<Outcome>().about("What a visit met. Labels, class and AAPOR number of each: GET /v1/codes.")),
        ("PartialDate", object([
            ("y?", int().within(1_850, 2_100).or_null().about("Year.")),
            ("m?", int().within(1, 12).or_null().about("Month.")),
            ("d?", int().within(1, 31).or_null().about("Day.")),
        ]).about("A date of which parts may be unknown.")),
        ("PersonSeen", person_seen()),
        ("Position", object([
            ("lon", number().within(-180, 180).about("Degrees, east positive.")),
            ("lat", number().within(-90, 90).about("Degrees, north positive.")),
            ("accuracy_m?", number().least(0).or_null().about("Radius of uncertainty in metres.")),
            ("datum?", codes::<Datum>().or_null().about("Reference of lon and lat; wgs84 when left out. Kept as sent, converted once.")),
        ]).about("A position. One that is out of range or unreadable is dropped with a warning; the record \
            is kept.")),
        ("Problem", object([
            ("type", format("uri-reference").about("/problems/<slug>; a page the service serves itself.")),
            ("title", text()),
            ("title_zh?", text()),
            ("status", int().within(400, 599)),
            ("detail", text().about("What is the matter this time, without values of the request.")),
            ("detail_zh?", text().about("The same in Chinese, where it says more than the meaning of the slug.")),
            ("errors?", list(place_at_fault())),
            ("request_id?", text().about("Under which the log knows the request.")),
            ("wipe?", flag().about("The device was cut off: it deletes what it holds.")),
            ("offset?", count().about("Bytes of an attachment that are here; go on from there.")),
            ("quota?", words(["picture_mib", "unnamed_mib", "refused"]).about("The limit that a device has reached (`device-quota`): a key of the survey's `[limits]`.")),
            ("goes_on_at?", time().or_null().about("When a device that has reached a limit may go on at the latest (`device-quota`); null \
                where only a visit that names the picture lets it go on.")),
        ]).about("RFC 9457. The slugs are a closed list.")),
        ("ResidenceStatus", codes::<ResidenceStatus>().about("Derived from D7 and D8 where both are given; a difference is a warning.")),
        ("State", codes::<State>().about("Where a case stands; the fold of all its evidence, never set by hand.")),
        ("Window", object([
            ("from", time()),
            ("to", time().about("Not before from.")),
        ]).about("A stretch of time.")),
    ]
}

/// One place of a request, or of a form, that is at fault.
fn place_at_fault() -> Schema {
    object([
        ("pointer?", text().about("JSON pointer into the body.")),
        ("parameter?", text().about("Name of a parameter.")),
        ("sheet?", text().about("Of a form: sheet of the spreadsheet.")),
        ("row?", int().least(1).about("Of a form: row, as the spreadsheet shows it.")),
        ("column?", text().about("Of a form: header of the column.")),
        ("path?", text().about("Of a form: node of the XForm.")),
        ("detail", text()),
        ("detail_zh?", text()),
    ])
}

/// A person as far as the reader may see the form.
fn person_seen() -> Schema {
    object([
        ("person_no", int()),
        ("name?", text()),
        ("sex?", codes::<Sex>().or_null()),
        ("birth?", refer_or_null("PartialDate")),
        ("relationship?", text().or_null()),
        ("stayed_here?", flag().or_null()),
        (
            "stayed_at?",
            int().or_null().about("D7; this and the next six where the reader may see the whole form."),
        ),
        ("registered_at?", int().or_null().about("D8.")),
        ("time_away?", int().or_null().about("D9.")),
        ("reason_away?", text().or_null().about("D10.")),
        ("ethnicity?", text().or_null().about("D6.")),
        ("education?", int().or_null().about("D11.")),
        ("literate?", int().or_null().about("D12.")),
        ("residence_status?", refer_or_null("ResidenceStatus")),
        ("matched?", flag().about("In a link: found on the other side.")),
        (
            "citizen_id?",
            words(["same", "conflict", "missing", "present", "repaired"]).about("Never the number."),
        ),
        ("resident?", flag().or_null()),
        ("other_address?", text().or_null()),
    ])
}
