//! What the audit reads in one database.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Right, or_empty};
use crate::error::Result;
use crate::server::rows::Item;

/// What is inside one database, as far as it was read.
#[derive(Debug, Clone, Default)]
pub struct Inside {
    /// Whether the session that looked started as the admin, without a role or a search path that a service planted.
    pub alone: bool,
    /// Whether something was left out, so that what is not here may be there all the same.
    pub partial: bool,
    /// Objects that somebody holds rights on, and all that are neither the server's nor an extension's.
    pub things: Vec<Thing>,
    /// Bodies of functions, comments and options that hold a password of the secret store.
    pub leaks: Vec<Leak>,
    /// Texts that were not searched for passwords, by owner.
    pub unsearched: BTreeMap<Option<String>, Unsearched>,
    /// Default privileges.
    pub defaults: Vec<DefaultRow>,
    /// Languages.
    pub languages: Vec<Language>,
    /// Extensions, `plpgsql` aside.
    pub extensions: Vec<Extension>,
    /// Event triggers.
    pub event_triggers: Vec<EventTrigger>,
    /// Triggers whose function belongs to another role than the table.
    pub triggers: Vec<Trigger>,
    /// Foreign servers.
    pub servers: Vec<ForeignServer>,
    /// Everything else that has an owner, or rights of a kind that nothing above knows.
    pub others: Vec<Other>,
}

/// Items of one kind that are read of one database; the queries stop after one more.
pub const MOST_OF_A_KIND: usize = 100_000;

impl Inside {
    /// Takes one row; returns how many bytes of it are kept. `known` says whose password of the store a text holds.
    pub fn take(&mut self, item: &Item, known: &dyn Fn(&str) -> Option<String>) -> Result<usize> {
        match item.section.as_str() {
            "alone" => self.alone = item.parse()?,
            "thing" => self.things.push(item.parse()?),
            "default" => self.defaults.push(item.parse()?),
            "language" => self.languages.push(item.parse()?),
            "extension" => self.extensions.push(item.parse()?),
            "event_trigger" => self.event_triggers.push(item.parse()?),
            "trigger" => self.triggers.push(item.parse()?),
            "server" => self.servers.push(item.parse()?),
            "other" => self.others.push(item.parse()?),
            "text" => {
                self.search(item.parse()?, known);
                return Ok(0);
            }
            _ => return item.unknown(),
        }
        Ok(item.text.len())
    }

    /// The text itself is not kept: the texts of a database are longer than everything else in it.
    fn search(&mut self, found: Readable, known: &dyn Fn(&str) -> Option<String>) {
        if let Some(service) = known(&found.text) {
            self.leaks.push(Leak { object: found.object.clone(), service });
        }
        if found.left_out > 0 {
            let of_owner = self.unsearched.entry(found.owner).or_default();
            of_owner.bytes = of_owner.bytes.saturating_add(found.left_out);
            if of_owner.first.is_none() && found.texts == 1 {
                of_owner.first = Some(found.object);
            }
            of_owner.texts = of_owner.texts.saturating_add(found.texts);
        }
    }

    /// In the order in which findings are told, whatever order the server answered in.
    pub fn sort(&mut self) {
        self.things.sort_by(|a, b| (&a.kind, &a.shown, &a.column).cmp(&(&b.kind, &b.shown, &b.column)));
        self.defaults.sort_by(|a, b| (&a.role, &a.schema, a.object).cmp(&(&b.role, &b.schema, b.object)));
        self.languages.sort_by(|a, b| a.name.cmp(&b.name));
        self.extensions.sort_by(|a, b| a.name.cmp(&b.name));
        self.event_triggers.sort_by(|a, b| a.name.cmp(&b.name));
        self.triggers.sort_by(|a, b| (&a.table, &a.name).cmp(&(&b.table, &b.name)));
        self.servers.sort_by(|a, b| a.name.cmp(&b.name));
        self.others.sort_by(|a, b| (&a.kind, &a.shown, &a.role).cmp(&(&b.kind, &b.shown, &b.role)));
        self.leaks.sort();
    }

    /// Kinds of which there are more than are read.
    pub fn crowded(&self) -> Vec<&str> {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for thing in &self.things {
            // Functions and procedures, and the sorts of relations, are read together.
            let kind = match thing.kind.as_str() {
                "procedure" => "function",
                "sequence" | "view" | "materialized view" | "foreign table" => "table",
                kind => kind,
            };
            *kinds.entry(kind).or_default() += 1;
        }
        kinds.insert("default privilege", self.defaults.len());
        kinds.insert("trigger", self.triggers.len());
        kinds.insert("object of another kind", self.others.len());
        kinds.into_iter().filter(|(_, count)| *count > MOST_OF_A_KIND).map(|(kind, _)| kind).collect()
    }
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
#[derive(Deserialize)]
struct Readable {
    /// Where it stands, for people.
    object: String,
    /// Its beginning; it may hold a secret.
    text: String,
    /// How many texts the row stands for.
    texts: u64,
    /// Bytes that follow.
    left_out: u64,
    /// Whose it is; told only of texts that were cut.
    owner: Option<String>,
}

/// A text that holds a password.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leak {
    /// Where it stands, for people.
    pub object: String,
    /// The service whose password it is.
    pub service: String,
}

/// Texts of one owner that were not searched to their end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unsearched {
    /// How many.
    pub texts: u64,
    /// Bytes left out.
    pub bytes: u64,
    /// One of them, for people.
    pub first: Option<String>,
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
