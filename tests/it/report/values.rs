//! Values of the page: those of the commands, in every state, and what changed between two pages.

use serde_json::Value;

use super::{check_figures, inside, made, provisioned};

/// Leaves out what changes by itself: sizes, sessions, and times of the run.
fn steady(mut services: Value) -> Value {
    for service in services.as_array_mut().unwrap() {
        (service["size_bytes"], service["connections"]) = (Value::Null, Value::Null);
    }
    services
}

fn counts(report: &Value) -> impl Iterator<Item = &Value> {
    report["isolation"]["matrix_counts"].as_array().unwrap().iter()
}

/// Demands that the proof in the report is that of the command: all keys, but of the matrix the rows that say something, and
/// counts of all rows.
fn check_proof(report: &Value, proof: &Value) {
    let inside = report["isolation"].as_object().unwrap();
    for (key, value) in proof.as_object().unwrap() {
        if !["format_version", "command", "matrix", "trials"].contains(&key.as_str()) {
            assert_eq!(&inside[key], value, "{key}");
        }
    }
    let of = |row: &Value| (row["server"].clone(), row["service"].clone(), row["database"].clone());
    let cells = |row: &Value, outcome: &str| {
        let matrix = proof["matrix"].as_array().unwrap().iter();
        matrix.filter(|cell| of(cell) == of(row) && cell["outcome"] == outcome).count()
    };
    for row in counts(report) {
        for outcome in ["denied", "allowed", "breach", "inconclusive"] {
            assert_eq!(row[outcome], cells(row, outcome), "{row}");
        }
    }
    let sum =
        |row: &Value| ["denied", "allowed", "breach", "inconclusive"].map(|key| row[key].as_u64().unwrap());
    let all: u64 = counts(report).flat_map(sum).sum();
    assert_eq!(all, proof["matrix"].as_array().unwrap().len() as u64);
}

#[test]
fn the_page_has_the_values_of_the_commands_without_passwords() {
    let (_server, project) = provisioned("page");
    project.git(&["init", "-q"]);
    project.git(&["add", "martydb.yaml"]);
    project.git(&["commit", "-q", "-m", "first"]);
    let (page, report) = made(&project, &[], 0);
    let status = project.json(&["status", "--check"], 0);
    assert_eq!(steady(report["services"].clone()), steady(status["services"].clone()));
    assert!(report["services"][0]["size_bytes"].as_i64().unwrap() > 1_000_000);
    let history = project.json(&["history"], 0);
    assert_eq!(report["history"], history["services"]);
    let proof = project.json(&["verify-isolation"], 0);
    check_proof(&report, &proof);
    assert_eq!(report["replicas"], status["replicas"]);
    assert_eq!(report["isolation"]["matrix"], serde_json::json!([]));
    let own: u64 =
        counts(&report).filter(|row| row["own"] == true).map(|row| row["allowed"].as_u64().unwrap()).sum();
    assert_eq!(own, 6, "three logins of each service at its own database");
    assert!(counts(&report).all(|row| row["breach"] == 0 && row["inconclusive"] == 0));
    assert_eq!(report["commit"].as_str().unwrap().len(), 40);
    assert_eq!(report["manifest_sha256"].as_str().unwrap().len(), 64);
    assert!(page.contains("Nothing is wrong"));
    check_figures(&page, &report);
    for secret in project
        .passwords()
        .iter()
        .map(String::as_str)
        .chain([crate::support::ADMIN_PASSWORD, "SCRAM-SHA-256$"])
    {
        assert!(!page.contains(secret), "a secret is in the page");
    }
    let again = project.json(&["report"], 0);
    assert_eq!(steady(again["services"].clone()), steady(report["services"].clone()));
    assert_eq!((&again["format_version"], &again["command"]), (&1.into(), &"report".into()));
}

#[test]
fn a_breach_ends_with_4_and_the_next_page_shows_its_end() {
    let (server, project) = provisioned("pagebreach");
    let (_, calm) = made(&project, &["--force"], 0);
    let is_low = |finding: &Value| finding["severity"] == "low";
    assert!(calm["isolation"]["findings"].as_array().unwrap().iter().all(is_low), "{calm:#}");
    server.sql("postgres", "GRANT CONNECT ON DATABASE pagebreach_a TO pagebreach_b_app");
    let (page, report) = made(&project, &["--against", "page.html"], 4);
    assert!(page.contains("Something is wrong") && page.contains("Access gained, not allowed (1)"), "{page}");
    assert!(
        page.contains(
            "REVOKE CONNECT ON DATABASE &quot;pagebreach_a&quot; FROM &quot;pagebreach_b_app&quot;;"
        )
    );
    assert_eq!(report["isolation"]["matrix"][0]["role"], "pagebreach_b_app");
    assert!(counts(&report).any(|row| row["breach"] == 1 && row["service"] == "pagebreach_b"));
    check_figures(&page, &report);

    let _ = project.run(&["apply", "--all"]).expect(0);
    let (page, _) = made(&project, &["--against", "page.html"], 0);
    assert!(page.contains("Access lost (1)") && page.contains("Findings resolved (1)"));
    let (page, _) = made(&project, &["--against", "page.html"], 0);
    assert!(page.contains("Nothing changed."));
}

#[test]
fn pending_drifted_and_unreachable_services_decide_page_and_exit_code() {
    let (mut server, project) = provisioned("pagestate");
    let _ = made(&project, &[], 0);
    project.write("pagestate_a/migrations/V3__more.sql", "CREATE TABLE more (id bigint PRIMARY KEY);\n");
    project.write("pagestate_a/migrations/V3__more.down.sql", "DROP TABLE more;\n");
    let (page, report) = made(&project, &[], 3);
    assert_eq!(report["services"][0]["state"], "pending");
    assert!(
        page.contains("1 migration pending, first V3__more: run `martydb upgrade --service pagestate_a`."),
        "{page}"
    );
    let _ = project.run(&["upgrade", "--all"]).expect(0);
    let (page, _) = made(&project, &["--against", "page.html"], 0);
    assert!(page.contains("Migrations that ran (1)") && page.contains("V3__more"));
    let change =
        |statement: &str| server.sql("pagestate_a", &format!("SET ROLE pagestate_a_owner; {statement}"));
    change("ALTER TABLE more ADD hand int");
    let (page, _) = made(&project, &[], 3);
    for words in [
        "1 service whose schema was changed by hand",
        "1 object of its schema changed by hand: run `martydb status --drift --service pagestate_a`.",
        "column public.more.hand",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("different from the manifest"), "{page}");
    change("ALTER TABLE more DROP hand");
    // One service only, in a page of its own.
    let done = project.run(&["report", "-s", "pagestate_b"]).expect(0);
    assert_eq!(inside(&done.stdout)["services"].as_array().unwrap().len(), 1);

    server.crash();
    let done = project.run(&["report", "--out", "page.html"]).expect(5);
    assert!(done.stdout.contains("Wrote the report"), "{}", done.said());
    let report = inside(&project.read("page.html"));
    assert_eq!(report["services"][0]["state"], "unreachable");
    assert_eq!(report["servers"][0]["examined"], false);
    assert!(project.read("page.html").contains("2 services not reachable"));
    server.launch();
}
