//! `import`: small folders in each tool's layout, their history tables, and what stops it.

mod adopted;
mod folders;
mod from_database;
mod not_empty;

use std::sync::OnceLock;

use crate::support::{Project, Server};

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::shared(&[]))
}

/// A project with one service and no migrations.
fn project(service: &str, settings: &str) -> Project {
    Project::with_manifest(&format!(
        "version: 1\nproject: p_{service}\nservers:\n  main:\n    url: {}\nservices:\n  {service}: {{ {settings} }}\n",
        server().url()
    ))
}

/// A tool's folder: its name, and files with their texts.
type Layout = (&'static str, &'static [(&'static str, &'static str)]);

const UP1: &str = "CREATE TABLE item (id int PRIMARY KEY);\n";
const UP2: &str = "ALTER TABLE item ADD note text;\n";
const DOWN1: &str = "DROP TABLE item;\n";
const DOWN2: &str = "ALTER TABLE item DROP note;\n";

/// Two migrations and a concurrent index in the layout of each tool that has down files.
const LAYOUTS: &[Layout] = &[
    (
        "diesel",
        &[
            ("2024-01-01-000000_first/up.sql", UP1),
            ("2024-01-01-000000_first/down.sql", DOWN1),
            ("2024-02-01-000000_note/up.sql", UP2),
            ("2024-02-01-000000_note/down.sql", DOWN2),
            ("2024-03-01-000000_index/up.sql", "CREATE INDEX CONCURRENTLY item_note ON item (note);\n"),
            ("2024-03-01-000000_index/down.sql", "DROP INDEX CONCURRENTLY item_note;\n"),
            ("2024-03-01-000000_index/metadata.toml", "run_in_transaction = false\n"),
        ],
    ),
    (
        "sqlx",
        &[
            ("1_first.up.sql", UP1),
            ("1_first.down.sql", DOWN1),
            ("2_note.up.sql", UP2),
            ("2_note.down.sql", DOWN2),
            ("3_index.up.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY item_note ON item (note);\n"),
            ("3_index.down.sql", "-- no-transaction\nDROP INDEX CONCURRENTLY item_note;\n"),
        ],
    ),
    (
        "goose",
        &[
            (
                "00001_first.sql",
                "-- +goose Up\n-- +goose StatementBegin\nCREATE TABLE item (id int PRIMARY KEY);\n-- +goose StatementEnd\n-- +goose Down\nDROP TABLE item;\n",
            ),
            (
                "00002_note.sql",
                "-- +goose Up\nALTER TABLE item ADD note text;\n\n-- +goose Down\nALTER TABLE item DROP note;\n",
            ),
            (
                "00003_index.sql",
                "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY item_note ON item (note);\n-- +goose Down\nDROP INDEX CONCURRENTLY item_note;\n",
            ),
        ],
    ),
    (
        "dbmate",
        &[
            (
                "20240101000000_first.sql",
                "-- migrate:up\nCREATE TABLE item (id int PRIMARY KEY);\n\n-- migrate:down\nDROP TABLE item;\n",
            ),
            (
                "20240201000000_note.sql",
                "-- migrate:up\nALTER TABLE item ADD note text;\n-- migrate:down\nALTER TABLE item DROP note;\n",
            ),
            (
                "20240301000000_index.sql",
                "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY item_note ON item (note);\n-- migrate:down transaction:false\nDROP INDEX CONCURRENTLY item_note;\n",
            ),
        ],
    ),
    (
        "sql-migrate",
        &[
            (
                "20240101000000-first.sql",
                "-- +migrate Up\n-- +migrate StatementBegin\nCREATE TABLE item (id int PRIMARY KEY);\n-- +migrate StatementEnd\n\n-- +migrate Down\nDROP TABLE item;\n",
            ),
            (
                "20240201000000-note.sql",
                "-- +migrate Up\nALTER TABLE item ADD note text;\n-- +migrate Down\nALTER TABLE item DROP note;\n",
            ),
            (
                "20240301000000-index.sql",
                "-- +migrate Up notransaction\nCREATE INDEX CONCURRENTLY item_note ON item (note);\n-- +migrate Down notransaction\nDROP INDEX CONCURRENTLY item_note;\n",
            ),
        ],
    ),
    (
        "sqitch",
        &[
            (
                "sqitch.plan",
                "%syntax-version=1.0.0\n%project=shop\n\nfirst 2024-01-01T00:00:00Z A <a@b.c> # First\n@v1 2024-01-02T00:00:00Z A <a@b.c>\n\
                 text/note [first] 2024-02-01T00:00:00Z A <a@b.c>\nindex 2024-03-01T00:00:00Z A <a@b.c>\n",
            ),
            ("sqitch.conf", "[core]\n\tengine = pg\n"),
            (
                "deploy/first.sql",
                "-- Deploy shop:first to pg\nBEGIN;\nCREATE TABLE item (id int PRIMARY KEY);\nCOMMIT;\n",
            ),
            ("revert/first.sql", "-- Revert shop:first from pg\nBEGIN;\nDROP TABLE item;\nCOMMIT;\n"),
            ("verify/first.sql", "BEGIN;\nSELECT id FROM item;\nROLLBACK;\n"),
            ("deploy/text/note.sql", "BEGIN;\nALTER TABLE item ADD note text;\nCOMMIT;\n"),
            ("revert/text/note.sql", "BEGIN;\nALTER TABLE item DROP note;\nCOMMIT;\n"),
            ("deploy/index.sql", "CREATE INDEX CONCURRENTLY item_note ON item (note);\n"),
            ("revert/index.sql", "DROP INDEX CONCURRENTLY item_note;\n"),
            ("deploy/unplanned.sql", "DROP TABLE item;\n"),
        ],
    ),
    (
        "liquibase",
        &[
            (
                "db.changelog-master.xml",
                "<databaseChangeLog xmlns=\"http://www.liquibase.org/xml/ns/dbchangelog\">\n<property name=\"item\" value=\"item\"/>\n\
                 <include file=\"changes/z.sql\" relativeToChangelogFile=\"true\"/>\n<include file=\"db/changes/a.sql\"/>\n</databaseChangeLog>\n",
            ),
            (
                "changes/z.sql",
                "--liquibase formatted sql\n\n--changeset ann:first labels:v1 dbms:postgresql\n--comment: The items\n\
                 --preconditions onFail:HALT\n--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_class WHERE relname = 'item'\n\
                 CREATE TABLE ${item} (id int PRIMARY KEY);\n--rollback DROP TABLE item;\n",
            ),
            (
                "changes/a.sql",
                "-- liquibase formatted sql\n--changeset bob:2 endDelimiter://\nALTER TABLE item ADD note text //\n\
                 /* liquibase rollback\nALTER TABLE item DROP note;\n*/\n\n--changeset bob:3 runInTransaction:false\n\
                 CREATE INDEX CONCURRENTLY item_note ON item (note);\n--rollback DROP INDEX CONCURRENTLY item_note;\n",
            ),
        ],
    ),
    (
        "golang-migrate",
        &[
            ("000001_first.up.sql", UP1),
            ("000001_first.down.sql", DOWN1),
            ("000002_note.up.sql", UP2),
            ("000002_note.down.sql", DOWN2),
            ("000003_index.up.sql", "CREATE INDEX CONCURRENTLY item_note ON item (note);\n"),
            ("000003_index.down.sql", "DROP INDEX CONCURRENTLY item_note;\n"),
        ],
    ),
    (
        "updown",
        &[
            ("V0001.First.up.sql", UP1),
            ("V0001.First.down.sql", DOWN1),
            ("V0002.Note.up.sql", UP2),
            ("V0002.Note.down.sql", DOWN2),
            ("V0003.Index.up.sql", "CREATE INDEX CONCURRENTLY item_note ON item (note);\n"),
            ("V0003.Index.down.sql", "DROP INDEX CONCURRENTLY item_note;\n"),
        ],
    ),
    (
        "flyway",
        &[
            ("V1_0__first.sql", UP1),
            ("U1_0__first.sql", DOWN1),
            ("V1.1__note.sql", UP2),
            ("U1.1__note.sql", DOWN2),
            ("later/V2__index.sql", "CREATE INDEX CONCURRENTLY item_note ON item (note);\n"),
            ("later/U2__index.sql", "DROP INDEX CONCURRENTLY item_note;\n"),
        ],
    ),
    (
        "node-pg-migrate",
        &[
            (
                "1700000000001_first.sql",
                "-- Up Migration\nCREATE TABLE item (id int PRIMARY KEY);\n-- Down Migration\nDROP TABLE item;\n",
            ),
            (
                "1700000000002_note.sql",
                "-- Up Migration\nALTER TABLE item ADD note text;\nCREATE INDEX item_note ON item (note);\n-- Down Migration\nALTER TABLE item DROP note;\n",
            ),
        ],
    ),
];

fn write(project: &Project, files: &[(&str, &str)]) {
    for (name, text) in files {
        project.write(&format!("old/{name}"), text);
    }
}

/// The names in the service's folder.
fn files(project: &Project, service: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(project.path().join(service).join("migrations")) else {
        return vec![];
    };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
