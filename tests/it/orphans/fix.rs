//! `--fix` gives nothing to a superuser: members of extensions, the server's own objects, databases, servers.

use serde_json::Value;

use super::support::{Weak, spring, traps};
use crate::support::{Project, Server};

fn provisioned(prefix: &str) -> (Server, Project) {
    let server = Server::start();
    let project = Project::new(&server, prefix);
    project.run(&["apply", "--all", "-y"]).expect(0);
    server.sql("postgres", "CREATE ROLE bob LOGIN PASSWORD 'bob'");
    server.sql("postgres", "CREATE DATABASE den OWNER bob");
    server.sql("den", &format!("SET ROLE bob; {}", traps("s")));
    (server, project)
}

/// Returns the findings about owners of extension members and of the server's own objects.
fn owners(document: &Value) -> Vec<&Value> {
    let all = document["findings"].as_array().unwrap();
    let given = ["trap", "trojan", "sly", "hstore_in", "pg_read_file"];
    let is_given = |finding: &&Value| {
        given.iter().any(|name| finding["object"].as_str().is_some_and(|object| object.contains(name)))
    };
    all.iter().filter(|finding| finding["id"] == "object-owner").filter(is_given).collect()
}

const LOOK: [&str; 5] = ["verify-isolation", "--probes", "none", "-o", "json"];

/// Added in a transaction of its own: no script made it.
#[test]
fn an_added_object_leaves_its_extension_before_its_owner_changes() {
    let (server, project) = provisioned("fixm");
    let mut weak = Weak::default();
    server.sql("fixm_a", "GRANT CREATE ON DATABASE fixm_a TO bob");
    server.sql("fixm_a", &format!("SET ROLE bob; {}", traps("s")));
    for database in ["den", "fixm_a"] {
        server.sql(database, "SET ROLE bob; CREATE EXTENSION hstore SCHEMA s");
        server.sql(database, "SET ROLE bob; ALTER EXTENSION hstore ADD TABLE s.trap");
        server.sql(database, "SET ROLE bob; ALTER EXTENSION hstore ADD FUNCTION s.trojan()");
    }
    weak.check(&server, "the start");
    let found = project.run(&LOOK).json();
    let found = owners(&found);
    // In his own database they are his, as everything else there.
    assert!(found.iter().all(|finding| finding["database"] == "fixm_a"), "{found:#?}");
    let fixes: Vec<&str> = found.iter().filter_map(|finding| finding["fix"].as_str()).collect();
    for what in ["FUNCTION s.trojan()", "TABLE s.trap"] {
        assert!(fixes.contains(&&*format!("ALTER EXTENSION \"hstore\" DROP {what};")), "{fixes:?}");
    }
    let _others_are_left = project.run(&["verify-isolation", "--probes", "none", "--fix", "-y"]);
    weak.check(&server, "--fix");
    spring(&server, "den", "s");
}

#[test]
fn fix_only_advises_about_ambiguous_objects() {
    let (server, project) = provisioned("fixt");
    // All in one transaction, as a script does it; and what the script did make, given away by a superuser.
    server.sql("den", "SET ROLE bob; CREATE EXTENSION hstore SCHEMA s; CREATE TABLE s.sly (id int); ALTER EXTENSION hstore ADD TABLE s.sly");
    server.sql("den", "ALTER FUNCTION s.hstore_in(cstring) OWNER TO bob");
    server.sql("den", "ALTER FUNCTION pg_catalog.pg_read_file(text) OWNER TO bob");
    let found = project.run(&LOOK).json();
    let found = owners(&found);
    assert_eq!(found.len(), 3, "{found:#?}");
    let advises = |finding: &&Value| finding["fix"].as_str().is_none_or(|fix| fix.starts_with("-- "));
    assert!(found.iter().all(advises), "{found:#?}");
    let evidence: Vec<&str> = found.iter().map(|finding| finding["evidence"].as_str().unwrap()).collect();
    assert!(
        evidence.iter().any(|text| text.contains("only a superuser can have given it away")),
        "{evidence:?}"
    );
    assert!(evidence.iter().any(|text| text.contains("ALTER EXTENSION … DROP it")), "{evidence:?}");
    let mut weak = Weak::default();
    weak.check(&server, "the start");
    let _left = project.run(&["verify-isolation", "--probes", "none", "--fix", "-y"]);
    weak.check(&server, "--fix");
}

#[test]
fn databases_servers_and_tablespaces_are_never_given_to_a_superuser() {
    let (server, project) = provisioned("fixd");
    server.sql("postgres", "CREATE DATABASE attic OWNER fixd_a_owner");
    server.sql("postgres", "ALTER TABLESPACE pg_default OWNER TO fixd_a_app");
    server.sql("fixd_a", "CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw; ALTER SERVER far OWNER TO fixd_b_owner");
    let mut weak = Weak::default();
    weak.check(&server, "the start");
    let found = project.run(&LOOK).json();
    for id in ["database-owner", "tablespace-privilege", "foreign-table"] {
        let all = found["findings"].as_array().unwrap();
        assert!(all.iter().any(|finding| finding["id"] == id), "{id}: {found:#}");
    }
    let _left = project.run(&["verify-isolation", "--probes", "none", "--fix", "-y"]);
    weak.check(&server, "--fix");
}
