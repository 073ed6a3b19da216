//! What the set-up page says about the staff: who left, what ended with them, and what is to be done about it.

use super::visitor::Visitor;
use crate::ingest::staff::{Loss, Report, Why};

/// The staff's part of a set-up's report, in words.
pub fn told(v: &Visitor, r: &Report) -> Vec<String> {
    let mut all = Vec::new();
    if !r.left.is_empty() {
        let n = i64::try_from(r.left.len()).unwrap_or(i64::MAX);
        all.push(v.words.count("setup.staff", n, &[("users", &r.left.join(v.words.pick(", ", "、")))]));
    }
    all.extend(r.losses.iter().map(|loss| line(v, loss)));
    let mut advise = |is_needed: bool, key: &str| {
        if is_needed {
            all.push(v.words.t(key).to_owned());
        }
    };
    advise(r.losses.iter().any(|l| l.doors > 0), "setup.staff_doors");
    advise(r.losses.iter().any(|l| l.sheets > 0), "setup.staff_sheets");
    advise(r.losses.iter().any(|l| l.phones > 0), "setup.staff_phones");
    all.extend(r.renamed.iter().map(|user| v.words.say("setup.staff_renamed", &[("user", user)])));
    all.extend(r.respelled.iter().map(|(written, stored)| {
        v.words.say("setup.staff_respelled", &[("written", written), ("stored", stored)])
    }));
    all
}

fn line(v: &Visitor, loss: &Loss) -> String {
    let why = match loss.why {
        Why::Left => "setup.staff_left",
        Why::Role => "setup.staff_role",
        Why::Moved => "setup.staff_moved",
    };
    v.words.say(
        "setup.staff_loss",
        &[
            ("user", &loss.user),
            ("why", &v.words.t(why)),
            ("doors", &loss.doors),
            ("sheets", &loss.sheets),
            ("phones", &loss.phones),
            ("waiting", &loss.waiting),
            ("tokens", &loss.tokens),
            ("password", &v.words.t(if loss.password { "setup.staff_void" } else { "setup.staff_kept" })),
        ],
    )
}
