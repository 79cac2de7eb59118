//! PgBouncer started with what is rendered: each login enters where the manifest lets it, and nowhere else.

use crate::support::{Done, Pooler, Project, Server, free_port, psql};

/// A login that files, settings and shells would take for something else.
const ODD: &str = "pb b's é;# all";

const ODD_DATABASE: &str = "Pb-b.1";

fn manifest(server: &Server, port: u16) -> String {
    format!(
        "version: 1\nproject: pb\ndeploy: {{ pooler: {{ mode: transaction, port: {port} }} }}\nservers:\n  main: {{ url: '{}' }}\n\
         services:\n  pb_a: {{ access: {{ pb_x: {{ login: true, read: [pb_a], reason: test }} }} }}\n  pb_b: {{ database: {ODD_DATABASE}, roles: {{ app: \"{ODD}\" }} }}\n",
        server.url()
    )
}

fn enter(project: &Project, port: u16, login: &str, database: &str) -> Done {
    let mut command = std::process::Command::new(psql());
    let database = database.replace('\\', "\\\\").replace('\'', "\\'");
    let quoted = login.replace('\'', "\\'");
    let to = format!("host=127.0.0.1 port={port} user='{quoted}' dbname='{database}' sslmode=disable");
    command.args(["-XAtc", "SELECT session_user || ' in ' || current_database()", &to]);
    project.finish({
        command.env("PGPASSWORD", project.password(login));
        command
    })
}

#[test]
fn a_rendered_pooler_admits_each_login_to_its_own_database() {
    let server = Server::start();
    let port = free_port();
    let project = Project::with_manifest(&manifest(&server, port));
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["rotate", "--service", "pb_b", "--role", "app", "--overlap"]).expect(0);
    project.run(&["secrets", "export", "--format", "pgbouncer", "--values", "--out", "pooler.txt"]).expect(0);
    project.run(&["render", "pgbouncer", "--out", "pooler"]).expect(0);
    let read = |name: &str| project.read(&format!("pooler/{name}"));
    let files = [
        ("userlist.txt", project.read("pooler.txt")),
        ("pgbouncer_hba.conf", read("pgbouncer_hba.conf")),
        ("pgbouncer.ini", read("pgbouncer.ini")),
    ];
    let _pooler = Pooler::with_files(&files, "/etc/pgbouncer", port);

    for (login, database) in [
        ("pb_a_app", "pb_a"),
        ("pb_a_ro", "pb_a"),
        ("pb_x", "pb_a"),
        (&format!("{ODD}_b"), ODD_DATABASE),
        ("pb_b_ro", ODD_DATABASE),
    ] {
        let done = enter(&project, port, login, database).expect(0);
        assert_eq!(done.stdout.trim(), format!("{login} in {database}"));
    }
    // The pooler refuses logins that the server would admit and the manifest does not declare.
    server.sql("postgres", &format!("GRANT CONNECT ON DATABASE \"{ODD_DATABASE}\" TO pb_a_app, pb_x"));
    enter(&project, server.port, "pb_a_app", ODD_DATABASE).expect(0);
    for (login, database) in [
        ("pb_a_app", ODD_DATABASE),
        ("pb_x", ODD_DATABASE),
        ("pb_a_migrator", "pb_a"),
        ("pb_a_app", "postgres"),
        ("pb_a_app", "template1"),
        // Its console.
        ("pb_a_app", "pgbouncer"),
    ] {
        let refused = enter(&project, port, login, database).expect(2);
        let why = if database == "pgbouncer" { "FATAL:  not allowed" } else { "FATAL:  login rejected" };
        assert!(refused.stderr.contains(why), "{login} in {database}: {}", refused.stderr);
    }
}

/// Services on two servers.
const TWO_SERVERS: &str = "version: 1
project: pt
servers:
  one: { url: 'postgresql://db-one/postgres?sslmode=verify-full&sslrootcert=/ca.pem', password_env: A }
  two: { url: 'postgresql://db-two:5433/postgres?sslmode=verify-full&sslrootcert=/ca.pem', password_env: B }
services:
  pt_a: { server: one, connection_limit: { app: 5 } }
  pt_b: { server: two }
";

/// A project whose two servers have different TLS settings and databases of one name.
fn differing() -> Project {
    let text = TWO_SERVERS
        .replace("5433/postgres?sslmode=verify-full", "5433/postgres?sslmode=require")
        .replace("pt_b: { server: two", "pt_b: { server: two, database: pt_a");
    Project::with_manifest(&text)
}

#[test]
fn one_pooler_serves_several_servers_of_equal_settings() {
    let ini = Project::with_manifest(TWO_SERVERS).run(&["render", "pgbouncer"]).expect(0).stdout;
    for line in [
        "pt_a = host='db-one' port=5432 dbname='pt_a' pool_size=5\n",
        "pt_b = host='db-two' port=5433 dbname='pt_b' pool_size=10\n",
        "server_tls_sslmode = verify-full\nserver_tls_ca_file = /ca.pem\n",
        "listen_addr = 127.0.0.1\nlisten_port = 6432\n",
        // Five and ten of the first service, fifty and ten of the second: below PgBouncer's default, which counts then.
        "max_client_conn = 100\n",
        "pool_mode = session\n",
    ] {
        assert!(ini.contains(line), "{line}{ini}");
    }
    assert!(!ini.contains("\n* ") && !ini.contains("trust"), "{ini}");
}

#[test]
fn settings_that_one_pooler_cannot_have_for_two_servers_are_refused() {
    for (from, to, expected) in [
        ("5433/postgres?sslmode=verify-full", "5433/postgres?sslmode=require", "differ in TLS"),
        (
            "5433/postgres?sslmode=verify-full&sslrootcert=/ca.pem",
            "5433/postgres?channel_binding=require",
            "requires channel binding, which PgBouncer does not have",
        ),
        (
            "pt_b: { server: two",
            "pt_b: { server: two, database: pt_a",
            "two servers have a database \"pt_a\"",
        ),
        ("pt_b: { server: two", "pt_b: { server: two, database: pgbouncer", "hide PgBouncer's console"),
        ("pt_b: { server: two", "pt_b: { server: two, database: 'a b'", "is not a valid database name"),
        ("pt_b: { server: two", "pt_b: { server: two, roles: { app: 'a\"b' }", "cannot contain the name"),
        ("db-two:5433/", "db-two:5433,db-three:5433/", "several hosts"),
    ] {
        let refused =
            Project::with_manifest(&TWO_SERVERS.replace(from, to)).run(&["render", "pgbouncer"]).expect(2);
        assert!(refused.stderr.contains(expected), "{to}: {}", refused.stderr);
    }
}

#[test]
fn servers_with_a_pooler_each_may_have_different_settings() {
    let project = differing();
    for (server, host, mode) in [("one", "db-one", "verify-full"), ("two", "db-two", "verify-ca")] {
        let ini = project.run(&["render", "pgbouncer", "--server", server]).expect(0).stdout;
        assert!(ini.starts_with(&format!("# martydb render pgbouncer --server {server}\n")), "{ini}");
        assert!(ini.contains(&format!("server_tls_sslmode = {mode}\n")), "{ini}");
        assert_eq!(ini.matches("host='db-").count(), 1, "{ini}");
        assert!(ini.contains(&format!("pt_a = host='{host}'")), "{ini}");
    }
}

#[test]
fn only_a_pooler_is_rendered_for_one_declared_server() {
    let project = differing();
    for (arguments, expected) in [
        (["pgbouncer", "--server", "three"], "no server \"three\""),
        (["compose", "--server", "one"], "compose is not written for one server"),
    ] {
        let refused = project.run(&[&["render"][..], &arguments].concat()).expect(2);
        assert!(refused.stderr.contains(expected), "{}", refused.stderr);
    }
}

#[test]
fn a_pooler_for_other_machines_requires_tls_and_declared_networks() {
    let server = Server::start();
    let port = free_port();
    let text = |pooler: &str| {
        format!(
            "version: 1\nproject: pn\ndeploy: {{ pooler: {{ port: {port}{pooler} }} }}\nservers:\n  main: {{ url: '{}' }}\n\
             services:\n  pn_a: {{ connection_limit: {{ app: 300 }}, outbox: {{ to: {{ nats: 'nats://mq', plaintext: true }} }} }}\n",
            server.url()
        )
    };
    let here = Project::with_manifest(&text("")).run(&["render", "pgbouncer"]).expect(0).stdout;
    assert!(here.contains("max_client_conn = 310\n") && !here.contains("client_tls"), "{here}");
    assert!(here.contains(" 127.0.0.0/8 ") && !here.contains("0.0.0.0/0"), "{here}");
    // It listens for notifications, which a pooler does not pass on.
    assert!(here.contains("\"pn_a_app\"") && !here.contains("pn_a_relay"), "{here}");
    let refused = Project::with_manifest(&text(", listen: '*'")).run(&["render", "pgbouncer"]).expect(2);
    assert!(refused.stderr.contains("pooler: { networks:"), "{}", refused.stderr);

    let project = Project::with_manifest(&text(", listen: '*', networks: [127.0.0.1/32], max_clients: 40"));
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["secrets", "export", "--format", "pgbouncer", "--values", "--out", "pooler.txt"]).expect(0);
    project.run(&["render", "pgbouncer", "--out", "pooler"]).expect(0);
    let read = |name: &str| project.read(&format!("pooler/{name}"));
    assert!(read("pgbouncer.ini").contains("max_client_conn = 40\n"));
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = [
        ("userlist.txt", project.read("pooler.txt")),
        ("pgbouncer_hba.conf", read("pgbouncer_hba.conf")),
        ("pgbouncer.crt", certified.cert.pem()),
        ("pgbouncer.key", certified.signing_key.serialize_pem()),
        ("pgbouncer.ini", read("pgbouncer.ini")),
    ];
    let _pooler = Pooler::with_files(&files, "/etc/pgbouncer", port);
    let to = |host: &str, mode: &str| {
        let mut command = std::process::Command::new(psql());
        let to = format!("host={host} port={port} user=pn_a_app dbname=pn_a sslmode={mode}");
        command.args(["-XAtc", "SELECT 1", &to]).env("PGPASSWORD", project.password("pn_a_app"));
        project.finish(command)
    };
    to("127.0.0.1", "require").expect(0);
    let plain = to("127.0.0.1", "disable").expect(2);
    assert!(plain.stderr.contains("SSL required"), "{}", plain.stderr);
    to("::1", "require").expect(2);
}
