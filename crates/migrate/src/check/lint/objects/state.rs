//! Objects as the statements so far leave them.

use std::collections::{BTreeMap, BTreeSet};

use super::existing::ExistingObjects;
use super::kinds::{KINDS, LintedKind, NameSpace};
use super::path::{SearchPath, TEMPORARY};
use super::reader::{ObjectEffect, WrittenName, WrittenObject};

/// Ends of the names that the server gives to the sequences and indexes of a table, after the names of the table and its
/// columns (`ChooseRelationName`).
const IMPLICIT: &[&str] = &["_seq", "_key", "_idx", "_pkey", "_excl"];

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Object {
    pub kind: LintedKind,
    /// Empty for what lies in no schema, and where the search path is not known.
    pub schema: String,
    /// Table of a trigger, policy or rule.
    pub table: Option<String>,
    pub name: String,
    /// Types of a routine's input arguments, if they are given.
    pub signature: Option<String>,
}

impl Object {
    /// Returns the object without its arguments: one that is replaced may have others.
    fn by_name(&self) -> Object {
        Object { signature: None, ..self.clone() }
    }

    fn in_schema(schema: &str) -> Object {
        let name = schema.to_owned();
        Object { kind: LintedKind::Schema, schema: String::new(), table: None, name, signature: None }
    }

    /// Returns the table to which it belongs.
    fn of_table(&self) -> Option<Object> {
        let name = self.table.clone()?;
        Some(Object { kind: LintedKind::Table, table: None, name, signature: None, ..self.clone() })
    }
}

/// Objects that pending migrations create, across files.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    new: BTreeSet<Object>,
    /// Created unless they exist.
    perhaps: BTreeSet<Object>,
    /// Older objects that are known by name: renamed or moved ones.
    old: BTreeSet<Object>,
    /// Names that were dropped, or renamed away.
    absent: BTreeSet<Object>,
    pub existing: ExistingObjects,
    pub path: SearchPath,
    /// Objects that the present file creates, without their arguments.
    made: BTreeSet<Object>,
    /// Objects at the beginning of the present file, by what they are now, of those that it renames.
    before: BTreeMap<Object, Object>,
}

impl Objects {
    pub(crate) fn new(login: &[String], existing: ExistingObjects) -> Objects {
        Objects { existing, path: SearchPath::new(login), ..Objects::default() }
    }

    pub(crate) fn begin_file(&mut self) {
        self.made.clear();
        self.before.clear();
    }

    /// Ends a file: its session's temporary objects and settings end with it.
    pub(crate) fn end_file(&mut self) {
        self.path.reset();
        for all in [&mut self.new, &mut self.perhaps, &mut self.old, &mut self.absent] {
            all.retain(|object| object.schema != TEMPORARY);
        }
    }

    pub(crate) fn table(&self, name: &WrittenName) -> Object {
        let name = name.clone();
        self.resolve(&WrittenObject { kind: LintedKind::Table, name, table: None, signature: None })
    }

    /// Returns the object that a statement names. The table of a new trigger, policy or rule stands for it.
    pub(crate) fn target(&self, written: &WrittenObject, effect: &ObjectEffect) -> Object {
        let object = self.resolve(written);
        let is_made = matches!(effect, ObjectEffect::Created { .. });
        object.of_table().filter(|_| is_made).unwrap_or(object)
    }

    /// Returns an object with its schema: temporary ones hide all others.
    fn resolve(&self, written: &WrittenObject) -> Object {
        let names =
            KINDS.iter().find(|row| row.kind == written.kind).map_or(NameSpace::Whole, |row| row.names);
        let place = if names == NameSpace::Table { written.table.as_ref() } else { Some(&written.name) };
        let object = |schema: &str| Object {
            kind: written.kind,
            schema: schema.into(),
            table: written.table.as_ref().map(|table| table.name.clone()),
            name: written.name.name.clone(),
            signature: written.signature.clone(),
        };
        match (names, place.and_then(|name| name.schema.as_deref())) {
            (NameSpace::Whole, _) => object(""),
            (_, Some(schema)) if schema.starts_with(TEMPORARY) => object(TEMPORARY),
            (_, Some(schema)) => object(schema),
            (_, None) => {
                let temporary = object(TEMPORARY);
                let relation = temporary.of_table().unwrap_or_else(|| temporary.clone());
                if self.new.contains(&relation) { temporary } else { object(self.path.first()) }
            }
        }
    }

    pub(crate) fn is_new(&self, object: &Object) -> bool {
        if self.old.contains(object) {
            return false;
        }
        self.is_among(&self.new, object)
            || !object.schema.is_empty() && self.new.contains(&Object::in_schema(&object.schema))
            || self.is_implicit(object)
            || object.of_table().is_some_and(|table| self.is_new(&table))
    }

    pub(crate) fn may_be_new(&self, object: &Object) -> bool {
        self.is_among(&self.perhaps, object)
            || object.of_table().is_some_and(|table| self.is_among(&self.perhaps, &table))
    }

    /// Returns `true` if the object is one of these. A routine without arguments stands for all of its name.
    fn is_among(&self, all: &BTreeSet<Object>, object: &Object) -> bool {
        let is_any = object.kind == LintedKind::Routine && object.signature.is_none();
        all.contains(object) || is_any && all.iter().any(|one| one.by_name() == *object)
    }

    /// Returns `true` for a sequence or index that the server makes with a new table.
    fn is_implicit(&self, object: &Object) -> bool {
        let named = IMPLICIT.iter().any(|end| object.name.ends_with(end));
        if !named || !matches!(object.kind, LintedKind::Sequence | LintedKind::Index) {
            return false;
        }
        let mut tables = object.name.match_indices('_').map(|(at, _)| &object.name[..at]);
        tables.any(|name| {
            let table = Object { kind: LintedKind::Table, name: name.into(), ..object.clone() };
            self.is_new(&table)
        })
    }

    /// Applies an effect. `is_certain` is set if the statement runs in any case, `on_new` if its table is new.
    pub(crate) fn apply(
        &mut self,
        written: &WrittenObject,
        effect: &ObjectEffect,
        is_certain: bool,
        on_new: bool,
    ) {
        let object = self.resolve(written);
        match effect {
            ObjectEffect::Created { certain, .. } => self.create(object, *certain && is_certain, on_new),
            ObjectEffect::Dropped => self.drop(object, is_certain),
            ObjectEffect::Renamed(name) => {
                let to = Object { name: name.clone(), ..object.clone() };
                self.rename(object, to);
            }
            ObjectEffect::Moved(schema) => {
                let to = Object { schema: schema.clone(), ..object.clone() };
                self.rename(object, to);
            }
            ObjectEffect::Changed => {}
        }
    }

    /// An index is new only on a new table: to drop it locks the table.
    fn create(&mut self, object: Object, certain: bool, on_new: bool) {
        self.made.insert(object.by_name());
        let of_old = object.kind == LintedKind::Index && !on_new;
        let is_absent = self.absent.contains(&object.by_name())
            || self.existing.lacks(object.kind, &object.schema, &object.name);
        if of_old || self.old.contains(&object) {
            return;
        }
        if certain || is_absent {
            self.perhaps.remove(&object);
            self.new.insert(object);
        } else if !self.new.contains(&object) {
            self.perhaps.insert(object);
        }
    }

    fn drop(&mut self, object: Object, is_certain: bool) {
        if !is_certain {
            return;
        }
        self.made.remove(&object.by_name());
        for all in [&mut self.new, &mut self.perhaps, &mut self.old] {
            all.retain(|one| *one != object && (object.signature.is_some() || one.by_name() != object));
        }
        if object.kind == LintedKind::Schema {
            let schema = object.name.clone();
            for all in [&mut self.new, &mut self.perhaps, &mut self.old] {
                all.retain(|one| one.schema != schema);
            }
        }
        self.absent.insert(object.by_name());
    }

    /// Renames or moves an object, which remains new or old.
    fn rename(&mut self, from: Object, to: Object) {
        let (is_new, perhaps) = (self.is_new(&from), self.may_be_new(&from));
        for object in [&from, &to] {
            self.new.remove(object);
            self.perhaps.remove(object);
            self.old.remove(object);
        }
        let state = match (is_new, perhaps) {
            (true, _) => &mut self.new,
            (_, true) => &mut self.perhaps,
            _ => &mut self.old,
        };
        state.insert(to.clone());
        self.absent.remove(&to.by_name());
        self.absent.insert(from.by_name());
        if from.kind == LintedKind::Schema {
            self.rename_schema(&from.name, &to.name);
        }
        let first = self.before.remove(&from.by_name()).unwrap_or_else(|| from.by_name());
        self.made.remove(&from.by_name());
        self.made.insert(to.by_name());
        self.before.insert(to.by_name(), first);
    }

    fn rename_schema(&mut self, from: &str, to: &str) {
        for all in [&mut self.new, &mut self.perhaps, &mut self.old, &mut self.absent] {
            let moved = std::mem::take(all).into_iter().map(|object| match object.schema == from {
                true => Object { schema: to.into(), ..object },
                false => object,
            });
            *all = moved.collect();
        }
    }

    /// Returns the names at the file's beginning of objects that it now drops.
    pub(crate) fn former(&self, dropped: &[Object]) -> Vec<Object> {
        let names = dropped.iter().map(Object::by_name);
        names.map(|name| self.before.get(&name).unwrap_or(&name).clone()).collect()
    }

    /// Returns `true` if the present file creates all of these, by their names at its beginning.
    pub(crate) fn recreates(&self, former: &[Object]) -> bool {
        !former.is_empty() && former.iter().all(|name| self.made.contains(name))
    }
}
