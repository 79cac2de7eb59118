//! Two services on a server of their own, with a table that every role of the service reads and one that only its owner reads.

use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::{Project, Server, until};

/// A provisioned pair.
pub(crate) struct Pair {
    /// The server.
    pub server: Server,
    /// The project, `red` and `blue`.
    pub project: Project,
}

impl Pair {
    /// Returns `red` and `blue`, provisioned.
    pub(crate) fn new() -> Pair {
        Pair::with(&[], "")
    }

    /// The same with settings of the server and more lines of the manifest, which change nothing that is provisioned.
    pub(crate) fn with(settings: &[&str], manifest: &str) -> Pair {
        let first = Pair::first();
        let server = Server::copied(&first.server, settings);
        let project = project(&server, manifest);
        let secrets = first.project.path().join(".martydb");
        assert!(Command::new("cp").arg("-a").arg(secrets).arg(project.path()).status().unwrap().success());
        Pair { server, project }
    }

    /// Provisions the pair that the others are copies of: it takes longer than most of the tests.
    fn first() -> &'static Pair {
        static FIRST: OnceLock<Pair> = OnceLock::new();
        FIRST.get_or_init(|| {
            let server = Server::shared(&[]);
            let project = project(&server, "");
            project.run(&["apply", "--all", "-y"]).expect(0);
            project.run(&["upgrade", "--all"]).expect(0);
            server.stop();
            Pair { server, project }
        })
    }

    /// The result with exit code `code`; no logins unless `more` asks for them.
    pub(crate) fn verify(&self, more: &[&str], code: i32) -> Value {
        let mut arguments = vec!["verify-isolation"];
        if !more.contains(&"--probes") {
            arguments.extend(["--probes", "none"]);
        }
        arguments.extend(more);
        self.project.json(&arguments, code)
    }

    /// Waits until the second of the configuration's last load is over: the server tells times of files in whole seconds, by a
    /// clock that may be a tick of the kernel's timer (at most 10 ms) behind its own.
    pub(crate) fn pass_second_of_load(&self) {
        let later =
            "SELECT (date_trunc('second', clock_timestamp() - interval '50 ms') > pg_conf_load_time())::text";
        until("a later second", || self.server.value("postgres", later) == "true");
    }

    /// Everything that was found, in one line each.
    pub(crate) fn found(result: &Value) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let line = |finding: &Value| {
            let keys = ["severity", "id", "service", "role", "database", "object"];
            keys.map(|key| text(&finding[key])).join(" | ")
        };
        result["findings"].as_array().unwrap().iter().map(line).collect()
    }

    /// Findings that end the run with 4.
    pub(crate) fn grave(result: &Value) -> Vec<String> {
        Self::found(result).into_iter().filter(|line| !line.starts_with("low")).collect()
    }
}

fn project(server: &Server, manifest: &str) -> Project {
    let text = format!(
        "version: 1\nproject: pair\nservers:\n  main: {{ url: \"{}\" }}\ndefaults: {{ database: \"{{service}}_db\", connection_limit: {{ migrator: 4, app: 6, readonly: 4 }} }}\n\
         services:\n  red:\n  blue:\n{manifest}",
        server.url()
    );
    let project = Project::with_manifest(&text);
    for service in ["red", "blue"] {
        project.write(
            &format!("{service}/migrations/V1__item.sql"),
            "CREATE TABLE item (id serial PRIMARY KEY, name text);\nCREATE TABLE hidden (secret text);\n\
             REVOKE ALL ON hidden FROM PUBLIC;\n",
        );
        project.write(&format!("{service}/migrations/V1__item.down.sql"), "DROP TABLE item, hidden;\n");
    }
    project
}

/// Returns the names of the objects that statements make.
pub(crate) fn made(sql: &str) -> impl Iterator<Item = &str> {
    sql.split("CREATE ").skip(1).filter_map(|rest| rest.split([' ', ';']).nth(1))
}

/// Divides rows into groups that are opened together, each of at most this size; `fits` tells if two may be in one.
pub(crate) fn groups<T>(rows: Vec<T>, most: usize, fits: impl Fn(&T, &T) -> bool) -> Vec<Vec<T>> {
    let mut groups: Vec<Vec<T>> = vec![];
    for row in rows {
        match groups
            .iter_mut()
            .find(|group| group.len() < most && group.iter().all(|other| fits(other, &row)))
        {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups
}
