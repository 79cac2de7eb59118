//! `verify-isolation` and `verify-down` in a hostile database.

use super::support::{Ground, May, NOTHING};
use crate::support::{Admin, as_both_admins, until};

/// Changes that `--fix` may make: to red's own privileges, and to the server's towards everybody.
const FIX: May = May {
    change: &[
        "setting red_",
        "membership ",
        "role red_",
        "acl of database red_db",
        "acl of database postgres",
        "acl of database template1",
        "acl of database lent",
        "blue schema red_place",
        "role hostile_orphans",
        "password hostile_orphans",
        "postgresql.auto.conf",
    ],
    install: false,
};

as_both_admins!(every_kind_of_verification_runs_no_planted_code, |admin| {
    let ground = Ground::baited(admin);
    for how in ["none", "sample", "full"] {
        ground.run(&["verify-isolation", "--probes", how], NOTHING, &[4]);
    }
    ground.run(&["verify-isolation", "--exhaustive"], NOTHING, &[4]);
});

as_both_admins!(fixing_findings_runs_no_planted_code, |admin| {
    let ground = Ground::baited(admin);
    ground.run(&["verify-isolation", "--probes", "none", "--fix", "--dry-run"], NOTHING, &[4]);
    ground.run(&["verify-isolation", "--probes", "none", "--fix", "--terminate", "-y"], FIX, &[0, 4]);
    ground.run(&["verify-isolation", "--probes", "none", "--fix", "-y"], FIX, &[0, 4]);
});

as_both_admins!(an_object_added_to_an_extension_gets_no_superuser_as_owner, |admin| {
    let ground = Ground::innocent(admin);
    ground.lend();
    for _ in 0..2 {
        ground.watched(&["verify-isolation", "--probes", "none", "--fix", "-y"], FIX, &[0, 4]);
    }
});

as_both_admins!(a_session_with_hostile_temporary_tables_is_audited, |admin| {
    let ground = Ground::sprung(admin);
    std::thread::scope(|scope| {
        let session = scope.spawn(|| ground.as_red("red_migrator", TEMPORARY));
        let active = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'red_migrator' AND query LIKE '%pg_sleep%'";
        until("the session is there", || ground.server.value("postgres", active) != "0");
        ground.watched(&["plan", "--check"], NOTHING, &[0, 3]);
        ground.watched(&["verify-isolation", "--probes", "none"], NOTHING, &[0, 4]);
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'red_migrator'";
        ground.server.sql("postgres", end);
        assert!(session.join().unwrap().is_err());
    });
});

/// Tables of its own session that stand before the catalogs, and code in its temporary schema.
const TEMPORARY: &str = "
    CREATE TEMPORARY TABLE pg_class (relname name, x int CHECK (bait.yes('temporary', x)));
    CREATE TEMPORARY TABLE pg_roles (rolname name, rolsuper boolean DEFAULT true);
    CREATE TEMPORARY VIEW pg_proc AS SELECT bait.yes('temporary');
    CREATE FUNCTION pg_temp.fire() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM bait.spring(''temporary''); RETURN NEW; END';
    CREATE TRIGGER fire BEFORE INSERT ON pg_temp.pg_class FOR EACH ROW EXECUTE FUNCTION pg_temp.fire();
    CREATE TYPE pg_temp.text AS ENUM ('a'); SELECT pg_catalog.pg_sleep(300)";

as_both_admins!(a_rehearsal_runs_no_planted_code, |admin| {
    let ground = Ground::innocent(admin);
    ground.write_baits();
    // Pending first, then applied: both ways into a scratch database.
    ground.watched(&["verify-down", "-s", "red"], NOTHING, &[0, 3]);
    ground.watched(&["upgrade", "-s", "red"], May { change: &[], install: true }, &[0]);
    ground.run(&["verify-down", "--every"], NOTHING, &[0, 3]);
});
