//! Relationships between exposed relations: those of foreign keys, for tables and for views that show their columns.

use std::collections::BTreeMap;

use super::relations::{
    Cardinality, CatalogName, ExposedRelation, Junction, Relationship, RowFunction, TableKey,
};
use super::views::{CatalogOid, ColumnRef};

/// Columns of a relation that stand for those of a key.
type KeyColumns<'a> = (&'a ExposedRelation, Vec<String>);

/// Most relations of a key that are combined: a view may show a column many times.
const MAX_RELATIONSHIPS: usize = 64;

/// Relations, and the columns of tables that the columns of views show.
pub(super) struct KeyedRelations<'a> {
    pub relations: &'a BTreeMap<CatalogName, ExposedRelation>,
    pub(crate) origins: &'a BTreeMap<CatalogOid, Vec<(i16, ColumnRef)>>,
    pub keys: &'a [TableKey],
}

impl KeyedRelations<'_> {
    /// Returns the primary key of a relation, of a view those of the tables whose rows it shows.
    pub(super) fn primary_key(&self, relation: &ExposedRelation) -> Vec<String> {
        let keys = self.keys.iter().filter(|key| key.kind == "p");
        let shown =
            keys.filter_map(|key| self.columns_of(relation, key.table, &key.columns).into_iter().next());
        shown.flatten().fold(vec![], |mut all, name| {
            if !all.contains(&name) {
                all.push(name);
            }
            all
        })
    }

    /// Returns the lists of columns of a relation that stand for columns of a table.
    fn columns_of(&self, relation: &ExposedRelation, table: CatalogOid, columns: &[i16]) -> Vec<Vec<String>> {
        let names = |column: &i16| -> Vec<String> {
            if relation.oid == table {
                return relation.column_name(*column).map(str::to_owned).into_iter().collect();
            }
            let shown = self.origins.get(&relation.oid).into_iter().flatten();
            let own = shown.filter(|(_, place)| *place == (table, *column)).map(|(own, _)| *own);
            own.filter_map(|own| relation.column_name(own).map(str::to_owned)).collect()
        };
        let mut lists = vec![vec![]];
        for column in columns {
            let names = names(column);
            let longer = |list: &Vec<String>| {
                let with = |name: &String| list.iter().chain([name]).cloned().collect::<Vec<_>>();
                names.iter().map(with).collect::<Vec<_>>()
            };
            lists = lists.iter().flat_map(longer).take(MAX_RELATIONSHIPS).collect();
        }
        if columns.is_empty() { vec![] } else { lists }
    }

    fn showing(&self, table: CatalogOid, columns: &[i16]) -> Vec<KeyColumns<'_>> {
        let of = |relation| {
            self.columns_of(relation, table, columns).into_iter().map(move |names| (relation, names))
        };
        self.relations.values().flat_map(of).take(MAX_RELATIONSHIPS).collect()
    }

    fn is_unique(&self, key: &TableKey) -> bool {
        let same = |other: &TableKey| {
            other.columns.len() == key.columns.len()
                && key.columns.iter().all(|column| other.columns.contains(column))
        };
        self.keys.iter().any(|other| other.kind != "f" && other.table == key.table && same(other))
    }

    /// Returns all relationships.
    pub(super) fn relationships(&self) -> Vec<Relationship> {
        let mut there = vec![];
        for key in self.keys.iter().filter(|key| key.kind == "f") {
            let cardinality =
                if self.is_unique(key) { Cardinality::OneToOne } else { Cardinality::ManyToOne };
            let targets = self.showing(key.target, &key.target_columns);
            for (source, own) in self.showing(key.table, &key.columns) {
                there.extend(targets.iter().map(|(target, other)| Relationship {
                    table: name(source),
                    target: name(target),
                    constraint: key.name.clone(),
                    columns: own.iter().cloned().zip(other.iter().cloned()).collect(),
                    cardinality,
                    junction: None,
                    to_view: target.is_view,
                    is_own_key: true,
                    function: None,
                }));
            }
        }
        let back: Vec<Relationship> = there.iter().map(|one| self.reversed(one)).collect();
        let between = self.junctions(&there);
        there.into_iter().chain(back).chain(between).collect()
    }

    fn is_view(&self, name: &CatalogName) -> bool {
        self.relations.get(name).is_some_and(|relation| relation.is_view)
    }

    fn reversed(&self, one: &Relationship) -> Relationship {
        let cardinality = match one.cardinality {
            Cardinality::OneToOne => Cardinality::OneToOne,
            _ => Cardinality::OneToMany,
        };
        Relationship {
            table: one.target.clone(),
            target: one.table.clone(),
            columns: one.columns.iter().map(|(own, other)| (other.clone(), own.clone())).collect(),
            cardinality,
            to_view: self.is_view(&one.table),
            is_own_key: false,
            ..one.clone()
        }
    }

    /// Returns the many-to-many relationships: pairs of foreign keys of one relation whose columns are all in its primary
    /// key.
    fn junctions(&self, there: &[Relationship]) -> Vec<Relationship> {
        let to_one = || there.iter().filter(|one| one.cardinality == Cardinality::ManyToOne);
        let pairs = to_one().flat_map(|one| to_one().map(move |other| (one, other)));
        let is_junction = |(one, other): &(&Relationship, &Relationship)| {
            let Some(table) = self.relations.get(&one.table) else { return false };
            let mut columns = one.columns.iter().chain(&other.columns);
            one.table == other.table
                && one.constraint != other.constraint
                && columns.all(|(own, _)| table.key.contains(own))
        };
        let swapped = |one: &Relationship| {
            one.columns.iter().map(|(own, other)| (other.clone(), own.clone())).collect()
        };
        let found = pairs.filter(is_junction);
        found
            .map(|(one, other)| Relationship {
                table: one.target.clone(),
                target: other.target.clone(),
                constraint: String::new(),
                columns: vec![],
                cardinality: Cardinality::ManyToMany,
                to_view: other.to_view,
                is_own_key: false,
                function: None,
                junction: Some(Junction {
                    table: one.table.clone(),
                    source_constraint: one.constraint.clone(),
                    target_constraint: other.constraint.clone(),
                    source: swapped(one),
                    target: swapped(other),
                }),
            })
            .collect()
    }
}

/// Returns the relationships that functions of a row make between exposed relations.
pub(super) fn computed(
    functions: &[RowFunction],
    relations: &BTreeMap<CatalogName, ExposedRelation>,
) -> Vec<Relationship> {
    let exposed =
        |one: &&RowFunction| relations.contains_key(&one.source) && relations.contains_key(&one.target);
    let relationship = |one: &RowFunction| Relationship {
        table: one.source.clone(),
        target: one.target.clone(),
        constraint: String::new(),
        columns: vec![],
        cardinality: if one.single { Cardinality::ManyToOne } else { Cardinality::OneToMany },
        junction: None,
        to_view: false,
        is_own_key: false,
        function: Some(one.name.clone()),
    };
    functions.iter().filter(exposed).map(relationship).collect()
}

fn name(relation: &ExposedRelation) -> CatalogName {
    (relation.schema.clone(), relation.name.clone())
}
