//! The forms, by the names of the command line.

use clap::ValueEnum;

/// What `--format` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// libpq's URI: psql, Go, Node, Ruby, Rust.
    Uri,
    /// SQLAlchemy with asyncpg, also called sqlalchemy-asyncpg; asyncpg itself reads `uri`.
    #[value(alias = "sqlalchemy-asyncpg")]
    Asyncpg,
    /// SQLAlchemy with psycopg, also called sqlalchemy-psycopg; psycopg itself reads `uri`.
    #[value(alias = "sqlalchemy-psycopg")]
    Psycopg,
    /// Java.
    Jdbc,
    /// .NET.
    Npgsql,
    /// PGHOST='…' and so on, as quoted assignments.
    Env,
    /// The same with `export`, for `eval "$(martydb url …)"`.
    Shell,
    /// The same without quotes, for Docker's --env-file.
    Dotenv,
    /// A line of ~/.pgpass for each host.
    Pgpass,
}

impl Form {
    /// As the command line calls it.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
