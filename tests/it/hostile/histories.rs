//! Histories that their owner has replaced by something that acts: no command reads or writes them as the admin.

use super::support::{Allowed, HostileServer, NOTHING};
use crate::support::{Admin, as_both_admins};

/// Objects that replace the tables of the histories.
const FORMS: [(&str, &str); 3] = [
    (
        "view",
        "ALTER TABLE martydb.history RENAME TO kept;
         CREATE VIEW martydb.history AS SELECT * FROM martydb.kept WHERE bait.yes('history', id);
         DROP TABLE martydb.progress;
         CREATE VIEW martydb.progress AS SELECT * FROM martydb.kept WHERE bait.yes('history', id);
         ALTER TABLE martydb.refinery_schema_history RENAME TO versions;
         CREATE VIEW martydb.refinery_schema_history AS SELECT * FROM martydb.versions WHERE bait.yes('history', version)",
    ),
    (
        "table",
        "DO $do$ DECLARE name text; BEGIN
           FOREACH name IN ARRAY ARRAY['martydb.history', 'martydb.refinery_schema_history'] LOOP
             EXECUTE format('CREATE TRIGGER bait BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION bait.fire(%L)', name, 'history');
             EXECUTE format('CREATE CONSTRAINT TRIGGER late AFTER INSERT ON %s DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bait.fire(%L)', name, 'history');
             EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
             EXECUTE format('CREATE POLICY bait ON %s USING (bait.yes(%L, version)) WITH CHECK (bait.yes(%L, version))', name, 'history', 'history');
             EXECUTE format('ALTER TABLE %s ADD CONSTRAINT bait CHECK (bait.yes(%L, version))', name, 'history');
             EXECUTE format('ALTER TABLE %s ADD COLUMN bait boolean GENERATED ALWAYS AS (bait.yes(%L, version)) STORED', name, 'history');
             EXECUTE format('ALTER TABLE %s ADD COLUMN other boolean DEFAULT bait.yes(%L)', name, 'history');
             EXECUTE format('CREATE INDEX ON %s ((bait.yes(%L, version)))', name, 'history');
             EXECUTE format('CREATE RULE bait AS ON UPDATE TO %s DO ALSO SELECT bait.spring(%L)', name, 'history');
           END LOOP;
         END $do$",
    ),
    (
        "rule",
        "CREATE RULE bait AS ON INSERT TO martydb.history DO INSTEAD SELECT bait.spring('history');
         CREATE RULE bait AS ON INSERT TO martydb.refinery_schema_history DO INSTEAD SELECT bait.spring('history');
         DROP TABLE martydb.progress;
         CREATE TABLE martydb.progress (id bigint DEFAULT bait.same('history', 1))",
    ),
];

/// Whatever a command makes of it: refuse, fail, or go on.
const ANY: &[i32] = &[0, 1, 2, 3, 4, 5, 6];

const DROP: Allowed = Allowed {
    change: &[
        "role red_", "password red_", "membership ", "setting red_", "database red_db",
        "acl of database red_db",
    ],
    install: false,
};

as_both_admins!(a_history_with_triggers_runs_no_code_as_the_admin, |admin| {
    let hostile = HostileServer::with_mechanism(admin);
    hostile.project.write("red/migrations/V2__more.sql", "CREATE TABLE more (id int);\n");
    hostile.project.write("red/migrations/V2__more.down.sql", "DROP TABLE more;\n");
    for (name, sql) in FORMS {
        hostile.as_red("red_migrator", sql).unwrap_or_else(|state| panic!("{name}: {state}"));
        hostile.open();
        for arguments in [
            &["plan"][..],
            &["status", "--drift"],
            &["current"],
            &["history"],
            &["upgrade", "-s", "red"],
            &["downgrade", "-s", "red", "-y"],
            &["repair", "-s", "red", "--reason", "test", "-y"],
            &["verify-isolation", "--probes", "sample"],
            &["doctor"],
            &["adopt", "-s", "red", "--dry-run"],
        ] {
            hostile.watched(arguments, NOTHING, ANY);
        }
        hostile.watched(
            &["apply", "--all", "-y"],
            Allowed { change: &["setting red_"], install: false },
            ANY,
        );
        // The next form comes into an empty place.
        let reset = "DROP TABLE IF EXISTS public.more; DROP SCHEMA martydb CASCADE";
        hostile.as_red("red_migrator", reset).unwrap();
        hostile.project.run(&["baseline", "-s", "red", "--at", "1"]).expect(0);
    }
    hostile.watched(&["drop", "-s", "red", "--confirm", "red"], DROP, &[0]);
});
