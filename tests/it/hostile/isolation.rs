//! `verify-isolation` and `verify-down` in a hostile database.

use super::support::{Allowed, HostileServer, NOTHING};
use crate::support::{Admin, as_both_admins, until};

/// Changes that `--fix` may make: to red's own privileges, and to the server's towards everybody.
const FIX: Allowed = Allowed {
    change: &[
        "setting red_", "membership ", "role red_", "acl of database red_db", "acl of database postgres",
        "acl of database template1", "acl of database lent", "blue schema red_place", "role hostile_orphans",
        "password hostile_orphans", "postgresql.auto.conf",
    ],
    install: false,
};

as_both_admins!(every_kind_of_verification_runs_no_planted_code, |admin| {
    let hostile = HostileServer::with_baits(admin);
    for how in ["none", "sample", "full"] {
        hostile.run(&["verify-isolation", "--probes", how], NOTHING, &[4]);
    }
    hostile.run(&["verify-isolation", "--exhaustive"], NOTHING, &[4]);
});

as_both_admins!(fixing_findings_runs_no_planted_code, |admin| {
    let hostile = HostileServer::with_baits(admin);
    hostile.run(&["verify-isolation", "--probes", "none", "--fix", "--dry-run"], NOTHING, &[4]);
    hostile.run(&["verify-isolation", "--probes", "none", "--fix", "--terminate", "-y"], FIX, &[0, 4]);
    hostile.run(&["verify-isolation", "--probes", "none", "--fix", "-y"], FIX, &[0, 4]);
});

as_both_admins!(an_object_added_to_an_extension_gets_no_superuser_as_owner, |admin| {
    let hostile = HostileServer::without_baits(admin);
    hostile.lend();
    for _ in 0..2 {
        hostile.watched(&["verify-isolation", "--probes", "none", "--fix", "-y"], FIX, &[0, 4]);
    }
});

as_both_admins!(a_session_with_hostile_temporary_tables_is_audited, |admin| {
    let hostile = HostileServer::with_mechanism(admin);
    std::thread::scope(|scope| {
        let session = scope.spawn(|| hostile.as_red("red_migrator", TEMPORARY));
        let active = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'red_migrator' AND query LIKE '%pg_sleep%'";
        until("the session is there", || hostile.server.value("postgres", active) != "0");
        hostile.watched(&["plan", "--check"], NOTHING, &[0, 3]);
        hostile.watched(&["verify-isolation", "--probes", "none"], NOTHING, &[0, 4]);
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'red_migrator'";
        hostile.server.sql("postgres", end);
        assert!(session.join().unwrap().is_err());
    });
});

/// Tables of its own session that precede the catalogs, and code in its temporary schema.
const TEMPORARY: &str = "
    CREATE TEMPORARY TABLE pg_class (relname name, x int CHECK (bait.yes('temporary', x)));
    CREATE TEMPORARY TABLE pg_roles (rolname name, rolsuper boolean DEFAULT true);
    CREATE TEMPORARY VIEW pg_proc AS SELECT bait.yes('temporary');
    CREATE FUNCTION pg_temp.fire() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM bait.spring(''temporary''); RETURN NEW; END';
    CREATE TRIGGER fire BEFORE INSERT ON pg_temp.pg_class FOR EACH ROW EXECUTE FUNCTION pg_temp.fire();
    CREATE TYPE pg_temp.text AS ENUM ('a'); SELECT pg_catalog.pg_sleep(300)";

as_both_admins!(a_rehearsal_runs_no_planted_code, |admin| {
    let hostile = HostileServer::without_baits(admin);
    hostile.write_baits();
    // Pending first, then applied: both ways into a scratch database.
    hostile.watched(&["verify-down", "-s", "red"], NOTHING, &[0, 3]);
    hostile.watched(&["upgrade", "-s", "red"], Allowed { change: &[], install: true }, &[0]);
    hostile.run(&["verify-down", "--every"], NOTHING, &[0, 3]);
});
