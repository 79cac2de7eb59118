//! Partitions in the output of other commands: plan, status, diff, monitor and the templates.

use super::{Admin, Project, Server, parts_of, today};

fn project(server: &Server) -> Project {
    let project = Project::new_as(server, Admin::Super, "pse");
    let rule = "    partitions: { public.pse_a_log: { by: day, key: at, ahead: 2, keep: 3d } }\n";
    let manifest = project.read("martydb.yaml").replace("  pse_a:\n", &format!("  pse_a:\n{rule}"));
    project.write("martydb.yaml", &format!("{manifest}monitor: true\n"));
    let _done = project.run(&["revision", "pse_a", "--template", "partitioned-range", "-m", "log"]).expect(0);
    let _done = project.run(&["revision", "pse_b", "--template", "partitioned-hash", "-m", "item"]).expect(0);
    let _done = project.run(&["apply", "--all", "-y"]).expect(0);
    project
}

/// The value of a series of pse_a.
fn measured(project: &Project, name: &str) -> Option<f64> {
    let others = ["--isolation-every", "never", "--drift-every", "never", "--migrations-every", "never"];
    let text = project.run(&[&["monitor", "--once"][..], &others].concat()).expect(0).stdout;
    let line = text.lines().find(|line| line.starts_with(&format!("{name}{{")))?;
    assert!(line.contains("service=\"pse_a\"") && line.contains("table=\"pse_a_log\""), "{line}");
    line.rsplit_once(' ')?.1.parse().ok()
}

fn plan(project: &Project) -> String {
    project.run(&["plan", "--check"]).expect(0).stdout
}

/// Partitions of the table `pse_a_log`.
fn log_parts(server: &Server) -> usize {
    parts_of(server, "pse_a", "pse_a_log").len()
}

#[test]
fn template_partitions_are_planned_shown_and_measured_without_drift() {
    let server = Server::start();
    let project = project(&server);
    // Before the migrations there is no table, and the plan does not fail.
    assert!(!plan(&project).contains("pse_a_log"));
    let _done = project.run(&["upgrade", "--all"]).expect(0);
    hashed(&server, &project);

    let short = project.run(&["status", "--check"]).expect(3).stdout;
    assert!(short.contains("partitions of public.pse_a_log of pse_a: rows written now have none"), "{short}");
    assert_eq!(measured(&project, "martydb_partitions_ahead_seconds"), Some(0.0));
    assert!(plan(&project).contains("the next `martydb partitions` makes 3"), "{}", plan(&project));
    let _made = project.run(&["partitions", "--once"]).expect(0);
    let until = server.value("postgres", "SELECT ((now() AT TIME ZONE 'UTC')::date + 3)::text");
    let shown = project.run(&["status", "--check"]).expect(0).stdout;
    assert!(shown.contains(&format!("of pse_a: made until {until}\n")), "{shown}");
    let status = project.json(&["status"], 0);
    assert_eq!(status["partitions"][0]["until"], until, "{status:#}");
    let ahead = measured(&project, "martydb_partitions_ahead_seconds").unwrap();
    assert!((2.0 * 86_400.0..3.0 * 86_400.0).contains(&ahead), "{ahead}");
    let app = project.password("pse_a_app");
    let write = "INSERT INTO pse_a_log (entry) VALUES ('{}'), ('{}') RETURNING id::text";
    assert_eq!(server.sql_as("pse_a_app", &app, "pse_a", write).unwrap(), [["1"], ["2"]]);
    no_difference(&project);

    // One is over, and one before it is not martydb's either.
    for days in [-5, -6] {
        let (from, to) = (today(&server, days), today(&server, days + 1));
        let sql = format!(
            "SET ROLE pse_a_owner; CREATE TABLE pse_a_log_{from} PARTITION OF pse_a_log FOR VALUES FROM ('{from} 00:00Z') TO ('{to} 00:00Z')"
        );
        server.sql("pse_a", &sql);
    }
    let detaches = format!("detaches pse_a_log_{}, pse_a_log_{}", today(&server, -6), today(&server, -5));
    assert!(plan(&project).contains(&detaches), "{}", plan(&project));
    assert_eq!(measured(&project, "martydb_partitions_due"), Some(2.0));
    no_difference(&project);
    let _removed = project.run(&["partitions", "--once"]).expect(0);
    assert_eq!((log_parts(&server), measured(&project, "martydb_partitions_due")), (3, Some(0.0)));
    // Detached, they are tables of their own that no file makes.
    no_difference(&project);
    let _same = project.run(&["plan", "--check"]).expect(0);

    let rest = "SET ROLE pse_a_owner; CREATE TABLE pse_a_rest PARTITION OF pse_a_log DEFAULT; RESET ROLE;
                INSERT INTO pse_a_log (at, entry) VALUES ('1999-01-01', '{}')";
    server.sql("pse_a", rest);
    assert_eq!(measured(&project, "martydb_partitions_default_rows"), Some(1.0));
    let said = project.run(&["partitions", "--once"]).expect(0).stdout;
    assert!(said.contains("has 1 row, which no retention removes"), "{said}");
    let shown = project.run(&["status"]).expect(0).stdout;
    assert!(shown.contains("; 1 row in the default partition"), "{shown}");
    others(&server, &project);
}

/// A partition whose rows are in the default one, and one that an admin's job makes.
fn others(server: &Server, project: &Project) {
    let taken =
        "CREATE TABLE pse_a_1999 PARTITION OF pse_a_log FOR VALUES FROM ('1999-01-01') TO ('2000-01-01');\n";
    project.write("pse_a/migrations/V9__taken.sql", taken);
    project.write("pse_a/migrations/V9__taken.down.sql", "DROP TABLE pse_a_1999;\n");
    let refused = project.run(&["upgrade", "pse_a"]).expect(1).said();
    assert!(refused.contains("the default partition has rows of the new partition"), "{refused}");
    server.sql(
        "pse_a",
        "CREATE TABLE by_admin PARTITION OF pse_a_log FOR VALUES FROM ('1998-01-01') TO ('1998-02-01')",
    );
    let differs = project.run(&["plan", "--check", "--full"]).expect(3).stdout;
    assert!(differs.contains("by_admin"), "{differs}");
}

fn no_difference(project: &Project) {
    let done = project.run(&["diff", "pse_a", "--from", "files", "--to", "database"]).expect(0);
    assert!(done.stdout.contains("pse_a: no difference"), "{}", done.stdout);
}

/// The template for a hash spreads its rows, and its down file removes all of it.
fn hashed(server: &Server, project: &Project) {
    let app = project.password("pse_b_app");
    let write = "INSERT INTO pse_b_item (owner_id, entry) SELECT i, '{}' FROM generate_series(1, 200) i";
    assert!(server.sql_as("pse_b_app", &app, "pse_b", write).is_ok());
    let spread = "SELECT count(DISTINCT tableoid)::text FROM pse_b_item";
    assert_eq!(server.value("pse_b", spread), "4");
    let _down = project.run(&["downgrade", "pse_b", "-y"]).expect(0);
    assert!(parts_of(server, "pse_b", "pse_b_item").is_empty());
    let _up = project.run(&["upgrade", "pse_b"]).expect(0);
}
