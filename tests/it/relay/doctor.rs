//! Findings of `doctor` about outboxes: causes of lost events, or of a table that always grows.

use super::{emit, project};
use crate::support::{Admin, Project, Server};

const NOWHERE: &str = "{ nats: \"nats://127.0.0.1:9\" }";

/// Returns its lines about the outbox.
fn said(project: &Project) -> Vec<String> {
    let document = project.json(&["doctor"], 0);
    let checks = document["servers"][0]["checks"].as_array().unwrap().iter();
    let outbox = checks.filter(|check| check["name"] == "outbox");
    outbox.map(|check| check["detail"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn doctor_names_each_cause_of_lost_events() {
    let server = Server::start();
    let project = project(&server, Admin::Super, "rdo", NOWHERE);
    assert_eq!(said(&project), Vec::<String>::new());
    let index =
        "CREATE INDEX i ON rdo_a_outbox (aggregate_type, aggregate_id, id) WHERE published_at IS NULL";
    for (change, expected, undo) in [
        ("DROP INDEX rdo_a_outbox_pending_idx", "public.rdo_a_outbox has no partial index", index),
        // One that others use, and that does not serve the order.
        (
            "DROP INDEX i; CREATE INDEX j ON rdo_a_outbox (available_at, id) WHERE published_at IS NULL",
            "public.rdo_a_outbox has no partial index",
            index,
        ),
        (
            "CREATE TABLE outbox_reader (consumer text, last_event_id bigint)",
            "public.outbox_reader may contain a position among the events",
            "DROP TABLE outbox_reader",
        ),
        (
            "CREATE TABLE watermill_offsets_events (consumer_group text, offset_acked bigint)",
            "public.watermill_offsets_events may contain a position",
            "DROP TABLE watermill_offsets_events",
        ),
        (
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER touch BEFORE UPDATE ON rdo_a_outbox FOR EACH ROW EXECUTE FUNCTION f()",
            "each delivery runs triggers of public.rdo_a_outbox (touch)",
            "DROP FUNCTION f() CASCADE",
        ),
        (
            "ALTER TABLE rdo_a_outbox ENABLE ROW LEVEL SECURITY",
            "row security of public.rdo_a_outbox may hide events",
            "ALTER TABLE rdo_a_outbox DISABLE ROW LEVEL SECURITY",
        ),
        (
            "ALTER TABLE rdo_a_outbox SET UNLOGGED",
            "public.rdo_a_outbox is UNLOGGED",
            "ALTER TABLE rdo_a_outbox SET LOGGED",
        ),
        (
            "UPDATE pg_class SET reltuples = 2000000 WHERE relname = 'rdo_a_outbox'",
            "public.rdo_a_outbox has about 2000000 rows and no `keep`: it grows forever",
            "UPDATE pg_class SET reltuples = 0 WHERE relname = 'rdo_a_outbox'",
        ),
        (
            "ALTER TABLE rdo_a_outbox ALTER id DROP IDENTITY; ALTER TABLE rdo_a_outbox ALTER id TYPE text",
            "the column id of public.rdo_a_outbox is not numeric",
            "ALTER TABLE rdo_a_outbox ALTER id TYPE bigint USING id::bigint",
        ),
    ] {
        server.sql("rdo_a", change);
        let lines = said(&project);
        assert!(lines.len() == 1 && lines[0].contains(expected), "{change}: {lines:?}");
        assert!(lines[0].starts_with("rdo_a: "), "{lines:?}");
        server.sql("rdo_a", undo);
        assert_eq!(said(&project), Vec::<String>::new(), "{undo}");
    }
    // In the text it is a note, and no failure.
    server.sql("rdo_a", "DROP INDEX i");
    let text = project.run(&["doctor"]).expect(0).stdout;
    assert!(text.contains("CREATE INDEX ON public.rdo_a_outbox"), "{text}");
    server.sql("rdo_a", "DROP TABLE rdo_a_outbox");
    let gone = said(&project);
    assert!(gone.len() == 1 && gone[0].contains("there is no table public.rdo_a_outbox yet"), "{gone:?}");
}

#[test]
fn doctor_names_outboxes_that_are_never_cleaned_or_too_large() {
    let server = Server::start();
    let project = project(&server, Admin::Super, "rdk", NOWHERE);
    let manifest = project.read("martydb.yaml");
    project.write("martydb.yaml", &manifest.replace("outbox: {", "outbox: { keep: 1d,"));
    emit(&server, "rdk_a", 50, 5);
    let published = |ago: &str| {
        server.sql("rdk_a", &format!("UPDATE rdk_a_outbox SET published_at = now() - interval '{ago}'"));
    };
    // Cron may miss a run.
    published("2 days 23 hours");
    assert_eq!(said(&project), Vec::<String>::new());
    published("3 days 1 hour");
    let lines = said(&project);
    assert!(
        lines.len() == 1 && lines[0].contains("published longer ago than `keep`: run `martydb relay clean`"),
        "{lines:?}"
    );
    project.run(&["relay", "clean", "--all"]).expect(0);
    assert_eq!(said(&project), Vec::<String>::new());
    server.sql("rdk_a", "UPDATE pg_class SET reltuples = 20000000 WHERE relname = 'rdk_a_outbox'");
    let lines = said(&project);
    assert!(lines.len() == 1 && lines[0].contains("--template outbox-daily"), "{lines:?}");
}
