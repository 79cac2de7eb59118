//! A folder with a manifest, and the built binary run in it with nothing of our own environment.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use super::server::ADMIN_PASSWORD;
use super::shown::without_varying;
use super::untouched;
use super::{Admin, Server};

/// A project under test.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

/// Result of a run of the binary.
#[derive(Debug)]
pub(crate) struct Done {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Done {
    /// Demands an exit code, and shows everything if it is another.
    pub(crate) fn expect(self, code: i32) -> Done {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Both outputs.
    pub(crate) fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Both outputs as a snapshot keeps them, stderr below the other.
    pub(crate) fn shown(&self) -> String {
        let [out, error] = [&self.stdout, &self.stderr].map(|text| without_varying(text));
        let line = if out.is_empty() || error.is_empty() { "" } else { "--- stderr\n" };
        format!("{out}{line}{error}").trim_start_matches('\n').to_owned()
    }

    /// The one document on stdout.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}:\n{}\nstderr:\n{}", self.stdout, self.stderr))
    }
}

impl Project {
    /// Services `<prefix>_a` and `<prefix>_b` on an existing server, two migrations each.
    pub(crate) fn new(server: &Server, prefix: &str) -> Project {
        Project::new_as(server, Admin::Super, prefix)
    }

    /// The same with the other kind of admin.
    pub(crate) fn new_as(server: &Server, admin: Admin, prefix: &str) -> Project {
        let text = format!(
            "version: 1\nproject: {prefix}\nservers:\n  main:\n    url: {}\nservices:\n  {prefix}_a:\n  {prefix}_b:\n",
            server.url_of(admin)
        );
        let project = Project::with_manifest(&text);
        for service in ["a", "b"] {
            let folder = format!("{prefix}_{service}/migrations");
            project.write(&format!("{folder}/V1__create_item.sql"), "CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);\n");
            project.write(&format!("{folder}/V1__create_item.down.sql"), "DROP TABLE item;\n");
            project.write(
                &format!("{folder}/V2__name_index.sql"),
                "CREATE INDEX item_name_idx ON item (name);\n",
            );
            project.write(&format!("{folder}/V2__name_index.down.sql"), "DROP INDEX item_name_idx;\n");
        }
        project
    }

    /// A folder with this `martydb.yaml`.
    pub(crate) fn with_manifest(text: &str) -> Project {
        let project =
            Project { folder: tempfile::Builder::new().prefix("martydb-it-project-").tempdir().unwrap() };
        project.write("martydb.yaml", text);
        project
    }

    /// Its folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file below the folder, with mode 0600 if it holds passwords.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        if path.parent().unwrap().ends_with(".martydb/secrets") {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    /// Reads a file below it.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// A command with a clean environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_martydb"));
        command.args(arguments).current_dir(self.path()).env_clear().stdin(Stdio::null());
        for name in ["PATH", "MARTYDB_PG_BIN"] {
            if let Ok(value) = std::env::var(name) {
                command.env(name, value);
            }
        }
        // A manifest with several servers names one of them by `password_env`.
        command.env("HOME", self.path()).env("DB_PASSWORD", ADMIN_PASSWORD).env("PGPASSWORD", ADMIN_PASSWORD);
        command
    }

    /// Runs the binary; what it gave must be looked at.
    #[must_use]
    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        self.finish(self.command(arguments))
    }

    /// Accepts the objects that a test made by hand.
    pub(crate) fn accept_objects(&self, services: &[&str]) {
        for service in services {
            let _ = self.run(&["repair", service, "--schema", "--reason", "made by a test", "-y"]).expect(0);
        }
    }

    /// Runs a prepared command.
    #[must_use]
    pub(crate) fn finish(&self, mut command: std::process::Command) -> Done {
        let before = untouched::before();
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        crate::hints::check(&stderr);
        if output.status.code() == Some(2) {
            before.nothing_was_touched(&self.named_by(&command), &format!("{command:?}\n{stderr}"));
        }
        Done { code: output.status.code(), stdout: String::from_utf8(output.stdout).unwrap(), stderr }
    }

    /// Manifest, environment and arguments of a run, in which its servers are named.
    fn named_by(&self, command: &std::process::Command) -> String {
        let files = std::fs::read_dir(self.path()).unwrap().filter_map(|entry| {
            let path = entry.unwrap().path();
            path.extension()
                .is_some_and(|end| end == "yaml")
                .then(|| std::fs::read_to_string(path).unwrap_or_default())
        });
        files.chain([format!("{command:?}")]).collect()
    }

    /// Runs git in the folder, which must succeed.
    pub(crate) fn git(&self, arguments: &[&str]) {
        let mut command = std::process::Command::new("git");
        command.args(["-c", "user.name=t", "-c", "user.email=t@example.org"]).args(arguments);
        let output = command.current_dir(self.path()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Runs it with JSON output and returns the document.
    pub(crate) fn json(&self, arguments: &[&str], code: i32) -> Value {
        let mut all = arguments.to_vec();
        all.extend(["-o", "json"]);
        self.run(&all).expect(code).json()
    }

    /// The stored password of a login on the server `main`.
    pub(crate) fn password(&self, role: &str) -> String {
        let text = self.read(".martydb/secrets/development.yaml");
        let stored: Value = serde_yaml::from_str(&text).unwrap();
        stored["main"][role].as_str().unwrap_or_else(|| panic!("no password for {role}")).to_owned()
    }

    /// Every stored password.
    pub(crate) fn passwords(&self) -> Vec<String> {
        let stored: Value = serde_yaml::from_str(&self.read(".martydb/secrets/development.yaml")).unwrap();
        let servers = stored.as_object().unwrap().values();
        servers
            .flat_map(|roles| roles.as_object().unwrap().values())
            .map(|value| value.as_str().unwrap().to_owned())
            .collect()
    }
}
