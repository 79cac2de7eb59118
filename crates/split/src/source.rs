//! What stands in a shared database, as values: tables, what hangs on them, and what refers to what.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// The number of an object in its catalogue.
pub type ObjectNumber = u32;

/// An object: the catalogue that has it, and its number there.
pub type ObjectKey = (CatalogueClass, ObjectNumber);

/// Catalogues whose objects may refer to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum CatalogueClass {
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

/// A table, view, sequence or foreign table.
#[derive(Debug, Clone, Deserialize)]
pub struct SourceRelation {
    pub oid: ObjectNumber,
    pub schema: String,
    pub name: String,
    /// Schema and name as the server quotes them.
    pub ident: String,
    pub kind: RelationKind,
    pub unlogged: bool,
    pub owner: String,
    /// At first the server's estimate.
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

/// A table that inherits from another one.
#[derive(Debug, Clone, Deserialize)]
pub struct ChildTable {
    pub child: ObjectNumber,
    pub parent: ObjectNumber,
    pub partition: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct SourceForeignKey {
    pub oid: ObjectNumber,
    pub name: String,
    pub relation: ObjectNumber,
    pub to: ObjectNumber,
    pub columns: Vec<String>,
    pub to_columns: Vec<String>,
}

/// Something that belongs to a relation and may refer to others.
#[derive(Debug, Clone, Deserialize)]
pub struct SourcePart {
    pub kind: PartKind,
    pub class: CatalogueClass,
    pub oid: ObjectNumber,
    pub relation: ObjectNumber,
    /// Quoted.
    pub name: String,
    /// Of what is no default but what a column is generated from, `attgenerated`.
    #[serde(default)]
    pub generated: Option<String>,
    /// The roles that a policy is for; `None` where it is for all.
    #[serde(default)]
    pub roles: Option<Vec<String>>,
}

impl SourcePart {
    /// Whether the copies that readers of a reference table get go without it: what it guards and what it does is the owner's.
    pub fn stays_with_the_owner(&self) -> bool {
        matches!(self.kind, PartKind::Rule | PartKind::Trigger | PartKind::Policy)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartKind {
    /// What a view reads.
    View,
    Rule,
    Trigger,
    Policy,
    Default,
    Check,
    Index,
}

#[derive(Debug, Clone, Deserialize)]
pub struct SourceRoutine {
    pub oid: ObjectNumber,
    /// With its argument types.
    pub ident: String,
    pub schema: String,
    pub name: String,
    pub language: String,
    pub body: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct SourceType {
    pub oid: ObjectNumber,
    pub ident: String,
    /// As `typtype` says it.
    pub kind: char,
    /// The type of an array's elements.
    pub of: ObjectNumber,
    /// The relation whose rows it is the type of.
    pub row_of: ObjectNumber,
}

#[derive(Debug, Clone, Deserialize)]
pub struct LargeObjectColumn {
    pub relation: ObjectNumber,
    pub name: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct SourcePublication {
    pub name: String,
    /// Of all tables.
    pub all: bool,
    pub tables: Option<Vec<ObjectNumber>>,
}

/// A shared database, read at one moment.
#[derive(Debug, Clone, Default)]
pub struct SourceCatalogue {
    pub major: u32,
    pub relations: BTreeMap<ObjectNumber, SourceRelation>,
    pub children: Vec<ChildTable>,
    pub foreign_keys: Vec<SourceForeignKey>,
    pub parts: Vec<SourcePart>,
    pub routines: BTreeMap<ObjectNumber, SourceRoutine>,
    pub types: BTreeMap<ObjectNumber, SourceType>,
    pub references: BTreeMap<ObjectKey, BTreeSet<ObjectKey>>,
    /// Objects that belong to another one, such as a column's own sequence.
    pub owned: BTreeMap<ObjectKey, BTreeSet<ObjectKey>>,
    pub large_object_columns: Vec<LargeObjectColumn>,
    pub publications: Vec<SourcePublication>,
}

impl SourceCatalogue {
    /// The table at whose top a partition hangs; any other relation itself.
    pub fn root(&self, oid: ObjectNumber) -> ObjectNumber {
        let parent =
            |oid| self.children.iter().find(|one| one.partition && one.child == oid).map(|one| one.parent);
        let mut top = oid;
        // A chain of partitions is never longer than there are tables.
        for _ in 0..self.children.len() {
            match parent(top) {
                Some(above) => top = above,
                None => break,
            }
        }
        top
    }

    pub fn ident(&self, oid: ObjectNumber) -> &str {
        self.relations.get(&oid).map_or("?", |relation| relation.ident.as_str())
    }

    /// Whether a map has to say where it goes: a table, or a sequence that no column takes its numbers from.
    pub fn has_to_be_placed(&self, relation: &SourceRelation) -> bool {
        let key = (CatalogueClass::Relation, relation.oid);
        let in_default = |part: &SourcePart| {
            part.class == CatalogueClass::Default
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

    /// The table that a sequence belongs to.
    pub fn owner_of_sequence(&self, sequence: ObjectNumber) -> Option<ObjectNumber> {
        let owners = self.owned.get(&(CatalogueClass::Relation, sequence))?;
        owners.iter().find(|(class, _)| *class == CatalogueClass::Relation).map(|(_, table)| *table)
    }
}
