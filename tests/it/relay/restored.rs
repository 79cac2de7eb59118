//! A service with an outbox that comes back from a backup: the relay's login has its privileges again, and events not delivered in
//! the backup goes out.

use std::collections::BTreeMap;

use serde_json::json;

use super::{declared, emit, pending};
use crate::support::{Admin, Nats, Server, as_both_admins, can_dump};

as_both_admins!(after_a_restore_undelivered_events_are_published, |admin| {
    let Some(nats) = Nats::start("") else { return };
    // A short window shows duplicates.
    nats.stream("EV", &["ev.>"], &json!({"duplicate_window": 100_000_000}));
    let server = Server::for_admin(admin);
    if !can_dump(&server) {
        return;
    }
    let to = format!("{{ nats: \"{}\", subject: \"ev.{{service}}\" }}", nats.url());
    let project = declared(&server, admin, "rre", &to);
    project.write("martydb.yaml", &format!("{}backup: {{ to: ./kept }}\n", project.read("martydb.yaml")));
    project.run(&["init-all", "-y"]).expect(if admin == Admin::Limited { 4 } else { 0 });
    let published = || project.json(&["relay", "--once"], 0)["services"][0]["published"].clone();
    let held = "SELECT string_agg(attname || attacl::text, ' ' ORDER BY attnum) || ' ' || (SELECT relacl::text FROM pg_class WHERE oid = attrelid) \
                FROM pg_attribute WHERE attrelid = 'rre_a_outbox'::regclass AND attacl IS NOT NULL GROUP BY attrelid";
    emit(&server, "rre_a", 10, 2);
    assert_eq!(published(), 10);
    emit(&server, "rre_a", 6, 2);
    let privileges = server.value("rre_a", held);
    let made = project.json(&["backup", "rre_a"], 0);
    let id = made["backups"][0]["id"].as_str().unwrap().to_owned();
    // After the backup: the six go out, and four that the backup does not know.
    emit(&server, "rre_a", 4, 2);
    assert_eq!(published(), 10);
    let first = nats.messages("EV");
    assert_eq!(first.len(), 20);
    let restored = project.run(&["restore", "rre_a", "--from", &id, "-y", "-o", "json"]);
    let report = restored.json();
    assert_eq!(
        (&report["plan_changes"], &report["plan_changes_then"]),
        (&json!(0), &json!(0)),
        "{restored:?}"
    );
    assert_eq!(server.value("rre_a", held), privileges);
    assert!(privileges.contains("rre_a_relay=w/") && privileges.contains("rre_a_relay=r/"), "{privileges}");
    project.run(&["plan", "--check"]).expect(0);
    let isolation = project.run(&["verify-isolation", "-o", "json"]).json();
    let findings = isolation["findings"].as_array().unwrap();
    assert!(findings.iter().all(|one| one["role"] != "rre_a_relay"), "{isolation:#}");
    if admin == Admin::Super {
        assert_eq!(isolation["summary"]["breaches"], 0, "{isolation:#}");
        project.run(&["verify-isolation"]).expect(0);
    }
    let password = project.password("rre_a_relay");
    let item = server.sql_as("rre_a_relay", &password, "rre_a", "SELECT * FROM item");
    assert_eq!(item.unwrap_err(), "42501");
    assert_eq!(project.json(&["relay", "status"], 0)["services"][0]["pending"], 6);
    assert_eq!((published(), pending(&server, "rre_a")), (json!(6), 0));

    // They come a second time with the same id and payload; the four are with the broker, and no longer in the outbox.
    let all = nats.messages("EV");
    assert_eq!(all.len(), 26);
    let known: BTreeMap<_, _> = first.iter().map(|one| (&one.headers["ce-id"], &one.data)).collect();
    assert!(all[20..].iter().all(|one| known.get(&one.headers["ce-id"]) == Some(&&one.data)));
    assert_eq!(server.value("rre_a", "SELECT count(*)::text FROM rre_a_outbox"), "16");
});
