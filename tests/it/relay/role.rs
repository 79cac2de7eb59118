//! The login of the relay: made by `apply`, held to one table and four of its columns.

use super::{add_template, declared, emit, project};
use crate::support::{Admin, Project, Server, as_both_admins};

/// No broker listens there, and nothing is published.
const NOWHERE: &str = "{ nats: \"nats://127.0.0.1:9\" }";

fn findings_of(project: &Project, role: &str) -> Vec<String> {
    let found = project.run(&["verify-isolation", "-o", "json"]).json();
    let all = found["findings"].as_array().unwrap().iter();
    all.filter(|one| one["role"] == role).map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

as_both_admins!(the_relays_login_reads_one_table_and_updates_only_delivery_columns, |admin| {
    let server = Server::for_admin(admin);
    let project = project(&server, admin, "ror", NOWHERE);
    assert_eq!(project.json(&["plan", "--check"], 0)["changes"].as_array().unwrap().len(), 0);
    emit(&server, "ror_a", 3, 3);
    let password = project.password("ror_a_relay");
    let may = |sql: &str| server.sql_as("ror_a_relay", &password, "ror_a", sql).map(|_| ()).err();
    for sql in [
        "SELECT * FROM ror_a_outbox",
        "SELECT id FROM ror_a_outbox ORDER BY id FOR UPDATE SKIP LOCKED",
        "UPDATE ror_a_outbox SET published_at = now(), attempts = attempts + 1, last_error = NULL, available_at = now()",
        "LISTEN martydb_outbox",
    ] {
        assert_eq!(may(sql), None, "{sql}");
    }
    for sql in [
        "UPDATE ror_a_outbox SET payload = '{}'",
        "UPDATE ror_a_outbox SET id = DEFAULT",
        "DELETE FROM ror_a_outbox",
        "TRUNCATE ror_a_outbox",
        "INSERT INTO ror_a_outbox (aggregate_type, aggregate_id, event_type, payload) VALUES ('a', 'b', 'c', '{}')",
        "SELECT * FROM item",
        "SELECT * FROM item FOR UPDATE",
        "SELECT last_value FROM ror_a_outbox_id_seq",
        "SELECT nextval('ror_a_outbox_id_seq')",
        "SELECT * FROM martydb.refinery_schema_history",
        "CREATE TEMPORARY TABLE mine (i int)",
        "SET ROLE ror_a_app",
    ] {
        assert_eq!(may(sql).as_deref(), Some("42501"), "{sql}");
    }
    assert_eq!(server.sql_as("ror_a_relay", &password, "ror_b", "SELECT 1::text").unwrap_err(), "42501");
    let limit = "SELECT rolconnlimit::text FROM pg_roles WHERE rolname = 'ror_a_relay'";
    assert_eq!(server.value("postgres", limit), "10");
    assert_eq!(findings_of(&project, "ror_a_relay"), Vec::<String>::new());
    let found = project.run(&["verify-isolation", "-o", "json"]).json();
    let cell = |database: &str| {
        let rows = found["matrix"].as_array().unwrap().iter();
        let mut here = rows.filter(|row| row["role"] == "ror_a_relay" && row["database"] == database);
        here.next().map(|row| row["outcome"].as_str().unwrap().to_owned())
    };
    assert_eq!((cell("ror_a").as_deref(), cell("ror_b").as_deref()), (Some("allowed"), Some("denied")));
});

as_both_admins!(other_privileges_of_the_relays_login_are_drift_and_a_finding, |admin| {
    let server = Server::for_admin(admin);
    let project = project(&server, admin, "rob", NOWHERE);
    for sql in [
        "GRANT UPDATE (payload) ON rob_a_outbox TO rob_a_relay",
        "GRANT DELETE ON rob_a_outbox TO rob_a_relay",
        "GRANT SELECT ON item TO rob_a_relay",
        "GRANT SELECT (name) ON item TO rob_a_relay",
        "GRANT USAGE ON SEQUENCE rob_a_outbox_id_seq TO rob_a_relay",
    ] {
        server.sql("rob_a", sql);
        assert!(!findings_of(&project, "rob_a_relay").is_empty(), "{sql}");
        project.run(&["plan", "--check"]).expect(3);
        project.run(&["apply", "--all", "-y"]).expect(0);
        project.run(&["plan", "--check"]).expect(0);
        assert_eq!(findings_of(&project, "rob_a_relay"), Vec::<String>::new(), "{sql}");
    }
    // A missing grant is restored.
    server.sql("rob_a", "REVOKE UPDATE (attempts) ON rob_a_outbox FROM rob_a_relay");
    let plan = project.run(&["plan", "--full", "--check"]).expect(3).stdout;
    assert!(plan.contains("grant UPDATE on column public.rob_a_outbox.attempts to rob_a_relay"), "{plan}");
    project.run(&["apply", "--all", "-y"]).expect(0);
});

#[test]
fn a_missing_outbox_table_is_a_limit_and_relay_logins_are_separate() {
    let server = Server::start();
    let project = declared(&server, Admin::Super, "rot", NOWHERE);
    let manifest = project.read("martydb.yaml");
    let both = manifest.replace("  rot_b:\n", &format!("  rot_b:\n    outbox: {{ to: {NOWHERE} }}\n"));
    project.write("martydb.yaml", &both);
    add_template(&project, "rot_b");
    let applied = project.json(&["apply", "--all", "-y"], 0);
    let limits = applied["limits"].as_array().unwrap();
    assert!(
        limits
            .iter()
            .any(|limit| limit["why"].as_str().unwrap().contains("no table public.rot_a_outbox yet"))
    );
    project.run(&["upgrade", "--all"]).expect(0);
    project.run(&["plan", "--check"]).expect(3);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let ask = |role: &str, database: &str| {
        let sql = format!("SELECT count(*)::text FROM {database}_outbox");
        server.sql_as(role, &project.password(role), database, &sql).map(|_| ())
    };
    assert_eq!(ask("rot_a_relay", "rot_a"), Ok(()));
    assert_eq!(ask("rot_a_relay", "rot_b"), Err("42501".into()));
    assert_eq!(ask("rot_b_relay", "rot_a"), Err("42501".into()));
    // Without the key it is a left-over role.
    project.write("martydb.yaml", &manifest);
    project.run(&["apply", "--all", "--prune", "-y"]).expect(0);
    let there = "SELECT count(*)::text FROM pg_roles WHERE rolname = 'rot_b_relay'";
    assert_eq!(server.value("postgres", there), "0");
    project.run(&["rotate", "-s", "rot_a", "--access", "rot_a_relay"]).expect(0);
    assert_eq!(ask("rot_a_relay", "rot_a"), Ok(()));
    project.run(&["drop", "--service", "rot_a", "--confirm", "rot_a"]).expect(0);
}

#[test]
fn contradictory_settings_are_errors_with_a_line() {
    let server = Server::start();
    let nats = "nats: \"nats://localhost\"";
    for (entry, expected) in [
        ("{}".to_owned(), "the broker of the events is missing"),
        (
            format!("{{ to: {{ {nats}, http: \"https://h/\" }} }}"),
            "expected one of nats, amqp, kafka and http",
        ),
        ("{ to: { nats: \"nats://u:hunter2@localhost\" } }".into(), "the URL contains a password"),
        ("{ to: { nats: \"nats://broker.example.org\" } }".into(), "in plain text"),
        ("{ to: { http: \"http://hooks.example.org/\" } }".into(), "use https://"),
        ("{ to: { nats: \"amqp://localhost\" } }".into(), "its scheme should be nats or tls"),
        ("{ to: { amqp: \"amqp://localhost\" } }".into(), "the exchange is missing"),
        (format!("{{ to: {{ {nats}, exchange: e }} }}"), "exchange belongs to amqp, not to nats"),
        (format!("{{ to: {{ {nats}, root_certificate: ca.crt }} }}"), "it has no effect without TLS"),
        (
            "{ to: { amqp: \"amqp://localhost\", exchange: e, password_env: P } }".into(),
            "the password has no user",
        ),
        (format!("{{ to: {{ {nats}, subject: \"a.{{event}}\" }} }}"), "{event} is not one of {project}"),
        (
            format!("{{ to: {{ {nats}, subject: \"{{aggregate_type}}.{{event_type}}\" }} }}"),
            "the first token comes from the event",
        ),
        (
            format!("{{ to: {{ {nats}, subject: \"x{{event_type}}\" }} }}"),
            "the first token comes from the event",
        ),
        (format!("{{ to: {{ {nats}, subject: \"$$JS.x\" }} }}"), "\"$JS\" is reserved for the broker"),
        (format!("{{ to: {{ {nats}, subject: \"_INBOX.x\" }} }}"), "\"_INBOX\" is reserved for the broker"),
        ("{ to: { amqp: \"amqp://localhost\", exchange: \"\" } }".into(), "reaches every queue by its name"),
        (
            "{ to: { amqp: \"amqp://localhost\", exchange: e, routing_key: \"{aggregate_type}.x\" } }".into(),
            "the first token comes from the event",
        ),
        ("{ to: { kafka: \"localhost:9092,b2.example.org\" } }".into(), "in plain text"),
        ("{ to: { kafka: \"kafkas://u:hunter2@b1\" } }".into(), "the URL contains a password"),
        ("{ to: { kafka: \"localhost,\" } }".into(), "the URL has no host"),
        (
            "{ to: { kafka: localhost, topic: \"{event_type}\" } }".into(),
            "the first token comes from the event",
        ),
        ("{ to: { kafka: localhost, key: \"{event}\" } }".into(), "{event} is not one of {project}"),
        ("{ to: { kafka: localhost, mechanism: GSSAPI } }".into(), "\"GSSAPI\" is none of PLAIN"),
        ("{ to: { kafka: localhost, mechanism: PLAIN } }".into(), "PLAIN sends the password itself"),
        (format!("{{ to: {{ {nats}, topic: x }} }}"), "topic belongs to kafka, not to nats"),
        (format!("{{ table: outbox, to: {{ {nats} }} }}"), "\"outbox\" is not a schema.table"),
        (format!("{{ table: other.outbox, to: {{ {nats} }} }}"), "declares no schema \"other\""),
        (format!("{{ batch: 0, to: {{ {nats} }} }}"), "0 is not from 1 to 5000"),
        (format!("{{ keep: soon, to: {{ {nats} }} }}"), "\"soon\" is not a time such as"),
        (format!("{{ retry: {{ tries: 0 }}, to: {{ {nats} }} }}"), "0 attempts"),
        (format!("{{ retry: {{ from: 10m, to: 1m }}, to: {{ {nats} }} }}"), "longer than the longest"),
        (format!("{{ columns: {{ id: \"\" }}, to: {{ {nats} }} }}"), "the table needs this column"),
        (format!("{{ columns: {{ payload: id }}, to: {{ {nats} }} }}"), "the column \"id\" has two meanings"),
        (format!("{{ colums: {{}}, to: {{ {nats} }} }}"), "unknown key \"colums\""),
    ] {
        let project = Project::new(&server, "rom");
        let manifest = project.read("martydb.yaml");
        project.write(
            "martydb.yaml",
            &manifest.replace("  rom_a:\n", &format!("  rom_a:\n    outbox: {entry}\n")),
        );
        let done = project.run(&["validate"]).expect(2);
        assert!(done.stderr.contains(expected), "{entry}: {}", done.stderr);
        assert!(done.stderr.contains("martydb.yaml:") && !done.stderr.contains("hunter2"), "{}", done.stderr);
    }
    let project = Project::new(&server, "rom");
    project.run(&["relay", "--once"]).expect(2);
    for (added, said) in [
        ("access:\n  rom_a_relay: { login: true, read: [rom_a], reason: x }\n", "remove one of the two"),
        ("defaults:\n  roles: { app: rom_a_relay }\n", "rom_a_relay"),
    ] {
        let text = project
            .read("martydb.yaml")
            .replace("  rom_a:\n", &format!("  rom_a:\n    outbox: {{ to: {{ {nats} }} }}\n"));
        let with = Project::with_manifest(&format!("{text}{added}"));
        let done = with.run(&["validate"]).expect(2);
        assert!(done.stderr.contains(said), "{}", done.stderr);
    }
}
