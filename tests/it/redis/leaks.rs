//! Leaks: each is found by its kind, and closed by `apply`. Harmless changes are notes at most.

use serde_json::Value;

use super::{provisioned, url};
use crate::support::{Project, Redis, Server};

/// Findings of a role: id, severity and evidence with the object.
fn found(project: &Project, code: i32) -> Vec<(String, String, String)> {
    let document = project.json(&["verify-isolation"], code);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |finding: &Value| {
        let role = text(&finding["role"]);
        (
            text(&finding["id"]),
            text(&finding["severity"]),
            format!("{role} {} {}", text(&finding["object"]), text(&finding["evidence"])),
        )
    };
    let all = document["findings"].as_array().unwrap().iter().map(one);
    all.filter(|(id, _, _)| id.starts_with("redis-")).collect()
}

fn has(all: &[(String, String, String)], id: &str, severity: &str, word: &str) -> bool {
    all.iter().any(|(one, its, text)| one == id && its == severity && text.contains(word))
}

/// Commands beyond the contract, and the severity with which each is found.
const COMMANDS: &[(&str, &str)] = &[
    ("scan", "medium"),
    ("randomkey", "medium"),
    ("keys", "medium"),
    ("dbsize", "low"),
    ("swapdb", "critical"),
    ("function|load", "critical"),
    ("function|list", "medium"),
    ("eval", "medium"),
    ("client|list", "medium"),
    ("client|kill", "high"),
    ("client|tracking", "high"),
    ("monitor", "critical"),
    ("psync", "critical"),
    ("acl|setuser", "critical"),
    ("migrate", "high"),
    ("replicaof", "critical"),
    ("info", "low"),
    ("bgsave", "critical"),
    ("shutdown", "critical"),
    ("flushall", "critical"),
    ("config|get", "critical"),
    ("pubsub|channels", "medium"),
    ("memory|stats", "medium"),
    ("slowlog|get", "high"),
    // Closed by the server's configuration, or checked by their keys.
    ("debug", "low"),
    ("module|load", "low"),
    ("sort", "low"),
    ("move", "low"),
    ("restore", "low"),
];

#[test]
fn every_command_beyond_the_contract_is_found_with_its_severity() {
    let Some(redis) = Redis::managed() else { return };
    let server = Server::start();
    let project = provisioned(&server, &redis);
    assert_eq!(found(&project, 0), [], "an untouched server is quiet");
    for (command, _) in COMMANDS {
        redis.ops(&["ACL", "SETUSER", "alpha_app", &format!("+{command}")]);
    }
    let all = found(&project, 4);
    for (command, severity) in COMMANDS {
        assert!(has(&all, "redis-command", severity, command), "{command} {severity}: {all:?}");
    }
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(found(&project, 0), []);
    for (command, severity) in COMMANDS.iter().filter(|(_, severity)| *severity == "low") {
        redis.ops(&["ACL", "SETUSER", "alpha_app", &format!("+{command}")]);
        assert_eq!(*severity, "low");
    }
    assert!(found(&project, 0).iter().all(|(_, severity, _)| severity == "low"));
}

#[test]
fn every_access_to_keys_and_channels_of_another_service_is_found_and_closed() {
    let Some(redis) = Redis::managed() else { return };
    let server = Server::start();
    let project = provisioned(&server, &redis);
    for (leak, id, severity) in [
        (&["alpha_app", "~*"][..], "redis-reach", "critical"),
        (&["alpha_app", "(~beta:* +get)"], "redis-reach", "critical"),
        (&["alpha_app", "%W~beta:*"], "redis-reach", "critical"),
        (&["alpha_app", "~beta:secret"], "redis-reach", "critical"),
        (&["alpha_app", "~?eta:*"], "redis-reach", "critical"),
        (&["alpha_app", "&*"], "redis-reach", "critical"),
        (&["alpha_ro", "~beta:*"], "redis-reach", "critical"),
        (&["alpha_app", "~alpha*"], "redis-pattern", "medium"),
        (&["alpha_app", "&__keyspace@0__:*"], "redis-pattern", "medium"),
        (&["alpha_ro", "+set", "~alpha:*"], "redis-command", "medium"),
        (&["beta_app", "nopass"], "redis-password", "critical"),
        (&["beta_app", ">old"], "redis-password", "high"),
        (&["spy", "on", ">spy", "~beta:*", "+get"], "redis-unmanaged-user", "high"),
        (&["spy2", "on", "nopass", "~*", "+@all"], "redis-unmanaged-user", "critical"),
        (&["default", "on", ">shared", "~*", "+@all"], "redis-default-user", "high"),
        (&["default", "on", "nopass", "~*", "+@all"], "redis-default-user", "critical"),
    ] {
        let words: Vec<&str> = ["ACL", "SETUSER"].into_iter().chain(leak.iter().copied()).collect();
        redis.ops(&words);
        let all = found(&project, 4);
        assert!(has(&all, id, severity, leak[0]), "{leak:?}: {all:?}");
        if leak[0].starts_with("spy") {
            redis.ops(&["ACL", "DELUSER", leak[0]]);
        }
        project.run(&["apply", "--all", "-y"]).expect(0);
    }
    assert_eq!(found(&project, 0), []);
    // Users without reach are notes.
    redis.ops(&["ACL", "SETUSER", "probe", "on", ">probe", "+ping"]);
    redis.ops(&["ACL", "SETUSER", "gone", "off", "~*", "+@all"]);
    let all = found(&project, 0);
    assert!(has(&all, "redis-unmanaged-user", "low", "probe") && all.len() == 1, "{all:?}");
}

#[test]
fn shared_memory_and_scripts_are_findings_unless_they_are_allowed() {
    let Some(redis) = Redis::managed() else { return };
    let server = Server::start();
    let project = provisioned(&server, &redis);
    let manifest = project.read("martydb.yaml");
    project.write("martydb.yaml", &manifest.replace("redis-shared-memory", "redis-scripts"));
    let all = found(&project, 4);
    assert!(has(&all, "redis-shared-memory", "medium", "alpha, beta"), "{all:?}");
    project.write("martydb.yaml", &manifest.replace("  alpha:", "  alpha: { redis: { scripts: true } }"));
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert!(has(&found(&project, 4), "redis-scripts", "medium", "alpha_app"));
    assert!(redis.client(&url(&project, "alpha", "app"), &["EVAL", "return 7", "0"]).contains('7'));
    assert!(redis.client(&url(&project, "beta", "app"), &["EVAL", "return 7", "0"]).contains("NOPERM"));
    // As the libraries use it: loaded once, then called by its hash.
    let alpha = |words: &[&str]| redis.client(&url(&project, "alpha", "app"), words);
    let loaded = alpha(&["SCRIPT", "LOAD", "return 8"]);
    let hash = loaded.trim().trim_matches('"');
    assert_eq!(hash.len(), 40, "{loaded}");
    assert!(alpha(&["EVALSHA", hash, "0"]).contains('8'));
    assert!(alpha(&["SCRIPT", "EXISTS", hash]).contains('1'));
    for word in ["FLUSH", "KILL"] {
        assert!(alpha(&["SCRIPT", word]).contains("NOPERM"), "{word}");
    }
    assert!(redis.client(&url(&project, "beta", "app"), &["SCRIPT", "LOAD", "return 8"]).contains("NOPERM"));
}

/// The name of a key that no command of the test contains.
const HIDDEN: &str = "hidden-9431";

#[test]
fn commands_reveal_no_key_of_another_service() {
    let Some(redis) = Redis::managed() else { return };
    let server = Server::start();
    let project = provisioned(&server, &redis);
    redis.ops(&["SET", &format!("beta:{HIDDEN}"), "1"]);
    redis.ops(&["SET", "alpha:k", "1"]);
    let listed = redis.ops(&["COMMAND", "LIST"]);
    let names: Vec<&str> = listed.lines().filter_map(|line| line.split('"').nth(1)).collect();
    assert!(names.len() > 200, "{listed}");
    // These block, or change what the connection is.
    let excluded = [
        "subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe", "monitor",
        "psync", "sync", "quit", "shutdown", "reset", "auth", "hello", "multi", "exec", "discard",
    ];
    for role in ["app", "readonly"] {
        let address = url(&project, "alpha", role);
        let mut script = String::new();
        for name in names.iter().filter(|name| !excluded.contains(name) && !name.starts_with('b')) {
            let name = name.replace('|', " ");
            for words in ["", "*", "0", "0 *", "alpha:k", "alpha:k alpha:k", "alpha:k 0 -1", "1 alpha:k"] {
                script += &format!("{name} {words}\n");
            }
        }
        let mut command = std::process::Command::new("redis-cli");
        command.args(["--no-auth-warning", "-u", &address]).stdin(std::process::Stdio::piped());
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), script.as_bytes()).unwrap();
        let said = String::from_utf8_lossy(&child.wait_with_output().unwrap().stdout).into_owned();
        assert!(said.contains("NOPERM") && !said.contains(HIDDEN), "{role}");
    }
}
