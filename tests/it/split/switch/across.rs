//! The switch between servers of different majors.

use super::online::{Writers, assert_all};
use super::{LEGACY, SETTINGS, Split};
use crate::split::across::programs;
use crate::support::{Admin, Server};

#[test]
fn a_split_from_13_to_18_switches_back_and_finishes() {
    let (Some(old), Some(new)) = (programs("13."), programs("18.")) else {
        eprintln!("SKIPPED: no servers 13 and 18 on this machine");
        return;
    };
    let (source, target) = (Server::start_from_with(&old, SETTINGS), Server::start_from_with(&new, SETTINGS));
    to_and_fro(&Split::between(source, target, Admin::Super, ""));
}

/// A whole split while applications write: every row of theirs is there once at the end, and nothing of the split is left.
pub(crate) fn to_and_fro(split: &Split) {
    split.split(&["copy", "--online", "--until-caught-up"]).expect(0);
    let writers = Writers::start(split, 2);
    writers.more(30);
    for (step, phase) in [("cutover", "cut_over"), ("rollback", "rolled_back"), ("cutover", "cut_over")] {
        split.split(&[step, "--service", "orders"]).expect(0);
        assert_eq!(split.phase("orders"), phase);
        writers.more(30);
    }
    split.split(&["cutover", "--service", "users"]).expect(0);
    let written = writers.end();
    assert_all(&split.target, "orders", &written);
    split.close_public();
    let done = split.split(&["finish", "--confirm", LEGACY]);
    assert!(done.stdout.contains("Removed 7 tables"), "{}", done.said());
    for (server, database) in [(&split.source, LEGACY), (&split.target, "orders"), (&split.target, "users")] {
        let left = split.leftovers(server, database);
        assert!(left.is_empty(), "{database} {left:?}");
    }
    assert_all(&split.target, "orders", &written);
}
