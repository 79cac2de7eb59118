//! Passwords: two at once while clients change, and one afterwards.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{provisioned, url};
use crate::support::{Project, Redis, Server};

#[test]
fn a_rotation_refuses_no_client_and_finish_disables_the_former_password() {
    let Some(mut redis) = Redis::managed() else { return };
    let server = Server::start();
    let project = provisioned(&server, &redis);
    let former = url(&project, "alpha", "app");
    let (stopped, tries) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let client = scope.spawn(|| {
            let mut current = former.clone();
            let mut refused = vec![];
            while !stopped.load(Ordering::Relaxed) {
                let said = redis.client(&current, &["SET", "alpha:k", "1"]);
                if !said.starts_with("OK") {
                    refused.push(said);
                }
                tries.fetch_add(1, Ordering::Relaxed);
                let stored = project.run(&["url", "--redis", "-s", "alpha"]);
                current = stored.stdout.trim().to_owned();
            }
            refused
        });
        crate::support::until("the client works", || tries.load(Ordering::Relaxed) > 1);
        let said = project.run(&["rotate", "--redis", "-s", "alpha"]).expect(0).said();
        assert!(said.contains("Both passwords work"), "{said}");
        let before = tries.load(Ordering::Relaxed);
        crate::support::until("the client has read it", || tries.load(Ordering::Relaxed) > before + 2);
        stopped.store(true, Ordering::Relaxed);
        assert_eq!(client.join().unwrap(), Vec::<String>::new());
    });
    let new = url(&project, "alpha", "app");
    assert_ne!(former, new);
    for address in [&former, &new] {
        assert!(redis.client(address, &["PING"]).contains("PONG"));
    }
    project.run(&["plan", "--check"]).expect(0);
    project.run(&["verify-isolation"]).expect(0);
    carried(&project);
    project.run(&["rotate", "--redis", "-s", "alpha", "--finish"]).expect(0);
    assert!(redis.client(&former, &["PING"]).contains("WRONGPASS"));
    redis.kill();
    redis.launch();
    assert!(redis.client(&new, &["PING"]).contains("PONG"));
    assert!(redis.client(&former, &["PING"]).contains("WRONGPASS"));
    project.run(&["plan", "--check"]).expect(0);
}

/// Takes the passwords to another store in the middle of a rotation, with the former one; applications get the new one.
fn carried(project: &Project) {
    let out = project.path().join("all.json");
    let to = out.display().to_string();
    project.run(&["secrets", "export", "--format", "json", "--values", "--out", &to]).expect(0);
    let file: serde_json::Value = serde_json::from_str(&project.read("all.json")).unwrap();
    let of = |name: &str| {
        let found = file["entries"].as_array().unwrap().iter().find(|entry| entry["login"] == name);
        found.map(|entry| (entry["in_use"] == true, entry["password"].as_str().unwrap().to_owned()))
    };
    let (current, former) = (of("redis_alpha_app").unwrap(), of("redis_alpha_app_b").unwrap());
    assert!(current.0 && !former.0 && current.1 != former.1);
    let env = project.run(&["secrets", "export", "--format", "dotenv", "--values", "--out", "-"]).expect(0);
    assert!(env.stdout.contains(&format!("ALPHA_REDIS_APP_PASSWORD={}", current.1)), "{}", env.said());
    assert!(!env.stdout.contains(&former.1));
    std::fs::remove_file(project.path().join(".martydb/secrets/development.yaml")).unwrap();
    project.run(&["secrets", "import", "--from", "json", &to]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
}
