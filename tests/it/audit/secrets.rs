//! A password of one service in every place where a login of another can read it, and texts that only look like it.

use std::collections::BTreeSet;

use super::support::Pair;

/// A text with `PW`, a password of blue, in red's database: how it gets there, the object that is named, and how it is
/// taken away.
type Place = (u32, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const PLACES: &[Place] = &[
    (13, "CREATE VIEW dsn AS SELECT 'postgresql://blue_app:PW@db/blue_db'::text AS v", "view public.dsn", "DROP VIEW dsn"),
    (13, "CREATE MATERIALIZED VIEW kept AS SELECT 1 AS one WHERE 'PW' <> ''", "materialized view public.kept", "DROP MATERIALIZED VIEW kept"),
    (13, "CREATE TABLE peers (dsn text DEFAULT 'PW')", "the default value for column dsn of table public.peers", "DROP TABLE peers"),
    (13, "CREATE TABLE gate (t text, CONSTRAINT shut CHECK (t <> 'PW'))", "the constraint shut on table public.gate", "DROP TABLE gate"),
    (13, "CREATE FUNCTION nop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER relay BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION nop('x', 'PW')", "the arguments of trigger relay on table public.item", "DROP FUNCTION nop() CASCADE"),
    (13, "CREATE FUNCTION nip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER guard BEFORE INSERT ON item FOR EACH ROW WHEN (NEW.name = 'PW') EXECUTE FUNCTION nip()", "the condition of trigger guard on table public.item", "DROP FUNCTION nip() CASCADE"),
    (13, "ALTER TABLE hidden ENABLE ROW LEVEL SECURITY; CREATE POLICY token ON hidden USING (secret <> 'PW')", "the policy token on table public.hidden", "DROP POLICY token ON hidden; ALTER TABLE hidden DISABLE ROW LEVEL SECURITY"),
    (13, "CREATE RULE note AS ON UPDATE TO item DO ALSO SELECT 'PW'", "rule note on table public.item", "DROP RULE note ON item"),
    (13, "CREATE INDEX odd ON item (name) WHERE name <> 'PW'", "the expressions of index public.odd", "DROP INDEX odd"),
    (13, "CREATE FUNCTION ask(t text DEFAULT 'PW') RETURNS int LANGUAGE sql AS 'SELECT 1'", "the defaults of function public.ask(text)", "DROP FUNCTION ask(text)"),
    (13, "CREATE FUNCTION call() RETURNS int LANGUAGE sql SET application_name = 'PW' AS 'SELECT 1'", "the settings of function public.call()", "DROP FUNCTION call()"),
    (14, "CREATE FUNCTION ask() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT 'PW'; END", "function public.ask()", "DROP FUNCTION ask()"),
    (13, "CREATE DOMAIN word AS text DEFAULT 'PW'", "the default of type public.word", "DROP DOMAIN word"),
    (13, "CREATE TYPE mood AS ENUM ('PW')", "a value of type public.mood", "DROP TYPE mood"),
    (13, "COMMENT ON SCHEMA public IS 'PW'", "the comment on schema public", "COMMENT ON SCHEMA public IS NULL"),
    (13, "CREATE TABLE parts (t text) PARTITION BY LIST (t); CREATE TABLE part PARTITION OF parts FOR VALUES IN ('PW')", "the bounds of table public.part", "DROP TABLE parts"),
    (15, "CREATE PUBLICATION feed FOR TABLE item WHERE (name = 'PW')", "the condition of publication of table public.item in publication feed", "DROP PUBLICATION feed"),
    // Near enough to an expression's constant that only its bytes tell.
    (13, "CREATE VIEW list AS SELECT ARRAY['a', 'PW', 'b'] AS v, '{\"k\": \"PW\"}'::jsonb AS j", "view public.list", "DROP VIEW list"),
];

#[test]
fn a_stored_password_is_found_in_every_kind_of_text_of_a_database() {
    let pair = Pair::new();
    let blue = pair.project.password("blue_app");
    let mark = pair.server.log().len();
    let places = || PLACES.iter().filter(|(major, ..)| pair.server.major() >= *major);
    pair.server.sql("red_db", "GRANT CREATE ON DATABASE red_db TO red_owner");
    for (_, open, ..) in places() {
        pair.server.sql("red_db", &format!("SET ROLE red_owner; {}; RESET ROLE", open.replace("PW", &blue)));
    }
    pair.server.sql("red_db", "REVOKE CREATE ON DATABASE red_db FROM red_owner");
    let result = pair.verify(&[], 4);
    let expected = places().map(|(_, _, object, _)| {
        format!("critical | secret-in-the-open | blue | PUBLIC | red_db | {object}")
    });
    assert_eq!(BTreeSet::from_iter(Pair::grave(&result)), expected.collect());
    assert!(!result.to_string().contains(&blue));
    for (.., close) in places() {
        pair.server.sql("red_db", &format!("SET ROLE red_owner; {close}; RESET ROLE"));
    }
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
    let said = pair.server.log_since(mark);
    let of_program = said.lines().filter(|line| line.contains("pg_catalog.") && line.contains(&blue));
    assert_eq!(of_program.count(), 0, "no statement of martydb's holds the password");
}

#[test]
fn a_stored_password_is_found_in_settings_of_all_roles_and_of_the_server() {
    let pair = Pair::new();
    let blue = pair.project.password("blue_app");
    pair.server.sql("postgres", &format!("ALTER ROLE ALL SET red.upstream = '{blue}'"));
    let result = pair.verify(&[], 4);
    assert_eq!(Pair::grave(&result), ["critical | secret-in-the-open | blue | PUBLIC | - | all roles"]);
    assert!(!result.to_string().contains(&blue));
    pair.server.sql("postgres", "ALTER ROLE ALL RESET red.upstream");
    let path = pair.server.data().join("postgresql.conf");
    let before = std::fs::read_to_string(&path).unwrap();
    let conf = |lines: &str| {
        std::fs::write(&path, format!("{before}\n{lines}\n")).unwrap();
        pair.server.reload();
    };
    conf(&format!(
        "fleet.upstream = 'postgresql://blue_app:{blue}@db/blue_db'\nrestore_command = 'fetch --password={blue} %f %p'"
    ));
    let result = pair.verify(&[], 4);
    let expected = "critical | secret-in-the-open | blue | PUBLIC | - | the server's configuration files";
    assert_eq!(Pair::grave(&result), [expected]);
    let evidence = result["findings"][0]["evidence"].as_str().unwrap();
    assert!(evidence.contains("fleet.upstream") && evidence.contains("restore_command"), "{evidence}");
    assert!(!result.to_string().contains(&blue));
    // A standby's connection: who may read it decides.
    conf(&format!(
        "primary_conninfo = 'host=a user=copier password={blue}'\nrestore_command = 'cp /wal/%f %p'\nfleet.region = 'north'"
    ));
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
    pair.server.sql("postgres", "CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher");
    let found = Pair::grave(&pair.verify(&[], 4));
    assert_eq!(found, ["critical | secret-in-the-open | blue | watcher | - | setting primary_conninfo"]);
    // A password that no store knows, of a role that copies the whole cluster.
    conf("primary_conninfo = 'host=a user=copier password=k2J9sLq0'");
    let found = |severity: &str| {
        format!("{severity} | secret-in-the-open | - | watcher | - | setting primary_conninfo")
    };
    assert_eq!(Pair::grave(&pair.verify(&[], 4)), [found("medium")]);
    pair.server.sql("postgres", "CREATE ROLE copier REPLICATION");
    let told = Pair::grave(&pair.verify(&[], 4));
    assert!(told.contains(&found("critical")), "{told:#?}");
}

#[test]
fn a_connection_string_of_another_login_is_found_by_its_form() {
    let pair = Pair::new();
    pair.server.sql(
        "postgres",
        "CREATE ROLE chief LOGIN SUPERUSER PASSWORD 'zQ8-of-the-chief'; CREATE ROLE clerk LOGIN",
    );
    let comment = |on: &str, text: &str| {
        pair.server.sql("red_db", &format!("SET ROLE red_owner; COMMENT ON {on} IS '{text}'; RESET ROLE"));
    };
    // Its own, a variable, one without power, one that does not exist, and talk.
    for (on, text) in [
        ("TABLE item", "postgresql://red_app:k2J9sLq0@db/red_db"),
        ("TABLE hidden", "postgresql://blue_app:${BLUE_PASSWORD}@db/blue_db"),
        ("COLUMN item.id", "host=db user=clerk password=k2J9sLq0"),
        ("COLUMN item.name", "postgresql://example:k2J9sLq0@db/x"),
        ("COLUMN hidden.secret", "the user chief changes the password each month"),
    ] {
        comment(on, text);
    }
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
    comment("TABLE item", "old: postgresql://blue_ro:k2J9sLq0@db/blue_db");
    comment("TABLE hidden", "host=db user=chief password=k2J9sLq0");
    let line = |service: &str, table: &str| {
        format!(
            "high | secret-in-the-open | {service} | PUBLIC | red_db | the comment on table public.{table}"
        )
    };
    let found = BTreeSet::from_iter(Pair::grave(&pair.verify(&[], 4)));
    assert_eq!(found, [line("blue", "item"), line("-", "hidden")].into());
}

#[test]
fn a_subscription_by_uri_names_its_source() {
    let pair = Pair::new();
    let sources = [
        "postgresql://copier@127.0.0.1/blue_db",
        "postgres://127.0.0.1/?dbname=blue%5Fdb",
        "host=127.0.0.1 user=blue_db",
    ];
    for (number, source) in sources.iter().enumerate() {
        pair.server.sql("red_db", &format!("CREATE SUBSCRIPTION copied{number} CONNECTION '{source}' PUBLICATION p WITH (connect = false, slot_name = NONE)"));
    }
    let line = |number| {
        format!("critical | replication-object | blue | red_app | red_db | subscription copied{number}")
    };
    assert_eq!(Pair::grave(&pair.verify(&[], 4)), [0, 1, 2].map(line));
}

/// Tokens by their shape, in two halves: a scanner of repositories would take a whole one for a secret.
#[rustfmt::skip]
const TOKENS: &[(&str, &str, &str)] = &[
    ("COMMENT ON TABLE item IS 'TOKEN'", "sk_live_|4eC39HqLyjWDarjtT1zdp7dc", "medium | the comment on table public.item"),
    ("CREATE FUNCTION pay() RETURNS text LANGUAGE sql AS 'SELECT ''TOKEN'''", "ghp_|16C7e42F292c6912E7710c838347Ae178B4a", "medium | function public.pay()"),
    ("CREATE VIEW hook AS SELECT 'TOKEN'::text AS url", "https://hooks:|k2J9sLq0@hooks.example/in", "medium | view public.hook"),
    ("CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER told AFTER INSERT ON item FOR EACH ROW EXECUTE FUNCTION tell('{\"Authorization\": \"Basic TOKEN\"}')", "YmlsbGlu|ZzprMkozc0xxMDk=", "medium | the arguments of trigger told on table public.item"),
    ("CREATE TABLE pems (pem text DEFAULT 'TOKEN')", "-----BEGIN PRIVATE| KEY-----MIIEowIBAAKCAQEA7bq0x3oZ4z9kQm8vN2", "medium | the default value for column pem of table public.pems"),
    ("COMMENT ON COLUMN item.name IS 'TOKEN'", "eyJ|hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U", "medium | the comment on column name of table public.item"),
    ("SELECT lo_from_bytea(4711, convert_to('ALTER ROLE blue_app WITH PASSWORD ''TOKEN'';', 'UTF8'))", "SCRAM-SHA-256|$4096:E6a7j1BV8dzD5RV0LgYIvQ==$gJXDGDw+DjkRiq8MndjGu7sms9JkXI9HBlCE2CTW40g=:rMyDWhTyiy18HegHbeAH5rMyDWhTyiy18HegHbeAH5A=", "high | large object 4711"),
];

#[test]
fn a_token_is_found_by_its_shape_and_not_printed() {
    let pair = Pair::new();
    for (sql, token, _) in TOKENS {
        let sql = sql.replace("TOKEN", &token.replace('|', ""));
        pair.server.sql("red_db", &format!("SET ROLE red_owner; {sql}"));
    }
    let result = pair.verify(&[], 4);
    for (sql, token, expected) in TOKENS {
        let (severity, object) = expected.split_once(" | ").unwrap();
        let line = format!("{severity} | secret-in-the-open | red | PUBLIC | red_db | {object}");
        assert!(Pair::grave(&result).contains(&line), "{sql}\n{:#?}", Pair::grave(&result));
        assert!(!result.to_string().contains(&token.replace('|', "")), "{sql}");
    }
    // Every login of the server can read these.
    let hook = "ALTER DATABASE blue_db SET blue.hook = 'https://blue:k2J9sLq0@hooks.example'";
    pair.server.sql("postgres", hook);
    let found = Pair::grave(&pair.verify(&[], 4));
    let line = "high | secret-in-the-open | blue | PUBLIC | - | database blue_db";
    assert!(found.iter().any(|found| found == line), "{found:#?}");
}

#[test]
fn texts_about_secrets_and_placeholders_are_not_findings() {
    let pair = Pair::new();
    for sql in [
        "CREATE TABLE users (id int, password text DEFAULT 'changeme')",
        "CREATE FUNCTION set_password(int, text) RETURNS void LANGUAGE sql AS 'UPDATE users SET password = $2 WHERE id = $1'",
        "CREATE FUNCTION conn(p text) RETURNS text LANGUAGE sql AS $$ SELECT 'host=db.example user=app password=' || p || ' sslmode=require' $$",
        "CREATE FUNCTION head(t text) RETURNS text LANGUAGE sql AS $$ SELECT 'Authorization: Bearer ' || t || ' Basic ' || encode(t::bytea, 'base64') $$",
        "COMMENT ON TABLE item IS 'keys begin with sk_live_ or ghp_, see https://user:password@host'",
        "SELECT lo_from_bytea(4712, 'a photograph')",
    ] {
        pair.server.sql("red_db", &format!("SET ROLE red_owner; {sql}"));
    }
    let found = Pair::found(&pair.verify(&[], 0)).join("\n");
    assert!(!found.contains("secret-in-the-open") && !found.contains("unsearched"), "{found}");
}

#[test]
fn a_copy_of_the_servers_verifiers_is_found_by_its_columns() {
    let pair = Pair::new();
    let make = |table: &str, source: &str, owner: &str| {
        let sql =
            format!("CREATE TABLE {table} AS SELECT * FROM {source}; ALTER TABLE {table} OWNER TO {owner}");
        pair.server.sql("red_db", &sql);
    };
    let some = "(SELECT rolname, rolpassword FROM pg_authid) a";
    let is_secret = |line: &&String| line.contains("secret-in-the-open");
    let found = |code| -> Vec<String> {
        Pair::grave(&pair.verify(&[], code)).iter().filter(is_secret).cloned().collect()
    };
    pair.server.sql("red_db", "CREATE SCHEMA kept");
    make("kept.mine", some, "postgres");
    assert_eq!(found(0), Vec::<String>::new());
    make("backup", some, "red_owner");
    make("empty", "(SELECT rolname, rolpassword FROM pg_authid WHERE false) a", "red_owner");
    make("shadow", "pg_shadow", "postgres");
    pair.server.sql("red_db", "GRANT SELECT (passwd) ON shadow TO red_ro");
    let line = |role: &str, table: &str| {
        format!("high | secret-in-the-open | red | {role} | red_db | table public.{table}")
    };
    assert_eq!(found(4), [line("red_owner", "backup"), line("red_ro", "shadow")]);
}
