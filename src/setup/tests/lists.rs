//! Faults of the CSV files, one at a time, with the place each must name.

use super::faults;

/// File, what is replaced in it, by what, and how the one fault begins.
#[rustfmt::skip]
const CASES: &[[&str; 4]] = &[
    ["areas.csv", "code,parent,", "code,above,", "areas.csv:1: parent: the column is missing; needed are"],
    ["dwellings.csv", "colour", "room", "dwellings.csv:1: room: the column stands twice in the header"],
    ["areas.csv", "e1,c1,", "e1,c9,", "areas.csv:4: parent: \"c9\": not an area of areas.csv"],
    ["areas.csv", "e2,c1,", "E1,c1,", "areas.csv:5: code: \"E1\": the same code as line 4"],
    ["areas.csv", "e1,c1,", "e1,,", "areas.csv:4: parent: may not be empty: the area without a parent is that of line 2"],
    ["areas.csv", "410181,,", "410181,e1,", "areas.csv:2: parent: \"e1\": the area would lie inside itself (410181 in e1 in c1 in 410181)"],
    ["areas.csv", "e1,c1", "e1,e1", "areas.csv:4: parent: \"e1\": the area would lie inside itself (e1 in e1)"],
    ["areas.csv", "West,", ",", "areas.csv:5: name: may not be empty where name_zh is empty too"],
    ["areas.csv", "\ne1,", "\n,", "areas.csv:4: code: may not be empty"],
    ["areas.csv", "East", "Ea\u{1}st", "areas.csv:4: name: \"Ea\u{fffd}st\": control characters are not allowed"],
    ["areas.csv", "\ne1,", "\ne|1,", "areas.csv:4: code: \"e|1\": the character | is not allowed"],
    ["dwellings.csv", "e2,6,", "no-such-area,6,", "dwellings.csv:5: area: \"no-such-area\": not an area of areas.csv"],
    ["dwellings.csv", "e1,1,1,1,102,residential,,,,", "short,row", "dwellings.csv:3: 2 cells where the header has 10"],
    ["dwellings.csv", ",102,", ",１０１ ,", "dwellings.csv:3: room: \"1-1-101\": the same door as line 2"],
    ["dwellings.csv", "business", "castle", "dwellings.csv:4: kind: \"castle\": not one of residential, "],
    ["dwellings.csv", "business", "", "dwellings.csv:4: kind: may not be empty"],
    ["dwellings.csv", ",-1,", ",third,", "dwellings.csv:5: floor: \"third\": a floor is a whole number"],
    ["dwellings.csv", ",-1,", ",900,", "dwellings.csv:5: floor: \"900\": a floor lies between"],
    ["dwellings.csv", "0103", "", "dwellings.csv:4: room: may not be empty"],
    ["dwellings.csv", "e1,1,1,1,102", "e1,,1,1,102", "dwellings.csv:3: building: may not be empty"],
    ["dwellings.csv", "112.98,34.76", "34.76,112.98", "dwellings.csv:5: lon: \"34.76\": longitude and latitude look exchanged"],
    ["dwellings.csv", "112.98,34.76", "112.98,", "dwellings.csv:5: lat: missing; longitude and latitude come together"],
    ["dwellings.csv", "112.98,34.76", "east,34.76", "dwellings.csv:5: lon: \"east\": not a number of degrees"],
    ["dwellings.csv", "112.98,34.76", "nan,34.76", "dwellings.csv:5: lon: \"nan\": missing; longitude and latitude come together"],
    ["dwellings.csv", "112.98,34.76", "inf,34.76", "dwellings.csv:5: lon: \"inf\": not a number of degrees"],
    ["dwellings.csv", "112.98,34.76", "512.98,34.76", "dwellings.csv:5: lon: \"512.98\": a longitude lies between"],
    ["dwellings.csv", "112.98,34.76", "112.98,134.76", "dwellings.csv:5: lat: \"134.76\": a latitude lies between"],
    ["dwellings.csv", "112.98,34.76", "0,0.0", "dwellings.csv:5: lon: \"0\": 0, 0 is nobody's door"],
    ["dwellings.csv", "x1,red", "\"x1\"y,red", "dwellings.csv:2: text after a closing quotation mark"],
    ["dwellings.csv", "x1,red", "\"x1,red", "dwellings.csv:2: a row without an end"],
    ["dwellings.csv", ",101,", ",10\u{1}1,", "dwellings.csv:2: room: \"10\u{fffd}1\": control and invisible characters"],
    ["staff.csv", "enumerator", "emperor", "staff.csv:2: role: \"emperor\": not one of enumerator, supervisor, admin"],
    ["staff.csv", "enumerator", "", "staff.csv:2: role: may not be empty"],
    ["staff.csv", "admin,410181", "admin,nowhere", "staff.csv:4: area: \"nowhere\": not an area of areas.csv"],
    ["staff.csv", "s01,", "e01,", "staff.csv:3: user: \"e01\": the same user as line 2"],
    ["staff.csv", "s01,", "E01,", "staff.csv:3: user: \"E01\": the same user as \"e01\" on line 2: names do not differ by capitals"],
    ["staff.csv", "s01,", "ｅ０１,", "staff.csv:3: user: \"ｅ０１\": the same user as line 2"],
    ["staff.csv", "s01,", "s 01,", "staff.csv:3: user: \"s 01\": a user name has only letters"],
    ["staff.csv", "Zhang Min 张敏", "", "staff.csv:3: name: may not be empty"],
    ["staff.csv", "10:00-12:00", "10-12", "staff.csv:3: shift_sunday: \"10-12\": hours are written like"],
    ["staff.csv", "10:00-12:00", "419999198503074514", "staff.csv:3: shift_sunday: \"[18 digits]\": hours"],
];

#[test]
fn one_fault_of_the_lists_is_named_with_its_place() {
    for [file, from, to, expected] in CASES {
        let found = faults(file, from, to);
        let consequence = |fault: &String| fault.contains(": not an area of areas.csv");
        assert!(found.iter().skip(1).all(consequence), "{file}: {from:?} -> {to:?}: {found:?}");
        assert!(found[0].starts_with(expected), "{expected}\n{}", found[0]);
    }
}
