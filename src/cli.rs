//! The command line, as types. No I/O and no decisions: the doc comments are the help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands;

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

/// Flags of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The manifest [default: martydb.yaml or services/manifest.yaml, here or above].
    #[arg(short = 'f', long, global = true, env = "MARTYDB_MANIFEST", value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// The environment: picks the overlay <manifest>.<env>.yaml.
    #[arg(short, long, global = true, env = "MARTYDB_ENV", default_value = "development")]
    pub env: String,
    /// How results are printed.
    #[arg(
        short,
        long,
        global = true,
        env = "MARTYDB_OUTPUT",
        value_enum,
        default_value = "table",
        value_name = "FORMAT"
    )]
    pub output: Format,
    /// How many services to work on at the same time.
    #[arg(short, long, global = true, env = "MARTYDB_JOBS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// When to use colour [default: auto; NO_COLOR counts].
    #[arg(long, global = true, env = "MARTYDB_COLOR", value_enum, value_name = "WHEN")]
    pub color: Option<When>,
    /// Say only what was asked for.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more; -vv shows every statement, secrets redacted.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Answer yes to questions.
    #[arg(short, long, global = true)]
    pub yes: bool,
    /// Ask nothing; where a question would be needed, stop.
    #[arg(long, global = true)]
    pub no_input: bool,
    /// How long to wait for another run's lock.
    #[arg(long, global = true, env = "MARTYDB_LOCK_WAIT", default_value = "60s", value_parser = duration, value_name = "TIME")]
    pub lock_wait: std::time::Duration,
}

fn duration(text: &str) -> Result<std::time::Duration, String> {
    crate::units::duration(text).ok_or_else(|| "expected a time such as 60s or 2m".into())
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// One JSON document.
    Json,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Which services.
#[derive(Debug, Clone, Default, Args)]
pub struct Select {
    /// A service; may be repeated.
    #[arg(short, long, value_name = "NAME")]
    pub service: Vec<String>,
    /// All services of the manifest.
    #[arg(long, conflicts_with = "service")]
    pub all: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the manifest and the migration files; needs no server.
    Validate(commands::validate::Arguments),
    /// Print the manifest's JSON Schema.
    Schema,
    /// Show what apply would change, and why.
    Plan(commands::plan::Arguments),
    /// Make databases, roles, grants and settings as the manifest says.
    Apply(commands::apply::Arguments),
    /// Apply, upgrade and verify-isolation for all services in one run.
    InitAll,
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
            Command::Validate(_) => "validate",
            Command::Schema => "schema",
            Command::Plan(_) => "plan",
            Command::Apply(_) => "apply",
            Command::InitAll => "init-all",
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
            Command::Dev(_) => "dev",
            Command::Completions(_) => "completions",
            Command::Man => "man",
        }
    }
}
