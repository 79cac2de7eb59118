//! A run for some services (`-s`) judges every path into them, whichever login takes it, and counts what it leaves out.

use serde_json::json;

use super::blind::unread;
use super::doors::with_hba;
use super::support::Pair;

#[test]
fn power_of_another_services_login_over_the_server_is_found() {
    let pair = Pair::new();
    pair.verify(&["--service", "blue"], 0);
    pair.server.sql(
        "postgres",
        "ALTER ROLE red_app REPLICATION; GRANT pg_execute_server_program TO red_migrator; ALTER ROLE red_ro CREATEROLE",
    );
    pair.server.sql(
        "red_db",
        "CREATE FUNCTION public.verifiers() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
         AS 'SELECT rolpassword FROM pg_catalog.pg_authid'; GRANT EXECUTE ON FUNCTION public.verifiers() TO red_app",
    );
    let found = Pair::grave(&pair.verify(&["--service", "blue"], 4)).join("\n");
    for line in [
        "role-attribute | red | red_app",
        "role-attribute | red | red_ro",
        "predefined-role | red | red_migrator",
        "definer-function | red |",
    ] {
        assert!(found.contains(line), "{line}\n{found}");
    }
}

#[test]
fn findings_that_expose_only_another_service_are_left_out_and_counted() {
    let pair = Pair::new();
    pair.server.sql("red_db", "GRANT SELECT ON hidden TO PUBLIC");
    let all = pair.verify(&[], 4);
    let count = all["findings"].as_array().unwrap().iter().filter(|one| one["service"] == "red").count();
    let result = pair.verify(&["--service", "blue"], 0);
    assert_eq!(Pair::grave(&result), Vec::<String>::new());
    assert_eq!(result["left_out"], json!([{ "server": "main", "service": "red", "findings": count }]));
    let shown = pair.project.run(&["verify-isolation", "--probes", "none", "-s", "blue"]).expect(0);
    assert!(shown.said().contains("left out: ") && shown.said().contains("only red"), "{}", shown.said());
}

#[test]
fn logins_of_other_services_are_tried_at_the_chosen_databases() {
    let pair = Pair::new();
    let into_blue = ["--service", "blue", "--probes", "full"];
    let trials = |result: &serde_json::Value| {
        let all = result["trials"].as_array().unwrap().iter();
        let rows = all.filter(|one| one["way"] == "a login of a service that was not chosen");
        rows.map(|one| format!("{} {} {}", one["role"], one["database"], one["outcome"]).replace('"', ""))
            .collect::<Vec<_>>()
    };
    let green = pair.verify(&into_blue, 0);
    let denied = ["red_migrator blue_db denied", "red_app blue_db denied", "red_ro blue_db denied"];
    let mut tried = trials(&green);
    tried.sort();
    assert_eq!(tried.len(), denied.len(), "{green:#}");
    pair.server.sql("postgres", "GRANT CONNECT ON DATABASE blue_db TO red_app");
    let result = pair.verify(&into_blue, 4);
    assert!(trials(&result).contains(&"red_app blue_db breach".to_owned()), "{result:#}");
    let found = Pair::grave(&result).join("\n");
    assert!(found.contains("critical | foreign-database-connect | blue | red_app | blue_db"), "{found}");
    // One whose password does not work is counted.
    pair.server.sql(
        "postgres",
        "REVOKE CONNECT ON DATABASE blue_db FROM red_app; ALTER ROLE red_app PASSWORD 'another'",
    );
    let result = pair.verify(&into_blue, 0);
    let note = "1 login of other services of server main at blue_db";
    assert!(result["not_examined"].to_string().contains(note), "{result:#}");
}

#[test]
fn a_database_from_which_only_the_admin_is_rejected_is_inconclusive() {
    let pair = Pair::new();
    pair.server.sql("postgres", "CREATE DATABASE attic");
    pair.server.sql(
        "postgres",
        "CREATE ROLE guest LOGIN CONNECTION LIMIT 2 PASSWORD 'guest-of-the-attic';
         REVOKE ALL ON DATABASE attic FROM PUBLIC; GRANT CONNECT ON DATABASE attic TO guest",
    );
    pair.verify(&["--service", "blue"], 0);
    with_hba(&pair, "host attic postgres 127.0.0.1/32 reject\n");
    let result = pair.verify(&["--service", "blue"], 4);
    let all = unread(&result).join("\n");
    assert!(all.contains("the contents of database attic") && all.contains("pg_hba.conf"), "{all}");
}
