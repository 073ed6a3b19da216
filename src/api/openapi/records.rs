//! The records of a batch, as the `OpenAPI` document describes them.

use crate::api::openapi::prelude::*;
use crate::domain::{
    Channel, DwellingKind, HouseholdType, Informant, InterviewResult, Relationship, Respondent, Sex, Tenure,
};

/// The components that they speak of.
#[expect(clippy::too_many_lines, reason = "a table of components")]
pub fn schemas() -> Vec<Named> {
    vec![
        ("DwellingRecord", object([
            ("type", only("dwelling")),
            ("id", uuid().about("May be used as case_id by other records.")),
            ("area", text().filled(200).about("Code of the area, in any case of letters.")),
            ("building", text().filled(200)),
            ("unit?", text().up_to(200).or_null().about("Staircase.")),
            ("floor?", int().within(-99, 999).or_null()),
            ("room", text().filled(200)),
            ("kind?", codes::<DwellingKind>().or_null().about("residential when left out.")),
            ("household?", int().within(1, 999).or_null().about("2 and up: a further household behind a listed door, a case of its own; 1 when left out.")),
            ("position?", refer_or_null("Position")),
            ("building_name?", text().up_to(200).or_null()),
            ("external_id?", text().up_to(200).or_null()),
            ("at?", time().or_null().about("When it was found.")),
            ("note?", text().up_to(20000).or_null()),
        ]).about("A door found in the field.")),
        ("SubmissionRecord", object([
            ("type", only("submission")),
            ("id", uuid().about("The UUID of the instanceID.")),
            ("form", object([("id", text().filled(256)), ("version?", text().up_to(256).or_null())])),
            ("xml?", text().or_null().about("The XML of the instance, at most 1 MiB; this or `answers`.")),
            ("answers?", any_object().or_null().about("What was filled in as JSON in the shape of the form, bound questions under their own names.")),
            ("deprecated_id?", uuid().or_null().about("With `answers`: the instance that this one corrects; XML says so itself.")),
            ("case_id?", uuid().or_null().about("The door; wins over what the form says, and no visit comes of the form.")),
            ("visit_id?", uuid().or_null().about("The visit at which it was filled in; wins over what the form says.")),
            ("paused_s?", number().least(0).or_null().about("Seconds for which it was interrupted.")),
            ("keep_ids?", flag().or_null().about("Of a correction: empty questions for citizen ids keep what the revision before said.")),
        ]).about("A filled-in form of the survey's own; visits, interviews, doors and answers come of it.")),
        ("Household", object([
            ("household_type?", codes::<HouseholdType>().or_null().about("Form item H1.")),
            ("household_no?", int().within(0, 9_999).or_null().about("Number in the small area; 999 where everybody died.")),
            ("phone?", text().up_to(20000).or_null().about("As given; used as evidence for linking.")),
            ("n_stayed?", int().within(0, 9_999).or_null().about("H2a: people who slept here on the reference night.")),
            ("n_registered_absent?", int().within(0, 9_999).or_null().about("H2b: registered here, slept elsewhere.")),
            ("births_m?", int().within(0, 9_999).or_null().about("H3, boys; null = not asked.")),
            ("births_f?", int().within(0, 9_999).or_null().about("H3, girls.")),
            ("deaths_m?", int().within(0, 9_999).or_null().about("H4, male.")),
            ("deaths_f?", int().within(0, 9_999).or_null().about("H4, female.")),
            ("dwelling_kind?", int().within(1, 5).or_null().about("H5: 1 ordinary, 2 collective quarters, 3 workplace, 4 other, 5 none; 2 to 5 skip H6 and H7.")),
            ("floor_area_m2?", number().most(1_000_000).or_null().with("exclusiveMinimum", 0).about("H6, square metres.")),
            ("rooms?", int().within(1, 9_999).or_null().about("H7.")),
            ("tenure?", codes::<Tenure>().or_null().about("Optional evidence.")),
        ]).about("The household part of the form.")),
        ("InterviewRecord", object([
            ("type", only("interview")),
            ("id", uuid().about("The same through all revisions.")),
            ("case_id", uuid().about("As in a visit.")),
            ("visit_id?", uuid().or_null().about("The visit it was taken at; may arrive later.")),
            ("revision?", int().within(1, 2_147_483_647).or_null().about("Starts at 1; a correction is a higher one.")),
            ("result?", codes::<InterviewResult>().or_null().about("complete when left out.")),
            ("at", time()),
            ("respondent?", codes::<Respondent>().or_null().about("The last three are proxies; member when left out.")),
            ("household?", refer_or_null("Household")),
            ("persons?", list(refer("Person")).or_null()),
            ("address_text?", text().up_to(20000).or_null().about("The address as the enumerator wrote it.")),
            ("answers?", any_object().or_null().about("Items the survey defines itself; kept as sent.")),
            ("paused_s?", number().least(0).or_null().about("Seconds the interview was paused.")),
        ]).about("One filled-in form, at one revision.")),
        ("MessageReadRecord", object([
            ("type", only("message_read")),
            ("id", uuid()),
            ("message_id", uuid()),
            ("at", time().about("When it was read.")),
        ]).about("A message was read.")),
        ("Person", object([
            ("person_no", int().within(1, 9_999).about("Number within the interview, from 1; with the interview's id it identifies the person.")),
            ("name", text().filled(200).about("D1. Without it a complete form is held.")),
            ("given_name?", text().up_to(200).or_null().about("Optional evidence.")),
            ("surname?", text().up_to(200).or_null().about("Optional evidence.")),
            ("sex", codes::<Sex>().about("D4.")),
            ("birth?", refer_or_null("PartialDate")),
            ("citizen_id?", text().up_to(40).or_null().about("D3, 18 characters, as a text: programs change the last digits of so long a number. \
                Checked, mended where one slip has one remedy, then kept only as a keyed hash; never \
                shown again.")),
            ("citizen_id_from?", object([("revision", int().least(1)), ("person_no", int().least(1))]).or_null()
                .about("In a correction: keeps the number that an earlier revision of this interview had. Where that is not here \
                yet, the correction is held for edit-before-original.")),
            ("relationship?", codes::<Relationship>().or_null().about("D2, to the head.")),
            ("ethnicity?", text().up_to(20000).or_null().about("D6, two digits of GB/T 3304.")),
            ("stayed_here?", flag().or_null().about("Whether counted in n_stayed.")),
            ("stayed_at?", int().within(1, 6).or_null().about("D7.")),
            ("registered_at?", int().within(1, 5).or_null().about("D8.")),
            ("time_away?", int().within(1, 9).or_null().about("D9.")),
            ("reason_away?", text().up_to(20000).or_null().about("D10.")),
            ("education?", int().within(1, 9).or_null().about("D11.")),
            ("literate?", int().within(1, 2).or_null().about("D12: 1 yes, 2 no.")),
            ("residence_status?", refer_or_null("ResidenceStatus")),
            ("other_address?", text().up_to(20000).or_null().about("Where registered or living when elsewhere.")),
        ]).about("One person of the form.")),
        ("SealedRecord", object([
            ("type", only("sealed")),
            ("id", uuid().about("Of the record inside.")),
            ("revision?", int().within(1, 2_147_483_647).or_null().about("Of the interview inside.")),
            ("key", text().about("`seal.key` of the feed's `survey`.")),
            ("epk", text().about("The phone's public point made for this record, 65 bytes, base64url.")),
            ("box", text().about("Nonce of 12 bytes, ciphertext and tag, base64url: AES-256-GCM under HKDF-SHA-256, without salt and info, of \
                the ECDH secret on P-256 with `seal.p256`; the text of `id` is the associated data; inside is the record's JSON text.")),
        ]).about("A copy of a record that only the service can open. It is treated as the record inside, receipt and all.")),
        ("VisitRecord", object([
            ("type", only("visit")),
            ("id", uuid().about("Made by the device; version 7 advised; not nil.")),
            ("case_id", uuid().about("The door: the case's id or the id of the dwelling record that reported it.")),
            ("at", time().about("When it began, with the device's offset; kept as sent.")),
            ("ended_at?", time().or_null().about("When it ended; not before `at`, not in the future.")),
            ("outcome", refer("Outcome")),
            ("channel?", codes::<Channel>().or_null().about("in_person when left out.")),
            ("informant?", codes::<Informant>().or_null().about("Who said it or was asked; none when left out.")),
            ("photo?", list(uuid()).or_null().about("Ids of pictures; they count as soon as they are named. What is no id is left out with \
                a warning.")),
            ("card?", text().or_null().about("Number of the card that was left, seven digits; a wrong one never costs a visit.")),
            ("position?", refer_or_null("Position")),
            ("appointment?", refer_or_null("Appointment")),
            ("note?", text().up_to(20000).or_null().about("Free text.")),
            ("mono_s?", number().least(0).or_null().about("Seconds of the device's monotonic clock at `at`.")),
            ("mock_location?", flag().or_null().about("Whether the device says its position is made up.")),
        ]).about("One contact attempt. Append-only.")),
        ("Appointment", object([
            ("from", time()),
            ("to?", time().or_null().about("An hour after from when left out.")),
        ]).about("An appointment as agreed. One that cannot be is left out with a warning; the visit is kept.")),
    ]
}
