//! A server that everything uses as `default`, and the way to users of its own.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use super::{project, url};
use crate::support::{Redis, Server};

/// A client that stays connected as `default`.
struct RunningClient(BufReader<TcpStream>);

impl RunningClient {
    fn connect(redis: &Redis) -> RunningClient {
        let mut client =
            RunningClient(BufReader::new(TcpStream::connect(("127.0.0.1", redis.port)).unwrap()));
        assert_eq!(client.ask("CLIENT SETNAME legacy-worker"), "+OK");
        client
    }

    fn ask(&mut self, command: &str) -> String {
        let sent = self.0.get_mut().write_all(format!("{command}\r\n").as_bytes());
        let mut line = String::new();
        if sent.is_err() || self.0.read_line(&mut line).is_err() {
            return String::new();
        }
        line.trim().to_owned()
    }
}

#[test]
fn the_default_user_is_disabled_once_no_client_uses_it() {
    let Some(mut redis) = Redis::start("user default on nopass ~* &* +@all\n") else { return };
    let server = Server::start();
    let address = format!("redis://127.0.0.1:{}", redis.port);
    let allow = "allow: [{ finding: redis-shared-memory, reason: test }]\n";
    let project = project(&server, &address, allow);
    let mut legacy = RunningClient::connect(&redis);
    assert_eq!(legacy.ask("SET session:1 x"), "+OK");
    let plan = project.json(&["plan"], 0);
    let closing =
        plan["changes"].as_array().unwrap().iter().find(|change| change["object"] == "user default");
    let closing = closing.unwrap();
    assert_eq!(closing["risk"], "destructive");
    let reason = closing["reason"].as_str().unwrap();
    assert!(reason.contains("legacy-worker") && reason.contains("1 key outside every prefix"), "{reason}");

    let reported = project.run(&["doctor"]).expect(0).said();
    assert!(reported.contains("legacy-worker"), "{reported}");

    let said = project.run(&["apply", "--all", "-y"]).expect(0).said();
    assert!(said.contains("default stays on") && said.contains("legacy-worker"), "{said}");
    assert_eq!(legacy.ask("PING"), "+PONG");
    assert!(redis.client(&url(&project, "alpha", "app"), &["SET", "alpha:k", "1"]).starts_with("OK"));
    let said = project.run(&["verify-isolation"]).expect(4).said();
    assert!(said.contains("redis-default-user"), "{said}");
    project.run(&["plan", "--check"]).expect(3);

    assert_eq!(legacy.ask("DEL session:1"), ":1");
    drop(legacy);
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    project.run(&["verify-isolation"]).expect(0);
    assert!(redis.client(&address, &["PING"]).contains("NOAUTH"));
    redis.kill();
    redis.launch();
    project.run(&["plan", "--check"]).expect(0);
    project.run(&["verify-isolation"]).expect(0);
}

#[test]
fn clients_of_the_default_user_are_disconnected_on_request() {
    let Some(redis) = Redis::start("user default on nopass ~* &* +@all\n") else { return };
    let server = Server::start();
    let project = project(&server, &format!("redis://127.0.0.1:{}", redis.port), "");
    let mut legacy = RunningClient::connect(&redis);
    project.run(&["apply", "--all", "--close-default"]).expect(2);
    assert_eq!(legacy.ask("PING"), "+PONG");
    project.run(&["apply", "--all", "--close-default", "-y"]).expect(0);
    assert_ne!(legacy.ask("PING"), "+PONG");
    project.run(&["plan", "--check"]).expect(0);
}
