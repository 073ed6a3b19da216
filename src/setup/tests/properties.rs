//! Properties: no spoilt file makes the reader panic, and any tree is numbered rightly.

use super::{good, outcome};
use crate::domain::Language;
use crate::setup::FILES;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever a file is turned into, reading ends with a set-up or with faults that name a place of a known file.
    #[test]
    fn a_spoilt_set_up_never_panics_and_names_a_place(
        file in 0_usize..4,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_usize..SPOILS.len()), 1..4),
    ) {
        let mut files = good();
        let name = FILES[file];
        for (from, length, with) in edits {
            let bytes = files.0.get_mut(name).unwrap();
            let from = from.index(bytes.len().max(1)).min(bytes.len());
            let to = (from + length.index(12)).min(bytes.len());
            bytes.splice(from..to, SPOILS[with].iter().copied());
        }
        match outcome(&files) {
            Ok(setup) => prop_assert!(setup.areas.iter().all(|area| area.lo > 0 && area.hi >= area.lo)),
            Err(faults) => {
                prop_assert!(faults.total() > 0);
                for one in faults.listed() {
                    prop_assert!(FILES.contains(&&*one.file));
                    prop_assert!(one.value.chars().count() <= 41);
                    for language in [Language::En, Language::Zh] {
                        prop_assert!(!one.say(language).contains('\n'));
                        prop_assert!(!one.say(language).contains("419999198503074514"));
                    }
                }
            }
        }
    }

    /// Any tree, in any order of its rows, is numbered so that exactly the descendants lie inside an area.
    #[test]
    fn preorder_numbers_hold_exactly_the_descendants(parents in prop::collection::vec(any::<prop::sample::Index>(), 0..40), turn in 0_usize..40) {
        let mut lines = vec!["a0,,l,n,".to_owned()];
        let mut up = vec![None];
        for (n, parent) in parents.iter().enumerate() {
            let above = parent.index(n + 1).max(n.saturating_sub(5)).min(n);
            lines.push(format!("a{},a{above},l,n,", n + 1));
            up.push(Some(above));
        }
        let depth = |mut at: usize| { let mut d = 0; while let Some(above) = up[at] { at = above; d += 1; } d };
        prop_assume!((0..up.len()).all(|at| depth(at) <= 16));
        let count = lines.len();
        lines.rotate_left(turn % count);
        let mut files = good();
        files.put("areas.csv", format!("code,parent,level,name,name_zh\n{}\n", lines.join("\n")));
        files.put("dwellings.csv", "area,building,unit,floor,room,kind,lon,lat\n");
        files.put("staff.csv", "user,name,role,area\n");
        let setup = outcome(&files).unwrap();
        let inside = |a: usize, mut b: usize| loop { if a == b { return true; } let Some(above) = up[b] else { return false }; b = above; };
        for a in 0..count {
            for b in 0..count {
                let (x, y) = (setup.area(&format!("a{a}")).unwrap(), setup.area(&format!("a{b}")).unwrap());
                prop_assert_eq!(x.holds(y), inside(a, b));
            }
        }
    }
}

/// Bytes put into files by the property.
const SPOILS: [&[u8]; 26] = [
    b"",
    b",",
    b"\n",
    b"\"",
    b"\xb1\xb1",
    b"\r\n",
    b"\xef\xbb\xbf",
    b"\0",
    b"419999198503074514",
    b"-",
    b"[",
    b"e1",
    b" = ",
    b"[[band]]\n",
    "｜王".as_bytes(),
    b"1e999",
    b";",
    b"\t",
    b"\r",
    b"\xff\xfe",
    b"=\"",
    b"'",
    b"#N/A",
    b"sep=;\n",
    "\u{2028}“Ａ".as_bytes(),
    "1月2日".as_bytes(),
];
