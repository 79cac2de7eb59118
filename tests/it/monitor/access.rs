//! Access to the metrics.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::monitored;
use super::served::{Served, ask};
use crate::support::{Admin, Project, Server, until};

fn private(project: &Project, name: &str, text: &str) {
    project.write(name, text);
    let path = project.path().join(name);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_listener_for_other_machines_requires_tls_and_a_password() {
    let server = Server::start();
    let project = monitored(&server, Admin::Super, "mot");
    let done = project.run(&["monitor", "--listen", "0.0.0.0:0"]).expect(2);
    assert!(done.stderr.contains("other machines") && done.stderr.contains("--users"), "{}", done.stderr);
    private(&project, "users", "prometheus:correct horse\n");
    project.run(&["monitor", "--listen", "0.0.0.0:0", "--users", "users"]).expect(2);
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    project.write("tls.crt", &certified.cert.pem());
    let key = certified.signing_key.serialize_pem();
    project.write("tls.key", &key);
    let tls = ["--tls-certificate", "tls.crt", "--tls-key", "tls.key", "--users", "users"];
    std::fs::set_permissions(project.path().join("tls.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let done = project.run(&[&["monitor"][..], &tls].concat()).expect(2);
    assert!(done.stderr.contains("can be read by others"), "{}", done.stderr);
    private(&project, "tls.key", &key);

    let never = ["--isolation-every", "never", "--drift-every", "never", "--migrations-every", "never"];
    let served = Served::start(&project, &[&tls[..], &never].concat());
    let connect = || served.tls(certified.cert.der());
    let with = |pair: &str| format!("Authorization: Basic {}\r\n", BASE64_STANDARD.encode(pair));
    let answer = ask(connect(), "localhost", "/metrics", "");
    assert_eq!(answer.status, 401);
    assert!(answer.head.contains("www-authenticate: basic"), "{}", answer.head);
    assert_eq!(ask(connect(), "localhost", "/metrics", &with("prometheus:correct")).status, 401);
    assert_eq!(ask(connect(), "localhost", "/", "").status, 401, "the page");
    assert_eq!(ask(connect(), "localhost", "/", &with("prometheus:correct horse")).status, 200);
    let answer = ask(connect(), "localhost", "/metrics", &with("prometheus:correct horse"));
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("martydb_up"), "{}", answer.body);
    // A path that reveals nothing needs no password.
    assert_eq!(ask(connect(), "localhost", "/live", "").status, 200);
    assert!(!served.said().contains("horse"), "{}", served.said());
}

#[test]
fn requests_on_loopback_with_another_host_name_are_refused() {
    let server = Server::start();
    let project = monitored(&server, Admin::Super, "mod");
    let served = Served::start(&project, &["--isolation-every", "never"]);
    let connect = || TcpStream::connect(&served.address).unwrap();
    for (host, status) in [("rebound.example", 421), ("localhost.rebound.example:80", 421), ("[::1]:80", 200)]
    {
        let answer = ask(connect(), host, "/metrics", "");
        assert_eq!((answer.status, answer.body.contains("martydb_up")), (status, status == 200), "{host}");
    }
}

#[test]
fn silent_connections_time_out_and_free_their_places() {
    let server = Server::start();
    let project = monitored(&server, Admin::Super, "mos");
    let never = ["--isolation-every", "never", "--drift-every", "never", "--migrations-every", "never"];
    let served = Served::start(&project, &never);
    let connect = || TcpStream::connect(&served.address).unwrap();
    let mut silent: Vec<TcpStream> = (0..300).map(|_| connect()).collect();
    // One speaks HTTP/2, which has no limit on silence.
    silent[0].write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    until("it answers again", || {
        let mut stream = connect();
        stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        let sent = stream.write_all(b"GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let mut answer = String::new();
        let _closed = stream.read_to_string(&mut answer);
        sent.is_ok() && answer.ends_with("live\n")
    });
    until("the silent ones are closed", || {
        silent.retain_mut(|stream| {
            stream.set_nonblocking(true).unwrap();
            let end = stream.read(&mut [0; 1024]);
            end.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
        });
        silent.is_empty()
    });
    // A client that has connected before is refused too.
    let mut idle = connect();
    idle.write_all(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    idle.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut answer = String::new();
    idle.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("live\n"), "{answer}");
}

#[test]
fn the_monitor_is_live_at_once_and_ready_after_every_server_answered() {
    let server = Server::start();
    let project = monitored(&server, Admin::Super, "mor");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let served = Served::start(&project, &["--isolation-every", "never"]);
    let live = served.get("/live", "");
    assert_eq!((live.status, live.body.as_str()), (200, "live\n"));
    served.scrape();
    let ready = served.get("/ready", "");
    assert_eq!((ready.status, ready.body.as_str()), (200, "ready\n"));
    assert_eq!(served.get("/nothing", "").status, 404);
    let plain = served.get("/metrics", "");
    assert!(plain.head.contains("text/plain; version=0.0.4"), "{}", plain.head);
    assert!(plain.body.contains("# TYPE martydb_rows_total counter"), "{}", plain.body);
}

#[test]
fn a_port_that_is_taken_is_an_error_with_a_hint() {
    let server = Server::start();
    let project = monitored(&server, Admin::Super, "mou");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let done = project.run(&["monitor", "--listen", &address]).expect(1);
    assert!(done.stderr.contains("--listen"), "{}", done.stderr);
    let done = project.run(&["monitor", "--isolation-every", "soon"]).expect(2);
    assert!(done.stderr.contains("never"), "{}", done.stderr);
}
