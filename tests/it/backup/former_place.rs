//! Databases and backups of earlier versions, with refinery's table in a schema of the service.

use crate::support::{Admin, Project, Server, can_dump};

const PLACE: &str =
    "SELECT relnamespace::regnamespace FROM pg_class WHERE relname = 'refinery_schema_history'";

/// Declares the place of the table, or nothing about it.
fn declare(project: &Project, schema: Option<&str>) {
    let head = "  bfp_a:\n";
    let text = project.read("martydb.yaml").replace("    history: { schema: public }\n", "");
    let keys = schema.map_or(String::new(), |schema| format!("    history: {{ schema: {schema} }}\n"));
    project.write("martydb.yaml", &text.replace(head, &format!("{head}{keys}")));
}

#[test]
fn a_history_in_its_former_place_is_no_drift_and_a_backup_of_it_is_restored_and_moved() {
    let server = Server::for_admin(Admin::Super);
    if !can_dump(&server) {
        return;
    }
    let project = Project::new_as(&server, Admin::Super, "bfp");
    project.write("martydb.yaml", &format!("{}backup:\n  to: ./kept\n", project.read("martydb.yaml")));
    project.run(&["apply", "--all", "-y"]).expect(0);
    let quiet = |at: &str| {
        project.run(&["status", "--check", "--all"]).expect(0);
        project.run(&["plan", "--check"]).expect(0);
        project.run(&["verify-isolation"]).expect(0);
        assert_eq!(server.value("bfp_a", PLACE), at);
    };
    let backup = || {
        let made = project.json(&["backup", "bfp_a"], 0);
        made["backups"][0]["id"].as_str().unwrap().to_owned()
    };
    declare(&project, Some("public"));
    project.run(&["upgrade", "--all"]).expect(0);
    quiet("public");
    declare(&project, None);
    quiet("public");
    let id = backup();
    let moved = project.run(&["upgrade", "--all"]).expect(0);
    assert!(moved.said().contains("moved the table refinery_schema_history"), "{moved:?}");
    quiet("martydb");
    project.run(&["restore", "bfp_a", "--from", &id, "-y"]).expect(0);
    quiet("public");
    project.run(&["backup", "verify", &id]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    quiet("martydb");
    let id = backup();
    declare(&project, Some("public"));
    project.run(&["upgrade", "-s", "bfp_a"]).expect(0);
    quiet("public");
    project.run(&["restore", "bfp_a", "--from", &id, "-y"]).expect(0);
    assert_eq!(server.value("bfp_a", PLACE), "martydb");
}
