//! The help: commands in groups, then examples, exit codes and variables of each command below clap's text.

use clap::{Command, CommandFactory};

use super::examples::EXAMPLES;
use crate::cli::{Cli, GROUPS};

/// Global options, valid for every command.
const GLOBAL: &str = "\
Global options:
  -f, --manifest <FILE>   Manifest; default: martydb.yaml or
                          services/manifest.yaml, here or above
                          [MARTYDB_MANIFEST]
  -e, --env <ENV>         Environment, with its overlay beside the
                          manifest; default: development [MARTYDB_ENV]
  -o, --output <FORMAT>   table, json, yaml, csv or name [MARTYDB_OUTPUT]
  -j, --jobs <N>          Maximum number of parallel services [MARTYDB_JOBS]
      --color <WHEN>      auto, always or never; NO_COLOR counts [MARTYDB_COLOR]
  -q, --quiet             Suppress progress messages [MARTYDB_QUIET]
  -v, --verbose           Log the steps; -vv logs every statement, no secrets
      --log-format <FORMAT>  text, or json: one object per line
                          [MARTYDB_LOG_FORMAT]
      --no-pager          Print long results without a pager [MARTYDB_NO_PAGER];
                          the pager: MARTYDB_PAGER or PAGER
  -y, --yes               Answer yes to questions [MARTYDB_YES]
      --no-input          Never prompt: fail instead [MARTYDB_NO_INPUT]
      --lock-wait <TIME>  Timeout for another run's lock; default: 60s
                          [MARTYDB_LOCK_WAIT]
  -h, --help              Print help
  -V, --version           Print version";

const SHORT: &str = "\
Global options: -f -e -o -j -q -v -y and more, see martydb --help";

const LONG: &str = "\
Exit codes: 0 done, 1 failed, 2 usage or manifest (nothing was touched),
  3 differences, 4 isolation breached or not proven, 5 server unreachable,
  6 locked, or the plan is stale, 130 interrupted

Environment: DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, or what the manifest
  names, for the admin; MARTYDB_* for the global options; NO_COLOR

Global options: -f --manifest, -e --env, -o --output, -j --jobs, --color,
  -q --quiet, -v --verbose, --log-format, --no-pager, -y --yes, --no-input,
  --lock-wait; martydb --help describes them";

/// Returns the command line with its help.
pub fn interface() -> Command {
    let mut command = Cli::command();
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let listed = listed(&command);
    for name in names {
        command = command.mut_subcommand(&name, |sub| {
            let examples = examples(&name);
            sub.after_help(SHORT).after_long_help(format!("{examples}{LONG}"))
        });
    }
    command
        .help_template("{about}\n\n{usage-heading} {usage}{after-help}")
        .after_help(format!(
            "{listed}\n`martydb help COMMAND` has examples; martydb --help the global options."
        ))
        .after_long_help(format!("{listed}\n{GLOBAL}\n\n{LONG_ROOT}"))
}

const LONG_ROOT: &str = "`martydb help COMMAND` has each command's options, examples and exit codes.";

/// Lists the commands in groups, each with the first sentence of its help.
fn listed(command: &Command) -> String {
    let mut text = String::new();
    for (group, names) in GROUPS {
        text += &format!("\n{group}:\n");
        for name in *names {
            let about = command.find_subcommand(name).and_then(Command::get_about);
            text += &format!("  {name:<17} {}\n", about.map(ToString::to_string).unwrap_or_default());
        }
    }
    text
}

fn examples(name: &str) -> String {
    let all: Vec<_> = EXAMPLES.iter().filter(|(command, _)| *command == name).collect();
    if all.is_empty() {
        return String::new();
    }
    let lines: String = all.iter().map(|(_, line)| format!("  {line}\n")).collect();
    format!("Examples:\n{lines}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_one_group_and_has_an_example() {
        let command = Cli::command();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let mut all: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        grouped.sort_unstable();
        all.sort_unstable();
        assert_eq!(grouped, all);
        for name in all {
            assert!(EXAMPLES.iter().any(|(command, _)| *command == name), "{name} has no example");
        }
    }

    #[test]
    fn the_list_of_commands_fits_a_terminal() {
        let long = listed(&Cli::command());
        let long: Vec<&str> =
            long.lines().chain(GLOBAL.lines()).chain(LONG.lines()).filter(|line| line.len() > 80).collect();
        assert!(long.is_empty(), "{long:#?}");
    }

    #[test]
    fn the_global_options_are_all_told() {
        for argument in Cli::command().get_arguments().filter(|one| one.get_help_heading().is_some()) {
            let long = format!("--{}", argument.get_long().unwrap());
            assert!(GLOBAL.contains(&long) && LONG.contains(&long), "{long}");
            let variable = argument.get_env().map(|name| name.to_string_lossy().into_owned());
            assert!(variable.is_none_or(|name| GLOBAL.contains(&name)), "{long}");
        }
    }

    /// `-h` on a terminal of 80 columns.
    #[test]
    fn short_help_fits_a_terminal() {
        let names: Vec<String> =
            Cli::command().get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        let long = names.iter().filter_map(|name| {
            let mut command = interface().term_width(80);
            command.build();
            let text = command.find_subcommand_mut(name)?.render_help().to_string();
            let lines = text.lines().count();
            (lines > 24).then(|| format!("{name}: {lines} lines\n{text}"))
        });
        let long: Vec<String> = long.collect();
        assert!(long.is_empty(), "{}", long.join("\n"));
    }
}
