//! martydb: one database per service on PostgreSQL.
//!
//! The data flow is the layout: `manifest` → desired state (`model`), `server::inspect` → actual state,
//! `plan::diff` → a plan of typed steps, `server::apply` acts on it, and a second inspection must find nothing
//! left. `migrate` runs the services' migrations, `probe` proves by logging in that nobody reaches what is not
//! theirs. Deciding is pure, acting is thin, and only `report` prints.

pub mod ask;
pub mod audit;
pub mod cli;
pub mod commands;
pub mod credentials;
pub mod embedded;
pub mod error;
pub mod flags;
pub mod fleet;
pub mod manifest;
pub mod migrate;
pub mod model;
pub mod pgpass;
pub mod plan;
pub mod probe;
pub mod provision;
pub mod report;
pub mod rotate;
pub mod run;
pub mod scratch;
pub mod secrets;
pub mod server;
pub mod signals;
pub mod sql;
pub mod suggest;
pub mod units;
pub mod verbosity;
pub mod wire;
pub mod yaml;

use std::ffi::OsString;
use std::sync::Arc;

use clap::Parser;

use cli::{Cli, Command};
use error::{Error, ExitStatus, Kind, Result};
use flags::Format;
use manifest::Environment;
use report::{Out, Report};
use run::Run;
use wire::interrupt;

/// The schema that holds martydb's own history in each service's database.
pub const HISTORY_SCHEMA: &str = "martydb";

/// The table that refinery keeps its history in.
pub const REFINERY_TABLE: &str = "refinery_schema_history";

/// Ends the name of a login's twin during a rotation.
pub const TWIN_SUFFIX: &str = "_b";

/// The whole program: arguments in, status out.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitStatus {
    let arguments: Vec<OsString> = arguments.collect();
    let environment = manifest::environment();
    let no_color = environment.get("NO_COLOR").is_some_and(|value| !value.is_empty());
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error, &arguments, &environment, no_color),
    };
    let out = Arc::new(Out::new(cli.global.output, cli.global.quiet, cli.global.color, no_color));
    verbosity::install(cli.global.verbose);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(until_signal(cli, environment, out)),
        Err(error) => out.error(cli.command.name(), &Error::operation("cannot start").cause(error)),
    }
}

/// clap's own answer: help and versions on stdout, a mistake on stderr, or as the one JSON document.
fn refuse(
    error: &clap::Error,
    arguments: &[OsString],
    environment: &Environment,
    no_color: bool,
) -> ExitStatus {
    let plain = Out::new(Format::Table, false, None, no_color);
    if !error.use_stderr() {
        return plain.data(&error.render().to_string(), ExitStatus::Success);
    }
    // With its colours, because clap takes away the escape sequences of what it quotes too, and leaves the rest of it.
    let text = quoted_safely(error.render().ansi().to_string(), arguments, environment);
    let text = report::without_colours(&text);
    if !wants_json(arguments, environment) {
        plain.show(text.trim_end());
        return ExitStatus::Usage;
    }
    let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let command =
        arguments.iter().skip(1).map(|word| word.to_string_lossy()).find(|word| !word.starts_with('-'));
    let out = Out::new(Format::Json, false, None, no_color);
    out.error(&command.unwrap_or_default(), &Error::usage(message).hint("martydb --help"))
}

/// clap quotes what it was given as it is: an argument, a part of one, or a variable.
fn quoted_safely(text: String, arguments: &[OsString], environment: &Environment) -> String {
    let arguments = arguments.iter().map(|word| word.to_string_lossy().into_owned());
    let variables = environment.iter().filter(|(name, _)| name.starts_with("MARTYDB_"));
    let given: Vec<String> = arguments.chain(variables.map(|(_, value)| value.clone())).collect();
    let parts = given.iter().flat_map(|word| std::iter::once(word.as_str()).chain(word.split(['=', ','])));
    let mut risky: Vec<&str> = parts.filter(|part| report::printable(part) != *part).collect();
    risky.sort_by_key(|part| std::cmp::Reverse(part.len()));
    risky.iter().fold(text, |text, part| text.replace(part, &report::printable(part)))
}

/// The arguments could not be parsed, so the format is looked for by hand.
fn wants_json(arguments: &[OsString], environment: &Environment) -> bool {
    let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
    let pair = words.windows(2).any(|pair| matches!(&*pair[0], "-o" | "--output") && pair[1] == "json");
    let joined = words.iter().any(|word| matches!(&**word, "-ojson" | "-o=json" | "--output=json"));
    pair || joined || environment.get("MARTYDB_OUTPUT").is_some_and(|format| format == "json")
}

/// The first signal cancels what runs on the servers, and the command then says itself how far it came. A command that
/// is at nothing on a server, or a second signal, ends the run at once.
async fn until_signal(cli: Cli, environment: Environment, out: Arc<Out>) -> ExitStatus {
    let name = cli.command.name();
    let printer = out.clone();
    let mut signals = signals::Signals::listen();
    let mut work = Box::pin(dispatch(cli, environment, out));
    let signal = tokio::select! {
        status = &mut work => return status,
        signal = signals.arrives() => signal,
    };
    ask::restore_terminal();
    interrupt::begin(signal);
    printer.note(&format!(
        "interrupted by {signal}: cancelling what runs on the servers; a second signal leaves at once"
    ));
    tokio::select! {
        _ = &mut work => ExitStatus::Interrupted,
        () = interrupt::settled() => printer.error(name, &interrupted(signal)),
        second = signals.arrives() => {
            let left = format!("a second signal ({second}) arrived before the servers had answered");
            printer.error(name, &interrupted(signal).cause(left))
        }
    }
}

fn interrupted(signal: &str) -> Error {
    Error::new(Kind::Interrupted, format!("interrupted by {signal}"))
        .hint("run the same command again: it goes on where this one stopped")
}

async fn dispatch(cli: Cli, environment: Environment, out: Arc<Out>) -> ExitStatus {
    let name = cli.command.name();
    let document = match &cli.command {
        Command::Schema(arguments) => Some(commands::schema::text(arguments)),
        Command::Completions(arguments) => Some(commands::completions::script(arguments.shell)),
        Command::Man => Some(commands::completions::man_page()),
        _ => None,
    };
    if let Some(document) = document {
        return out.data(&document, ExitStatus::Success);
    }
    if let Command::Init(arguments) = &cli.command {
        return match commands::init::run(&cli.global, arguments).await {
            Ok(report) => out.report(name, &*report),
            Err(error) => out.error(name, &error),
        };
    }
    let run = match Run::new(&cli.global, environment, out.clone()) {
        Ok(run) => run,
        Err(error) => return out.error(name, &error),
    };
    match command(&run, &cli.command).await {
        Ok(report) => run.out.report(name, &*report),
        Err(error) => run.out.error(name, &error),
    }
}

async fn command(run: &Run, command: &Command) -> Result<Box<dyn Report>> {
    match command {
        Command::Doctor(arguments) => commands::doctor::run(run, arguments).await,
        Command::Validate(arguments) => commands::validate::run(run, arguments),
        Command::Plan(arguments) => commands::plan::run(run, arguments).await,
        Command::Apply(arguments) => commands::apply::run(run, arguments).await,
        Command::InitAll(arguments) => commands::init_all::run(run, arguments).await,
        Command::Upgrade(arguments) => commands::upgrade::run(run, arguments).await,
        Command::Downgrade(arguments) => commands::downgrade::run(run, arguments).await,
        Command::Baseline(arguments) => commands::baseline::run(run, arguments).await,
        Command::Repair(arguments) => commands::repair::run(run, arguments).await,
        Command::Current(arguments) => commands::current::run(run, arguments).await,
        Command::History(arguments) => commands::history::run(run, arguments).await,
        Command::Status(arguments) => commands::status::run(run, arguments).await,
        Command::Revision(arguments) => commands::revision::run(run, arguments),
        Command::Lint(arguments) => commands::lint::run(run, arguments).await,
        Command::VerifyDown(arguments) => commands::verify_down::run(run, arguments).await,
        Command::VerifyIsolation(arguments) => commands::verify::run(run, arguments).await,
        Command::TestConnections(arguments) => commands::test_connections::run(run, arguments).await,
        Command::Url(arguments) => commands::url::run(run, arguments).await,
        Command::Drop(arguments) => commands::drop::run(run, arguments).await,
        Command::Rotate(arguments) => commands::rotate::run(run, arguments).await,
        Command::Dev(arguments) => commands::dev::run(run, arguments).await,
        Command::Init(_) | Command::Schema(_) | Command::Completions(_) | Command::Man => {
            unreachable!("answered without a manifest")
        }
    }
}
