//! The command line: one row for each command, whose doc comment is its help.

use std::sync::Arc;

use clap::{Parser, Subcommand};
use serde::Serialize;

use crate::commands::annotation::{CheckFormat, Checkout};
use crate::commands::{self, tables};
use martydb_model::environment::Environment;
use martydb_model::error::{ExitStatus, Result};
use martydb_ui::flags::{Format, Global};
use martydb_ui::prompt;
use martydb_ui::report::{FlatTable, Out, Report};

/// What build.rs knows of the build: commit and target.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("MARTYDB_BUILD"), ")");

/// One database per service on PostgreSQL: provision, migrate, prove isolation, see where everything stands.
#[derive(Debug, Parser)]
#[command(name = "martydb", version, long_version = VERSION, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// In groups. Each row: help, variant, name, and the module with what its `run` needs ([`run_with`]).
macro_rules! commands {
    ($($group:literal {
        $($(#[$help:meta])* $command:ident = $name:literal, $module:ident($needs:ident);)*
    })*) => {
        #[derive(Debug, Subcommand)]
        pub enum Command {
            $($($(#[$help])* #[command(name = $name)] $command(commands::$module::Arguments),)*)*
        }

        /// The commands in the groups of the help.
        pub const GROUPS: &[(&str, &[&str])] = &[$(($group, &[$($name),*])),*];

        impl Command {
            /// The name on the command line and in the JSON document.
            pub fn name(&self) -> &'static str {
                match self {
                    $($(Command::$command(_) => $name,)*)*
                }
            }

            /// Runs it and prints how it ended. `interface` is the command line with its help.
            pub async fn run(
                &self,
                global: &Global,
                environment: Environment,
                out: Arc<Out>,
                interface: fn() -> clap::Command,
            ) -> ExitStatus {
                let table = match tables::of(self.name(), out.format()) {
                    Ok(table) => table,
                    Err(error) => return out.error(self.name(), &error),
                };
                match self {
                    $($(Command::$command(arguments) => {
                        let end = async { run_with!($needs, $module, arguments, (global, environment, out, interface)) };
                        print(&out, self.name(), table, end.await)
                    })*)*
                }
            }
        }
    };
}

/// What a command works with: the manifest, which is offered to be written where there is none, the manifest of a check,
/// whose errors are annotations too, what it takes to read one, the command line itself, or its own arguments.
macro_rules! run_with {
    (checked, $module:ident, $arguments:ident, ($global:ident, $environment:ident, $out:ident, $interface:ident)) => {{
        let checkout = Checkout::of(&$environment);
        let end = async {
            let run = commands::init::opened($global, $environment, $out.clone()).await?;
            commands::$module::run(&run, $arguments).await
        };
        end.await.inspect_err(|error| {
            if $arguments.format == Some(CheckFormat::Github) {
                $out.text(&checkout.of_error(error), ExitStatus::Usage);
            }
        })
    }};
    (manifest, $module:ident, $arguments:ident, ($global:ident, $environment:ident, $out:ident, $interface:ident)) => {
        commands::$module::run(
            &commands::init::opened($global, $environment, $out.clone()).await?,
            $arguments,
        )
        .await
    };
    (parts, $module:ident, $arguments:ident, ($global:ident, $environment:ident, $out:ident, $interface:ident)) => {
        commands::$module::run($global, $environment, $out.clone(), $arguments).await
    };
    (interface, $module:ident, $arguments:ident, ($global:ident, $environment:ident, $out:ident, $interface:ident)) => {
        commands::$module::run($interface(), $arguments)
    };
    (alone, $module:ident, $arguments:ident, $rest:tt) => {
        commands::$module::run($arguments)
    };
}

/// Prints how a command ended: its report in the format that was asked for, or its error.
fn print(
    out: &Out,
    command: &str,
    table: Option<&FlatTable>,
    end: Result<impl Report + Serialize>,
) -> ExitStatus {
    let report = match end {
        Ok(report) => report,
        Err(error) => return out.error(command, &error),
    };
    let text = || report.text(&out.result_style());
    let status = match (report.format().unwrap_or(out.format()), table) {
        (format @ (Format::Json | Format::Yaml), _) => {
            return out.document(format, command, &report, report.status());
        }
        (Format::Csv, Some(table)) => out.data(&table.csv(&document(&report)), report.status()),
        (Format::Name, Some(table)) => out.data(&table.names(&document(&report)), report.status()),
        _ if report.verbatim() => out.data(&text(), report.status()),
        // What was asked stays on the screen, above the answer.
        _ if prompt::has_asked() => out.text(&text(), report.status()),
        _ => out.result(&text(), report.status()),
    };
    out.failures(&report.messages(&out.message_style()));
    status
}

fn document(report: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(report).expect("plain data")
}

commands! {
    "Start" {
        /// Write a first manifest and folders.
        Init = "init", init(parts);
        /// Check the manifest and the migration files; needs no server.
        Validate = "validate", validate(checked);
        /// Check servers and the admin's privileges; changes nothing.
        Doctor = "doctor", doctor(manifest);
        /// Apply, upgrade and verify-isolation for all services.
        InitAll = "init-all", init_all(manifest);
        /// Start, stop, show or delete the embedded servers.
        Dev = "dev", dev(manifest);
    }
    "Change servers" {
        /// Show what apply would change, and why.
        Plan = "plan", plan(manifest);
        /// Create or update databases, roles, grants and settings.
        Apply = "apply", apply(manifest);
        /// Remove a service's database and roles.
        Drop = "drop", drop(manifest);
        /// Give logins new passwords.
        Rotate = "rotate", rotate(manifest);
        /// Carry the logins' passwords to and from other places.
        Secrets = "secrets", secrets(manifest);
        /// Declare a database that exists, with everybody who uses it.
        Adopt = "adopt", adopt(parts);
        /// Take a shared database apart: one database for each service.
        Split = "split", split(manifest);
    }
    "Migrate" {
        /// Write the next migration and its down file.
        Revision = "revision", revision(manifest);
        /// Apply pending migrations.
        Upgrade = "upgrade", upgrade(manifest);
        /// Undo migrations, newest applied first.
        Downgrade = "downgrade", downgrade(manifest);
        /// Find dangerous DDL in migrations that are not applied yet.
        Lint = "lint", lint(checked);
        /// Prove on a scratch database that down files undo up files.
        VerifyDown = "verify-down", verify_down(manifest);
        /// Record versions as applied without running them.
        Baseline = "baseline", baseline(manifest);
        /// Accept edited files and clear failed records.
        Repair = "repair", repair(manifest);
        /// Write another tool's migrations as the service's own.
        Import = "import", import(manifest);
        /// Write one checkpoint file that new databases start from.
        Squash = "squash", squash(manifest);
        /// Compare schemas of two environments, or files and database.
        Diff = "diff", diff(manifest);
        /// Make a migrated database for tests from a template.
        TestDb = "test-db", test_db(manifest);
    }
    "Keep" {
        /// Back up services; list, verify and prune backups.
        Backup = "backup", backup(manifest);
        /// Put a backup in the place of a service's database.
        Restore = "restore", restore(manifest);
    }
    "Prove" {
        /// Prove by login that no service reaches another's database.
        VerifyIsolation = "verify-isolation", verify(manifest);
        /// Explain a finding of verify-isolation or a rule of lint.
        Explain = "explain", explain(alone);
        /// Log in as every role of every service.
        TestConnections = "test-connections", test_connections(manifest);
    }
    "Look" {
        /// Show where each service stands.
        Status = "status", status(manifest);
        /// Show the version of each service.
        Current = "current", current(manifest);
        /// Show every migration run: who, when, how long, how it ended.
        History = "history", history(manifest);
        /// Print the manifest as resolved, with each value's origin.
        Config = "config", config(parts);
        /// Print what the embedded servers wrote to their logs.
        Logs = "logs", logs(manifest);
    }
    "Deploy" {
        /// Serve metrics: servers, isolation, migrations, drift.
        Monitor = "monitor", monitor(manifest);
        /// Publish events of outboxes: NATS, RabbitMQ, web hooks.
        Relay = "relay", relay(manifest);
        /// Write deployment files: Compose, Kubernetes, operators.
        Render = "render", render(parts);
    }
    "Connect" {
        /// Open psql as a service's login.
        Psql = "psql", psql(manifest);
        /// Run a program with a service's login in its environment.
        Exec = "exec", exec(manifest);
        /// Print a connection string, password included.
        Url = "url", url(manifest);
    }
    "More" {
        /// Print the JSON Schema of the manifest, or of a result.
        Schema = "schema", schema(alone);
        /// Print a shell's completions.
        Completions = "completions", completions(alone);
        /// Print a man page, or write those of all commands.
        Man = "man", man(interface);
    }
}
