//! The help: commands in groups, then examples, exit codes and variables of each command below clap's text.

use clap::{Arg, ArgAction, Command, CommandFactory};

use super::examples::EXAMPLES;
use crate::cli::{Cli, GROUPS};
use martydb_ui::report::{Style, wrapped};

const SHORT: &str = "\
Global options: -f -e -o -j -q -v -y and more, see martydb --help";

const LONG: &str = "\
Exit codes: 0 done, 1 failed, 2 usage or manifest (nothing was touched),
  3 differences, 4 isolation breached or not proven, 5 server unreachable,
  6 locked, or the plan is stale, 127 exec: no such program, 130 interrupted

Environment: DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, or what the manifest
  names, for the admin; MARTYDB_* for the global options; NO_COLOR

Global options: -f --manifest, -e --env, -o --output, -j --jobs, --color,
  -q --quiet, -v --verbose, --log-format, --no-pager, -y --yes, --no-input,
  --lock-wait, --connect-timeout; martydb --help describes them";

/// Returns the command line with its help.
pub fn interface() -> Command {
    let mut command = Cli::command().mut_args(shared);
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let (listed, global) = (listed(&command), global_options(&command));
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
        .after_long_help(format!("{listed}\n{global}\n\n{LONG_ROOT}"))
}

/// Returns the same for a terminal of so many columns. In a narrow one, descriptions get lines of their own.
pub(crate) fn interface_within(width: Option<usize>) -> Command {
    match width.filter(|width| *width < NARROW) {
        None => interface(),
        Some(width) => narrowed(interface(), width).next_line_help(true),
    }
}

/// Width that the texts below clap's are written for.
const NARROW: usize = 80;

/// Wraps the texts below clap's, which clap takes as they are.
fn narrowed(command: Command, width: usize) -> Command {
    let style = Style { colour: false, width: Some(width) };
    // An example is there to be copied.
    let line = |line: &str| match line.trim_start().starts_with("martydb ") {
        true => format!("{line}\n"),
        false => wrapped(line, "      ", &style),
    };
    let fitted = |text: String| -> String { text.lines().map(line).collect() };
    let of = |text: Option<&clap::builder::StyledStr>| {
        text.map(ToString::to_string).map(fitted).unwrap_or_default()
    };
    let (short, long) = (of(command.get_after_help()), of(command.get_after_long_help()));
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let command = command.after_help(short).after_long_help(long);
    names.iter().fold(command, |command, name| command.mut_subcommand(name, |sub| narrowed(sub, width)))
}

/// Makes an option of the program one of all its commands, whose help would be twice as long with them.
fn shared(option: Arg) -> Arg {
    if option.get_help_heading().is_none() {
        return option;
    }
    option.global(true).hide_short_help(true).hide_long_help(true).hide_env_values(true)
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
    text.trim_start().to_owned()
}

/// Returns the global options with their help, variables and defaults, for the program's own long help.
fn global_options(command: &Command) -> String {
    let options = command.get_arguments().filter(|option| option.get_help_heading().is_some());
    let flag = |short, name: &'static str, help: &'static str| {
        Arg::new(name).short(short).long(name).action(ArgAction::SetTrue).help(help)
    };
    let text = Command::new("options")
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args(options.cloned().map(|option| option.hide_short_help(false)))
        .args([flag('h', "help", "Print help"), flag('V', "version", "Print version")])
        .help_template("{options}")
        .term_width(80)
        .render_help();
    format!("Global options:\n{}", text.to_string().trim_end())
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
        let (listed, global) = (listed(&Cli::command()), global_options(&Cli::command()));
        let lines = listed.lines().chain(global.lines()).chain(LONG.lines());
        let long: Vec<&str> = lines.filter(|line| line.len() > 80).collect();
        assert!(long.is_empty(), "{long:#?}");
    }

    #[test]
    fn the_global_options_are_all_listed() {
        let text = global_options(&Cli::command());
        for argument in Cli::command().get_arguments().filter(|one| one.get_help_heading().is_some()) {
            let long = format!("--{}", argument.get_long().unwrap());
            assert!(text.contains(&long) && LONG.contains(&long), "{long}");
            let variable = argument.get_env().map(|name| name.to_string_lossy().into_owned());
            assert!(variable.is_none_or(|name| text.contains(&name)), "{long}");
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
