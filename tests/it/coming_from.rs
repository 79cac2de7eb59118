//! `docs/coming-from.md`, step by step: its commands are run unchanged.

use crate::support::{Project, Server};

const PAGE: &str = include_str!("../../docs/coming-from.md");

/// The fenced blocks of a section: language and text, without the indentation.
fn blocks(heading: &str) -> Vec<(String, String)> {
    let section = PAGE.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let mut all: Vec<(String, String)> = vec![];
    let mut inside = false;
    for line in section.lines().map(str::trim) {
        match line.strip_prefix("```") {
            Some(language) if !inside => {
                all.push((language.into(), String::new()));
                inside = true;
            }
            Some(_) => inside = false,
            None if inside => all.last_mut().unwrap().1 += &format!("{line}\n"),
            None => {}
        }
    }
    all
}

/// The words of a command; double quotes hold some together.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('"').enumerate();
    parts
        .flat_map(|(at, part)| match at % 2 {
            0 => part.split_whitespace().map(String::from).collect(),
            _ => vec![part.to_owned()],
        })
        .collect()
}

/// The last revision's file gets this text.
fn fill(project: &Project, sql: &str) {
    let folder = project.path().join("orders/migrations");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".sql") && !name.ends_with(".down.sql"))
        .collect();
    names.sort_by_key(|name| name[1..].split_once("__").unwrap().0.parse::<i64>().unwrap());
    project.write(&format!("orders/migrations/{}", names.last().unwrap()), sql);
}

fn run(project: &Project, block: &str, sql: Option<&str>) -> usize {
    let mut count = 0;
    for line in block.lines() {
        let words = words(line);
        let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        assert_eq!(arguments[0], "martydb", "{line}");
        let done = project.run(&arguments[1..]);
        assert_eq!(done.code, Some(0), "{line}\n{}\n{}", done.stdout, done.stderr);
        if let (Some(sql), "revision") = (sql, arguments[1]) {
            fill(project, sql);
        }
        count += 1;
    }
    count
}

/// A server with a database that goose, imitated, has migrated up to the second of three files.
fn migrated() -> (Server, Project) {
    let server = Server::start();
    server.sql("postgres", "CREATE ROLE old_owner LOGIN PASSWORD 'old'");
    server.sql("postgres", "CREATE DATABASE orders OWNER old_owner");
    server.sql(
        "orders",
        "ALTER SCHEMA public OWNER TO old_owner; SET ROLE old_owner;
         CREATE TABLE orders (id bigint PRIMARY KEY, total numeric NOT NULL); INSERT INTO orders VALUES (1, 12.5);
         CREATE INDEX orders_total ON orders (total);
         CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id bigint NOT NULL, is_applied boolean NOT NULL, tstamp timestamp DEFAULT now());
         INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true), (20240201090000, true), (20240301090000, true)",
    );
    let manifest = blocks("With the tool's files").into_iter().find(|block| block.0 == "yaml").unwrap().1;
    let manifest = manifest.replace("orders: {", "  orders: {");
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: shop\nservers:\n  main:\n    url: {}\n{manifest}",
        server.url()
    ));
    (server, project)
}

#[test]
fn following_coming_from_with_the_tools_files_works() {
    let (server, project) = migrated();
    project.write("db/migrations/20240201090000_orders.sql", "-- +goose Up\nCREATE TABLE orders (id bigint PRIMARY KEY, total numeric NOT NULL);\n-- +goose Down\nDROP TABLE orders;\n");
    project.write("db/migrations/20240301090000_total.sql", "-- +goose Up\nCREATE INDEX orders_total ON orders (total);\n-- +goose Down\nDROP INDEX orders_total;\n");
    let all = blocks("With the tool's files");
    let mut count = 0;
    let mut revised = false;
    for (at, (language, text)) in all.iter().enumerate() {
        match language.as_str() {
            "sh" => {
                let sql = all.get(at + 1).filter(|next| next.0 == "sql").map(|next| next.1.as_str());
                count += run(&project, text, sql);
                revised = text.contains("martydb revision");
            }
            "sql" if !revised => drop(server.sql("orders", text)),
            _ => {}
        }
    }
    assert!(count >= 10, "{all:?}");
    assert_eq!(server.value("orders", "SELECT total FROM orders"), "12.5");
    assert_eq!(server.value("orders", "SELECT to_regclass('goose_db_version') IS NULL"), "t");
    assert_eq!(server.value("postgres", "SELECT to_regrole('old_owner') IS NULL"), "t");
    project.run(&["status", "--check"]).expect(0);

    // A new environment, unknown to goose, is made from the same files.
    let manifest = project.read("martydb.yaml");
    project.write("martydb.yaml", &format!("{manifest}  fresh: {{ migrations: orders/migrations }}\n"));
    project.run(&["init-all", "-y"]).expect(0);
    assert_eq!(server.value("fresh", "SELECT to_regclass('orders_total') IS NULL"), "f");
}

#[test]
fn following_coming_from_without_files_works() {
    let (server, project) = migrated();
    if server.major() > 15 {
        return;
    }
    project.run(&["apply", "--service", "orders", "-y"]).expect(0);
    let count: usize = blocks("From the database itself")
        .iter()
        .filter(|block| block.0 == "sh")
        .map(|block| run(&project, &block.1, Some("ALTER TABLE orders ADD note text;\n")))
        .sum();
    assert!(count >= 4, "{count}");
    assert_eq!(server.value("orders", "SELECT total || coalesce(note, '') FROM orders"), "12.5");
    project.run(&["status", "--check"]).expect(0);
}
