//! Requests that the data service would refuse itself, by callers that it takes for writers: the database refuses them.

use std::sync::Arc;
use std::time::Duration;

use martydb_pg::server::{Endpoint, Host, Tls, TlsMode};
use martydb_serve::{
    CallerRight, CallerShare, Callers, ExposedFunctions, LoginTarget, RestRequest, ServeCaller,
    ServedDatabase, ServedExposure, ServedService, ServerConnector, digest, respond,
};
use tokio::runtime::Runtime;

use super::project;
use crate::support::{Admin, Project, Server};

const OWNERS: &str =
    "CREATE FUNCTION empty() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM invoice';\n";

/// A service in this process, whose callers may write as far as it knows.
struct Unchecked<'a> {
    runtime: Runtime,
    service: Arc<ServedService>,
    book: Callers,
    server: &'a Server,
}

impl Unchecked<'_> {
    /// Serves a database with the logins of a service.
    fn new<'a>(project: &Project, server: &'a Server, database: &str, logins: &str) -> Unchecked<'a> {
        let (host, port) = (Host::Tcp("127.0.0.1".into()), server.port);
        let tls = Tls { mode: TlsMode::Disable, ..Tls::default() };
        let connector = ServerConnector::new(&Endpoint { host, port, tls }).unwrap();
        let target = |role: String, reads_only: bool| LoginTarget {
            connector: connector.clone(),
            database: database.to_owned(),
            password: Some(project.password(&role).into()),
            role,
            schemas: vec!["public".into()],
            timeout: Duration::from_secs(5),
            reads_only,
            connections: 2,
            wait: Duration::from_secs(5),
            breaker: Arc::default(),
            renewals: Arc::default(),
            is_own: false,
        };
        let exposure = ServedExposure {
            schemas: vec!["public".into()],
            functions: ExposedFunctions::All,
            ..ServedExposure::default()
        };
        let reader = format!("{logins}_serve_ro");
        let served = ServedDatabase {
            name: "shop".into(),
            server: "main".into(),
            exposure,
            read: target(reader.clone(), true),
            write: target(format!("{logins}_serve"), false),
            further: vec![target(reader.clone(), true)],
            monitor: None,
            replicas: vec![],
        };
        let mut book = Callers::default();
        // The process takes both for writers: only its login makes the reader one.
        for (name, login) in [("reader", Some(reader)), ("writer", None)] {
            let (service, name, right) = ("shop".to_owned(), name.to_owned(), CallerRight::Write);
            let key = digest(&name);
            book.add(
                ServeCaller {
                    name,
                    service,
                    right,
                    login,
                    rate: None,
                    cost: None,
                    share: CallerShare::default(),
                },
                [key],
            );
        }
        let runtime = Runtime::new().unwrap();
        let service = Arc::new(runtime.block_on(async { ServedService::new(served) }).unwrap());
        Unchecked { runtime, service, book, server }
    }

    fn status(&self, caller: &str, method: &str, path: &str, body: &str) -> u16 {
        let caller = self.book.of_request(Some(&format!("Bearer {caller}")), None, "shop", 0.0).unwrap();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = RestRequest {
            method: method.into(),
            base: "/shop/rest".into(),
            path: path.into(),
            query: query.into(),
            headers: vec![
                ("content-type".into(), "application/json".into()),
                ("prefer".into(), "return=representation".into()),
            ],
            body: body.into(),
        };
        let answer = self.runtime.block_on(respond(&self.service, &caller, &request));
        answer.map_or_else(|fault| fault.status, |answer| answer.status)
    }

    fn refuses(&self, caller: &str, requests: &[(&str, &str, &str)]) {
        let rows = || self.server.value("srz_a", "SELECT string_agg(c::text, ',') FROM customer c");
        let before = rows();
        for (method, path, body) in requests {
            let status = self.status(caller, method, path, body);
            assert!([403, 405].contains(&status), "{caller} {method} {path}: {status}");
        }
        assert_eq!(rows(), before);
    }
}

#[test]
fn the_database_refuses_unchecked_requests() {
    let server = Server::start();
    let project = project(&server, Admin::Super, "srz", "{}");
    project.write("srz_a/migrations/V2__owners.sql", OWNERS);
    project.write("srz_a/migrations/V2__owners.down.sql", "DROP FUNCTION empty();\n");
    project.run(&["upgrade", "--all"]).expect(0);
    server.sql("srz_a", "INSERT INTO customer (id, name) VALUES (1, 'Ada'); INSERT INTO invoice (customer_id, cents) VALUES (1, 5)");
    let shop = Unchecked::new(&project, &server, "srz_a", "srz_a");
    assert_eq!(shop.status("reader", "GET", "customer?select=name,invoice(cents)", ""), 200);
    assert_eq!(shop.status("writer", "PATCH", "customer?id=eq.1", r#"{"name":"Ada"}"#), 200);

    // A write by a caller that reads, and a function that it may not execute.
    let add = r#"{"name":"Bob"}"#;
    shop.refuses(
        "reader",
        &[
            ("POST", "customer", add),
            ("PATCH", "customer?id=eq.1", add),
            ("PUT", "customer?id=eq.1", r#"{"id":1,"name":"Bob"}"#),
            ("DELETE", "customer?id=eq.1", ""),
            ("POST", "rpc/empty", "{}"),
        ],
    );
    // A function of the owner whose EXECUTE the service took back.
    server.sql("srz_a", "REVOKE EXECUTE ON FUNCTION empty() FROM srz_a_app, srz_a_serve");
    shop.refuses("writer", &[("POST", "rpc/empty", "{}")]);
    // A column without a privilege: selected, filtered, ordered, embedded, returned.
    server.sql("srz_a", "REVOKE SELECT ON customer FROM srz_a_serve_ro, srz_a_serve; GRANT SELECT (id) ON customer TO srz_a_serve_ro, srz_a_serve");
    assert_eq!(shop.status("reader", "GET", "customer?select=id", ""), 200);
    shop.refuses(
        "reader",
        &[
            ("GET", "customer?select=name", ""),
            ("GET", "customer?select=id&name=eq.Ada", ""),
            ("GET", "customer?select=id&order=name", ""),
            ("GET", "invoice?select=customer(name)", ""),
        ],
    );
    shop.refuses("writer", &[("POST", "customer?select=id,name", add)]);
    // Every privilege is gone.
    server.sql("srz_a", "REVOKE ALL ON customer, invoice FROM srz_a_serve_ro, srz_a_serve");
    for caller in ["reader", "writer"] {
        shop.refuses(caller, &[("GET", "customer?select=id", ""), ("GET", "invoice", "")]);
    }
    shop.refuses("writer", &[("POST", "customer", add), ("DELETE", "customer?id=eq.1", "")]);
    assert_eq!(server.value("srz_a", "SELECT count(*)::text FROM invoice"), "1");

    // A service that is mapped to another one's logins by hand.
    let mapped = Unchecked::new(&project, &server, "srz_b", "srz_a");
    for caller in ["reader", "writer"] {
        assert_eq!(mapped.status(caller, "GET", "customer", ""), 403, "{caller}: CONNECT is refused");
    }
    let sessions =
        "SELECT count(*)::text FROM pg_stat_activity WHERE usename LIKE 'srz\\_a%' AND datname = 'srz_b'";
    assert_eq!(server.value("postgres", sessions), "0");
}
