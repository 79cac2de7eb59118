//! A migration whose code waits for a session with more privileges than its own: `verify-down` must not be one.

use crate::support::{Admin, Project, Server};

/// Says who called it, and takes what it can get.
const TRAP: &str = r"
CREATE SCHEMA trap;
GRANT USAGE ON SCHEMA trap TO PUBLIC;
CREATE FUNCTION trap.spring() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN
  RAISE LOG 'the trap was sprung by %', current_user;
  IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
    COPY (SELECT current_user) TO PROGRAM 'cat > pwned';
  END IF;
  PERFORM pg_catalog.set_config('default_transaction_read_only', 'off', false);
  BEGIN EXECUTE 'ALTER ROLE NAME_app SUPERUSER'; EXCEPTION WHEN others THEN NULL; END;
  BEGIN EXECUTE 'ALTER ROLE NAME_app CREATEROLE CREATEDB'; EXCEPTION WHEN others THEN NULL; END;
  RETURN 1;
END $$;
CREATE FUNCTION trap.quiet(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
  'BEGIN PERFORM trap.spring(); RETURN $1; END';
CREATE TABLE trap.t (id integer);
INSERT INTO trap.t VALUES (1);

-- Casts to json, jsonb and text: with a function and without, from an enum, a composite type, a range and a domain.
CREATE TYPE trap.bait AS ENUM ('a');
CREATE FUNCTION trap.json(trap.bait) RETURNS json LANGUAGE plpgsql AS 'BEGIN PERFORM trap.spring(); RETURN ''1''::json; END';
CREATE FUNCTION trap.jsonb(trap.bait) RETURNS jsonb LANGUAGE plpgsql AS 'BEGIN PERFORM trap.spring(); RETURN ''1''::jsonb; END';
CREATE FUNCTION trap.text(trap.bait) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM trap.spring(); RETURN ''1''; END';
CREATE CAST (trap.bait AS json) WITH FUNCTION trap.json(trap.bait);
CREATE CAST (trap.bait AS jsonb) WITH FUNCTION trap.jsonb(trap.bait) AS IMPLICIT;
CREATE CAST (trap.bait AS text) WITH FUNCTION trap.text(trap.bait) AS IMPLICIT;
CREATE TYPE trap.plain AS ENUM ('a');
CREATE CAST (trap.plain AS json) WITH INOUT;
CREATE CAST (trap.plain AS text) WITH INOUT AS IMPLICIT;
CREATE TYPE trap.pair AS (a integer, b trap.bait);
CREATE FUNCTION trap.json(trap.pair) RETURNS json LANGUAGE plpgsql AS 'BEGIN PERFORM trap.spring(); RETURN ''1''::json; END';
CREATE CAST (trap.pair AS json) WITH FUNCTION trap.json(trap.pair);
CREATE TYPE trap.span AS RANGE (subtype = integer);
CREATE FUNCTION trap.json(trap.span) RETURNS json LANGUAGE plpgsql AS 'BEGIN PERFORM trap.spring(); RETURN ''1''::json; END';
CREATE CAST (trap.span AS json) WITH FUNCTION trap.json(trap.span);
CREATE DOMAIN trap.checked AS integer CHECK (trap.quiet(VALUE) > 0);

-- Each fills attmissingval, and a rewrite of the table would empty it again.
CREATE TABLE trap.u (id integer);
INSERT INTO trap.u VALUES (1);
ALTER TABLE trap.u ADD COLUMN c1 trap.bait DEFAULT 'a';
ALTER TABLE trap.u ADD COLUMN c2 trap.plain DEFAULT 'a';
ALTER TABLE trap.u ADD COLUMN c3 trap.pair DEFAULT '(1,a)';
ALTER TABLE trap.u ADD COLUMN c4 trap.span DEFAULT '[1,2)';
ALTER TABLE trap.u ADD COLUMN c6 trap.bait[] DEFAULT '{a}';
ALTER TABLE trap.u ADD COLUMN c7 jsonb DEFAULT '{}';

-- What the server calls by itself, and what a name without its schema may find.
ALTER TABLE trap.t ADD COLUMN c1 trap.bait DEFAULT 'a';
ALTER TABLE trap.t ADD COLUMN c5 trap.checked DEFAULT 1;
CREATE INDEX t_quiet ON trap.t (trap.quiet(id)) WHERE trap.quiet(id) > 0;
ALTER TABLE trap.t ADD CHECK (trap.quiet(id) > 0);
ALTER TABLE trap.t ADD COLUMN generated integer GENERATED ALWAYS AS (trap.quiet(id)) STORED;
ALTER TABLE trap.t ADD COLUMN late integer;
ALTER TABLE trap.t ALTER COLUMN late SET DEFAULT trap.spring();
CREATE RULE loud AS ON INSERT TO trap.t DO ALSO SELECT trap.spring();
CREATE VIEW trap.loud AS SELECT trap.spring();
CREATE VIEW public.pg_class AS SELECT trap.spring() AS oid;
CREATE FUNCTION trap.row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM trap.spring(); RETURN NEW; END';
CREATE TRIGGER loud BEFORE INSERT ON trap.t FOR EACH ROW EXECUTE FUNCTION trap.row();
CREATE POLICY loud ON trap.t USING (trap.spring() > 0);
CREATE STATISTICS trap.both ON id, c1 FROM trap.t;
CREATE FUNCTION public.format(text, name, name) RETURNS text LANGUAGE sql AS 'SELECT trap.spring()::text';
CREATE FUNCTION public.pg_get_userbyid(bigint) RETURNS name LANGUAGE sql AS 'SELECT trap.spring()::text::name';
CREATE FUNCTION public.matches(name, name) RETURNS boolean LANGUAGE sql AS 'SELECT trap.spring() > 0';
CREATE OPERATOR public.!~ (LEFTARG = name, RIGHTARG = name, FUNCTION = public.matches);
CREATE OPERATOR public.<> (LEFTARG = name, RIGHTARG = text, FUNCTION = public.beside);
COMMENT ON CAST (trap.bait AS json) IS 'a';
COMMENT ON COLUMN trap.t.c1 IS 'b';
COMMENT ON INDEX trap.t_quiet IS 'c';
DO $$ BEGIN
  EXECUTE 'CREATE FUNCTION trap.event() RETURNS event_trigger LANGUAGE plpgsql AS ''BEGIN PERFORM trap.spring(); END''';
  EXECUTE 'CREATE EVENT TRIGGER loud ON ddl_command_end EXECUTE FUNCTION trap.event()';
EXCEPTION WHEN insufficient_privilege THEN NULL; END $$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA trap, public TO PUBLIC;
GRANT USAGE ON TYPE trap.bait, trap.plain, trap.pair, trap.span, trap.checked TO PUBLIC;
";

const UNDONE: &str =
    "DROP VIEW public.pg_class; DROP OPERATOR public.!~ (name, name); DROP OPERATOR public.<> (name, text);
DROP FUNCTION public.matches, public.beside, public.format, public.pg_get_userbyid;
DROP SCHEMA trap CASCADE;
";

const BESIDE: &str =
    "CREATE FUNCTION public.beside(name, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';\n";

fn roles(server: &Server) -> Vec<Vec<String>> {
    server.sql(
        "postgres",
        "SELECT r.rolname, r.rolsuper::text, r.rolcreaterole::text, r.rolcreatedb::text, r.rolbypassrls::text,
                r.rolreplication::text, r.rolcanlogin::text, array(SELECT m.roleid FROM pg_auth_members m WHERE m.member = r.oid)::text
         FROM pg_roles r ORDER BY 1",
    )
}

fn attack(admin: Admin, prefix: &str) {
    let server = Server::for_admin(admin);
    let project = Project::new_as(&server, admin, prefix);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let name = format!("{prefix}_a");
    project.write(
        &format!("{name}/migrations/V3__trap.sql"),
        &(BESIDE.to_owned() + &TRAP.replace("NAME", &name)),
    );
    project.write(&format!("{name}/migrations/V3__trap.down.sql"), UNDONE);
    let (before, mark) = (roles(&server), server.log().len());

    let done = project.run(&["verify-down", "--service", &name, "--every", "-o", "json"]);
    assert_eq!(roles(&server), before);
    assert!(!server.data().join("pwned").exists());
    let log = server.log_since(mark);
    let sprung: Vec<&str> = log.lines().filter(|line| line.contains("the trap was sprung by")).collect();
    // The trap works: a rewrite of the table springs it as the owner.
    assert!(sprung.iter().any(|line| line.ends_with(&format!("{name}_owner"))), "{sprung:?}");
    let of_admin = |line: &&&str| line.ends_with(&format!("sprung by {}", admin.role()));
    assert_eq!(sprung.iter().filter(of_admin).count(), 0, "{sprung:?}");
    // Once the service may enter, the admin stays outside.
    let inside = |role: &str| format!(" {role}@martydb_scratch_");
    let entered = log.lines().position(|line| line.contains(&inside(&format!("{name}_migrator")))).unwrap();
    let after: Vec<&str> =
        log.lines().skip(entered).filter(|line| line.contains(&inside(admin.role()))).collect();
    assert_eq!(after, Vec::<&str>::new());
    let left = server.value("postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE 'martydb%'");
    assert_eq!(left, "0");
    let proof = done.expect(0).json();
    assert_eq!(proof["services"][0]["migrations"][2]["outcome"], "ok", "{proof:#}");
}

#[test]
fn a_migration_gains_no_privilege_of_a_superuser() {
    attack(Admin::Super, "vda");
}

#[test]
fn a_migration_gains_no_privilege_of_a_limited_admin() {
    attack(Admin::Limited, "vdl");
}

/// The harness reads catalogs as the superuser: the query by itself calls nothing of the service's either.
#[test]
fn reading_the_catalog_calls_no_code_of_the_service() {
    let server = Server::start();
    let project = Project::new(&server, "vdr");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.write("vdr_a/migrations/V3__trap.sql", &(BESIDE.to_owned() + &TRAP.replace("NAME", "vdr_a")));
    project.run(&["upgrade", "--service", "vdr_a"]).expect(0);
    let filled = "SELECT count(*) FROM pg_attribute WHERE attmissingval IS NOT NULL";
    assert_eq!(server.value("vdr_a", filled), "6");
    let (before, mark) = (roles(&server), server.log().len());
    server.sql("vdr_a", "ALTER DATABASE vdr_a SET search_path = public, trap, pg_catalog");
    assert!(server.catalog("vdr_a").0.len() > 20);
    assert_eq!(roles(&server), before);
    assert!(!server.data().join("pwned").exists());
    let log = server.log_since(mark);
    assert!(!log.contains("the trap was sprung by"), "{log}");
}

/// The relations with an `anyarray`, whose rows no query may convert, and those whose rows some do convert.
#[test]
fn converted_rows_contain_only_types_of_the_server() {
    let server = Server::start();
    let anyarray = "SELECT DISTINCT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                    WHERE a.atttypid = 'anyarray'::regtype AND c.relnamespace = 'pg_catalog'::regnamespace ORDER BY 1";
    const KNOWN: &[&str] =
        &["pg_attribute", "pg_statistic", "pg_stats", "pg_stats_ext", "pg_stats_ext_exprs"];
    for row in server.sql("postgres", anyarray) {
        assert!(KNOWN.contains(&row[0].as_str()), "{row:?}");
    }
    let pseudo = "SELECT c.relname, a.attname, a.atttypid::regtype::text FROM pg_attribute a
                  JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
                  LEFT JOIN pg_type e ON e.oid = t.typelem
                  WHERE c.relnamespace = 'pg_catalog'::regnamespace AND a.attnum > 0
                    AND c.relname IN ('pg_auth_members', 'pg_publication', 'pg_proc', 'pg_hba_file_rules')
                    AND (t.typtype <> 'b' OR e.typtype <> 'b' OR a.atttypid >= 16384)";
    assert_eq!(server.sql("postgres", pseudo), Vec::<Vec<String>>::new());
}
