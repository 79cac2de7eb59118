//! An answer to COMMIT that is lost: the outcome is unknown, and a key settles it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::spawn;

use super::{DataService, key, project};
use crate::support::{Admin, Server};

/// A proxy that breaks a connection once, when the server has committed and before the client knows.
struct LosingProxy {
    port: u16,
    armed: Arc<AtomicBool>,
}

impl LosingProxy {
    fn to(server: u16) -> LosingProxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = LosingProxy { port: listener.local_addr().unwrap().port(), armed: Arc::default() };
        let armed = proxy.armed.clone();
        spawn(move || {
            for client in listener.incoming() {
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                pass(client.unwrap(), server, armed.clone());
            }
        });
        proxy
    }
}

fn pass(mut client: TcpStream, mut server: TcpStream, armed: Arc<AtomicBool>) {
    let (mut to_server, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let loses = Arc::new(AtomicBool::new(false));
    let lost = loses.clone();
    spawn(move || {
        forward(&mut client, &mut to_server, |sent| {
            // A message Query with its text: nothing else is on the way. It is the last of a write in one statement, too.
            let ends = |end: &[u8]| sent.windows(end.len()).any(|text| text == end);
            if (ends(b"COMMIT\0") || ends(b"DISCARD SEQUENCES\0")) && armed.swap(false, SeqCst) {
                loses.store(true, SeqCst);
            }
            true
        });
    });
    spawn(move || forward(&mut server, &mut to_client, |_| !lost.load(SeqCst)));
}

fn forward(from: &mut TcpStream, to: &mut TcpStream, goes_on: impl Fn(&[u8]) -> bool) {
    let mut buffer = [0; 8192];
    while let Ok(number @ 1..) = from.read(&mut buffer) {
        if !goes_on(&buffer[..number]) || to.write_all(&buffer[..number]).is_err() {
            break;
        }
    }
    for end in [from, to] {
        let _gone = end.shutdown(Shutdown::Both);
    }
}

#[test]
fn a_key_resolves_a_commit_whose_answer_was_lost() {
    let server = Server::start();
    let project = project(&server, Admin::Super, "sru", "{}");
    let writer = key(&project, "writer");
    let proxy = LosingProxy::to(server.port);
    let manifest = project.read("martydb.yaml");
    project.write("martydb.yaml", &manifest.replace(&server.port.to_string(), &proxy.port.to_string()));
    let service = DataService::start(&project);
    let ask = |path: &str, headers: &[(&str, &str)], body: &str| {
        service.ask("POST", &format!("/sru_a/{path}"), Some(&writer), headers, body)
    };
    let rows =
        || server.value("sru_a", "SELECT coalesce(string_agg(name, ',' ORDER BY id), '') FROM customer");
    let with_key = [("Idempotency-Key", "once"), ("Prefer", "return=representation")];
    let batch = r#"{"operations":[{"op":"insert","collection":"customer","values":{"name":"c"}}]}"#;
    for (path, headers, body, expected) in [
        ("rest/customer", &[][..], r#"{"name":"a"}"#, "a"),
        ("rest/customer", &with_key[..], r#"{"name":"b"}"#, "a,b"),
        ("api/db/transaction", &[][..], batch, "a,b,c"),
    ] {
        proxy.armed.store(true, SeqCst);
        let answer = ask(path, headers, body);
        assert_eq!((answer.status, &answer.json()["code"]), (504, &"MDB008".into()), "{path}");
        assert_eq!(rows(), expected);
    }
    let again = ask("rest/customer", &with_key, r#"{"name":"b"}"#);
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")), "{}", again.body);
    assert_eq!((again.json()[0]["name"].as_str(), rows().as_str()), (Some("b"), "a,b,c"));
    // A row of the audit for each, and none for the repetition.
    assert_eq!(server.value("sru_a", "SELECT count(*)::text FROM martydb_serve.audit"), "3");
}
