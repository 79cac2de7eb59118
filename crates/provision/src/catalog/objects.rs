//! What the audit reads of one database, item by item.

use serde::Deserialize;

use martydb_model::AclEntry;
use martydb_model::acl::null_as_default;
use martydb_model::grants::Securable;

#[derive(Debug, Clone, Deserialize)]
pub struct CatalogObject {
    pub kind: String,
    pub schema: Option<String>,
    /// Of a column, the name of its table.
    pub name: String,
    pub column: Option<String>,
    pub shown: String,
    /// As `GRANT … ON` spells it, quoted by the server.
    pub grant_on: String,
    /// As `ALTER` spells it, quoted by the server.
    pub alter: Option<String>,
    pub owner: String,
    /// Made by initdb.
    pub system: bool,
    /// Made by the script of this extension.
    pub extension: Option<String>,
    /// The extension that it was added to by `ALTER EXTENSION … ADD`, which changes nothing about what it is.
    #[serde(default)]
    pub joined: Option<String>,
    /// Changed after that script made it, and not by its privileges. Asked only where it runs with its owner's rights.
    #[serde(default)]
    pub altered: bool,
    /// Certainly added to that extension by `ALTER EXTENSION … ADD`, and not made by its script. Asked only where it
    /// belongs to a role without superuser rights.
    pub added: bool,
    /// Its owner follows another object's.
    pub dependent: bool,
    /// Of a sequence, the table whose owner it follows, as `shown` has it.
    #[serde(default)]
    pub table: Option<String>,
    pub language: Option<String>,
    pub trusted: Option<bool>,
    /// Runs with its owner's rights.
    pub definer: bool,
    /// Settings of a function.
    pub config: Option<Vec<String>>,
    /// Options of a relation.
    pub options: Option<Vec<String>>,
    pub returns: Option<String>,
    /// Has the name and the arguments of a function of the server.
    pub shadows: bool,
    /// Runs with its owner's rights, and the server calls it: as a trigger, or for an operator class.
    pub called: bool,
    /// A function whose names were looked up when it was made (`BEGIN ATOMIC`, from 14 on).
    pub atomic: bool,
    /// A function that the planner calls before row security has decided.
    pub leakproof: bool,
    pub rules: bool,
    /// Without the owner's own privileges.
    #[serde(deserialize_with = "null_as_default")]
    pub acl: Vec<AclEntry>,
}

impl CatalogObject {
    pub fn securable(&self) -> Securable<'_> {
        Securable::inside(&self.grant_on, &self.owner)
    }

    pub fn object(&self) -> String {
        format!("{} {}", self.kind, self.shown)
    }

    /// A function of the server that runs with its owner's rights, which initdb does not make, or one of an extension
    /// that its script made in another way.
    pub fn is_definer_builtin(&self) -> bool {
        !self.is_users() && self.definer && (self.extension.is_none() || self.altered)
    }

    /// Whether only the server can call it.
    pub fn is_trigger_function(&self) -> bool {
        matches!(self.returns.as_deref(), Some("trigger" | "event_trigger"))
    }

    /// Neither the server's nor an extension's.
    pub fn is_users(&self) -> bool {
        !self.system && self.extension.is_none()
    }

    /// A function that does nothing that its caller could not do.
    pub fn is_harmless(&self) -> bool {
        let plain = self.is_routine() && !self.definer && self.trusted == Some(true) && !self.is_unconfined();
        // Only the server can call these.
        plain || self.returns.as_deref() == Some("event_trigger")
    }

    /// Written in a language whose code can do all that the server's account can.
    pub fn is_unconfined(&self) -> bool {
        self.trusted == Some(false) || matches!(self.language.as_deref(), Some("c" | "internal"))
    }

    /// An aggregate, which has no code of its own.
    pub fn is_aggregate(&self) -> bool {
        self.alter.as_deref().is_some_and(|words| words.starts_with("AGGREGATE "))
    }

    pub fn is_routine(&self) -> bool {
        self.language.is_some()
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Language {
    pub name: String,
    /// Whether every role may write functions in it.
    pub trusted: bool,
    /// The C function behind it; `None` for those of the server itself.
    pub handler: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Extension {
    pub name: String,
    pub owner: String,
    /// Whether it needs no superuser; `None` where the server no longer has its files.
    pub trusted: Option<bool>,
    /// Who may call its functions or read its relations.
    #[serde(deserialize_with = "null_as_default")]
    pub open: Vec<ExtensionAccess>,
}

/// That a role holds EXECUTE or SELECT on a member of an extension in a schema.
#[derive(Debug, Clone, Deserialize)]
pub struct ExtensionAccess {
    pub schema: String,
    /// `None` is PUBLIC.
    pub grantee: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct EventTrigger {
    pub name: String,
    pub quoted: String,
    pub event: String,
    pub enabled: bool,
    pub owner: String,
    pub function: String,
    /// Who can change what it calls.
    pub function_owner: String,
    pub extension: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Trigger {
    pub name: String,
    pub quoted: String,
    /// The table, quoted by the server.
    pub table: String,
    pub table_owner: String,
    pub function: String,
    /// Who can change what it calls.
    pub function_owner: String,
    /// Whether the function lives in one session only (`pg_temp`).
    pub temporary: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct ForeignServer {
    pub name: String,
    pub quoted: String,
    pub dbname: Option<String>,
    pub wrapper: String,
    pub owner: String,
    #[serde(deserialize_with = "null_as_default")]
    pub mappings: Vec<Mapping>,
    #[serde(deserialize_with = "null_as_default")]
    pub tables: Vec<String>,
}

/// What pg_cron runs.
#[derive(Debug, Clone, Deserialize)]
pub struct Job {
    pub number: i64,
    /// Where it runs.
    pub database: String,
    /// As whom it runs.
    pub role: String,
    /// Its beginning.
    pub command: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Mapping {
    /// `None` is PUBLIC.
    pub role: Option<String>,
    /// Whether it needs no password; `None` where the admin may not know.
    pub passwordless: Option<bool>,
}

/// Something of a kind that needs no closer look, or that we do not know.
#[derive(Debug, Clone, Deserialize)]
pub struct Other {
    /// What it is, as the server calls it.
    pub kind: String,
    pub shown: String,
    /// Its owner, or a role that holds a privilege on it.
    pub role: String,
    pub owned: bool,
    /// Whether it is a row policy that names the role.
    pub named: bool,
}
