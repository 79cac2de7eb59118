//! Users: made by hash, saved, compared by effect, and removed.

use super::{project, provisioned, url};
use crate::support::{OPS, Redis, Server};

#[test]
fn users_are_created_by_hash_survive_a_restart_and_reach_only_their_keys() {
    let Some(mut redis) = Redis::managed() else { return };
    let server = Server::start();
    let project = provisioned(&server, &redis);
    project.run(&["plan", "--check"]).expect(0);
    let (app, readonly) = (url(&project, "alpha", "app"), url(&project, "alpha", "readonly"));
    assert!(redis.client(&app, &["SET", "alpha:k", "v"]).starts_with("OK"));
    assert!(redis.client(&readonly, &["GET", "alpha:k"]).contains("\"v\""));
    assert!(redis.client(&readonly, &["SET", "alpha:k", "w"]).contains("NOPERM"));
    for key in ["beta:k", "alphax:k", "alpha"] {
        assert!(redis.client(&app, &["GET", key]).contains("NOPERM"), "{key}");
    }
    let stored = project.read(".martydb/secrets/development.yaml");
    assert!(stored.contains("redis_alpha_app") && stored.contains("redis_beta_ro"), "{stored}");
    let shown =
        project.run(&["plan", "-o", "json"]).expect(0).said() + &redis.log() + &redis.ops(&["ACL", "LIST"]);
    for password in project.passwords() {
        assert!(!shown.contains(&password));
    }
    redis.kill();
    redis.launch();
    project.run(&["plan", "--check"]).expect(0);
    assert!(redis.client(&app, &["PING"]).contains("PONG"));
    let rows = project.json(&["test-connections", "alpha"], 0);
    let of = |row: &serde_json::Value| (row["server"].clone(), row["role"].clone(), row["outcome"].clone());
    let rows: Vec<_> = rows["connections"].as_array().unwrap().iter().map(of).collect();
    assert!(rows.contains(&("cache".into(), "alpha_app".into(), "ok".into())), "{rows:?}");
    let program = [
        "exec",
        "-s",
        "alpha",
        "--",
        "sh",
        "-c",
        "redis-cli --no-auth-warning -u \"$REDIS_URL\" ACL WHOAMI; echo $REDIS_URL",
    ];
    let done = project.run(&program).expect(0);
    assert!(done.stdout.contains(&app), "{}", done.said());
}

#[test]
fn effective_differences_are_drift_and_rewritten_rules_are_not() {
    let Some(redis) = Redis::managed() else { return };
    let server = Server::start();
    let project = provisioned(&server, &redis);
    for (change, reported) in [
        (&["ACL", "SETUSER", "alpha_app", "+scan", "+@dangerous"][..], "may run"),
        (&["ACL", "SETUSER", "alpha_app", "-get"], "may not run get"),
        (&["ACL", "SETUSER", "alpha_app", "~beta:*"], "its keys are"),
        (&["ACL", "SETUSER", "alpha_app", "nopass"], "any password"),
        (&["ACL", "SETUSER", "alpha_app", ">other"], "1 password that the secret store does not have"),
        (&["ACL", "SETUSER", "alpha_app", "off"], "it is off"),
        (&["ACL", "SETUSER", "alpha_app", "(~beta:* +get)"], "1 selector"),
        (&["ACL", "DELUSER", "alpha_app"], "it does not exist"),
    ] {
        redis.ops(change);
        let said = project.run(&["plan", "--check", "--full"]).expect(3).said();
        assert!(said.contains(reported), "{change:?}: {said}");
        project.run(&["apply", "--all", "-y"]).expect(0);
        project.run(&["plan", "--check"]).expect(0);
    }
    // The same effect in other words.
    redis.ops(&["ACL", "SETUSER", "alpha_app", "+@bitmap", "-psetex", "+psetex"]);
    project.run(&["plan", "--check"]).expect(0);
    project.run(&["status", "--check", "alpha"]).expect(3);
    redis.ops(&["ACL", "SETUSER", "alpha_app", "+keys"]);
    let drifted = project.json(&["status", "--drift", "alpha"], 0);
    assert_ne!(drifted["services"][0]["state"], "up_to_date");
}

#[test]
fn an_unsaved_change_shows_in_the_next_plan_and_the_next_apply_saves_it() {
    let Some(mut redis) = Redis::managed() else { return };
    let server = Server::start();
    let project = provisioned(&server, &redis);
    redis.ops(&["ACL", "SETUSER", "alpha_app", "+keys"]);
    let away = redis.acl_folder().with_extension("away");
    std::fs::rename(redis.acl_folder(), &away).unwrap();
    let said = project.run(&["apply", "--all", "-y"]).expect(1).said();
    assert!(said.contains("refused ACL SAVE"), "{said}");
    let said = project.run(&["plan", "--check"]).expect(3).said();
    assert!(said.contains("before it saved the users"), "{said}");
    std::fs::rename(&away, redis.acl_folder()).unwrap();
    let said = project.run(&["verify-isolation"]).expect(4).said();
    assert!(said.contains("redis-unsaved-user"), "{said}");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["verify-isolation"]).expect(0);
    redis.kill();
    redis.launch();
    project.run(&["plan", "--check"]).expect(0);
    // A user that exists only in memory.
    let file = redis.acl_folder().join("users.acl");
    let kept = std::fs::read_to_string(&file).unwrap();
    let others: String =
        kept.lines().filter(|line| !line.contains("alpha_ro")).map(|line| format!("{line}\n")).collect();
    std::fs::write(&file, others).unwrap();
    let said = project.run(&["plan", "--check"]).expect(3).said();
    assert!(said.contains("a restart would lose or change alpha_ro"), "{said}");
}

#[test]
fn a_lost_password_is_replaced_only_on_request() {
    let Some(redis) = Redis::managed() else { return };
    let server = Server::start();
    let project = provisioned(&server, &redis);
    let before = url(&project, "alpha", "app");
    let stored = project.read(".martydb/secrets/development.yaml");
    let rest: String = stored
        .lines()
        .filter(|line| !line.contains("redis_alpha_app"))
        .map(|line| format!("{line}\n"))
        .collect();
    project.write(".martydb/secrets/development.yaml", &rest);
    let said = project.run(&["apply", "--all", "-y"]).expect(2).said();
    assert!(said.contains("\"alpha_app\""), "{said}");
    assert!(redis.client(&before, &["PING"]).contains("PONG"));
    project.run(&["apply", "--all", "-y", "--reset-passwords"]).expect(0);
    assert!(redis.client(&before, &["PING"]).contains("WRONGPASS"));
    assert!(redis.client(&url(&project, "alpha", "app"), &["PING"]).contains("PONG"));
}

#[test]
fn a_saved_plan_covers_both_servers_and_is_stale_after_a_change() {
    let Some(redis) = Redis::managed() else { return };
    let server = Server::start();
    let project = provisioned(&server, &redis);
    redis.ops(&["ACL", "SETUSER", "alpha_app", "+keys"]);
    project.run(&["plan", "--out", "saved.json"]).expect(0);
    redis.ops(&["ACL", "SETUSER", "beta_app", "+keys"]);
    project.run(&["apply", "--plan", "saved.json", "-y"]).expect(6);
    project.run(&["plan", "--out", "saved.json"]).expect(0);
    project.run(&["apply", "--plan", "saved.json", "-y"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
}

#[test]
fn drop_removes_only_the_services_users_and_keys() {
    let Some(mut redis) = Redis::managed() else { return };
    let server = Server::start();
    let project = provisioned(&server, &redis);
    let beta = url(&project, "beta", "app");
    redis.ops(&["MSET", "alpha:one", "1", "alpha:two", "2", "beta:one", "1"]);
    redis.ops(&["-n", "3", "SET", "alpha:three", "3"]);
    project.run(&["drop", "alpha", "--confirm", "alpha"]).expect(0);
    redis.kill();
    redis.launch();
    redis.ops(&["SET", "beta:one", "1"]);
    let users = redis.ops(&["ACL", "USERS"]);
    assert!(!users.contains("alpha") && users.contains("beta_app"), "{users}");
    assert!(redis.client(&beta, &["GET", "beta:one"]).contains('1'));
    assert!(!project.read(".martydb/secrets/development.yaml").contains("redis_alpha"));
}

#[test]
fn an_unusable_server_is_named() {
    let Some(redis) = Redis::managed() else { return };
    let server = Server::start();
    let refused = project(&server, &redis.url_of(OPS.0, "wrong"), "");
    let said = refused.run(&["plan"]).expect(5).said();
    assert!(said.contains("refused the login of \"ops\"") && !said.contains("wrong"), "{said}");
    let dead = project(&server, "redis://ops:secret-of-ops@127.0.0.1:1", "");
    let said = dead.run(&["apply", "--all", "-y"]).expect(5).said();
    assert!(
        said.contains("cannot reach the Redis server \"cache\"") && !said.contains("secret-of-ops"),
        "{said}"
    );
    redis.ops(&["ACL", "SETUSER", "weak", "on", ">weak", "+ping", "+info"]);
    let weak = project(&server, &redis.url_of("weak", "weak"), "");
    let said = weak.run(&["plan"]).expect(1).said();
    assert!(said.contains("the admin needs"), "{said}");
}

#[test]
fn an_invalid_section_is_refused_with_its_line() {
    let manifest = |servers: &str, services: &str| {
        format!("version: 1\nservers:\n  main: {{ embedded: true }}\n  {servers}\nservices:\n  {services}\n")
    };
    let cache = "cache: { url: \"redis://ops@localhost\" }";
    for (servers, services, reported) in [
        (cache, "a: { redis: { server: main } }", "is a PostgreSQL server"),
        (cache, "a: { redis: { server: cash } }", "unknown server \"cash\""),
        (cache, "a: { server: cache }", "is a Redis server"),
        (cache, "a: { redis: { prefix: a } }", "does not end with a separator"),
        (cache, "a: { redis: { prefix: \"a*:\" } }", "characters other than"),
        (
            cache,
            "{ a: { redis: { prefix: \"x:\" } }, b: { redis: { prefix: \"x:b:\" } } }",
            "is within that of service",
        ),
        ("cache: { url: \"redis://localhost/3\" }", "a: { redis: {} }", "names a database of Redis"),
        ("cache: { url: \"redis://a,b\" }", "a: { redis: {} }", "does not name one host"),
        (
            "cache: { url: \"rediss://h\", platform: rds }",
            "a: { redis: {} }",
            "a Redis server has no platform",
        ),
        ("other: { embedded: true }", "a: { redis: {} }", "the manifest has no Redis server"),
    ] {
        let text = manifest(servers, services).replace("services:\n  {", "services: {");
        let project = crate::support::Project::with_manifest(&text);
        let said = project.run(&["validate"]).expect(2).said();
        assert!(said.contains(reported), "{services}: {said}");
    }
}
