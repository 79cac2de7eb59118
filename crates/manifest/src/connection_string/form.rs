//! Output forms, by their names on the command line.

use clap::ValueEnum;

/// Value of `--format`.
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
    /// Assignments with `export`, for `eval "$(martydb url …)"`.
    Shell,
    /// Assignments without quotes, for Docker's --env-file.
    Dotenv,
    /// A line of ~/.pgpass for each host.
    Pgpass,
}

impl Form {
    /// Returns the name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
