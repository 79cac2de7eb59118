//! Databases and backups of earlier versions, with refinery's table in a schema of the service.

use super::Kept;
use crate::support::{Admin, Server};

const PLACE: &str =
    "SELECT relnamespace::regnamespace FROM pg_class WHERE relname = 'refinery_schema_history'";

/// Declares the place of the table, or nothing about it.
fn declare(kept: &Kept, schema: Option<&str>) {
    let text = kept.project.read("martydb.yaml");
    let without = text.replace("    history: { schema: public }\n", "");
    let head = format!("  {}:\n", kept.service());
    let keys = schema.map_or(String::new(), |schema| format!("    history: {{ schema: {schema} }}\n"));
    kept.project.write("martydb.yaml", &without.replace(&head, &format!("{head}{keys}")));
}

#[test]
fn a_history_in_its_former_place_is_no_drift_and_a_backup_of_it_is_restored_and_moved() {
    let kept = Kept::with(Server::for_admin(Admin::Limited), Admin::Limited, "bfp", "");
    if !kept.can_dump() {
        return;
    }
    let (service, place) = (kept.service(), || kept.server.value("bfp_a", PLACE));
    let quiet = |at: &str| {
        kept.project.run(&["status", "--check", "--all"]).expect(0);
        kept.project.run(&["plan", "--check"]).expect(0);
        kept.project.run(&["verify-isolation"]).expect(0);
        assert_eq!(place(), at);
    };
    declare(&kept, Some("public"));
    kept.project.run(&["upgrade", "--all"]).expect(0);
    quiet("public");
    declare(&kept, None);
    quiet("public");
    let id = kept.backup();
    let moved = kept.project.run(&["upgrade", "--all"]).expect(0);
    assert!(moved.said().contains("moved the table refinery_schema_history"), "{moved:?}");
    quiet("martydb");
    kept.restore(&id).expect(0);
    quiet("public");
    kept.project.run(&["backup", "verify", &id]).expect(0);
    kept.project.run(&["upgrade", "--all"]).expect(0);
    quiet("martydb");
    let id = kept.backup();
    declare(&kept, Some("public"));
    kept.project.run(&["upgrade", "-s", &service]).expect(0);
    quiet("public");
    kept.restore(&id).expect(0);
    quiet("martydb");
}
