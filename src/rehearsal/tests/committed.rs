//! The committed community is what its program and seed make.

use super::{batches, yongxin};
use crate::rehearsal::{community, devices};
use crate::setup::{self, Directory, Setup};
use flate2::read::GzDecoder;
use std::fs;
use std::io::Read;
use std::path::Path;

/// The seed, days and end in the README beside the files.
const SEED: u64 = 1;
const DAYS: u16 = 8;
const UNTIL: &str = "2020-11-08T18:00:00+08:00";

#[test]
fn the_committed_community_is_what_its_seed_makes() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/yongxin");
    for (name, made) in community::files(SEED).0 {
        assert!(fs::read(home.join(&name)).unwrap() == made, "{name}");
    }
    let setup = setup::read(&Directory(home.clone()), &mut |_| {}).unwrap();
    // The questionnaires are nobody's invention: they lie beside the files.
    assert_eq!(Setup { forms: Vec::new(), ..setup.clone() }, yongxin(SEED));
    let made = batches(&setup, SEED, DAYS, UNTIL);
    for batch in &made {
        let name = batch.file_name() + ".gz";
        let mut text = String::new();
        let file = fs::File::open(home.join("batches").join(&name)).expect(&name);
        GzDecoder::new(file).read_to_string(&mut text).unwrap();
        assert!(text == serde_json::to_string(&*batch.document).unwrap(), "{name}");
    }
    let files = fs::read_dir(home.join("batches")).unwrap().count();
    assert_eq!(files, made.len() + 1);
    let listed: serde_json::Value =
        serde_json::from_slice(&fs::read(home.join("batches/devices.json")).unwrap()).unwrap();
    assert_eq!(listed, serde_json::to_value(devices(&setup)).unwrap());
}
