//! The forms, by the names of the command line.

use clap::ValueEnum;

/// What `--format` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// libpq's URI: psql, Go, Node, Ruby, Rust.
    Uri,
    /// SQLAlchemy with asyncpg.
    Asyncpg,
    /// SQLAlchemy with psycopg.
    Psycopg,
    /// Java.
    Jdbc,
    /// .NET.
    Npgsql,
    /// PGHOST and so on, for a shell.
    Env,
    /// A line of ~/.pgpass for each host.
    Pgpass,
}

impl Form {
    /// As the command line calls it.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
