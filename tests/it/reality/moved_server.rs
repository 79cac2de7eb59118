//! A service that moves to another server: all of it or nothing, and never two databases that take writes.

use std::rc::Rc;

use sqlx::PgConnection;
use tokio::runtime::Runtime;

use super::faults::{Fatal, Moment, Proxy};
use crate::support::{Admin, Project, Server, as_both_admins, can_dump, many};

/// Privileges that a migration revokes, and kinds of objects that a copy has to have.
const MORE: &str = "CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE SEQUENCE number START 100;
CREATE TABLE secret (id int PRIMARY KEY, mood mood DEFAULT 'good', twice int GENERATED ALWAYS AS (id * 2) STORED);
INSERT INTO secret VALUES (1), (2);
CREATE FUNCTION hidden() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE SCHEMA own;
CREATE TABLE own.note (what text);
INSERT INTO own.note VALUES (NULL);
CREATE TABLE other.part (at int, price numeric, what jsonb) PARTITION BY RANGE (at);
CREATE TABLE other.part_1 PARTITION OF other.part FOR VALUES FROM (0) TO (10);
INSERT INTO other.part VALUES (1, 1.50, '{\"a\": 1.0}'), (2, NULL, NULL);
CREATE VIEW names AS SELECT item.id, item.name FROM item WHERE item.id > 0;
CREATE MATERIALIZED VIEW maker AS SELECT session_user::text AS name;
SELECT lo_from_bytea(0, 'a large object');
SELECT nextval('number');
COMMENT ON TABLE secret IS 'for the owner alone';
";

/// Two servers, and a project with a service of some use on the first one.
struct Two {
    main: Rc<Server>,
    far: Rc<Server>,
    project: Project,
    prefix: String,
    admin: Admin,
}

fn servers(admin: Admin) -> (Rc<Server>, Rc<Server>) {
    (Rc::new(Server::for_admin(admin)), Rc::new(Server::for_admin(admin)))
}

impl Two {
    fn start(admin: Admin, prefix: &str) -> Two {
        Two::on(&servers(admin), admin, prefix)
    }

    /// The same on servers that have services of other projects.
    fn on((main, far): &(Rc<Server>, Rc<Server>), admin: Admin, prefix: &str) -> Two {
        let (main, far, prefix) = (main.clone(), far.clone(), prefix.to_owned());
        let project = Project::new_as(&main, admin, &prefix);
        let app = format!("{prefix}_a_app");
        let revoked = format!(
            "{MORE}REVOKE ALL ON secret FROM {app}, {prefix}_a_ro;\nREVOKE ALL ON FUNCTION hidden() FROM {app};\n"
        );
        project.write(&format!("{prefix}_a/migrations/V3__more.sql"), &revoked);
        project
            .write(&format!("{prefix}_a/migrations/V3__more.down.sql"), "-- martydb: irreversible: a test\n");
        let two = Two { main, far, project, prefix, admin };
        two.stay();
        two.project.run(&["apply", "--all", "-y"]).expect(0);
        two.project.run(&["upgrade", "--all"]).expect(0);
        let insert = "INSERT INTO item (name) VALUES ('kept'), ('too')";
        two.as_app(&two.main, insert).unwrap();
        two
    }

    fn database(&self) -> String {
        format!("{}_a", self.prefix)
    }

    fn manifest(&self, keys: &str) -> String {
        let url =
            |server: &Server| format!("url: {}\n    password_env: PGPASSWORD", server.url_of(self.admin));
        format!(
            "version: 1\nproject: {p}\nservers:\n  main:\n    {}\n  far:\n    {}\nservices:\n  {p}_a: {{ {keys} }}\n  {p}_b: {{ server: main }}\n",
            url(&self.main),
            url(&self.far),
            p = self.prefix
        )
    }

    fn stay(&self) {
        self.project.write("martydb.yaml", &self.manifest("server: main, schemas: [public, other]"));
    }

    /// Writes into the manifest that the service has moved.
    fn moved(&self) {
        let keys = format!(
            "server: far, schemas: [public, other], moved: {{ from: {}_a, server: main }}",
            self.prefix
        );
        self.project.write("martydb.yaml", &self.manifest(&keys));
    }

    /// The same through proxies that stand before the servers.
    fn moved_through(&self, main: &Proxy, far: &Proxy) {
        self.moved();
        let through = |text: String, server: &Server, proxy: &Proxy| {
            text.replace(&format!(":{}/", server.port), &format!(":{}/", proxy.port))
        };
        let text = through(self.project.read("martydb.yaml"), &self.main, main);
        self.project.write("martydb.yaml", &through(text, &self.far, far));
    }

    fn as_app(&self, server: &Server, sql: &str) -> Result<Vec<Vec<String>>, String> {
        let app = format!("{}_a_app", self.prefix);
        server.sql_as(&app, &self.project.password(&app), &self.database(), sql)
    }

    /// Returns `true` if the machine has the client programs of this server's major; otherwise the command must report
    /// the missing ones.
    fn can_copy(&self) -> bool {
        if can_dump(&self.main) {
            return true;
        }
        self.moved();
        let refused = self.project.run(&["apply", "--all", "-y"]).expect(1);
        assert!(
            refused.stderr.contains("there are no pg_dump and pg_restore for a server of version"),
            "{refused:?}"
        );
        self.expect_untouched();
        false
    }

    /// Nothing was made of the copy, and the application works as before.
    fn expect_untouched(&self) {
        let databases =
            "SELECT count(*) FROM pg_database WHERE datname LIKE 'martydb\\_scratch%' OR datname = '{}'";
        let databases = databases.replace("{}", &self.database());
        assert_eq!(self.far.value("postgres", &databases), "0");
        self.expect_open();
    }

    /// The former database accepts connections, and its comment is unchanged.
    fn expect_open(&self) {
        self.as_app(&self.main, "SELECT count(*) FROM item").unwrap();
        assert_eq!(self.comment(), format!("martydb:{}", self.prefix));
    }

    fn comment(&self) -> String {
        let comment = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{}'";
        self.main.value("postgres", &comment.replace("{}", &self.database()))
    }

    fn is_open(&self, server: &Server) -> String {
        let open =
            format!("SELECT datallowconn::text FROM pg_database WHERE datname = '{}'", self.database());
        server.value("postgres", &open)
    }

    /// The copy is in use and is what the former one was, which is closed.
    fn expect_moved(&self) {
        self.project.run(&["plan", "--check"]).expect(0);
        self.project.run(&["status", "--check"]).expect(0);
        let items = "SELECT string_agg(name, ' ' ORDER BY id) FROM item";
        assert_eq!(self.as_app(&self.far, items).unwrap()[0][0], "kept too");
        assert_eq!(self.is_open(&self.main), "false");
    }
}

as_both_admins!(a_service_moves_with_rows_privileges_and_history, |admin| {
    let two = Two::start(admin, "mc");
    if !two.can_copy() {
        return;
    }
    let former = two.main.catalog("mc_a");
    two.moved();
    let plan = two.project.json(&["plan"], 0);
    let copy = plan["changes"].as_array().unwrap().iter().find(|change| change["action"] == "copy").unwrap();
    assert_eq!(
        (&copy["server"], &copy["risk"], &copy["object"]),
        (&"far".into(), &"caution".into(), &"database mc_a".into())
    );
    let reason = copy["reason"].as_str().unwrap();
    assert!(reason.starts_with("copy database mc_a (") && reason.contains("from server main"), "{reason}");
    let refused = two.project.run(&["apply", "--all"]).expect(2);
    assert!(refused.stderr.contains("caution: database mc_a: copy database mc_a"), "{refused:?}");
    two.expect_untouched();
    let password = two.project.password("mc_a_app");
    two.project.run(&["apply", "--all", "-y"]).expect(0);
    two.expect_moved();
    assert_eq!(two.comment(), "martydb:mc\nmartydb moved it to database \"mc_a\" of server \"far\"");
    // Privileges that a migration revoked stay revoked, for the histories too.
    for refused in [
        "SELECT * FROM secret",
        "SELECT hidden()",
        "SELECT * FROM martydb.history",
        "DELETE FROM martydb.refinery_schema_history",
    ] {
        assert_eq!(two.as_app(&two.far, refused), Err("42501".into()), "{refused}");
    }
    assert_eq!(
        two.far.value("mc_a", "SELECT string_agg(id || mood::text || twice, ' ' ORDER BY id) FROM secret"),
        "1good2 2good4"
    );
    // The service's own code ran as the service.
    assert_eq!(two.far.value("mc_a", "SELECT name FROM maker"), "mc_a_migrator");
    assert_eq!(
        two.as_app(&two.far, "INSERT INTO item (name) VALUES ('next') RETURNING id").unwrap()[0][0],
        "3"
    );
    assert_eq!(two.far.value("mc_a", "SELECT nextval('number')"), "101");
    assert_eq!(
        two.far.value("mc_a", "SELECT convert_from(lo_get(oid), 'UTF8') FROM pg_largeobject_metadata"),
        "a large object"
    );
    let stored: serde_json::Value =
        serde_yaml::from_str(&two.project.read(".martydb/secrets/development.yaml")).unwrap();
    assert_eq!(stored["far"]["mc_a_app"], password.as_str());
    two.main.sql("postgres", "ALTER DATABASE mc_a ALLOW_CONNECTIONS true");
    let differences = former.differences(&two.far.catalog("mc_a"));
    assert!(differences.is_empty(), "{differences:#?}");
    two.main.sql("postgres", "ALTER DATABASE mc_a ALLOW_CONNECTIONS false");
    // The next migration runs, and the key in the manifest has no further effect.
    two.project.write("mc_a/migrations/V4__next.sql", "CREATE TABLE next (id int);\n");
    two.project.write("mc_a/migrations/V4__next.down.sql", "DROP TABLE next;\n");
    two.project.run(&["upgrade", "--all"]).expect(0);
    two.as_app(&two.far, "INSERT INTO next VALUES (1)").unwrap();
    if admin == Admin::Super {
        two.project.run(&["verify-isolation"]).expect(0);
    }
    // Remains on the former server are orphans like any other.
    two.project.run(&["apply", "--all", "--prune", "-y"]).expect(0);
    let left = "SELECT (SELECT count(*) FROM pg_database WHERE datname = 'mc_a') + (SELECT count(*) FROM pg_roles WHERE rolname LIKE 'mc\\_a\\_%')";
    assert_eq!(two.main.value("postgres", left), "0");
    two.as_app(&two.far, "SELECT count(*) FROM item").unwrap();
});

#[test]
fn before_a_move_its_copy_is_not_an_orphan() {
    let two = Two::start(Admin::Super, "mp");
    if !two.can_copy() {
        return;
    }
    two.moved();
    // The service that moves is not part of this run, and the former server is the whole of it.
    two.project.run(&["apply", "-s", "mp_b", "--prune", "-y"]).expect(0);
    two.expect_untouched();
    // Database and roles go with the run that copies, and not with their data.
    two.project.run(&["apply", "--all", "--prune", "-y"]).expect(0);
    two.expect_moved();
}

#[test]
fn a_saved_plan_moves_a_service_or_creates_it_on_another_server() {
    let two = Two::start(Admin::Super, "mq");
    if !two.can_copy() {
        return;
    }
    two.moved();
    two.project.run(&["plan", "--out", "plan.json"]).expect(0);
    two.project.run(&["apply", "--plan", "plan.json", "-y"]).expect(0);
    two.expect_moved();
    // A stale copy is not taken a second time: the comment of the former database says where it went.
    two.far.sql("postgres", "DROP DATABASE mq_a WITH (FORCE)");
    let refused = two.project.run(&["apply", "--all", "-y"]).expect(2);
    let cause = "database \"mq_a\" is missing on server \"far\", and is on server \"main\"";
    assert!(refused.stderr.contains(cause), "{refused:?}");
    // If neither server has it, as in a test environment, it is a new service.
    two.main.sql("postgres", "DROP DATABASE mq_a WITH (FORCE)");
    two.project.run(&["init-all", "-y"]).expect(0);
    assert_eq!(two.far.value("mq_a", "SELECT count(*) FROM item"), "0");
}

#[test]
fn a_former_database_that_the_server_lacks_is_refused() {
    let two = Two::start(Admin::Super, "mtt");
    let keys = "server: far, database: mtt_new, moved: { from: mtt_a, server: main, database: mtt_typo }";
    two.project.write("martydb.yaml", &two.manifest(keys));
    let refused = two.project.run(&["apply", "--all", "-y"]).expect(2);
    assert!(refused.stderr.contains("names a database that server \"main\" does not have"), "{refused:?}");
    assert!(refused.stderr.contains("mtt_a"), "{refused:?}");
}

#[test]
fn a_service_moves_back_after_confirmation() {
    let two = Two::start(Admin::Super, "mg");
    if !two.can_copy() {
        return;
    }
    two.moved();
    two.project.run(&["apply", "--all", "-y"]).expect(0);
    two.stay();
    let refused = two.project.run(&["apply", "--all"]).expect(2);
    assert!(refused.stderr.contains("it was closed when the service moved to another server"), "{refused:?}");
    two.project.run(&["apply", "--all", "-y"]).expect(0);
    two.project.run(&["plan", "--check"]).expect(0);
    two.expect_open();
    // The copy that it left behind is older, and is not taken up when the service moves once more.
    two.moved();
    for command in [&["plan"][..], &["apply", "--all", "-y"], &["init-all", "-y"]] {
        let refused = two.project.run(command).expect(2);
        assert!(
            refused
                .said()
                .contains("service \"mg_a\" has a database on server \"far\" and one on server \"main\""),
            "{refused:?}"
        );
    }
    two.far.sql("postgres", "DROP DATABASE mg_a WITH (FORCE)");
    two.project.run(&["apply", "--all", "-y"]).expect(0);
    two.expect_moved();
}

/// A session of the application, for as long as it lives.
fn session(runtime: &Runtime, two: &Two) -> PgConnection {
    let app = format!("{}_a_app", two.prefix);
    runtime.block_on(two.main.connect(&app, &two.project.password(&app), &two.database()))
}

as_both_admins!(a_connected_application_stops_the_move, |admin| {
    let two = Two::start(admin, "mi");
    if !two.can_copy() {
        return;
    }
    two.moved();
    let runtime = Runtime::new().unwrap();
    let open = session(&runtime, &two);
    let refused = two.project.run(&["apply", "--all", "-y"]).expect(1);
    for words in
        ["database \"mi_a\" of server \"main\" is in use: mi_a_app has 1 session", "stop the applications"]
    {
        assert!(refused.stderr.contains(words), "{refused:?}");
    }
    two.expect_untouched();
    assert_eq!(two.far.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'mi%'"), "0");
    drop(open);
    two.project.run(&["apply", "--all", "-y"]).expect(0);
    two.expect_moved();
});

as_both_admins!(objects_that_a_copy_cannot_have_are_named_before_any_change, |admin| {
    let two = Two::start(admin, "mo");
    if !two.can_copy() {
        return;
    }
    two.main.sql(
        "mo_a",
        "CREATE TABLE dba (id int); CREATE ROLE guest; GRANT SELECT ON item TO guest;
         ALTER TABLE secret ENABLE ROW LEVEL SECURITY; ALTER TABLE secret FORCE ROW LEVEL SECURITY;
         CREATE POLICY own ON secret USING (id = 1);
         CREATE SEQUENCE of_app; ALTER SEQUENCE of_app OWNER TO mo_a_app;
         ALTER DEFAULT PRIVILEGES FOR ROLE mo_a_app GRANT SELECT ON TABLES TO mo_a_ro;
         CREATE FOREIGN DATA WRAPPER wrapper; CREATE SERVER elsewhere FOREIGN DATA WRAPPER wrapper;
         SET ROLE mo_a_owner; REVOKE ALL ON other.part_1 FROM mo_a_owner; RESET ROLE;
         CREATE PUBLICATION whole FOR ALL TABLES;",
    );
    let large = two.as_app(&two.main, "SELECT lo_from_bytea(0, 'x')").unwrap()[0][0].clone();
    two.moved();
    let refused = two.project.run(&["apply", "--all", "-y"]).expect(1);
    for (object, why) in [
        ("table public.dba", "belongs to postgres"),
        ("sequence public.of_app", "belongs to mo_a_app"),
        ("table public.secret", "row security hides rows from its owner"),
        ("table other.part_1", "its owner has no SELECT on it"),
        ("foreign-data wrapper wrapper", "foreign data is not copied"),
        ("foreign server elsewhere", "foreign data is not copied"),
        ("publication whole", "belongs to postgres"),
        ("role guest", "holds privileges in the database, and server \"far\" has no such role"),
        (&format!("large object {large}"), "belongs to mo_a_app"),
    ] {
        assert!(refused.stderr.contains(&format!("{object}: {why}")), "{object}: {why}\n{}", refused.stderr);
    }
    assert!(refused.stderr.contains("default privileges"), "{refused:?}");
    two.expect_untouched();
    assert_eq!(two.far.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'mo%'"), "0");
});

as_both_admins!(a_differing_copy_is_not_renamed_and_the_former_database_stays_in_use, |admin| {
    let two = Two::start(admin, "md");
    if !two.can_copy() {
        return;
    }
    // It says that it is immutable, and is not.
    two.main.sql(
        "md_a",
        "SET ROLE md_a_owner;
         CREATE FUNCTION clock() RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT pg_catalog.clock_timestamp()::text';
         CREATE TABLE watch (id int, at text GENERATED ALWAYS AS (clock()) STORED);
         INSERT INTO watch VALUES (1), (2);",
    );
    two.moved();
    let refused = two.project.run(&["apply", "--all", "-y"]).expect(1);
    for words in [
        "service \"md_a\" was not moved to server \"far\"",
        "the copy differs from the former database",
        "table public.watch has 2 rows, but different ones in the copy",
    ] {
        assert!(refused.stderr.contains(words), "{refused:?}");
    }
    two.expect_untouched();
    two.main.sql("md_a", "DROP TABLE watch; DROP FUNCTION clock()");
    two.project.run(&["apply", "--all", "-y"]).expect(0);
    two.expect_moved();
});

#[test]
fn a_database_closed_by_others_stays_closed() {
    let two = Two::start(Admin::Super, "ml");
    if !two.can_copy() {
        return;
    }
    two.moved();
    two.main.sql("postgres", "ALTER DATABASE ml_a ALLOW_CONNECTIONS false");
    let refused = two.project.run(&["apply", "--all", "-y"]).expect(1);
    assert!(
        refused.stderr.contains("database \"ml_a\" of server \"main\" accepts no connections"),
        "{refused:?}"
    );
    assert_eq!(two.is_open(&two.main), "false");
    two.main.sql("postgres", "ALTER DATABASE ml_a ALLOW_CONNECTIONS true");
    two.expect_untouched();
}

#[test]
fn a_contradictory_move_is_an_error_of_the_manifest() {
    let two = Two::start(Admin::Super, "mm");
    for (moved, words) in [
        ("from: mm_a, server: fra", "unknown server \"fra\""),
        ("from: mm_old, server: main", "a service that moves to another server keeps the names of its roles"),
        (
            "from: mm_a, server: main, database: mm_b",
            "database \"mm_b\" of server \"main\" is that of service \"mm_b\"",
        ),
    ] {
        let keys = format!("server: far, moved: {{ {moved} }}");
        two.project.write("martydb.yaml", &two.manifest(&keys));
        let refused = two.project.run(&["validate"]).expect(2);
        assert!(refused.stderr.contains(words), "{refused:?}");
    }
}

/// Kills the run at one statement to one of the servers, and runs it again.
fn killed_at(admin: Admin, prefix: &str, points: &[(bool, &'static str)]) {
    let servers = servers(admin);
    for (number, (at_main, text)) in points.iter().enumerate() {
        // In the short form one of them at each point.
        let is_due = |moment: &Moment| many(2, 1) == 2 || (*moment == Moment::Sent) == (number == 0);
        for moment in [Moment::Sent, Moment::Answered].into_iter().filter(is_due) {
            let prefix = format!("{prefix}{}", 2 * number + usize::from(moment == Moment::Sent));
            let two = Two::on(&servers, admin, &prefix);
            if !two.can_copy() {
                return;
            }
            let fatal = |here: bool| here.then_some((Fatal::Text(text), moment));
            let (main, far) =
                (Proxy::start(&two.main, fatal(*at_main)), Proxy::start(&two.far, fatal(!at_main)));
            two.moved_through(&main, &far);
            let fatal = if *at_main { main } else { far };
            assert!(fatal.run(&two.project, &["apply", "--all", "-y"]), "\"{text}\" was never sent");
            two.moved();
            // Never two that take writes, and never none that has the name.
            let open = [two.is_open(&two.main), two.is_open(&two.far)];
            assert!(open != ["true", "true"], "{text}");
            two.project.run(&["apply", "--all", "-y"]).expect(0);
            two.expect_moved();
            let scratch = "SELECT count(*) FROM pg_database WHERE datname LIKE 'martydb\\_scratch%'";
            assert_eq!(two.far.value("postgres", scratch), "0", "{text}");
            let note = two.comment();
            assert!(
                note.contains("database \"") && note.starts_with(&format!("martydb:{prefix}\n")),
                "{note}"
            );
        }
    }
}

as_both_admins!(a_move_killed_before_its_end_restarts, |admin| {
    killed_at(admin, "mk", &[(false, "CREATE TABLE public.secret"), (true, "ALLOW_CONNECTIONS false")]);
});

as_both_admins!(a_move_killed_at_its_end_is_completed, |admin| {
    killed_at(admin, "mz", &[(false, "RENAME TO"), (true, "martydb moved it to")]);
});
