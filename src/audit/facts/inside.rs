//! What the audit reads in one database.

use serde::Deserialize;

use super::{Right, or_empty};

/// What is inside one database.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Inside {
    /// Whether nobody planted a role or a search path into the session that looked.
    pub alone: bool,
    /// Objects that somebody holds rights on, and all that are neither the server's nor an extension's.
    #[serde(deserialize_with = "or_empty")]
    pub things: Vec<Thing>,
    /// Bodies of functions, and comments.
    #[serde(deserialize_with = "or_empty")]
    pub texts: Vec<Readable>,
    /// Default privileges.
    #[serde(deserialize_with = "or_empty")]
    pub defaults: Vec<DefaultRow>,
    /// Languages.
    #[serde(deserialize_with = "or_empty")]
    pub languages: Vec<Language>,
    /// Extensions, `plpgsql` aside.
    #[serde(deserialize_with = "or_empty")]
    pub extensions: Vec<Extension>,
    /// Event triggers.
    #[serde(deserialize_with = "or_empty")]
    pub event_triggers: Vec<EventTrigger>,
    /// Triggers whose function belongs to another role than the table.
    #[serde(deserialize_with = "or_empty")]
    pub triggers: Vec<Trigger>,
    /// Foreign servers.
    #[serde(deserialize_with = "or_empty")]
    pub servers: Vec<ForeignServer>,
    /// Everything else that has an owner, or rights of a kind that nothing above knows.
    #[serde(deserialize_with = "or_empty")]
    pub others: Vec<Other>,
}

/// An object.
#[derive(Debug, Clone, Deserialize)]
pub struct Thing {
    /// What it is, in words.
    pub kind: String,
    /// Its schema, where it has one.
    pub schema: Option<String>,
    /// Its name; a column's table.
    pub name: String,
    /// The column.
    pub column: Option<String>,
    /// For people.
    pub shown: String,
    /// As `GRANT … ON` spells it, quoted by the server.
    pub grant_on: String,
    /// As `ALTER` spells it, quoted by the server.
    pub alter: Option<String>,
    /// Its owner.
    pub owner: String,
    /// Made by initdb.
    pub system: bool,
    /// Made by this extension.
    pub extension: Option<String>,
    /// Certainly added to that extension by `ALTER EXTENSION … ADD`, and not made by its script. Asked only where it
    /// belongs to a role without superuser rights.
    pub added: bool,
    /// Its owner follows another object's.
    pub dependent: bool,
    /// A function's language.
    pub language: Option<String>,
    /// Whether that language is a trusted one.
    pub trusted: Option<bool>,
    /// Runs with its owner's rights.
    pub definer: bool,
    /// A function's settings.
    pub config: Option<Vec<String>>,
    /// A relation's options.
    pub options: Option<Vec<String>>,
    /// What a function returns.
    pub returns: Option<String>,
    /// Has the name and the arguments of a function of the server.
    pub shadows: bool,
    /// Runs with its owner's rights, and the server calls it: as a trigger, or for an operator class.
    pub called: bool,
    /// A function whose names were looked up when it was made (`BEGIN ATOMIC`, from 14 on).
    pub atomic: bool,
    /// A table that has rules.
    pub rules: bool,
    /// Rights on it, the owner's aside.
    #[serde(deserialize_with = "or_empty")]
    pub acl: Vec<Right>,
}

/// A text that everybody in the database can read.
#[derive(Clone, Deserialize)]
pub struct Readable {
    /// Where it stands, for people.
    pub object: String,
    /// The text; it may hold a secret.
    pub text: String,
}

impl std::fmt::Debug for Readable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Readable({})", self.object)
    }
}

impl Thing {
    /// Kind and name.
    pub fn object(&self) -> String {
        format!("{} {}", self.kind, self.shown)
    }

    /// A function of the server or of an extension that runs with its owner's rights: initdb makes none, and
    /// extensions hardly any.
    pub fn is_armed(&self) -> bool {
        !self.is_users() && self.definer
    }

    /// Neither the server's nor an extension's.
    pub fn is_users(&self) -> bool {
        !self.system && self.extension.is_none()
    }

    /// A function that gives nobody more than the caller has already.
    pub fn is_harmless(&self) -> bool {
        let code = ["c", "internal"].contains(&self.language.as_deref().unwrap_or_default());
        let plain = self.is_routine() && !self.definer && self.trusted == Some(true) && !code;
        // The server calls these, and nobody else can.
        plain || self.returns.as_deref() == Some("event_trigger")
    }

    /// An aggregate, which has no code of its own.
    pub fn is_aggregate(&self) -> bool {
        self.alter.as_deref().is_some_and(|words| words.starts_with("AGGREGATE "))
    }

    /// A function, or something called like one.
    pub fn is_routine(&self) -> bool {
        self.language.is_some()
    }
}

/// Default privileges for what a role will make.
#[derive(Debug, Clone, Deserialize)]
pub struct DefaultRow {
    /// Whose future objects.
    pub role: String,
    /// In one schema, or in the whole database.
    pub schema: Option<String>,
    /// `pg_default_acl.defaclobjtype`.
    pub object: char,
    /// The rights, the role's own aside.
    #[serde(deserialize_with = "or_empty")]
    pub acl: Vec<Right>,
}

/// A language.
#[derive(Debug, Clone, Deserialize)]
pub struct Language {
    /// Its name.
    pub name: String,
    /// Whether everybody may write functions in it.
    pub trusted: bool,
}

/// An extension.
#[derive(Debug, Clone, Deserialize)]
pub struct Extension {
    /// Its name.
    pub name: String,
    /// Its owner.
    pub owner: String,
    /// Whether it needs no superuser; `None` where the server no longer has its files.
    pub trusted: Option<bool>,
}

/// An event trigger.
#[derive(Debug, Clone, Deserialize)]
pub struct EventTrigger {
    /// Its name.
    pub name: String,
    /// The same, quoted by the server.
    pub quoted: String,
    /// When it fires.
    pub event: String,
    /// Whether it does.
    pub enabled: bool,
    /// Its owner.
    pub owner: String,
    /// What it calls.
    pub function: String,
    /// Who can change what it calls.
    pub function_owner: String,
    /// Made by this extension.
    pub extension: Option<String>,
}

/// A trigger.
#[derive(Debug, Clone, Deserialize)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// The same, quoted by the server.
    pub quoted: String,
    /// The table, quoted by the server.
    pub table: String,
    /// The table's owner.
    pub table_owner: String,
    /// What it calls.
    pub function: String,
    /// Who can change what it calls.
    pub function_owner: String,
    /// Whether that lives in somebody's session only.
    pub temporary: bool,
}

/// A foreign server.
#[derive(Debug, Clone, Deserialize)]
pub struct ForeignServer {
    /// Its name.
    pub name: String,
    /// The same, quoted by the server.
    pub quoted: String,
    /// The database that it leads to, if it says so.
    pub dbname: Option<String>,
    /// Its wrapper.
    pub wrapper: String,
    /// Its owner.
    pub owner: String,
    /// Who is known over there as whom.
    #[serde(deserialize_with = "or_empty")]
    pub mappings: Vec<Mapping>,
    /// Its foreign tables.
    #[serde(deserialize_with = "or_empty")]
    pub tables: Vec<String>,
}

/// A user mapping.
#[derive(Debug, Clone, Deserialize)]
pub struct Mapping {
    /// Whose; `None` is PUBLIC.
    pub role: Option<String>,
    /// Whether it needs no password; `None` where the admin may not know.
    pub passwordless: Option<bool>,
}

/// Something of a kind that needs no closer look, or that we do not know.
#[derive(Debug, Clone, Deserialize)]
pub struct Other {
    /// What it is, as the server calls it.
    pub kind: String,
    /// Which.
    pub shown: String,
    /// Its owner, or who holds rights on it.
    pub role: String,
    /// Which of the two.
    pub owned: bool,
    /// Or it is a row policy that names the role.
    pub named: bool,
}
