//! The command line: one row per command, whose doc comment is its help.

use std::sync::Arc;

use clap::{Parser, Subcommand};
use serde::Serialize;

use crate::commands::{self, support::tables};
use martydb_model::environment::Environment;
use martydb_model::error::{Error, ExitStatus, Kind, Result};
use martydb_pg::server::targets::{self as server_targets, TargetServer};
use martydb_ui::annotation::{CheckFormat, Checkout};
use martydb_ui::flags::{Format, Global};
use martydb_ui::prompt;
use martydb_ui::report::{FlatTable, Out, Report};

/// Commit and target of the build, from `build.rs`.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("MARTYDB_BUILD"), ")");

/// One database per service on PostgreSQL: provision, migrate, verify isolation, show the status of every service.
#[derive(Debug, Parser)]
#[command(name = "martydb", version, long_version = VERSION, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// All commands, by group; `in` names its folder. Each row: help, variant, name, and module with the input of its `run`
/// ([`run_with`]).
macro_rules! commands {
    ($($group:literal in $folder:ident {
        $($(#[$help:meta])* $command:ident = $name:literal, $module:ident($needs:ident);)*
    })*) => {
        #[derive(Debug, Subcommand)]
        pub enum Command {
            $($($(#[$help])* #[command(name = $name)] $command(commands::$folder::$module::Arguments),)*)*
        }

        /// Groups of the help, each with the names of its commands.
        pub const GROUPS: &[(&str, &[&str])] = &[$(($group, &[$($name),*])),*];

        impl Command {
            /// Returns the name on the command line and in the JSON document.
            pub fn name(&self) -> &'static str {
                match self {
                    $($(Command::$command(_) => $name,)*)*
                }
            }

            /// Runs the command and prints its result. `interface` is the command line with its help.
            pub async fn run(
                &self,
                global: &Global,
                environment: Environment,
                out: Arc<Out>,
                interface: fn() -> clap::Command,
            ) -> ExitStatus {
                let table = match tables::find(self.table(), out.format()) {
                    Ok(table) => table,
                    Err(error) => return out.error(self.name(), &error),
                };
                let names_servers = self.changes_servers() || self.name() == "doctor";
                if names_servers {
                    let printer = out.clone();
                    server_targets::listen(move |target| printer.note(&target.line()));
                }
                match self {
                    $($(Command::$command(arguments) => {
                        let end = async {
                            run_with!($needs, $folder $module, arguments, (global, environment, out, interface, $name, names_servers))
                        };
                        print(&out, self, table, end.await)
                    })*)*
                }
            }
        }
    };
}

/// Input of a command. `manifest`: the manifest, which the user is offered to write if it is missing. `checked`: the
/// same for a check, whose errors are annotations too. `parts`: what reading a manifest takes. `interface`: the command
/// line. `alone`: only the command's own arguments.
macro_rules! run_with {
    (checked, $folder:ident $module:ident, $arguments:ident, ($global:ident, $environment:ident, $out:ident, $interface:ident, $name:literal, $names:ident)) => {{
        let checkout = Checkout::from_environment(&$environment);
        let end = async {
            let app = commands::start::init::opened($global, $environment, $out.clone())
                .await?
                .of_command($name, $names);
            commands::$folder::$module::run(&app, $arguments).await
        };
        end.await.inspect_err(|error| {
            if $arguments.format == Some(CheckFormat::Github) {
                $out.text(&checkout.of_error(error), ExitStatus::Usage);
            }
        })
    }};
    (manifest, $folder:ident $module:ident, $arguments:ident, ($global:ident, $environment:ident, $out:ident, $interface:ident, $name:literal, $names:ident)) => {
        commands::$folder::$module::run(
            &commands::start::init::opened($global, $environment, $out.clone())
                .await?
                .of_command($name, $names),
            $arguments,
        )
        .await
    };
    (parts, $folder:ident $module:ident, $arguments:ident, ($global:ident, $environment:ident, $out:ident, $interface:ident, $name:literal, $names:ident)) => {
        commands::$folder::$module::run($global, $environment, $out.clone(), $arguments).await
    };
    (interface, $folder:ident $module:ident, $arguments:ident, ($global:ident, $environment:ident, $out:ident, $interface:ident, $name:literal, $names:ident)) => {
        commands::$folder::$module::run($interface(), $arguments)
    };
    (alone, $folder:ident $module:ident, $arguments:ident, $rest:tt) => {
        commands::$folder::$module::run($arguments)
    };
}

/// Prints the result of a command: its report in the requested format, or its error.
fn print(
    out: &Out,
    command: &Command,
    table: Option<&FlatTable>,
    end: Result<impl Report + Serialize>,
) -> ExitStatus {
    let (name, changes_servers) = (command.name(), command.changes_servers());
    let report = match end {
        Ok(report) => report,
        Err(error) if changes_servers => return out.error(name, &untouched(error)),
        Err(error) => return out.error(name, &error),
    };
    let text = || report.text(&out.result_style());
    let status = match (report.format().unwrap_or(out.format()), table) {
        (format @ (Format::Json | Format::Yaml), _) if CHANGERS.contains(&name) => {
            let named = WithServers { report: &report, servers: server_targets::all() };
            return out.document(format, name, &named, report.status());
        }
        (format @ (Format::Json | Format::Yaml), _) => {
            return out.document(format, name, &report, report.status());
        }
        (Format::Csv, Some(table)) => out.data(&table.csv(&document(&report)), report.status()),
        (Format::Name, Some(table)) => out.data(&table.names(&document(&report)), report.status()),
        _ if report.verbatim() => out.data(&text(), report.status()),
        // The questions stay on the screen, above the answer.
        _ if prompt::has_prompted() => out.text(&text(), report.status()),
        _ => out.result(&text(), report.status()),
    };
    out.failures(&report.messages(&out.message_style()));
    status
}

/// Result of a command that changes servers, with those on which it worked.
#[derive(Serialize)]
struct WithServers<'a, T> {
    #[serde(flatten)]
    report: &'a T,
    servers: Vec<TargetServer>,
}

fn document(report: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(report).expect("plain data")
}

/// Converts the error of a command that changes servers: one that is too old was named by mistake.
fn untouched(error: Error) -> Error {
    let kind = if error.kind == Kind::TooOld { Kind::Manifest } else { error.kind };
    Error { kind, ..error }
}

/// Commands that change nothing on a server.
const READERS: &[&str] = &[
    "completions", "config", "current", "diff", "doctor", "evidence", "explain", "history", "lint", "logs",
    "man", "plan", "report", "schema", "status", "test-connections", "url", "validate",
];

/// Commands that change servers, at least without options such as `--dry-run`. Their documents contain the servers.
const CHANGERS: &[&str] = &[
    "adopt", "apply", "backup", "baseline", "downgrade", "drop", "init-all", "partitions", "redo", "relay",
    "repair", "restore", "rotate", "split", "test-db", "upgrade",
];

impl Command {
    /// Returns `true` if this run may change servers.
    fn changes_servers(&self) -> bool {
        match self {
            Command::Adopt(arguments) => !arguments.dry_run && !arguments.redis,
            Command::Backup(arguments) => arguments.changes_servers(),
            Command::Dev(arguments) => arguments.changes_databases(),
            Command::Downgrade(arguments) => !arguments.dry_run,
            Command::Partitions(arguments) => !arguments.dry_run,
            Command::Redo(arguments) => !arguments.dry_run,
            Command::Relay(arguments) => arguments.changes_servers(),
            Command::Restore(arguments) => !arguments.dry_run,
            Command::Split(arguments) => arguments.changes_servers(),
            Command::TestDb(arguments) => !arguments.list,
            Command::Upgrade(arguments) => !arguments.dry_run,
            Command::VerifyIsolation(_) => !self.reads(),
            other => CHANGERS.contains(&other.name()),
        }
    }

    /// Returns the name of the table that this run prints for `-o csv`.
    fn table(&self) -> &'static str {
        match self {
            Command::History(arguments) if arguments.record => "history --record",
            other => other.name(),
        }
    }

    /// Returns `true` if this run changes nothing on a server.
    pub fn reads(&self) -> bool {
        match self {
            Command::VerifyIsolation(arguments) => !arguments.fix && !arguments.terminate,
            other => READERS.contains(&other.name()),
        }
    }
}

commands! {
    "Start" in start {
        /// Write a first manifest and folders.
        Init = "init", init(parts);
        /// Check the manifest and the migration files; needs no server.
        Validate = "validate", validate(checked);
        /// Check servers and the admin's privileges; changes nothing.
        Doctor = "doctor", doctor(manifest);
        /// Apply, upgrade and verify-isolation for all services.
        InitAll = "init-all", init_all(manifest);
        /// Start, stop, show or delete embedded servers.
        Dev = "dev", dev(manifest);
    }
    "Change servers" in change {
        /// Show what apply would change, and why.
        Plan = "plan", plan(manifest);
        /// Create or update databases, roles, grants and settings.
        Apply = "apply", apply(manifest);
        /// Remove a service's database and roles.
        Drop = "drop", drop(manifest);
        /// Set new passwords for logins.
        Rotate = "rotate", rotate(manifest);
        /// Export, import or move the logins' passwords.
        Secrets = "secrets", secrets(manifest);
        /// Add an existing database and its users to the manifest.
        Adopt = "adopt", adopt(parts);
        /// Split a shared database into one database per service.
        Split = "split", split(manifest);
    }
    "Migrate" in migrate {
        /// Write the next migration and its down file.
        Revision = "revision", revision(manifest);
        /// Apply pending migrations.
        Upgrade = "upgrade", upgrade(manifest);
        /// Revert migrations, newest first.
        Downgrade = "downgrade", downgrade(manifest);
        /// Revert the last migration and apply it again.
        Redo = "redo", redo(manifest);
        /// Find dangerous DDL in pending migrations.
        Lint = "lint", lint(checked);
        /// Verify in a scratch database that down files revert up files.
        VerifyDown = "verify-down", verify_down(manifest);
        /// Record versions as applied without running them.
        Baseline = "baseline", baseline(manifest);
        /// Accept edited files and clear failed records.
        Repair = "repair", repair(manifest);
        /// Convert another tool's migrations.
        Import = "import", import(manifest);
        /// Write one checkpoint file from which new databases start.
        Squash = "squash", squash(manifest);
        /// Compare schemas of two environments, or files and database.
        Diff = "diff", diff(manifest);
        /// Create a migrated test database from a template.
        TestDb = "test-db", test_db(manifest);
    }
    "Backup" in backups {
        /// Back up services; list, verify and prune backups.
        Backup = "backup", backup(manifest);
        /// Replace a service's database with a backup.
        Restore = "restore", restore(manifest);
    }
    "Verify" in verify {
        /// Verify by login that no service reaches another's database.
        VerifyIsolation = "verify-isolation", verify_isolation(manifest);
        /// Check signed evidence of a verification, offline.
        Evidence = "evidence", evidence(manifest);
        /// Explain a finding, a lint rule or an alert.
        Explain = "explain", explain(alone);
        /// Log in as every role of every service.
        TestConnections = "test-connections", test_connections(manifest);
    }
    "Inspect" in inspect {
        /// Show the status of each service.
        Status = "status", status(manifest);
        /// Show the version of each service.
        Current = "current", current(manifest);
        /// Show every migration run, with its time, role and outcome.
        History = "history", history(manifest);
        /// Write one HTML page: services, matrix, findings, history.
        Report = "report", report(manifest);
        /// Print the resolved manifest with the origin of each value.
        Config = "config", config(parts);
        /// Print the logs of embedded servers.
        Logs = "logs", logs(manifest);
    }
    "Deploy" in deploy {
        /// Serve metrics: servers, isolation, migrations, drift.
        Monitor = "monitor", monitor(manifest);
        /// Make partitions ahead, and remove them after their retention.
        Partitions = "partitions", partitions(manifest);
        /// Publish outbox events to NATS, RabbitMQ, Kafka or webhooks.
        Relay = "relay", relay(manifest);
        /// Serve rows over HTTP, each request with a limited login.
        Serve = "serve", serve(manifest);
        /// Write deployment files: Compose, Kubernetes, operators.
        Render = "render", render(parts);
    }
    "Connect" in connect {
        /// Open psql as a service's login.
        Psql = "psql", psql(manifest);
        /// Run a program with a service's login in its environment.
        Exec = "exec", exec(manifest);
        /// Print a connection string with its password.
        Url = "url", url(manifest);
    }
    "More" in more {
        /// Print the JSON Schema of the manifest or of a result.
        Schema = "schema", schema(alone);
        /// Print a shell completion script.
        Completions = "completions", completions(alone);
        /// Print a man page, or write those of all commands.
        Man = "man", man(interface);
    }
}
