//! Reviews of the schema find no difference in a checkpoint.

use super::{can_dump, checkpoint, service};
use crate::support::{Project, Server};

fn commit(project: &Project, message: &str) {
    for arguments in [&["add", "."][..], &["commit", "-qm", message]] {
        project.git(arguments);
    }
}

#[test]
fn schema_file_diff_and_merge_see_the_same_schema_as_before() {
    let server = Server::start();
    let project = service(&server, "sqv");
    if !can_dump(&server, &project, "sqv") {
        return;
    }
    let manifest = project.read("martydb.yaml");
    project.write("martydb.yaml", &manifest.replace("  sqv:\n", "  sqv:\n    dump_schema: true\n"));
    project.run(&["upgrade", "--all"]).expect(0);
    let schema = project.read("sqv/schema.sql");
    project.git(&["init", "-q", "-b", "main"]);
    commit(&project, "as it was");
    project.git(&["branch", "before"]);

    project.run(&["squash", "--service", "sqv", "--to", "3", "--remove"]).expect(0);
    assert!(project.path().join(checkpoint("sqv", 3)).exists());
    project.run(&["upgrade", "--all"]).expect(0);
    assert_eq!(project.read("sqv/schema.sql"), schema);
    project.run(&["validate", "--against", "before"]).expect(0);
    let same = project.json(&["diff", "--from", "files", "--to", "database"], 0);
    assert_eq!(same["services"][0]["differences"], serde_json::json!([]), "{same:#}");
    commit(&project, "squashed");

    // A database that starts from the checkpoint writes the same file.
    server.sql("postgres", "DROP DATABASE sqv WITH (FORCE)");
    std::fs::remove_file(project.path().join("sqv/schema.sql")).unwrap();
    project.run(&["apply", "--all", "-y", "--new-database"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    assert_eq!(project.read("sqv/schema.sql"), schema);

    // An earlier branch continues with the files, and does not count as older.
    project.git(&["checkout", "-q", "before"]);
    let migration = |name: &str| {
        project.write(&format!("sqv/migrations/{name}.sql"), "SELECT 1;");
        project.write(&format!("sqv/migrations/{name}.down.sql"), "SELECT 1;");
    };
    migration("V5__next");
    project.run(&["upgrade", "--all"]).expect(0);
    project.run(&["validate", "--against", "main"]).expect(0);
    migration("V3__mine");
    for file in ["V3__seen.sql", "V3__seen.down.sql"] {
        std::fs::remove_file(project.path().join("sqv/migrations").join(file)).unwrap();
    }
    let found = project.json(&["validate", "--against", "main"], 3);
    let said: Vec<_> = found["services"][0]["differences"].as_array().unwrap().iter().collect();
    assert_eq!(said.len(), 1, "{found:#}");
    assert_eq!(
        said[0]["message"],
        "sqv: V3__mine.sql is not the file that C3__checkpoint.sql replaces in main"
    );
}
