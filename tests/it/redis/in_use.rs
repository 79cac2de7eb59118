//! `adopt --redis`: a server that is in use, read and not disturbed.

use super::project;
use crate::support::{Redis, Server};

#[test]
fn adopt_proposes_services_from_clients_and_prefixes_without_changes() {
    let Some(redis) = Redis::start("user default on nopass ~* &* +@all\n") else { return };
    let server = Server::start();
    let address = format!("redis://127.0.0.1:{}", redis.port);
    let project = project(&server, &address, "");
    let _worker = redis.hold(&address);
    for key in ["alpha:1", "orders:1", "orders:2", "orders/odd", "plain", "\u{1b}[31mred:1", "Jobs.1"] {
        assert!(redis.client(&address, &["SET", key, "x"]).starts_with("OK"));
    }
    let fill = "for i = 1, 3000 do redis.call('SELECT', 3) redis.call('SET', 'deep:' .. i, '1') end return 1";
    assert!(redis.client(&address, &["EVAL", fill, "0"]).contains('1'));
    let state = || {
        let of = |words: &[&str]| redis.client(&address, words);
        (of(&["ACL", "LIST"]), of(&["DBSIZE"]), project.read("martydb.yaml"))
    };
    let before = state();
    let found = project.json(&["adopt", "--redis"], 0);
    let row = |prefix: &str| {
        let all = found["prefixes"].as_array().unwrap();
        all.iter().find(|row| row["prefix"] == prefix).cloned().unwrap()
    };
    assert_eq!((&row("alpha:")["declared"], &row("alpha:")["proposed"]), (&"alpha".into(), &().into()));
    assert_eq!((&row("orders:")["keys"], &row("orders:")["proposed"]), (&2.into(), &"orders".into()));
    assert_eq!(row("deep:")["keys"], 3000);
    assert_eq!(row("Jobs.")["proposed"], "jobs");
    // A service has one prefix, and keys of others are not guessed at.
    assert_eq!((&row("orders/")["proposed"], &found["others"]), (&().into(), &2.into()));
    assert_eq!((&found["looked_at"], &found["complete"]), (&3007.into(), &true.into()));
    let client = &found["clients"][0];
    assert_eq!(
        (&client["user"], &client["host"], &client["count"]),
        (&"default".into(), &"127.0.0.1".into(), &1.into())
    );
    let manifest = found["manifest"].as_str().unwrap();
    assert!(
        manifest.contains("  orders:\n    redis: { server: cache, prefix: \"orders:\" }\n"),
        "{manifest}"
    );

    let shown = project.run(&["adopt", "--redis", "--server", "cache"]).expect(0).stdout;
    assert!(shown.contains("orders (proposed)") && shown.contains("alpha (declared)"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown}");
    assert_eq!(state(), before);
    project.run(&["adopt", "--redis", "--server", "main"]).expect(2);
    project.run(&["adopt", "alpha", "--redis"]).expect(2);
    // The proposal is a valid manifest.
    let added = manifest.strip_prefix("services:\n").unwrap();
    project.write("martydb.yaml", &(before.2 + added));
    let planned = project.run(&["plan"]).expect(0).stdout;
    assert!(planned.contains("orders_app"), "{planned}");
}
