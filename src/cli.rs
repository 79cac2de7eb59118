//! The command line: one row for each command, whose doc comment is its help.

use std::sync::Arc;

use clap::{CommandFactory, Parser, Subcommand};
use serde::Serialize;

use crate::commands;
use crate::environment::Environment;
use crate::error::{ExitStatus, Result};
use crate::flags::{Format, Global};
use crate::report::{Out, Report};
use crate::run::Run;

/// One database per service on PostgreSQL: provision, migrate, prove isolation, see where everything stands.
#[derive(Debug, Parser)]
#[command(
    name = "martydb",
    version,
    max_term_width = 100,
    propagate_version = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Each row: help, variant, name, and the module with what its `run` needs ([`run_with`]).
macro_rules! commands {
    ($($(#[$help:meta])* $command:ident = $name:literal, $module:ident($needs:ident);)*) => {
        #[derive(Debug, Subcommand)]
        pub enum Command {
            $($(#[$help])* #[command(name = $name)] $command(commands::$module::Arguments),)*
        }

        impl Command {
            /// The name on the command line and in the JSON document.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Command::$command(_) => $name,)*
                }
            }

            /// Runs it and prints how it ended.
            pub async fn run(&self, global: &Global, environment: Environment, out: Arc<Out>) -> ExitStatus {
                match self {
                    $(Command::$command(arguments) => {
                        let end = async { run_with!($needs, $module, arguments, (global, environment, out)) };
                        print(&out, self.name(), end.await)
                    })*
                }
            }
        }
    };
}

/// What a command works with: the manifest, what it takes to read one, the flags of all commands, the command line
/// itself, or its own arguments.
macro_rules! run_with {
    (manifest, $module:ident, $arguments:ident, ($global:ident, $environment:ident, $out:ident)) => {
        commands::$module::run(&Run::new($global, $environment, $out.clone())?, $arguments).await
    };
    (global, $module:ident, $arguments:ident, ($global:ident, $environment:ident, $out:ident)) => {
        commands::$module::run($global, $arguments).await
    };
    (parts, $module:ident, $arguments:ident, ($global:ident, $environment:ident, $out:ident)) => {
        commands::$module::run($global, $environment, $out.clone(), $arguments).await
    };
    (interface, $module:ident, $arguments:ident, $rest:tt) => {
        commands::$module::run(Cli::command(), $arguments)
    };
    (alone, $module:ident, $arguments:ident, $rest:tt) => {
        commands::$module::run($arguments)
    };
}

/// Prints how a command ended: its report as text or as JSON, or its error.
fn print(out: &Out, command: &str, end: Result<impl Report + Serialize>) -> ExitStatus {
    let report = match end {
        Ok(report) => report,
        Err(error) => return out.error(command, &error),
    };
    match report.format().unwrap_or(out.format()) {
        Format::Json => out.document(command, &report, report.status()),
        Format::Table if report.verbatim() => out.data(&report.text(&out.result_style()), report.status()),
        Format::Table => {
            let status = out.text(&report.text(&out.result_style()), report.status());
            out.failures(&report.messages(&out.message_style()));
            status
        }
    }
}

commands! {
    /// Write a first manifest and folders.
    Init = "init", init(global);
    /// Check the manifest and the migration files; needs no server.
    Validate = "validate", validate(manifest);
    /// Print the manifest's JSON Schema, or that of a command's result.
    Schema = "schema", schema(alone);
    /// Check the servers and the admin's privileges; changes nothing.
    Doctor = "doctor", doctor(manifest);
    /// Show what apply would change, and why.
    Plan = "plan", plan(manifest);
    /// Create or update databases, roles, grants and settings to match the manifest.
    Apply = "apply", apply(manifest);
    /// Apply, upgrade and verify-isolation for all services in one run.
    InitAll = "init-all", init_all(manifest);
    /// Apply pending migrations.
    Upgrade = "upgrade", upgrade(manifest);
    /// Undo migrations, newest applied first.
    Downgrade = "downgrade", downgrade(manifest);
    /// Declare a database that exists, with everybody who uses it, and show what apply would change.
    Adopt = "adopt", adopt(parts);
    /// Write another tool's migrations as the service's own.
    Import = "import", import(manifest);
    /// Record versions as applied without running them, for a database that exists already.
    Baseline = "baseline", baseline(manifest);
    /// Accept edited files and clear failed records, after showing which.
    Repair = "repair", repair(manifest);
    /// Show the version of each service.
    Current = "current", current(manifest);
    /// Show every migration run: who, when, how long, how it ended.
    History = "history", history(manifest);
    /// Show where each service stands.
    Status = "status", status(manifest);
    /// Write the next migration and its down file.
    Revision = "revision", revision(manifest);
    /// Write one checkpoint file that new databases start from, in place of the first migrations.
    Squash = "squash", squash(manifest);
    /// Find dangerous DDL in migrations that are not applied yet.
    Lint = "lint", lint(manifest);
    /// Prove on a scratch database that down files undo what up files do.
    VerifyDown = "verify-down", verify_down(manifest);
    /// Compare the schemas of two environments, or of files and database.
    Diff = "diff", diff(manifest);
    /// Prove by logging in that no service reaches another's database.
    VerifyIsolation = "verify-isolation", verify(manifest);
    /// Say what a finding of verify-isolation or a rule of lint means.
    Explain = "explain", explain(alone);
    /// Log in as every role of every service.
    TestConnections = "test-connections", test_connections(manifest);
    /// Make a migrated database for tests from a template, and print its connection string.
    TestDb = "test-db", test_db(manifest);
    /// Print a connection string, password included.
    Url = "url", url(manifest);
    /// Open psql as a service's login.
    Psql = "psql", psql(manifest);
    /// Run a program with a service's login in its environment.
    Exec = "exec", exec(manifest);
    /// Remove a service's database and roles.
    Drop = "drop", drop(manifest);
    /// Give logins new passwords.
    Rotate = "rotate", rotate(manifest);
    /// Carry the logins' passwords to and from other places.
    Secrets = "secrets", secrets(manifest);
    /// Start, stop, show or delete the embedded servers.
    Dev = "dev", dev(manifest);
    /// Print what the embedded servers wrote to their logs.
    Logs = "logs", logs(manifest);
    /// Print the manifest as martydb understands it, and where each value comes from.
    Config = "config", config(parts);
    /// Print a shell's completions.
    Completions = "completions", completions(interface);
    /// Print the man page.
    Man = "man", man(interface);
}
