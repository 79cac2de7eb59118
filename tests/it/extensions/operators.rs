//! Expressions that cannot name the schema of their operator mean the same in every copy of a schema.

use crate::support::{Project, Server};

/// Each object with an operator of citext that its text does not show.
const UP: &str = "CREATE TABLE t (e citext CHECK (e IS DISTINCT FROM 'bad'::citext), f citext, g bool GENERATED ALWAYS AS ((e, f) = ('a'::citext, 'b'::citext)) STORED);
CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW WHEN (OLD.e IS DISTINCT FROM NEW.e) EXECUTE FUNCTION trg();
CREATE POLICY p ON t USING (CASE e WHEN 'secret'::citext THEN false ELSE true END);
CREATE VIEW v AS SELECT nullif(e, f) AS n, e IN (SELECT f FROM t) AS i FROM t;
CREATE UNIQUE INDEX u ON t ((e IS NOT DISTINCT FROM 'root'::citext));
INSERT INTO t VALUES ('Aa', 'aA');
";

/// Objects that call an operator of citext, without the table of the copy.
const CALLERS: &str = "SELECT string_agg(DISTINCT classid::regclass::text, ',') FROM pg_depend
    WHERE refclassid = 'pg_operator'::regclass AND refobjid::regoperator::text LIKE 'ext.%'
    AND classid NOT IN ('pg_operator'::regclass, 'pg_amop'::regclass, 'pg_opfamily'::regclass, 'pg_proc'::regclass)";

#[test]
fn copies_of_a_schema_call_the_same_operators() {
    let server = Server::start();
    let manifest = |services: &str| {
        format!(
            "version: 1\nproject: opx\nservers:\n  main:\n    url: {}\nbackup: {{ to: ./backups }}\ndefaults:\n  migrations: {{ path: \"{{service}}\", down: optional }}\n\
             services:\n{services}",
            server.url()
        )
    };
    let keys = "extensions: [{ name: citext, schema: ext }], schemas: [public, ext]";
    let project = Project::with_manifest(&manifest(&format!("  opx_a: {{ {keys} }}\n")));
    project.write("opx_a/V1__start.sql", UP);
    project.run(&["init-all", "-y"]).expect(0);
    let callers = server.value("opx_a", CALLERS);
    assert_eq!(callers, "pg_attrdef,pg_class,pg_constraint,pg_policy,pg_rewrite,pg_trigger");
    let made = project.json(&["backup", "opx_a"], 0);
    let id = made["backups"][0]["id"].as_str().unwrap();
    project.run(&["restore", "opx_a", "--from", id, "-y"]).expect(0);
    assert_eq!(server.value("opx_a", CALLERS), callers);
    // A checkpoint, in a database of its own.
    project.run(&["squash", "opx_a", "--to", "1", "--remove"]).expect(0);
    project.write("opx_b/C1__checkpoint.sql", &project.read("opx_a/C1__checkpoint.sql"));
    project.write("martydb.yaml", &manifest(&format!("  opx_a: {{ {keys} }}\n  opx_b: {{ {keys} }}\n")));
    project.run(&["init-all", "-y"]).expect(0);
    assert_eq!(server.value("opx_b", CALLERS), callers);
    // Another operator is a difference, though its text is read alike with an empty search path.
    server.sql(
        "opx_b",
        "DROP VIEW v; CREATE VIEW v AS SELECT nullif(e, f) AS n, e::text IN (SELECT f::text FROM t) AS i FROM t",
    );
    let differs = project.run(&["diff", "opx_b", "--from", "files", "--to", "database"]).expect(3);
    assert!(differs.said().contains("view public.v"), "{differs:?}");
    server.sql(
        "opx_b",
        "SET search_path = ''; DROP POLICY p ON public.t;
         CREATE POLICY p ON public.t USING (CASE e WHEN 'secret'::ext.citext THEN false ELSE true END)",
    );
    let differs = project.run(&["diff", "opx_b", "--from", "files", "--to", "database"]).expect(3);
    assert!(differs.said().contains("operators public.t.p"), "{differs:?}");
}
