//! Findings of the model of reach that no list of objects names: paths of unmanaged logins, in any database, and paths
//! of several steps.

use serde_json::Value;

use super::support::{Pair, groups, made};
use crate::support::many;

/// One way, opened for the login `guest`, who may connect to the database `den` alone.
struct Way {
    since: u32,
    database: &'static str,
    open: &'static str,
    /// severity, id, role, and a word of the object.
    expect: [&'static str; 4],
    /// Words of the path, in order.
    path: &'static [&'static str],
    close: &'static str,
}

#[rustfmt::skip]
const WAYS: &[Way] = &[
    Way { since: 13, database: "den", open: "CREATE SCHEMA adm; GRANT USAGE ON SCHEMA adm TO guest; CREATE FUNCTION adm.run(q text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN EXECUTE q; END'; REVOKE ALL ON FUNCTION adm.run(text) FROM PUBLIC; GRANT EXECUTE ON FUNCTION adm.run(text) TO guest",
        expect: ["critical", "definer-function", "guest", "adm.run(text)"], path: &["guest: connects to den", "calls adm.run(text)", "as postgres", "superuser"], close: "DROP SCHEMA adm CASCADE" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA adm; GRANT USAGE ON SCHEMA adm TO PUBLIC; CREATE FUNCTION adm.fire() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN EXECUTE TG_ARGV[0]; RETURN NEW; END'; GRANT TEMPORARY ON DATABASE den TO guest",
        expect: ["critical", "definer-function", "PUBLIC", "adm.fire()"], path: &["creates a trigger with adm.fire()", "superuser"], close: "DROP SCHEMA adm CASCADE; REVOKE TEMPORARY ON DATABASE den FROM guest" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA adm; GRANT USAGE ON SCHEMA adm TO guest; CREATE TABLE adm.inbox (t text); GRANT INSERT ON adm.inbox TO guest; CREATE FUNCTION adm.fire() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN EXECUTE NEW.t; RETURN NEW; END'; REVOKE ALL ON FUNCTION adm.fire() FROM PUBLIC; CREATE TRIGGER fire BEFORE INSERT ON adm.inbox FOR EACH ROW EXECUTE FUNCTION adm.fire(); ALTER TABLE adm.inbox OWNER TO other",
        expect: ["critical", "definer-function", "guest", "adm.fire()"], path: &["writes to adm.inbox", "runs adm.fire() as postgres"], close: "DROP SCHEMA adm CASCADE" },
    Way { since: 13, database: "den", open: "CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; CREATE FOREIGN TABLE passwd (l text) SERVER files OPTIONS (filename '/etc/passwd'); GRANT USAGE ON SCHEMA public TO guest; GRANT SELECT ON passwd TO guest",
        expect: ["critical", "foreign-table", "guest", "public.passwd"], path: &["reads public.passwd", "the server's files"], close: "DROP EXTENSION file_fdw CASCADE" },
    Way { since: 13, database: "den", open: "CREATE EXTENSION postgres_fdw; CREATE SERVER hub FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname 'blue_db'); CREATE USER MAPPING FOR postgres SERVER hub; CREATE FOREIGN TABLE far (l text) SERVER hub; CREATE VIEW report AS SELECT * FROM far; GRANT USAGE ON SCHEMA public TO guest; GRANT SELECT ON report TO guest",
        expect: ["critical", "definer-view", "guest", "public.report"], path: &["reads public.report", "public.report reads public.far as postgres", "the database blue_db"], close: "DROP EXTENSION postgres_fdw CASCADE" },
    Way { since: 13, database: "den", open: "CREATE MATERIALIZED VIEW copied AS SELECT rolname, rolpassword FROM pg_authid; ALTER MATERIALIZED VIEW copied OWNER TO guest; GRANT USAGE ON SCHEMA public TO guest",
        expect: ["high", "definer-view", "guest", "public.copied"], path: &["reads public.copied", "secrets"], close: "DROP MATERIALIZED VIEW copied" },
    Way { since: 13, database: "den", open: "GRANT SELECT (rolname, rolpassword) ON pg_catalog.pg_authid TO other; GRANT other TO guest",
        expect: ["high", "catalog-privilege", "guest", "pg_authid"], path: &["other", "reads pg_catalog.pg_authid"], close: "REVOKE ALL (rolname, rolpassword) ON pg_catalog.pg_authid FROM other; REVOKE other FROM guest" },
    Way { since: 13, database: "den", open: "GRANT EXECUTE ON FUNCTION pg_catalog.lo_export(oid, text) TO guest",
        expect: ["critical", "catalog-privilege", "guest", "lo_export"], path: &["calls lo_export(oid,text)", "the server's files"], close: "REVOKE ALL ON FUNCTION pg_catalog.lo_export(oid, text) FROM guest" },
    Way { since: 13, database: "red_db", open: "CREATE EXTENSION hstore; CREATE FUNCTION rd(text) RETURNS text LANGUAGE internal AS 'pg_read_file_all'; ALTER EXTENSION hstore ADD FUNCTION rd(text)",
        expect: ["critical", "extension-privilege", "PUBLIC", "rd(text)"], path: &["calls public.rd(text)", "the server's files"], close: "DROP EXTENSION hstore CASCADE" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA mine AUTHORIZATION guest; ALTER DATABASE den SET search_path = mine, pg_catalog",
        expect: ["high", "superuser-search-path", "guest", "schema mine"], path: &["creates in schema mine", "superuser, as soon as one uses den"], close: "ALTER DATABASE den RESET search_path; DROP SCHEMA mine" },
    Way { since: 15, database: "postgres", open: "GRANT CONNECT ON DATABASE postgres TO guest; GRANT CREATE ON SCHEMA public TO guest",
        expect: ["high", "superuser-search-path", "guest", "schema public"], path: &["creates in schema public as guest"], close: "REVOKE CREATE ON SCHEMA public FROM guest; REVOKE CONNECT ON DATABASE postgres FROM guest" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA mine AUTHORIZATION guest; CREATE FUNCTION mine.spy() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; ALTER FUNCTION mine.spy() OWNER TO guest; CREATE EVENT TRIGGER spy ON ddl_command_end EXECUTE FUNCTION mine.spy()",
        expect: ["high", "event-trigger", "guest", "spy()"], path: &["as guest replaces mine.spy(), which the event trigger spy calls"], close: "DROP EVENT TRIGGER spy; DROP SCHEMA mine CASCADE" },
    Way { since: 13, database: "red_db", open: "CREATE FUNCTION diff(int, int) RETURNS float8 LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN EXECUTE current_setting(''my.cmd''); RETURN 1; END'; REVOKE ALL ON FUNCTION diff(int, int) FROM PUBLIC; CREATE TYPE span AS RANGE (subtype = int4, subtype_diff = diff)",
        expect: ["critical", "definer-function", "PUBLIC", "diff(integer,integer)"], path: &["the server calls public.diff(integer,integer) as postgres"], close: "DROP FUNCTION diff(int, int) CASCADE" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA mine AUTHORIZATION guest; CREATE FUNCTION mine.norm(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)'; ALTER FUNCTION mine.norm(text) OWNER TO guest; CREATE TABLE heard (who text); CREATE INDEX heard_norm ON heard (mine.norm(who))",
        expect: ["high", "superuser-object", "guest", "mine.norm(text)"], path: &["as guest replaces mine.norm(text), which index", "heard_norm calls", "superuser, as soon as one uses den"], close: "DROP TABLE heard; DROP SCHEMA mine CASCADE" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA mine AUTHORIZATION guest; CREATE FUNCTION mine.no() RETURNS int LANGUAGE sql AS 'SELECT 7'; ALTER FUNCTION mine.no() OWNER TO guest; CREATE TABLE heard (no int DEFAULT mine.no())",
        expect: ["high", "superuser-object", "guest", "mine.no()"], path: &["which default value for column no"], close: "DROP TABLE heard; DROP SCHEMA mine CASCADE" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA mine AUTHORIZATION guest; CREATE FUNCTION mine.depth() RETURNS int LANGUAGE sql AS 'SELECT 7'; ALTER FUNCTION mine.depth() OWNER TO guest; CREATE MATERIALIZED VIEW depth AS SELECT mine.depth()",
        expect: ["high", "superuser-object", "guest", "mine.depth()"], path: &["materialized view"], close: "DROP MATERIALIZED VIEW depth; DROP SCHEMA mine CASCADE" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA mine AUTHORIZATION guest; CREATE FUNCTION mine.to_int(varchar) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 7'; ALTER FUNCTION mine.to_int(varchar) OWNER TO guest; CREATE CAST (varchar AS integer) WITH FUNCTION mine.to_int(varchar) AS IMPLICIT",
        expect: ["high", "superuser-object", "guest", "mine.to_int(character varying)"], path: &["cast from character varying to integer"], close: "DROP CAST (varchar AS integer); DROP SCHEMA mine CASCADE" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA mine AUTHORIZATION guest; CREATE TABLE heard (kind text) PARTITION BY LIST (kind); CREATE TABLE mine.part (kind text); ALTER TABLE mine.part OWNER TO guest; ALTER TABLE heard ATTACH PARTITION mine.part FOR VALUES IN ('a')",
        expect: ["high", "superuser-object", "guest", "mine.part"], path: &["as guest puts a trigger on mine.part, to which table", "heard writes"], close: "ALTER TABLE heard DETACH PARTITION mine.part; DROP TABLE heard; DROP SCHEMA mine CASCADE" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA mine AUTHORIZATION guest; CREATE FUNCTION mine.hook() RETURNS void LANGUAGE plpgsql AS 'BEGIN END'; ALTER FUNCTION mine.hook() OWNER TO guest; CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM mine.hook(); END'; CREATE EVENT TRIGGER ddl ON ddl_command_end EXECUTE FUNCTION on_ddl()",
        expect: ["high", "superuser-object", "guest", "mine.hook()"], path: &["which the function", "on_ddl() calls"], close: "DROP EVENT TRIGGER ddl; DROP FUNCTION on_ddl(); DROP SCHEMA mine CASCADE" },
    Way { since: 13, database: "den", open: "GRANT TEMPORARY ON DATABASE den TO guest; CREATE TABLE heard (q text); CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN EXECUTE ''INSERT INTO public.heard VALUES ( || current_query() || )''; END'; CREATE EVENT TRIGGER ddl ON ddl_command_end EXECUTE FUNCTION on_ddl()",
        expect: ["critical", "definer-function", "guest", "on_ddl()"], path: &["creates an object, for which an event trigger runs public.on_ddl() as postgres", "superuser"], close: "DROP EVENT TRIGGER ddl; DROP FUNCTION on_ddl(); DROP TABLE heard; REVOKE TEMPORARY ON DATABASE den FROM guest" },
    Way { since: 13, database: "den", open: "CREATE LANGUAGE wild HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler VALIDATOR plpgsql_validator; CREATE SCHEMA adm; GRANT USAGE ON SCHEMA adm TO guest; CREATE TABLE adm.inbox (t text); GRANT INSERT ON adm.inbox TO guest; CREATE FUNCTION adm.load() RETURNS trigger LANGUAGE wild AS 'BEGIN RETURN NEW; END'; REVOKE ALL ON FUNCTION adm.load() FROM PUBLIC; CREATE TRIGGER load BEFORE INSERT ON adm.inbox FOR EACH ROW EXECUTE FUNCTION adm.load()",
        expect: ["critical", "untrusted-function", "guest", "adm.load()"], path: &["writes to adm.inbox", "adm.load() opens it", "the server's files"], close: "DROP SCHEMA adm CASCADE; DROP LANGUAGE wild" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA \"Mine\" AUTHORIZATION guest; CREATE FUNCTION \"Mine\".hook() RETURNS void LANGUAGE plpgsql AS 'BEGIN END'; ALTER FUNCTION \"Mine\".hook() OWNER TO guest; CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM \"Mine\" . HOOK (); END'; CREATE EVENT TRIGGER ddl ON ddl_command_end EXECUTE FUNCTION on_ddl()",
        expect: ["high", "superuser-object", "guest", "hook()"], path: &["which the function", "on_ddl() calls"], close: "DROP EVENT TRIGGER ddl; DROP FUNCTION on_ddl(); DROP SCHEMA \"Mine\" CASCADE" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA postgres AUTHORIZATION guest",
        expect: ["high", "superuser-search-path", "guest", "schema postgres"], path: &["creates in schema postgres as guest"], close: "DROP SCHEMA postgres" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA cron; CREATE TABLE cron.job (jobid bigint, username text, command text); GRANT USAGE ON SCHEMA cron TO guest; GRANT UPDATE ON cron.job TO guest",
        expect: ["critical", "extension-privilege", "guest", "cron.job"], path: &["writes to cron.job", "acts on the rows of cron.job", "superuser"], close: "DROP SCHEMA cron CASCADE" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA mine AUTHORIZATION guest; CREATE TABLE heard (who text); GRANT USAGE ON SCHEMA public TO guest; GRANT TRIGGER ON heard TO guest",
        expect: ["high", "superuser-object", "guest", "public.heard"], path: &["as guest puts a trigger on public.heard, to which a superuser writes", "superuser, as soon as one uses den"], close: "DROP TABLE heard; DROP SCHEMA mine" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA mine AUTHORIZATION guest; CREATE TABLE heard (no int PRIMARY KEY); GRANT USAGE ON SCHEMA public TO guest; GRANT REFERENCES (no) ON heard TO guest",
        expect: ["critical", "superuser-object", "guest", "public.heard"], path: &["creates a foreign key to public.heard (REFERENCES of guest)", "as postgres", "superuser"], close: "DROP TABLE heard; DROP SCHEMA mine" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA mine AUTHORIZATION guest; CREATE DOMAIN mine.mail AS text; ALTER DOMAIN mine.mail OWNER TO guest; CREATE TABLE heard (who mine.mail)",
        expect: ["high", "superuser-object", "guest", "mine.mail"], path: &["as guest adds a CHECK to mine.mail, which table", "heard uses"], close: "DROP TABLE heard; DROP SCHEMA mine CASCADE" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA mine AUTHORIZATION guest; CREATE VIEW mine.all_of AS SELECT 1 AS n; ALTER VIEW mine.all_of OWNER TO guest; CREATE VIEW report AS SELECT n FROM mine.all_of",
        expect: ["high", "superuser-object", "guest", "mine.all_of"], path: &["as guest replaces mine.all_of, which rule _RETURN on view", "report reads"], close: "DROP VIEW report; DROP SCHEMA mine CASCADE" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA mine AUTHORIZATION guest; CREATE FUNCTION mine.same(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'; ALTER FUNCTION mine.same(int, int) OWNER TO guest; CREATE OPERATOR public.=~= (LEFTARG = int, RIGHTARG = int, FUNCTION = mine.same); CREATE TABLE heard (n int CHECK (n OPERATOR(public.=~=) 1))",
        expect: ["high", "superuser-object", "guest", "mine.same(integer,integer)"], path: &["replaces mine.same(integer,integer), which operator", "calls"], close: "DROP TABLE heard; DROP OPERATOR =~= (int, int); DROP SCHEMA mine CASCADE" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA mine AUTHORIZATION guest; CREATE FUNCTION mine.sees() RETURNS boolean LANGUAGE sql AS 'SELECT true'; ALTER FUNCTION mine.sees() OWNER TO guest; CREATE TABLE heard (n int); CREATE POLICY seen ON heard USING (mine.sees())",
        expect: ["high", "superuser-object", "guest", "mine.sees()"], path: &["which policy seen", "calls"], close: "DROP TABLE heard; DROP SCHEMA mine CASCADE" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA mine AUTHORIZATION guest; CREATE TABLE mine.news (t text); ALTER TABLE mine.news OWNER TO guest; CREATE TABLE heard (t text); CREATE RULE fan AS ON INSERT TO heard DO ALSO INSERT INTO mine.news VALUES (NEW.t)",
        expect: ["high", "superuser-object", "guest", "mine.news"], path: &["puts a trigger on mine.news, to which the rule fan on public.heard writes"], close: "DROP TABLE heard; DROP SCHEMA mine CASCADE" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA mine AUTHORIZATION guest; CREATE TABLE mine.news (t text); ALTER TABLE mine.news OWNER TO guest; CREATE SCHEMA ops; CREATE FUNCTION ops.fan() RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE ''UPDATE ONLY mine.news SET t = 1''; END'",
        expect: ["high", "superuser-object", "guest", "mine.news"], path: &["puts a trigger on mine.news, to which the function ops.fan() writes"], close: "DROP SCHEMA ops CASCADE; DROP SCHEMA mine CASCADE" },
    Way { since: 14, database: "den", open: "CREATE SCHEMA mine AUTHORIZATION guest; CREATE TABLE mine.news (t text); ALTER TABLE mine.news OWNER TO guest; CREATE SCHEMA ops; CREATE PROCEDURE ops.fan() BEGIN ATOMIC INSERT INTO mine.news VALUES ('a'); END",
        expect: ["high", "superuser-object", "guest", "mine.news"], path: &["puts a trigger on mine.news, to which the function ops.fan() writes"], close: "DROP SCHEMA ops CASCADE; DROP SCHEMA mine CASCADE" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA ops; GRANT USAGE ON SCHEMA ops TO guest; CREATE TABLE ops.jobs (cmd text); GRANT INSERT ON ops.jobs TO guest; CREATE FUNCTION ops.work() RETURNS void LANGUAGE plpgsql AS 'DECLARE j record; BEGIN FOR j IN DELETE FROM ops.jobs RETURNING cmd LOOP EXECUTE j.cmd; END LOOP; END'",
        expect: ["high", "superuser-object", "guest", "ops.jobs"], path: &["writes to ops.jobs", "the function ops.work() executes the rows of ops.jobs"], close: "DROP SCHEMA ops CASCADE" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA mine AUTHORIZATION guest; CREATE SCHEMA ops; CREATE FUNCTION ops.clean() RETURNS void LANGUAGE plpgsql AS 'DECLARE t text; BEGIN FOR t IN SELECT relname FROM pg_class WHERE relname LIKE ''old%'' LOOP EXECUTE ''DROP TABLE mine.'' || t; END LOOP; END'",
        expect: ["high", "superuser-object", "guest", "ops.clean()"], path: &["as guest gives an object a name that ops.clean() executes"], close: "DROP SCHEMA ops CASCADE; DROP SCHEMA mine CASCADE" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA mine AUTHORIZATION guest; CREATE TABLE mine.news (t text); ALTER TABLE mine.news OWNER TO guest; CREATE SCHEMA ops; GRANT USAGE ON SCHEMA ops TO guest; CREATE FUNCTION ops.note(t text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'INSERT INTO mine.news VALUES (t)'; REVOKE ALL ON FUNCTION ops.note(text) FROM PUBLIC; GRANT EXECUTE ON FUNCTION ops.note(text) TO guest",
        expect: ["critical", "definer-function", "guest", "ops.note(text)"], path: &["calls ops.note(text)", "puts a trigger on mine.news", "ops.note(text) runs that code of mine.news as postgres", "superuser"], close: "DROP SCHEMA ops CASCADE; DROP SCHEMA mine CASCADE" },
    Way { since: 13, database: "den", open: "CREATE SCHEMA ops; GRANT USAGE ON SCHEMA ops TO guest; CREATE TABLE ops.inbox (t text) PARTITION BY LIST (t); CREATE TABLE ops.rest PARTITION OF ops.inbox DEFAULT; GRANT INSERT ON ops.inbox TO guest; CREATE FUNCTION ops.fire() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN EXECUTE NEW.t; RETURN NEW; END'; REVOKE ALL ON FUNCTION ops.fire() FROM PUBLIC; CREATE TRIGGER fire BEFORE INSERT ON ops.rest FOR EACH ROW EXECUTE FUNCTION ops.fire()",
        expect: ["critical", "definer-function", "guest", "ops.fire()"], path: &["writes to ops.inbox", "a row of ops.inbox goes to ops.rest", "the trigger of ops.rest runs ops.fire() as postgres"], close: "DROP SCHEMA ops CASCADE" },
];

/// Words of what changes how others find or make their objects.
const ALONE: [&str; 6] = [
    "EVENT TRIGGER", "DATABASE den SET search_path", "CREATE SCHEMA postgres", "CREATE CAST",
    "CREATE LANGUAGE", "FROM pg_class",
];

/// Names of a way that are its own where several are open.
const NAMES: [&str; 7] = ["guest", "other", "mine", "Mine", "heard", "adm", "ops"];

/// A way with names of its own.
struct OpenWay {
    way: &'static Way,
    number: usize,
    open: String,
}

impl OpenWay {
    fn new(number: usize, way: &'static Way) -> OpenWay {
        OpenWay { way, number, open: renamed(way.open, number) }
    }

    fn is_alone(&self) -> bool {
        self.way.expect[2] == "PUBLIC" || ALONE.iter().any(|word| self.open.contains(word))
    }

    fn fits(&self, other: &OpenWay) -> bool {
        let is_made_twice = made(&self.open).any(|name| made(&other.open).any(|own| own == name));
        !self.is_alone() && !other.is_alone() && !is_made_twice
    }

    /// Asserts that it is found with its path.
    fn is_in(&self, result: &Value) {
        let [severity, id, role, object] = self.way.expect.map(|word| renamed(word, self.number));
        let findings = result["findings"].as_array().unwrap();
        let found = findings.iter().find(|finding| {
            (&finding["severity"], &finding["id"], &finding["role"])
                == (&severity.as_str().into(), &id.as_str().into(), &role.as_str().into())
                && finding["object"].as_str().is_some_and(|name| name.contains(&object))
        });
        let found = found.unwrap_or_else(|| panic!("{}\n{:#?}", self.open, Pair::found(result)));
        assert!(found["fix"].is_string(), "{found:#}");
        let mut rest = found["evidence"].as_str().unwrap();
        for word in self.way.path.iter().map(|word| renamed(word, self.number)) {
            let at = rest.find(&word).unwrap_or_else(|| panic!("{word}\n{}", found["evidence"]));
            rest = &rest[at + word.len()..];
        }
    }
}

/// Returns a text with the number behind each name of a way.
fn renamed(text: &str, number: usize) -> String {
    NAMES.iter().fold(text.to_owned(), |text, name| {
        let mut parts = text.split(name);
        let mut all = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let is_word = !all.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
                && !part.starts_with(|c: char| c.is_ascii_alphanumeric());
            all += name;
            if is_word {
                all += &format!("{number}");
            }
            all += part;
        }
        all
    })
}

/// The database `den`, and a login that may connect to it alone.
fn with_den(pair: &Pair) {
    pair.server.sql("postgres", "CREATE DATABASE den");
    pair.server.sql("postgres", "REVOKE ALL ON DATABASE den FROM PUBLIC");
    with_guest(pair, "guest", "other");
}

fn with_guest(pair: &Pair, guest: &str, other: &str) {
    let sql =
        format!("CREATE ROLE {guest} LOGIN; CREATE ROLE {other}; GRANT CONNECT ON DATABASE den TO {guest}");
    pair.server.sql("postgres", &sql);
}

#[test]
fn paths_of_several_steps_and_of_unmanaged_logins_are_found() {
    let pair = Pair::new();
    with_den(&pair);
    let major = pair.server.major();
    // In the short form one half on 15, and the other on 18.
    let is_due = |number: usize| number % many(1, 2) == usize::from(major == 15) % many(1, 2);
    let due = WAYS.iter().enumerate().filter(|(number, way)| is_due(*number) && way.since <= major);
    let due: Vec<OpenWay> = due.map(|(number, way)| OpenWay::new(number, way)).collect();
    for group in groups(due, many(1, 10), OpenWay::fits) {
        for one in &group {
            with_guest(&pair, &renamed("guest", one.number), &renamed("other", one.number));
            pair.server.sql(one.way.database, &one.open);
        }
        let result = pair.verify(&[], 4);
        for one in &group {
            one.is_in(&result);
            pair.server.sql(one.way.database, &renamed(one.way.close, one.number));
            let gone = "DROP OWNED BY guest, other; DROP ROLE guest, other";
            pair.server.sql("den", &renamed(gone, one.number));
        }
    }
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
}

#[test]
fn a_fix_revokes_every_grant_that_keeps_its_path_open() {
    let pair = Pair::new();
    with_den(&pair);
    let open = "CREATE SCHEMA adm; GRANT USAGE ON SCHEMA adm TO guest; CREATE FUNCTION adm.run(q text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN EXECUTE q; END'; GRANT EXECUTE ON FUNCTION adm.run(text) TO guest, other; GRANT other TO guest";
    pair.server.sql("den", open);
    let result = pair.verify(&["--fix", "-y"], 0);
    let statements: Vec<&str> =
        result["changes"].as_array().unwrap().iter().map(|change| change["sql"].as_str().unwrap()).collect();
    assert!(statements.len() > 1, "{result:#}");
    assert_eq!(Pair::grave(&result), Vec::<String>::new());
    let left = "SELECT count(*) FROM aclexplode((SELECT proacl FROM pg_proc WHERE proname = 'run')) WHERE grantee <> grantor";
    assert_eq!(pair.server.value("den", left), "0");
}

#[test]
fn a_fix_revokes_privileges_to_place_code_on_a_superusers_table() {
    let pair = Pair::new();
    with_den(&pair);
    pair.server.sql("den", "CREATE SCHEMA mine AUTHORIZATION guest; CREATE TABLE heard (no int PRIMARY KEY); GRANT USAGE ON SCHEMA public TO guest; GRANT ALL ON heard TO guest");
    let attack = "SET ROLE guest; CREATE TABLE mine.fk (no int REFERENCES public.heard)";
    pair.server.sql("den", &format!("{attack}; DROP TABLE mine.fk"));
    let result = pair.verify(&["--fix", "-y"], 0);
    assert_eq!(Pair::grave(&result), Vec::<String>::new());
    let left = "SELECT string_agg(privilege_type, ' ' ORDER BY privilege_type) FROM information_schema.table_privileges WHERE grantee = 'guest' AND table_name = 'heard'";
    assert_eq!(pair.server.value("den", left), "DELETE INSERT SELECT TRUNCATE UPDATE");
}

#[test]
fn data_that_superusers_quote_or_only_read_is_not_a_path() {
    let pair = Pair::new();
    with_den(&pair);
    for open in [
        "CREATE SCHEMA mine AUTHORIZATION guest; CREATE SCHEMA ops; CREATE FUNCTION ops.clean() RETURNS void LANGUAGE plpgsql AS 'DECLARE t text; q text; BEGIN FOR t IN SELECT relname FROM pg_class LOOP q := format(''DROP TABLE mine.%I'', t); EXECUTE q; EXECUTE ''ANALYZE mine.'' || quote_ident(t); END LOOP; END'",
        "CREATE SCHEMA mine AUTHORIZATION guest; CREATE TABLE mine.news (t text); ALTER TABLE mine.news OWNER TO guest; CREATE VIEW report AS SELECT t FROM mine.news; CREATE SCHEMA ops; CREATE FUNCTION ops.count() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM mine.news'",
        "CREATE SCHEMA ops; GRANT USAGE ON SCHEMA ops TO guest; CREATE TABLE ops.jobs (cmd text); GRANT INSERT ON ops.jobs TO guest; CREATE FUNCTION ops.count() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM ops.jobs'",
        "GRANT USAGE ON SCHEMA public TO guest; CREATE TABLE heard (no int PRIMARY KEY); GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON heard TO guest; CREATE VIEW seen AS SELECT no FROM heard; GRANT REFERENCES ON seen TO guest",
        "CREATE SCHEMA mine AUTHORIZATION guest; CREATE DOMAIN mine.mail AS text; ALTER DOMAIN mine.mail OWNER TO guest; CREATE TABLE mine.people (who mine.mail); ALTER TABLE mine.people OWNER TO guest",
    ] {
        pair.server.sql("den", open);
        assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new(), "{open}");
        pair.server.sql("den", "DROP SCHEMA IF EXISTS ops CASCADE; DROP VIEW IF EXISTS report, seen; DROP SCHEMA IF EXISTS mine CASCADE; DROP TABLE IF EXISTS heard CASCADE");
    }
}

#[test]
fn hidden_longer_paths_are_named_and_closed() {
    let pair = Pair::new();
    with_den(&pair);
    let definer = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS";
    pair.server.sql("den", "CREATE SCHEMA adm; GRANT USAGE ON SCHEMA adm TO guest");
    for name in ["first", "second"] {
        let make = format!(
            "CREATE FUNCTION adm.{name}(q text) RETURNS void {definer} 'BEGIN EXECUTE q; END'; REVOKE ALL ON FUNCTION adm.{name}(text) FROM PUBLIC; GRANT EXECUTE ON FUNCTION adm.{name}(text) TO guest"
        );
        pair.server.sql("den", &make);
    }
    let inbox = format!(
        "CREATE TABLE adm.inbox (t text); GRANT INSERT ON adm.inbox TO guest; CREATE FUNCTION adm.fire() RETURNS trigger {definer} 'BEGIN EXECUTE NEW.t; RETURN NEW; END'; CREATE TRIGGER fire BEFORE INSERT ON adm.inbox FOR EACH ROW EXECUTE FUNCTION adm.fire(); REVOKE ALL ON FUNCTION adm.fire() FROM PUBLIC"
    );
    pair.server.sql("den", &inbox);
    let result = pair.verify(&[], 4);
    let fix_of = |object: &str| {
        let findings = result["findings"].as_array().unwrap();
        let found = findings.iter().find(|one| {
            one["id"] == "definer-function" && one["severity"] == "critical" && one["object"] == object
        });
        found.unwrap_or_else(|| panic!("{object}: {:#?}", Pair::found(&result)))["fix"].clone()
    };
    for name in ["first", "second"] {
        let fix = fix_of(&format!("function adm.{name}(text)"));
        assert!(fix.as_str().unwrap().contains(&format!("REVOKE EXECUTE ON FUNCTION adm.{name}")), "{fix}");
    }
    // It may break what the trigger does: destructive.
    assert_eq!(fix_of("function adm.fire()"), "ALTER FUNCTION adm.fire() SECURITY INVOKER;");
    assert_eq!(Pair::grave(&pair.verify(&["--fix", "-y"], 0)), Vec::<String>::new());
}

#[test]
fn a_fix_revokes_only_the_privilege_that_the_path_uses() {
    let pair = Pair::new();
    with_den(&pair);
    let open = "CREATE SCHEMA cron; CREATE TABLE cron.job (jobid bigint, username text, command text); GRANT USAGE ON SCHEMA cron TO guest; GRANT SELECT, UPDATE ON cron.job TO guest";
    pair.server.sql("den", open);
    pair.verify(&["--fix", "-y"], 0);
    let left = "SELECT string_agg(a.privilege_type, ' ') FROM aclexplode((SELECT relacl FROM pg_class WHERE oid = 'cron.job'::regclass)) a WHERE a.grantee = 'guest'::regrole";
    assert_eq!(pair.server.value("den", left), "SELECT");
}

#[test]
fn a_fix_returns_databases_of_superusers_to_them() {
    let pair = Pair::new();
    with_den(&pair);
    pair.server.sql(
        "postgres",
        "ALTER DATABASE template0 OWNER TO guest; GRANT CREATE ON DATABASE postgres TO guest",
    );
    let grave = Pair::grave(&pair.verify(&["--fix", "-y"], 0));
    assert_eq!(grave, Vec::<String>::new());
    let left = "SELECT d.datdba::regrole::text || ' ' || EXISTS (SELECT FROM aclexplode((SELECT datacl FROM pg_database WHERE datname = 'postgres')) a WHERE a.grantee = 'guest'::regrole)
        FROM pg_database d WHERE datname = 'template0'";
    assert_eq!(pair.server.value("postgres", left), "postgres false");
}

#[test]
fn privileges_that_lead_nowhere_are_not_findings() {
    let pair = Pair::new();
    with_den(&pair);
    let open = [
        // No USAGE of the schema.
        "CREATE SCHEMA shut; CREATE FUNCTION shut.run(q text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN EXECUTE q; END'",
        // Nothing in it executes its argument.
        "GRANT USAGE ON SCHEMA public TO guest; CREATE FUNCTION count_roles() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT count(*) FROM pg_catalog.pg_authid'; REVOKE ALL ON FUNCTION count_roles() FROM PUBLIC; GRANT EXECUTE ON FUNCTION count_roles() TO guest",
        // No secret column.
        "CREATE VIEW names AS SELECT rolname FROM pg_authid; GRANT SELECT ON names TO guest",
        // Privileges of its own role.
        "CREATE SCHEMA mine AUTHORIZATION guest; CREATE FUNCTION mine.run(q text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN EXECUTE q; END'; ALTER FUNCTION mine.run(text) OWNER TO guest",
    ];
    for statement in open {
        pair.server.sql("den", statement);
    }
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
}

#[test]
fn a_member_of_the_databases_owner_is_named() {
    let pair = Pair::new();
    pair.server.sql("postgres", "CREATE ROLE dba; CREATE ROLE intern LOGIN");
    let manifest = pair.project.read("martydb.yaml").replace("main: { ", "main: { database_owner: dba, ");
    pair.project.write("martydb.yaml", &manifest);
    pair.project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
    pair.server.sql("postgres", "GRANT dba TO intern");
    let result = pair.verify(&[], 4);
    assert_eq!(Pair::grave(&result), ["medium | unmanaged-role-power | - | intern | - | role dba"]);
    let evidence = result["findings"][0]["evidence"].as_str().unwrap();
    assert_eq!(
        evidence,
        "intern: intern has the privileges of dba → dba is the admin or owns the services' databases → the privileges of dba"
    );
}
