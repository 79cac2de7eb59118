//! Every command of the server, tried by a client that is logged in as another service.

use std::io::Write;
use std::process::{Command, Stdio};

use super::{provisioned, url};
use crate::support::{Redis, Server};

/// Commands that wait, end the session, or have another number of answers, by their beginnings. `redis-cli` reads on after the last.
const LEFT_OUT: &[&str] = &[
    "auth", "bl", "brpop", "bz", "discard", "exec", "hello", "monitor", "multi", "psubscribe", "psync",
    "punsubscribe", "quit", "reset", "ssubscribe", "subscribe", "sunsubscribe", "sync", "unsubscribe",
    "wait",
];

/// Arguments that ask for names without knowing one.
const ASKING: &[&str] =
    &["", "*", "0", "0 MATCH *", "0 COUNT 1000", "alpha:k", "alpha:k *", "LIST", "ON BCAST"];

/// Arguments that name what belongs to the other.
const NAMING: &[&str] = &[
    "beta:hidden-name",
    "alpha:k beta:hidden-name",
    "beta:hidden-name alpha:k",
    "beta:hidden-name 0",
    "beta:hidden-name 0 -1",
    "1 beta:hidden-name",
    "STREAMS beta:hidden-name 0",
    "alpha:k BY beta:* GET beta:*",
    "\"return redis.call('GET', 'beta:hidden-name')\" 0",
];

/// Runs these lines as a user, one after the other.
fn batch(url: &str, lines: &str) -> String {
    let mut command = Command::new("redis-cli");
    command.args(["--no-auth-warning", "-u", url]).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (mut input, lines) = (child.stdin.take().unwrap(), format!("{lines}PING the-end\n"));
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.trim_end().ends_with("the-end"), "not all lines were tried");
    said
}

#[test]
fn server_commands_reveal_no_key_of_another_service() {
    let Some(redis) = Redis::managed() else { return };
    let server = Server::start();
    let project = provisioned(&server, &redis);
    redis.ops(&["MSET", "beta:hidden-name", "hidden-value", "alpha:k", "own"]);
    let list = redis.ops(&["COMMAND", "LIST"]);
    let all: Vec<String> = list
        .lines()
        .filter_map(|line| Some(line.split_once('"')?.1.trim_end_matches('"').replace('|', " ")))
        .filter(|name| !LEFT_OUT.iter().any(|left_out| name.starts_with(left_out)))
        .collect();
    assert!(all.len() > 200, "{}", all.len());
    let lines = |arguments: &[&str]| -> String {
        let each =
            |name: &String| arguments.iter().map(|more| format!("{name} {more}\n")).collect::<String>();
        all.iter().map(each).collect()
    };
    // `app` is the last: it writes the names that it is given into its own keys.
    for role in ["readonly", "app"] {
        let user = url(&project, "alpha", role);
        let query = batch(&user, &lines(ASKING));
        assert!(query.lines().count() > all.len() && query.contains("NOPERM"), "{role}");
        assert!(!query.contains("hidden"), "{role}");
        // An answer may repeat the name that it was given, and nothing else.
        let named = batch(&user, &lines(NAMING));
        assert!(named.contains("NOPERM") && !named.contains("hidden-value"), "{role}");
    }
    assert!(redis.ops(&["GET", "beta:hidden-name"]).contains("hidden-value"), "it is as it was");
}
