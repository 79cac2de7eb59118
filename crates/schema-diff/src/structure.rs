//! Objects of a database, as far as a revision can express them.

use std::collections::{BTreeMap, BTreeSet};

use martydb_model::RoleName;

/// Kind of an object. The order is that of creation, where no dependency demands another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SchemaObjectKind {
    Schema,
    Extension,
    Enum,
    Domain,
    Range,
    CompositeType,
    Sequence,
    Table,
    Column,
    Attribute,
    Constraint,
    Index,
    View,
    MaterializedView,
    Routine,
    Aggregate,
    Rule,
    Trigger,
    Policy,
    Statistics,
    Publication,
}

/// Names of the kinds, as the query prints them.
const KINDS: &[(&str, SchemaObjectKind)] = &[
    ("schema", SchemaObjectKind::Schema),
    ("extension", SchemaObjectKind::Extension),
    ("enum", SchemaObjectKind::Enum),
    ("domain", SchemaObjectKind::Domain),
    ("range", SchemaObjectKind::Range),
    ("composite type", SchemaObjectKind::CompositeType),
    ("sequence", SchemaObjectKind::Sequence),
    ("table", SchemaObjectKind::Table),
    ("column", SchemaObjectKind::Column),
    ("attribute", SchemaObjectKind::Attribute),
    ("constraint", SchemaObjectKind::Constraint),
    ("index", SchemaObjectKind::Index),
    ("view", SchemaObjectKind::View),
    ("materialized view", SchemaObjectKind::MaterializedView),
    ("routine", SchemaObjectKind::Routine),
    ("aggregate", SchemaObjectKind::Aggregate),
    ("rule", SchemaObjectKind::Rule),
    ("trigger", SchemaObjectKind::Trigger),
    ("policy", SchemaObjectKind::Policy),
    ("statistics", SchemaObjectKind::Statistics),
    ("publication", SchemaObjectKind::Publication),
];

impl SchemaObjectKind {
    /// Returns the kind with this name.
    pub fn named(name: &str) -> Option<SchemaObjectKind> {
        KINDS.iter().find(|row| row.0 == name).map(|row| row.1)
    }

    /// Returns the name for messages.
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|row| row.1 == self).map_or("object", |row| row.0)
    }

    /// Returns `true` for a type of which columns can be.
    pub(crate) fn is_type(self) -> bool {
        use SchemaObjectKind::{CompositeType, Domain, Enum, Range};
        matches!(self, Enum | Domain | Range | CompositeType)
    }

    /// Returns `true` for an object that its table's or type's CREATE contains.
    pub(crate) fn is_column(self) -> bool {
        matches!(self, SchemaObjectKind::Column | SchemaObjectKind::Attribute)
    }

    /// Returns `true` for an object with columns, and for a column.
    pub(crate) fn has_columns(self) -> bool {
        use SchemaObjectKind::{Attribute, Column, CompositeType, MaterializedView, Table};
        matches!(self, Attribute | Column | CompositeType | MaterializedView | Table)
    }

    /// Returns `true` if its name is in the namespace of relations and types.
    pub(crate) fn is_relation(self) -> bool {
        use SchemaObjectKind::{Index, MaterializedView, Sequence, Table, View};
        self.is_type() || matches!(self, Sequence | Table | Index | View | MaterializedView)
    }
}

/// Identity of an object, which is the same in every database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchemaObjectId {
    pub kind: SchemaObjectKind,
    /// Qualified name, quoted by the server.
    pub name: String,
}

impl std::fmt::Display for SchemaObjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind.name(), self.name)
    }
}

/// An object with its statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaObject {
    /// Table, view or type of which it is a part.
    pub parent: Option<SchemaObjectId>,
    /// Statement that creates it.
    pub create_sql: String,
    /// Statement that drops it.
    pub drop_sql: String,
    /// Definition without the parts: another one needs another object.
    pub body: String,
    /// Properties that CREATE OR REPLACE cannot change; for a constraint, its type.
    pub signature: String,
    /// Properties that are changed by statements of their own, by name.
    pub parts: BTreeMap<String, ObjectPart>,
    /// Objects that it depends on.
    pub needs: BTreeSet<SchemaObjectId>,
}

/// Property of an object, such as a column's default, a comment or a privilege.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPart {
    /// Position among the parts.
    pub place: i64,
    pub value: String,
    /// Statement that adds it.
    pub create_sql: Option<String>,
    /// Statement that replaces another value of it.
    pub alter_sql: Option<String>,
    /// Statement that removes it.
    pub remove_sql: Option<String>,
    /// Set if the object's own CREATE contains it.
    pub inline: bool,
    /// Object that it refers to.
    pub needs: Option<SchemaObjectId>,
}

/// Name of the part that is a column's type.
pub(crate) const TYPE: &str = "type";
/// Name of the part that forbids NULL; its value is the name of the constraint, from 18 on.
pub(crate) const NOT_NULL: &str = "not null";
/// Name of the part that marks a constraint as validated for all rows.
pub(crate) const VALIDATED: &str = "validated";
/// Name of the part that is the column to which a sequence belongs.
pub(crate) const OWNER: &str = "owner";
/// Name of the part that is a column's storage, which a change of its type resets.
pub(crate) const STORAGE: &str = "storage";
/// Name of the part that makes a column an identity.
pub(crate) const IDENTITY: &str = "identity";
/// Name of the part that is a column's or a domain's default.
pub(crate) const DEFAULT: &str = "default";

/// Objects of a database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Structure {
    pub objects: BTreeMap<SchemaObjectId, SchemaObject>,
    /// Pairs of types with an assignment cast, without those that the server makes by text.
    pub casts: BTreeSet<(String, String)>,
    /// Those of them that keep the bytes of a type that is not built in.
    pub coercible: BTreeSet<(String, String)>,
    /// Objects of kinds for which there are no statements, such as collations.
    pub uncompared: BTreeSet<String>,
    /// Columns whose default calls a volatile function.
    pub volatile: BTreeSet<SchemaObjectId>,
}

impl Structure {
    /// Removes the privileges of these roles, which `apply` grants and no migration.
    #[must_use]
    pub fn without_roles(mut self, roles: &[RoleName]) -> Structure {
        let is_of = |part: &str, role: &RoleName| {
            let quoted = format!("\"{}\"", role.as_str().replace('"', "\"\""));
            [role.as_str(), &quoted].iter().any(|name| part.ends_with(&format!(" {name}")))
        };
        for object in self.objects.values_mut() {
            object.parts.retain(|part, _| {
                let is_privilege = part.starts_with("grant ") || part.starts_with("revoke ");
                !(is_privilege && roles.iter().any(|role| is_of(part, role)))
            });
        }
        self
    }

    /// Takes over texts of another structure that differ only by `forms`: pairs of a part here and the same part there, which
    /// the server reads alike.
    pub fn adopt_forms(&mut self, other: &Structure, forms: &[(String, String)]) {
        // Catalogs have other blanks and semicolons around a part.
        let bare = |text: &'_ String| text.trim().trim_end_matches(';').to_owned();
        let forms: Vec<_> = forms.iter().map(|(own, form)| (bare(own), bare(form))).collect();
        let adopt = |text: &mut String, there: &str| {
            let in_both = |(own, form): &&(String, String)| text.contains(own) && there.contains(form);
            let here = forms.iter().filter(in_both);
            if here.fold(text.clone(), |text, (own, form)| text.replace(own, form)) == there {
                there.clone_into(text);
            }
        };
        let adopt_option = |text: &mut Option<String>, there: &Option<String>| {
            text.iter_mut().zip(there).for_each(|(text, there)| adopt(text, there));
        };
        for (id, object) in &mut self.objects {
            let Some(there) = other.objects.get(id) else { continue };
            adopt(&mut object.create_sql, &there.create_sql);
            adopt(&mut object.body, &there.body);
            // That of a routine has the defaults of its arguments.
            if id.kind == SchemaObjectKind::Routine && object.create_sql == there.create_sql {
                object.signature.clone_from(&there.signature);
            }
            for (name, part) in &mut object.parts {
                let Some(there) = there.parts.get(name) else { continue };
                adopt(&mut part.value, &there.value);
                adopt_option(&mut part.create_sql, &there.create_sql);
                adopt_option(&mut part.alter_sql, &there.alter_sql);
                adopt_option(&mut part.remove_sql, &there.remove_sql);
            }
        }
    }

    /// Returns `true` if the object, or the table that it is a part of, is one for which the condition holds.
    pub(crate) fn is_within(&self, id: &SchemaObjectId, holds: impl Fn(&SchemaObjectId) -> bool) -> bool {
        let parent = self.objects.get(id).and_then(|object| object.parent.as_ref());
        parent.is_some_and(|parent| {
            let above = self.objects.get(parent).and_then(|object| object.parent.as_ref());
            holds(parent) || above.is_some_and(&holds)
        })
    }

    /// Returns `true` if a column of a table has the attribute's type, itself or within another type.
    pub(crate) fn is_stored(&self, attribute: &SchemaObjectId) -> bool {
        let dependents = self.dependents();
        let parent = |id: &SchemaObjectId| self.objects.get(id).and_then(|object| object.parent.as_ref());
        let mut next: Vec<&SchemaObjectId> = parent(attribute).into_iter().collect();
        let mut seen: BTreeSet<&SchemaObjectId> = next.iter().copied().collect();
        while let Some(id) = next.pop() {
            for dependent in dependents.get(id).into_iter().flatten().copied() {
                if dependent.kind == SchemaObjectKind::Column {
                    return true;
                }
                let above = if dependent.kind.is_type() { Some(dependent) } else { None };
                let above = above.or_else(|| parent(dependent).filter(|id| id.kind.is_type()));
                next.extend(above.filter(|id| seen.insert(id)));
            }
        }
        false
    }

    /// Returns the objects that depend on each object, parts of it included.
    pub(crate) fn dependents(&self) -> BTreeMap<&SchemaObjectId, Vec<&SchemaObjectId>> {
        let mut all: BTreeMap<&SchemaObjectId, Vec<&SchemaObjectId>> = BTreeMap::new();
        for (id, object) in &self.objects {
            for need in object.needs.iter().chain(&object.parent) {
                all.entry(need).or_default().push(id);
            }
        }
        all
    }
}
