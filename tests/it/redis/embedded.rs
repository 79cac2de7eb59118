//! A Redis server that martydb runs itself: made and started by the command that needs it, closed, kept and removed.

use std::net::TcpListener;

use super::{project, url};
use crate::support::{Project, Redis, Server};

/// Row of the server in `dev status`.
fn row(project: &Project) -> serde_json::Value {
    project.json(&["dev", "status", "--server", "cache"], 0)["servers"][0].clone()
}

/// Ends the server when its test ends, however that ends.
struct Ended<'a>(&'a Project);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let _gone = self.0.command(&["dev", "destroy", "-y", "--server", "cache"]).output();
    }
}

#[test]
fn an_embedded_server_is_started_kept_and_removed() {
    let Some(other) = Redis::managed() else { return };
    let server = Server::start();
    let project = project(&server, "", "allow: [{ finding: redis-shared-memory, reason: test }]\n");
    let text = project.read("martydb.yaml").replace("cache: { url: \"\" }", "cache: { embedded: redis }");
    project.write("martydb.yaml", &text);
    let _ended = Ended(&project);
    assert_eq!((row(&project)["state"].as_str(), row(&project)["pid"].as_u64()), (Some("absent"), None));

    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(project.json(&["plan"], 0)["changes"], serde_json::json!([]));
    project.run(&["verify-isolation"]).expect(0);
    project.run(&["test-connections"]).expect(0);
    let address = url(&project, "alpha", "app");
    let first = row(&project);
    let port = first["port"].as_u64().unwrap();
    assert!(address.ends_with(&format!("@127.0.0.1:{port}")), "{address}");
    assert!(other.client(&address, &["SET", "alpha:1", "kept"]).starts_with("OK"));
    let stranger = format!("redis://127.0.0.1:{port}");
    assert!(
        other.client(&stranger, &["PING"]).starts_with("(error) NOAUTH"),
        "no login without a password succeeds"
    );
    assert!(other.client(&address, &["CONFIG", "GET", "*"]).contains("NOPERM"));

    // Stopped and started: the same port, users and keys.
    project.run(&["dev", "down", "--server", "cache"]).expect(0);
    assert_eq!(
        (row(&project)["state"].as_str(), row(&project)["port"].as_u64()),
        (Some("stopped"), Some(port))
    );
    assert_eq!(url(&project, "alpha", "app"), address);
    assert!(other.client(&address, &["GET", "alpha:1"]).contains("kept"));
    assert_eq!(project.json(&["plan"], 0)["changes"], serde_json::json!([]));

    // Killed, and its port taken meanwhile.
    let pid = i32::try_from(row(&project)["pid"].as_i64().unwrap()).unwrap();
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(pid).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    crate::support::until("it is gone", || row(&project)["state"] == "stopped");
    let taken = TcpListener::bind(("127.0.0.1", u16::try_from(port).unwrap())).unwrap();
    let up = project.run(&["dev", "up", "--server", "cache"]).expect(0);
    assert!(up.stderr.contains(&format!("port {port} is taken")), "{}", up.stderr);
    drop(taken);
    project.run(&["verify-isolation"]).expect(0);
    assert!(other.client(&url(&project, "alpha", "app"), &["GET", "alpha:1"]).contains("kept"));

    project.run(&["rotate", "--redis", "--all"]).expect(0);
    project.run(&["rotate", "--redis", "--all", "--finish"]).expect(0);
    assert!(project.run(&["logs", "--server", "cache"]).expect(0).stdout.contains("Ready to accept"));
    project.run(&["dev", "psql", "--server", "cache"]).expect(2);
    project.run(&["render", "compose"]).expect(2);

    // Settings that the manifest accepts.
    let with = |cache: &str| project.write("martydb.yaml", &text.replace("{ embedded: redis }", cache));
    let ops = other.url_of("ops", "ops-secret");
    for wrong in [
        format!("{{ embedded: redis, url: \"{ops}\" }}"),
        format!("{{ embedded: true, url: \"{ops}\" }}"),
        format!("{{ url: \"{ops}\", port: 6379 }}"),
        "{ embedded: redis, password_env: SECRET }".into(),
    ] {
        with(&wrong);
        project.run(&["validate"]).expect(2);
    }
    let other_kind = text.replace("{ embedded: redis }", "{ embedded: true }");
    let services = "defaults: { redis: { server: cache } }\n";
    project.write("martydb.yaml", &other_kind.replace(services, "defaults: { server: main }\n"));
    let refused = project.run(&["dev", "up", "--server", "cache"]).expect(1);
    assert!(refused.stderr.contains("a server of another kind"), "{}", refused.stderr);
    // The server at the URL where DB_HOST is set, as in a container.
    with(&format!("{{ embedded: auto, url: \"{ops}\" }}"));
    project.run(&["dev", "down", "--server", "cache"]).expect(0);
    let mut there = project.command(&["plan"]);
    there.env("DB_HOST", "127.0.0.1");
    project.finish(there).expect(0);
    assert_eq!(row(&project)["state"], "stopped");

    with("{ embedded: redis }");
    project.run(&["dev", "destroy", "-y", "--server", "cache"]).expect(0);
    assert_eq!(row(&project)["state"], "absent");
}
