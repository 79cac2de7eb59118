//! The second day: a colleague's clone, the shipped pipelines in it, and runs that end with 2.

use std::process::Command;

use serde_yaml::Value;

use crate::support::{ADMIN_PASSWORD, Admin, Done, Project, Server, psql};

const PIPELINES: [(&str, &str); 2] = [
    ("github", include_str!("../../examples/ci/github.yml")),
    ("gitlab", include_str!("../../examples/ci/gitlab.yml")),
];

/// Returns the shell steps of a pipeline, without the one that gets martydb's image.
fn steps(text: &str) -> Vec<String> {
    let pipeline: Value = serde_yaml::from_str(text).unwrap();
    let texts = |list: &Value, key: Option<&str>| -> Vec<String> {
        let steps = list.as_sequence().unwrap().iter();
        let script = |step: &Value| key.map_or(step, |key| &step[key]).as_str().map(str::to_owned);
        steps.filter_map(script).filter(|script| !script.contains("docker")).collect()
    };
    match &pipeline["jobs"] {
        Value::Null => texts(&pipeline["databases"]["script"], None),
        jobs => texts(&jobs["databases"]["steps"], Some("run")),
    }
}

/// A repository of two services, one of which has no migrations, and its clone.
struct Clone {
    project: Project,
    server: Server,
}

impl Clone {
    fn new() -> Clone {
        let server = Server::start();
        let project = Project::with_manifest(
            "version: 1\nproject: sd\nservers:\n  main:\n    url: postgresql://${DB_USER}@${DB_HOST}:${DB_PORT}/postgres?sslmode=disable\n\
             services:\n  sd_a:\n  sd_b:\n",
        );
        project.write(".gitignore", "clone\n.martydb\n");
        project
            .write("sd_a/migrations/V2__item.sql", "CREATE TABLE item (id bigint PRIMARY KEY, name text);\n");
        project.write("sd_a/migrations/V2__item.down.sql", "DROP TABLE item;\n");
        std::fs::create_dir_all(project.path().join("sd_b/migrations")).unwrap();
        project.git(&["init", "-q", "-b", "main"]);
        project.git(&["add", "-A"]);
        project.git(&["commit", "-q", "-m", "first"]);
        let clone = Clone { project, server };
        clone.project.git(&["clone", "-q", ".", "clone"]);
        clone
    }

    fn with_variables(&self, mut command: Command) -> Command {
        command.current_dir(self.project.path().join("clone")).env("DB_USER", "postgres");
        command.env("DB_HOST", "127.0.0.1").env("DB_PORT", self.server.port.to_string());
        command
    }

    fn run(&self, arguments: &[&str]) -> Done {
        self.project.finish(self.with_variables(self.project.command(arguments)))
    }

    /// Runs the steps until one fails, as a runner does; returns the failed one.
    fn pipeline(&self, text: &str) -> Option<(String, Done)> {
        let binary = std::path::Path::new(env!("CARGO_BIN_EXE_martydb")).parent().unwrap();
        steps(text).into_iter().find_map(|script| {
            let mut command = Command::new("bash");
            command.args(["-e", "-c", &script]).env_clear().env("HOME", self.project.path());
            command.env("PATH", format!("{}:{}", binary.display(), std::env::var("PATH").unwrap()));
            if let Ok(bin) = std::env::var("MARTYDB_PG_BIN") {
                command.env("MARTYDB_PG_BIN", bin);
            }
            command.env("CI", "true").env("MARTYDB_MANIFEST", ".").env("MARTYDB_NO_INPUT", "true");
            command.env("DB_PASSWORD", ADMIN_PASSWORD).env("GITHUB_STEP_SUMMARY", "summary.md");
            command.env("CI_PROJECT_DIR", self.project.path().join("clone"));
            let done = self.project.finish(self.with_variables(command));
            (done.code != Some(0)).then_some((script, done))
        })
    }

    /// Returns the next transaction ID: a run that touches nothing leaves it.
    fn next_transaction(&self) -> String {
        self.server.value("postgres", "SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
    }
}

#[test]
fn a_clone_passes_and_the_shipped_pipelines_fail_for_each_fault() {
    let clone = Clone::new();
    let write = |name: &str, text: &str| clone.project.write(&format!("clone/{name}"), text);

    // Files are checked before anything is made.
    write("sd_a/migrations/V3__late.sql", "-- martydb: unwritten\n");
    let before = clone.next_transaction();
    let refused = clone.run(&["init-all", "-y"]).expect(2);
    assert!(refused.stderr.contains("sd_a: 1 migration file is invalid"), "{}", refused.stderr);
    assert_eq!(clone.next_transaction(), before);
    std::fs::remove_file(clone.project.path().join("clone/sd_a/migrations/V3__late.sql")).unwrap();

    let valid = clone.run(&["validate"]).expect(0);
    assert!(
        valid.stderr.contains("sd_b has no migrations: the folder sd_b/migrations does not exist"),
        "{valid:?}"
    );
    for (name, text) in PIPELINES {
        assert!(clone.pipeline(text).is_none(), "{name}: {:#?}", clone.pipeline(text));
    }

    // So are those that `render` writes for an environment; their servers are this one here.
    write(
        "martydb.ci.yaml",
        "servers: { main: { url: postgresql://postgres@db-one:5432/postgres, password_env: ONE_ADMIN_PASSWORD } }\n",
    );
    for target in ["github", "gitlab"] {
        let rendered = clone.run(&["-e", "ci", "render", target]).expect(0).stdout;
        assert!(steps(&rendered).iter().any(|step| step.contains("verify-down --all --every")), "{rendered}");
        assert!(clone.pipeline(&rendered).is_none(), "{target}: {:#?}", clone.pipeline(&rendered));
    }

    // One service with an invalid file stops the others, before the first statement.
    write("sd_b/migrations/V1__b.sql", "-- martydb: unwritten\n");
    write("sd_a/migrations/V3__more.sql", "CREATE TABLE more (id bigint PRIMARY KEY);\n");
    write("sd_a/migrations/V3__more.down.sql", "DROP TABLE more;\n");
    let before = clone.next_transaction();
    let refused = clone.run(&["upgrade", "--all"]).expect(2);
    assert!(refused.stdout.contains("skipped") && refused.stderr.contains("sd_b"), "{refused:?}");
    assert_eq!(clone.next_transaction(), before);
    let state = |service: &str| {
        let done = clone.run(&["status", service, "--check", "-o", "json"]).expect(3);
        done.json()["services"][0]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!((state("sd_a"), state("sd_b")), ("pending".into(), "invalid".into()));
    // One step, of one.
    write("sd_b/migrations/V1__b.sql", "SELECT 1;\n");
    write("sd_b/migrations/V1__b.down.sql", "SELECT 1;\n");
    for (arguments, applied) in [(&["--to", "+1"][..], 1), (&["--to", "head"], 0), (&["--steps", "1"], 0)] {
        let done = clone.run(&[&["upgrade", "sd_a", "-o", "json"], arguments].concat()).expect(0);
        assert_eq!(done.json()["services"][0]["applied"].as_array().unwrap().len(), applied, "{done:?}");
    }
    let events = clone.run(&["history", "sd_a", "--limit", "1", "-o", "json"]).expect(0).json();
    assert_eq!(events["services"][0]["events"].as_array().unwrap().len(), 1, "{events:#}");
    assert_eq!(events["services"][0]["events"][0]["version"], 3, "{events:#}");
    let dry = clone.run(&["apply", "--all", "--dry-run"]).expect(0);
    assert_eq!(dry.stdout, clone.run(&["plan"]).expect(0).stdout);
    let _ = clone.run(&["upgrade", "sd_a", "--to", "-1"]).expect(2);
    let _ = clone.run(&["downgrade", "sd_a", "--to", "-1", "-y"]).expect(0);

    let red = |name: &str, file: &str, text: &str, expected: &str| {
        let kept = std::fs::read_to_string(clone.project.path().join("clone").join(file)).ok();
        write(file, text);
        let pipeline = PIPELINES.iter().find(|one| one.0 == name).unwrap().1;
        let (step, done) = clone.pipeline(pipeline).unwrap_or_else(|| panic!("{name} is green with {file}"));
        assert!(step.contains(expected), "{name}, {file}: {step}\n{}", done.said());
        match kept {
            Some(kept) => write(file, &kept),
            None => std::fs::remove_file(clone.project.path().join("clone").join(file)).unwrap(),
        }
    };
    red("gitlab", "sd_a/migrations/V3__more.down.sql", "SELECT 1;\n", "verify-down");
    red("github", "sd_a/migrations/V1__late.sql", "SELECT 1;\n", "validate");
    let drift = "-- martydb: irreversible: it is a test\nCREATE VIEW more AS SELECT 1 AS one;\nGRANT SELECT ON more TO sd_b_ro WITH GRANT OPTION;\n";
    red("github", "sd_b/migrations/V2__drift.sql", drift, "martydb lint");
    let dynamic = "-- martydb: irreversible: it is a test\nCREATE VIEW more AS SELECT 1 AS one;\nDO $$ BEGIN EXECUTE concat('GRANT SELECT ON more ', 'TO sd_b_ro WITH GRANT OPTION'); END $$;\n";
    red("github", "sd_b/migrations/V2__drift.sql", dynamic, "plan --check");
    // Nothing is pending, so nothing is proven.
    let alone = clone.with_variables(clone.project.command(&["verify-down", "--all"]));
    let _ = clone.project.finish(alone).expect(0);
    let mut in_ci = clone.with_variables(clone.project.command(&["verify-down", "--all"]));
    in_ci.env("CI", "true");
    let unproven = clone.project.finish(in_ci).expect(3);
    assert!(unproven.stdout.contains("No migration was checked"), "{unproven:?}");
    // A template of test databases is martydb's own: nothing is left unexamined.
    let made = clone.run(&["test-db", "sd_a", "-o", "json"]).expect(0).json();
    let (database, template) = (made["database"].as_str().unwrap(), made["template"].as_str().unwrap());
    let _ = clone.run(&["test-db", "sd_a", "--drop", database]).expect(0);
    // Nor is the slot of a split one to drop.
    clone.server.sql("postgres", "SELECT pg_create_physical_replication_slot('mdb_0123abcd_sd_a_r')");
    let strict = clone.run(&["verify-isolation", "sd_a", "--strict"]).expect(0);
    assert!(strict.stdout.contains("-- a split needs it: see martydb split status"), "{}", strict.stdout);
    assert!(!strict.stdout.contains("pg_drop_replication_slot"), "{}", strict.stdout);
    assert!(!strict.stdout.contains("not examined"), "{}", strict.stdout);
    assert!(clone.run(&["test-db", "sd_a", "--list"]).expect(0).stdout.contains(template));
    let _ = clone.run(&["test-db", "sd_a", "--drop", template]).expect(0);
    assert_eq!(
        clone.server.value("postgres", "SELECT count(*)::text FROM pg_database WHERE datname ~ 'martydb_t'"),
        "0"
    );
}

/// Production as the book describes it: a limited admin, and every password in a variable.
#[test]
fn production_configured_by_variables_is_provisioned_and_rotated() {
    let server = Server::for_admin(Admin::Limited);
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: sp\nmonitor: true\nsecrets: {{ provider: env }}\nservers:\n  main:\n    url: {}\nservices:\n  sp_a:\n  sp_b:\n",
        server.url_of(Admin::Limited)
    ));
    for service in ["sp_a", "sp_b"] {
        project.write(&format!("{service}/migrations/V1__t.sql"), "CREATE TABLE t (id int PRIMARY KEY);\n");
    }
    let next = || server.value("postgres", "SELECT pg_snapshot_xmax(pg_current_snapshot())::text");
    let before = next();
    for arguments in [&["plan"][..], &["doctor"]] {
        let _ = project.run(arguments).expect(0);
    }
    let refused = project.run(&["init-all", "-y"]).expect(2);
    let refused_apply = project.run(&["apply", "--all", "-y"]).expect(2);
    assert_eq!(next(), before, "{refused:?}");
    let template = project.run(&["secrets", "export", "--format", "dotenv", "--template"]).expect(0).stdout;
    let names: Vec<&str> = template.lines().filter_map(|line| line.strip_suffix('=')).collect();
    assert_eq!(names.len(), 7, "{template}");
    assert!(names.iter().any(|name| name.contains("MONITOR")), "{template}");
    for name in &names {
        assert!(refused.stderr.contains(name) && refused_apply.stderr.contains(name), "{name}: {refused:?}");
    }

    let with = |arguments: &[&str], secret: &str| {
        let mut command = project.command(arguments);
        command.envs(names.iter().map(|name| (*name, format!("{secret}-{name}"))));
        project.finish(command)
    };
    // Grants on the server's own databases need a DBA, as does the monitor's access to one of them.
    server.sql("postgres", "REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC; GRANT CONNECT ON DATABASE postgres TO adm");
    // The DBA's way: a script, whose passwords are verifiers in another file.
    let script = with(&["plan", "--sql"], "first").expect(0).stdout;
    assert!(script.contains("PASSWORD :'sp_a_app'") && script.contains("\\connect "), "{script}");
    let passwords =
        with(&["secrets", "export", "--format", "psql", "--values", "--out", "passwords.psql"], "first");
    let _ = passwords.expect(0);
    assert!(
        !(script.clone() + &project.read("passwords.psql")).contains("first-"),
        "a password in clear text"
    );
    project.write("plan.sql", &script);
    let mut client = Command::new(psql());
    client.args(["-Xq", "-f", "passwords.psql", "-f", "plan.sql", &server.url_of(Admin::Limited)]);
    client.current_dir(project.path()).env("PGPASSWORD", ADMIN_PASSWORD);
    let ran = project.finish(client).expect(0);
    assert!(!ran.stderr.contains("ERROR"), "{ran:?}");
    let _ = with(&["plan", "--check"], "first").expect(0);
    server.sql("postgres", "GRANT CONNECT ON DATABASE postgres TO sp_monitor");
    // Before 15 the schema public belongs to the superuser, and PUBLIC may create in it.
    let code = if server.major() >= 15 { 0 } else { 4 };
    let _ = with(&["init-all", "-y"], "first").expect(code);
    let findings = with(&["verify-isolation", "-o", "json"], "first").expect(code).json()["findings"].clone();
    let limit: Vec<&serde_json::Value> =
        findings.as_array().unwrap().iter().filter(|one| one["id"] == "no-temp-file-limit").collect();
    assert_eq!(limit.len(), 1, "{findings:#}");
    assert!(
        limit[0]["evidence"].as_str().unwrap().starts_with("6 logins of services have no temp_file_limit"),
        "{findings:#}"
    );
    let fix = limit[0]["fix"].as_str().unwrap();
    let expected =
        if server.major() >= 15 { "GRANT SET ON PARAMETER temp_file_limit TO" } else { "ALTER ROLE" };
    assert!(fix.contains(expected), "{fix}");

    // The values are those that the server has.
    let unchanged = with(&["rotate", "--all", "-y"], "first").expect(1);
    assert!(
        unchanged.stdout.contains("SP_A_APP_PASSWORD holds the password that the server has"),
        "{unchanged:?}"
    );
    let _ = with(&["rotate", "--all", "-y"], "second").expect(0);
    let _ = with(&["test-connections"], "second").expect(0);
    let _ = with(&["test-connections"], "first").expect(5);
    let _ = with(&["rotate", "sp_a", "--access", "sp_monitor", "-y"], "third").expect(0);
    // An overlap cannot be prepared in variables: said once, and the monitor is named as left out.
    let overlap = with(&["rotate", "--all", "--overlap", "-y"], "second");
    assert_eq!(overlap.said().matches("which is read-only").count(), 1, "{overlap:?}");
    assert!(overlap.stderr.contains("no second login: sp_monitor"), "{overlap:?}");
}

/// Runs that end with 2, of every command that writes: none may use a transaction on the server.
#[test]
fn exit_2_means_that_nothing_was_changed() {
    let server = Server::start();
    let project = Project::new(&server, "two");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "two_a"]).expect(0);
    project.write("broken/V1__b.sql", "-- martydb: unwritten\n");
    let manifest = project.read("martydb.yaml");
    project.write("broken.yaml", &manifest.replace("two_b:", "two_b: { migrations: broken }"));
    let next = || server.value("postgres", "SELECT pg_snapshot_xmax(pg_current_snapshot())::text");
    let before = next();
    for line in [
        "apply",
        "apply two_c",
        "apply --plan none.json",
        "init-all two_a",
        "-f broken.yaml init-all -y",
        "-f broken.yaml upgrade --all",
        "upgrade --all --to 9",
        "upgrade two_b --to -1",
        "upgrade two_a two_c",
        "downgrade --all --to 9 -y",
        "downgrade two_a",
        "downgrade two_a --to head",
        "baseline two_b --at 9",
        "baseline two_a --at 1",
        "repair two_a --reason=",
        "squash two_a --to 9",
        "rotate two_c",
        "rotate --all --access unknown",
        "rotate two_a --overlap --finish",
        "drop two_a -y",
        "drop two_a --confirm two_b",
        "test-db two_a --drop two_a",
        "import --from flyway --service two_a nowhere",
        "verify-isolation --only nonsense",
        "verify-isolation --dry-run",
        "backup two_a --to",
        "restore two_a --from none",
        "secrets import nowhere.yaml",
        "secrets export --format dotenv --template --values --out x",
        "split init --from main",
        "split copy",
        "split cutover two_a",
        "split rollback two_a",
        "split finish",
        "adopt two_c --server nowhere",
        "revision two_a",
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        let done = project.run(&arguments).expect(2);
        assert_eq!(next(), before, "{line}: {}", done.said());
    }
}
