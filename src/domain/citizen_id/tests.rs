//! The standard's examples, invented numbers of an unassigned area, and what the check promises.

use proptest::prelude::*;

use super::*;

/// Numbers with the weighted sum of their digits, its remainder, and the sex.
const VALID: [(&str, u32, u32, Sex); 8] = [
    ("11010519491231002X", 167, 2, Sex::F),
    ("34052419800101001X", 189, 2, Sex::M),
    ("419999198503074514", 470, 8, Sex::M),
    ("419999198503074522", 472, 10, Sex::F),
    ("41999919850307002X", 420, 2, Sex::F),
    ("419999202001310088", 356, 4, Sex::F),
    ("419999199906157773", 559, 9, Sex::M),
    ("419999194901011262", 384, 10, Sex::F),
];

#[test]
fn valid_numbers_by_both_forms_of_the_check() {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    for (number, sum, remainder, sex) in VALID {
        let id = check(number).unwrap();
        let weighted: u32 =
            number.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        assert_eq!((weighted, weighted % 11), (sum, remainder), "{number}");
        assert_eq!(b"10X98765432"[remainder as usize], number.as_bytes()[17]);
        assert_eq!(id.sex(), sex);
    }
    assert_eq!(check("419999202001310088").unwrap().birth(), "2020-01-31".parse().unwrap());
}

#[test]
fn numbers_that_cannot_be_right() {
    let reference = "2020-11-01".parse().unwrap();
    let table = [
        ("419999198503074515", CitizenIdFault::CheckCharacter),
        ("419999198502304517", CitizenIdFault::BirthDate),
        ("419999850307451", CitizenIdFault::Old),
        ("41999919850307451", CitizenIdFault::Shape),
        ("4199991985030745140", CitizenIdFault::Shape),
        ("X19999198503074514", CitizenIdFault::Shape),
        ("", CitizenIdFault::Shape),
        ("四一九九九九", CitizenIdFault::Shape),
    ];
    for (number, fault) in table {
        assert_eq!(check_before(number, reference), Err(fault), "{number}");
    }
    let unborn = "2019-12-31".parse().unwrap();
    assert_eq!(check_before("419999202001310088", unborn), Err(CitizenIdFault::BirthDate));
}

#[test]
fn writing_does_not_matter_and_the_number_does_not_leak() {
    let id = check(" ４１９９９９19850307002ｘ ").unwrap();
    assert_eq!(id.reveal(), "41999919850307002X");
    assert_eq!(format!("{id:?} {:?}", Repair::Valid(id.clone())), "CitizenId(…) Valid(CitizenId(…))");
}

#[test]
fn every_wrong_digit_and_every_swap_is_found() {
    let (mut digits, mut swaps) = (0, 0);
    for (number, ..) in &VALID[..4] {
        for n in 0..17 {
            for c in b'0'..=b'9' {
                let mut bytes = number.as_bytes().to_vec();
                if bytes[n] != c {
                    bytes[n] = c;
                    digits += 1;
                    assert!(check_character(&bytes[..17]) != bytes[17]);
                }
            }
            let mut bytes = number.as_bytes().to_vec();
            if n < 16 && bytes[n] != bytes[n + 1] {
                bytes.swap(n, n + 1);
                swaps += 1;
                assert!(check_character(&bytes[..17]) != bytes[17]);
            }
        }
    }
    assert_eq!(digits, 4 * 17 * 9);
    assert!(swaps >= 40);
}

#[test]
fn a_slip_is_repaired_only_when_one_number_fits() {
    let right = "419999198503074514";
    let stated = (Some((1985, Some(3))), Some(Sex::M));
    assert_eq!(repair(right, stated.0, stated.1), Repair::Valid(check(right).unwrap()));
    // A left-out digit of the date leaves one candidate that agrees with the date stated.
    let repaired = repair("41999919850307414", stated.0, stated.1);
    assert!(matches!(repaired, Repair::Repaired(_) | Repair::Impossible(_)));
    // A wrong year: only the right one agrees with the birth stated.
    assert_eq!(repair("419999197503074514", stated.0, stated.1), Repair::Repaired(check(right).unwrap()));
    // A doubled digit.
    assert_eq!(repair("4199991985030745144", stated.0, stated.1), Repair::Repaired(check(right).unwrap()));
    // A wrong sequence digit may be several numbers, and an old number is never extended.
    assert_eq!(repair("419999198503074515", None, None), Repair::Impossible(CitizenIdFault::CheckCharacter));
    assert_eq!(repair("419999850307451", stated.0, stated.1), Repair::Impossible(CitizenIdFault::Old));
    assert_eq!(repair("not a number", None, None), Repair::Impossible(CitizenIdFault::Shape));
}

prop_compose! {
    fn number()(year in 1920_i16..2020, month in 1_i8..=12, day in 1_i8..=28, sequence in 1_u32..1000) -> String {
        let body = format!("419999{year:04}{month:02}{day:02}{sequence:03}");
        let check = char::from(check_character(body.as_bytes()));
        format!("{body}{check}")
    }
}

proptest! {
    #[test]
    fn a_repair_is_right_and_agrees(number in number(), place in 0_usize..17, digit in b'0'..=b'9') {
        let id = check(&number).unwrap();
        let stated = Some((id.birth().year(), Some(id.birth().month())));
        let mut slip = number.clone().into_bytes();
        slip[place] = digit;
        let slip = String::from_utf8(slip).unwrap();
        match repair(&slip, stated, Some(id.sex())) {
            Repair::Valid(found) => prop_assert_eq!(found.reveal(), &slip),
            Repair::Repaired(found) => {
                prop_assert!(found.agrees(stated, Some(id.sex())));
                prop_assert_eq!(found, id);
            }
            Repair::Impossible(_) => {}
        }
    }

    #[test]
    fn any_text_is_judged(text in "\\PC{0,24}") {
        let _ = repair(&text, Some((1985, None)), None);
    }
}
