//! pgBackRest with what is rendered: a server backed up as a whole, lost, and there again.

use std::path::Path;
use std::process::Command;

use crate::support::{ADMIN_PASSWORD, Done, Project, Server, built_elsewhere, until};

/// Variable of the folder that keeps two runs apart.
const LOCK: &str = "PGBACKREST_LOCK_PATH";

/// As the account of the server, whose files they are.
fn pgbackrest(project: &Project, config: &Path, server: &Server, arguments: &[&str]) -> Done {
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    let mut command = Command::new(if root { "setpriv" } else { "env" });
    if root {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.arg("pgbackrest").arg(format!("--config={}", config.display()));
    command.args(["--stanza=main", "--log-level-console=warn"]).args(arguments);
    // The test's folders, as variables: not every command takes the options.
    command.env(LOCK, server.folder()).env("PGBACKREST_PG1_SOCKET_PATH", server.folder());
    command.env("PGPASSWORD", ADMIN_PASSWORD).current_dir("/");
    project.finish(command)
}

#[test]
fn pgbackrest_backs_a_server_up_and_restores_it() {
    // The system's pgBackRest knows the system's PostgreSQL, and few newer ones.
    if built_elsewhere() {
        return;
    }
    let mut server = Server::start_with(&["archive_mode=on", "wal_level=replica"]);
    let folder = server.folder().to_owned();
    let (data, repository) = (server.data(), folder.join("repository"));
    let text = format!(
        "version: 1\nproject: pbr\ndeploy: {{ pgbackrest: {{ repository: {}, keep: 1 }} }}\n\
         servers:\n  main: {{ url: '{}', deploy: {{ data_folder: {} }} }}\nservices:\n  pbr_a:\n  pbr_b:\nbackup: {{ to: {} }}\n",
        repository.display(),
        server.url(),
        data.display(),
        folder.join("backups").display()
    );
    let project = Project::with_manifest(&text);
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["render", "pgbackrest", "--out", folder.to_str().unwrap()]).expect(0);
    let config = folder.join("pgbackrest.conf");
    let archive = format!(
        "env {LOCK}=\"{}\" pgbackrest --config=\"{}\" --stanza=main archive-push %p",
        folder.display(),
        config.display()
    );
    server.sql("postgres", &format!("ALTER SYSTEM SET archive_command = '{archive}'"));
    server.sql("postgres", "SELECT pg_reload_conf()");

    let _made = pgbackrest(&project, &config, &server, &["stanza-create"]).expect(0);
    let _checked = pgbackrest(&project, &config, &server, &["check"]).expect(0);
    server.sql("pbr_a", "SET ROLE pbr_a_owner; CREATE TABLE kept AS SELECT 42 AS answer");
    let _backed_up = pgbackrest(&project, &config, &server, &["--type=full", "backup"]).expect(0);
    let info = pgbackrest(&project, &config, &server, &["info", "--output=json"]).expect(0).json();
    assert_eq!(info[0]["backup"].as_array().unwrap().len(), 1, "{info:#}");
    assert_eq!((&info[0]["name"], &info[0]["status"]["code"]), (&"main".into(), &0.into()));

    server.crash();
    empty(&data);
    let _restored = pgbackrest(&project, &config, &server, &["restore"]).expect(0);
    server.launch();
    assert_eq!(server.value("pbr_a", "SELECT answer::text FROM kept"), "42");
    // Roles and privileges came with it.
    project.run(&["plan", "--check"]).expect(0);

    // One service is restored to a moment, and the other keeps its later rows.
    server.sql("pbr_b", "SET ROLE pbr_b_owner; CREATE TABLE kept AS SELECT 1 AS answer");
    let moment = server.value("postgres", "SELECT clock_timestamp()::text");
    server.sql("pbr_a", "UPDATE kept SET answer = 0");
    server.sql("pbr_b", "UPDATE kept SET answer = 2");
    server.sql("postgres", "SELECT pg_switch_wal()");
    let copy = at_the_moment(&project, &config, &moment);
    let beside = Project::with_manifest(&project.read("martydb.yaml").replace(&server.url(), &copy.url()));
    beside.write(".martydb/secrets/development.yaml", &project.read(".martydb/secrets/development.yaml"));
    let made = beside.json(&["backup", "pbr_a"], 0);
    let id = made["backups"][0]["id"].as_str().unwrap();
    project.run(&["restore", "pbr_a", "--from", id, "-y"]).expect(0);
    assert_eq!(server.value("pbr_a", "SELECT answer::text FROM kept"), "42");
    assert_eq!(server.value("pbr_b", "SELECT answer::text FROM kept"), "2");
    project.run(&["verify-isolation"]).expect(0);
}

/// Returns a throw-away server with the databases as they were at this moment.
fn at_the_moment(project: &Project, config: &Path, moment: &str) -> Server {
    let mut copy = Server::start();
    copy.crash();
    empty(&copy.data());
    let path = format!("--pg1-path={}", copy.data().display());
    let target = format!("--target={moment}");
    let arguments = [&path, "--type=time", &target, "--target-action=promote", "restore"];
    let _restored = pgbackrest(project, config, &copy, &arguments).expect(0);
    // It has the settings of the other one, which keeps running.
    let own = format!(
        "port = {}\nunix_socket_directories = '{}'\narchive_mode = off\n",
        copy.port,
        copy.folder().display()
    );
    let settings = copy.data().join("postgresql.auto.conf");
    let all = std::fs::read_to_string(&settings).unwrap() + &own;
    std::fs::write(settings, all).unwrap();
    copy.launch();
    until("recovery has ended", || copy.value("postgres", "SELECT pg_is_in_recovery()::text") == "false");
    copy
}

/// Removes what is in a folder.
fn empty(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap()
        } else {
            std::fs::remove_file(path).unwrap()
        }
    }
}

#[test]
fn each_server_has_a_stanza_with_the_images_paths() {
    let text = super::MANIFEST.replace("{ name: vault }", "{ name: vault }\n  image: postgres:17");
    let two = text.replace("password_env: TWO }", "password_env: TWO, deploy: { image: 'postgres:18.1' } }");
    let settings = Project::with_manifest(&two).run(&["render", "pgbackrest"]).expect(0).stdout;
    for part in [
        "[global]\nrepo1-path=/var/lib/pgbackrest\nrepo1-retention-full=2\n",
        "\n[one]\npg1-path=/var/lib/postgresql/data\npg1-port=5432\npg1-user=adm\npg1-database=postgres\n",
        "\n[two]\npg1-path=/var/lib/postgresql/18/docker\npg1-port=5433\n",
    ] {
        assert!(settings.contains(part), "{part}{settings}");
    }
    for (from, to, expected) in [
        ("  one: {", "  global: {", "\"global\" is not a valid name for a pgBackRest stanza"),
        ("adm@db-one", "adm%0Apg1-host=x@db-one", "cannot contain"),
    ] {
        let text = text
            .replace(from, to)
            .replace("server: one", if to.contains("global") { "server: global" } else { "server: one" });
        let refused = Project::with_manifest(&text).run(&["render", "pgbackrest"]).expect(2);
        assert!(refused.stderr.contains(expected), "{}", refused.stderr);
    }
}
