//! Objects of unmanaged roles at the place of the record are neither written nor read by the admin, and the audit names who else may.

use serde_json::Value;

use crate::support::{Project, Server};

/// A function that notes who runs it.
const BAIT: &str = "CREATE ROLE mallory LOGIN PASSWORD 'm';
    CREATE TABLE public.ran (by name); GRANT INSERT ON public.ran TO PUBLIC;
    CREATE FUNCTION public.bait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.ran VALUES (current_user); RETURN new; END $$;
    CREATE FUNCTION public.bait_text() RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.ran VALUES (current_user); RETURN ''; END $$;";

/// Objects that an unmanaged role, or an admin by mistake, has left there, with the reason for which they are left alone.
const PLACES: &[(&str, &str)] = &[
    ("CREATE SCHEMA martydb AUTHORIZATION mallory", "schema martydb belongs to mallory"),
    ("DROP TABLE martydb.record; ALTER SCHEMA martydb OWNER TO mallory", "schema martydb belongs to mallory"),
    ("ALTER TABLE martydb.record OWNER TO mallory", "martydb.record belongs to mallory"),
    (
        "CREATE TRIGGER bait BEFORE INSERT ON martydb.record FOR EACH ROW EXECUTE FUNCTION public.bait()",
        "martydb.record has a trigger, which martydb did not make",
    ),
    (
        "CREATE RULE bait AS ON INSERT TO martydb.record DO ALSO INSERT INTO public.ran VALUES (current_user)",
        "martydb.record has a rule, which martydb did not make",
    ),
    (
        "ALTER TABLE martydb.record ALTER note SET DEFAULT public.bait_text()",
        "martydb.record has a default, which martydb did not make",
    ),
    (
        "ALTER TABLE martydb.record ENABLE ROW LEVEL SECURITY",
        "martydb.record has row security, which martydb did not make",
    ),
    (
        "ALTER TABLE martydb.record ADD CHECK (public.bait_text() IS NOT NULL)",
        "martydb.record has a constraint, which martydb did not make",
    ),
    (
        "CREATE FUNCTION public.same(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1'; CREATE INDEX ON martydb.record (public.same(action))",
        "martydb.record has an index with an expression, which martydb did not make",
    ),
    (
        "CREATE DOMAIN public.word AS text CHECK (public.bait_text() IS NOT NULL); ALTER TABLE martydb.record ALTER note TYPE public.word",
        "martydb.record is not the table that martydb makes",
    ),
    (
        "ALTER TABLE martydb.record RENAME TO old; CREATE VIEW martydb.record AS SELECT *, public.bait_text() FROM martydb.old",
        "martydb.record is not the table that martydb makes",
    ),
    (
        "CREATE TABLE public.child () INHERITS (martydb.record); ALTER TABLE public.child OWNER TO mallory",
        "martydb.record is not the table that martydb makes",
    ),
];

#[test]
fn an_unmanaged_roles_object_is_never_written_and_never_read() {
    for (number, (sql, why)) in PLACES.iter().enumerate() {
        let server = Server::start();
        let project = Project::new(&server, "rh");
        server.sql("postgres", BAIT);
        if number > 0 {
            project.run(&["apply", "--all", "-y"]).expect(0);
        }
        server.sql("postgres", sql);
        server.sql("postgres", "TRUNCATE public.ran");
        let mark = server.log().len();
        let arguments: &[&str] =
            if number > 0 { &["rotate", "-s", "rh_a"] } else { &["apply", "--all", "-y"] };
        let done = project.run(arguments).expect(0);
        assert!(!done.stderr.contains("warning"), "{sql}: {done:?}");
        let limits = project.json(&["plan"], 0)["limits"].clone();
        let one = limits.as_array().unwrap().iter().find(|limit| limit["what"] == "keep the record of runs");
        assert_eq!(one.map(|limit| &limit["why"]), Some(&Value::from(*why)), "{sql}: {limits}");
        project.run(&["plan", "--check"]).expect(0);
        let shown = project.json(&["history", "--record"], 0);
        assert_eq!(shown["records"].as_array().unwrap().len(), 0, "{sql}: {shown}");
        assert_eq!(shown["limits"][0]["why"], *why, "{sql}: {shown}");
        assert_eq!(server.value("postgres", "SELECT count(*) FROM public.ran"), "0", "{sql}");
        let log = server.log_since(mark);
        for word in
            ["INSERT INTO martydb", "UPDATE ONLY martydb", "DELETE FROM ONLY martydb", "FROM ONLY martydb"]
        {
            assert!(!log.contains(word), "{sql}: {word}");
        }
    }
}

#[test]
fn the_audit_names_who_else_may_read_or_write_the_record() {
    let server = Server::start();
    let project = Project::new(&server, "ra");
    server.sql(
        "postgres",
        "CREATE ROLE mallory LOGIN PASSWORD 'm'; GRANT CONNECT ON DATABASE postgres TO mallory",
    );
    server.sql("postgres", "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO mallory; ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO PUBLIC");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    assert_eq!(server.value("postgres", "SELECT count(*) FROM martydb.record"), "1");
    let about = |found: &Value| -> Vec<String> {
        let all = found["findings"].as_array().unwrap().iter();
        let ours = all.filter(|one| one["object"].as_str().is_some_and(|object| object.contains("martydb")));
        ours.map(|one| {
            format!(
                "{} {} {} {}",
                one["severity"].as_str().unwrap(),
                one["id"].as_str().unwrap(),
                one["role"].as_str().unwrap(),
                one["object"].as_str().unwrap()
            )
        })
        .collect()
    };
    let verified = |code: i32| project.json(&["verify-isolation", "--probes", "none"], code);
    // Default privileges of the admin did not give it away.
    let clean = project.run(&["verify-isolation", "--probes", "none", "-o", "json"]).json();
    assert_eq!(about(&clean), Vec::<String>::new());
    server.sql(
        "postgres",
        "GRANT USAGE ON SCHEMA martydb TO mallory; GRANT SELECT, INSERT ON martydb.record TO mallory",
    );
    let found = about(&verified(4));
    for expected in [
        "medium unmanaged-role-in-acl mallory table martydb.record",
        "medium unmanaged-role-in-acl mallory schema martydb",
    ] {
        assert!(found.iter().any(|one| one == expected), "{found:?}");
    }
    server.sql("postgres", "REVOKE ALL ON SCHEMA martydb FROM mallory; REVOKE ALL ON martydb.record FROM mallory; GRANT SELECT ON martydb.record TO PUBLIC");
    let found = about(&verified(4));
    assert!(
        found.iter().any(|one| one == "medium public-privilege PUBLIC table martydb.record"),
        "{found:?}"
    );
    let _fixed = project.run(&["verify-isolation", "--probes", "none", "--fix", "-y"]);
    assert_eq!(
        about(&project.run(&["verify-isolation", "--probes", "none", "-o", "json"]).json()),
        Vec::<String>::new()
    );
    server.sql("postgres", "ALTER TABLE martydb.record OWNER TO mallory");
    let found = about(&verified(4));
    assert!(found.iter().any(|one| one == "medium object-owner mallory table martydb.record"), "{found:?}");
}
