//! Services on servers of their own: all of them worked on side by side, and one that is down stops no other.

use std::net::TcpListener;
use std::path::Path;

use serde_json::Value;

use crate::support::{Project, Server};

/// Services `one`, `two`, `three`, each on the server of its name.
fn project(servers: &[(&str, &Server)]) -> Project {
    let mut text = "version: 1\nproject: many\nservers:\n".to_owned();
    text.extend(servers.iter().map(|(name, server)| {
        format!("  {name}:\n    url: {}\n    password_env: DB_PASSWORD\n", server.url())
    }));
    text += "services:\n";
    text.extend(servers.iter().map(|(name, _)| format!("  {name}: {{ server: {name} }}\n")));
    let project = Project::with_manifest(&text);
    for (name, _) in servers {
        project.write(&format!("{name}/migrations/V1__t.sql"), "CREATE TABLE t (id bigint PRIMARY KEY);\n");
        project.write(&format!("{name}/migrations/V1__t.down.sql"), "DROP TABLE t;\n");
    }
    project
}

fn of<'a>(list: &'a Value, key: &str, name: &str) -> Vec<&'a Value> {
    list.as_array().unwrap().iter().filter(|row| row[key] == name).collect()
}

#[test]
fn s24_an_unreachable_server_does_not_stop_the_others_and_every_table_shows_it() {
    let (one, mut two, three) = (Server::start(), Server::start(), Server::start());
    let project = project(&[("one", &one), ("two", &two), ("three", &three)]);
    two.crash();
    let plan = project.json(&["plan"], 5);
    assert!(!of(&plan["changes"], "server", "three").is_empty(), "{plan:#}");
    assert_eq!(of(&plan["errors"], "server", "two").len(), 1, "{plan:#}");

    let applied = project.run(&["apply", "--all", "-y"]).expect(5);
    for (service, word) in [("one", "provisioned"), ("two", "skipped"), ("three", "provisioned")] {
        let row = applied.stdout.lines().find(|line| line.starts_with(service)).unwrap_or_default();
        assert!(row.ends_with(word), "{service}: {}", applied.stdout);
    }
    let upgraded = project.json(&["upgrade", "--all"], 5);
    for (service, outcome) in [("one", "ok"), ("two", "failed"), ("three", "ok")] {
        assert_eq!(of(&upgraded["services"], "service", service)[0]["outcome"], outcome, "{upgraded:#}");
    }
    let status = project.json(&["status"], 5);
    for (service, state) in [("one", "up_to_date"), ("two", "unreachable"), ("three", "up_to_date")] {
        assert_eq!(of(&status["services"], "service", service)[0]["state"], state, "{status:#}");
    }
    let tested = project.json(&["test-connections"], 5);
    for (service, outcome) in [("one", "ok"), ("two", "failed"), ("three", "ok")] {
        let rows = of(&tested["connections"], "service", service);
        assert_eq!(rows.len(), 3, "{tested:#}");
        assert!(rows.iter().all(|row| row["outcome"] == outcome), "{tested:#}");
    }
    let verified = project.json(&["verify-isolation"], 5);
    assert!(verified["summary"]["passed"].as_i64() > Some(0), "{verified:#}");
    assert_eq!(verified["summary"]["breaches"], 0);
    assert!(verified["not_examined"].to_string().contains("server two"), "{verified:#}");
    let rotated = project.json(&["rotate", "--all"], 5);
    for (service, outcome) in [("one", "ok"), ("two", "skipped"), ("three", "ok")] {
        assert_eq!(of(&rotated["rotations"], "service", service)[0]["outcome"], outcome, "{rotated:#}");
    }

    two.launch();
    project.run(&["init-all", "-y"]).expect(0);
    project.run(&["status", "--check"]).expect(0);
}

fn copy(from: &Path, to: &Path, free: &[u16]) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() && entry.file_name() != ".martydb" {
            std::fs::create_dir_all(&to).unwrap();
            copy(&from, &to, free);
        } else if from.is_file() {
            let text = std::fs::read_to_string(&from).unwrap();
            let ports = free.iter().zip(5433..).fold(text, |text, (free, port)| {
                text.replace(&format!("port: {port}"), &format!("port: {free}"))
            });
            std::fs::write(to, ports).unwrap();
        }
    }
}

/// Stops the embedded servers, however the test ends.
struct Destroyed<'a>(&'a Project);

impl Drop for Destroyed<'_> {
    fn drop(&mut self) {
        let _best_effort = self.0.run(&["dev", "destroy", "-y"]);
    }
}

#[test]
fn the_movie_booking_example_runs_on_five_embedded_servers() {
    let listeners: Vec<_> = (0..5).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let ports: Vec<u16> = listeners.iter().map(|one| one.local_addr().unwrap().port()).collect();
    drop(listeners);
    let project = Project::with_manifest("");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/movie-booking"), project.path(), &ports);
    project.run(&["validate"]).expect(0);
    let _destroyed = Destroyed(&project);
    project.run(&["init-all", "-y"]).expect(0);
    let rows = [
        ("auth", "auth_db", "auth_user"),
        ("movie", "movies_db", "movie_user"),
        ("booking", "bookings_db", "booking_user"),
        ("payment", "payments_db", "payment_user"),
        ("notification", "notifications_db", "notification_user"),
    ];
    let stored: Value = serde_yaml::from_str(&project.read(".martydb/secrets/development.yaml")).unwrap();
    for ((service, database, user), port) in rows.into_iter().zip(&ports) {
        let password = stored[service][user].as_str().unwrap();
        let url = project.run(&["url", "--service", service, "--format", "asyncpg"]).expect(0).stdout;
        assert_eq!(
            url.trim(),
            format!("postgresql+asyncpg://{user}:{password}@127.0.0.1:{port}/{database}?ssl=disable")
        );
        // SQLAlchemy passes asyncpg no file of certificates.
        let there = ["url", "--service", service, "--format", "asyncpg", "-e", "production", "--no-password"];
        let refused = project.run(&there).expect(2);
        assert!(refused.said().contains("cannot express sslrootcert"), "{refused:?}");
    }
    project.run(&["status", "--check"]).expect(0);
    project.run(&["test-connections"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    // Two of them tell others what happened: their outboxes are read, and nothing is wrong with them.
    let outboxes = project.json(&["relay", "status"], 0);
    let rows = outboxes["services"].as_array().unwrap().iter();
    let waiting: Vec<_> =
        rows.map(|row| (row["service"].as_str().unwrap(), row["pending"].as_i64())).collect();
    assert_eq!(waiting, [("booking", Some(0)), ("payment", Some(0))]);
    let doctor = project.json(&["doctor"], 0).to_string();
    assert!(!doctor.contains("\"outbox\""), "{doctor}");
}

#[test]
fn services_are_chosen_by_server_and_label() {
    let server = Server::start();
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: many\nservers:\n  main: {{ url: \"{}\", password_env: DB_PASSWORD, labels: {{ stage: prod }} }}\n  \
         spare: {{ url: \"postgresql://absent@127.0.0.1:1/postgres\" }}\nservices:\n  sel_one: {{ labels: {{ stage: canary }} }}\n  \
         sel_two:\n  sel_far: {{ server: spare }}\n",
        server.url()
    ));
    for name in ["sel_one", "sel_two", "sel_far"] {
        project.write(&format!("{name}/migrations/V1__t.sql"), "CREATE TABLE t (id bigint PRIMARY KEY);\n");
        project.write(&format!("{name}/migrations/V1__t.down.sql"), "DROP TABLE t;\n");
    }
    let names = |arguments: &[&str], code: i32| project.run(arguments).expect(code).stdout;
    // The server that is away is not asked.
    project.run(&["apply", "--server", "main", "-y"]).expect(0);
    project.run(&["upgrade", "--label", "stage=canary"]).expect(0);
    assert_eq!(names(&["status", "--server", "main", "-o", "name"], 0), "sel_one\nsel_two\n");
    assert_eq!(names(&["current", "--label", "stage=prod", "-o", "name"], 0), "sel_two\n");
    let status = project.json(&["status", "--server", "main"], 0);
    let shown: Vec<_> = status["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (&row["state"], &row["labels"]["stage"]))
        .collect();
    assert_eq!(shown, [(&"up_to_date".into(), &"canary".into()), (&"pending".into(), &"prod".into())]);
    let refused = project.run(&["upgrade", "--label", "stage=prod", "--server", "spare"]).expect(2);
    assert!(
        refused.stderr.contains("no service has the server spare and the label stage=prod"),
        "{}",
        refused.stderr
    );
    let open = project.run(&["upgrade"]).expect(2);
    assert!(open.stderr.contains("--server NAME, --label KEY=VALUE or --all"), "{}", open.stderr);
}
