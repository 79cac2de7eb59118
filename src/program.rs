//! One run of the program, from arguments to exit status, and its handling of signals.

use std::ffi::OsString;
use std::sync::Arc;

use clap::FromArgMatches;
use tracing::Instrument;

use crate::cli::Cli;
use crate::commands::more::completions::VARIABLE;
use crate::environment::environment;
use crate::interface::{complete, interface, interface_within};
use crate::signals::Signals;
use crate::usage;
use martydb_model::environment::Environment;
use martydb_model::error::{Error, ExitStatus, Kind};
use martydb_pg::wire::interrupt;
use martydb_ui::flags::Format;
use martydb_ui::logging;
use martydb_ui::prompt;
use martydb_ui::reload;
use martydb_ui::report::{Out, Pager, terminal_width};

/// Runs the program with the process's arguments, the first of which is its own name.
///
/// Not generic: a generic function, and with it every future that it polls, would be compiled again in each crate that
/// calls it.
pub fn main(arguments: Vec<OsString>) -> ExitStatus {
    restore_terminal_on_panic();
    let environment = environment();
    let no_color = environment.get("NO_COLOR").is_some_and(|value| !value.is_empty());
    // A shell completes with `martydb -- WORDS`, or gets its script without words. Any other run ignores the variable.
    let asks = arguments.get(1).is_none_or(|word| word == "--");
    if let Some(shell) = environment.get(VARIABLE).filter(|shell| asks && !shell.is_empty()) {
        let plain = || Out::new(Format::Table, true, None, no_color);
        return match complete::answer(shell, &arguments) {
            Ok(text) => plain().data(&text, ExitStatus::Success),
            Err(error) => plain().error("completions", &error),
        };
    }
    let matched = interface_within(terminal_width()).try_get_matches_from(&arguments);
    let cli = match matched.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return usage::report(&error, &arguments, &environment, no_color),
    };
    let pager = if cli.global.no_pager { None } else { Pager::choose(&environment) };
    let out = Out::new(cli.global.output, cli.global.quiet, cli.global.color, no_color);
    let out = out.paging(pager).logging(cli.global.log_format);
    let out = Arc::new(out);
    logging::install(cli.global.verbose, cli.global.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(until_signal(cli, environment, out)),
        Err(error) => out.error(cli.command.name(), &Error::operation("cannot start").cause(error)),
    }
}

/// A panic ends the released binary without unwinding, so no guard restores the terminal.
fn restore_terminal_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        prompt::restore_terminal();
        report(panic);
    }));
}

/// The first signal cancels the statements on the servers, and the command reports its progress. The run ends at once
/// at a second signal, or if no statement is running.
async fn until_signal(cli: Cli, environment: Environment, out: Arc<Out>) -> ExitStatus {
    let (name, reads) = (cli.command.name(), cli.command.reads());
    let printer = out.clone();
    let mut signals = Signals::listen();
    let _shown = tokio::spawn(out.follow_progress());
    let span = tracing::info_span!(target: "martydb::span", "run", command = name, env = %cli.global.env);
    let mut work = Box::pin(cli.command.run(&cli.global, environment, out, interface).instrument(span));
    let signal = loop {
        tokio::select! {
            status = &mut work => return status,
            signal = signals.arrives() => {
                if signal != "SIGHUP" || !reload::request() {
                    break signal;
                }
            }
        }
    };
    let has_ended_line = prompt::restore_terminal();
    if prompt::is_open() {
        if !has_ended_line {
            printer.end_line();
        }
        interrupt::begin(signal);
        return printer.error(name, &cancelled(name));
    }
    interrupt::begin(signal);
    if printer.is_serving() {
        return tokio::select! {
            status = &mut work => status,
            _ = signals.arrives() => ExitStatus::Success,
        };
    }
    if signal == "SIGINT" && printer.is_endless() {
        tokio::select! {
            () = interrupt::settled() => {}
            _ = signals.arrives() => {}
        }
        return ExitStatus::Success;
    }
    printer.note(&format!(
        "interrupted by {signal}: cancelling the statements on the servers; a second signal ends the run at once"
    ));
    tokio::select! {
        _ = &mut work => ExitStatus::Interrupted,
        () = interrupt::settled() => printer.error(name, &interrupted(signal, reads)),
        second = signals.arrives() => {
            let left = format!("a second signal ({second}) arrived before the servers answered");
            printer.error(name, &interrupted(signal, reads).cause(left))
        }
    }
}

/// A command that only reads has no steps to keep.
fn interrupted(signal: &str, reads: bool) -> Error {
    let error = Error::new(Kind::Interrupted, format!("interrupted by {signal}"));
    error.hint_if((!reads).then_some("run the same command again: completed steps are kept"))
}

/// Returns the error of a signal at a question. Questions come before the first change, except in commands that ask again.
fn cancelled(name: &str) -> Error {
    let asks_again = matches!(name, "init-all" | "verify-isolation");
    let what =
        if asks_again { "cancelled; changes made before are kept" } else { "cancelled, nothing was touched" };
    Error::new(Kind::Interrupted, what)
}
