//! The command line, as types. No I/O and no decisions: the doc comments are the help.

use clap::{Parser, Subcommand};

use crate::commands;
use crate::flags::Global;

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
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first manifest and folders.
    Init(commands::init::Arguments),
    /// Check the manifest and the migration files; needs no server.
    Validate(commands::validate::Arguments),
    /// Print the manifest's JSON Schema, or that of a command's result.
    Schema(commands::schema::Arguments),
    /// Look at the servers and the admin's login before anything is touched.
    Doctor(commands::doctor::Arguments),
    /// Show what apply would change, and why.
    Plan(commands::plan::Arguments),
    /// Make databases, roles, grants and settings as the manifest says.
    Apply(commands::apply::Arguments),
    /// Apply, upgrade and verify-isolation for all services in one run.
    InitAll(commands::init_all::Arguments),
    /// Apply pending migrations.
    Upgrade(commands::upgrade::Arguments),
    /// Undo migrations, newest applied first.
    Downgrade(commands::downgrade::Arguments),
    /// Record versions as applied without running them, for a database that exists already.
    Baseline(commands::baseline::Arguments),
    /// Accept edited files and clear failed records, after showing which.
    Repair(commands::repair::Arguments),
    /// Show the version of each service.
    Current(commands::current::Arguments),
    /// Show every event: who, when, how long, how it ended.
    History(commands::history::Arguments),
    /// Show where each service stands.
    Status(commands::status::Arguments),
    /// Write the next migration and its down file.
    Revision(commands::revision::Arguments),
    /// Find dangerous DDL in migrations that are not applied yet.
    Lint(commands::lint::Arguments),
    /// Prove on a scratch database that down files undo what up files do.
    VerifyDown(commands::verify_down::Arguments),
    /// Prove by logging in that no service reaches another's database.
    VerifyIsolation(commands::verify::Arguments),
    /// Log in as every role of every service.
    TestConnections(commands::test_connections::Arguments),
    /// Print a connection string, password included.
    Url(commands::url::Arguments),
    /// Remove a service's database and roles.
    Drop(commands::drop::Arguments),
    /// Give logins new passwords.
    Rotate(commands::rotate::Arguments),
    /// Start, stop, show or delete the embedded servers.
    Dev(commands::dev::Arguments),
    /// Print a shell's completions.
    Completions(commands::completions::Arguments),
    /// Print the man page.
    Man,
}

impl Command {
    /// The name in the JSON document.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Init(_) => "init",
            Command::Validate(_) => "validate",
            Command::Schema(_) => "schema",
            Command::Doctor(_) => "doctor",
            Command::Plan(_) => "plan",
            Command::Apply(_) => "apply",
            Command::InitAll(_) => "init-all",
            Command::Upgrade(_) => "upgrade",
            Command::Downgrade(_) => "downgrade",
            Command::Baseline(_) => "baseline",
            Command::Repair(_) => "repair",
            Command::Current(_) => "current",
            Command::History(_) => "history",
            Command::Status(_) => "status",
            Command::Revision(_) => "revision",
            Command::Lint(_) => "lint",
            Command::VerifyDown(_) => "verify-down",
            Command::VerifyIsolation(_) => "verify-isolation",
            Command::TestConnections(_) => "test-connections",
            Command::Url(_) => "url",
            Command::Drop(_) => "drop",
            Command::Rotate(_) => "rotate",
            Command::Dev(_) => "dev",
            Command::Completions(_) => "completions",
            Command::Man => "man",
        }
    }
}
