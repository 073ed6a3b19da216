//! Cells as spreadsheets leave them, one at a time.

use super::Then::{Asked, Bad, Told, Undone};
use super::{Then, holds, outcome, text_of, with};

/// File, what is replaced in it, by what, and what becomes of it.
#[rustfmt::skip]
const CELLS: &[(&str, &str, &str, Then)] = &[
    // Marks that keep a value as it is.
    ("dwellings.csv", ",0103,", ",\"=\"\"0103\"\"\",", Undone("text-mark")),
    ("dwellings.csv", ",0103,", ",'0103,", Undone("text-mark")),
    ("dwellings.csv", ",0103,", ",’0103,", Undone("text-mark")),
    ("dwellings.csv", ",0103,", ",“0103”,", Undone("text-mark")),
    ("dwellings.csv", ",0103,", ",\"\"\"0103\"\"\",", Undone("text-mark")),
    ("areas.csv", "\nc1,", "\n\"=\"\"c1\"\"\",", Undone("text-mark")),
    ("areas.csv", ",East,", ",\"=\"\"East\"\"\",", Undone("text-mark")),
    ("staff.csv", "\ns01,", "\n's01,", Undone("text-mark")),
    // Signs that cannot be seen or look like others.
    ("dwellings.csv", ",102,", ",1\u{200b}02\u{200e},", Undone("unseen")),
    ("dwellings.csv", ",102,", ",102_x000D_,", Undone("unseen")),
    ("areas.csv", ",West,", ",We\u{ad}st,", Undone("unseen")),
    ("staff.csv", "\ns01,", "\n\u{202a}s01\u{202c},", Undone("unseen")),
    ("dwellings.csv", ",102,", ",１０２,", Undone("full-width")),
    ("dwellings.csv", "e2,6,2,-1,", "ｅ２,6,2,-1,", Undone("full-width")),
    ("areas.csv", "e2,c1,", "e2,ｃ１,", Undone("full-width")),
    ("staff.csv", "09:00-12:00;14:00-21:00", "09：00－12：00；14：00－21：00", Undone("full-width")),
    ("dwellings.csv", ",-1,", ",\u{2212}1,", Undone("dash")),
    ("staff.csv", "09:00-12:00", "09:00–12:00", Undone("dash")),
    ("staff.csv", "s01,Zhang", "s–01,Zhang", Told("dash")),
    ("dwellings.csv", ",102,", ",1\u{a0}02,", Told("spaces")),
    ("dwellings.csv", ",102,", ",\u{a0}102\u{3000},", Undone("")),
    ("dwellings.csv", ",102,", ",1O2,", Asked("dwellings.room.look-alike")),
    ("dwellings.csv", "e2,6,", "e2,А,", Asked("dwellings.building.look-alike")),
    ("areas.csv", "e2,c1,", "е2,c1,", Asked("areas.code.look-alike")),
    ("dwellings.csv", "e2,6,", "Е2,6,", Undone("area-meant")),
    ("staff.csv", "\ns01,", "\ns01а,", Asked("staff.user.look-alike")),
    ("areas.csv", "西", "", Undone("")),
    // Numbers.
    ("dwellings.csv", "e2,6,2,-1,101,", "e2,6.0,2,-1.0,101,", Asked("dwellings.building.point-zero")),
    ("dwellings.csv", ",-1,", ",-1.0,", Undone("point-zero")),
    ("dwellings.csv", ",102,", ",1.02E+02,", Asked("dwellings.room.exponent")),
    ("dwellings.csv", ",102,", ",1e+05,", Asked("dwellings.room.exponent")),
    ("dwellings.csv", ",x1,", ",4.10181E+17,", Asked("dwellings.external_id.exponent")),
    ("dwellings.csv", ",102,", ",\"1,002\",", Asked("dwellings.room.thousands")),
    ("dwellings.csv", "112.98,34.76", "\"112,98\",\"34,76\"", Undone("decimal-comma")),
    ("dwellings.csv", "112.98,34.76", "112.98°,34.76°", Undone("degree-sign")),
    ("dwellings.csv", "112.98,34.76", "112.98E,N 34.76", Undone("degree-sign")),
    ("dwellings.csv", "112.98,34.76", "112°58′48″E,34°45'36\"N", Undone("degree-sign")),
    ("dwellings.csv", "112.98,34.76", "112度58分48秒,34度45分36秒", Undone("degree-sign")),
    ("dwellings.csv", "112.98,34.76", "１１２．９８,34.76", Undone("full-width")),
    ("dwellings.csv", "112.98,34.76", "112.975.231,34.76", Bad("no-point")),
    ("dwellings.csv", "112.98,34.76", "112975231,34.76", Bad("no-point")),
    ("dwellings.csv", "112.98,34.76", "38412345.5,3846123.5", Bad("no-point")),
    ("dwellings.csv", "112.98,34.76", "34.76,112.98", Asked("dwellings.lon.exchanged")),
    ("dwellings.csv", "112.98,34.76", "0,0.0", Asked("dwellings.lon.zero-place")),
    ("dwellings.csv", "112.98,34.76", "1.1298E+02,34.76", Asked("dwellings.lon.exponent")),
    // Dates and truths.
    ("dwellings.csv", ",102,", ",1月2日,", Asked("dwellings.room.date")),
    ("dwellings.csv", ",102,", ",2-Jan,", Asked("dwellings.room.date")),
    ("dwellings.csv", ",102,", ",Jan-02,", Asked("dwellings.room.date")),
    ("dwellings.csv", ",102,", ",02. Jan,", Asked("dwellings.room.date")),
    ("dwellings.csv", ",102,", ",02-janv,", Asked("dwellings.room.date")),
    ("dwellings.csv", ",102,", ",2021/1/2,", Asked("dwellings.room.date")),
    ("dwellings.csv", ",102,", ",2021-01-02 00:00:00,", Asked("dwellings.room.date")),
    ("dwellings.csv", "e2,6,2,", "e2,6,2月1日,", Asked("dwellings.unit.date")),
    ("dwellings.csv", ",102,", ",TRUE,", Asked("dwellings.room.true-false")),
    ("areas.csv", "\ne2,", "\nFALSE,", Bad("not-an-area")),
    // Errors, formulas, signs for no value.
    ("dwellings.csv", ",102,", ",#N/A,", Bad("error-cell")),
    ("dwellings.csv", "112.98,34.76", "#DIV/0!,34.76", Bad("error-cell")),
    ("dwellings.csv", ",102,", ",#BEZUG!,", Bad("error-cell")),
    ("dwellings.csv", ",102,", ",Err:502,", Bad("error-cell")),
    ("dwellings.csv", ",102,", ",#####,", Bad("error-cell")),
    ("areas.csv", ",East,", ",#REF!,", Bad("error-cell")),
    ("staff.csv", "Zhang Min 张敏", "#VALUE!", Bad("error-cell")),
    ("staff.csv", ",supervisor,", ",#NAME?,", Bad("error-cell")),
    ("dwellings.csv", ",102,", ",=A2&B2,", Bad("formula")),
    ("areas.csv", ",East,", ",\"=VLOOKUP(A2,B:C,2)\",", Bad("formula")),
    ("dwellings.csv", "102,residential,,", "102,residential,NA,NA", Undone("no-value")),
    ("dwellings.csv", "102,residential,,", "102,residential,-,-", Undone("no-value")),
    ("dwellings.csv", "e1,1,,,0103", "e1,1,NULL,NaN,0103", Undone("no-value")),
    ("dwellings.csv", "e1,1,,,0103", "e1,1,-,,0103", Asked("dwellings.unit.no-value")),
    ("dwellings.csv", ",102,", ",NA,", Asked("dwellings.room.no-value")),
    ("areas.csv", "410181,,", "410181,NA,", Undone("no-value")),
    ("areas.csv", ",West,", ",West,NULL", Undone("no-value")),
    ("staff.csv", "张敏,supervisor,c1,,", "张敏,supervisor,c1,NA,", Asked("staff.shift_weekend.no-value")),
    ("staff.csv", "Zhang Min 张敏", "NULL", Asked("staff.name.no-value")),
    // Texts in the wrong encoding.
    ("areas.csv", "东苑", "??", Asked("areas.name_zh.lost-signs")),
    ("areas.csv", "东苑", "东\u{fffd}", Asked("areas.name_zh.lost-signs")),
    ("areas.csv", "东苑", "锟斤拷", Asked("areas.name_zh.lost-signs")),
    ("areas.csv", "永新路社区", "æ°¸æ–°è·¯", Asked("areas.name_zh.garbled")),
    ("areas.csv", "East", "CafÃ©", Asked("areas.name.garbled")),
    ("staff.csv", "Zhang Min 张敏", "Zhang Min ??", Asked("staff.name.lost-signs")),
    // Words and hours.
    ("dwellings.csv", "business", "Business", Undone("letter-case")),
    ("dwellings.csv", "business", "under construction", Told("letter-case")),
    ("staff.csv", "supervisor", "SUPERVISOR", Undone("letter-case")),
    ("staff.csv", "09:00-12:00;14:00-21:00", "9:00 AM - 12:00 PM / 2:00 PM - 9:00 PM", Undone("hours-written")),
    ("staff.csv", "09:00-12:00;14:00-21:00", "\"09:00-12:00\n14:00-21:00\"", Undone("hours-written")),
    ("staff.csv", "10:00-12:00", "0.416666667", Bad("hours-number")),
    ("staff.csv", "09:00-12:00;14:00-21:00", "\"09:00:00-12:00:00;14:00:00-21:00:00\"", Undone("hours-written")),
    // References whose zeros or capitals were lost.
    ("dwellings.csv", "e2,6,", "E2,6,", Undone("area-meant")),
    ("staff.csv", "supervisor,c1", "supervisor,C01", Undone("area-meant")),
    ("areas.csv", "e2,c1,", "e2,C1,", Undone("area-meant")),
    // Columns.
    ("dwellings.csv", "external_id", "external id", Undone("renamed-column")),
    ("staff.csv", "shift_sunday", "shift_sundays", Asked("staff.shift_sundays.near-column")),
    ("staff.csv", "shift_sunday", "Shift sunnday", Asked("staff.Shift-sunnday.near-column")),
    ("dwellings.csv", "external_id", "external_ids", Asked("dwellings.external_ids.near-column")),
    ("dwellings.csv", ",room,", ",romm,", Bad("column-meant")),
    ("dwellings.csv", ",lon,", ",longitude,", Bad("column-meant")),
    ("areas.csv", ",level,", ",kind of,", Bad("column-missing")),
    // Rows.
    ("dwellings.csv", ",102,residential,,,,", ",102,residential", Asked("dwellings.short-row")),
    ("dwellings.csv", ",102,residential,,,,", ",102", Bad("ragged")),
    ("areas.csv", "e2,c1,estate,West,", "e2,c1,estate,West,West, old", Bad("long-row")),
    ("dwellings.csv", "112.98,34.76", "112,98,34,76", Bad("lat-range")),
    ("dwellings.csv", "102,residential,,,,", "102,residential,,,,,,", Asked("dwellings.spare-cells")),
    ("dwellings.csv", "112.98,34.76,,", "112,98,34,76,x3,", Bad("long-row")),
    // Keys twice.
    ("dwellings.csv", "102,residential,,,,", "102,residential,,,x1,", Bad("twice")),
    ("dwellings.csv", "e1,1,1,1,102", "e1,1,1,1,101", Bad("same-door")),
    ("staff.csv", "\ns01,", "\nE01,", Bad("same-user-written")),
    ("areas.csv", "e2,c1", "E1,c1", Bad("same-code")),
    // Zeros.
    ("dwellings.csv", "e1,1,1,1,102", "e1,1,1,1,0102", Asked("dwellings.room.lost-zeros")),
];

#[test]
fn what_is_done_to_a_cell_is_undone_asked_or_refused_once() {
    for (file, from, to, then) in CELLS {
        let text = text_of(file);
        let what = format!("{file}: {from:?} -> {to:?}");
        if matches!(then, Undone("")) {
            assert!(outcome(&with(file, |t| t.replacen(from, to, 1).into())).is_ok(), "{what}");
            continue;
        }
        assert!(text.contains(from), "{what}");
        holds(&what, &with(file, |t| t.replacen(from, to, 1).into()), *then);
    }
}
