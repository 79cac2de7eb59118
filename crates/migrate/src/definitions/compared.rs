//! The part of a catalog that only migrations change. Pure.
//!
//! Owners and privileges are the manifest's, and `plan` compares them. Members of extensions are not in a catalog.

use super::partitions::equal_to_parent;
use crate::history::Catalog;
use crate::history::privileges::without_privileges;
use crate::target::MigrationTarget;
use martydb_model::sql::split_name_list;

/// Objects of a service that migrations alone change.
#[derive(Debug, Clone, Default)]
pub(crate) struct DriftScope {
    owner: String,
    /// Declared schemas.
    schemas: Vec<String>,
    /// Declared extensions.
    extensions: Vec<String>,
    /// Tables whose partitions martydb makes and removes.
    maintained: Vec<String>,
}

/// Kinds whose definition begins with their owner.
const OWNED: &[&str] = &[
    "composite type", "foreign table", "materialized view", "partitioned table", "routine", "sequence",
    "table", "view",
];

/// Types of objects, as the server identifies them, whose row beside their owner's counts.
const COVERED: &[&str] = &[
    "aggregate", "composite type", "foreign table", "function", "index", "materialized view", "procedure",
    "publication", "schema", "sequence", "server", "statistics object", "table", "type", "view",
];

/// Types of objects that no migration decides: rows, privileges, and what the files of an extension say.
const UNDECIDED: &[&str] = &["default acl", "extension", "large object"];

/// Start of the names of what martydb itself makes, and of its comments.
const OURS: [&str; 2] = ["martydb_", "martydb:"];

impl DriftScope {
    pub(crate) fn of(target: &MigrationTarget) -> DriftScope {
        DriftScope {
            owner: target.owner.to_string(),
            schemas: target.schemas.iter().map(ToString::to_string).collect(),
            extensions: target.extensions.clone(),
            maintained: target.maintained.clone(),
        }
    }

    #[cfg(test)]
    pub(crate) fn of_schema(name: &str) -> DriftScope {
        DriftScope { schemas: vec![name.into()], ..DriftScope::default() }
    }

    /// Returns the rows that count, each with the part of its definition that counts.
    pub(crate) fn comparable(&self, catalog: &Catalog) -> Catalog {
        // Their comments tell detached partitions, and do not count.
        let catalog = catalog.without_partitions(&self.maintained);
        let counted = catalog.0.iter().filter(|((kind, name), text)| self.counts(kind, name, text));
        let rows = counted.map(|(key, text)| (key.clone(), text.clone())).collect();
        let bare = without_privileges(Catalog(rows), &self.owner);
        let strip = |((kind, name), text): ((String, String), String)| {
            let text = self.without_owner(&kind, text);
            ((kind, name), text)
        };
        Catalog(bare.0.into_iter().map(strip).collect())
    }

    fn counts(&self, kind: &str, name: &str, text: &str) -> bool {
        let is_of = |types: &[&str]| types.iter().any(|one| name.starts_with(&format!("{one} ")));
        let declared = |schema: String| self.schemas.contains(&schema);
        let last = name.rsplit(['.', ' ']).next().unwrap_or_default();
        match kind {
            // `apply` makes the declared ones.
            "default privileges" | "schema" => false,
            "extension" => !split_name_list(name).pop().is_some_and(|one| self.extensions.contains(&one)),
            "owner" if is_of(COVERED) => false,
            "comment" if text.starts_with(OURS[1]) || name.contains(OURS[0]) => false,
            "owner" | "comment" => !is_of(UNDECIDED) && schema_of(name).is_none_or(declared),
            "publication" | "publication table" | "publication schema" => !name.starts_with(OURS[0]),
            "trigger" if last.starts_with(OURS[0]) => false,
            "foreign server" | "cast" => true,
            _ => schema_of(name).is_none_or(declared),
        }
    }

    fn without_owner(&self, kind: &str, text: String) -> String {
        let after_owner = |text: &str| {
            let rest = text.strip_prefix(self.owner.as_str()).and_then(|rest| rest.strip_prefix(' '));
            rest.or_else(|| Some(text.split_once(' ')?.1)).unwrap_or_default().to_owned()
        };
        match kind {
            "owner" => String::new(),
            // The version of an extension is its own.
            "extension" => text.rsplit(' ').next().unwrap_or_default().into(),
            "type" => match text.split_once(' ') {
                Some((letter, rest)) => format!("{letter} {}", after_owner(rest)),
                None => text,
            },
            "column" => without_target(&text),
            _ if OWNED.contains(&kind) => after_owner(&text),
            _ => text,
        }
    }
}

/// Removes partitions from both sides that are equal to their parent on each side that has them.
pub(crate) fn without_partitions(expected: &Catalog, live: &Catalog) -> (Catalog, Catalog) {
    let equal = [equal_to_parent(expected), equal_to_parent(live)];
    let has = |catalog: &Catalog, name: &str| {
        let key = |kind: &str| (kind.to_owned(), name.to_owned());
        ["table", "partitioned table"].iter().any(|kind| catalog.0.contains_key(&key(kind)))
    };
    let is_equal = |name: &&str| {
        let sides = [expected, live].into_iter().zip(&equal);
        sides.into_iter().all(|(catalog, equal)| equal.contains(*name) || !has(catalog, name))
    };
    let names = equal.iter().flatten().map(String::as_str).filter(is_equal).collect();
    (expected.without_tables(&names), live.without_tables(&names))
}

/// Removes the statistics target of a column.
fn without_target(text: &str) -> String {
    let Some((head, tail)) = text.rsplit_once(" statistics ") else { return text.to_owned() };
    let rest = tail.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
    format!("{head}{rest}")
}

/// Returns the schema of the first qualified name in an object's identity, such as `trigger t on public.orders`.
fn schema_of(identity: &str) -> Option<String> {
    let (mut start, mut quoted) = (0, false);
    for (at, c) in identity.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '.' if !quoted => return split_name_list(&identity[start..at]).pop(),
            ' ' | '(' | ',' if !quoted => start = at + 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> DriftScope {
        let schemas = ["public", "My App"].map(str::to_owned).into();
        DriftScope {
            owner: "shop owner".into(),
            schemas,
            extensions: vec!["uuid-ossp".into()],
            maintained: vec![],
        }
    }

    #[test]
    fn the_schema_is_that_of_the_first_qualified_name() {
        for (identity, expected) in [
            ("public.orders", Some("public")),
            ("trigger t on public.orders", Some("public")),
            ("\"My.App\".\"a.b\".c", Some("My.App")),
            ("function public.f(audit.kind)", Some("public")),
            ("foreign-data wrapper x", None),
        ] {
            assert_eq!(schema_of(identity).as_deref(), expected, "{identity}");
        }
    }

    #[test]
    fn owners_and_privileges_do_not_count() {
        let row = |kind: &str, name: &str, text: &str| ((kind.to_owned(), name.to_owned()), text.to_owned());
        for (kind, name, one, other) in [
            (
                "table",
                "public.t",
                "shop owner p \"shop owner\"=arwdDxt/\"shop owner\",a=r/\"shop owner\" identity d",
                "b p b=arwd/b identity d",
            ),
            ("type", "public.e", "e shop owner =U/\"shop owner\" 'a'", "e b 'a'"),
            ("column", "public.t.a", "integer storage p statistics 500", "integer storage p"),
            ("extension", "hstore", "1.7 public", "1.8 public"),
        ] {
            let [one, other] = [one, other].map(|text| {
                scope().comparable(&Catalog([row(kind, name, text)].into())).0.into_iter().collect::<Vec<_>>()
            });
            assert_eq!(one.len(), 1, "{kind}");
            assert_eq!(one, other, "{kind}");
        }
    }

    #[test]
    fn only_objects_that_migrations_decide_count() {
        for (kind, name, text, counts) in [
            ("table", "public.t", "", true),
            ("table", "\"My App\".t", "", true),
            ("table", "other.t", "", false),
            ("schema", "other", "", false),
            ("schema", "\"My App\"", "", false),
            ("extension", "\"uuid-ossp\"", "1.1 public", false),
            ("extension", "hstore", "1.8 public", true),
            ("comment", "extension hstore", "x", false),
            ("comment", "table public.t", "x", true),
            ("comment", "table public.t", "martydb:partition", false),
            ("comment", "table other.t", "x", false),
            ("owner", "table public.t", "", false),
            ("owner", "operator public.+(integer,integer)", "", true),
            ("owner", "default acl for role x on tables", "", false),
            ("comment", "large object 7", "x", false),
            ("trigger", "public.t.martydb_split_closed", "", false),
            ("trigger", "public.t.audit", "", true),
            ("publication", "martydb_split_shop", "", false),
            ("publication", "events", "", true),
            ("default privileges", "shop r", "", false),
        ] {
            assert_eq!(scope().counts(kind, name, text), counts, "{kind} {name}");
        }
    }
}
