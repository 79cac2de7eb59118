//! Replicas that the manifest declares, as real streaming standbys: what is proven there, and what is awaited.

mod own_writes;
mod scale_out;

use serde_json::Value;

use crate::support::{Project, Server, until};

/// A project whose server has these entries of `replicas:`, provisioned and migrated.
fn project(primary: &Server, prefix: &str, replicas: &str) -> Project {
    let project = Project::new(primary, prefix);
    let url = format!("    url: {}\n", primary.url());
    let manifest = project.read("martydb.yaml");
    assert!(manifest.contains(&url), "{manifest}");
    project.write("martydb.yaml", &manifest.replace(&url, &format!("{url}{replicas}")));
    project
}

/// The entry of a standby.
fn entry(name: &str, standby: &Server) -> String {
    format!("    replicas:\n      - {{ name: {name}, url: \"postgresql://127.0.0.1:{}\" }}\n", standby.port)
}

fn provision(project: &Project, primary: &Server, standby: &Server) {
    let _done = project.run(&["apply", "--all", "-y"]).expect(0);
    let _done = project.run(&["upgrade", "--all"]).expect(0);
    standby.catch_up_with(primary);
}

fn at<'a>(document: &'a Value, list: &str, replica: &str) -> Vec<&'a Value> {
    document[list].as_array().unwrap().iter().filter(|row| row["at"] == replica).collect()
}

#[test]
fn a_standby_is_proven_like_its_server_with_its_own_pg_hba() {
    let primary = Server::with_standbys();
    let standby = primary.standby(&[]);
    let project = project(&primary, "rst", &entry("r1", &standby));
    provision(&project, &primary, &standby);
    let proof = project.json(&["verify-isolation"], 0);
    let own = proof["matrix"].as_array().unwrap().iter().filter(|row| row["at"].is_null()).count();
    let there = at(&proof, "matrix", "r1");
    assert_eq!((own, there.len()), (own, own), "{proof:#}");
    assert!(own > 0 && there.iter().all(|row| row["server"] == "main"), "{proof:#}");
    assert!(at(&proof, "findings", "r1").iter().all(|finding| finding["severity"] == "low"), "{proof:#}");

    standby.let_in("host all rst_a_app 127.0.0.1/32 trust\n");
    let proof = project.json(&["verify-isolation"], 4);
    let severe = |finding: &&Value| finding["severity"] == "critical";
    let found: Vec<_> = proof["findings"].as_array().unwrap().iter().filter(severe).collect();
    assert!(found.iter().any(|finding| finding["id"] == "hba-trust"), "{proof:#}");
    assert!(found.iter().all(|finding| finding["at"] == "r1"), "{proof:#}");
    let text = project.run(&["verify-isolation"]).expect(4).stdout;
    assert!(text.contains("replica r1 of server main\n"), "{text}");
    // The login has CONNECT only on its own database, at the standby too.
    let breach = |row: &&&Value| row["outcome"] == "breach";
    assert_eq!(at(&proof, "matrix", "r1").iter().filter(breach).count(), 0, "{proof:#}");
}

#[test]
fn a_standby_with_a_stricter_pg_hba_passes() {
    let primary = Server::with_standbys();
    let standby = primary.standby(&[]);
    let project = project(&primary, "rss", &entry("r1", &standby));
    provision(&project, &primary, &standby);
    let own = |service: &str| {
        let logins = ["migrator", "app", "ro"].map(|kind| format!("{service}_{kind}")).join(",");
        format!("host {service} {logins} 127.0.0.1/32 scram-sha-256\n")
    };
    let closed = "host all postgres 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 reject\n";
    standby.let_in(&format!("{}{}{closed}", own("rss_a"), own("rss_b")));
    let proof = project.json(&["verify-isolation"], 0);
    let denied = |row: &&&Value| row["outcome"] == "denied" && row["sqlstate"] == "28000";
    assert!(at(&proof, "matrix", "r1").iter().filter(denied).count() > 0, "{proof:#}");
}

#[test]
fn an_unreachable_standby_is_inconclusive() {
    let primary = Server::with_standbys();
    let mut standby = primary.standby(&[]);
    let project = project(&primary, "rsd", &entry("r1", &standby));
    // Before it has replayed them, the logins cannot be tried there.
    standby.sql("postgres", "SELECT pg_wal_replay_pause()");
    let _done = project.run(&["apply", "--all", "-y"]);
    let _done = project.run(&["upgrade", "--all"]).expect(0);
    let proof = project.json(&["verify-isolation"], 4);
    let unclear = |row: &&Value| row["outcome"] == "inconclusive";
    assert!(at(&proof, "matrix", "r1").iter().all(unclear), "{proof:#}");

    standby.crash();
    let proof = project.json(&["verify-isolation"], 4);
    let unread = at(&proof, "unread", "r1");
    assert_eq!(unread.len(), 1, "{proof:#}");
    assert!(proof["matrix"].as_array().unwrap().iter().all(|row| row["at"].is_null()), "{proof:#}");
    let text = project.run(&["verify-isolation"]).expect(4).stdout;
    assert!(text.contains("inconclusive: replica r1 of server main could not be read"), "{text}");

    standby.launch();
    standby.catch_up_with(&primary);
    let _green = project.run(&["verify-isolation"]).expect(0);
}

#[test]
fn a_read_address_of_an_undeclared_replica_is_a_finding() {
    let primary = Server::with_standbys();
    let standby = primary.standby(&[]);
    let read = format!("    app_url: {{ read: \"postgresql://127.0.0.1:{}\" }}\n", standby.port);
    let project = project(&primary, "rsu", &read);
    provision(&project, &primary, &standby);
    let proof = project.json(&["verify-isolation"], 4);
    let unproven = |finding: &&Value| finding["id"] == "unproven-read-address";
    let found: Vec<_> = proof["findings"].as_array().unwrap().iter().filter(unproven).collect();
    assert_eq!(found.len(), 1, "{proof:#}");
    let fix = found[0]["fix"].as_str().unwrap();
    assert!(fix.contains(&format!("postgresql://127.0.0.1:{}", standby.port)), "{fix}");

    let manifest = project.read("martydb.yaml");
    project.write("martydb.yaml", &manifest.replace(&read, &format!("{read}{}", entry("r1", &standby))));
    let proof = project.json(&["verify-isolation"], 0);
    assert!(!proof["findings"].as_array().unwrap().iter().any(|finding| unproven(&finding)), "{proof:#}");
}

#[test]
fn a_replica_is_declared_completely_or_refused() {
    let project = |replicas: &str| {
        Project::with_manifest(&format!(
            "version: 1\nproject: rsm\nservers:\n  main:\n    url: postgresql://a@db/postgres\n    replicas:\n{replicas}services:\n  rsm_a:\n"
        ))
    };
    for (replicas, message) in [
        ("      - { name: R1, url: \"postgresql://r1\" }\n", "replica name"),
        ("      - { name: r1, url: \"postgresql://r1,r2\" }\n", "a replica has one host"),
        ("      - { name: r1, url: \"mysql://r1\" }\n", "not a PostgreSQL URL"),
        ("      - { name: r1, url: \"postgresql://r1\", max_lag: soon }\n", "not a time"),
        ("      - { name: r1, url: \"postgresql://r1\", role: leader }\n", "leader"),
        ("      - { name: r1, url: \"postgresql://r${NO_SUCH_VARIABLE}\" }\n", "NO_SUCH_VARIABLE"),
        (
            "      - { name: r1, url: \"postgresql://r1\" }\n      - { name: r1, url: \"postgresql://r2\" }\n",
            "two replicas of one server have this name",
        ),
    ] {
        let done = project(replicas).run(&["validate"]).expect(2);
        assert!(done.stderr.contains(message), "{replicas}: {}", done.stderr);
    }
    let _valid =
        project("      - { name: r1, url: \"postgresql://r1:6000\", role: analytics, max_lag: 30s }\n")
            .run(&["config"])
            .expect(0);
    let embedded = "version: 1\nproject: rsm\nservers:\n  main:\n    embedded: true\n    replicas: [{ name: r1, url: \"postgresql://r1\" }]\nservices:\n  rsm_a:\n";
    let done = Project::with_manifest(embedded).run(&["validate"]).expect(2);
    assert!(done.stderr.contains("has no replicas"), "{}", done.stderr);
}

/// Pauses replay at the standby, which continues to answer.
fn pause(standby: &Server) {
    standby.sql("postgres", "SELECT pg_wal_replay_pause()");
    until("replay is paused", || {
        standby.value("postgres", "SELECT pg_is_wal_replay_paused()::text") == "true"
    });
}

fn resume(standby: &Server, primary: &Server) {
    standby.sql("postgres", "SELECT pg_wal_replay_resume()");
    standby.catch_up_with(primary);
}

#[test]
fn lag_is_shown_and_beyond_max_lag_is_a_difference() {
    let primary = Server::with_standbys();
    let mut standby = primary.standby(&[]);
    let limited = entry("r1", &standby).replace(" }\n", ", max_lag: 1s }\n");
    let project = project(&primary, "rsl", &limited);
    project.write("martydb.yaml", &format!("{}monitor: true\n", project.read("martydb.yaml")));
    provision(&project, &primary, &standby);
    let status = project.json(&["status", "--check"], 0);
    let replica = &status["replicas"][0];
    assert_eq!(
        (&replica["server"], &replica["name"], &replica["state"], &replica["lag_bytes"], &replica["lag_ms"]),
        (&"main".into(), &"r1".into(), &"streaming".into(), &0.into(), &0.into()),
        "{status:#}"
    );
    let measured = project.run(&["monitor", "--once"]).expect(0).stdout;
    let series =
        |name: &str| measured.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    assert!(series("martydb_replica_up{").ends_with(" 1.0"), "{measured}");
    assert!(series("martydb_replica_lag_bytes{").contains("replica=\"r1\""), "{measured}");

    pause(&standby);
    primary.sql(
        "rsl_a",
        "SET ROLE rsl_a_owner; CREATE TABLE big AS SELECT repeat('x', 1000) FROM generate_series(1, 1000)",
    );
    let old = "SELECT (clock_timestamp() - pg_last_xact_replay_timestamp() > interval '1100 ms')::text";
    until("the last replayed transaction is old", || standby.value("postgres", old) == "true");
    let done = project.run(&["status", "--check"]).expect(3);
    assert!(done.stdout.contains("replica r1 of server main: replay paused, "), "{}", done.stdout);
    assert!(done.stdout.contains("(max_lag: 1.0 s)"), "{}", done.stdout);
    let lag = project.json(&["status"], 0)["replicas"][0]["lag_bytes"].as_i64().unwrap();
    assert!(lag > 500_000, "{lag}");
    resume(&standby, &primary);

    let tried = project.json(&["test-connections"], 0);
    let rows = at(&tried, "connections", "r1");
    assert_eq!(rows.len() * 2, tried["connections"].as_array().unwrap().len(), "{tried:#}");
    let checks = project.run(&["doctor"]).expect(0).stdout;
    assert!(checks.contains("r1: streaming, up to date"), "{checks}");

    standby.crash();
    let _shown = project.run(&["status"]).expect(0);
    let done = project.run(&["status", "--check"]).expect(5);
    assert!(done.stdout.contains("replica r1 of server main: unreachable: "), "{}", done.stdout);
    let done = project.run(&["test-connections"]).expect(5);
    assert!(done.stdout.contains("at replica r1: "), "{}", done.stdout);
    let done = project.run(&["doctor"]).expect(1);
    assert!(done.stdout.contains("r1: unreachable"), "{}", done.stdout);
    let measured = project.run(&["monitor", "--once"]).stdout;
    assert!(measured.contains("martydb_replica_up{") && measured.contains("martydb_up{"), "{measured}");
}

/// Returns `true` if the login can enter its own database with this password.
fn enters(server: &Server, role: &str, password: &str) -> bool {
    let database = role.rsplit_once('_').unwrap().0;
    server.sql_as(role, password, database, "SELECT 1").is_ok()
}

#[test]
fn a_rotation_waits_until_the_standby_rejects_the_former_password() {
    let primary = Server::with_standbys();
    let standby = primary.standby(&[]);
    let project = project(&primary, "rsr", &entry("r1", &standby));
    provision(&project, &primary, &standby);
    let rotate = ["rotate", "--service", "rsr_a", "--role", "app"];
    let old = project.password("rsr_a_app");
    pause(&standby);
    let done = project.run(&[&rotate[..], &["--lock-wait", "1s"]].concat()).expect(1);
    let said = "replica r1 has not replayed the change: the old password of \"rsr_a_app\" still works there";
    assert!(done.stderr.contains(said) || done.stdout.contains(said), "{}", done.said());
    let new = project.password("rsr_a_app");
    assert!(old != new && enters(&primary, "rsr_a_app", &new) && !enters(&primary, "rsr_a_app", &old));
    assert!(enters(&standby, "rsr_a_app", &old), "replay is paused");

    // Resumed while the rotation waits.
    let waiting = std::thread::scope(|scope| {
        let run = scope.spawn(|| project.run(&[&rotate[..], &["--lock-wait", "60s"]].concat()));
        until("the server has another password", || !enters(&primary, "rsr_a_app", &new));
        resume(&standby, &primary);
        run.join().unwrap()
    });
    let _closed = waiting.expect(0);
    let newest = project.password("rsr_a_app");
    assert!(enters(&standby, "rsr_a_app", &newest));
    assert!(!enters(&standby, "rsr_a_app", &new) && !enters(&standby, "rsr_a_app", &old));
}

#[test]
fn an_alternate_login_is_published_once_it_works_at_the_standby() {
    let primary = Server::with_standbys();
    let standby = primary.standby(&[]);
    let project = project(&primary, "rso", &entry("r1", &standby));
    provision(&project, &primary, &standby);
    let first = project.password("rso_a_app");
    let overlap = ["rotate", "--service", "rso_a", "--role", "app", "--overlap"];
    pause(&standby);
    let done = project.run(&[&overlap[..], &["--lock-wait", "1s"]].concat()).expect(1);
    assert!(done.said().contains("the login \"rso_a_app_b\" does not work there"), "{}", done.said());
    let url = project.run(&["url", "--service", "rso_a"]).expect(0).stdout;
    assert!(url.contains("//rso_a_app:"), "{url}");
    resume(&standby, &primary);
    let finish = ["rotate", "--service", "rso_a", "--role", "app", "--finish"];
    let _closed = project.run(&finish).expect(0);
    let _second = project.run(&overlap).expect(0);
    let url = project.run(&["url", "--service", "rso_a"]).expect(0).stdout;
    assert!(url.contains("//rso_a_app_b:"), "{url}");

    // NOLOGIN that is not replayed lets the first login in.
    pause(&standby);
    let done = project.run(&[&finish[..], &["--lock-wait", "1s"]].concat()).expect(1);
    assert!(done.said().contains("the login \"rso_a_app\" still works there"), "{}", done.said());
    assert!(enters(&standby, "rso_a_app", &first));
    resume(&standby, &primary);
    assert!(!enters(&standby, "rso_a_app", &first));
}

#[test]
fn a_revoke_and_a_drop_wait_for_the_standby() {
    let primary = Server::with_standbys();
    let standby = primary.standby(&[]);
    let project = project(&primary, "rsk", &entry("r1", &standby));
    provision(&project, &primary, &standby);
    primary.sql("postgres", "GRANT CONNECT ON DATABASE rsk_b TO rsk_a_app");
    standby.catch_up_with(&primary);
    pause(&standby);
    let done = project.run(&["apply", "--all", "-y", "--lock-wait", "1s"]).expect(1);
    assert!(done.stderr.contains("replica r1 has not replayed the change"), "{}", done.stderr);
    let password = project.password("rsk_a_app");
    let enters = |server: &Server| server.sql_as("rsk_a_app", &password, "rsk_b", "SELECT 1").is_ok();
    assert!(!enters(&primary) && enters(&standby));
    let drop = ["drop", "rsk_b", "--confirm", "rsk_b"];
    let done = project.run(&[&drop[..], &["--lock-wait", "1s"]].concat()).expect(1);
    assert!(done.stderr.contains("the logins of \"rsk_b\" still work there"), "{}", done.stderr);
    resume(&standby, &primary);
    assert!(!enters(&standby));
    let _again = project.run(&drop).expect(0);
}

#[test]
fn a_failover_during_a_rotation_is_reported_and_the_next_run_converges() {
    let mut primary = Server::with_standbys();
    let standby = primary.standby(&[]);
    let project = project(&primary, "rsf", &entry("r1", &standby));
    let one = format!("127.0.0.1:{}/postgres", primary.port);
    let both = format!("127.0.0.1:{},127.0.0.1:{}/postgres", primary.port, standby.port);
    project.write("martydb.yaml", &project.read("martydb.yaml").replace(&one, &both));
    provision(&project, &primary, &standby);
    let old = project.password("rsf_a_app");
    let mark = primary.log().len();
    let rotate = ["rotate", "--service", "rsf_a", "--role", "app", "--lock-wait", "60s"];
    pause(&standby);
    let done = std::thread::scope(|scope| {
        let run = scope.spawn(|| project.run(&rotate));
        // It has proven the new password at the primary by then.
        until("the rotation waits", || primary.log_since(mark).contains("pg_current_wal_flush_lsn"));
        primary.crash();
        // It ends the pause.
        standby.sql("postgres", "SELECT pg_promote()");
        run.join().unwrap()
    });
    // A standby replays the new password before it stops being one: a look between the two finds it there.
    if done.code == Some(0) {
        assert!(enters(&standby, "rsf_a_app", &project.password("rsf_a_app")));
    } else {
        let said = done.expect(1).said();
        assert!(said.contains("r1: it is not a standby"), "{said}");
    }
    let _again = project.run(&rotate).expect(0);
    assert!(enters(&standby, "rsf_a_app", &project.password("rsf_a_app")));
    assert!(!enters(&standby, "rsf_a_app", &old));
}

#[test]
fn readers_get_their_own_replicas() {
    let project = Project::with_manifest(
        "version: 1\nproject: rsp\nservers:\n  main:\n    url: postgresql://adm@db:5432/postgres?sslmode=require\n    replicas:\n      - { name: r1, url: \"postgresql://r1:5433\" }\n      - { name: r2, url: \"postgresql://r2:5434\" }\n      - { name: a1, url: \"postgresql://a1:5435\", role: analytics }\n      - { name: w1, url: \"postgresql://w1:5436\", role: worker }\n    app_url: { write: \"postgresql://pool:6432\" }\nservices:\n  rsp_a:\n",
    );
    let url = |arguments: &[&str]| {
        let all = [&["url", "rsp_a", "--no-password"], arguments].concat();
        project.run(&all).expect(0).stdout.trim_end().to_owned()
    };
    for (arguments, expected) in [
        (&["--read-only"][..], "postgresql://rsp_a_ro@r1:5433,r2:5434/rsp_a?sslmode=require"),
        (&["--prefer", "analytics"], "postgresql://rsp_a_ro@a1:5435/rsp_a?sslmode=require"),
        (
            &["--prefer", "secondary"],
            "postgresql://rsp_a_ro@r1:5433,r2:5434,pool:6432/rsp_a?sslmode=require&target_session_attrs=prefer-standby",
        ),
        (
            &["--prefer", "nearest"],
            "postgresql://rsp_a_ro@r1:5433,r2:5434,pool:6432/rsp_a?sslmode=require&target_session_attrs=any&load_balance_hosts=random",
        ),
        (&["--prefer", "primary"], "postgresql://rsp_a_app@pool:6432/rsp_a?target_session_attrs=primary"),
    ] {
        assert_eq!(url(arguments), expected, "{arguments:?}");
    }
    let jdbc = url(&["--prefer", "secondary", "--format", "jdbc"]);
    assert!(jdbc.contains("targetServerType=preferSecondary"), "{jdbc}");
}
