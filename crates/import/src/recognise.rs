//! Recognition of a folder's migration tool, by the names of its files and the first lines of one of them.

use super::liquibase::is_formatted;
use super::name::{FileMeaning, node_pg_migrate, paired};
use super::sqitch::PLAN;
use martydb_migrate::files::is_plain_name;

/// A folder of the searched project.
#[derive(Debug, Clone, Copy)]
pub struct FolderContents<'a> {
    /// The last part of its path.
    pub name: &'a str,
    /// Paths of the files below it, with `/` between the parts.
    pub files: &'a [&'a str],
    /// The first lines of one of its SQL files.
    pub head: &'a str,
    /// Set if it belongs to a Cargo package.
    pub rust: bool,
}

/// Tool of a folder's migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FolderTool {
    /// martydb, whose format is also refinery's.
    Own,
    /// Another tool, by its name for `import --from`.
    Other(&'static str),
    /// A tool whose migrations are programs, by name: only its database shows their result.
    Programs(&'static str),
}

impl FolderTool {
    /// Returns its name, for the manifest.
    pub fn name(self) -> &'static str {
        match self {
            FolderTool::Own => "martydb",
            FolderTool::Other(tool) | FolderTool::Programs(tool) => tool,
        }
    }

    /// Returns `true` if its migrations are programs.
    pub fn is_programs(self) -> bool {
        matches!(self, FolderTool::Programs(_) | FolderTool::Other("rails"))
    }
}

type Test = fn(&FolderContents<'_>) -> bool;

/// Tests in order of precedence: specific ones come before those that many tools share.
const SIGNS: &[(FolderTool, Test)] = &[
    // The applications of one project share its database, so the project is the service.
    (FolderTool::Programs("Django"), |look| look.files.contains(&"manage.py")),
    (FolderTool::Programs("Laravel"), |look| any(look, |file| is_numbered(file) && file.ends_with(".php"))),
    (FolderTool::Programs("Ecto"), |look| any(look, |file| is_numbered(file) && file.ends_with(".exs"))),
    (FolderTool::Programs("EF Core"), |look| {
        any(look, |file| is_numbered(file) && file.ends_with(".Designer.cs"))
    }),
    (FolderTool::Other("liquibase"), |look| is_formatted(look.head)),
    (FolderTool::Programs("Liquibase"), |look| any(look, is_changelog)),
    (FolderTool::Other("sqitch"), |look| look.files.contains(&PLAN)),
    (FolderTool::Other("prisma"), |look| any(look, |file| file.ends_with("/migration.sql"))),
    (FolderTool::Other("diesel"), |look| any(look, |file| file.ends_with("/up.sql") && is_numbered(file))),
    (FolderTool::Other("rails"), |look| {
        look.name == "migrate" && any(look, |file| is_numbered(file) && file.ends_with(".rb"))
    }),
    (FolderTool::Other("updown"), |look| {
        any(look, |file| file.starts_with('V') && file.ends_with(".up.sql"))
    }),
    (FolderTool::Own, |look| {
        any(look, is_own) && look.files.iter().all(|file| is_own(file) || !file.ends_with(".sql"))
    }),
    (FolderTool::Other("flyway"), |look| {
        any(look, |file| file.starts_with(['V', 'R', 'U']) && file.contains("__"))
    }),
    (FolderTool::Other("goose"), |look| any(look, is_sql) && look.head.contains("-- +goose")),
    (FolderTool::Other("dbmate"), |look| any(look, is_sql) && look.head.contains("-- migrate:up")),
    (FolderTool::Other("node-pg-migrate"), |look| any(look, is_sql) && look.head.contains("-- Up Migration")),
    (FolderTool::Other("sqlx"), |look| look.rust && any(look, is_sql)),
    (FolderTool::Other("golang-migrate"), |look| any(look, |file| is_sql(file) && file.ends_with(".up.sql"))),
    (FolderTool::Programs("TypeORM"), |look| any(look, is_typeorm)),
    (FolderTool::Other("node-pg-migrate"), |look| any(look, is_node_pg_migrate)),
    (FolderTool::Programs("Knex or Sequelize"), |look| any(look, is_dated_script)),
    (FolderTool::Other("updown"), |look| look.name.starts_with("migration") && any(look, is_sql)),
];

pub fn recognise(look: &FolderContents<'_>) -> Option<FolderTool> {
    SIGNS.iter().find(|(_, fits)| fits(look)).map(|(tool, _)| *tool)
}

fn any(look: &FolderContents<'_>, is: impl Fn(&str) -> bool) -> bool {
    look.files.iter().any(|file| is(file))
}

fn is_numbered(file: &str) -> bool {
    file.starts_with(|c: char| c.is_ascii_digit())
}

fn is_own(file: &str) -> bool {
    !file.contains('/') && is_plain_name(file)
}

/// Tests for `1_x.sql`, directly in the folder.
fn is_sql(file: &str) -> bool {
    !file.contains('/') && file.ends_with(".sql") && matches!(paired(file), FileMeaning::Migration { .. })
}

/// Tests for milliseconds since 1970 and a dash or underscore: Knex writes `20240101120000_x.js`.
fn is_node_pg_migrate(file: &str) -> bool {
    digits(file) == 13 && !file.contains('/') && node_pg_migrate(file) != FileMeaning::Other
}

/// Tests for fourteen digits of date and time: both Knex and Sequelize write `20240101120000`.
fn is_dated_script(file: &str) -> bool {
    digits(file) == 14
        && !file.contains('/')
        && [".js", ".ts", ".cjs", ".mjs"].iter().any(|end| file.ends_with(end))
}

/// Tests for `1700000000000-CreateUsers.ts`: node-pg-migrate writes no capitals.
fn is_typeorm(file: &str) -> bool {
    let name = file.get(digits(file)..).unwrap_or_default();
    digits(file) == 13
        && file.ends_with(".ts")
        && name.strip_prefix('-').is_some_and(|name| name.starts_with(char::is_uppercase))
}

/// Tests for the names in Liquibase's own examples and in Spring Boot.
fn is_changelog(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or_default();
    name.starts_with("db.changelog")
        && [".xml", ".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end))
}

fn digits(file: &str) -> usize {
    file.chars().take_while(char::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_distinguished() {
        type Row = (&'static str, &'static [&'static str], &'static str, bool, Option<FolderTool>);
        let rows: &[Row] = &[
            ("migrations", &["V1__a.sql", "V1__a.down.sql", "README.md"], "", false, Some(FolderTool::Own)),
            ("migrations", &["V1__a.sql", "R__v.sql"], "", true, Some(FolderTool::Own)),
            ("db", &["sqitch.plan", "deploy/a.sql"], "", false, Some(FolderTool::Other("sqitch"))),
            ("migration", &["V1_1__a.sql"], "", false, Some(FolderTool::Other("flyway"))),
            ("migration", &["V1__a.sql", "U1__a.sql"], "", false, Some(FolderTool::Other("flyway"))),
            ("migrations", &["V1.A.up.sql", "V1.A.down.sql"], "", false, Some(FolderTool::Other("updown"))),
            (
                "migrations",
                &["1_a.up.sql", "1_a.down.sql"],
                "",
                false,
                Some(FolderTool::Other("golang-migrate")),
            ),
            ("migrations", &["1_a.up.sql", "1_a.down.sql"], "", true, Some(FolderTool::Other("sqlx"))),
            ("sql", &["001_a.sql"], "-- +goose Up\nSELECT 1;", true, Some(FolderTool::Other("goose"))),
            ("migrations", &["2024_a.sql"], "-- migrate:up\n", false, Some(FolderTool::Other("dbmate"))),
            ("migrations", &["1700000000000_a.js"], "", false, Some(FolderTool::Other("node-pg-migrate"))),
            (
                "migrations",
                &["20240101120000_a.js"],
                "",
                false,
                Some(FolderTool::Programs("Knex or Sequelize")),
            ),
            ("migrations", &["1700000000000-Users.ts"], "", false, Some(FolderTool::Programs("TypeORM"))),
            (
                "migrations",
                &["1700000000000-users.ts"],
                "",
                false,
                Some(FolderTool::Other("node-pg-migrate")),
            ),
            ("site", &["manage.py", "shop/urls.py"], "", false, Some(FolderTool::Programs("Django"))),
            (
                "migrations",
                &["2014_10_12_000000_users.php"],
                "",
                false,
                Some(FolderTool::Programs("Laravel")),
            ),
            ("migrations", &["20240101120000_users.exs"], "", false, Some(FolderTool::Programs("Ecto"))),
            (
                "Migrations",
                &["20240101120000_Users.cs", "20240101120000_Users.Designer.cs"],
                "",
                false,
                Some(FolderTool::Programs("EF Core")),
            ),
            ("db", &["db.changelog-master.yaml"], "", false, Some(FolderTool::Programs("Liquibase"))),
            (
                "changelog",
                &["db.changelog-master.yaml", "V1__a.sql"],
                "--liquibase formatted sql\n--changeset a:1\n",
                false,
                Some(FolderTool::Other("liquibase")),
            ),
            ("migrations", &["01_init/migration.sql"], "", false, Some(FolderTool::Other("prisma"))),
            ("migrations", &["2024-01-01-000000_a/up.sql"], "", true, Some(FolderTool::Other("diesel"))),
            ("migrate", &["20240101000000_create.rb"], "", false, Some(FolderTool::Other("rails"))),
            ("migrations", &["001_a.sql"], "CREATE TABLE a ();", false, Some(FolderTool::Other("updown"))),
            ("reports", &["001_a.sql"], "SELECT 1;", false, None),
            ("migrations", &["0001_initial.py", "__init__.py"], "", false, None),
            ("src", &["main.go"], "", false, None),
        ];
        for (name, files, head, rust, expected) in rows {
            let look = FolderContents { name, files, head, rust: *rust };
            assert_eq!(recognise(&look), *expected, "{name} {files:?}");
        }
    }

    #[test]
    fn every_tool_that_is_recognised_can_be_imported() {
        for (tool, _) in SIGNS {
            let known = match tool {
                FolderTool::Other(name) => super::super::Tool::find(name).is_some(),
                FolderTool::Programs(name) => super::super::Tool::find(name).is_none(),
                FolderTool::Own => true,
            };
            assert!(known, "{tool:?}");
        }
    }
}
