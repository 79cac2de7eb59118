//! Source database's catalog: tables, their parts, and the references between objects.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::answers::EdgeKind;
use super::dependencies::{DependKey, Dependencies, class};

/// OID of an object in its catalog.
pub(crate) type Oid = u32;

/// Object: its catalog, and its OID there.
pub(crate) type ObjectKey = (CatalogClass, Oid);

/// Catalogs whose objects may refer to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum CatalogClass {
    #[serde(rename = "pg_class")]
    Relation,
    #[serde(rename = "pg_proc")]
    Routine,
    #[serde(rename = "pg_type")]
    Type,
    #[serde(rename = "pg_rewrite")]
    Rule,
    #[serde(rename = "pg_trigger")]
    Trigger,
    #[serde(rename = "pg_policy")]
    Policy,
    #[serde(rename = "pg_attrdef")]
    Default,
    #[serde(rename = "pg_constraint")]
    Constraint,
}

/// Returns an object's key in `pg_depend`.
pub(crate) fn key((class, oid): ObjectKey) -> DependKey {
    let class = match class {
        CatalogClass::Relation => class::RELATION,
        CatalogClass::Routine => class::ROUTINE,
        CatalogClass::Type => class::TYPE,
        CatalogClass::Rule => class::RULE,
        CatalogClass::Trigger => class::TRIGGER,
        CatalogClass::Policy => class::POLICY,
        CatalogClass::Default => class::DEFAULT,
        CatalogClass::Constraint => class::CONSTRAINT,
    };
    (class, oid)
}

/// Table, view, sequence or foreign table.
#[derive(Debug, Clone, Deserialize)]
pub struct SourceRelation {
    pub oid: Oid,
    pub schema: String,
    pub name: String,
    /// Schema and name, quoted by the server.
    pub ident: String,
    pub kind: RelationKind,
    pub unlogged: bool,
    pub owner: String,
    /// Number of rows; at first the server's estimate.
    pub rows: i64,
    pub bytes: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum RelationKind {
    #[serde(rename = "r")]
    Table,
    #[serde(rename = "p")]
    PartitionedTable,
    #[serde(rename = "v")]
    View,
    #[serde(rename = "m")]
    MaterializedView,
    #[serde(rename = "f")]
    ForeignTable,
    #[serde(rename = "S")]
    Sequence,
}

impl SourceRelation {
    pub fn is_table(&self) -> bool {
        matches!(self.kind, RelationKind::Table | RelationKind::PartitionedTable)
    }

    pub fn is_view(&self) -> bool {
        matches!(self.kind, RelationKind::View | RelationKind::MaterializedView)
    }
}

/// Table that inherits from another one.
#[derive(Debug, Clone, Deserialize)]
pub struct ChildTable {
    pub child: Oid,
    pub parent: Oid,
    pub partition: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct SourceForeignKey {
    pub oid: Oid,
    pub name: String,
    pub relation: Oid,
    pub to: Oid,
    pub columns: Vec<String>,
    pub to_columns: Vec<String>,
}

/// Object that belongs to a relation and may refer to others.
#[derive(Debug, Clone, Deserialize)]
pub struct SourcePart {
    pub kind: PartKind,
    pub class: CatalogClass,
    pub oid: Oid,
    pub relation: Oid,
    /// Name, quoted.
    pub name: String,
    /// Name as in the catalog.
    pub bare: String,
    /// Definition of a rule.
    #[serde(default)]
    pub rule: Option<String>,
    /// Value of `attgenerated`, for a generated column instead of a default.
    #[serde(default)]
    pub generated: Option<String>,
    /// Roles that a policy applies to; `None` if it applies to all.
    #[serde(default)]
    pub roles: Option<Vec<String>>,
}

impl SourcePart {
    /// Returns `true` if the part can be disabled and enabled again.
    pub(crate) fn is_switchable(&self) -> bool {
        matches!(self.kind, PartKind::Rule | PartKind::Trigger)
    }

    /// Returns `true` if the copies of a reference table omit the part: its checks and effects belong to the owner.
    pub(crate) fn stays_with_the_owner(&self) -> bool {
        matches!(self.kind, PartKind::Rule | PartKind::Trigger | PartKind::Policy)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartKind {
    /// Rule of a view.
    View,
    Rule,
    Trigger,
    Policy,
    Default,
    Check,
    Index,
}

impl PartKind {
    /// Returns the kind of its edges; `None` for a view, which is a relation.
    pub fn edge(self) -> Option<EdgeKind> {
        Some(match self {
            PartKind::View => return None,
            PartKind::Rule => EdgeKind::Rule,
            PartKind::Trigger => EdgeKind::Trigger,
            PartKind::Policy => EdgeKind::Policy,
            PartKind::Default => EdgeKind::Default,
            PartKind::Check => EdgeKind::Check,
            PartKind::Index => EdgeKind::Index,
        })
    }

    pub fn name(self) -> &'static str {
        self.edge().map_or("view", EdgeKind::name)
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct SourceRoutine {
    pub oid: Oid,
    /// Name with argument types.
    pub ident: String,
    pub schema: String,
    pub name: String,
    pub language: String,
    pub body: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct SourceType {
    pub oid: Oid,
    pub schema: String,
    pub ident: String,
    /// Value of `typtype`.
    pub kind: char,
    /// Element type of an array.
    pub of: Oid,
    /// Relation of a row type.
    pub row_of: Oid,
    /// Entry in `pg_class` of a composite type's attributes.
    #[serde(default)]
    pub attributes: Oid,
}

#[derive(Debug, Clone, Deserialize)]
pub struct LargeObjectColumn {
    pub relation: Oid,
    pub name: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct SourcePublication {
    pub name: String,
    /// `true` if it publishes all tables.
    pub all: bool,
    pub tables: Option<Vec<Oid>>,
}

/// Shared database, read in one snapshot.
#[derive(Debug, Clone, Default)]
pub struct SourceCatalog {
    pub major: u32,
    pub relations: BTreeMap<Oid, SourceRelation>,
    pub children: Vec<ChildTable>,
    pub foreign_keys: Vec<SourceForeignKey>,
    pub parts: Vec<SourcePart>,
    pub routines: BTreeMap<Oid, SourceRoutine>,
    pub types: BTreeMap<Oid, SourceType>,
    pub references: BTreeMap<ObjectKey, BTreeSet<ObjectKey>>,
    /// Objects that belong to another one, such as a column's own sequence.
    pub owned: BTreeMap<ObjectKey, BTreeSet<ObjectKey>>,
    pub large_object_columns: Vec<LargeObjectColumn>,
    pub publications: Vec<SourcePublication>,
    pub event_triggers: Vec<String>,
    pub(crate) depends: Dependencies,
    /// Objects that only a superuser can make, with their kind and name.
    pub(crate) beyond: BTreeMap<DependKey, String>,
}

impl SourceCatalog {
    /// Returns the topmost table of a partition; any other relation itself.
    pub fn root(&self, oid: Oid) -> Oid {
        let parent =
            |oid| self.children.iter().find(|one| one.partition && one.child == oid).map(|one| one.parent);
        let mut top = oid;
        // A chain of partitions is never longer than the number of tables.
        for _ in 0..self.children.len() {
            match parent(top) {
                Some(above) => top = above,
                None => break,
            }
        }
        top
    }

    /// Returns a table, and its partitions.
    pub(crate) fn family(&self, table: Oid) -> BTreeSet<Oid> {
        let mut all: BTreeSet<Oid> = [table].into();
        loop {
            let inside = |one: &&ChildTable| one.partition && all.contains(&one.parent);
            let children: Vec<Oid> = self.children.iter().filter(inside).map(|one| one.child).collect();
            let before = all.len();
            all.extend(children);
            if all.len() == before {
                return all;
            }
        }
    }

    pub fn ident(&self, oid: Oid) -> &str {
        self.relations.get(&oid).map_or("?", |relation| relation.ident.as_str())
    }

    /// Returns `true` if a map must assign the relation: a table, or a sequence that no column uses.
    pub(crate) fn has_to_be_placed(&self, relation: &SourceRelation) -> bool {
        let key = (CatalogClass::Relation, relation.oid);
        let in_default = |part: &SourcePart| {
            part.class == CatalogClass::Default
                && self.references.get(&(part.class, part.oid)).is_some_and(|all| all.contains(&key))
        };
        match relation.kind {
            RelationKind::Table | RelationKind::PartitionedTable => true,
            RelationKind::Sequence => {
                self.owner_of_sequence(relation.oid).is_none() && !self.parts.iter().any(in_default)
            }
            _ => false,
        }
    }

    /// Returns the table that a sequence belongs to.
    pub(crate) fn owner_of_sequence(&self, sequence: Oid) -> Option<Oid> {
        let owners = self.owned.get(&(CatalogClass::Relation, sequence))?;
        owners.iter().find(|(class, _)| *class == CatalogClass::Relation).map(|(_, table)| *table)
    }
}
