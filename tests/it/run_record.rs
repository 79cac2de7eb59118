//! The record of runs in the maintenance database: a row for each run that changed something or failed at it.

mod hostile;

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{ADMIN_PASSWORD, Admin, Project, Server, can_dump, until};

const ROWS: &str = "SELECT action, outcome, ended_at IS NULL FROM martydb.record ORDER BY at";

fn records(project: &Project) -> Vec<Value> {
    project.json(&["history", "--record"], 0)["records"].as_array().unwrap().clone()
}

fn rows(server: &Server) -> Vec<Vec<String>> {
    server.sql("postgres", ROWS)
}

#[test]
fn each_run_that_changed_a_server_has_one_row_and_others_have_none() {
    let server = Server::start();
    let project = Project::new(&server, "rr");
    assert_eq!(records(&project), Vec::<Value>::new());
    project.run(&["plan"]).expect(0);
    project.run(&["apply", "--all", "-y", "--dry-run"]).expect(0);
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_namespace WHERE nspname = 'martydb'"), "0");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    let second = project.json(&["apply", "--all", "-y"], 0);
    assert_eq!(second["changes"].as_array().unwrap().len(), 0);
    assert_eq!(second["limits"].as_array().unwrap().len(), 0);
    project.run(&["plan", "--check"]).expect(0);
    assert_eq!(project.json(&["plan"], 0)["prunable"].as_array().unwrap().len(), 0);
    let all = records(&project);
    assert_eq!(all.len(), 1, "{all:?}");
    let one = &all[0];
    for (key, expected) in [
        ("server", "main"),
        ("project", "rr"),
        ("env", "development"),
        ("action", "apply"),
        ("outcome", "ok"),
    ] {
        assert_eq!(one[key], expected, "{one}");
    }
    assert_eq!(one["services"], serde_json::json!(["rr_a", "rr_b"]));
    assert!(one["at"].as_str().unwrap() < one["ended_at"].as_str().unwrap(), "{one}");
    assert!(one["tool"].as_str().unwrap().starts_with("martydb "), "{one}");
    assert!(one["by"].as_str().is_some_and(|by| !by.is_empty()), "{one}");
    assert!(one["host"].as_str().is_some_and(|host| !host.is_empty()), "{one}");
    let sum =
        std::process::Command::new("sha256sum").arg(project.path().join("martydb.yaml")).output().unwrap();
    assert!(String::from_utf8(sum.stdout).unwrap().starts_with(one["manifest_sha256"].as_str().unwrap()));
    project.run(&["rotate", "-s", "rr_a"]).expect(0);
    project.run(&["rotate", "-s", "rr_a", "--finish"]).expect(0);
    project.run(&["verify-isolation"]).expect(0);
    project.run(&["drop", "-s", "rr_b", "--confirm", "rr_b"]).expect(0);
    project.run(&["drop", "-s", "rr_a", "--confirm", "rr_a"]).expect(0);
    project.run(&["drop", "-s", "rr_a", "--confirm", "rr_a"]).expect(0);
    let ended = |action: &str| vec![action.to_owned(), "ok".into(), "f".into()];
    assert_eq!(rows(&server), ["apply", "rotate", "drop", "drop"].map(ended));
    assert_eq!(records(&project)[1]["services"], serde_json::json!(["rr_a"]));
    let kept =
        "SELECT count(*) FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
         WHERE c.oid = 'martydb.record'::regclass AND a.grantee <> c.relowner";
    assert_eq!(server.value("postgres", kept), "0");
    // Without the flag it is the history of migrations.
    let past = project.json(&["history"], 0);
    assert!(past.get("records").is_none() && past["services"].is_array(), "{past}");
}

#[test]
fn the_record_is_a_table_and_can_be_narrowed() {
    let server = Server::start();
    let project = Project::new(&server, "rn");
    project.run(&["apply", "-s", "rn_a", "-y"]).expect(0);
    project.run(&["apply", "-s", "rn_b", "-y"]).expect(0);
    let shown = project.run(&["history", "--record"]).expect(0).stdout;
    assert!(shown.contains("AT ") && shown.contains("rn_a") && shown.contains("apply"), "{shown}");
    let of = |arguments: &[&str]| {
        let all = project.json(&[&["history", "--record"], arguments].concat(), 0);
        all["records"].as_array().unwrap().len()
    };
    assert_eq!(
        [of(&[]), of(&["--server", "main"]), of(&["-s", "rn_a"]), of(&["--limit", "1"])],
        [2, 2, 1, 1]
    );
    project.run(&["history", "--record", "--server", "other"]).expect(2);
    let csv = project.run(&["history", "--record", "-o", "csv"]).expect(0).stdout;
    assert!(csv.starts_with("at,server,project,env,action,services,"), "{csv}");
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert_eq!(project.run(&["history", "--record", "-o", "name"]).expect(0).stdout, "apply\n");
}

#[test]
fn a_failure_is_recorded_without_statement_and_without_secret() {
    let server = Server::start();
    let project = Project::new(&server, "rf");
    project.run(&["apply", "--all", "-y"]).expect(0);
    server.sql(
        "rf_a",
        "CREATE FUNCTION public.stop() RETURNS event_trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'geheim: %', current_query(); END $$;
         ALTER DEFAULT PRIVILEGES FOR ROLE rf_a_owner REVOKE SELECT ON TABLES FROM rf_a_ro;
         CREATE EVENT TRIGGER stop ON ddl_command_start WHEN TAG IN ('ALTER DEFAULT PRIVILEGES') EXECUTE FUNCTION public.stop();
         ALTER EVENT TRIGGER stop ENABLE ALWAYS",
    );
    let from_17 = server.major() >= 17;
    if from_17 {
        // There the admin's sessions switch it off.
        return;
    }
    project.run(&["apply", "--all", "-y"]).expect(1);
    let failed = records(&project).pop().unwrap();
    assert_eq!((&failed["action"], &failed["outcome"]), (&"apply".into(), &"failed".into()));
    let note = failed["note"].as_str().unwrap();
    assert!(note.starts_with("operation P0001"), "{note}");
    for word in ["geheim", "ALTER", "PRIVILEGES"] {
        assert!(!note.contains(word), "{note}");
    }
    for password in project.passwords().iter().map(String::as_str).chain([ADMIN_PASSWORD]) {
        assert!(!failed.to_string().contains(password), "{failed}");
    }
}

#[test]
fn a_killed_run_has_no_end_and_the_next_one_completes() {
    let server = Server::start();
    let project = Project::new(&server, "rk");
    project.run(&["apply", "-s", "rk_a", "-y"]).expect(0);
    server.sql("postgres", "CREATE ROLE holder LOGIN SUPERUSER PASSWORD 'x'");
    server.sql("postgres", "ALTER ROLE rk_a_app CONNECTION LIMIT 3");
    // The run waits for this row of the catalog.
    let port = server.port.to_string();
    let mut held = std::process::Command::new("psql")
        .args(["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-d", "postgres", "-c"])
        .arg("BEGIN; ALTER ROLE rk_a_app CONNECTION LIMIT 4; SELECT pg_sleep(60)")
        .env("PGPASSWORD", ADMIN_PASSWORD)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until("the row is held", || {
        server.value("postgres", "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()") != "0"
    });
    let mut command = project.command(&["apply", "--all", "-y"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the run has begun", || rows(&server).len() == 2);
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), Signal::KILL).unwrap();
    child.wait().unwrap();
    held.kill().unwrap();
    held.wait().unwrap();
    assert_eq!(rows(&server)[1], ["apply", "started", "t"]);
    server.sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    assert_eq!(rows(&server)[2], ["apply", "ok", "f"]);
    let shown = records(&project);
    assert_eq!((&shown[1]["outcome"], &shown[1]["ended_at"]), (&"started".into(), &Value::Null));
}

#[test]
fn two_runs_at_once_have_a_row_each_and_old_rows_go() {
    let server = Server::start();
    let projects: Vec<Project> = (0..4).map(|n| Project::new(&server, &format!("rc{n}"))).collect();
    let runs: Vec<_> = projects
        .iter()
        .map(|project| {
            let mut command = project.command(&["apply", "--all", "-y"]);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut run in runs {
        assert!(run.wait().unwrap().success());
    }
    assert_eq!(rows(&server), vec![vec!["apply".to_owned(), "ok".into(), "f".into()]; 4]);
    server
        .sql("postgres", "UPDATE martydb.record SET at = now() - interval '366 days' WHERE project = 'rc1'");
    server
        .sql("postgres", "UPDATE martydb.record SET at = now() - interval '364 days' WHERE project = 'rc2'");
    projects[0].run(&["rotate", "-s", "rc0_a", "--role", "app"]).expect(0);
    let left = server.sql("postgres", "SELECT project FROM martydb.record ORDER BY 1");
    assert_eq!(left, [["rc0"], ["rc0"], ["rc2"], ["rc3"]]);
}

#[test]
fn a_limited_admin_has_a_limit_until_a_dba_makes_the_schema() {
    let server = Server::with_both_admins();
    let project = Project::new_as(&server, Admin::Limited, "rl");
    let limit = |document: &Value| {
        let all = document["limits"].as_array().unwrap().iter();
        all.filter(|limit| limit["what"] == "keep the record of runs").cloned().collect::<Vec<_>>()
    };
    for command in [&["plan"][..], &["doctor"], &["apply", "--all", "-y"]] {
        let found = limit(&project.json(command, 0));
        assert_eq!(found.len(), 1, "{command:?}");
        assert_eq!(found[0]["grant"], "in database postgres: CREATE SCHEMA martydb AUTHORIZATION \"adm\"");
        assert_eq!(found[0]["why"], "adm lacks CREATE on database postgres");
    }
    project.run(&["plan", "--check"]).expect(0);
    assert_eq!(records(&project), Vec::<Value>::new());
    project.run(&["plan", "--out-sql", "dba.sql"]).expect(0);
    assert!(project.read("dba.sql").contains("CREATE SCHEMA martydb AUTHORIZATION \"adm\";"));
    server.sql("postgres", "CREATE SCHEMA martydb AUTHORIZATION adm");
    assert_eq!(limit(&project.json(&["plan"], 0)).len(), 0);
    project.run(&["rotate", "-s", "rl_a"]).expect(0);
    assert_eq!(rows(&server), [["rotate", "ok", "f"]]);
    assert_eq!(records(&project).len(), 1);
}

#[test]
fn a_repair_and_a_restore_are_recorded() {
    let server = Server::start();
    if !can_dump(&server) {
        return;
    }
    let project = Project::new(&server, "rp");
    let text = project.read("martydb.yaml");
    project.write("martydb.yaml", &format!("{text}backup: {{ to: ./kept }}\n"));
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    project.write(
        "rp_a/migrations/V2__name_index.sql",
        "CREATE INDEX item_name_idx ON item (name); -- edited\n",
    );
    project.run(&["repair", "-s", "rp_a", "--reason", "a comment", "-y"]).expect(0);
    project.run(&["repair", "-s", "rp_a", "--reason", "nothing is left", "-y"]).expect(0);
    let made = project.json(&["backup", "rp_b"], 0);
    let id = made["backups"][0]["id"].as_str().unwrap().to_owned();
    project.run(&["restore", "rp_b", "--from", &id, "-y"]).expect(0);
    project.run(&["restore", "rp_b", "--discard-old", "-y"]).expect(0);
    let all = records(&project);
    let of = |n: usize| {
        [&all[n]["action"], &all[n]["outcome"], &all[n]["note"]]
            .map(|value| value.as_str().unwrap().to_owned())
    };
    assert_eq!(of(1), ["repair", "ok", "1 migration"]);
    assert_eq!(of(2), ["restore", "ok", &id]);
    assert_eq!(of(3), ["restore", "ok", "1 former database discarded"]);
    assert_eq!(all.len(), 4, "{all:?}");
}

#[test]
fn a_dead_server_is_named_and_the_others_are_shown() {
    let server = Server::start();
    let project = Project::new(&server, "rd");
    let text = project.read("martydb.yaml").replace("    url:", "    password_env: PGPASSWORD\n    url:");
    project.write("martydb.yaml", &text);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let text = text.replace(
        "services:\n",
        "  dead:\n    url: postgresql://postgres@127.0.0.1:1/postgres?sslmode=disable\nservices:\n  rd_c: { server: dead }\n",
    );
    project.write("martydb.yaml", &text);
    let done = project.run(&["history", "--record", "-o", "json"]).expect(5).json();
    assert_eq!(done["records"].as_array().unwrap().len(), 1);
    assert_eq!(done["errors"][0]["server"], "dead");
    project.run(&["history", "--record", "--server", "main"]).expect(0);
}
