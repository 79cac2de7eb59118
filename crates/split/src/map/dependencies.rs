//! Objects of a source that a service needs: the dependencies of its tables, views and routines, and the objects that
//! belong to them, up to the tables of other services.

use std::collections::{BTreeMap, BTreeSet};

/// Object in `pg_depend` and in an archive's table of contents: the OIDs of its catalog and its own.
pub(crate) type DependKey = (u32, u32);

/// OIDs of catalogs, which are the same on every server.
pub(crate) mod class {
    pub(crate) const TYPE: u32 = 1247;
    pub(crate) const ROUTINE: u32 = 1255;
    pub(crate) const RELATION: u32 = 1259;
    pub(crate) const DEFAULT: u32 = 2604;
    pub(crate) const CONSTRAINT: u32 = 2606;
    pub(crate) const RULE: u32 = 2618;
    pub(crate) const TRIGGER: u32 = 2620;
    pub(crate) const EXTENSION: u32 = 3079;
    pub(crate) const POLICY: u32 = 3256;
    pub(crate) const PUBLICATION_TABLE: u32 = 6106;
}

/// Row of `pg_depend`: an object, its dependency, and the type of the dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DependRow {
    pub object: DependKey,
    pub needs: DependKey,
    pub kind: char,
}

/// All dependencies, in both directions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dependencies {
    needs: BTreeMap<DependKey, Vec<(DependKey, char)>>,
    hangs: BTreeMap<DependKey, Vec<(DependKey, char)>>,
}

impl FromIterator<DependRow> for Dependencies {
    fn from_iter<I: IntoIterator<Item = DependRow>>(rows: I) -> Dependencies {
        let mut all = Dependencies::default();
        for row in rows {
            all.needs.entry(row.object).or_default().push((row.needs, row.kind));
            all.hangs.entry(row.needs).or_default().push((row.object, row.kind));
        }
        all
    }
}

impl Dependencies {
    fn needs(&self, of: DependKey) -> impl Iterator<Item = (DependKey, char)> {
        self.needs.get(&of).into_iter().flatten().copied()
    }

    fn hangs(&self, on: DependKey) -> impl Iterator<Item = (DependKey, char)> {
        self.hangs.get(&on).into_iter().flatten().copied()
    }

    /// Returns the relation of an index, a constraint or the like.
    pub(crate) fn relation_of(&self, object: DependKey) -> Option<u32> {
        let mut at = object;
        for _ in 0..3 {
            let relations = self.needs(at).filter(|(to, kind)| matches!(kind, 'a' | 'i') && *to != at);
            let above =
                relations.map(|(to, _)| to).find(|to| matches!(to.0, class::RELATION | class::CONSTRAINT))?;
            if above.0 == class::RELATION {
                return Some(above.1);
            }
            at = above;
        }
        None
    }

    /// Returns the types and the like that a relation's columns need, and the functions of its defaults and checks, without
    /// other relations.
    pub(crate) fn of_definition(&self, relation: u32) -> impl Iterator<Item = DependKey> {
        let object = (class::RELATION, relation);
        let parts = self.hangs(object).map(|(part, _)| part);
        let parts = parts.filter(|part| matches!(part.0, class::DEFAULT | class::CONSTRAINT));
        let needs = parts.chain([object]).flat_map(|part| self.needs(part).map(|(to, _)| to));
        needs.filter(|to| to.0 != class::RELATION)
    }

    /// Returns everything that belongs to `roots`, except `kept_out` and the objects that need it. `also` adds
    /// dependencies that no catalog contains.
    pub(crate) fn closure(
        &self,
        roots: &BTreeSet<DependKey>,
        kept_out: &BTreeSet<DependKey>,
        also: impl Fn(DependKey) -> Vec<DependKey>,
    ) -> BTreeSet<DependKey> {
        let mut members = roots.clone();
        let mut left: Vec<DependKey> = roots.iter().copied().collect();
        while let Some(member) = left.pop() {
            let needed = self.needs(member).map(|(to, _)| to);
            // An object that is dropped with the member is a part of it.
            let hanging = self.hangs(member).filter(|(_, kind)| matches!(kind, 'a' | 'i' | 'P' | 'S'));
            let hanging = hanging.map(|(from, _)| from).filter(|from| from.0 != class::PUBLICATION_TABLE);
            // Only an extension's own objects belong to it.
            let hanging = hanging.filter(|_| member.0 != class::EXTENSION);
            for next in needed.chain(hanging).chain(also(member)) {
                let fits = !kept_out.contains(&next) && self.fits(next, kept_out);
                if fits && members.insert(next) {
                    left.push(next);
                }
            }
        }
        members
    }

    /// Returns `true` unless the object needs one that is kept out. A part of a partitioned index is created without
    /// the whole one.
    fn fits(&self, object: DependKey, kept_out: &BTreeSet<DependKey>) -> bool {
        !self.needs(object).any(|(to, kind)| matches!(kind, 'n' | 'a' | 'i') && kept_out.contains(&to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(all: &[(DependKey, DependKey, char)]) -> Dependencies {
        all.iter()
            .map(|(object, needs, kind)| DependRow { object: *object, needs: *needs, kind: *kind })
            .collect()
    }

    #[test]
    fn a_foreign_key_to_a_table_outside_stays_behind() {
        let (own, other) = ((class::RELATION, 1), (class::RELATION, 2));
        let (index, other_index) = ((class::RELATION, 11), (class::RELATION, 12));
        let (primary, foreign) = ((class::CONSTRAINT, 21), (class::CONSTRAINT, 22));
        let (trigger, function, mood) = ((class::TRIGGER, 31), (class::ROUTINE, 41), (class::TYPE, 51));
        let all = rows(&[
            (primary, own, 'a'),
            (index, primary, 'i'),
            (foreign, own, 'a'),
            (foreign, other, 'n'),
            (foreign, other_index, 'n'),
            (other_index, other, 'a'),
            (trigger, own, 'a'),
            (trigger, function, 'n'),
            (own, mood, 'n'),
            ((class::PUBLICATION_TABLE, 61), own, 'a'),
        ]);
        let found = all.closure(&[own].into(), &[other].into(), |_| vec![]);
        assert_eq!(found, [own, index, primary, trigger, function, mood].into());
        assert_eq!(all.relation_of(index), Some(1));
        // A trigger that crosses is kept out, together with its function.
        let found = all.closure(&[own].into(), &[other, trigger].into(), |_| vec![]);
        assert_eq!(found, [own, index, primary, mood].into());
    }
}
