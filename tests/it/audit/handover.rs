//! Code of an app login that changes owners: it must not run with the privileges of the service's owner afterwards.

use super::support::Pair;
use crate::support::Server;

const GRANT: &str = "GRANT SELECT ON public.vault TO {s}_app";

/// Attempts to gain the owner's privileges: objects that the login makes, and their use once the owner owns them.
const WAYS: &[(&str, &str, &str)] = &[
    ("a definer", "", "SELECT run('{grant}')"),
    ("a procedure", "", "CALL act('{grant}')"),
    ("a view", "", "SELECT secret FROM peek"),
    ("a materialized view", "", "SELECT secret FROM copy"),
    ("a trigger", "", "INSERT INTO inbox VALUES ('{grant}')"),
    ("a rule", "", "INSERT INTO logged VALUES ('x')"),
    ("an index", "RESET ROLE; ANALYZE computed", "SELECT 1"),
    ("a statistics object", "RESET ROLE; ANALYZE measured", "SELECT 1"),
    ("an action of a foreign key", "", "DELETE FROM parent"),
    ("a default that an action sets", "", "DELETE FROM referred"),
    ("a range type", "RESET ROLE; ANALYZE ranged", "SELECT 1"),
    ("a cast in a foreign key", "", "INSERT INTO citing VALUES (ROW('x'))"),
];

const CODE: &str = "
CREATE FUNCTION run(q text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS 'BEGIN EXECUTE q; END';
CREATE PROCEDURE act(q text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS 'BEGIN EXECUTE q; END';
CREATE VIEW peek AS SELECT * FROM vault;
CREATE VIEW plain AS SELECT * FROM item;
CREATE MATERIALIZED VIEW copy AS SELECT * FROM vault WITH NO DATA;
CREATE TABLE inbox (q text);
CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS 'BEGIN EXECUTE NEW.q; RETURN NEW; END';
CREATE TRIGGER fire BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION fire();
CREATE TABLE logged (q text);
CREATE RULE also AS ON INSERT TO logged DO ALSO DELETE FROM vault;
CREATE FUNCTION give() RETURNS void LANGUAGE plpgsql AS $$BEGIN EXECUTE '{grant}'; END$$;
CREATE FUNCTION trap(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN
  IF current_user = '{s}_owner' THEN PERFORM public.give(); END IF; RETURN t; END$$;
CREATE TABLE computed (t text);
CREATE INDEX computed_t ON computed (public.trap(t));
INSERT INTO computed VALUES ('a');
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int REFERENCES parent ON DELETE CASCADE);
CREATE FUNCTION cascaded() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM public.trap('x'); RETURN OLD; END$$;
CREATE TRIGGER cascaded BEFORE DELETE ON child FOR EACH ROW EXECUTE FUNCTION cascaded();
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (1);
CREATE TABLE referred (t text PRIMARY KEY);
CREATE TABLE referring (t text DEFAULT query_to_xml('SELECT secret FROM public.vault', true, true, '')::text REFERENCES referred ON DELETE SET DEFAULT);
INSERT INTO referred VALUES ('a');
INSERT INTO referring VALUES ('a');
CREATE FUNCTION away(a int, b int) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$BEGIN PERFORM public.trap('x'); RETURN a - b; END$$;
CREATE TYPE span AS RANGE (subtype = int4, subtype_diff = away);
CREATE TABLE ranged (s span);
INSERT INTO ranged VALUES ('[1,2)'), ('[3,5)');
CREATE TYPE cited AS (t text);
CREATE FUNCTION cast_to(c cited) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RETURN public.trap(c.t); END$$;
CREATE CAST (cited AS text) WITH FUNCTION cast_to(cited) AS IMPLICIT;
CREATE TABLE source (t text PRIMARY KEY);
INSERT INTO source VALUES ('x');
CREATE TABLE kept (id serial, note text);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := ''touched''; RETURN NEW; END';
CREATE TRIGGER touch BEFORE INSERT ON kept FOR EACH ROW EXECUTE FUNCTION touch();
";

/// 18 refuses such a foreign key with an internal error.
const CITING: &str = "CREATE TABLE citing (c cited REFERENCES source)";

const STATISTICS: &str = "CREATE TABLE measured (t text); INSERT INTO measured VALUES ('a');
CREATE STATISTICS measured_t ON (public.trap(t)) FROM measured;";

struct Service<'a> {
    server: &'a Server,
    name: &'a str,
    password: String,
}

impl Service<'_> {
    fn text(&self, sql: &str) -> String {
        sql.replace("{grant}", GRANT).replace("{s}", self.name)
    }

    fn database(&self) -> String {
        format!("{}_db", self.name)
    }

    fn admin(&self, sql: &str) {
        self.server.sql(&self.database(), &self.text(sql));
    }

    fn app(&self, sql: &str) -> Result<Vec<Vec<String>>, String> {
        let login = format!("{}_app", self.name);
        self.server.sql_as(&login, &self.password, &self.database(), &self.text(sql))
    }

    /// The leak: its login may create, and used that.
    fn write(&self) {
        self.admin(
            "CREATE TABLE vault (secret text); ALTER TABLE vault OWNER TO {s}_owner; REVOKE ALL ON vault FROM {s}_app;
             INSERT INTO vault VALUES ('s3cret'); GRANT CREATE ON SCHEMA public TO {s}_app",
        );
        self.app(CODE).unwrap();
        if self.server.major() >= 14 {
            self.app(STATISTICS).unwrap();
        }
        if self.server.major() < 18 {
            self.app(CITING).unwrap();
        }
    }

    fn owner(&self, of: &str) -> String {
        self.server.value(
            &self.database(),
            &format!("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = '{of}'::regclass"),
        )
    }

    /// The login gains nothing, and goes on with what it had.
    fn holds(&self) {
        for (way, first, attack) in WAYS {
            if *way == "a statistics object" && self.server.major() < 14 {
                continue;
            }
            if !first.is_empty() {
                self.admin(first);
            }
            // It may be refused, or do nothing.
            let _ = self.app(attack);
            let read = self.app("SELECT secret FROM vault");
            assert_eq!(read, Err("42501".into()), "{}: {way}", self.name);
            assert_eq!(self.app("SELECT secret FROM peek"), Err("42501".into()), "{}: {way}", self.name);
            let rows = self.server.value(&self.database(), "SELECT count(*) FROM vault");
            assert_eq!(rows, "1", "{}: {way}", self.name);
        }
        self.app("SELECT * FROM plain").unwrap();
        self.app("INSERT INTO kept (note) VALUES ('a')").unwrap();
        let views = if self.server.major() >= 15 { "owner" } else { "app" };
        for (object, owner) in [
            ("kept", "owner"),
            ("inbox", "owner"),
            ("peek", views),
            ("plain", views),
            ("copy", "app"),
            ("logged", "app"),
            ("computed", "app"),
            ("child", "app"),
            ("parent", "owner"),
        ] {
            assert_eq!(self.owner(object), format!("{}_{owner}", self.name), "{object}");
        }
    }
}

#[test]
fn code_of_a_login_does_not_gain_the_owners_privileges() {
    let pair = Pair::new();
    let service = |name| Service {
        server: &pair.server,
        name,
        password: pair.project.password(&format!("{name}_app")),
    };
    let (blue, red) = (service("blue"), service("red"));
    blue.write();
    // An object that has to be read first keeps its owner, and stays a finding.
    let fixed = pair.verify(&["--fix", "-y"], 4);
    blue.holds();
    let left: Vec<_> = Pair::grave(&fixed);
    let has = |what: &str| left.iter().any(|line| line.contains("object-owner") && line.ends_with(what));
    assert!(has("table public.logged") && has("materialized view public.copy"), "{left:#?}");
    assert!(has("table public.computed") && has("function public.trap(text)"), "{left:#?}");
    assert!(!has("table public.kept") && !has("function public.run(text)"), "{left:#?}");
    let text = pair.project.run(&["verify-isolation", "--probes", "none"]).expect(4).stdout;
    assert!(text.contains("review it first"), "{text}");

    red.write();
    pair.project.run(&["apply", "--all", "-y"]).expect(0);
    red.holds();
    pair.project.accept_objects(&["blue", "red"]);
    pair.project.run(&["plan", "--check"]).expect(0);
    // A second run does not take what the first one left.
    pair.project.run(&["apply", "--all", "-y"]).expect(0);
    red.holds();

    // Someone has read the function, and gives it away: the table follows.
    red.admin("ALTER FUNCTION trap(text) OWNER TO {s}_owner");
    pair.project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(red.owner("computed"), "red_owner");
}

/// The traps are real: given away unread, each of them opens the owner's table.
#[test]
fn unread_code_would_have_run_with_the_owners_privileges() {
    let pair = Pair::new();
    let password = pair.project.password("blue_app");
    let blue = Service { server: &pair.server, name: "blue", password };
    blue.write();
    let ways = [
        ("ALTER TABLE computed OWNER TO {s}_owner; ANALYZE computed", "SELECT 1"),
        ("ALTER TABLE child OWNER TO {s}_owner", "DELETE FROM parent"),
        ("ALTER TABLE ranged OWNER TO {s}_owner; ANALYZE ranged", "SELECT 1"),
        (
            "ALTER TABLE source OWNER TO {s}_owner; ALTER TABLE citing OWNER TO {s}_owner; GRANT ALL ON citing TO {s}_app",
            "INSERT INTO citing VALUES (ROW('x'))",
        ),
    ];
    let cites = blue.server.major() < 18;
    for (given, attack) in ways.into_iter().filter(|(given, _)| cites || !given.contains("citing")) {
        assert_eq!(blue.app("SELECT secret FROM vault"), Err("42501".into()), "{given}");
        blue.admin(given);
        blue.app(attack).unwrap();
        assert!(blue.app("SELECT secret FROM vault").is_ok(), "{given}");
        blue.admin("REVOKE SELECT ON vault FROM {s}_app");
    }
    for (given, attack) in [
        (
            "ALTER MATERIALIZED VIEW copy OWNER TO {s}_owner; GRANT SELECT ON copy TO {s}_app; REFRESH MATERIALIZED VIEW copy",
            "SELECT secret FROM copy",
        ),
        (
            "ALTER TABLE logged OWNER TO {s}_owner; GRANT INSERT ON logged TO {s}_app",
            "INSERT INTO logged VALUES ('x')",
        ),
    ] {
        blue.admin(given);
        blue.app(attack).unwrap();
    }
    assert_eq!(pair.server.value("blue_db", "SELECT count(*) FROM vault"), "0");
}

/// Its writer is gone with its service, and the code stays what it was.
#[test]
fn code_of_a_removed_service_in_other_databases_gains_no_privileges() {
    let pair = Pair::new();
    let server = &pair.server;
    server.sql("postgres", "GRANT CONNECT ON DATABASE blue_db TO red_app");
    server.sql(
        "blue_db",
        "GRANT USAGE, CREATE ON SCHEMA public TO red_app;
         CREATE TABLE vault (secret text); ALTER TABLE vault OWNER TO blue_owner; REVOKE ALL ON vault FROM blue_app",
    );
    let red = pair.project.password("red_app");
    let code = "CREATE FUNCTION run(q text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN EXECUTE q; END';
        GRANT EXECUTE ON FUNCTION run(text) TO blue_app; CREATE VIEW peek AS SELECT * FROM vault; GRANT SELECT ON peek TO blue_app";
    server.sql_as("red_app", &red, "blue_db", code).unwrap();
    pair.project.run(&["drop", "-s", "red", "--confirm", "red"]).expect(0);
    let owner = |sql: &str| server.value("blue_db", sql);
    assert_eq!(owner("SELECT proowner::regrole FROM pg_proc WHERE proname = 'run'"), "pair_orphans");
    let manifest = pair.project.read("martydb.yaml");
    let kept: Vec<&str> = manifest.lines().filter(|line| !line.trim_start().starts_with("red:")).collect();
    pair.project.write("martydb.yaml", &kept.join("\n"));
    pair.project.run(&["apply", "--all", "-y"]).expect(0);
    let blue = pair.project.password("blue_app");
    for attack in ["SELECT run('GRANT SELECT ON public.vault TO blue_app')", "SELECT * FROM peek"] {
        let gained = server.sql_as("blue_app", &blue, "blue_db", attack);
        assert!(gained.is_err(), "{attack}: {gained:?}");
    }
    assert_eq!(owner("SELECT has_table_privilege('blue_app', 'vault', 'SELECT')"), "f");
}
