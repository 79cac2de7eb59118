//! Contents of one database as the audit reads them: its objects, ways beyond a role's own privileges, and the
//! server's own objects that changed after initdb.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::builtins::BuiltinCatalog;
use super::census::Census;
use super::jobs::{Job, Scheduler};
use super::objects::{
    CatalogObject, EventTrigger, Extension, ForeignServer, Language, Other, PendingChange, Trigger,
};
use super::rows::CatalogRow;
use super::texts::SearchedTexts;
use martydb_model::acl::null_as_default;
use martydb_model::error::Result;
use martydb_model::{AclEntry, DefaultAcl, OwnerCode};

#[derive(Debug, Clone, Default)]
pub struct DatabaseCatalog {
    /// `true` if the session started as the admin, without a role or a search path planted by a service.
    pub pristine: bool,
    pub census: Census,
    /// `true` if something was left out: an object that is missing here may still exist.
    pub partial: bool,
    /// Objects on which a role holds privileges, and all that belong neither to the server nor to an extension.
    pub objects: Vec<CatalogObject>,
    pub texts: SearchedTexts,
    /// Default privileges, without the owners' own.
    pub defaults: Vec<DefaultAcl>,
    pub languages: Vec<Language>,
    /// Extensions other than `plpgsql`.
    pub extensions: Vec<Extension>,
    pub event_triggers: Vec<EventTrigger>,
    /// Triggers whose function and table have different owners.
    pub triggers: Vec<Trigger>,
    pub servers: Vec<ForeignServer>,
    /// Foreign-data wrappers whose options are not checked by a validator of their own extension.
    pub unchecked_wrappers: Vec<String>,
    /// Enabled jobs of schedulers that are installed here, whichever database they run in.
    pub jobs: Vec<Job>,
    /// Objects that prepared transactions change.
    pub pending: Vec<PendingChange>,
    /// Schedulers whose jobs the admin lacks the privilege to read.
    pub unread_jobs: Vec<&'static Scheduler>,
    /// Objects of all other kinds that have an owner or privileges.
    pub others: Vec<Other>,
    /// Ways beyond a role's own privileges.
    pub privileged: PrivilegedCatalog,
    pub builtins: BuiltinCatalog,
    pub owner_code: OwnerCode,
}

/// Most items of one kind that are read from one database; queries return one more at most.
pub(crate) const MOST_OF_A_KIND: usize = 100_000;

impl DatabaseCatalog {
    /// Adds one row; returns how many bytes of it are kept.
    pub fn add_row(&mut self, row: &CatalogRow) -> Result<usize> {
        match row.section.as_str() {
            "alone" => self.pristine = row.parse()?,
            "rare" => self.census.rare = row.parse()?,
            "code" => self.census.code = row.parse()?,
            "policies" => self.census.policies = row.parse()?,
            "thing" => self.objects.push(row.parse()?),
            "default" => self.defaults.push(row.parse()?),
            "language" => self.languages.push(row.parse()?),
            "extension" => self.extensions.push(row.parse()?),
            "event_trigger" => self.event_triggers.push(row.parse()?),
            "trigger" => self.triggers.push(row.parse()?),
            "server" => self.servers.push(row.parse()?),
            "unchecked_wrapper" => self.unchecked_wrappers.push(row.parse()?),
            "pending" => self.pending.push(row.parse()?),
            "other" => self.others.push(row.parse()?),
            "digest" => self.builtins.digest = row.parse()?,
            _ => return row.unknown(),
        }
        Ok(row.text.len())
    }

    /// Returns `true` if the extension is installed and its table is its own: only a superuser can install it, so that the
    /// objects of its script belong to no service.
    pub(crate) fn has_jobs_of(&self, scheduler: &Scheduler) -> bool {
        self.extensions.iter().any(|one| one.name == scheduler.extension)
            && self.privileged.relations.iter().any(|one| one.display == scheduler.table)
    }

    /// Sorts everything: the server's order varies, and findings are reported in this one.
    pub fn sort(&mut self) {
        self.objects.sort_by(|a, b| (&a.kind, &a.display, &a.column).cmp(&(&b.kind, &b.display, &b.column)));
        self.defaults.sort_by(|a, b| (&a.role, &a.schema, a.object).cmp(&(&b.role, &b.schema, b.object)));
        self.languages.sort_by(|a, b| a.name.cmp(&b.name));
        self.extensions.sort_by(|a, b| a.name.cmp(&b.name));
        self.event_triggers.sort_by(|a, b| a.name.cmp(&b.name));
        self.triggers.sort_by(|a, b| (&a.table, &a.name).cmp(&(&b.table, &b.name)));
        self.servers.sort_by(|a, b| a.name.cmp(&b.name));
        self.unchecked_wrappers.sort();
        self.pending.sort_by(|a, b| (&a.gid, &a.object).cmp(&(&b.gid, &b.object)));
        self.others.sort_by(|a, b| (&a.kind, &a.display, &a.role).cmp(&(&b.kind, &b.display, &b.role)));
        self.texts.sort();
        self.privileged.sort();
    }

    /// Returns the kinds with more items than were read.
    pub(crate) fn crowded(&self) -> Vec<&str> {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for object in &self.objects {
            // Functions and procedures are read together, and so are all kinds of relations.
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
        kinds.insert("SECURITY DEFINER function", self.privileged.routines.len());
        kinds.insert("view over other objects", self.privileged.relations.len());
        kinds.insert("domain", self.privileged.domains.len());
        kinds.insert("function of a superuser", self.privileged.bodies.len());
        kinds.into_iter().filter(|(_, count)| *count > MOST_OF_A_KIND).map(|(kind, _)| kind).collect()
    }
}

#[derive(Debug, Clone, Default)]
pub struct PrivilegedCatalog {
    pub schemas: Vec<SchemaAccess>,
    pub routines: Vec<PrivilegedRoutine>,
    pub relations: Vec<PrivilegedRelation>,
    pub domains: Vec<CheckedDomain>,
    pub bodies: Vec<RoutineBody>,
    pub policies: Vec<RowSecurity>,
    /// Texts of functions of other roles that run as their owner and may execute an argument.
    pub lent: Vec<RoutineBody>,
    /// Names with schema of extensions' functions that compute from their arguments, and of superusers' enumerations.
    pub computing: BTreeSet<String>,
}

/// A domain whose owner is not a superuser and may add a CHECK to it.
#[derive(Debug, Clone, Deserialize)]
pub struct CheckedDomain {
    pub display: String,
    pub name: String,
    pub schema: String,
    pub owner: String,
    /// Object of a superuser that has a value of it.
    pub run_by: Option<String>,
}

/// Table with row security.
#[derive(Debug, Clone, Deserialize)]
pub struct RowSecurity {
    /// Name with schema, as in [`CatalogObject::display`].
    pub table: String,
    pub policies: Vec<RowPolicy>,
    /// Partitions and children of any depth that let more rows through.
    #[serde(deserialize_with = "null_as_default")]
    pub leaves: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct RowPolicy {
    pub name: String,
    pub restrictive: bool,
    /// As in `pg_policy.polcmd`; `*` for all.
    pub command: char,
    /// Roles that it concerns; empty for all.
    #[serde(deserialize_with = "null_as_default")]
    pub roles: Vec<String>,
    /// Expressions, as the server prints them.
    pub using: Option<String>,
    pub check: Option<String>,
    /// Functions that it calls, or that these name.
    #[serde(deserialize_with = "null_as_default")]
    pub calls: Vec<PolicyCall>,
    /// Other relations that it or one of these functions reads.
    #[serde(deserialize_with = "null_as_default")]
    pub reads: Vec<String>,
}

/// A function that a policy calls.
#[derive(Debug, Clone, Deserialize)]
pub struct PolicyCall {
    pub function: String,
    pub owner: String,
    pub language: String,
    /// Text, up to 64 KiB.
    pub text: String,
}

/// Text of a function or rule.
#[derive(Debug, Clone, Deserialize)]
pub struct RoutineBody {
    /// The function or rule in the server's words.
    pub run_by: String,
    /// Name with arguments; `None` for a rule.
    pub function: Option<String>,
    pub language: String,
    /// Set if it runs with its owner's privileges.
    pub definer: bool,
    /// Text, up to 64 KiB.
    pub text: String,
    /// Value of its `search_path`, if it sets one.
    pub path: Option<String>,
    /// Set if its arguments and results have types of the server.
    #[serde(default)]
    pub native: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct SchemaAccess {
    pub name: String,
    pub owner: String,
    /// Set if it has operators, or functions of an extension.
    #[serde(default)]
    pub steers: bool,
    /// Privileges, without the owner's own.
    #[serde(deserialize_with = "null_as_default")]
    pub acl: Vec<AclEntry>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct PrivilegedRoutine {
    /// Name with arguments, quoted by the server.
    pub display: String,
    pub schema: String,
    pub owner: String,
    /// Kind and name for `GRANT … ON`.
    pub grant_on: String,
    /// Set if it runs with its owner's privileges.
    pub definer: bool,
    /// Set if it may execute an argument as SQL or code.
    pub executes: bool,
    /// Extension whose script created it.
    pub extension: Option<String>,
    /// Name of its C function.
    pub symbol: Option<String>,
    /// Set if it returns `trigger`.
    pub trigger: bool,
    /// Enabled event trigger that calls it.
    pub event: Option<String>,
    /// Object by which superusers' sessions call it, if a superuser does not own it.
    pub run_by: Option<String>,
    /// Set if its language is not confined to the database.
    pub untrusted: bool,
    /// Set if the server calls it for an operator class or a range type.
    pub called: bool,
    #[serde(deserialize_with = "null_as_default")]
    pub acl: Vec<AclEntry>,
}

/// A view, a foreign table, a table with a trigger that runs with another role's privileges, or a table with secrets.
#[derive(Debug, Clone, Deserialize)]
pub struct PrivilegedRelation {
    pub display: String,
    pub schema: String,
    pub owner: String,
    pub grant_on: String,
    /// Set if initdb created it.
    pub system: bool,
    /// Object by which superusers write to it, if a superuser does not own it.
    pub run_by: Option<String>,
    pub row_security: bool,
    /// Set for a view through which a write goes to a catalog of the server.
    #[serde(default)]
    pub steers: bool,
    /// Set if a table has rows, or had some before the last VACUUM.
    pub stored: bool,
    pub materialized: bool,
    pub view: bool,
    /// Set if a materialized view has rows.
    pub filled: bool,
    /// Set if a view reads with the privileges of its reader.
    pub invoker: bool,
    /// Relations that a view reads, if they lead further.
    #[serde(deserialize_with = "null_as_default")]
    pub reads: Vec<String>,
    /// Functions of its triggers that run with the privileges of a role other than its owner.
    #[serde(deserialize_with = "null_as_default")]
    pub triggers: Vec<String>,
    /// Partitions and tables that inherit from it.
    #[serde(deserialize_with = "null_as_default")]
    pub children: Vec<String>,
    /// Foreign-data wrapper of a foreign table.
    pub wrapper: Option<String>,
    /// File that it reads, if it has one.
    pub file: Option<String>,
    /// Database to which its foreign server connects.
    pub database: Option<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub acl: Vec<AclEntry>,
}

impl PrivilegedCatalog {
    /// Returns the text of a superuser's function, by its name with arguments.
    pub fn body_of(&self, function: &str) -> Option<&RoutineBody> {
        self.bodies.iter().find(|body| body.function.as_deref() == Some(function))
    }

    pub fn add_row(&mut self, row: &CatalogRow) -> Result<()> {
        match row.section.as_str() {
            "schema" => self.schemas.push(row.parse()?),
            "routine" => self.routines.push(row.parse()?),
            "relation" => self.relations.push(row.parse()?),
            "domain" => self.domains.push(row.parse()?),
            "computing" => drop(self.computing.insert(row.parse()?)),
            "lent" => self.lent.push(row.parse()?),
            "policy" => self.policies.push(row.parse()?),
            "body" => self.bodies.push(row.parse()?),
            _ => return row.unknown(),
        }
        Ok(())
    }

    /// Sorts everything: the server's order varies, and findings are reported in this one.
    pub fn sort(&mut self) {
        self.schemas.sort_by(|a, b| a.name.cmp(&b.name));
        self.routines.sort_by(|a, b| a.display.cmp(&b.display));
        self.relations.sort_by(|a, b| a.display.cmp(&b.display));
        self.domains.sort_by(|a, b| a.display.cmp(&b.display));
        self.bodies.sort_by(|a, b| a.run_by.cmp(&b.run_by));
    }
}
