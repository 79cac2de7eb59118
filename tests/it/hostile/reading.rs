//! The baits are armed, and commands that only look run none of them.

use std::collections::BTreeSet;

use super::fingerprint::ask;
use super::support::{HostileServer, NOTHING, library, ran_baits};
use crate::support::{Admin, as_both_admins};

#[test]
fn every_planted_object_would_be_noticed_if_it_ran() {
    let hostile = HostileServer::with_baits(Admin::Super);
    for bait in library(hostile.server.major()) {
        let Some(spring) = &bait.spring else { continue };
        let mark = hostile.server.log().len();
        let done = hostile.as_red("red_migrator", spring);
        let ran: BTreeSet<String> =
            ran_baits(&hostile.server.log_since(mark)).into_iter().map(|one| one.name).collect();
        let name = if bait.name == "missing value" { "cast" } else { &bait.name };
        assert!(ran.contains(name), "{}: {spring}: {done:?} ran {ran:?}", bait.name);
    }
    // The whole row of a column that was added with a default: a cast of its type is called, and it is noticed.
    let mark = hostile.server.log().len();
    let row = "SELECT pg_catalog.to_jsonb(a) FROM pg_catalog.pg_attribute a WHERE a.attname = 'mood'";
    ask(&hostile.server, "red_db", row).unwrap();
    let ran = ran_baits(&hostile.server.log_since(mark));
    assert!(ran.iter().any(|one| one.name == "cast" && one.actor == "postgres"), "{ran:?}");
    assert_eq!(
        hostile.server.value("postgres", "SELECT rolsuper::text FROM pg_roles WHERE rolname = 'red_app'"),
        "true"
    );
    // A session that does not guard itself runs the event triggers.
    let mark = hostile.server.log().len();
    hostile.server.sql("red_db", "GRANT SELECT ON public.item TO red_app");
    let ran = ran_baits(&hostile.server.log_since(mark));
    assert!(ran.iter().any(|one| one.name == "event trigger" && one.actor == "postgres"), "{ran:?}");
}

as_both_admins!(reading_commands_run_no_planted_code, |admin| {
    let hostile = HostileServer::with_baits(admin);
    for (arguments, codes) in [
        (&["plan"][..], &[0][..]),
        (&["plan", "--check"], &[3]),
        (&["plan", "--prune", "--out", "saved"], &[0]),
        (&["plan", "--check-logins"], &[0]),
        (&["status"], &[0]),
        (&["status", "--drift"], &[0]),
        (&["status", "--check"], &[3]),
        (&["current"], &[0]),
        (&["history"], &[0]),
        (&["doctor"], &[0]),
        (&["lint"], &[0, 3]),
        (&["validate"], &[0]),
        (&["test-connections"], &[0, 1]),
        (&["url", "-s", "red"], &[0]),
        (&["upgrade", "--all", "--dry-run"], &[0]),
        (&["drop", "-s", "red", "--dry-run"], &[0]),
    ] {
        hostile.run(arguments, NOTHING, codes);
    }
});
