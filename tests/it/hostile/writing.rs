//! Commands that write: each changes what it is for, and runs nothing of the service's as the admin.

use super::support::{Allowed, HostileServer, NOTHING};
use crate::support::{Admin, as_both_admins};

/// Changes of red to itself that `apply` may undo.
const APPLY: Allowed = Allowed {
    change: &[
        "setting red_",
        "membership blue_app of red_app",
        "membership postgres of red_app",
        "acl of database red_db",
    ],
    install: false,
};

/// New passwords, kept by the server, and alternate logins.
const ROTATE: Allowed = Allowed {
    change: &[
        "password red_",
        "role red_",
        "membership red_",
        "membership adm of red_",
        "membership blue_app of red_app",
        "membership postgres of red_app",
        "setting red_",
        "acl of database red_db",
    ],
    install: false,
};

as_both_admins!(apply_and_migrations_run_no_planted_code, |admin| {
    let hostile = HostileServer::with_baits(admin);
    hostile.run(&["plan", "--out", "saved"], NOTHING, &[0]);
    hostile.run(&["apply", "--plan", "saved", "-y"], APPLY, &[0, 6]);
    hostile.run(&["apply", "--all", "-y"], APPLY, &[0]);
    hostile.run(&["apply", "--all", "--prune", "-y"], APPLY, &[0]);
    hostile.project.write("red/migrations/V3__more.sql", "CREATE TABLE more (id int);\n");
    hostile.project.write("red/migrations/V3__more.down.sql", "DROP TABLE more;\n");
    hostile.run(&["upgrade", "--all"], NOTHING, &[0]);
    hostile.run(&["downgrade", "-s", "red", "-y"], NOTHING, &[0]);
    hostile.run(&["baseline", "-s", "red", "--at", "3"], NOTHING, &[2]);
    hostile.project.write(
        "red/migrations/V1__item.sql",
        "CREATE TABLE item (id serial PRIMARY KEY, name text); -- edited\n",
    );
    hostile.run(&["repair", "-s", "red", "--reason", "test", "-y"], NOTHING, &[0]);
    hostile.run(&["upgrade", "--all"], NOTHING, &[0]);
});

as_both_admins!(an_extension_declared_later_runs_no_planted_code, |admin| {
    let hostile = HostileServer::with_baits(admin);
    let manifest = hostile.project.read("martydb.yaml");
    hostile.project.write(
        "martydb.yaml",
        &manifest
            .replace("  red:\n", "  red: { extensions: [citext, pg_trgm, ltree, intarray, btree_gist] }\n"),
    );
    hostile.run(&["plan"], NOTHING, &[0]);
    hostile.run(&["apply", "--all", "-y"], Allowed { install: true, ..APPLY }, &[0]);
});

as_both_admins!(rotation_and_bootstrap_run_no_planted_code, |admin| {
    let hostile = HostileServer::with_baits(admin);
    hostile.run(&["rotate", "-s", "red"], ROTATE, &[0]);
    hostile.run(&["rotate", "-s", "red", "--overlap"], ROTATE, &[0]);
    hostile.run(&["rotate", "-s", "red", "--finish"], ROTATE, &[0]);
    hostile.run(&["test-connections"], NOTHING, &[0, 1]);
    hostile.run(&["init-all", "-y"], ROTATE, &[0, 4]);
});

/// Objects that are dropped with a service.
const DROP: Allowed = Allowed {
    change: &[
        "role red_", "password red_", "membership ", "setting red_", "database red_db",
        "acl of database red_db", "database lent", "acl of database lent", "blue schema",
        "role hostile_orphans", "password hostile_orphans",
    ],
    install: false,
};

as_both_admins!(a_dropped_service_leaves_no_object_owned_by_a_superuser, |admin| {
    let hostile = HostileServer::with_baits(admin);
    hostile.lend();
    hostile.open();
    hostile.watched(&["drop", "-s", "red", "--dry-run"], NOTHING, &[0]);
    hostile.watched(&["drop", "-s", "red", "--confirm", "red"], DROP, &[0]);
});

// A role that may replace the function of an event trigger runs code as each role that runs DDL there, the admin first.
as_both_admins!(the_function_of_an_event_trigger_is_never_owned_by_a_service, |admin| {
    let hostile = HostileServer::without_baits(admin);
    let hook = "CREATE FUNCTION public.hook() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
                CREATE EVENT TRIGGER hook ON ddl_command_end EXECUTE FUNCTION public.hook()";
    hostile.server.sql("red_db", hook);
    hostile.watched(&["apply", "--all", "--prune", "-y"], NOTHING, &[0]);
    let doors = Allowed { change: &["acl of database", "setting "], install: false };
    hostile.watched(&["verify-isolation", "--probes", "none", "--fix", "-y"], doors, &[0, 4]);
    let owner = "SELECT proowner::regrole FROM pg_proc WHERE proname = 'hook'";
    assert_eq!(hostile.server.value("red_db", owner), "postgres");
    let replaced = "CREATE OR REPLACE FUNCTION public.hook() RETURNS event_trigger LANGUAGE plpgsql AS
                    'BEGIN PERFORM 1; END'";
    assert!(hostile.as_red("red_migrator", replaced).is_err());
});
