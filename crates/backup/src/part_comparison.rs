//! Comparison of some restored tables with the record of the whole database.

use super::archive_part::ArchivePart;
use super::chosen_tables::RecordedTable;
use crate::move_service::compare::CopySide;

/// Returns the record and the restored database with only the restored tables: their rows, columns, indexes and
/// constraints, and the positions of the restored sequences.
pub(crate) fn restricted([recorded, found]: [CopySide; 2], part: &ArchivePart) -> [CopySide; 2] {
    let is_sequence = |name: &&String| name.starts_with("sequence ");
    let sequences: Vec<String> = found.sums.keys().filter(is_sequence).cloned().collect();
    let is_table = |name: &str| {
        name.strip_prefix("table ").is_some_and(|name| part.tables.iter().any(|table| table.name == name))
    };
    [recorded, found].map(|mut side| {
        side.sums.retain(|name, _| is_table(name) || sequences.contains(name));
        side.catalog
            .0
            .retain(|(kind, name), text| part.tables.iter().any(|table| is_of(table, kind, name, text)));
        side
    })
}

/// Returns `true` for an object of the catalog that belongs to the table and is restored with it.
fn is_of(table: &RecordedTable, kind: &str, name: &str, text: &str) -> bool {
    let is_part = || name.strip_prefix(&table.name).is_some_and(|rest| rest.starts_with('.'));
    match kind {
        "column" => is_part(),
        "constraint" => is_part() && !["FOREIGN KEY", "TRIGGER"].iter().any(|begin| text.starts_with(begin)),
        "index" => ["", "ONLY "].iter().any(|only| text.contains(&format!(" ON {only}{} ", table.name))),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::move_service::compare::differences;
    use martydb_migrate::history::Catalog;

    const OBJECTS: &[(&str, &str, &str)] = &[
        ("table", "public.item", "o row security"),
        ("column", "public.item.id", "int4"),
        ("column", "public.item2.id", "int4"),
        ("constraint", "public.item.item_pkey", "PRIMARY KEY (id)"),
        ("constraint", "public.item.item_fkey", "FOREIGN KEY (id) REFERENCES public.item2(id)"),
        ("index", "public.item_idx", "CREATE INDEX item_idx ON public.item USING btree (id)"),
        ("trigger", "public.item.stamped", "CREATE TRIGGER …"),
    ];

    fn side(objects: &[(&str, &str, &str)], sums: &[(&str, &str)]) -> CopySide {
        let row = |(kind, name, text): &(&str, &str, &str)| {
            (((*kind).to_owned(), (*name).to_owned()), (*text).to_owned())
        };
        let sums = sums.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        CopySide {
            catalog: Catalog(objects.iter().map(row).collect()),
            sums,
            major: 15,
            ..CopySide::default()
        }
    }

    #[test]
    fn tables_are_compared_without_their_neighbours_and_what_is_left_out() {
        let table = RecordedTable { name: "public.item".into(), parts: ("public".into(), "item".into()) };
        let part = ArchivePart { tables: vec![table], ..ArchivePart::default() };
        let of = |objects: &[usize], sums: &[(&str, &str)]| {
            let recorded = [
                ("table public.item", "2 rows, sum 5"),
                ("table public.item2", "1 rows, sum 6"),
                ("sequence public.item_id_seq", "2"),
                ("sequence public.other", "9"),
                ("large objects", "1 objects"),
            ];
            let objects: Vec<_> = objects.iter().map(|number| OBJECTS[*number]).collect();
            let [recorded, found] = restricted([side(OBJECTS, &recorded), side(&objects, sums)], &part);
            differences(&recorded, &found)
        };
        let rows = ("table public.item", "2 rows, sum 5");
        let (sequence, other) =
            (("sequence public.item_id_seq", "2"), ("table public.item2", "0 rows, sum 0"));
        assert_eq!(of(&[1, 2, 3, 5], &[rows, sequence, other]), Vec::<String>::new());
        assert_eq!(of(&[1, 3, 5], &[rows]), Vec::<String>::new());
        assert_eq!(
            of(&[1, 3, 5], &[("table public.item", "1 rows, sum 5"), ("sequence public.item_id_seq", "1")])
                .len(),
            2
        );
        assert_eq!(of(&[1, 3, 5], &[]).len(), 1);
        for missing in [&[3, 5][..], &[1, 5], &[1, 3]] {
            assert_eq!(of(missing, &[rows, sequence]).len(), 1, "{missing:?}");
        }
    }
}
