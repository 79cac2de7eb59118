//! What is inside one database, at the depth of the audit.

use std::collections::BTreeMap;

use super::builtins::BuiltinCatalog;
use super::objects::{CatalogObject, EventTrigger, Extension, ForeignServer, Language, Other, Trigger};
use super::privileged::PrivilegedCatalog;
use super::rows::CatalogRow;
use super::texts::SearchedTexts;
use crate::error::Result;
use crate::model::DefaultAcl;

#[derive(Debug, Clone, Default)]
pub struct DatabaseCatalog {
    /// Whether the session that read it started as the admin, without a role or a search path that a service planted.
    pub pristine: bool,
    /// Whether something was left out, so that what is not here may be there all the same.
    pub partial: bool,
    /// Objects that some role holds privileges on, and all that are neither the server's nor an extension's.
    pub objects: Vec<CatalogObject>,
    pub texts: SearchedTexts,
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
    pub builtins: BuiltinCatalog,
}

/// Items of one kind that are read of one database; the queries stop after one more.
pub const MOST_OF_A_KIND: usize = 100_000;

impl DatabaseCatalog {
    /// Takes one row; returns how many bytes of it are kept.
    pub fn take(&mut self, row: &CatalogRow) -> Result<usize> {
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
            _ => return row.unknown(),
        }
        Ok(row.text.len())
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
        self.texts.sort();
        self.builtins.rewritten.sort();
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
