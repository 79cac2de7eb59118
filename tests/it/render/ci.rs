//! Jobs for CI: as strict as the systems' own schemas, and run here, line by line, against real servers.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_yaml::Value;

use crate::support::{Done, Project, Server};

/// The systems with the schemas of their files.
const SYSTEMS: [(&str, &str); 2] = [
    ("github", include_str!("schemas/github-workflow.json")),
    ("gitlab", include_str!("schemas/gitlab-ci.json")),
];

/// The password that a job's servers have.
const PASSWORD: &str = "only-in-this-job";

#[test]
fn the_ci_systems_schemas_accept_the_jobs() {
    let text = super::MANIFEST.replace("{ provider: env }", "{ provider: file }");
    let project = Project::with_manifest(&text);
    for (system, schema) in SYSTEMS {
        let schema = serde_json::from_str(schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let rendered = project.run(&["render", system]).expect(0).stdout;
        let job: serde_json::Value = serde_yaml::from_str(&rendered).unwrap();
        let problems: Vec<_> =
            validator.iter_errors(&job).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(problems, [""; 0], "{rendered}");
        let mut misspelt = job.clone();
        let inner =
            if system == "github" { &mut misspelt["jobs"]["databases"] } else { &mut misspelt["databases"] };
        inner["servicse"] = 1.into();
        assert!(!validator.is_valid(&misspelt), "the schema takes anything");
        for part in ["db-one", "db-two", "postgres:18", "POSTGRES_HOST_AUTH_METHOD"] {
            assert!(rendered.contains(part), "{part}: {rendered}");
        }
    }
}

#[test]
fn a_job_is_refused_for_lasting_servers_and_stores() {
    let file = ("{ provider: env }", "{ provider: file }");
    for (from, to, expected) in [
        ("version: 1", "version: 1", "provider is env"),
        ("{ provider: env }", "{ provider: command, get: [pass] }", "provider is command"),
        ("@db-one:", "@db.example.org:", "a job starts its own servers"),
    ] {
        let text = super::MANIFEST.replace(from, to);
        let text = if to.contains("example") { text.replace(file.0, file.1) } else { text };
        for (system, _) in SYSTEMS {
            let refused = Project::with_manifest(&text).run(&["render", system]).expect(2);
            assert!(refused.stderr.contains(expected), "{}", refused.stderr);
        }
    }
}

/// A repository with the manifest in a folder of its own, a commit of the target branch, and a change.
struct Repository {
    project: Project,
    servers: [Server; 2],
    base: String,
}

impl Repository {
    fn new() -> Repository {
        let servers = [Server::start(), Server::start()];
        let project = Project::with_manifest("");
        std::fs::remove_file(project.path().join("martydb.yaml")).unwrap();
        let mut text = "version: 1\nproject: cij\nservers:\n".to_owned();
        for (number, server) in servers.iter().enumerate() {
            server.sql("postgres", &format!("CREATE ROLE ci_admin LOGIN SUPERUSER PASSWORD '{PASSWORD}'"));
            text += &format!(
                "  s{number}: {{ url: 'postgresql://ci_admin@${{SERVER_HOST:-db-{number}}}:{}/postgres', password_env: ADMIN_{number} }}\n",
                server.port
            );
        }
        text += "services:\n  cij_a: { server: s0 }\n  cij_b: { server: s1 }\n  cij_new: { server: s1 }\n";
        project.write("the db/martydb.yaml", &text);
        project.write(".gitignore", "bin\nisolation.*\nsummary\nhosts\n.martydb\n");
        let repository = Repository { project, servers, base: String::new() };
        for service in ["cij_a", "cij_b"] {
            repository.migration(
                service,
                1,
                "CREATE TABLE item (id bigint PRIMARY KEY, name text)",
                "DROP TABLE item",
            );
        }
        repository.project.git(&["init", "-q", "-b", "main"]);
        repository.commit();
        repository.project.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
        repository.project.git(&["checkout", "-q", "-b", "feature"]);
        let mut head = Command::new("git");
        head.args(["rev-parse", "HEAD"]).current_dir(repository.project.path());
        let base = repository.project.finish(head).expect(0).stdout.trim().to_owned();
        repository.migration("cij_b", 2, "CREATE TABLE more (id bigint PRIMARY KEY)", "DROP TABLE more");
        repository.migration("cij_new", 1, "CREATE TABLE fresh (id bigint PRIMARY KEY)", "DROP TABLE fresh");
        repository.commit();
        Repository { base, ..repository }
    }

    fn migration(&self, service: &str, version: u32, up: &str, down: &str) {
        let name = format!("the db/{service}/migrations/V{version}__step");
        self.project.write(&format!("{name}.sql"), &format!("{up};\n"));
        self.project.write(&format!("{name}.down.sql"), &format!("{down};\n"));
    }

    fn commit(&self) {
        self.project.git(&["add", "-A"]);
        self.project.git(&["commit", "-q", "-m", "change"]);
    }

    fn job(&self, system: &str) -> Value {
        let rendered = self.project.run(&["-f", "the db/martydb.yaml", "render", system]).expect(0).stdout;
        serde_yaml::from_str(&rendered).unwrap()
    }

    /// Stands for programs of a runner's machine; what they are asked for is what they can do.
    fn program(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        self.project.write(&format!("bin/{name}"), &format!("#!/bin/sh\nset -eu\n{text}\n"));
        let path = self.project.path().join("bin").join(name);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A shell as a runner starts it, with these variables.
    fn shell(&self, script: &str, folder: &Path, env: &BTreeMap<String, String>) -> Done {
        let mut command = Command::new("bash");
        command.args(["-e", "-c", script]).current_dir(folder).env_clear().envs(env);
        command.env("HOME", self.project.path()).env("SERVER_HOST", "127.0.0.1");
        if let Ok(bin) = std::env::var("MARTYDB_PG_BIN") {
            command.env("MARTYDB_PG_BIN", bin);
        }
        self.project.finish(command)
    }

    fn migrated(&self) {
        for (server, database, table) in [(0, "cij_a", "item"), (1, "cij_b", "more"), (1, "cij_new", "fresh")]
        {
            let found = format!("SELECT (to_regclass('{table}') IS NOT NULL)::text");
            assert_eq!(self.servers[server].value(database, &found), "true", "{database}");
        }
    }
}

fn variables(value: &Value) -> BTreeMap<String, String> {
    let pair = |(name, value): (&Value, &Value)| {
        (name.as_str().unwrap().to_owned(), value.as_str().unwrap().to_owned())
    };
    value.as_mapping().into_iter().flatten().map(pair).collect()
}

fn path_with(folder: &Path) -> String {
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}

/// Runs the steps of a workflow until one fails; the name of that one, and what it said.
fn github(repository: &Repository) -> Option<(String, Done)> {
    let root = repository.project.path();
    let binary = env!("CARGO_BIN_EXE_martydb");
    repository.program(
        "docker",
        &format!("case $1 in create) echo made ;; cp) [ \"$2\" = made:/usr/local/bin/martydb ] && cp {binary} \"$3\" ;; rm) ;; inspect) [ \"$4\" = id-of-db-0 ] && echo 10.0.0.1 || echo 10.0.0.2 ;; esac"),
    );
    repository.program("sudo", "[ \"$*\" = 'tee -a /etc/hosts' ] && exec tee -a \"$HOSTS\"");
    let job = repository.job("github")["jobs"]["databases"].clone();
    let folder = root.join(job["defaults"]["run"]["working-directory"].as_str().unwrap());
    let mut env = variables(&job["env"]);
    let tools = root.join("bin");
    let own = [("GITHUB_WORKSPACE", root.display().to_string()), ("GITHUB_BASE_REF", "main".into())];
    env.extend(own.map(|(name, value)| (name.to_owned(), value)));
    for (name, file) in [
        ("GITHUB_PATH", "bin/path"),
        ("GITHUB_STEP_SUMMARY", "summary"),
        ("HOSTS", "hosts"),
        ("RUNNER_TEMP", "bin/temp"),
    ] {
        env.insert(name.to_owned(), root.join(file).display().to_string());
    }
    std::fs::create_dir_all(root.join("bin/temp")).unwrap();
    for file in ["bin/path", "summary", "hosts"] {
        repository.project.write(file, "");
    }
    let mut failed = None;
    for step in job["steps"].as_sequence().unwrap() {
        let Some(script) = step["run"].as_str() else { continue };
        if failed.is_some() && step["if"] != "always()" {
            continue;
        }
        let mut env = env.clone();
        let id = |value: String| value.replace("${{ job.services.", "id-of-").replace(".id }}", "");
        env.extend(variables(&step["env"]).into_iter().map(|(name, value)| (name, id(value))));
        let added = repository.project.read("bin/path");
        env.insert("PATH".into(), format!("{}:{}", added.trim(), path_with(&tools)));
        let done = repository.shell(script, &folder, &env);
        if done.code != Some(0) && failed.is_none() {
            failed = Some((step["name"].as_str().unwrap().to_owned(), done));
        }
    }
    failed
}

#[test]
fn the_steps_of_the_workflow_provision_and_prove() {
    let repository = Repository::new();
    let failed = github(&repository);
    assert!(failed.is_none(), "{failed:#?}");
    repository.migrated();
    let read = |name: &str| repository.project.read(name);
    assert_eq!(read("hosts"), "10.0.0.1 db-0\n10.0.0.2 db-1\n");
    assert!(read("summary").contains("2 services, 6 logins"), "{}", read("summary"));
    assert!(read("the db/isolation.xml").contains("<testsuite"));

    // Lint findings in the change stop the job, and those of older migrations do not.
    repository.migration("cij_a", 2, "DROP TABLE item", "CREATE TABLE item (id bigint)");
    let (step, done) = github(&repository).expect("a failure");
    assert_eq!(step, "Lint what the branch adds", "{done:#?}");
    assert!(done.stdout.contains("::error file=the db/cij_a/migrations/V2__step.sql"), "{}", done.stdout);
    // So does a changed file of the target branch.
    repository.migration("cij_a", 2, "SELECT 1", "SELECT 1");
    repository.migration("cij_a", 1, "CREATE TABLE item (id int)", "DROP TABLE item");
    let (step, _) = github(&repository).expect("a failure");
    assert_eq!(step, "Validate manifest and migrations");
}

#[test]
fn a_breach_fails_the_workflow_and_its_report_is_kept() {
    let repository = Repository::new();
    assert!(github(&repository).is_none());
    // By a migration: what the service's own role may give away.
    repository.servers[0].sql("cij_a", "GRANT CONNECT ON DATABASE cij_a TO PUBLIC");
    let job = repository.job("github");
    let steps = job["jobs"]["databases"]["steps"].as_sequence().unwrap();
    let run = |name: &str| {
        let step = steps.iter().find(|step| step["name"] == name).unwrap();
        let mut env = variables(&job["jobs"]["databases"]["env"]);
        env.insert("PATH".into(), path_with(&repository.project.path().join("bin/temp")));
        repository.shell(step["run"].as_str().unwrap(), &repository.project.path().join("the db"), &env)
    };
    run("Find nothing left to do").expect(3);
    run("Prove isolation").expect(4);
    assert!(repository.project.read("the db/isolation.xml").contains("<failure"));
}

#[test]
fn the_script_of_gitlabs_job_provisions_and_proves() {
    let repository = Repository::new();
    let job = repository.job("gitlab")["databases"].clone();
    let script: Vec<&str> =
        job["script"].as_sequence().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let mut env = variables(&job["variables"]);
    let root = repository.project.path();
    let binary = Path::new(env!("CARGO_BIN_EXE_martydb")).parent().unwrap();
    let own = [
        ("PATH", path_with(binary)),
        ("CI_PROJECT_DIR", root.display().to_string()),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", repository.base.clone()),
    ];
    env.extend(own.map(|(name, value)| (name.to_owned(), value)));
    let script = script.join("\n");
    repository.shell(&script, root, &env).expect(0);
    repository.migrated();
    for artefact in
        job["artifacts"]["paths"].as_sequence().unwrap().iter().chain([&job["artifacts"]["reports"]["junit"]])
    {
        assert!(root.join(artefact.as_str().unwrap()).exists(), "{artefact:?}");
    }
    repository.migration("cij_a", 2, "DROP TABLE item", "CREATE TABLE item (id bigint)");
    let stopped = repository.shell(&script, root, &env).expect(3);
    assert!(stopped.stdout.contains("ban-drop-table"), "{}", stopped.said());
}
