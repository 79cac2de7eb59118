//! Reports made by hand, with one text wherever a text from outside can be.

use serde_json::{Value, json};

use martydb_report::values::ReportValues;

pub(crate) struct Sample<'a> {
    pub services: usize,
    /// Text in all places.
    pub text: &'a str,
    /// Events of each service.
    pub events: usize,
    /// `true` if a login gets in where it must not.
    pub breach: bool,
}

impl Default for Sample<'_> {
    fn default() -> Self {
        Sample { services: 4, text: "", events: 2, breach: false }
    }
}

pub(crate) fn report(sample: &Sample<'_>) -> ReportValues {
    let names: Vec<String> = (0..sample.services).map(|number| format!("service_{number:03}")).collect();
    let text = sample.text;
    let json = json!({
        "format_version": 1,
        "made_at": "2026-03-01T12:00:00Z",
        "proven_at": "2026-03-01T12:00:00Z",
        "martydb": text,
        "commit": text,
        "manifest_sha256": "00",
        "project": text,
        "environment": text,
        "servers": [{ "server": "main", "at": null, "examined": true, "databases": names },
            { "server": "main", "at": text, "examined": true, "databases": [names[0], text] }],
        "services": names.iter().enumerate().map(|(at, name)| service(at, name, text)).collect::<Vec<_>>(),
        "replicas": [{ "server": "main", "name": text, "role": "read", "state": text, "lag_bytes": 7, "lag_ms": 1200, "max_lag_ms": 1000,
            "late": true, "in_words": text, "error": null }],
        "redis": [{ "service": names[0], "server": text, "prefix": text }],
        "isolation": isolation(sample, &names),
        "access": [{ "server": text, "service": text, "role": text, "kind": "login", "level": text, "extent": text,
            "expired": true, "reason": text }],
        "history": names.iter().map(|name| history(name, sample)).collect::<Vec<_>>(),
        "skipped": [{ "what": text, "why": text, "grant": text }],
    });
    ReportValues::new(json).unwrap()
}

fn service(at: usize, name: &str, text: &str) -> Value {
    let error =
        json!({ "kind": "unreachable", "exit_code": 5, "message": text, "causes": [text], "hints": [text] });
    json!({
        "service": name, "server": "main", "database": name, "state": if at == 1 { "drifted" } else { "up_to_date" },
        "schema": if at == 1 { "drifted" } else { "unknown" },
        "schema_drift": if at == 1 { json!([{ "object": text, "change": text, "since": text }]) } else { json!([]) },
        "current": 7, "latest": 8, "pending": [{ "version": 8, "name": text }], "repeatable_pending": [],
        "size_bytes": 8_000_000 + at, "connections": at, "divergences": [], "foreign": [], "unfinished": [], "running": null,
        "last_event": event(1, text), "problems": [],
        "error": if at == 0 { error } else { Value::Null },
        "backup": { "count": 1, "id": null, "taken_at": "2026-02-28T02:00:00Z", "size_bytes": 4, "verified_at": null },
    })
}

fn event(number: usize, text: &str) -> Value {
    json!({
        "at": format!("2026-01-{:02}T08:30:00.123Z", number + 1), "action": "upgrade", "version": number, "name": text,
        "checksum": "1234567890", "duration_ms": 12 + number, "by": text, "outcome": "ok", "role": "service_migrator",
        "tool": "martydb 0.1.0", "attempts": 1, "error": null, "note": text,
    })
}

fn history(name: &str, sample: &Sample<'_>) -> Value {
    let events: Vec<Value> = (0..sample.events).map(|number| event(number, sample.text)).collect();
    json!({ "service": name, "events": events, "error": null })
}

fn isolation(sample: &Sample<'_>, names: &[String]) -> Value {
    let (text, count) = (sample.text, names.len());
    let cell = |outcome: &str| {
        json!({ "service": names[1], "role": "service_001_app", "server": "main", "at": null, "database": names[0], "outcome": outcome,
            "sqlstate": null, "why": text, "way": text })
    };
    let finding = |reason: Option<&str>| {
        let evidence = format!("service_001_app: {text} → {text}");
        json!({ "id": "breach-connect", "severity": "critical", "kind": "audit", "service": names[0], "role": text, "server": "main",
            "at": text, "database": names[0], "object": text, "evidence": evidence, "fix": format!("REVOKE;\n{text}"), "reason": reason })
    };
    let once = |value: Value| if sample.breach { vec![value] } else { vec![] };
    let breach = json!({ "service": names[1], "server": "main", "at": null, "database": names[0], "own": false, "denied": 2, "allowed": 0,
        "breach": 1, "inconclusive": 0, "inferred": 0 });
    let at_replica = json!({ "service": names[0], "server": "main", "at": text, "database": names[0], "own": true, "denied": 0,
        "allowed": 3, "breach": 0, "inconclusive": 0, "inferred": 0 });
    json!({
        "summary": { "services": count, "logins": 3 * count, "probes": 3 * count * count, "passed": 3 * count * count,
            "breaches": u8::from(sample.breach), "inconclusive": 0, "extent": "full", "pairs": 3 * count * count,
            "tried": 3 * count * count },
        "matrix": once(cell("breach")),
        "matrix_counts": names.iter().flat_map(|name| counts(name)).chain(once(breach)).chain([at_replica]).collect::<Vec<_>>(),
        "trials": [cell("inconclusive")],
        "findings": once(finding(None)),
        "accepted": [finding(Some(text))],
        "limits": [], "not_examined": [{ "what": text, "why": text, "grant": text }], "unread": [], "changes": [],
        "errors": [],
    })
}

fn counts(name: &str) -> [Value; 2] {
    let row = |database: Option<&str>, own: bool| {
        json!({ "service": name, "server": "main", "at": null, "database": database, "own": own, "denied": 3 * u8::from(!own),
            "allowed": 3 * u8::from(own), "breach": 0, "inconclusive": 0, "inferred": 0 })
    };
    [row(Some(name), true), row(None, false)]
}
