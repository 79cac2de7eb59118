//! `split schema`.

use serde_json::json;

use super::{SERVICES, SHARED, all_answers, map, migrations, project, shared};
use crate::support::{Admin, Project, Server, can_dump};

/// The sample without the table that inherits, which has its own test.
fn ready(server: &Server) -> Project {
    shared(server);
    server.sql(SHARED, "DROP TABLE crl_archive");
    let project = project(server, Admin::Super);
    project.write("split.yaml", &map(&all_answers()));
    project.run(&["apply", "--all", "-y"]).expect(0);
    project
}

/// Without a `pg_dump` for the server the command says so, and writes nothing.
fn dumps(server: &Server, project: &Project) -> bool {
    if can_dump(server) {
        return true;
    }
    let refused = project.run(&["split", "schema"]).expect(1).stderr;
    assert!(refused.contains("there are no pg_dump and pg_restore for a server of version"), "{refused}");
    false
}

#[test]
fn each_service_gets_its_own_part() {
    let server = Server::start();
    let project = ready(&server);
    if !dumps(&server, &project) {
        return;
    }
    server.sql(
        SHARED,
        "CREATE VIEW without_tables AS SELECT count(*) FROM pg_class;
         CREATE VIEW csca_counted AS SELECT w.*, c.id FROM csca_certificates c, without_tables w",
    );
    let before = server.catalog(SHARED);
    let document = project.json(&["split", "schema"], 0);
    let services = document["services"].as_array().unwrap();
    assert!(services.iter().all(|one| one["outcome"] == "written"), "{document}");
    let text = |service: &str| project.read(&format!("{service}/migrations/V1__from_shared_database.sql"));
    let (csca, pkd) = (text("csca"), text("pkd_service"));
    for (text, there, not) in [
        (
            &csca,
            &[
                "CREATE TABLE public.csca_certificates (",
                "CREATE TYPE public.review_state",
                "CREATE DOMAIN public.state_code",
                "CREATE SEQUENCE public.shared_numbers",
                "CREATE POLICY own_country",
                "ATTACH PARTITION public.csca_events_2026",
                "CREATE VIEW public.csca_current",
                "CREATE VIEW public.without_tables",
                "count_certificates()",
                "crl_cache_issuer",
                "CREATE TABLE public.countries",
                "COMMENT ON TABLE public.csca_certificates",
                "ENABLE ROW LEVEL SECURITY",
                "-- martydb: irreversible",
            ][..],
            &["while_offered", "trust_report", "pkd_", "OWNER TO", "GRANT", "tidy", "credential_offers"][..],
        ),
        (
            &pkd,
            &[
                "CREATE TABLE public.pkd_certificate_entries (",
                "csca_id uuid",
                "CREATE TABLE public.countries",
            ],
            &[
                "REFERENCES public.csca_certificates",
                "note_sync",
                "CREATE TABLE public.csca_",
                "offers_by_request",
                "without_tables",
            ],
        ),
    ] {
        there.iter().for_each(|said| assert!(text.contains(said), "{said}\n{text}"));
        not.iter().for_each(|said| assert!(!text.contains(said), "{said}\n{text}"));
    }
    assert!(before.differences(&server.catalog(SHARED)).is_empty());
    assert_eq!(
        server.value("postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE 'martydb_scratch%'"),
        "0"
    );
    // Upgrade accepts the written files, and a second run finds them equal.
    project.run(&["upgrade", "--all"]).expect(0);
    assert_eq!(
        server.value(
            "marty_csca",
            "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'csca_events'"
        ),
        "csca_owner"
    );
    let again = project.json(&["split", "schema"], 0);
    assert!(again["services"].as_array().unwrap().iter().all(|one| one["outcome"] == "same"), "{again}");
}

/// Guards and triggers of a reference table stay with its owner: a reader gets only the rows.
#[test]
fn the_copy_of_a_reference_table_has_no_triggers_and_no_row_security() {
    let server = Server::start();
    server.sql("postgres", &format!("CREATE DATABASE {SHARED}"));
    server.sql(
        SHARED,
        "CREATE TABLE csca_log (n int); CREATE TABLE countries (code text PRIMARY KEY, name text CHECK (name <> ''));
         CREATE INDEX by_name ON countries (name);
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO csca_log VALUES (1); RETURN NEW; END';
         CREATE TRIGGER noted AFTER INSERT ON countries FOR EACH ROW EXECUTE FUNCTION note();
         CREATE RULE kept AS ON DELETE TO countries DO INSTEAD NOTHING;
         ALTER TABLE countries ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON countries USING (name > '');
         CREATE TABLE pkd_entries (code text REFERENCES countries)",
    );
    let project = project(&server, Admin::Super);
    project.write(
        "split.yaml",
        &format!(
            "source: {{ server: main, database: {SHARED} }}\nservices:\n  csca: {{ tables: [public.csca_*] }}\n  \
             pkd_service: {{ tables: [public.pkd_*] }}\nreference:\n  public.countries: {{ owner: csca, readers: [pkd_service] }}\n"
        ),
    );
    project.run(&["apply", "--all", "-y"]).expect(0);
    let plan = project.json(&["split", "plan"], 0);
    assert_eq!(plan["edges"], json!([]), "what stays with the owner crosses nothing");
    if !dumps(&server, &project) {
        return;
    }
    project.json(&["split", "schema"], 0);
    project.run(&["upgrade", "csca", "pkd_service"]).expect(0);
    let hanging = "SELECT (SELECT count(*) FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal), \
                   (SELECT count(*) FROM pg_rewrite WHERE ev_class = c.oid), (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid), \
                   c.relrowsecurity, (SELECT count(*) FROM pg_index WHERE indrelid = c.oid), \
                   (SELECT count(*) FROM pg_constraint WHERE conrelid = c.oid AND contype IN ('c', 'p')) \
                   FROM pg_class c WHERE c.relname = 'countries'";
    assert_eq!(server.sql("marty_csca", hanging)[0], ["1", "1", "1", "t", "2", "2"]);
    assert_eq!(server.sql("marty_pkd", hanging)[0], ["0", "0", "0", "f", "2", "2"]);
}

#[test]
fn existing_migrations_are_compared() {
    let server = Server::start();
    let project = ready(&server);
    if !dumps(&server, &project) {
        return;
    }
    for (service, _) in SERVICES {
        for file in migrations(service) {
            let name = file.file_name().unwrap().to_str().unwrap();
            project.write(&format!("{service}/migrations/{name}"), &std::fs::read_to_string(&file).unwrap());
            let down = name.replace(".sql", ".down.sql");
            project.write(&format!("{service}/migrations/{down}"), "SELECT 1;\n");
        }
    }
    // Objects that only the migrations create are not differences, nor are their parts.
    let more = "CREATE TABLE passport_more (id int PRIMARY KEY, n int UNIQUE, m int); CREATE UNIQUE INDEX passport_m ON passport_more (m);
        CREATE TABLE passport_parts (id int PRIMARY KEY) PARTITION BY LIST (id);";
    project.write("passport_engine/migrations/V99__more.sql", more);
    project.write("passport_engine/migrations/V99__more.down.sql", "SELECT 1;\n");
    let document = project.json(&["split", "schema"], 3);
    let outcome = |at: usize| document["services"][at]["outcome"].clone();
    assert_eq!(outcome(0), "differs");
    let names: Vec<&str> = document["services"][0]["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    for name in
        ["public.csca_certificates.review", "public.countries", "public.csca_events", "public.review_state"]
    {
        assert!(names.iter().any(|one| *one == name || one.ends_with(name)), "{name} {names:?}");
    }
    let said = project.run(&["split", "schema"]).expect(3).stdout;
    assert!(said.contains("csca: column public.csca_certificates.review is only in the source\n"), "{said}");
    // A foreign key across services is dropped and is not a difference.
    let passport = &document["services"][2]["differences"];
    assert_eq!(passport.as_array().unwrap().len(), 1, "{passport}");
    assert_eq!(passport[0]["name"], "public.passport_validation_requests.offer_id");
    assert!(!project.path().join("csca/migrations/.martydb-split").exists());
    assert!(!project.path().join("csca/migrations/V1__from_shared_database.sql").exists());
}

#[test]
fn dropped_edges_are_left_out_of_the_files() {
    let server = Server::start();
    server.sql("postgres", &format!("CREATE DATABASE {SHARED}"));
    server.sql(
        SHARED,
        "CREATE TABLE pkd_rates (n int);
         CREATE FUNCTION rate() RETURNS int LANGUAGE sql AS 'SELECT max(n) FROM pkd_rates';
         CREATE TABLE csca_prices (id int PRIMARY KEY, price int DEFAULT rate(), CONSTRAINT fair CHECK (price > rate()));
         CREATE FUNCTION factor(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1 * (SELECT max(n) FROM pkd_rates); END';
         CREATE TABLE csca_made (id int PRIMARY KEY, made int GENERATED ALWAYS AS (factor(id)) STORED);
         CREATE ROLE \"the auditor\"; ALTER TABLE csca_made ENABLE ROW LEVEL SECURITY;
         CREATE POLICY looks ON csca_made TO \"the auditor\" USING (true); CREATE POLICY all_see ON csca_made USING (true);
         CREATE TABLE csca_parts (k int PRIMARY KEY) PARTITION BY LIST (k);
         CREATE TABLE pkd_part PARTITION OF csca_parts FOR VALUES IN (1);
         CREATE TABLE csca_part PARTITION OF csca_parts FOR VALUES IN (2);
         CREATE TABLE passport_child (more int) INHERITS (pkd_rates);
         CREATE TABLE \"Odd \"\" name\" (\"Col\" int PRIMARY KEY); COMMENT ON COLUMN \"Odd \"\" name\".\"Col\" IS 'x; DROP TABLE y'",
    );
    let project = project(&server, Admin::Super);
    let services = "services:\n  csca: { tables: [public.csca_*, 'public.\"Odd \"\" name\"'] }\n  pkd_service: { tables: [public.pkd_*] }\n  passport_engine: { tables: [public.passport_*] }\n";
    let source = format!("source: {{ server: main, database: {SHARED} }}\n");
    project.write("split.yaml", &format!("{source}{services}"));
    if !can_dump(&server) {
        return;
    }
    let open = project.run(&["split", "schema"]).expect(3).stderr;
    assert!(
        open.contains("the plan of the split is not complete") && open.contains("6 edges without an answer"),
        "{open}"
    );
    project.write("split.yaml", &format!("{source}{services}edges: [{{ edge: '*', answer: drop }}]\n"));
    let bare = project.run(&["split", "schema"]).expect(1).stderr;
    assert!(bare.contains("has no logins yet") && bare.contains("martydb apply --all"), "{bare}");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let document = project.json(&["split", "schema"], 0);
    assert!(
        document["services"].as_array().unwrap().iter().all(|one| one["outcome"] == "written"),
        "{document}"
    );
    project.run(&["upgrade", "csca", "pkd_service"]).expect(0);
    // The source of a generated column is in another database: the column takes values now.
    let rows = "INSERT INTO csca_made VALUES (2, 20); SELECT made FROM csca_made";
    assert_eq!(server.value("marty_csca", rows), "20");
    let policies = "SELECT string_agg(polname, ',') FROM pg_policy WHERE polrelid = 'csca_made'::regclass";
    assert_eq!(server.value("marty_csca", policies), "all_see");
    let made = "SELECT count(*) FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid WHERE c.relname = 'csca_prices'";
    assert_eq!(server.value("marty_csca", made), "0");
    assert_eq!(server.value("marty_csca", "SELECT count(*) FROM pg_constraint WHERE conname = 'fair'"), "0");
    assert_eq!(
        server
            .value("marty_csca", "SELECT count(*) FROM pg_inherits WHERE inhparent = 'csca_parts'::regclass"),
        "1"
    );
    assert_eq!(
        server.value("marty_pkd", "SELECT relispartition FROM pg_class WHERE relname = 'pkd_part'"),
        "f"
    );
}

/// Row types, parents and sequences of another part become the service's own; what only a superuser can make is refused first.
#[test]
fn row_types_parents_and_sequences_of_another_part_are_written_into_the_file() {
    let server = Server::start();
    server.sql("postgres", &format!("CREATE DATABASE {SHARED}"));
    server.sql(
        SHARED,
        "CREATE TABLE csca_item (id serial PRIMARY KEY, gone int, name text COLLATE \"C\"); ALTER TABLE csca_item DROP COLUMN gone;
         CREATE TYPE wrapped AS (item csca_item);
         CREATE TABLE pkd_of_row (id int PRIMARY KEY DEFAULT nextval('csca_item_id_seq'), r csca_item, rs csca_item[], w wrapped);
         CREATE TABLE csca_base (id int NOT NULL DEFAULT 7 CHECK (id > 0), at date);
         CREATE TABLE pkd_child (more text) INHERITS (csca_base); CREATE TABLE pkd_grandchild (id int) INHERITS (pkd_child);
         INSERT INTO csca_item (name) VALUES ('a'); INSERT INTO pkd_of_row (r, rs, w) SELECT i, ARRAY[i], ROW(i)::wrapped FROM csca_item i;
         INSERT INTO pkd_child (more) VALUES ('x'); INSERT INTO pkd_grandchild (more) VALUES ('y'); INSERT INTO csca_base VALUES (1);
         CREATE LANGUAGE own HANDLER plpgsql_call_handler; CREATE FUNCTION one() RETURNS int LANGUAGE own AS 'BEGIN RETURN 1; END';
         CREATE FUNCTION unused() RETURNS int LANGUAGE internal AS 'pg_backend_pid'; CREATE TABLE pkd_own (id int DEFAULT one());
         CREATE FUNCTION seen() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER seen ON sql_drop EXECUTE FUNCTION seen()",
    );
    let project = project(&server, Admin::Super);
    let of = |answers: &str| {
        format!(
            "source: {{ server: main, database: {SHARED} }}\nservices:\n  csca: {{ tables: [public.csca_*] }}\n  pkd_service: {{ tables: [public.pkd_*] }}\nedges: {answers}\n"
        )
    };
    project.write("split.yaml", &of("[]"));
    let plan = project.json(&["split", "plan"], 3);
    let edges: Vec<_> =
        plan["edges"].as_array().unwrap().iter().map(|edge| edge["edge"].as_str().unwrap()).collect();
    let expected = [
        "inheritance public.pkd_child -> public.csca_base",
        "function public.one() -> unknown",
        "sequence public.csca_item_id_seq -> public.csca_item, public.pkd_of_row",
        "type public.csca_item -> public.pkd_of_row",
    ];
    assert_eq!(edges, expected);
    assert!(plan["left"].as_array().unwrap().contains(&json!("event trigger seen")), "{plan}");
    project.write("split.yaml", &of("[{ edge: 'inheritance *', answer: drop }, { edge: 'function *', answer: copy }, { edge: '*', answer: copy }]"));
    let plan = project.json(&["split", "plan"], 3);
    let refused: Vec<_> = plan["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["service"].as_str().unwrap(), one["object"].as_str().unwrap()))
        .collect();
    assert_eq!(refused, [("pkd_service", "function public.one()"), ("pkd_service", "language own")]);
    let text = project.run(&["split", "plan"]).expect(3).stdout;
    assert!(text.contains("pkd_service: language own: only a superuser can make it"), "{text}");
    project.run(&["apply", "--all", "-y"]).expect(0);
    if !dumps(&server, &project) {
        return;
    }
    let named = project.run(&["split", "schema"]).expect(1).stderr;
    assert!(named.contains("function public.one(): only a superuser can make it"), "{named}");
    server.sql(SHARED, "DROP TABLE pkd_own; DROP LANGUAGE own CASCADE; DROP FUNCTION unused()");
    project.run(&["split", "plan"]).expect(0);
    project.run(&["split", "schema"]).expect(0);
    project.run(&["upgrade", "csca", "pkd_service"]).expect(0);
    assert_eq!(project.json(&["split", "schema"], 0)["services"][1]["outcome"], "same");
    for step in [
        &["split", "copy"][..],
        &["split", "verify"],
        &["split", "cutover", "csca"],
        &["split", "cutover", "pkd_service"],
    ] {
        project.run(step).expect(0);
    }
    let rows = "INSERT INTO pkd_of_row (rs) VALUES (NULL); SELECT string_agg(concat(id, (r).name, rs[1].name, ((w).item).id), ' ' ORDER BY id) FROM pkd_of_row";
    assert_eq!(server.value("marty_pkd", rows), "2aa1 3");
    let children = "SELECT string_agg(concat(id, more), ' ' ORDER BY more) FROM pkd_child";
    assert_eq!(server.value("marty_pkd", children), "7x 7y");
    let parents = "SELECT string_agg(inhrelid::regclass || ' ' || inhparent::regclass, ' ') FROM pg_inherits";
    assert_eq!(server.value("marty_pkd", parents), "pkd_grandchild pkd_child");
    assert_eq!(server.value("marty_csca", "SELECT string_agg(id::text, ' ') FROM csca_base"), "1");
    project.run(&["split", "finish", "--confirm", SHARED]).expect(0);
    assert_eq!(
        server.value(
            SHARED,
            "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ),
        "0"
    );
}
