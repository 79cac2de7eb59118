//! pgBackRest with what is rendered: a server backed up as a whole, lost, and there again.

use std::path::Path;
use std::process::Command;

use crate::support::{ADMIN_PASSWORD, Done, Project, Server, built_elsewhere};

/// Where it keeps two runs apart.
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
    // What the test's folders are, as variables: not every command takes the options.
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
         servers:\n  main: {{ url: '{}', deploy: {{ data_folder: {} }} }}\nservices:\n  pbr_a:\n",
        repository.display(),
        server.url(),
        data.display()
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
    for entry in std::fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap()
        } else {
            std::fs::remove_file(path).unwrap()
        }
    }
    let _restored = pgbackrest(&project, &config, &server, &["restore"]).expect(0);
    server.launch();
    assert_eq!(server.value("pbr_a", "SELECT answer::text FROM kept"), "42");
    // Roles and rights came with it.
    project.run(&["plan", "--check"]).expect(0);
}

#[test]
fn a_stanza_for_each_server_is_where_the_image_has_its_files() {
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
