//! Completion while typing: by the protocol of each shell, and in real shells.

use std::process::Command;

use crate::support::Project;

const MANIFEST: &str = "version: 1\nservers:\n  main: { url: \"postgresql://x@127.0.0.1:1/postgres\" }\n  far: { url: \"postgresql://${HOST:-h}/postgres\" }\n\
     services:\n  csca:\n  csca_two: { server: far }\n  pkd:\naccess:\n  reporting: { login: true, read: [pkd], reason: BI }\n";

fn project() -> Project {
    let project = Project::with_manifest(MANIFEST);
    project.write("martydb.testing.yaml", "project: t\n");
    project.write("templates/ours.sql", "SELECT 1;\n");
    for (service, version) in [("csca", 3), ("csca", 12), ("pkd", 7)] {
        project.write(&format!("{service}/migrations/V{version}__x.sql"), "SELECT 1;\n");
    }
    project
}

/// The words that are offered for the last one, as fish asks for them.
fn offered(project: &Project, words: &[&str]) -> Vec<String> {
    let mut command = project.command(&[&["--", "martydb"], words].concat());
    command.env("COMPLETE", "fish");
    let done = project.finish(command).expect(0);
    assert_eq!(done.stderr, "", "{words:?}");
    done.stdout.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[test]
fn completion_offers_the_names_of_the_manifest() {
    let project = project();
    for (words, expected) in [
        (&["upgrade", "cs"][..], &["csca", "csca_two"][..]),
        (&["upgrade", "csca", "p"], &["pkd"]),
        (&["status", "--service", "p"], &["pkd"]),
        (&["psql", "p"], &["pkd"]),
        (&["drop", "--service", "p"], &["pkd"]),
        (&["psql", "--admin", "--server", ""], &["far", "main"]),
        (&["status", "--env", ""], &["development", "testing"]),
        (&["-e", "testing", "status", "p"], &["pkd"]),
        (&["upgrade", "csca", "--to", ""], &["3", "12"]),
        (&["downgrade", "--to", ""], &["3", "7", "12"]),
        (
            &["revision", "csca", "--template", ""],
            &[
                "blank", "collection", "inbox", "ours", "outbox", "outbox-daily", "partitioned-hash",
                "partitioned-range", "search",
            ],
        ),
        (&["explain", "hba-tr"], &["hba-trust"]),
        (&["verify-isolation", "--only", "hba-tr"], &["hba-trust"]),
        (&["status", "--only", "p"], &["pending"]),
        (&["status", "--only", "pending,f"], &["pending,failed"]),
        (&["status", "-o", "c"], &["csv"]),
        (&["status", "--log-format", "j"], &["json"]),
        (&["url", "pkd", "--access", ""], &["reporting"]),
        (&["init", "cs"], &[]),
        (&["verif"], &["verify-down", "verify-isolation"]),
    ] {
        let mut found = offered(&project, words);
        found.retain(|word| !word.starts_with('-'));
        found.sort_by_key(|word| (word.parse::<i64>().unwrap_or(0), word.clone()));
        assert_eq!(found, expected, "{words:?}");
    }
    // It has asked no server, and made none.
    assert!(!project.path().join(".martydb").exists());
}

#[test]
fn completion_without_candidates_prints_nothing() {
    let project = Project::with_manifest("version: 1\nservices: [\n");
    assert_eq!(offered(&project, &["upgrade", "cs"]), Vec::<String>::new());
    std::fs::remove_file(project.path().join("martydb.yaml")).unwrap();
    assert_eq!(offered(&project, &["upgrade", "cs"]), Vec::<String>::new());
    let mut unknown = project.command(&[]);
    unknown.env("COMPLETE", "tcsh");
    let done = project.finish(unknown).expect(2);
    assert!(done.stderr.contains("unknown shell \"tcsh\""), "{}", done.stderr);
    // The variable may be set for another program: a command is not kept from running.
    let mut schema = project.command(&["schema"]);
    schema.env("COMPLETE", "1");
    assert!(project.finish(schema).expect(0).stdout.contains("martydb manifest"));
}

/// Runs a script in a shell that has the binary on its PATH.
fn in_shell(project: &Project, shell: &str, arguments: &[&str]) -> Option<String> {
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_martydb")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new(shell);
    command.args(arguments).current_dir(project.path()).env("PATH", path).env("HOME", project.path());
    let output = match command.output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        other => other.unwrap(),
    };
    assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_real_bash_completes_services() {
    let project = project();
    // As bash calls it: the command, the word, the word before it.
    let script = "source <(martydb completions bash); COMP_WORDS=(martydb upgrade cs); COMP_CWORD=2; COMP_TYPE=9; \
                  complete -p martydb | grep -q _clap_complete_martydb; _clap_complete_martydb martydb cs upgrade; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let shown = in_shell(&project, "bash", &["--norc", "-c", script]).expect("bash is there");
    assert_eq!(shown.split_whitespace().collect::<Vec<_>>(), ["csca", "csca_two"]);
}

#[test]
fn a_real_fish_completes_services() {
    let project = project();
    let script = "martydb completions fish | source; complete -C 'martydb upgrade cs'";
    let Some(shown) = in_shell(&project, "fish", &["--no-config", "-c", script]) else {
        println!("SKIPPED: there is no fish here");
        return;
    };
    assert_eq!(shown.split_whitespace().collect::<Vec<_>>(), ["csca", "csca_two"]);
}
