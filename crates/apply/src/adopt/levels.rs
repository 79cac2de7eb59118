//! The narrowest level of `access:` that keeps what a role uses (docs/access.md).

use std::collections::{BTreeMap, BTreeSet};

/// Use of a relation by a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    Read,
    Write,
}

/// A relation by schema and name.
pub(crate) type RelationName = (String, String);

/// Tables and views of the service by schema. Sequences without a table occur only in needs.
pub(crate) type SchemaRelations = BTreeMap<String, BTreeSet<String>>;

/// Needs of a role on future objects: in one schema, or in all (`None`).
pub(crate) type FutureNeeds = BTreeMap<Option<String>, Need>;

/// Values of `read` and `write`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Extents {
    pub read: Vec<String>,
    pub write: Vec<String>,
    /// Relations whose names cannot be written as an extent.
    pub unnamed: Vec<String>,
}

/// Returns the narrowest extents: a whole schema if the role uses all of it or will use future tables; otherwise
/// single relations.
pub(crate) fn narrowest(
    service: &str,
    relations: &SchemaRelations,
    needs: &BTreeMap<RelationName, Need>,
    future: &FutureNeeds,
) -> Extents {
    let mut extents = Extents::default();
    let used = Used { relations, needs, future };
    let covered: BTreeMap<&String, Need> =
        relations.keys().filter_map(|schema| Some((schema, used.of_schema(schema)?))).collect();
    let everywhere = used.everywhere(&covered);
    if let Some(need) = everywhere {
        extents.add(need, service.to_owned());
    }
    for (schema, need) in covered.iter().filter(|(_, need)| everywhere < Some(**need)) {
        match schema.contains('.') {
            true => extents.unnamed.push(format!("schema {schema}")),
            false => extents.add(*need, format!("{service}.{schema}")),
        }
    }
    for ((schema, name), need) in needs {
        if covered.get(schema).copied().max(everywhere) >= Some(*need) {
            continue;
        }
        match schema.contains('.') || name.contains('.') {
            true => extents.unnamed.push(format!("{schema}.{name}")),
            false => extents.add(*need, format!("{service}.{schema}.{name}")),
        }
    }
    extents
}

impl Extents {
    fn add(&mut self, need: Need, extent: String) {
        match need {
            Need::Read => self.read.push(extent),
            Need::Write => self.write.push(extent),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.read.is_empty() && self.write.is_empty()
    }
}

struct Used<'a> {
    relations: &'a SchemaRelations,
    needs: &'a BTreeMap<RelationName, Need>,
    future: &'a FutureNeeds,
}

impl Used<'_> {
    /// Returns the need that covers every relation in a schema. A single relation does not count as a schema,
    /// unless the role has default privileges there.
    fn of_schema(&self, schema: &String) -> Option<Need> {
        let names = &self.relations[schema];
        let of = |name: &String| self.needs.get(&(schema.clone(), name.clone())).copied();
        let all = names.iter().map(of).min().flatten()?;
        let future = self.future.get(&Some(schema.clone())).max(self.future.get(&None)).copied();
        if names.len() > 1 { Some(all) } else { future.map(|future| future.min(all)) }
    }

    /// Returns the need that covers the whole service, future schemas included.
    fn everywhere(&self, covered: &BTreeMap<&String, Need>) -> Option<Need> {
        let future = *self.future.get(&None)?;
        let filled = self.relations.iter().filter(|(_, names)| !names.is_empty());
        let least = filled.map(|(schema, _)| covered.get(schema).copied()).min().flatten()?;
        Some(least.min(future))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[(&str, &[&str])] = &[("public", &["a", "b"]), ("billing", &["bill"]), ("odd.one", &["x"])];

    fn place(text: &str) -> RelationName {
        let (schema, name) = text.rsplit_once('/').unwrap();
        (schema.into(), name.into())
    }

    fn extents(read: &[&str], write: &[&str], future: &[(Option<&str>, Need)]) -> Extents {
        let relations = ALL
            .iter()
            .map(|(schema, names)| ((*schema).into(), names.iter().map(ToString::to_string).collect()))
            .collect();
        let needs = read.iter().map(|text| (place(text), Need::Read));
        let needs = needs.chain(write.iter().map(|text| (place(text), Need::Write))).collect();
        let future = future.iter().map(|(schema, need)| (schema.map(String::from), *need)).collect();
        narrowest("shop", &relations, &needs, &future)
    }

    #[test]
    fn a_schema_is_named_where_all_of_it_is_used() {
        let some = extents(&["public/a"], &["billing/bill"], &[]);
        assert_eq!(some.read, ["shop.public.a"]);
        assert_eq!(some.write, ["shop.billing.bill"]);
        assert_eq!(extents(&["public/a", "public/b"], &[], &[]).read, ["shop.public"]);
        // Reads all tables, writes one.
        let mixed = extents(&["public/a"], &["public/b"], &[]);
        assert_eq!(
            (mixed.read.as_slice(), mixed.write.as_slice()),
            (&["shop.public".into()][..], &["shop.public.b".into()][..])
        );
        // Default privileges: a single table counts as a schema.
        let future = [(Some("billing"), Need::Write)];
        assert_eq!(extents(&[], &["billing/bill"], &future).write, ["shop.billing"]);
        assert_eq!(extents(&["billing/bill"], &[], &future).read, ["shop.billing"]);
        // A sequence without a table.
        assert_eq!(
            extents(&["public/a", "public/b", "public/free"], &["billing/free"], &[]).write,
            ["shop.billing.free"]
        );
    }

    #[test]
    fn a_service_is_named_where_the_role_gets_whatever_is_made() {
        let all = ["public/a", "public/b", "billing/bill", "odd.one/x"];
        let found = extents(&all, &[], &[(None, Need::Read)]);
        assert_eq!((found.read.as_slice(), found.unnamed.len()), (&["shop".to_owned()][..], 0));
        let without = extents(&all, &[], &[]);
        assert_eq!(without.read, ["shop.public", "shop.billing.bill"]);
        assert_eq!(without.unnamed, ["odd.one.x"]);
        assert!(extents(&all[..3], &[], &[(None, Need::Read)]).read.contains(&"shop.billing".into()));
    }
}
