//! Servers that are reached, kept or set up in another way, and a run that is killed before it saved.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use super::{project, provisioned, url};
use crate::support::{Authority, MANAGED, OPS, Redis, Server};

const ALLOW: &str = "allow: [{ finding: redis-shared-memory, reason: test }]\n";

#[test]
fn a_tls_server_is_used_only_with_a_verified_certificate() {
    let server = Server::start();
    let project = project(&server, "redis://nowhere", ALLOW);
    let manifest = project.read("martydb.yaml");
    let (authority, other) = (Authority::new(&project, "ca"), Authority::new(&project, "other"));
    authority.sign_into(project.path(), "localhost", 2100);
    let file = |name: &str| project.path().join(name).display().to_string();
    let (certificate, key) = (file("server.crt"), file("server.key"));
    let tls =
        ["--port", "0", "--tls-port", "{port}", "--tls-auth-clients", "no", "--aclfile", "acl/users.acl"];
    let files = ["--tls-cert-file", &certificate, "--tls-key-file", &key];
    let Some(redis) = Redis::with(MANAGED, &[&tls[..], &files].concat()) else { return };
    let reach = |scheme: &str, rest: &str| {
        let address = format!("{scheme}://{}:{}@localhost:{}{rest}", OPS.0, OPS.1, redis.port);
        project.write("martydb.yaml", &manifest.replace("redis://nowhere", &address));
    };
    for (scheme, rest) in [("rediss", "?sslrootcert=other.crt"), ("rediss", ""), ("redis", "")] {
        reach(scheme, rest);
        let said = project.run(&["plan"]).expect(5).said();
        assert!(said.contains("the Redis server \"cache\"") && !said.contains(OPS.1), "{said}");
    }
    reach("rediss", "?sslrootcert=ca.crt");
    assert!(authority.file.exists() && other.file.exists());
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    project.run(&["verify-isolation"]).expect(0);
    let rows = project.json(&["test-connections", "alpha"], 0);
    let row = rows["connections"].as_array().unwrap().iter().find(|row| row["server"] == "cache").unwrap();
    assert_eq!(row["tls"], true);
    assert!(url(&project, "alpha", "app").starts_with("rediss://alpha_app:"));
}

#[test]
fn without_an_aclfile_the_users_are_kept_in_the_configuration() {
    let kept = ["redis.conf", "--port", "{port}", "--save", ""];
    let Some(mut redis) = Redis::with(MANAGED, &kept) else { return };
    let server = Server::start();
    let project = provisioned(&server, &redis);
    let app = url(&project, "alpha", "app");
    redis.kill();
    redis.launch();
    project.run(&["plan", "--check"]).expect(0);
    assert!(redis.client(&app, &["SET", "alpha:k", "1"]).starts_with("OK"));
    project.run(&["rotate", "--redis", "-s", "alpha"]).expect(0);
    project.run(&["rotate", "--redis", "-s", "alpha", "--finish"]).expect(0);
    redis.kill();
    redis.launch();
    assert!(redis.client(&app, &["PING"]).contains("WRONGPASS"));
    assert!(redis.client(&url(&project, "alpha", "app"), &["PING"]).contains("PONG"));
    project.run(&["plan", "--check"]).expect(0);
}

#[test]
fn a_cluster_a_sentinel_and_a_replica_are_refused() {
    let users = ["--port", "{port}", "--save", "", "--aclfile", "acl/users.acl"];
    let cluster = [&users[..], &["--cluster-enabled", "yes"]].concat();
    let replica = [&users[..], &["--replicaof", "127.0.0.1 1"]].concat();
    let sentinel = ["redis.conf", "--sentinel", "--port", "{port}"];
    let server = Server::start();
    for (arguments, reported) in [
        (&cluster[..], "is a node of a Redis Cluster"),
        (&replica[..], "is a replica"),
        (&sentinel[..], "is a Redis Sentinel"),
    ] {
        let Some(redis) = Redis::with(MANAGED, arguments) else { return };
        let project = project(&server, &redis.url_of(OPS.0, OPS.1), "");
        let said = project.run(&["plan"]).expect(2).said();
        assert!(said.contains(reported), "{said}");
        assert!(!redis.client(&redis.url_of(OPS.0, OPS.1), &["ACL", "USERS"]).contains("alpha"));
    }
}

/// Forwards connections to a server until a client sends `stop`; then it ends the client's process.
fn killing_proxy(to: u16, stop: &'static [u8], client: Arc<Mutex<Option<u32>>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for accepted in listener.incoming() {
            let (Ok(mut from), Ok(mut server)) = (accepted, TcpStream::connect(("127.0.0.1", to))) else {
                return;
            };
            let (mut back, mut answers) = (from.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut answers, &mut back));
            let client = Arc::clone(&client);
            std::thread::spawn(move || {
                let mut buffer = [0; 65536];
                while let Ok(read @ 1..) = from.read(&mut buffer) {
                    let sent = &buffer[..read];
                    if sent.windows(stop.len()).any(|window| window == stop) {
                        let id = client.lock().unwrap().take().expect("it runs").to_string();
                        std::process::Command::new("kill").args(["-9", &id]).status().unwrap();
                        return;
                    }
                    if server.write_all(sent).is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

#[test]
fn a_run_killed_before_saving_shows_in_the_next_plan() {
    let Some(mut redis) = Redis::managed() else { return };
    let server = Server::start();
    let address = redis.url_of(OPS.0, OPS.1);
    let project = project(&server, &address, ALLOW);
    let manifest = project.read("martydb.yaml");
    let id = Arc::new(Mutex::new(None));
    let port = killing_proxy(redis.port, b"SAVE", Arc::clone(&id));
    let through = manifest.replace(&format!("127.0.0.1:{}", redis.port), &format!("127.0.0.1:{port}"));
    project.write("martydb.yaml", &through);
    let mut command = project.command(&["apply", "--all", "-y"]);
    let mut locked = id.lock().unwrap();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    *locked = Some(child.id());
    drop(locked);
    assert_eq!(child.wait().unwrap().code(), None, "a signal ended it");
    project.write("martydb.yaml", &manifest);
    assert!(redis.ops(&["ACL", "USERS"]).contains("alpha_app"), "it was changed");
    let said = project.run(&["plan", "--check"]).expect(3).said();
    assert!(said.contains("before it saved the users"), "{said}");
    // A restart loses what was not saved; a second run makes it.
    redis.kill();
    redis.launch();
    assert!(!redis.ops(&["ACL", "USERS"]).contains("alpha_app"));
    project.run(&["apply", "--all", "-y"]).expect(0);
    redis.kill();
    redis.launch();
    project.run(&["plan", "--check"]).expect(0);
    project.run(&["verify-isolation"]).expect(0);
}
