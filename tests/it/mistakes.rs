//! Fifty mistakes that people make: the error, the hint, the exit code, and that what the hint says works when it is followed.

use crate::support::{Project, Server};

/// One mistake. `followed` is the command line after the hint was followed; each of its words is in the mistaken one or
/// in what was said.
struct Mistake {
    typed: &'static [&'static str],
    code: i32,
    error: &'static str,
    hint: &'static str,
    followed: &'static [&'static str],
    then: i32,
}

const fn mistake(
    typed: &'static [&'static str],
    code: i32,
    error: &'static str,
    hint: &'static str,
    followed: &'static [&'static str],
    then: i32,
) -> Mistake {
    Mistake { typed, code, error, hint, followed, then }
}

/// In a folder without a manifest.
const NO_MANIFEST: &[Mistake] = &[
    mistake(&["plan"], 2, "no manifest in", "`martydb init` writes one", &["init", "--help"], 0),
    mistake(
        &["--manifest", "other.yaml", "plan"],
        2,
        "no manifest at other.yaml",
        "check --manifest",
        &[],
        0,
    ),
    mistake(
        &["init"],
        2,
        "no service given",
        "martydb init billing shipping",
        &["init", "billing", "shipping", "--dry-run"],
        0,
    ),
    mistake(
        &["init", "My Shop"],
        2,
        "must begin with a lowercase letter",
        "did you mean \"my_shop\"?",
        &["init", "my_shop", "--dry-run"],
        0,
    ),
];

/// With a manifest, and nothing on the server.
const NOTHING_APPLIED: &[Mistake] = &[
    mistake(&["init", "mk_a"], 2, "martydb.yaml has mk_a already", "edit it", &[], 0),
    mistake(&["aply", "--all"], 2, "unrecognized subcommand 'aply'", "'apply'", &["apply", "--help"], 0),
    mistake(
        &["plan", "--servise", "mk_a"],
        2,
        "unexpected argument '--servise'",
        "'--service'",
        &["plan", "--service", "mk_a"],
        0,
    ),
    mistake(
        &["plan", "--environment", "x"],
        2,
        "unexpected argument '--environment'",
        "'--env'",
        &["plan", "--env", "x", "--help"],
        0,
    ),
    mistake(
        &["plan", "--env", "prod"],
        2,
        "unknown environment \"prod\"",
        "or leave --env out",
        &["plan"],
        0,
    ),
    mistake(&["plan", "-o", "jsn"], 2, "invalid value 'jsn'", "json", &["plan", "-o", "json"], 0),
    mistake(
        &["plan", "mk_aa"],
        2,
        "unknown service \"mk_aa\"",
        "did you mean \"mk_a\"?",
        &["plan", "mk_a"],
        0,
    ),
    mistake(
        &["plan", "warehouse"],
        2,
        "unknown service \"warehouse\"",
        "services: mk_a, mk_b",
        &["plan", "mk_a"],
        0,
    ),
    mistake(
        &["apply"],
        2,
        "no service given",
        "use --service NAME, --server NAME, --label KEY=VALUE or --all",
        &["apply", "--help"],
        0,
    ),
    mistake(
        &["upgrade"],
        2,
        "no service given",
        "use --service NAME, --server NAME, --label KEY=VALUE or --all",
        &["upgrade", "--all", "--help"],
        0,
    ),
    mistake(
        &["rotate"],
        2,
        "no service given",
        "use --service NAME, --server NAME, --label KEY=VALUE or --all",
        &["rotate", "--all", "--help"],
        0,
    ),
    mistake(
        &["revision"],
        2,
        "--message <TEXT>",
        "martydb revision --message <TEXT>",
        &["revision", "--help"],
        0,
    ),
    mistake(
        &["revision", "mk_a", "-m", "!"],
        2,
        "cannot derive a name from the message",
        "-m \"add user consent\"",
        &["revision", "mk_a", "-m", "add user consent", "--help"],
        0,
    ),
    mistake(
        &["revision", "mk_c", "-m", "x"],
        2,
        "unknown service \"mk_c\"",
        "did you mean \"mk_a\"?",
        &["revision", "mk_a", "-m", "x", "--help"],
        0,
    ),
    mistake(
        &["upgrade", "mk_a"],
        1,
        "mk_a is not provisioned",
        "run `martydb apply --service mk_a`",
        &["apply", "--service", "mk_a", "--help"],
        0,
    ),
    mistake(
        &["downgrade", "mk_a"],
        1,
        "mk_a is not provisioned",
        "run `martydb apply --service mk_a`",
        &["apply", "--service", "mk_a", "--help"],
        0,
    ),
    mistake(
        &["render", "sealed-secrets"],
        2,
        "invalid value 'sealed-secrets'",
        "--values --out - | kubeseal --format yaml",
        &["secrets", "export", "--all", "--format", "kubernetes"],
        0,
    ),
    mistake(
        &["psql", "mk_a"],
        1,
        "no password for \"mk_a_app\"",
        "`martydb apply --all` makes one",
        &["apply", "--all", "--help"],
        0,
    ),
    mistake(
        &["url", "mk_a"],
        1,
        "no password for \"mk_a_app\"",
        "`martydb apply --all` makes one",
        &["apply", "--all", "--help"],
        0,
    ),
];

/// Mistakes with everything provisioned and migrated.
const IN_USE: &[Mistake] = &[
    mistake(&["psql"], 2, "no service given", "services: mk_a", &[], 0),
    mistake(
        &["psql", "mk_a", "--role", "owner"],
        2,
        "invalid value 'owner'",
        "possible values: app, readonly, migrator",
        &["psql", "mk_a", "--role", "app", "--help"],
        0,
    ),
    mistake(
        &["url", "mk_a", "--format", "asyncpgg"],
        2,
        "invalid value 'asyncpgg'",
        "'asyncpg'",
        &["url", "mk_a", "--format", "asyncpg"],
        0,
    ),
    mistake(
        &["exec", "mk_a"],
        2,
        "<PROGRAM>",
        "martydb exec <SERVICE> -- <PROGRAM>",
        &["exec", "mk_a", "--", "true"],
        0,
    ),
    mistake(
        &["exec", "mk_a", "--", "no-such-program"],
        127,
        "program no-such-program not found",
        "install it, or specify its path",
        &[],
        0,
    ),
    mistake(
        &["upgrade", "mk_a", "--to", "9"],
        2,
        "mk_a has no migration V9",
        "it has V1, V2",
        &["upgrade", "mk_a", "--help"],
        0,
    ),
    mistake(
        &["upgrade", "mk_a", "--to", "1"],
        2,
        "mk_a is at V2, above V1",
        "`martydb downgrade --service mk_a --to 1`",
        &["downgrade", "mk_a", "--to", "1", "--dry-run"],
        0,
    ),
    mistake(
        &["downgrade", "mk_a", "--to", "7"],
        2,
        "mk_a has no migration V7",
        "it has V1, V2",
        &["downgrade", "mk_a", "--to", "2"],
        0,
    ),
    mistake(
        &["upgrade", "mk_a", "--to", "two"],
        2,
        "it is not a version",
        "--to <VERSION>",
        &["upgrade", "mk_a", "--help"],
        0,
    ),
    mistake(
        &["baseline", "mk_a"],
        2,
        "--at <VERSION>",
        "martydb baseline --at <VERSION>",
        &["baseline", "--help"],
        0,
    ),
    mistake(&["baseline", "mk_a", "--at", "9"], 2, "mk_a has no migration V9", "it has V1, V2", &[], 0),
    mistake(&["repair"], 2, "--reason <TEXT>", "martydb repair --reason <TEXT>", &["repair", "--help"], 0),
    mistake(&["squash", "mk_a", "--to", "9"], 2, "mk_a has no migration V9", "it has V1, V2", &[], 0),
    mistake(
        &["drop", "mk_a"],
        2,
        "needs its name",
        "--confirm mk_a",
        &["drop", "mk_a", "--confirm", "mk_a", "--dry-run"],
        0,
    ),
    mistake(
        &["drop", "-s", "mk_a"],
        2,
        "mk_a",
        "--confirm mk_a",
        &["drop", "-s", "mk_a", "--confirm", "mk_a", "--dry-run"],
        0,
    ),
    mistake(
        &["drop", "-s", "mk_a", "--confirm", "mk_b"],
        2,
        "mk_b",
        "--confirm mk_a",
        &["drop", "-s", "mk_a", "--confirm", "mk_a", "--dry-run"],
        0,
    ),
    mistake(
        &["verify-isolation", "--probes", "most"],
        2,
        "invalid value 'most'",
        "full, sample, gentle, none",
        &["verify-isolation", "--probes", "none"],
        0,
    ),
    mistake(
        &["verify-isolation", "--only", "foreign-database"],
        2,
        "unknown finding",
        "did you mean \"foreign-database-connect\"?",
        &["verify-isolation", "--only", "foreign-database-connect"],
        0,
    ),
    mistake(
        &["verify-isolation", "--report", "xml=x"],
        2,
        "invalid value 'xml=x'",
        "junit",
        &["verify-isolation", "--help"],
        0,
    ),
    mistake(
        &["verify-isolation", "--baseline", "none.json"],
        2,
        "cannot read the baseline none.json",
        "martydb verify-isolation -o json",
        &["verify-isolation", "-o", "json"],
        0,
    ),
    mistake(
        &["explain", "foreign-databse-connect"],
        2,
        "unknown finding, rule or alert",
        "did you mean \"foreign-database-connect\"?",
        &["explain", "foreign-database-connect"],
        0,
    ),
    mistake(
        &["explain", "zzzzzzzzzzzzzzzzzz"],
        2,
        "unknown finding, rule or alert",
        "`martydb verify-isolation` and `martydb lint`",
        &["lint"],
        0,
    ),
    mistake(
        &["import", "--from", "flywya", "--service", "mk_a", "."],
        2,
        "invalid value 'flywya'",
        "'flyway'",
        &["import", "--from", "flyway", "--help"],
        0,
    ),
    mistake(
        &["import", "--from", "flyway", "--service", "mk_a", "nothere"],
        2,
        "cannot read nothere",
        "name the folder",
        &[],
        0,
    ),
    mistake(
        &["adopt", "mk_q"],
        2,
        "has no database \"mk_q\"",
        "name the existing one with --database",
        &["adopt", "--help"],
        0,
    ),
    mistake(&["completions", "tcsh"], 2, "invalid value 'tcsh'", "'zsh'", &["completions", "zsh"], 0),
    mistake(
        &["secrets", "move"],
        2,
        "--to <PROVIDER>",
        "martydb secrets move --to <PROVIDER>",
        &["secrets", "move", "--help"],
        0,
    ),
    mistake(
        &["secrets", "rotate"],
        2,
        "unrecognized subcommand 'rotate'",
        "martydb secrets [OPTIONS] <COMMAND>",
        &["secrets", "--help"],
        0,
    ),
    mistake(
        &["rotate", "mk_a", "--overlapp"],
        2,
        "unexpected argument",
        "'--overlap'",
        &["rotate", "mk_a", "--overlap"],
        0,
    ),
    mistake(&["diff", "mk_a"], 2, "--from", "martydb diff", &["diff", "--help"], 0),
    mistake(
        &["status", "-s", "mk_a", "--all", "--chek"],
        2,
        "unexpected argument",
        "'--check'",
        &["status", "-s", "mk_a", "--check"],
        0,
    ),
    mistake(
        &["apply", "--plan", "nothere.json"],
        2,
        "cannot read the plan nothere.json",
        "`martydb plan --out FILE` writes one",
        &["plan", "--out", "nothere.json"],
        0,
    ),
    mistake(&["test-db"], 2, "no service given", "services: mk_a, mk_b", &["test-db", "--help"], 0),
];

impl Mistake {
    fn check(&self, project: &Project) -> Result<(), String> {
        let done = project.run(self.typed);
        let said = done.said();
        let wrong = |what: &str| Err(format!("{:?}: {what}, exit {:?}:\n{said}", self.typed, done.code));
        if done.code != Some(self.code) {
            return wrong("another exit code");
        }
        if !done.stderr.contains(self.error) {
            return wrong("another error");
        }
        if self.hint.is_empty() || !done.stderr.contains(self.hint) {
            return wrong("another hint");
        }
        if let Some(word) =
            self.followed.iter().find(|word| !self.typed.contains(word) && !is_told(&said, word))
        {
            return wrong(&format!("nothing says {word}"));
        }
        if self.followed.is_empty() {
            return Ok(());
        }
        let followed = project.run(self.followed);
        if followed.code != Some(self.then) {
            return Err(format!(
                "{:?}, followed: exit {:?}:\n{}",
                self.followed,
                followed.code,
                followed.said()
            ));
        }
        Ok(())
    }
}

/// No hint contains an option for a dry run.
fn is_told(said: &str, word: &str) -> bool {
    ["--dry-run", "--help", "true"].contains(&word) || said.contains(word)
}

fn check(project: &Project, mistakes: &[Mistake]) -> Vec<String> {
    mistakes.iter().filter_map(|mistake| mistake.check(project).err()).collect()
}

#[test]
fn each_mistake_has_an_error_an_exit_code_and_a_working_hint() {
    let server = Server::start();
    let empty = Project::with_manifest("");
    std::fs::remove_file(empty.path().join("martydb.yaml")).unwrap();
    let mut wrong = check(&empty, NO_MANIFEST);
    let project = Project::new(&server, "mk");
    wrong.extend(check(&project, NOTHING_APPLIED));
    project.run(&["init-all", "-y"]).expect(0);
    wrong.extend(check(&project, IN_USE));
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let all = [NO_MANIFEST, NOTHING_APPLIED, IN_USE].map(<[Mistake]>::len).iter().sum::<usize>();
    assert!(all >= 50, "{all}");
}
