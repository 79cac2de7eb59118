//! A Redis server whose machine accepts connections and never answers.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::provisioned;
use crate::support::{Redis, Server};

#[test]
fn a_silent_server_costs_the_time_to_connect_once() {
    let Some(redis) = Redis::managed() else { return };
    let server = Server::start();
    let made = provisioned(&server, &redis);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = |port: u16| format!("127.0.0.1:{port}\"");
    let silent = port(silent.local_addr().unwrap().port());
    let healthy = made.read("martydb.yaml");
    for arguments in [&["plan"][..], &["test-connections"], &["verify-isolation"]] {
        made.write("martydb.yaml", &healthy);
        let begun = Instant::now();
        let _done = made.run(arguments);
        let usual = begun.elapsed();
        made.write("martydb.yaml", &healthy.replace(&port(redis.port), &silent));
        let begun = Instant::now();
        let done = made.run(&[arguments, &["--connect-timeout", "2s"]].concat());
        let (said, spent) = (done.said(), begun.elapsed());
        assert!(said.contains("no answer within 2 s"), "{arguments:?}: {said}");
        // Each of four users would cost 2 s, and before there was a limit it was 20 s.
        assert!(spent < usual * 2 + Duration::from_secs(6), "{arguments:?}: {spent:?}, {usual:?}: {said}");
        assert_ne!(done.code, Some(0), "{arguments:?}: {said}");
    }
}
