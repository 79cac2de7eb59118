//! `verify-isolation` and `verify-down` in a hostile database.

use super::support::{Ground, May, NOTHING};
use crate::support::{Admin, as_both_admins};

/// What `--fix` may close: red's own doors, and the server's towards everybody.
const FIX: May = May {
    change: &[
        "setting red_",
        "membership ",
        "role red_",
        "acl of database red_db",
        "acl of database postgres",
        "acl of database template1",
        "role hostile_orphans",
        "password hostile_orphans",
        "postgresql.auto.conf",
    ],
    install: false,
};

as_both_admins!(every_kind_of_verification_steps_on_no_bait, |admin| {
    let ground = Ground::baited(admin);
    for how in ["none", "sample", "full"] {
        ground.run(&["verify-isolation", "--probes", how], NOTHING, &[4]);
    }
    ground.run(&["verify-isolation", "--exhaustive"], NOTHING, &[4]);
});

as_both_admins!(closing_what_was_found_steps_on_no_bait, |admin| {
    let ground = Ground::baited(admin);
    ground.run(&["verify-isolation", "--probes", "none", "--fix", "--dry-run"], NOTHING, &[4]);
    ground.run(&["verify-isolation", "--probes", "none", "--fix", "--terminate", "-y"], FIX, &[0, 4]);
    ground.run(&["verify-isolation", "--probes", "none", "--fix", "-y"], FIX, &[0, 4]);
});

as_both_admins!(a_rehearsal_steps_on_no_bait, |admin| {
    let ground = Ground::innocent(admin);
    ground.write_baits();
    // Pending first, then applied: both ways into a scratch database.
    ground.watched(&["verify-down", "-s", "red"], NOTHING, &[0, 3]);
    ground.watched(&["upgrade", "-s", "red"], May { change: &[], install: true }, &[0]);
    ground.run(&["verify-down", "--every"], NOTHING, &[0, 3]);
});
