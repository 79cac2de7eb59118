//! `split init`.

use super::{SERVICES, SHARED, migrations, project, shared};
use crate::support::{Admin, Server, as_both_admins};

as_both_admins!(names_and_foreign_keys_place_most_tables, |admin| {
    let server = Server::for_admin(admin);
    shared(&server);
    server.sql(SHARED, "CREATE TABLE alembic_version (version_num text); CREATE TABLE \"Extra $1\" (id int)");
    let project = project(&server, admin);
    let document = project.json(&["split", "init", "--from", &format!("main/{SHARED}")], 0);
    let tables = |at: usize| -> Vec<&str> {
        let all = document["services"][at]["tables"].as_array().unwrap().iter();
        all.map(|one| one["table"].as_str().unwrap()).collect()
    };
    let csca = [
        "public.certificate_chains", "public.crl_cache", "public.csca_certificates", "public.csca_events",
        "public.csca_outbox", "public.ocsp_cache",
    ];
    assert!(csca.iter().all(|table| tables(0).contains(table)), "{:?}", tables(0));
    assert!(tables(3).contains(&"public.pkd_certificate_entries"), "{:?}", tables(3));
    assert_eq!(document["ignored"][0]["table"], "public.alembic_version");
    let open: Vec<&str> =
        document["unassigned"].as_array().unwrap().iter().map(|one| one["table"].as_str().unwrap()).collect();
    assert!(open.contains(&"public.countries") && open.contains(&"public.\"Extra $1\""), "{open:?}");
    let text = project.read("split.yaml");
    for line in [
        "      - public.csca_certificates  # guess: its name begins with csca\n",
        "#   public.countries: no evidence of its service\n",
        "#   - { edge: \"foreign-key public.pkd_certificate_entries.csca_id -> public.csca_certificates.id\", answer: drop | call, reason: \"\" }\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    // The written file is a map with undecided tables.
    let planned = project.json(&["split", "plan"], 3);
    assert_eq!(planned["unassigned"].as_array().unwrap().len(), open.len());
    assert_eq!(document["next"][0], "martydb split plan");
    let again = project.run(&["split", "init", "--from", &format!("main/{SHARED}")]).expect(2);
    assert!(again.stderr.contains("split.yaml already exists"), "{}", again.stderr);
    assert_eq!(project.read("split.yaml"), text);
});

#[test]
fn the_services_migrations_place_the_remaining_tables() {
    let server = Server::start();
    shared(&server);
    let project = project(&server, Admin::Super);
    for (service, _) in SERVICES {
        for file in migrations(service) {
            let name = file.file_name().unwrap().to_str().unwrap();
            project.write(&format!("{service}/migrations/{name}"), &std::fs::read_to_string(&file).unwrap());
        }
    }
    let from = format!("main/{SHARED}");
    let text = project.run(&["split", "init", "--from", &from, "--dry-run"]).expect(0).stdout;
    assert!(
        text.contains(
            "      - public.access_tokens  # guess: V2__access_tokens.sql creates a table of this name\n"
        ),
        "{text}"
    );
    assert!(!project.path().join("split.yaml").exists());
    let _ = project.run(&["split", "init", "--from", &from, "--map", "other.yaml"]).expect(0);
    assert_eq!(project.read("other.yaml"), text);
    let planned = project.json(&["split", "plan", "--map", "other.yaml"], 3);
    assert_eq!(planned["unassigned"], serde_json::json!(["public.countries"]));
}

#[test]
fn an_implausible_source_is_refused() {
    let server = Server::start();
    let project = project(&server, Admin::Super);
    for (from, code, said) in [
        ("main", 2, "\"main\" is not of the form SERVER/DATABASE"),
        ("mian/x", 2, "unknown server \"mian\"\nhint: did you mean \"main\"?"),
        ("main/absent", 5, "database \"absent\" does not exist"),
    ] {
        let refused = project.run(&["split", "init", "--from", from]).expect(code).stderr;
        assert!(refused.contains(said), "{from}\n{refused}");
        assert!(!project.path().join("split.yaml").exists());
    }
}
