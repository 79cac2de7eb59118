//! Output forms, by their names on the command line.

/// Value of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Form {
    /// libpq's URI: psql, Go, Node, Ruby, Rust.
    Uri,
    /// SQLAlchemy with asyncpg, also called sqlalchemy-asyncpg; asyncpg itself reads `uri`.
    #[cfg_attr(feature = "clap", value(alias = "sqlalchemy-asyncpg"))]
    Asyncpg,
    /// SQLAlchemy with psycopg, also called sqlalchemy-psycopg; psycopg itself reads `uri`.
    #[cfg_attr(feature = "clap", value(alias = "sqlalchemy-psycopg"))]
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
    pub const fn name(self) -> &'static str {
        match self {
            Form::Uri => "uri",
            Form::Asyncpg => "asyncpg",
            Form::Psycopg => "psycopg",
            Form::Jdbc => "jdbc",
            Form::Npgsql => "npgsql",
            Form::Env => "env",
            Form::Shell => "shell",
            Form::Dotenv => "dotenv",
            Form::Pgpass => "pgpass",
        }
    }
}
