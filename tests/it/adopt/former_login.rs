//! The former application of an adopted database, which goes on.

use super::{PASSWORD, manifest};
use crate::support::{Admin, Project, Server, as_both_admins};

/// The former application's statements, as it sends them: names without a schema.
const FORMER: &str = "SELECT count(*) || current_setting('search_path') FROM users";

as_both_admins!(the_former_login_finds_its_tables_and_rows_after_apply, |admin| {
    let server = Server::for_admin(admin);
    for login in ["old", "reads"] {
        server.sql("postgres", &format!("CREATE ROLE \"adk {login}\" LOGIN PASSWORD '{PASSWORD}'"));
    }
    if admin == Admin::Limited && server.major() >= 16 {
        let given = "GRANT \"adk old\", \"adk reads\" TO adm WITH ADMIN TRUE, INHERIT FALSE, SET FALSE";
        server.sql("postgres", given);
    }
    server.sql("postgres", "CREATE DATABASE adk_prod OWNER \"adk old\"");
    let path = "\"$user\", \"My, App\", public";
    server.sql("postgres", &format!("ALTER DATABASE adk_prod SET search_path = {path}"));
    server.sql(
        "adk_prod",
        "CREATE SCHEMA \"My, App\" AUTHORIZATION \"adk old\"; CREATE SCHEMA AUTHORIZATION \"adk old\";
         SET ROLE \"adk old\";
         CREATE TABLE \"My, App\".users (id int); INSERT INTO \"My, App\".users VALUES (1), (2);
         CREATE TABLE \"adk old\".own (id int); ALTER TABLE \"My, App\".users ENABLE ROW LEVEL SECURITY;
         GRANT USAGE ON SCHEMA \"My, App\" TO \"adk reads\"; GRANT SELECT ON \"My, App\".users TO \"adk reads\"",
    );
    let ask = |login: &str| server.sql_as(login, PASSWORD, "adk_prod", FORMER).unwrap();
    let before = ask("adk old");
    assert_eq!(before, [[format!("2{path}")]]);
    let project = Project::with_manifest(&manifest(&server, admin, "adk"));
    let reported =
        project.run(&["adopt", "-s", "adk_shop", "--database", "adk_prod", "-o", "json"]).expect(0).json();
    let plan = &reported["plan"];
    let kept: Vec<_> = plan["kept_settings"].as_array().unwrap().iter().map(|one| &one["role"]).collect();
    assert_eq!(kept, ["adk old", "adk reads"], "{plan:#}");
    let policies = &plan["row_policies"][0];
    assert_eq!(policies["table"], "My, App.users", "{plan:#}");
    assert_eq!(policies["roles"].to_string(), "[\"adk old\"]");
    let written = project.read("martydb.yaml");
    assert!(written.contains("schemas: [adk old, \"My, App\"]"), "{written}");
    // The way out that the report names, before `apply`.
    server.sql("adk_prod", &format!("SET ROLE \"adk old\"; {}", policies["keep"].as_str().unwrap()));
    project.run(&["apply", "-s", "adk_shop", "-y"]).expect(0);
    assert_eq!(ask("adk old"), before);
    ask("adk reads");
    let of_database = "SELECT count(*) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
        WHERE datname = 'adk_prod' AND setrole = 0";
    assert_eq!(server.value("postgres", of_database), "0");
    project.run(&["plan", "-s", "adk_shop", "--check"]).expect(0);
});
