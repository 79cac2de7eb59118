//! Direct and indirect needs of an object: tables and sequences through views, routines and types.

use std::collections::{BTreeMap, BTreeSet};

use super::scan::{ScannedName, scan};
use super::source::{
    CatalogClass, ObjectKey, Oid, PartKind, RelationKind, SourceCatalog, SourceRelation, SourceRoutine,
};

/// Needs of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    pub tables: BTreeSet<Oid>,
    pub views: BTreeSet<Oid>,
    pub sequences: BTreeSet<Oid>,
    pub routines: BTreeSet<Oid>,
    pub types: BTreeSet<Oid>,
}

/// Languages whose routines can be read, and those that only a superuser can use.
const KNOWN_LANGUAGES: &[&str] = &["sql", "plpgsql", "c", "internal"];

/// References of a shared database, including those in the bodies of routines.
pub(crate) struct ReferenceGraph<'a> {
    source: &'a SourceCatalog,
    /// Rules of each view.
    views: BTreeMap<Oid, Vec<ObjectKey>>,
    /// Objects that the body of each routine names.
    named: BTreeMap<Oid, BTreeSet<ObjectKey>>,
    /// Routines with dynamic SQL.
    unknown: BTreeSet<Oid>,
    /// Relations that each routine and rule may write into.
    written: BTreeMap<ObjectKey, BTreeSet<ObjectKey>>,
}

impl<'a> ReferenceGraph<'a> {
    pub(crate) fn new(source: &'a SourceCatalog) -> ReferenceGraph<'a> {
        let mut views: BTreeMap<Oid, Vec<ObjectKey>> = BTreeMap::new();
        for part in source.parts.iter().filter(|part| part.kind == PartKind::View) {
            views.entry(part.relation).or_default().push((part.class, part.oid));
        }
        let by_name = SourceNames::new(source);
        let (mut named, mut unknown, mut written) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        let find = |names: &[ScannedName]| -> BTreeSet<ObjectKey> {
            names.iter().flat_map(|name| by_name.find(name)).collect()
        };
        for routine in source.routines.values() {
            let found = scan(&routine.body);
            let is_known = KNOWN_LANGUAGES.contains(&routine.language.as_str());
            if !is_known || routine.language == "plpgsql" && found.executes {
                unknown.insert(routine.oid);
            }
            let mut all = find(&found.names);
            let key = (CatalogClass::Routine, routine.oid);
            written.insert(key, if is_known { find(&found.written) } else { all.clone() });
            all.remove(&key);
            named.insert(routine.oid, all);
        }
        for rule in &source.parts {
            let Some(text) = &rule.rule else { continue };
            written.insert((rule.class, rule.oid), find(&scan(text).written));
        }
        ReferenceGraph { source, views, named, unknown, written }
    }

    /// Returns the relations whose row types the columns of a relation have, also within other types.
    pub(crate) fn row_types(&self, relation: Oid) -> BTreeSet<Oid> {
        let (mut seen, mut rows) = (BTreeSet::new(), BTreeSet::new());
        let mut left = self.next((CatalogClass::Relation, relation));
        while let Some(key) = left.pop() {
            let Some(one) = self.source.types.get(&key.1).filter(|_| key.0 == CatalogClass::Type) else {
                continue;
            };
            match one.row_of {
                0 if seen.insert(key) => left.extend(self.next(key)),
                0 => {}
                row => drop(rows.insert(row)),
            }
        }
        rows.remove(&relation);
        rows
    }

    /// Returns the tables that an object writes into when it runs, by itself or through the routines that it calls.
    pub(crate) fn writes(&self, key: ObjectKey) -> BTreeSet<Oid> {
        let routines = self.needs([key]).routines.into_iter().map(|oid| (CatalogClass::Routine, oid));
        let named = routines.chain([key]).filter_map(|one| self.written.get(&one)).flatten();
        let relations = named.filter(|(class, _)| *class == CatalogClass::Relation);
        relations.flat_map(|(_, oid)| self.tables_behind(*oid)).collect()
    }

    /// Returns a table itself, and the tables that a view reads.
    fn tables_behind(&self, relation: Oid) -> BTreeSet<Oid> {
        match self.source.relations.get(&relation) {
            Some(one) if one.is_table() => [self.source.root(relation)].into(),
            Some(one) if one.is_view() => self.needs([(CatalogClass::Relation, relation)]).tables,
            _ => BTreeSet::new(),
        }
    }

    /// Returns the needs of these objects, without themselves.
    pub(crate) fn needs(&self, of: impl IntoIterator<Item = ObjectKey>) -> Needs {
        let mut needs = Needs::default();
        let mut left: Vec<ObjectKey> = of.into_iter().flat_map(|key| self.next(key)).collect();
        let mut seen: BTreeSet<ObjectKey> = left.iter().copied().collect();
        while let Some(key) = left.pop() {
            if !self.add(key, &mut needs) {
                continue;
            }
            for next in self.next(key) {
                if seen.insert(next) {
                    left.push(next);
                }
            }
        }
        needs
    }

    /// Adds an object; returns `true` if its own needs count, too.
    fn add(&self, (class, oid): ObjectKey, needs: &mut Needs) -> bool {
        match (class, self.source.relations.get(&oid)) {
            (CatalogClass::Relation, Some(relation)) => match relation.kind {
                RelationKind::Table | RelationKind::PartitionedTable => {
                    needs.tables.insert(self.source.root(oid));
                    false
                }
                RelationKind::View | RelationKind::MaterializedView => needs.views.insert(oid),
                RelationKind::Sequence => {
                    needs.sequences.insert(oid);
                    false
                }
                RelationKind::ForeignTable => false,
            },
            (CatalogClass::Routine, _) if self.source.routines.contains_key(&oid) => {
                needs.routines.insert(oid)
            }
            (CatalogClass::Type, _) => match self.source.types.get(&oid) {
                Some(one) if one.of == 0 && one.row_of == 0 => needs.types.insert(oid),
                Some(_) => true,
                None => false,
            },
            _ => false,
        }
    }

    fn next(&self, (class, oid): ObjectKey) -> Vec<ObjectKey> {
        let mut all: Vec<ObjectKey> =
            self.source.references.get(&(class, oid)).into_iter().flatten().copied().collect();
        match class {
            CatalogClass::Relation => {
                let rules = self.views.get(&oid).into_iter().flatten();
                all.extend(
                    rules
                        .flat_map(|rule| self.source.references.get(rule))
                        .flatten()
                        .filter(|to| to.1 != oid),
                );
            }
            CatalogClass::Routine => all.extend(self.named.get(&oid).into_iter().flatten()),
            CatalogClass::Type => {
                let one = self.source.types.get(&oid);
                let attributes = one.map_or(0, |one| one.attributes);
                all.extend(
                    self.source.references.get(&(CatalogClass::Relation, attributes)).into_iter().flatten(),
                );
                all.extend(one.filter(|one| one.of != 0).map(|one| (CatalogClass::Type, one.of)));
                all.extend(one.filter(|one| one.row_of != 0).map(|one| (CatalogClass::Relation, one.row_of)));
            }
            _ => {}
        }
        all
    }

    /// Returns the objects that the body of a routine names.
    pub(crate) fn named(&self, routine: Oid) -> impl Iterator<Item = ObjectKey> {
        self.named.get(&routine).into_iter().flatten().copied()
    }

    /// Returns `true` if the routine has dynamic SQL.
    pub(crate) fn is_unknown(&self, routine: Oid) -> bool {
        self.unknown.contains(&routine)
    }
}

/// Relations and routines by their bare names.
struct SourceNames<'a> {
    relations: BTreeMap<&'a str, Vec<&'a SourceRelation>>,
    routines: BTreeMap<&'a str, Vec<&'a SourceRoutine>>,
    schemas: BTreeSet<&'a str>,
}

impl<'a> SourceNames<'a> {
    fn new(source: &'a SourceCatalog) -> SourceNames<'a> {
        let mut all =
            SourceNames { relations: BTreeMap::new(), routines: BTreeMap::new(), schemas: BTreeSet::new() };
        for relation in source.relations.values() {
            all.relations.entry(&relation.name).or_default().push(relation);
            all.schemas.insert(&relation.schema);
        }
        for routine in source.routines.values() {
            all.routines.entry(&routine.name).or_default().push(routine);
            all.schemas.insert(&routine.schema);
        }
        all
    }

    /// Returns the possible objects of a name; after a schema, only those in that schema.
    fn find(&self, name: &ScannedName) -> impl Iterator<Item = ObjectKey> {
        let schema = name.before.as_deref().filter(|before| self.schemas.contains(before)).map(str::to_owned);
        let other = schema.clone();
        let relations = self.relations.get(name.name.as_str()).into_iter().flatten();
        let routines = self.routines.get(name.name.as_str()).into_iter().flatten();
        let relations = relations
            .filter(move |one| schema.as_ref().is_none_or(|schema| *schema == one.schema))
            .map(|one| (CatalogClass::Relation, one.oid));
        let routines = routines
            .filter(move |one| other.as_ref().is_none_or(|schema| *schema == one.schema))
            .map(|one| (CatalogClass::Routine, one.oid));
        relations.chain(routines)
    }
}
