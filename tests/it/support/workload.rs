//! Ordinary migrations in any number: a table, an index, a column with a check, a foreign key or a unique index,
//! rows; and now and then an index built outside a transaction.

use super::Project;

/// Peculiarity of a workload.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// All in transactions.
    Plain,
    /// Every fifth file builds its indexes concurrently.
    Concurrent,
}

/// Writes so many migrations for a service, with their down files.
pub(crate) fn write(project: &Project, service: &str, count: usize, kind: Kind) {
    for n in 1..=count {
        let (name, up, down) = migration(n, kind);
        project.write(&format!("{service}/migrations/V{n}__{name}.sql"), &up);
        project.write(&format!("{service}/migrations/V{n}__{name}.down.sql"), &down);
    }
}

fn migration(n: usize, kind: Kind) -> (String, String, String) {
    let (k, step) = ((n - 1) / 5, (n - 1) % 5);
    let t = format!("t_{k}");
    match step {
        0 => (
            format!("create_{t}"),
            format!(
                "CREATE TABLE {t} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id uuid NOT NULL, name text NOT NULL, payload jsonb NOT NULL DEFAULT '{{}}', created_at timestamptz NOT NULL DEFAULT now());\n"
            ),
            format!("DROP TABLE {t};\n"),
        ),
        1 if kind == Kind::Concurrent => (
            format!("index_{t}"),
            format!(
                "-- martydb: no-transaction\nCREATE INDEX CONCURRENTLY {t}_a ON {t} (tenant_id);\nCREATE INDEX CONCURRENTLY {t}_b ON {t} (name);\n"
            ),
            format!(
                "-- martydb: no-transaction\nDROP INDEX CONCURRENTLY {t}_b;\nDROP INDEX CONCURRENTLY {t}_a;\n"
            ),
        ),
        1 => (
            format!("index_{t}"),
            format!("CREATE INDEX {t}_tenant_idx ON {t} (tenant_id, created_at);\n"),
            format!("DROP INDEX {t}_tenant_idx;\n"),
        ),
        2 => (
            format!("alter_{t}"),
            format!(
                "ALTER TABLE {t} ADD COLUMN version integer NOT NULL DEFAULT 1;\nALTER TABLE {t} ADD CONSTRAINT {t}_ck CHECK (version > 0);\n"
            ),
            format!("ALTER TABLE {t} DROP COLUMN version;\n"),
        ),
        3 if k > 0 => (
            format!("link_{t}"),
            format!(
                "ALTER TABLE {t} ADD COLUMN parent_id bigint REFERENCES t_{}(id);\nCREATE INDEX {t}_p ON {t} (parent_id);\n",
                k - 1
            ),
            format!("ALTER TABLE {t} DROP COLUMN parent_id;\n"),
        ),
        3 => (
            format!("unique_{t}"),
            format!("CREATE UNIQUE INDEX {t}_key ON {t} (tenant_id, name);\n"),
            format!("DROP INDEX {t}_key;\n"),
        ),
        _ => (
            format!("seed_{t}"),
            format!(
                "INSERT INTO {t} (tenant_id, name) SELECT '00000000-0000-0000-0000-000000000000', 'n' || g FROM generate_series(1, 20) g;\n"
            ),
            format!("DELETE FROM {t};\n"),
        ),
    }
}
