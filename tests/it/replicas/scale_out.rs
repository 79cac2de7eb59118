//! The manifests of docs/how-to/scale-out.md, on servers that stand for those that they name.

use super::pause;
use crate::support::{ADMIN_PASSWORD, Done, Project, Server, until};

const PAGE: &str = include_str!("../../../docs/how-to/scale-out.md");

/// A project with the first manifest below a heading of the page.
fn project(heading: &str, hosts: &[(&str, &Server)]) -> Project {
    let section = PAGE.split_once(&format!("## {heading}\n")).unwrap().1;
    let manifest = section.split_once("```yaml\n").unwrap().1.split_once("```").unwrap().0;
    let head = "version: 1\nproject: shop\nsecrets: { provider: file }\n";
    let mut text =
        format!("{head}{manifest}").replace("admin@", "postgres@").replace("verify-full", "disable");
    if !text.contains("sslmode") {
        text = text.replace(":5432/postgres", ":5432/postgres?sslmode=disable");
    }
    for (host, server) in hosts {
        assert!(text.contains(&format!("{host}:5432")), "{host}: {text}");
        text = text.replace(&format!("{host}:5432"), &format!("127.0.0.1:{}", server.port));
    }
    if !text.contains("services:") {
        text += "services:\n  orders:\n";
    }
    let project = Project::with_manifest(&text);
    for service in ["orders", "reports"].iter().filter(|name| text.contains(&format!("  {name}:"))) {
        project
            .write(&format!("{service}/migrations/V1__item.sql"), "CREATE TABLE item (id int, name text);\n");
        project.write(&format!("{service}/migrations/V1__item.down.sql"), "DROP TABLE item;\n");
    }
    project
}

fn run(project: &Project, arguments: &[&str]) -> Done {
    let mut command = project.command(arguments);
    for variable in ["DB1_PASSWORD", "DB2_PASSWORD", "DB_PASSWORD"] {
        command.env(variable, ADMIN_PASSWORD);
    }
    project.finish(command)
}

fn provision(project: &Project) {
    let _done = run(project, &["apply", "--all", "-y"]).expect(0);
    let _done = run(project, &["upgrade", "--all"]).expect(0);
}

#[test]
fn the_pages_setups_with_one_and_several_servers_work() {
    let (first, second) = (Server::start(), Server::start());
    let one = project("One server", &[("db1", &first)]);
    provision(&one);
    let _proven = run(&one, &["verify-isolation"]).expect(0);
    // The extension itself is not packaged for this machine: its row in the catalog is what is read.
    let citus = "SET allow_system_table_mods = on; INSERT INTO pg_extension
        SELECT 99999, 'citus', extowner, extnamespace, extrelocatable, extversion, extconfig, extcondition FROM pg_extension";
    first.sql("orders", citus);
    let checks = run(&one, &["doctor"]).expect(0).stdout;
    let said = checks.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains(
            "orders has Citus: `martydb verify-isolation` proves this coordinator, but none of its workers"
        ),
        "{checks}"
    );
    for service in ["reports", "orders"] {
        let _gone = run(&one, &["drop", service, "--confirm", service]).expect(0);
    }
    let several = project("Several servers", &[("db1", &first), ("db2", &second)]);
    provision(&several);
    let _proven = run(&several, &["verify-isolation"]).expect(0);
    let _same = run(&several, &["status", "--check"]).expect(0);
    let databases = |server: &Server| {
        server
            .sql("postgres", "SELECT datname::text FROM pg_database WHERE datname IN ('orders', 'reports')")
            .concat()
    };
    assert_eq!((databases(&first), databases(&second)), (vec!["reports".into()], vec!["orders".into()]));
}

/// The first standby is made as an operator makes one.
#[test]
fn the_pages_setup_with_standbys_works() {
    let primary = Server::with_standbys();
    let first = primary.base_backup(&["max_standby_streaming_delay=100ms"]);
    let second = primary.standby(&[]);
    let project = project("Standbys", &[("db1-r1", &first), ("db1-r2", &second), ("db1", &primary)]);
    provision(&project);
    first.catch_up_with(&primary);
    second.catch_up_with(&primary);
    let proof: serde_json::Value =
        serde_json::from_str(&run(&project, &["verify-isolation", "-o", "json"]).expect(0).stdout).unwrap();
    for replica in ["r1", "r2"] {
        assert!(proof["matrix"].as_array().unwrap().iter().any(|row| row["at"] == replica), "{proof:#}");
    }
    let _close = run(&project, &["status", "--check"]).expect(0);
    let _tried = run(&project, &["test-connections"]).expect(0);
    let read = run(&project, &["url", "orders", "--read-only", "--no-password"]).expect(0).stdout;
    assert!(read.contains(&format!("127.0.0.1:{}/", first.port)), "{read}");
    let analytics =
        run(&project, &["url", "orders", "--prefer", "analytics", "--no-password"]).expect(0).stdout;
    assert!(analytics.contains(&format!("127.0.0.1:{}/", second.port)), "{analytics}");

    project.write("orders/migrations/V2__less.sql", "ALTER TABLE item DROP COLUMN name;\n");
    project.write("orders/migrations/V2__less.down.sql", "ALTER TABLE item ADD COLUMN name text;\n");
    let linted = run(&project, &["lint"]).expect(3).stdout;
    assert!(
        linted.contains(
            "standby-conflict: it takes an ACCESS EXCLUSIVE lock: a standby cancels queries that read item"
        ),
        "{linted}"
    );
    let rehearsed = run(&project, &["upgrade", "--all", "--rehearse"]).expect(0).stdout;
    let reported = "cancels readers at standbys, after max_standby_streaming_delay: public.item";
    assert!(rehearsed.contains(reported), "{rehearsed}");
    let reader = std::thread::scope(|scope| {
        let read = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM item; SELECT pg_sleep(60)";
        let reader = scope.spawn(|| first.sql_as("postgres", ADMIN_PASSWORD, "orders", read));
        let reads = "SELECT count(*)::text FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        until("the reader reads", || first.value("postgres", reads) == "1");
        let _done = run(&project, &["upgrade", "--all"]).expect(0);
        reader.join().unwrap()
    });
    assert_eq!(reader.unwrap_err(), "40001");
}

#[test]
fn the_pages_setup_with_failover_works() {
    let mut primary = Server::with_standbys();
    let (second, third) = (primary.standby(&[]), primary.standby(&[]));
    let project =
        project("CloudNativePG and Patroni", &[("node1", &primary), ("node2", &second), ("node3", &third)]);
    provision(&project);
    [&second, &third].iter().for_each(|standby| standby.catch_up_with(&primary));
    let _proven = run(&project, &["verify-isolation"]).expect(0);
    pause(&third);
    primary.crash();
    second.sql("postgres", "SELECT pg_promote()");
    project.write("orders/migrations/V2__more.sql", "ALTER TABLE item ADD COLUMN more int;\n");
    project.write("orders/migrations/V2__more.down.sql", "ALTER TABLE item DROP COLUMN more;\n");
    let _done = run(&project, &["upgrade", "--all"]).expect(0);
    let status = run(&project, &["status", "--check"]).expect(3).stdout;
    assert!(status.contains("replica node2 of server main: not a standby"), "{status}");
}
