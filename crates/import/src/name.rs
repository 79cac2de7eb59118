//! File names of each tool.

use martydb_migrate::files::reads;

/// Direction of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileDirection {
    /// Both, with markers between them, or only up.
    Whole,
    Up,
    Down,
}

/// Meaning of a file name for the tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileMeaning {
    Migration {
        key: String,
        version: Vec<u64>,
        name: String,
        direction: FileDirection,
    },
    Repeatable(String),
    /// Flyway's `B` file, which replaces the versions up to its own in a new database.
    Baseline {
        key: String,
        version: Vec<u64>,
        name: String,
    },
    /// Settings of the migration with this key.
    Settings(String),
    /// Sqitch's plan, which orders the migrations.
    Plan,
    /// An SQL file without a version.
    Unnumbered,
    /// The tool reads it, but martydb cannot: problem and fix.
    Foreign(&'static str, &'static str),
    /// The tool ignores it.
    Other,
}

const CODE: &[&str] =
    &["cjs", "cs", "go", "java", "js", "kt", "mjs", "mts", "php", "py", "rb", "rs", "scala", "ts"];
const IN_CODE: (&str, &str) = ("is code, which martydb does not run", "rewrite it as SQL, or pass --skip");

fn migration(key: &str, version: Vec<u64>, name: &str, direction: FileDirection) -> FileMeaning {
    FileMeaning::Migration { key: key.into(), version, name: name.into(), direction }
}

/// Returns the leading digits and the rest.
fn digits(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn number(digits: &str) -> Option<Vec<u64>> {
    Some(vec![digits.parse().ok()?])
}

fn extension(file: &str) -> &str {
    file.rsplit_once('.').map_or("", |parts| parts.1)
}

fn is_code(file: &str) -> bool {
    CODE.contains(&extension(file))
}

/// Parses `0001_x`: the number is the key, the rest the name.
fn numbered(stem: &str, direction: FileDirection) -> FileMeaning {
    let read = digits(stem).and_then(|(digits, rest)| Some((digits, number(digits)?, rest)));
    match read {
        Some((digits, version, rest)) => {
            migration(digits, version, rest.trim_start_matches(['_', '-', '.']), direction)
        }
        None => FileMeaning::Unnumbered,
    }
}

/// Parses the name of a file of code. A migration has a number; a file without one is not a migration.
fn code_or_other(file: &str) -> FileMeaning {
    let test = file.ends_with("_test.go");
    match is_code(file) && digits(file).is_some() && !test {
        true => FileMeaning::Foreign(IN_CODE.0, IN_CODE.1),
        false => FileMeaning::Other,
    }
}

/// Parses names of goose and dbmate: `20240115180414_init.sql`.
pub(crate) fn single(path: &str) -> FileMeaning {
    match path.strip_suffix(".sql") {
        Some(stem) => numbered(stem, FileDirection::Whole),
        None => code_or_other(path),
    }
}

/// Parses names of sql-migrate, whose key is the whole name. Files with leading digits run in the order of that number, then of
/// their names; the others follow (`Migration.Less`, <https://github.com/rubenv/sql-migrate/blob/master/migrate.go>).
pub(crate) fn sql_migrate(path: &str) -> FileMeaning {
    match single(path) {
        FileMeaning::Migration { version, name, direction, .. } => migration(path, version, &name, direction),
        FileMeaning::Unnumbered => {
            migration(path, vec![u64::MAX], path.trim_end_matches(".sql"), FileDirection::Whole)
        }
        other => other,
    }
}

/// Parses names of sqlx and golang-migrate: `1_x.up.sql`, `1_x.down.sql`; without `.up` it is sqlx's simple form.
pub(crate) fn paired(path: &str) -> FileMeaning {
    let Some(stem) = path.strip_suffix(".sql") else { return code_or_other(path) };
    match (stem.strip_suffix(".up"), stem.strip_suffix(".down")) {
        (Some(stem), _) => numbered(stem, FileDirection::Up),
        (_, Some(stem)) => numbered(stem, FileDirection::Down),
        _ => numbered(stem, FileDirection::Whole),
    }
}

/// Parses `V0001.Name.up.sql`, `0001_name.up.sql`.
pub(crate) fn updown(path: &str) -> FileMeaning {
    let bare = path.strip_prefix(['V', 'v']).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    paired(bare.unwrap_or(path))
}

/// Parses `2022-04-26-153628_name/up.sql`: the version is the text before the underscore, without dashes
/// (`diesel_migrations::file_based_migrations::version_from_string`).
pub(crate) fn diesel(path: &str) -> FileMeaning {
    let Some((folder, file)) = path.split_once('/') else { return code_or_other(path) };
    let (version, name) = folder.split_once('_').unwrap_or((folder, ""));
    let key = version.replace('-', "");
    let direction = match file {
        "up.sql" => FileDirection::Up,
        "down.sql" => FileDirection::Down,
        "metadata.toml" => return FileMeaning::Settings(key),
        _ if file.starts_with("up.") => return code_or_other(path),
        _ => return FileMeaning::Other,
    };
    let version = number(&key).unwrap_or_default();
    migration(&key, version, name, direction)
}

/// Parses `20210101120000_init/migration.sql`; the key in the tool's table is the folder's whole name.
pub(crate) fn prisma(path: &str) -> FileMeaning {
    let folder = match path.split_once('/') {
        Some((folder, "migration.sql")) => folder,
        Some((_, file)) if file.starts_with("migration.") => return code_or_other(path),
        _ => return FileMeaning::Other,
    };
    let (version, name) = digits(folder).map_or((vec![], folder), |(digits, rest)| {
        (number(digits).unwrap_or_default(), rest.trim_start_matches(['_', '-']))
    });
    migration(folder, version, name, FileDirection::Whole)
}

/// Parses `1700000000000_x.sql`; the key in the tool's table is the name without the suffix.
pub(crate) fn node_pg_migrate(path: &str) -> FileMeaning {
    let stem = path.rsplit_once('.').map_or(path, |parts| parts.0);
    match (extension(path), numbered(stem, FileDirection::Whole)) {
        ("sql", FileMeaning::Migration { version, name, direction, .. }) => {
            migration(stem, version, &name, direction)
        }
        ("sql", other) => other,
        _ => code_or_other(path),
    }
}

/// Parses names of Rails, whose migrations are Ruby; a plain SQL file beside them is treated as sqlx's.
pub(crate) fn rails(path: &str) -> FileMeaning {
    paired(path)
}

/// Returns `true` for the formats of Liquibase's changelogs other than SQL.
pub(crate) fn is_changelog(path: &str) -> bool {
    ["xml", "yaml", "yml", "json"].contains(&extension(path))
}

/// Parses names of Liquibase: changelogs give the order, whatever the names.
pub(crate) fn liquibase(path: &str) -> FileMeaning {
    match path.ends_with(".sql") {
        true => migration(path, vec![], path, FileDirection::Whole),
        false if is_changelog(path) => FileMeaning::Plan,
        false => FileMeaning::Other,
    }
}

const CALLBACKS: &[&str] = &["before", "after", "createSchema"];

/// Parses `V1.2__x.sql`, `U1.2__x.sql`, `R__x.sql`, callbacks; the parts of a version are separated by dots or
/// underscores.
pub(crate) fn flyway(path: &str) -> FileMeaning {
    let file = path.rsplit_once('/').map_or(path, |parts| parts.1);
    if let Some(script) = file.strip_suffix(".conf") {
        return match flyway(script) {
            FileMeaning::Migration { key, .. } | FileMeaning::Baseline { key, .. } => {
                FileMeaning::Settings(key)
            }
            _ => FileMeaning::Other,
        };
    }
    let versioned = file.starts_with(['V', 'U', 'B', 'R']) && file.contains("__");
    let Some(stem) = file.strip_suffix(".sql") else {
        return if is_code(file) && versioned {
            FileMeaning::Foreign(IN_CODE.0, IN_CODE.1)
        } else {
            FileMeaning::Other
        };
    };
    if CALLBACKS.iter().any(|name| stem.starts_with(name)) {
        let fix = "move its statements into the migrations, or pass --skip";
        return FileMeaning::Foreign("is a Flyway callback", fix);
    }
    let kind = match stem.chars().next() {
        Some(kind @ ('V' | 'U')) => kind,
        Some('B') if versioned => 'B',
        Some('R') if stem.starts_with("R__") => return FileMeaning::Repeatable(stem[3..].into()),
        _ => return FileMeaning::Unnumbered,
    };
    let (version, name) = stem[1..].split_once("__").unwrap_or((&stem[1..], ""));
    let (key, parts) = (version.replace('_', "."), version.split(['.', '_']));
    let parts: Option<Vec<u64>> = parts.map(|part| part.parse().ok()).collect();
    match (parts, kind) {
        (Some(version), 'B') => FileMeaning::Baseline { key, version, name: name.into() },
        (Some(version), 'V') => migration(&key, version, name, FileDirection::Up),
        (Some(version), _) => migration(&key, version, name, FileDirection::Down),
        (None, _) => FileMeaning::Unnumbered,
    }
}

/// Returns a name that refinery can parse: letters, digits and underscores, with unchanged case.
pub(crate) fn readable(name: &str, version: i64) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c {
            c if c.is_alphabetic() || c.is_ascii_digit() || c == '_' => out.push(c),
            _ if out.ends_with('_') => {}
            _ => out.push('_'),
        }
    }
    let out = out.trim_matches('_').to_owned();
    if reads(version, &out) { out } else { "migration".into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqitch;

    fn said(named: FileMeaning) -> String {
        match named {
            FileMeaning::Migration { key, version, name, direction } => {
                format!("{key} {version:?} {name} {direction:?}")
            }
            FileMeaning::Repeatable(name) => format!("repeatable {name}"),
            FileMeaning::Baseline { key, version, name } => format!("baseline {key} {version:?} {name}"),
            FileMeaning::Settings(key) => format!("settings {key}"),
            FileMeaning::Plan => "plan".into(),
            FileMeaning::Unnumbered => "unnumbered".into(),
            FileMeaning::Foreign(what, _) => what.into(),
            FileMeaning::Other => "other".into(),
        }
    }

    #[test]
    fn names_are_read_as_their_tools_read_them() {
        type Row = (fn(&str) -> FileMeaning, &'static str, &'static str);
        let rows: &[Row] = &[
            (single, "001_init.sql", "001 [1] init Whole"),
            (single, "20251226153622_x.go", "is code, which martydb does not run"),
            (single, "migrate.go", "other"),
            (single, "20251226153622_x_test.go", "other"),
            (single, "seed.sql", "unnumbered"),
            (sql_migrate, "2023-03-07.0.x.sql", "2023-03-07.0.x.sql [2023] 03-07.0.x Whole"),
            (sql_migrate, "grants.sql", "grants.sql [18446744073709551615] grants Whole"),
            (paired, "00001_create-tables.up.sql", "00001 [1] create-tables Up"),
            (paired, "3_x.down.sql", "3 [3] x Down"),
            (paired, "20210425153745_create.sql", "20210425153745 [20210425153745] create Whole"),
            (updown, "V0001.Initial_Schema.up.sql", "0001 [1] Initial_Schema Up"),
            (updown, "0001_x.down.sql", "0001 [1] x Down"),
            (updown, "Views.up.sql", "unnumbered"),
            (diesel, "2022-04-26-153628_a_b/up.sql", "20220426153628 [20220426153628] a_b Up"),
            (diesel, "00000000000000_initial/down.sql", "00000000000000 [0] initial Down"),
            (diesel, "2022-04-26-153628_a/metadata.toml", "settings 20220426153628"),
            (diesel, "schema.patch", "other"),
            (prisma, "01_init/migration.sql", "01_init [1] init Whole"),
            (prisma, "init/migration.sql", "init [] init Whole"),
            (prisma, "migration_lock.toml", "other"),
            (flyway, "V4_0_0_1__Add.sql", "4.0.0.1 [4, 0, 0, 1] Add Up"),
            (flyway, "old/V13.1__x.sql", "13.1 [13, 1] x Up"),
            (flyway, "U2__x.sql", "2 [2] x Down"),
            (flyway, "R__views.sql", "repeatable views"),
            (flyway, "B1_20__all.sql", "baseline 1.20 [1, 20] all"),
            (flyway, "V2__x.sql.conf", "settings 2"),
            (flyway, "B1_20__x.sql.conf", "settings 1.20"),
            (flyway, "afterMigrate__x.sql", "is a Flyway callback"),
            (flyway, "V3__x.java", "is code, which martydb does not run"),
            (flyway, "NTV2024.sql", "unnumbered"),
            (flyway, "Vx__x.sql", "unnumbered"),
            (node_pg_migrate, "1700000000000_x-y.sql", "1700000000000_x-y [1700000000000] x-y Whole"),
            (node_pg_migrate, "1700000000000_x.js", "is code, which martydb does not run"),
            (rails, "20240101000000_create_users.rb", "is code, which martydb does not run"),
            (sqitch::named, "deploy/a/b@v1.sql", "a/b@v1 [] a/b@v1 Up"),
            (sqitch::named, "revert/a.sql", "a [] a Down"),
            (liquibase, "db/a.sql", "db/a.sql [] db/a.sql Whole"),
            (liquibase, "db.changelog-master.yaml", "plan"),
            (liquibase, "pom.java", "other"),
            (sqitch::named, "sqitch.plan", "plan"),
            (sqitch::named, "verify/a.sql", "other"),
        ];
        for (read, file, expected) in rows {
            assert_eq!(said(read(file)), *expected, "{file}");
        }
    }

    #[test]
    fn names_become_what_refinery_reads() {
        for (name, expected) in [
            ("create-initial-tables", "create_initial_tables"),
            ("Ünïcode", "Ünïcode"),
            ("a.b c", "a_b_c"),
            ("", "migration"),
            ("--", "migration"),
        ] {
            assert_eq!(readable(name, 1), expected);
        }
    }
}
