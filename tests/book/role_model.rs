//! Generator of `docs/role-model.md` from the tables; the two cannot disagree.

use std::fmt::Write;

use martydb_model::RoleKind;
use martydb_model::contract::roles::{ATTRIBUTES, MEMBERSHIPS, MemberLogin};
use martydb_model::contract::{
    ALTERNATE_SUFFIX, GRANTS, Grant, GrantedBy, HISTORY_SCHEMA, ObjectClass, REFINERY_TABLE,
};
use martydb_model::contract::{Privileges, builtin};

const HEAD: &str = "\
<!-- Generated from martydb_model::contract: scripts/update -->

# Role model

Each service has a database of its own and four roles. `martydb apply` creates them, `martydb plan` shows the differences,
and `martydb verify-isolation` reports what goes beyond this page. All three use the tables from which this page is
generated.

- **owner** owns the schemas and everything in them. It cannot log in.
- **migrator** logs in to run migrations, and acts as the owner: its setting `role` has the effect of `SET ROLE` at login.
- **app** logs in for the service and reads and writes rows.
- **readonly** logs in and reads rows.

The database itself belongs to the admin or to `database_owner`, so no service can drop it or change its limits.
";

const AFTER_PRIVILEGES: &str = "
No role holds a grant option. The migrator holds only CONNECT, and USAGE on
schemas of extensions; everything else it does as the owner.

- `apply` grants privileges marked with `*` on each object; a missing one is drift.
- The owner's default privileges grant the others on its future objects. A migration may revoke them again.
- Privileges marked with `m` are allowed but not granted: a migration grants them if the service needs them.
";

/// Every class, with its name on the page.
const CLASSES: [(ObjectClass, &str); 12] = [
    (ObjectClass::Database, "the database"),
    (ObjectClass::Schema, "schemas"),
    (ObjectClass::Table, "tables, views, materialized views"),
    (ObjectClass::Sequence, "sequences"),
    (ObjectClass::Function, "functions, procedures"),
    (ObjectClass::SecurityDefiner, "SECURITY DEFINER functions"),
    (ObjectClass::Type, "types, domains"),
    (ObjectClass::LargeObject, "large objects"),
    (ObjectClass::History, "the migration history"),
    (ObjectClass::Extensions, "a schema of extensions (`extensions: [{ name, schema }]`)"),
    (ObjectClass::Records, "the records of the data service (`martydb_serve`)"),
    (ObjectClass::Other, "everything else"),
];

fn page() -> String {
    let mut page = String::from(HEAD);
    privileges(&mut page);
    page += AFTER_PRIVILEGES;
    defaults(&mut page);
    attributes(&mut page);
    memberships(&mut page);
    let _infallible = write!(
        page,
        "\n## Migration history\n\nThe schema `{HISTORY_SCHEMA}`, in which refinery's table `{REFINERY_TABLE}` lies \
         too, records the migrations; a table in\na declared schema ([migrations](migrations.md#the-history)) counts as \
         well. App and readonly have no privileges on them: a role that could\nwrite to them could make a migration run \
         twice, or never.\n"
    );
    page
}

fn headed(page: &mut String, title: &str, columns: &[&str]) {
    let rule = "---|".repeat(columns.len());
    let _infallible = write!(page, "\n## {title}\n\n| {} |\n|{rule}\n", columns.join(" | "));
}

fn by_kind(page: &mut String, first: &str, cell: impl Fn(RoleKind) -> String) {
    let cells: Vec<String> = RoleKind::ALL.into_iter().map(cell).collect();
    let _infallible = writeln!(page, "| {first} | {} |", cells.join(" | "));
}

fn privileges(page: &mut String) {
    headed(page, "Privileges", &["on", "owner", "migrator", "app", "readonly"]);
    for (class, words) in CLASSES {
        by_kind(page, words, |kind| {
            if kind == RoleKind::Owner && class.belongs_to_owner() {
                return String::from("all, as owner");
            }
            cell(GRANTS.iter().find(|row| row.role == kind && row.class == class))
        });
    }
}

fn cell(row: Option<&Grant>) -> String {
    let Some(row) = row else { return String::from("–") };
    let mark = match row.by {
        GrantedBy::Apply => " *",
        GrantedBy::DefaultPrivileges => "",
        GrantedBy::Migration => " m",
    };
    format!("{}{mark}", Privileges::new(row.privileges.iter().copied()))
}

fn defaults(page: &mut String) {
    headed(page, "What PostgreSQL grants to PUBLIC, and `apply` revokes", &["on", "privileges"]);
    for (class, words) in CLASSES {
        let public = builtin(class);
        if !public.is_empty() {
            let public = Privileges::new(public.iter().copied());
            let _infallible = writeln!(page, "| {words} | {public} |");
        }
    }
}

fn attributes(page: &mut String) {
    headed(page, "Attributes", &["attribute", "owner", "migrator", "app", "readonly"]);
    for attribute in ATTRIBUTES {
        by_kind(page, attribute.on, |kind| attribute.word(kind).into());
    }
}

fn memberships(page: &mut String) {
    headed(page, "Memberships", &["login", "member of", "options (PostgreSQL 16 and later)"]);
    for rule in MEMBERSHIPS {
        let login = match rule.login {
            MemberLogin::Primary => rule.member.key().to_owned(),
            MemberLogin::Alternate => format!("alternate {}", rule.member.key()),
        };
        let options = if rule.inherit { "INHERIT, SET" } else { "SET" };
        let _infallible = writeln!(page, "| {login} | {} | {options} |", rule.of.key());
    }
    let _infallible = write!(
        page,
        "\n`rotate --overlap` creates the alternate login of a role; its name ends in `{ALTERNATE_SUFFIX}`. It \
         has the attributes of its\nprimary and acts as the same role. The alternate of the migrator inherits \
         nothing, so it holds CONNECT itself.\n"
    );
}

#[test]
fn the_role_model_page_equals_the_contract_tables() {
    let path = crate::page::root().join("docs/role-model.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap(),
        page(),
        "docs/role-model.md is out of date: run `scripts/update`"
    );
}
