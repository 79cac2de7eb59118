//! Words of other tools and of former versions that people type, each with the command of this one.

use martydb_model::deploy::SEALED_WITH;

/// A word that is not a command.
pub struct CommandAlias {
    /// Words of other tools.
    pub words: &'static [&'static str],
    /// Answer, as the rest of a hint.
    pub answer: &'static str,
}

/// Commands of Alembic, Flyway, dbmate, sqlx, Rails, Terraform, Atlas and others.
pub const COMMANDS: &[CommandAlias] = &[
    CommandAlias {
        words: &["rollback", "undo", "down", "revert"],
        answer: "`martydb downgrade SERVICE` reverts the newest migration",
    },
    CommandAlias {
        words: &["migrate", "up", "deploy", "db:migrate"],
        answer: "`martydb upgrade SERVICE` applies the pending migrations",
    },
    CommandAlias {
        words: &["create", "new", "add", "generate", "make", "g"],
        answer: "`martydb revision SERVICE -m \"message\"` writes the next migration; `martydb init NAME` adds a service",
    },
    CommandAlias {
        words: &["list", "ls", "info", "show", "services"],
        answer: "`martydb status` shows the services, `martydb config` the manifest",
    },
    CommandAlias {
        words: &["version", "heads", "head"],
        answer: "`martydb current` shows each service's version, `martydb --version` martydb's own",
    },
    CommandAlias {
        words: &["log"],
        answer: "`martydb history` shows the migrations that ran, `martydb logs` the log of an embedded server",
    },
    CommandAlias {
        words: &["stamp", "mark"],
        answer: "`martydb baseline SERVICE --at N` records versions without running them",
    },
    CommandAlias {
        words: &["check", "verify", "test", "scan"],
        answer: "`martydb validate` checks the files, `martydb verify-isolation` the servers",
    },
    CommandAlias {
        words: &["provision", "bootstrap", "setup"],
        answer: "`martydb init-all` provisions, migrates and proves everything",
    },
    CommandAlias {
        words: &["destroy", "remove", "delete", "rm"],
        answer: "`martydb drop SERVICE` removes a service, `martydb dev destroy` an embedded server",
    },
    CommandAlias {
        words: &["reset"],
        answer: "`martydb downgrade SERVICE --to 0`, then `martydb upgrade SERVICE`",
    },
    CommandAlias {
        words: &["start", "stop"],
        answer: "`martydb dev up` and `martydb dev down` start and stop the embedded servers",
    },
    CommandAlias {
        words: &["connect", "shell", "console", "sql", "dbshell"],
        answer: "`martydb psql SERVICE` opens psql",
    },
    CommandAlias { words: &["dump", "pg_dump"], answer: "`martydb backup SERVICE` backs a service up" },
    CommandAlias {
        words: &["fix", "clean"],
        answer: "`martydb repair SERVICE --reason TEXT` accepts edited files and clears failed records",
    },
    CommandAlias {
        words: &["password", "passwd"],
        answer: "`martydb url SERVICE` prints a login's URL, `martydb rotate SERVICE` sets new passwords",
    },
    CommandAlias {
        words: &["run"],
        answer: "`martydb exec SERVICE -- PROGRAM` runs a program with the login in its environment",
    },
];

/// An option that does not exist; `command` is empty for all commands.
pub struct OptionAlias {
    pub command: &'static str,
    pub words: &'static [&'static str],
    pub answer: &'static str,
}

/// Options of the same tools, and of psql.
pub const OPTIONS: &[OptionAlias] = &[
    OptionAlias { command: "", words: &["--json"], answer: "-o json" },
    OptionAlias { command: "", words: &["--yaml"], answer: "-o yaml" },
    OptionAlias { command: "", words: &["--csv"], answer: "-o csv" },
    OptionAlias { command: "", words: &["--format"], answer: "-o table, json, yaml, csv or name" },
    OptionAlias { command: "", words: &["--verbosity", "--debug"], answer: "-v, or -vv for every statement" },
    OptionAlias {
        command: "",
        words: &["--non-interactive", "--no-prompt", "--batch"],
        answer: "--no-input",
    },
    OptionAlias { command: "", words: &["--auto-approve", "--force", "--assume-yes"], answer: "-y" },
    OptionAlias { command: "", words: &["--profile"], answer: "--env NAME" },
    OptionAlias { command: "", words: &["--config", "--config-file"], answer: "--manifest FILE" },
    OptionAlias { command: "", words: &["--parallel", "--concurrency"], answer: "--jobs N" },
    OptionAlias {
        command: "upgrade",
        words: &["--target", "--version", "--revision"],
        answer: "--to VERSION",
    },
    OptionAlias { command: "upgrade", words: &["--sql"], answer: "--dry-run prints the statements" },
    OptionAlias { command: "upgrade", words: &["--count", "--limit", "-n", "--number"], answer: "--steps N" },
    OptionAlias {
        command: "downgrade",
        words: &["--target", "--version", "--revision"],
        answer: "--to VERSION",
    },
    OptionAlias { command: "downgrade", words: &["--sql"], answer: "--dry-run prints the statements" },
    OptionAlias {
        command: "downgrade",
        words: &["--count", "--limit", "-n", "--number"],
        answer: "--steps N",
    },
    OptionAlias {
        command: "revision",
        words: &["--autogenerate"],
        answer: "martydb writes no SQL from models; `martydb diff` compares schemas",
    },
    OptionAlias { command: "revision", words: &["--name", "--title"], answer: "-m \"message\"" },
    OptionAlias {
        command: "psql",
        words: &["-c", "--command", "--file", "-d"],
        answer: "options of psql come after --: martydb psql SERVICE -- -c \"SELECT 1\"",
    },
    OptionAlias { command: "baseline", words: &["--version", "--to"], answer: "--at VERSION" },
    OptionAlias {
        command: "rotate",
        words: &["--dry-run"],
        answer: "rotate has no dry run; `martydb test-connections` tries the present passwords",
    },
    OptionAlias { command: "plan", words: &["--json-out", "--save"], answer: "--out FILE" },
    OptionAlias {
        command: "plan",
        words: &["--detailed-exitcode", "--exit-code"],
        answer: "--check ends with 3 if anything differs",
    },
];

/// Formats that one command has, and others have as `--output`.
const REPORT_FORMATS: &[&str] = &["junit", "markdown", "github", "sarif", "opengraph", "dot"];

/// Returns the answer to a command line that clap rejected, if another tool has its word. `words` are the arguments
/// without the program's name.
pub fn answer(words: &[&str], rejected: Rejected<'_>) -> Option<String> {
    let command = words.iter().find(|word| !word.starts_with('-')).copied().unwrap_or_default();
    match rejected {
        Rejected::Command(word) => {
            let row = COMMANDS.iter().find(|row| row.words.contains(&word))?;
            Some(row.answer.to_owned())
        }
        Rejected::Argument(word) => {
            let name = word.split('=').next().unwrap_or_default();
            let mut rows = OPTIONS.iter().filter(|row| row.command == command || row.command.is_empty());
            if let Some(row) = rows.find(|row| row.words.contains(&name)) {
                return Some(format!("{}; {command} has no {name}", row.answer));
            }
            let is_name = !name.starts_with('-');
            match command {
                "init-all" if is_name => Some(format!(
                    "init-all takes all services; for one: `martydb apply {name}`, then `martydb upgrade {name}`"
                )),
                "exec" if is_name => {
                    Some(format!("the program comes after --: martydb exec SERVICE -- {name}"))
                }
                _ => None,
            }
        }
        Rejected::Output(word) => REPORT_FORMATS
            .contains(&word)
            .then(|| format!("--format {word}, which validate, lint and verify-isolation have")),
        Rejected::Target(word) => (word == "sealed-secrets").then(|| SEALED_WITH.to_owned()),
    }
}

/// Part of the command line that was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected<'a> {
    /// A word in the place of a command.
    Command(&'a str),
    /// An option, or a word that the command does not take.
    Argument(&'a str),
    /// A value of `--output`.
    Output(&'a str),
    /// A target of `render`.
    Target(&'a str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_answered_by_its_command() {
        let answered = |words: &[&str], rejected| answer(words, rejected).unwrap_or_default();
        assert!(answered(&["rollback"], Rejected::Command("rollback")).contains("martydb downgrade"));
        assert_eq!(
            answered(&["status", "--json"], Rejected::Argument("--json")),
            "-o json; status has no --json"
        );
        assert!(
            answered(&["-v", "upgrade", "a", "--target=3"], Rejected::Argument("--target=3"))
                .starts_with("--to VERSION")
        );
        assert!(answered(&["init-all", "auth"], Rejected::Argument("auth")).contains("martydb apply auth"));
        assert!(
            answered(&["verify-isolation", "-o", "junit"], Rejected::Output("junit"))
                .starts_with("--format junit")
        );
        assert_eq!(answer(&["status", "--nonsense"], Rejected::Argument("--nonsense")), None);
        assert_eq!(answer(&["nosuch"], Rejected::Command("nosuch")), None);
    }
}
