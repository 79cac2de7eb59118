//! Marks in the comments of databases that a restore replaced.

use martydb_model::ActualDatabase;

use martydb_plan::diff::tests::desired;

#[test]
fn a_closed_database_with_the_mark_was_replaced() {
    let desired = desired(&["shop"]);
    let service = desired.services.values().next().unwrap();
    let comment = format!("{}replaced by a restore of x\nit had: y", desired.replaced_mark(service));
    let of = |comment: &str, allow_connections| {
        let found =
            ActualDatabase { comment: Some(comment.into()), allow_connections, ..ActualDatabase::default() };
        desired.replaced_service(&found).map(str::to_owned)
    };
    assert_eq!(of(&comment, false).as_deref(), Some("shop"));
    assert_eq!(of(&comment, true), None);
    for other in ["martydb-before:", "martydb-before:other/shop x", "martydb:p", "shop"] {
        assert_eq!(of(other, false), None, "{other}");
    }
}

#[test]
fn a_mark_of_another_kind_is_foreign() {
    let desired = desired(&["shop"]);
    let project = &desired.project;
    let moved = format!("{}\nmartydb moved it to x", desired.marker());
    for (comment, foreign) in [
        (Some(desired.marker()), false),
        (Some(format!("{}\nsold goods", desired.marker())), false),
        (Some("sold goods".into()), false),
        (None, false),
        (Some(format!("martydb-test:{project}/shop from t")), true),
        (Some(format!("martydb-template:{project}/shop")), true),
        (Some("martydb:other".into()), true),
        (Some(format!("{}#scratch", desired.marker())), true),
        (Some(moved), true),
    ] {
        assert_eq!(desired.is_foreign_mark(comment.as_deref()), foreign, "{comment:?}");
    }
}
