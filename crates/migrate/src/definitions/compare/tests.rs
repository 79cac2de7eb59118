use super::*;

const BEFORE: &str = "2026-11-30T10:00:00Z";

fn catalog(rows: &[(&str, &str)]) -> Catalog {
    let row = |(name, text): &(&str, &str)| (("column".to_owned(), (*name).to_owned()), (*text).to_owned());
    Catalog(rows.iter().map(row).collect())
}

/// Returns the names and changes that a run finds.
fn found(kept: &KeptDefinitions, live: &Catalog) -> Vec<(String, SchemaChange, Option<String>)> {
    let all = drift_of(&kept.differing(live, &DriftScope::of_schema("t")));
    all.into_iter().map(|one| (one.object, one.change, one.since)).collect()
}

fn kept(at: &str, catalog: &Catalog, differing: Vec<KnownDifference>) -> KeptDefinitions {
    KeptDefinitions { at: at.into(), catalog: catalog.clone(), differing }
}

#[test]
fn a_run_accepts_no_change_that_it_did_not_make() {
    let first = kept(BEFORE, &catalog(&[("t.a", "int"), ("t.b", "int"), ("t.c", "int")]), vec![]);
    // By hand: b is changed, c is dropped, d is added.
    let by_hand = catalog(&[("t.a", "int"), ("t.b", "text"), ("t.d", "int")]);
    let differing = first.differing(&by_hand, &DriftScope::of_schema("t"));
    let expected =
        [("t.b", SchemaChange::Changed), ("t.c", SchemaChange::Removed), ("t.d", SchemaChange::Added)];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(name, change)| (format!("column {name}"), change, Some(BEFORE.to_owned())))
        .collect();
    assert_eq!(found(&first, &by_hand), expected);
    // A run adds e, changes b and keeps the rest.
    let after = catalog(&[("t.a", "int"), ("t.b", "bigint"), ("t.d", "int"), ("t.e", "int")]);
    let second = kept("2026-11-30T11:00:00Z", &after, differing);
    assert_eq!(found(&second, &after), expected[1..]);
    // What is put back is no drift any more, and a new change has its own time.
    let mended = catalog(&[("t.a", "text"), ("t.b", "bigint"), ("t.c", "int"), ("t.e", "int")]);
    let later = ("column t.a".to_owned(), SchemaChange::Changed, Some("2026-11-30T11:00:00Z".to_owned()));
    assert_eq!(found(&second, &mended), [later]);
}
