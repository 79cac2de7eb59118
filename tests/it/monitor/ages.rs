//! Ages of backups, proven restores and passwords: in the metrics, and in `status`.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::monitored;
use super::served::{Series, series, value};
use crate::support::{Admin, Project, Server, can_dump};

fn measure(project: &Project) -> Series {
    series(&project.run(&["monitor", "--once", "--isolation-every", "never"]).expect(0).stdout)
}

fn is_now(seconds: Option<f64>) -> bool {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    seconds.is_some_and(|at| (now - 120..=now + 1).contains(&(at as i64)))
}

#[test]
fn backups_and_proven_restores_have_an_age() {
    let server = Server::start();
    let project = monitored(&server, Admin::Super, "moa");
    project.run(&["init-all", "-y"]).expect(0);
    let none: &[(&str, &str)] = &[];
    // Without `backup:` there is nothing to be old.
    let before = measure(&project);
    assert!(before.keys().all(|name| !name.starts_with("martydb_backup")), "{before:?}");
    assert_eq!(value(&before, "martydb_age_limit_seconds", &[("of", "backup")]), None);
    assert!(project.json(&["status"], 0)["services"][0]["backup"].is_null());

    project.write("martydb.yaml", &format!("{}backup: {{ to: kept }}\n", project.read("martydb.yaml")));
    let (a, b) = ([("service", "moa_a")], [("service", "moa_b")]);
    let empty = measure(&project);
    assert_eq!(value(&empty, "martydb_backups", &a), Some(0.0));
    assert_eq!(value(&empty, "martydb_backup_timestamp_seconds", &a), None);
    assert_eq!(value(&empty, "martydb_age_limit_seconds", &[("of", "backup")]), Some(26.0 * 3600.0));
    assert_eq!(project.json(&["status"], 0)["services"][0]["backup"]["count"], 0);
    assert!(project.run(&["status"]).expect(0).stdout.contains("none"));
    if !can_dump(&server) {
        return;
    }
    let made = project.json(&["backup", "moa_a"], 0);
    let id = made["backups"][0]["id"].as_str().unwrap().to_owned();
    let taken = measure(&project);
    assert_eq!(value(&taken, "martydb_backups", &a), Some(1.0));
    assert!(is_now(value(&taken, "martydb_backup_timestamp_seconds", &a)), "{taken:?}");
    assert!(value(&taken, "martydb_backup_size_bytes", &a) > Some(1000.0));
    assert_eq!(value(&taken, "martydb_backup_verified_timestamp_seconds", &a), None);
    assert_eq!(value(&taken, "martydb_backups", &b), Some(0.0));
    project.run(&["backup", "verify", &id]).expect(0);
    let verified = measure(&project);
    assert!(is_now(value(&verified, "martydb_backup_verified_timestamp_seconds", &a)), "{verified:?}");
    assert_eq!(value(&verified, "martydb_backup_problems", none), Some(0.0));
    let status = project.json(&["status"], 0);
    assert_eq!(status["services"][0]["backup"]["id"], id.as_str(), "{status:#}");
    assert!(status["services"][0]["backup"]["verified_at"].is_string(), "{status:#}");

    // A damaged backup is not used, and is counted.
    std::fs::remove_file(project.path().join("kept").join(&id).join("record.json")).unwrap();
    let damaged = measure(&project);
    assert_eq!(value(&damaged, "martydb_backup_problems", none), Some(1.0));
    assert_eq!(value(&damaged, "martydb_backups", &a), Some(0.0));
}

#[test]
fn an_unresponsive_store_delays_neither_status_nor_the_monitor() {
    let server = Server::start();
    let project = monitored(&server, Admin::Super, "mob");
    project.run(&["init-all", "-y"]).expect(0);
    let text = project.read("martydb.yaml");
    project.write("martydb.yaml", &format!("{text}backup: {{ to: 's3://bucket/prefix' }}\n"));
    // It accepts connections and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let run = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        command.env("AWS_ENDPOINT_URL", &address);
        command.env("AWS_ACCESS_KEY_ID", "k").env("AWS_SECRET_ACCESS_KEY", "s");
        project.finish(command)
    };
    let done = run(&["status", "-o", "json"]).expect(0);
    assert!(done.stderr.contains("backup ages are unknown"), "{done:?}");
    let status = done.json();
    assert_eq!(status["services"][0]["state"], "up_to_date");
    assert!(status["services"][0]["backup"].is_null(), "{status:#}");
    drop(silent);
    // One that refuses is a check that fails; everything else is measured.
    let done = run(&["monitor", "--once", "--isolation-every", "never"]);
    let all = series(&done.stdout);
    assert_eq!(value(&all, "martydb_check_ok", &[("check", "backups")]), Some(0.0), "{done:?}");
    assert_eq!(value(&all, "martydb_up", &[("server", "main")]), Some(1.0));
}

#[test]
fn a_password_has_the_age_of_its_last_change_by_martydb() {
    let server = Server::start();
    let project = monitored(&server, Admin::Super, "moc");
    project.run(&["init-all", "-y"]).expect(0);
    let first = measure(&project);
    for login in ["moc_a_app", "moc_a_ro", "moc_a_migrator", "moc_monitor"] {
        let set = value(&first, "martydb_password_set_timestamp_seconds", &[("role", login)]);
        assert!(is_now(set), "{login}: {set:?}");
    }
    assert_eq!(value(&first, "martydb_age_limit_seconds", &[("of", "password")]), Some(365.0 * 86400.0));
    // The note of an old password, as time would make it.
    let old = |login: &str| {
        server.value(
            "postgres",
            &format!("COMMENT ON ROLE {login} IS 'martydb:moc; password set 2020-01-01T00:00:00Z'"),
        );
    };
    let of =
        |series: &Series, login| value(series, "martydb_password_set_timestamp_seconds", &[("role", login)]);
    let long_ago = OffsetDateTime::parse("2020-01-01T00:00:00Z", &Rfc3339).unwrap().unix_timestamp() as f64;
    ["moc_a_app", "moc_a_ro"].iter().for_each(|login| old(login));
    assert_eq!(of(&measure(&project), "moc_a_app"), Some(long_ago));
    assert_eq!(project.json(&["plan", "--all"], 0)["changes"].as_array().unwrap().len(), 0);
    project.run(&["rotate", "moc_a", "--role", "app", "-y"]).expect(0);
    let rotated = measure(&project);
    assert!(is_now(of(&rotated, "moc_a_app")));
    assert_eq!(of(&rotated, "moc_a_ro"), Some(long_ago), "it was not rotated");
    // With an overlap the second login has a note of its own; the closed one has no age.
    project.run(&["rotate", "moc_a", "--role", "readonly", "--overlap", "-y"]).expect(0);
    let both = measure(&project);
    assert!(is_now(of(&both, "moc_a_ro_b")) && of(&both, "moc_a_ro") == Some(long_ago));
    project.run(&["rotate", "moc_a", "--role", "readonly", "--finish", "-y"]).expect(0);
    let after = measure(&project);
    assert!(is_now(of(&after, "moc_a_ro_b")) && of(&after, "moc_a_ro").is_none());
    // The note of another manifest, and a manual one, are ignored.
    server.value(
        "postgres",
        "COMMENT ON ROLE moc_b_app IS 'of the payroll; password set 2020-01-01T00:00:00Z'",
    );
    assert_eq!(of(&measure(&project), "moc_b_app"), None);
    // And `drop` still knows its own roles.
    project.run(&["drop", "--service", "moc_a", "--confirm", "moc_a"]).expect(0);
    let left = "SELECT count(*)::text FROM pg_roles WHERE rolname LIKE 'moc_a\\_%'";
    assert_eq!(server.value("postgres", left), "0");
}
