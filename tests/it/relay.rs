//! `martydb relay`: its login, what reaches the brokers, in which order, and what is never lost.

mod amqp;
mod clean;
mod consumer;
mod crash;
mod daily;
mod dead;
mod doctor;
mod effects;
mod kafka;
mod nats;
pub(crate) mod programs;
mod receiver;
mod refused;
mod replay;
mod restored;
mod role;
mod running;
mod silent;
mod tls;
mod webhook;

use crate::support::{Admin, Project, Server};

/// Two provisioned services, of which the first has an outbox with this destination.
fn project(server: &Server, admin: Admin, prefix: &str, to: &str) -> Project {
    let project = declared(server, admin, prefix, to);
    let green = if admin == Admin::Limited { 4 } else { 0 };
    project.run(&["init-all", "-y"]).expect(green);
    project
}

/// The same, not made yet.
fn declared(server: &Server, admin: Admin, prefix: &str, to: &str) -> Project {
    let project = Project::new_as(server, admin, prefix);
    let manifest = project.read("martydb.yaml");
    let outbox = format!("  {prefix}_a:\n    outbox: {{ to: {to} }}\n");
    project.write("martydb.yaml", &manifest.replace(&format!("  {prefix}_a:\n"), &outbox));
    add_template(&project, &format!("{prefix}_a"));
    project
}

pub(crate) fn add_template(project: &Project, service: &str) {
    for (kind, text) in [
        ("sql", include_str!("../../templates/outbox.sql")),
        ("down.sql", include_str!("../../templates/outbox.down.sql")),
    ] {
        let text = text.replace("{{service}}", service).replace("{{message}}", "outbox");
        project.write(&format!("{service}/migrations/V3__outbox.{kind}"), &text);
    }
}

/// Writes so many events, spread over so many aggregates; the payload counts up within each.
fn emit(server: &Server, service: &str, events: u32, aggregates: u32) {
    server.sql(
        service,
        &format!(
            "INSERT INTO {service}_outbox (aggregate_type, aggregate_id, event_type, payload, headers) \
             SELECT 'thing', (i % {aggregates})::text, 'thing.made', jsonb_build_object('n', i / {aggregates}), \
               '{{\"traceparent\": \"00-1-2-01\"}}' \
             FROM generate_series(0, {events} - 1) i"
        ),
    );
}

fn pending(server: &Server, service: &str) -> u32 {
    let sql = format!("SELECT count(*)::text FROM {service}_outbox WHERE published_at IS NULL");
    server.value(service, &sql).parse().unwrap()
}

#[test]
fn relay_status_prints_one_row_per_outbox() {
    let server = Server::start();
    let project = project(&server, Admin::Super, "rlt", "{ nats: 'nats://127.0.0.1:9', subject: x }");
    emit(&server, "rlt_a", 3, 1);
    let done = project.run(&["relay", "status", "-o", "csv"]).expect(0);
    let lines: Vec<&str> = done.stdout.lines().collect();
    assert_eq!(
        lines[0],
        "service,pending,oldest_age_ms,published,dead,rate,last_error,outcome,error.message"
    );
    assert!(lines.len() == 2 && lines[1].starts_with("rlt_a,3,"), "{lines:?}");
}
