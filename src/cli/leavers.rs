//! What `setup` says about the staff: who left, what ended with them, and what is to be done about it.

use super::base::say;
use crate::ingest::staff::{Loss, Report, Why};

/// Prints the staff's part of a set-up's report.
pub(super) fn tell(r: &Report) {
    if !r.left.is_empty() {
        say(format!("  staff: {} no longer listed: {}", r.left.len(), r.left.join(", ")));
    }
    for loss in &r.losses {
        say(format!("    {}", line(loss)));
    }
    if r.losses.iter().any(|l| l.doors > 0) {
        say(
            "    doors without a holder are planned for the others from now on; the page Assign gives them to one person",
        );
    }
    if r.losses.iter().any(|l| l.sheets > 0) {
        say("    publish the plans of these days again, so that the others' sheets have these doors");
    }
    if r.losses.iter().any(|l| l.phones > 0) {
        say("    what a cut-off phone still holds is taken by doorknock upload, and held for a supervisor");
    }
    for user in &r.renamed {
        say(format!(
            "    {user} has another name now and keeps doors and phone; if this is another person, run doorknock revoke {user}"
        ));
    }
    for (written, stored) in &r.respelled {
        say(format!(
            "    {written} is {stored}: capital and small letters are one, and the first writing stays"
        ));
    }
}

fn line(loss: &Loss) -> String {
    let why = match loss.why {
        Why::Left => "is not on the list",
        Why::Role => "has another role",
        Why::Moved => "works in another area",
    };
    let count =
        |n: usize, one: &str, many: &str| (n > 0).then(|| format!("{n} {}", if n == 1 { one } else { many }));
    let parts = [
        count(loss.doors, "door without a holder", "doors without a holder"),
        count(loss.sheets, "published sheet withdrawn", "published sheets withdrawn"),
        count(loss.phones, "phone cut off", "phones cut off"),
        (loss.waiting > 0).then(|| format!("{} record(s) were still on it as it last said", loss.waiting)),
        count(loss.tokens, "token or session ended", "tokens and sessions ended"),
        loss.password.then(|| "password void".to_owned()),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    format!("{} {why}: {}", loss.user, parts.join(", "))
}
