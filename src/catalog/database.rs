//! What is inside one database, at the depth of the audit.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::objects::{CatalogObject, EventTrigger, Extension, ForeignServer, Language, Other, Trigger};
use super::privileged::PrivilegedCatalog;
use super::rows::CatalogRow;
use crate::error::Result;
use crate::model::DefaultAcl;

/// Says whose password of the secret store a text holds: a service's.
pub type KnownPasswords<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

#[derive(Debug, Clone, Default)]
pub struct DatabaseCatalog {
    /// Whether the session that read it started as the admin, without a role or a search path that a service planted.
    pub pristine: bool,
    /// Whether something was left out, so that what is not here may be there all the same.
    pub partial: bool,
    /// Objects that some role holds privileges on, and all that are neither the server's nor an extension's.
    pub objects: Vec<CatalogObject>,
    /// Bodies of functions, comments and options that hold a password of the secret store.
    pub leaks: Vec<Leak>,
    /// Texts that were not searched for passwords, by owner.
    pub unsearched: BTreeMap<Option<String>, Unsearched>,
    /// Without the owners' own privileges.
    pub defaults: Vec<DefaultAcl>,
    pub languages: Vec<Language>,
    /// Without `plpgsql`.
    pub extensions: Vec<Extension>,
    pub event_triggers: Vec<EventTrigger>,
    /// Triggers whose function belongs to another role than the table.
    pub triggers: Vec<Trigger>,
    pub servers: Vec<ForeignServer>,
    /// Everything else that has an owner, or privileges of a kind that is none of the above.
    pub others: Vec<Other>,
    /// Ways out of a role's own privileges.
    pub privileged: PrivilegedCatalog,
}

/// Items of one kind that are read of one database; the queries stop after one more.
pub const MOST_OF_A_KIND: usize = 100_000;

impl DatabaseCatalog {
    /// Takes one row; returns how many bytes of it are kept.
    pub fn take(&mut self, row: &CatalogRow, known: KnownPasswords<'_>) -> Result<usize> {
        match row.section.as_str() {
            "alone" => self.pristine = row.parse()?,
            "thing" => self.objects.push(row.parse()?),
            "default" => self.defaults.push(row.parse()?),
            "language" => self.languages.push(row.parse()?),
            "extension" => self.extensions.push(row.parse()?),
            "event_trigger" => self.event_triggers.push(row.parse()?),
            "trigger" => self.triggers.push(row.parse()?),
            "server" => self.servers.push(row.parse()?),
            "other" => self.others.push(row.parse()?),
            "text" => {
                self.search(row.parse()?, known);
                return Ok(0);
            }
            _ => return row.unknown(),
        }
        Ok(row.text.len())
    }

    /// The text itself is not kept: the texts of a database are longer than everything else in it.
    fn search(&mut self, found: Readable, known: KnownPasswords<'_>) {
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

    /// The server answers in any order; findings are told in this one.
    pub fn sort(&mut self) {
        self.objects.sort_by(|a, b| (&a.kind, &a.shown, &a.column).cmp(&(&b.kind, &b.shown, &b.column)));
        self.defaults.sort_by(|a, b| (&a.role, &a.schema, a.object).cmp(&(&b.role, &b.schema, b.object)));
        self.languages.sort_by(|a, b| a.name.cmp(&b.name));
        self.extensions.sort_by(|a, b| a.name.cmp(&b.name));
        self.event_triggers.sort_by(|a, b| a.name.cmp(&b.name));
        self.triggers.sort_by(|a, b| (&a.table, &a.name).cmp(&(&b.table, &b.name)));
        self.servers.sort_by(|a, b| a.name.cmp(&b.name));
        self.others.sort_by(|a, b| (&a.kind, &a.shown, &a.role).cmp(&(&b.kind, &b.shown, &b.role)));
        self.leaks.sort();
        self.privileged.sort();
    }

    /// Kinds of which there are more than are read.
    pub fn crowded(&self) -> Vec<&str> {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for object in &self.objects {
            // Functions and procedures, and the sorts of relations, are read together.
            let kind = match object.kind.as_str() {
                "procedure" => "function",
                "sequence" | "view" | "materialized view" | "foreign table" => "table",
                kind => kind,
            };
            *kinds.entry(kind).or_default() += 1;
        }
        kinds.insert("default privilege", self.defaults.len());
        kinds.insert("trigger", self.triggers.len());
        kinds.insert("object of another kind", self.others.len());
        kinds.insert("schema", self.privileged.schemas.len());
        kinds.insert("function with the rights of its owner", self.privileged.routines.len());
        kinds.insert("view that leads to other objects", self.privileged.relations.len());
        kinds.into_iter().filter(|(_, count)| *count > MOST_OF_A_KIND).map(|(kind, _)| kind).collect()
    }
}

/// A text that every login of the database can read.
#[derive(Deserialize)]
struct Readable {
    object: String,
    /// Its beginning; it may hold a secret.
    text: String,
    /// Number of texts that the row stands for.
    texts: u64,
    /// Bytes that follow.
    left_out: u64,
    /// Known only of texts that were cut.
    owner: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leak {
    pub object: String,
    pub service: String,
}

/// Texts of one owner that were not searched to their end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unsearched {
    pub texts: u64,
    pub bytes: u64,
    pub first: Option<String>,
}
