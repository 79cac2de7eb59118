//! Commands that write: each changes what it is for, and runs nothing of the service's as the admin.

use super::support::{Ground, May, NOTHING};
use crate::support::{Admin, as_both_admins};

/// Changes of red to itself that `apply` may undo.
const APPLY: May = May {
    change: &[
        "setting red_",
        "membership blue_app of red_app",
        "membership postgres of red_app",
        "acl of database red_db",
    ],
    install: false,
};

/// New passwords, kept by the server, and alternate logins.
const ROTATE: May = May {
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
    let ground = Ground::baited(admin);
    ground.run(&["plan", "--out", "saved"], NOTHING, &[0]);
    ground.run(&["apply", "--plan", "saved", "-y"], APPLY, &[0, 6]);
    ground.run(&["apply", "--all", "-y"], APPLY, &[0]);
    ground.run(&["apply", "--all", "--prune", "-y"], APPLY, &[0]);
    ground.project.write("red/migrations/V3__more.sql", "CREATE TABLE more (id int);\n");
    ground.project.write("red/migrations/V3__more.down.sql", "DROP TABLE more;\n");
    ground.run(&["upgrade", "--all"], NOTHING, &[0]);
    ground.run(&["downgrade", "-s", "red", "-y"], NOTHING, &[0]);
    ground.run(&["baseline", "-s", "red", "--at", "3"], NOTHING, &[2]);
    ground.project.write(
        "red/migrations/V1__item.sql",
        "CREATE TABLE item (id serial PRIMARY KEY, name text); -- edited\n",
    );
    ground.run(&["repair", "-s", "red", "--reason", "test", "-y"], NOTHING, &[0]);
    ground.run(&["upgrade", "--all"], NOTHING, &[0]);
});

as_both_admins!(an_extension_declared_later_runs_no_planted_code, |admin| {
    let ground = Ground::baited(admin);
    let manifest = ground.project.read("martydb.yaml");
    ground.project.write(
        "martydb.yaml",
        &manifest
            .replace("  red:\n", "  red: { extensions: [citext, pg_trgm, ltree, intarray, btree_gist] }\n"),
    );
    ground.run(&["plan"], NOTHING, &[0]);
    ground.run(&["apply", "--all", "-y"], May { install: true, ..APPLY }, &[0]);
});

as_both_admins!(rotation_and_bootstrap_run_no_planted_code, |admin| {
    let ground = Ground::baited(admin);
    ground.run(&["rotate", "-s", "red"], ROTATE, &[0]);
    ground.run(&["rotate", "-s", "red", "--overlap"], ROTATE, &[0]);
    ground.run(&["rotate", "-s", "red", "--finish"], ROTATE, &[0]);
    ground.run(&["test-connections"], NOTHING, &[0, 1]);
    ground.run(&["init-all", "-y"], ROTATE, &[0, 4]);
});

/// Everything that goes with a service.
const DROP: May = May {
    change: &[
        "role red_",
        "password red_",
        "membership ",
        "setting red_",
        "database red_db",
        "acl of database red_db",
        "database lent",
        "acl of database lent",
        "blue schema",
        "role hostile_orphans",
        "password hostile_orphans",
    ],
    install: false,
};

as_both_admins!(a_dropped_service_leaves_no_object_owned_by_a_superuser, |admin| {
    let ground = Ground::baited(admin);
    ground.lend();
    ground.open();
    ground.watched(&["drop", "-s", "red", "--dry-run"], NOTHING, &[0]);
    ground.watched(&["drop", "-s", "red", "--confirm", "red"], DROP, &[0]);
});

// A role that may replace the function of an event trigger runs code as each role that runs DDL there, the admin first.
as_both_admins!(the_function_of_an_event_trigger_is_never_owned_by_a_service, |admin| {
    let ground = Ground::innocent(admin);
    let hook = "CREATE FUNCTION public.hook() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
                CREATE EVENT TRIGGER hook ON ddl_command_end EXECUTE FUNCTION public.hook()";
    ground.server.sql("red_db", hook);
    ground.watched(&["apply", "--all", "--prune", "-y"], NOTHING, &[0]);
    let doors = May { change: &["acl of database", "setting "], install: false };
    ground.watched(&["verify-isolation", "--probes", "none", "--fix", "-y"], doors, &[0, 4]);
    let owner = "SELECT proowner::regrole FROM pg_proc WHERE proname = 'hook'";
    assert_eq!(ground.server.value("red_db", owner), "postgres");
    let replaced = "CREATE OR REPLACE FUNCTION public.hook() RETURNS event_trigger LANGUAGE plpgsql AS
                    'BEGIN PERFORM 1; END'";
    assert!(ground.as_red("red_migrator", replaced).is_err());
});
