//! Partitions that martydb makes and removes by time, which are not part of a schema's definition.

use std::collections::BTreeSet;

use super::catalog::Catalog;
use super::index_text::on_table;
use martydb_model::DETACHED_PARTITION;

impl Catalog {
    /// Returns the catalog without the range partitions of these tables (`schema.table`), and without the tables that were
    /// such partitions until they were detached.
    #[must_use]
    pub fn without_partitions(&self, tables: &[String]) -> Catalog {
        self.without_tables(&self.0.iter().filter_map(|row| part(row, tables)).collect())
    }

    /// Returns the catalog without these tables and their parts.
    pub(crate) fn without_tables(&self, parts: &BTreeSet<&str>) -> Catalog {
        if parts.is_empty() {
            return self.clone();
        }
        let belongs = |(kind, name): &(String, String), text: &str| match kind.as_str() {
            "index" => on_table(text).is_some_and(|table| parts.contains(table)),
            // Their objects are named after a kind, such as `table column public.a.id`.
            "owner" | "comment" => name.rsplit(' ').next().is_some_and(|name| is_of(parts, name)),
            _ => is_of(parts, name),
        };
        let rest = self.0.iter().filter(|(key, text)| !belongs(key, text));
        Catalog(rest.map(|(key, text)| (key.clone(), text.clone())).collect())
    }
}

/// Returns the table of a row about a partition by time, attached or detached.
fn part<'a>(((kind, name), text): (&'a (String, String), &String), tables: &[String]) -> Option<&'a str> {
    match kind.as_str() {
        "comment" if !tables.is_empty() && text == DETACHED_PARTITION => name.strip_prefix("table "),
        "table" if text.contains("FOR VALUES FROM (") && inherits(text, tables) => Some(name),
        _ => None,
    }
}

fn inherits(text: &str, tables: &[String]) -> bool {
    let Some((_, parent)) = text.split_once(" inherits ") else { return false };
    let parent = parent.replace('"', "");
    let is_it = |table: &String| {
        parent.strip_prefix(table.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    tables.iter().any(is_it)
}

/// Returns `true` if the name is one of these tables, or of a part of one, such as a column.
fn is_of(parts: &BTreeSet<&str>, name: &str) -> bool {
    let mut dots = name.match_indices('.').map(|(at, _)| &name[..at]);
    parts.contains(name) || dots.any(|table| parts.contains(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_of_declared_tables_and_their_parts_are_left_out() {
        let rows = [
            ("table", "public.ev", "o p identity d RANGE (at)"),
            (
                "table",
                "public.ev_1",
                "o p FOR VALUES FROM ('2026-01-01') TO ('2026-01-02') inherits public.ev am heap",
            ),
            ("table", "public.ev_rest", "o p DEFAULT inherits public.ev am heap"),
            ("table", "public.other_1", "o p FOR VALUES FROM (1) TO (2) inherits public.event am heap"),
            ("column", "public.ev_1.at", "date"),
            ("index", "public.ev_1_at_idx", "CREATE INDEX ev_1_at_idx ON public.ev_1 USING btree (at)"),
            ("index", "public.ev_at", "CREATE INDEX ev_at ON ONLY public.ev USING btree (at)"),
            ("comment", "table public.ev_1", "martydb:partition"),
            ("table", "public.old", "o p am heap"),
            ("comment", "table public.old", "martydb:detached"),
            ("constraint", "public.old.c", "CHECK (true)"),
        ];
        let entry = |(kind, name, text): &(&str, &str, &str)| {
            (((*kind).to_owned(), (*name).to_owned()), (*text).to_owned())
        };
        let catalog = Catalog(rows.iter().map(entry).collect());
        let left = catalog.without_partitions(&["public.ev".into()]);
        let names: Vec<&str> = left.0.keys().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["public.ev_at", "public.ev", "public.ev_rest", "public.other_1"]);
        assert_eq!(catalog.without_partitions(&[]), catalog);
    }
}
