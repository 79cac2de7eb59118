//! The tools, a row each.

use super::name::{self, Named};
use super::split::{self, Misfit, Parts};

/// The order in which a tool runs its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sorted {
    ByVersion,
    /// By the whole name.
    ByKey,
}

pub struct Tool {
    /// What `--from` calls it.
    pub name: &'static str,
    /// How it reads a path below the folder.
    pub(super) named: fn(&str) -> Named,
    /// How many folders deep it looks.
    pub(super) depth: usize,
    pub(super) split: fn(&str) -> Result<Parts, Misfit>,
    /// Whether a statement that cannot run in a transaction makes the file run without one.
    pub(super) detects: bool,
    pub(super) sorted: Sorted,
    /// The line of a settings file by which a migration runs outside a transaction, without blanks.
    pub(super) alone: Option<&'static str>,
    /// The line of a settings file by which `${x}` is plain text.
    pub(super) verbatim: Option<&'static str>,
    /// What [`OtherTool`](crate::migrate::check::OtherTool) calls the owner of its history table.
    pub history: Option<&'static str>,
}

const PLAIN: Tool = Tool {
    name: "",
    named: name::single,
    depth: 1,
    split: split::plain,
    detects: false,
    sorted: Sorted::ByVersion,
    alone: None,
    verbatim: None,
    history: None,
};

/// Prisma, golang-migrate and Flyway have no marker: the first two send a file as one query, which is a transaction
/// only where it has several statements, and Flyway looks for statements that cannot run in one.
pub const TOOLS: &[Tool] = &[
    Tool {
        name: "diesel",
        named: name::diesel,
        depth: 2,
        alone: Some("run_in_transaction=false"),
        history: Some("Diesel"),
        ..PLAIN
    },
    Tool { name: "sqlx", named: name::paired, split: split::sqlx, history: Some("sqlx"), ..PLAIN },
    Tool { name: "goose", split: split::goose, history: Some("goose"), ..PLAIN },
    Tool {
        name: "dbmate",
        split: split::dbmate,
        sorted: Sorted::ByKey,
        history: Some("dbmate or Rails"),
        ..PLAIN
    },
    Tool {
        name: "golang-migrate",
        named: name::updown,
        detects: true,
        history: Some("golang-migrate"),
        ..PLAIN
    },
    Tool { name: "updown", named: name::updown, detects: true, ..PLAIN },
    Tool {
        name: "flyway",
        named: name::flyway,
        depth: usize::MAX,
        split: split::flyway,
        detects: true,
        alone: Some("executeInTransaction=false"),
        verbatim: Some("placeholderReplacement=false"),
        history: Some("Flyway"),
        ..PLAIN
    },
    Tool {
        name: "prisma",
        named: name::prisma,
        depth: 2,
        detects: true,
        sorted: Sorted::ByKey,
        history: Some("Prisma"),
        ..PLAIN
    },
    Tool { name: "alembic", history: Some("Alembic"), ..PLAIN },
    Tool {
        name: "node-pg-migrate",
        named: name::node_pg_migrate,
        split: split::node_pg_migrate,
        history: Some("node-pg-migrate"),
        ..PLAIN
    },
    Tool { name: "rails", named: name::rails, history: Some("Rails"), ..PLAIN },
];

impl Tool {
    pub fn find(name: &str) -> Option<&'static Tool> {
        TOOLS.iter().find(|tool| tool.name == name)
    }

    /// Whether its migrations are programs, and `baseline --from-database` is the way for most of them.
    pub fn is_code(&self) -> bool {
        self.name == "rails"
    }

    /// Whether it prints its migrations as SQL itself.
    pub fn prints(&self) -> bool {
        self.name == "alembic"
    }
}
