//! Services in files of their own, and services that one entry stands for.

use crate::support::{Project, Server};

/// A manifest without a server: `validate` needs none.
fn project(manifest: &str, files: &[(&str, &str)]) -> Project {
    let project = Project::with_manifest(manifest);
    for (name, text) in files {
        project.write(name, text);
    }
    project
}

#[test]
fn included_and_generated_services_are_provisioned_like_others() {
    let server = Server::start();
    let manifest = format!(
        "version: 1\nproject: inc\ninclude: [\"teams/*/db.yaml\"]\nservers: {{ main: {{ url: \"{}\" }} }}\nservices:\n  \"shop_{{n:02}}\": {{ count: 3, database: \"inc_shop{{n}}\", migrations: shops }}\n",
        server.url()
    );
    let project = project(
        &manifest,
        &[
            (
                "teams/a/db.yaml",
                "services:\n  orders:\naccess:\n  bi: { login: true, read: [orders, shop_02], reason: BI }\n",
            ),
            ("teams/b/db.yaml", "services:\n  stock: { migrations: sql }\n"),
            ("teams/a/orders/migrations/V1__orders.sql", "CREATE TABLE of_orders (id int);\n"),
            ("teams/a/orders/migrations/V1__orders.down.sql", "DROP TABLE of_orders;\n"),
            ("teams/b/sql/V1__stock.sql", "CREATE TABLE of_stock (id int);\n"),
            ("teams/b/sql/V1__stock.down.sql", "DROP TABLE of_stock;\n"),
            ("shops/V1__shop.sql", "CREATE TABLE of_shop (id int);\n"),
            ("shops/V1__shop.down.sql", "DROP TABLE of_shop;\n"),
        ],
    );
    let valid = project.run(&["validate"]).expect(0);
    insta::assert_snapshot!(valid.shown(), @"Valid: 5 services, 5 migrations (development).");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    project.run(&["status", "--check"]).expect(0);
    for (database, table) in
        [("orders", "of_orders"), ("stock", "of_stock"), ("inc_shop1", "of_shop"), ("inc_shop3", "of_shop")]
    {
        assert_eq!(server.value(database, &format!("SELECT count(*) FROM {table}")), "0");
    }
    let bi = project.password("bi");
    server.sql_as("bi", &bi, "inc_shop2", "SELECT count(*) FROM of_shop").unwrap();
    assert!(server.sql_as("bi", &bi, "inc_shop1", "SELECT 1").is_err());
    project.run(&["verify-isolation"]).expect(0);
}

#[test]
fn migrations_are_relative_to_the_file_that_declares_them() {
    let project = project(
        "version: 1\ninclude: [s/a.yaml]\ndefaults: { migrations: \"all/{service}\" }\nservices: {}\n",
        &[
            ("s/a.yaml", "services:\n  a:\n  b: { migrations: own }\n  c:\n"),
            ("martydb.testing.yaml", "services: { c: { migrations: testing } }\n"),
            ("all/a/V1__a.sql", "SELECT 1;\n"),
            ("s/own/V1__b.sql", "SELECT 1;\n"),
            ("testing/V1__c.sql", "SELECT 1;\n"),
            ("all/c/.keep", ""),
        ],
    );
    let count = |arguments: &[&str], service: &str| {
        let mut all = arguments.to_vec();
        all.extend(["validate", "-s", service, "-o", "json"]);
        project.run(&all).json()["services"][0]["migrations"].as_u64()
    };
    assert_eq!(count(&[], "a"), Some(1));
    assert_eq!(count(&[], "b"), Some(1));
    assert_eq!(count(&[], "c"), Some(0));
    assert_eq!(count(&["-e", "testing"], "c"), Some(1));
}

#[test]
fn an_error_in_any_included_file_has_its_line() {
    let project = Project::with_manifest("");
    project.write("s/twice.yaml", "services:\n  a:\n");
    project.write("s/key.yaml", "version: 1\nservices:\n  b:\n");
    project.write("s/nested.yaml", "include: [other.yaml]\n");
    project.write("s/typed.yaml", "services:\n  c:\n    prune: perhaps\n");
    project.write("s/unknown.yaml", "services:\n  c:\n    databse: x\n");
    project.write("s/list.yaml", "services: [a]\n");
    project.write("s/empty.yaml", "");
    project.write("s/broken.yaml", "services: {\n");
    project.write("s/template.yaml", "services:\n  \"d{n}\":\n    count: 2\n    database: \"x{m}\"\n");
    for (include, services, expected) in [
        (
            "s/twice.yaml",
            "a",
            vec!["s/twice.yaml:2:3: service \"a\" is declared twice", "first at", "martydb.yaml:4:3"],
        ),
        ("s/key.yaml", "a", vec!["s/key.yaml:1:1: \"version\": this key cannot be included"]),
        ("s/nested.yaml", "a", vec!["s/nested.yaml:1:1: \"include\": this key cannot be included"]),
        ("s/typed.yaml", "a", vec!["s/typed.yaml:3:5: "]),
        (
            "s/unknown.yaml",
            "a",
            vec!["s/unknown.yaml:3:5: unknown key \"databse\"", "did you mean \"database\"?"],
        ),
        ("s/list.yaml", "a", vec!["s/list.yaml:1:1: \"services\": expected a map of names"]),
        ("s/empty.yaml", "a", vec!["s/empty.yaml:1:1: the file is empty"]),
        ("s/broken.yaml", "a", vec!["s/broken.yaml:", "not valid YAML"]),
        (
            "s/template.yaml",
            "a",
            vec!["s/template.yaml:4:5: \"x{m}\": the only placeholder here is {service}"],
        ),
        ("martydb.yaml", "a", vec!["martydb.yaml:2:11: \"martydb.yaml\" names the manifest itself"]),
        ("*.yaml", "a", vec!["\"*.yaml\" names the manifest itself"]),
        ("nothing/*.yaml", "a", vec!["martydb.yaml:2:11: \"nothing/*.yaml\" matches no file"]),
        ("../../../../../../../../etc", "a", vec!["matches no file"]),
        ("/dev/null", "a", vec!["matches no file"]),
        ("s/twice.yaml", "\"b{n}\": {}", vec!["martydb.yaml:4:3: \"b{n}\" declares several services"]),
        ("s/twice.yaml", "b: { count: 2 }", vec!["martydb.yaml:4:8: count needs {n}"]),
        (
            "s/twice.yaml",
            "\"b{n}\": { count: 2, database: one }",
            vec!["database \"one\" is already that of service \"b1\""],
        ),
    ] {
        let entry = if services.contains(':') { services.to_owned() } else { format!("{services}:") };
        project
            .write("martydb.yaml", &format!("version: 1\ninclude: [\"{include}\"]\nservices:\n  {entry}\n"));
        let done = project.run(&["validate"]).expect(2);
        for expected in expected {
            assert!(done.stderr.contains(expected), "{include} {services}: {expected}: {done:?}");
        }
    }
    // Lines of a file that is not a manifest are not printed.
    project.write("s/shadow", "root:*:20228:0:99999:7:::\n");
    project.write("martydb.yaml", "version: 1\ninclude: [s/shadow]\nservices:\n  a:\n");
    let done = project.run(&["validate"]).expect(2);
    assert!(done.stderr.contains("s/shadow:1:1: a key: ") && !done.stderr.contains("20228"), "{done:?}");
    // Only the base file includes.
    project.write("martydb.yaml", "version: 1\nservices:\n  a:\n");
    project.write("martydb.testing.yaml", "include: [s/twice.yaml]\n");
    let done = project.run(&["-e", "testing", "validate"]).expect(2);
    insta::assert_snapshot!(done.shown(), @r"
    error: FOLDER/martydb.testing.yaml:1:1: only the base file can include others
    hint: write it into FOLDER/martydb.yaml
    ");
}

#[test]
fn ten_thousand_generated_services_validate_within_a_minute() {
    let project =
        Project::with_manifest("version: 1\nservices:\n  \"s{n:05}\": { count: 10000, migrations: all }\n");
    project.write("all/.keep", "");
    let began = std::time::Instant::now();
    project.run(&["validate", "-s", "s00001"]).expect(0);
    assert!(began.elapsed() < std::time::Duration::from_secs(60), "{:?}", began.elapsed());
}
