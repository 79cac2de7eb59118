//! Functions, rules and jobs of superusers as facts: the objects of other roles that they use, and the rows that they execute.
//!
//! A function without SECURITY DEFINER runs with the privileges of its caller, and so does what it uses: triggers of a
//! table that it writes to, functions that it calls, and those in a view that it reads.
//! <https://www.postgresql.org/docs/current/perm-functions.html>

use std::collections::BTreeMap;

use super::super::context::Audit;
use super::body_text::BodyText;
use super::gather::{Gathered, ObjectName};
use super::pieces::UsedName;
use super::privileged_text::{PrivilegedText, TextOrigin};
use crate::reach::{DatabaseId, Object, ObjectId};
use martydb_catalog::{CatalogObject, DatabaseCatalog, Job};

/// Catalogs and functions that list names which other roles chose.
const NAMES: &[&str] = &[
    "pg_class",
    "pg_tables",
    "pg_views",
    "pg_matviews",
    "pg_indexes",
    "pg_sequences",
    "pg_namespace",
    "pg_proc",
    "pg_attribute",
    "pg_type",
    "pg_trigger",
    "pg_constraint",
    "pg_policies",
    "pg_stat_user_tables",
    "pg_stat_all_tables",
    "pg_statio_user_tables",
    "pg_stat_user_indexes",
    "tables",
    "columns",
    "schemata",
    "views",
    "routines",
    "pg_event_trigger_ddl_commands",
    "pg_event_trigger_dropped_objects",
];

/// Objects of one database by name, with the IDs of those that are facts already.
pub(crate) struct Known<'a> {
    pub database: DatabaseId,
    pub database_name: &'a str,
    pub schemas: BTreeMap<&'a str, ObjectId>,
    /// By name with schema; of a function, with arguments.
    pub objects: BTreeMap<&'a str, ObjectId>,
}

pub(crate) fn bodies<'a>(
    audit: &Audit<'a>,
    catalog: &'a DatabaseCatalog,
    mut known: Known<'a>,
    all: &mut Gathered<'a>,
) {
    let bodies = PrivilegedText::all(audit, known.database_name, catalog);
    if bodies.is_empty() {
        return;
    }
    let mut named: BTreeMap<&str, Vec<&CatalogObject>> = BTreeMap::new();
    let relevant = |item: &&CatalogObject| item.is_users() && item.column.is_none();
    for item in catalog.objects.iter().filter(relevant) {
        named.entry(&item.name).or_default().push(item);
    }
    for body in &bodies {
        Use { body, catalog, named: &named, known: &mut known, all, agent: &audit.actual.bootstrap }.visit();
    }
}

struct Use<'a, 'b> {
    body: &'b PrivilegedText<'a>,
    catalog: &'a DatabaseCatalog,
    named: &'b BTreeMap<&'a str, Vec<&'a CatalogObject>>,
    known: &'b mut Known<'a>,
    all: &'b mut Gathered<'a>,
    /// Role that stands for that of a program which runs jobs.
    agent: &'a str,
}

impl<'a> Use<'a, '_> {
    fn visit(&mut self) {
        let text = &self.body.text;
        for item in self.all_of(text.calls.iter()) {
            if item.is_routine() {
                self.visit_object(item, "function", false);
            }
        }
        for item in self.all_of(text.writes.iter()) {
            if is_relation(item) {
                self.visit_object(item, if item.kind == "view" { "view" } else { "table" }, true);
            }
        }
        for item in self.all_of(text.reads.iter()) {
            if item.kind == "view" {
                self.visit_object(item, "view", false);
            }
        }
        self.domains(text);
        if text.executes {
            self.executes(text);
        }
    }

    fn all_of<'n>(&self, names: impl Iterator<Item = &'n UsedName>) -> Vec<&'a CatalogObject> {
        names.flat_map(|name| self.resolve(name)).collect()
    }

    /// Returns the objects that a name may mean: those in its schema or in the search path, and in any schema if the
    /// function does not set one.
    fn resolve(&self, name: &UsedName) -> Vec<&'a CatalogObject> {
        let of_name = self.named.get(name.name.as_str()).into_iter().flatten();
        let schema = |item: &&&CatalogObject| self.may_mean(name, item.schema.as_deref().unwrap_or_default());
        of_name.filter(schema).copied().collect()
    }

    fn may_mean(&self, name: &UsedName, schema: &str) -> bool {
        match (&name.schema, &self.body.path) {
            (Some(written), _) => written == schema,
            (None, Some(path)) => path.iter().any(|part| part == schema),
            (None, None) => true,
        }
    }

    /// Records what it uses. The owner of a view that it reads replaces it as it would a function.
    fn visit_object(&mut self, item: &'a CatalogObject, kind: &'static str, writes: bool) {
        let Some(object) = self.object(item, kind) else { return };
        let facts = &mut self.all.facts;
        if !facts.is_end(object.owner) {
            let visited = if writes { &mut facts.visited_tables } else { &mut facts.visited_functions };
            visited.push(object);
            self.all.visit(object.id, self.body.run_by);
        }
        self.touch(object.id);
    }

    fn domains(&mut self, text: &BodyText) {
        for domain in &self.catalog.privileged.domains {
            let is_it = |name: &&UsedName| name.name == domain.name && self.may_mean(name, &domain.schema);
            let Some(id) = self.known.objects.get(domain.display.as_str()).copied() else { continue };
            if text.reads.iter().chain(&text.calls).any(|name| is_it(&name)) {
                let owner = self.all.role_id(&domain.owner);
                let Some(schema) = self.known.schemas.get(domain.schema.as_str()).copied() else { continue };
                let object = Object { id, database: self.known.database, schema, owner };
                self.all.visit(id, self.body.run_by);
                self.all.facts.visited_domains.push(object);
                self.touch(id);
            }
        }
    }

    /// Records what it executes: rows of tables that other roles may write to, or the names of objects.
    fn executes(&mut self, text: &BodyText) {
        let listed = |name: &UsedName| NAMES.contains(&name.name.as_str());
        let own = if self.is_definer() { None } else { self.itself() };
        if let Some(function) = own.filter(|_| text.reads.iter().chain(&text.calls).any(listed)) {
            self.all.facts.executed_names.push(function);
        }
        let used = self.all_of(text.reads.iter().chain(&text.writes));
        for item in used.into_iter().filter(|item| is_relation(item)) {
            let Some(object) = self.object(item, "table") else { continue };
            self.all.visit(object.id, self.body.run_by);
            self.all.facts.executed_rows.push((object.id, object.database));
        }
    }

    fn touch(&mut self, used: ObjectId) {
        if let Some(function) = if self.is_definer() { self.itself() } else { None } {
            self.all.facts.touches.push((function, used));
        }
    }

    fn is_definer(&self) -> bool {
        matches!(self.body.origin, TextOrigin::Called { definer: true, .. })
    }

    /// Returns the function or the job; a rule executes nothing.
    fn itself(&mut self) -> Option<Object> {
        match self.body.origin {
            TextOrigin::Called { function, .. } => {
                let is_it =
                    |item: &&CatalogObject| item.is_routine() && Some(item.display.as_str()) == function;
                let item = self.catalog.objects.iter().find(is_it)?;
                self.object(item, "function")
            }
            TextOrigin::Scheduled(job) => Some(self.job(job)),
        }
    }

    fn job(&mut self, job: &'a Job) -> Object {
        let role = job.role.as_deref().unwrap_or(self.agent);
        let owner = self.all.role_id(role);
        let id = self.all.name(ObjectName {
            database: self.known.database_name,
            kind: "job",
            display: &job.display,
            owner: role,
            run_by: Some(self.body.run_by),
            ..ObjectName::default()
        });
        // Its own place stands for a schema, which no rule asks for.
        Object { id, database: self.known.database, schema: id, owner }
    }

    /// Returns the object as a fact, and makes it one if it is none yet.
    fn object(&mut self, item: &'a CatalogObject, kind: &'static str) -> Option<Object> {
        let schema = *self.known.schemas.get(item.schema.as_deref()?)?;
        let owner = self.all.role_id(&item.owner);
        if let Some(id) = self.known.objects.get(item.display.as_str()) {
            return Some(Object { id: *id, database: self.known.database, schema, owner });
        }
        let id = self.all.name(ObjectName {
            database: self.known.database_name,
            kind,
            display: &item.display,
            owner: &item.owner,
            grant_on: Some(&item.grant_on),
            acl: &item.acl,
            ..ObjectName::default()
        });
        self.known.objects.insert(&item.display, id);
        let object = Object { id, database: self.known.database, schema, owner };
        if kind != "function" {
            self.all.relation(object);
        }
        Some(object)
    }
}

fn is_relation(item: &CatalogObject) -> bool {
    ["table", "view", "foreign table"].contains(&item.kind.as_str())
}
