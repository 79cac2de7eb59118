//! What is inside one database, at the depth of the audit: its objects, what can take a role further than its own
//! privileges, and what of the server's own objects was written again after initdb.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::census::Census;
use super::objects::{CatalogObject, EventTrigger, Extension, ForeignServer, Job, Language, Other, Trigger};
use super::rows::CatalogRow;
use super::texts::SearchedTexts;
use martydb_model::acl::null_as_default;
use martydb_model::error::Result;
use martydb_model::{AclEntry, DefaultAcl, OwnerCode};

#[derive(Debug, Clone, Default)]
pub struct DatabaseCatalog {
    /// Whether the session that read it started as the admin, without a role or a search path that a service planted.
    pub pristine: bool,
    pub census: Census,
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
    /// Foreign-data wrappers whose options no validator of their extension checks.
    pub unchecked_wrappers: Vec<String>,
    /// The active jobs of pg_cron, where it is installed; `None` where the admin may not read them.
    pub jobs: Option<Vec<Job>>,
    /// Everything else that has an owner, or privileges of a kind that is none of the above.
    pub others: Vec<Other>,
    /// Ways out of a role's own privileges.
    pub privileged: PrivilegedCatalog,
    pub builtins: BuiltinCatalog,
    pub owner_code: OwnerCode,
}

/// Items of one kind that are read of one database; the queries stop after one more.
pub const MOST_OF_A_KIND: usize = 100_000;

impl DatabaseCatalog {
    /// Takes one row; returns how many bytes of it are kept.
    pub fn take(&mut self, row: &CatalogRow) -> Result<usize> {
        match row.section.as_str() {
            "alone" => self.pristine = row.parse()?,
            "rare" => self.census.rare = row.parse()?,
            "code" => self.census.code = row.parse()?,
            "thing" => self.objects.push(row.parse()?),
            "default" => self.defaults.push(row.parse()?),
            "language" => self.languages.push(row.parse()?),
            "extension" => self.extensions.push(row.parse()?),
            "event_trigger" => self.event_triggers.push(row.parse()?),
            "trigger" => self.triggers.push(row.parse()?),
            "server" => self.servers.push(row.parse()?),
            "unchecked_wrapper" => self.unchecked_wrappers.push(row.parse()?),
            "other" => self.others.push(row.parse()?),
            _ => return row.unknown(),
        }
        Ok(row.text.len())
    }

    /// Whether the extension is there and a superuser owns it: what its script made is no service's.
    pub fn has_jobs(&self) -> bool {
        self.extensions.iter().any(|one| one.name == "pg_cron")
            && self.privileged.relations.iter().any(|one| one.shown == "cron.job")
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
        self.unchecked_wrappers.sort();
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

#[derive(Debug, Clone, Default)]
pub struct PrivilegedCatalog {
    pub schemas: Vec<SchemaAccess>,
    pub routines: Vec<PrivilegedRoutine>,
    pub relations: Vec<PrivilegedRelation>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct SchemaAccess {
    pub name: String,
    pub owner: String,
    /// Without the owner's own privileges.
    #[serde(deserialize_with = "null_as_default")]
    pub acl: Vec<AclEntry>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct PrivilegedRoutine {
    /// With its arguments, quoted by the server.
    pub shown: String,
    pub schema: String,
    pub owner: String,
    /// As `GRANT … ON` spells it.
    pub grant_on: String,
    /// Runs with its owner's rights.
    pub definer: bool,
    /// Whether its body can be made to run what it is told.
    pub executes: bool,
    /// The extension whose script made it.
    pub extension: Option<String>,
    /// The C function behind it.
    pub symbol: Option<String>,
    /// Returns `trigger`.
    pub trigger: bool,
    /// The enabled event trigger that calls it.
    pub event: Option<String>,
    /// By what sessions of superusers call it, where it is not theirs.
    pub visitor: Option<String>,
    /// Its language is not confined to the database.
    pub untrusted: bool,
    /// The server calls it for an operator class or a range type.
    pub called: bool,
    #[serde(deserialize_with = "null_as_default")]
    pub acl: Vec<AclEntry>,
}

/// A view, a foreign table, a table with a trigger that runs with another role's rights, or one with secrets.
#[derive(Debug, Clone, Deserialize)]
pub struct PrivilegedRelation {
    pub shown: String,
    pub schema: String,
    pub owner: String,
    pub grant_on: String,
    /// Made by initdb.
    pub system: bool,
    /// By what superusers write to it, where it is not theirs.
    pub visitor: Option<String>,
    pub row_security: bool,
    /// A table that is not empty, or was not before the last VACUUM.
    pub stored: bool,
    pub materialized: bool,
    /// A materialised view that holds rows.
    pub filled: bool,
    /// Reads with the rights of the reader.
    pub invoker: bool,
    /// What a view reads, as far as it leads on.
    #[serde(deserialize_with = "null_as_default")]
    pub reads: Vec<String>,
    /// The functions of its triggers that run with the rights of another role than its owner.
    #[serde(deserialize_with = "null_as_default")]
    pub triggers: Vec<String>,
    /// Of a foreign table.
    pub wrapper: Option<String>,
    /// The database that its server leads to.
    pub database: Option<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub acl: Vec<AclEntry>,
}

impl PrivilegedCatalog {
    pub fn take(&mut self, row: &CatalogRow) -> Result<()> {
        match row.section.as_str() {
            "schema" => self.schemas.push(row.parse()?),
            "routine" => self.routines.push(row.parse()?),
            "relation" => self.relations.push(row.parse()?),
            _ => return row.unknown(),
        }
        Ok(())
    }

    /// The server answers in any order; findings are told in this one.
    pub fn sort(&mut self) {
        self.schemas.sort_by(|a, b| a.name.cmp(&b.name));
        self.routines.sort_by(|a, b| a.shown.cmp(&b.shown));
        self.relations.sort_by(|a, b| a.shown.cmp(&b.shown));
    }
}

#[derive(Debug, Clone, Default)]
pub struct BuiltinCatalog {
    /// Whether it is known where initdb ended; nothing else is told without.
    pub dated: bool,
    /// Digests of functions that are as initdb made them, by their number, which is the same in every database; of
    /// initdb's own databases alone.
    pub originals: BTreeMap<u32, String>,
    pub routines: Vec<RewrittenRoutine>,
    /// Views, rules, operators and casts.
    pub rewritten: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct RewrittenRoutine {
    pub number: u32,
    pub digest: String,
    pub shown: String,
    /// Whether its privileges differ from those that initdb gave: a GRANT writes the row again.
    pub granted: bool,
}

#[derive(Deserialize)]
struct Original {
    number: u32,
    digest: String,
}

impl BuiltinCatalog {
    pub fn take(&mut self, row: &CatalogRow) -> Result<()> {
        match row.section.as_str() {
            "dated" => self.dated = row.parse()?,
            "original" => {
                let Original { number, digest } = row.parse()?;
                self.originals.insert(number, digest);
            }
            "routine" => self.routines.push(row.parse()?),
            "rewritten" => self.rewritten.push(row.parse()?),
            _ => return row.unknown(),
        }
        Ok(())
    }
}
