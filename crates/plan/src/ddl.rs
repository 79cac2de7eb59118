//! SQL of actions. Pure: a password is passed in as a finished verifier, or not at all if the plan is only shown.

use time::OffsetDateTime;

use super::action::{Action, Attribute, SettingValue};
use super::object::Object;
use super::{counters, records};
use martydb_model::contract::{INHERIT, LOGIN};
use martydb_model::grants::{self, Repair, ident};
use martydb_model::sql::{
    Fragment, Keyword, List, Literal, Qualified, Script, Secret, ServerText, Statement, stmt,
};
use martydb_model::{
    CreationParameters, DbName, LocaleProvider, ObjectKind, RoleKind, RoleName, SchemaName, dated,
};

/// New passwords of logins.
pub struct NewPasswords<'a> {
    /// Returns the SCRAM verifier of a login's password as a literal, or what stands for it.
    pub verifier: &'a dyn Fn(&RoleName) -> Statement,
    /// Time at which they are set; `None` if the plan is only shown.
    pub at: Option<OffsetDateTime>,
}

/// Passwords of a plan that is only shown: the redacted text is the same for any password.
pub const PASSWORDLESS: NewPasswords<'static> =
    NewPasswords { verifier: &|_| Secret(String::new()).render(), at: None };

/// Returns the SQL of an action; `major` determines the syntax of `GRANT role`.
pub fn script(action: &Action, major: u32, passwords: &NewPasswords<'_>) -> Script {
    match action {
        Action::CreateExtension { name, schema, staged } => create_extension(name, schema.as_ref(), *staged),
        Action::MoveExtension { name, schema } => {
            stmt!("ALTER EXTENSION {name} SET SCHEMA {schema}", name = Qualified::dotted(name)).into()
        }
        Action::Lend { objects, to, .. } => {
            let lend = |object| stmt!("GRANT ALL ON {object} TO {to}", object = grant_object(object));
            Script::from_iter(objects.iter().map(lend))
        }
        Action::Revoke { on, privileges, from, grantor, only_option } => {
            let what = stmt!("{privileges}{columns}", columns = columns(on));
            revoke(grants::revocation(*only_option, what, grant_object(on), from), grantor.as_ref())
        }
        // One role at a time: dropping the privileges of a default privilege's last grantee removes the entry
        // itself, and PostgreSQL then misses the entry when it drops it for the owner.
        Action::DropOwned { roles } => roles.iter().map(|role| stmt!("DROP OWNED BY {role}")).collect(),
        Action::CreatePublication { name, owner, tables } => {
            let tables = List(tables.iter().map(|(schema, table)| in_schema(schema, table)).collect());
            as_role(owner, stmt!("CREATE PUBLICATION {name} FOR TABLE {tables}"))
        }
        Action::ChangePublication { name, owner, change, table: (schema, table) } => {
            let (change, table) = (Keyword(change.words()), in_schema(schema, table));
            as_role(owner, stmt!("ALTER PUBLICATION {name} {change} {table}"))
        }
        Action::SetPassword { role, marker } => {
            let password = (passwords.verifier)(role);
            let set = stmt!("ALTER ROLE {role} PASSWORD {password}");
            let note = marker.as_ref().map(|marker| mark_role(role, dated(marker, passwords.at)));
            [set].into_iter().chain(note).collect()
        }
        Action::CreateRecordSchema { owner } => records::create_schema(owner),
        Action::CreateRecordTable { table } => records::create_table(table),
        Action::MendRecordTable { table, dropped, made } => records::mend(table, dropped, made),
        Action::DropRecordSchema { tables, counters } => counters
            .iter()
            .flat_map(counters::drop)
            .chain(records::drop_schema(tables).statements().to_vec())
            .collect(),
        Action::CreateWriteCounter { schema, table, .. } => {
            counters::create(schema, table).into_iter().collect()
        }
        Action::DropWriteCounter { counter } => counters::drop(counter).into_iter().collect(),
        Action::Close { fix, .. } => fix.repairs().iter().flat_map(Repair::parts).collect(),
        _ => on_role(action, major, passwords)
            .or_else(|| on_object(action, major))
            .expect("every action has SQL")
            .into(),
    }
}

fn mark_role(role: &RoleName, comment: String) -> Statement {
    stmt!("COMMENT ON ROLE {role} IS {comment}", comment = Literal(comment))
}

fn on_role(action: &Action, major: u32, passwords: &NewPasswords<'_>) -> Option<Statement> {
    Some(match action {
        Action::CreateRole { role, kind, limit } => create_role(role, *kind, *limit, passwords),
        Action::MarkRole { role, marker, dates_password: false } => mark_role(role, marker.clone()),
        Action::MarkRole { role, marker, dates_password: true } => {
            mark_role(role, dated(marker, passwords.at))
        }
        Action::AlterRole { role, attributes } => attributes.iter().fold(stmt!("ALTER ROLE {role}"), alter),
        Action::GrantMembership { role, member, inherit } => grant_membership(role, member, *inherit, major),
        Action::RevokeMembership { role, member, grantor } => {
            let grantor = grantor.as_ref().map(RoleName::as_str);
            grants::revoke_membership(role.as_str(), member.as_str(), grantor, major).statement()
        }
        Action::GrantTemporaryMembership { roles, member } => grant_temporary(roles, member, major),
        Action::RevokeTemporaryMembership { roles, member } => {
            stmt!("REVOKE {roles} FROM {member}", roles = List(roles.clone()))
        }
        Action::SetSetting { role, database, name, value } => {
            let on = match (role, database) {
                (Some(role), None) => stmt!("ROLE {role}"),
                (Some(role), Some(db)) => stmt!("ROLE {role} IN DATABASE {db}"),
                (None, Some(db)) => stmt!("DATABASE {db}"),
                (None, None) => stmt!("ROLE ALL"),
            };
            stmt!("ALTER {on} SET {name} = {value}", name = Qualified::dotted(name))
        }
        Action::ResetSetting { role, database, name } => {
            let (role, database) =
                (role.as_ref().map(RoleName::as_str), database.as_ref().map(DbName::as_str));
            grants::reset_setting(role, database, name).statement()
        }
        Action::EndSessions { roles } => stmt!(
            "SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a
             WHERE a.usename IN ({roles})",
            roles = List::literals(roles.iter().map(RoleName::as_str)),
        ),
        Action::Reassign { roles, to } => {
            stmt!("REASSIGN OWNED BY {roles} TO {to}", roles = List(roles.clone()))
        }
        Action::DropRoles { roles } => stmt!("DROP ROLE {roles}", roles = List(roles.clone())),
        _ => return None,
    })
}

fn on_object(action: &Action, major: u32) -> Option<Statement> {
    Some(match action {
        Action::CreateDatabase { database, owner, template, made_with, tablespace } => stmt!(
            "CREATE DATABASE {database} OWNER {owner} TEMPLATE {template}{made_with}{tablespace} ALLOW_CONNECTIONS false",
            template = template.as_ref().map_or(stmt!("template0"), |name| stmt!("{name}")),
            made_with = creation(made_with, major),
            tablespace =
                tablespace.as_ref().map_or(stmt!(""), |name| stmt!(" TABLESPACE {name}", name = ident(name))),
        ),
        // Done by programs, not by a statement.
        Action::CopyDatabase { server, from, to } => Statement::comment(&format!(
            "pg_dump of database {from} on server {server}, pg_restore into database {to}, as the service's migrator"
        )),
        Action::RenameDatabase { from, to } => stmt!("ALTER DATABASE {from} RENAME TO {to}"),
        Action::RenameRole { from, to } => stmt!("ALTER ROLE {from} RENAME TO {to}"),
        Action::MarkDatabase { database, marker } => {
            stmt!("COMMENT ON DATABASE {database} IS {marker}", marker = Literal(marker.clone()))
        }
        Action::AlterDatabase { database, option } => stmt!("ALTER DATABASE {database} {option}"),
        Action::DropDatabase { database } => stmt!("DROP DATABASE {database} WITH (FORCE)"),
        Action::CreateSchema { schema, owner } => {
            stmt!("CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner}")
        }
        Action::RunAsCaller { object } => grants::run_as_caller(object.kind(), alter_object(object)),
        Action::SetOwner { object, owner } => {
            stmt!("ALTER {object} OWNER TO {owner}", object = alter_object(object))
        }
        Action::Grant { on, privileges, to } => {
            stmt!("GRANT {privileges}{columns} ON {on} TO {to}", columns = columns(on), on = grant_object(on))
        }
        Action::GrantDefault { owner, schema, on, privileges, to } => {
            let given = stmt!("GRANT {privileges} ON {on} TO {to}", on = Keyword(on.word()));
            grants::default_privileges(owner, schema.as_ref(), &given)
        }
        Action::RevokeDefault { owner, schema, on, privileges, from, only_option } => {
            let taken = grants::revocation(*only_option, privileges, Keyword(on.word()), from);
            grants::default_privileges(owner, schema.as_ref(), &taken)
        }
        _ => return None,
    })
}

/// Returns the options of CREATE DATABASE, each with a leading space. Before 15 libc is the only provider.
fn creation(made_with: &CreationParameters, major: u32) -> Statement {
    let CreationParameters { encoding, lc_collate, lc_ctype, provider, locale, icu_rules } = made_with;
    let literal = |text: &str| Literal(text.to_owned());
    let mut all: Vec<Statement> = vec![];
    all.extend(encoding.map(|name| stmt!(" ENCODING {e}", e = literal(name))));
    let provider = provider.filter(|_| major >= 15);
    all.extend(provider.map(|provider| stmt!(" LOCALE_PROVIDER {p}", p = Keyword(provider.word()))));
    let option = match provider {
        Some(LocaleProvider::Builtin) => "BUILTIN_LOCALE",
        _ => "ICU_LOCALE",
    };
    all.extend(locale.as_deref().map(|name| stmt!(" {o} {l}", o = Keyword(option), l = literal(name))));
    all.extend(icu_rules.as_deref().map(|rules| stmt!(" ICU_RULES {r}", r = literal(rules))));
    all.extend(lc_collate.as_deref().map(|name| stmt!(" LC_COLLATE {l}", l = literal(name))));
    all.extend(lc_ctype.as_deref().map(|name| stmt!(" LC_CTYPE {l}", l = literal(name))));
    Statement::concat(all)
}

/// Schema in which scripts of extensions run before their objects are moved; dropped before COMMIT.
const STAGE: &str = "martydb_stage";

/// Creates an extension in a schema of its own and moves it. The script runs with a superuser's privileges and
/// its schema first in the search path: a function or operator that a service planted there could be called in
/// place of the intended one.
fn create_extension(name: &str, schema: Option<&SchemaName>, staged: bool) -> Script {
    let (name, stage) = (Qualified::dotted(name), ident(STAGE));
    let Some(schema) = schema else { return stmt!("CREATE EXTENSION {name}").into() };
    if !staged {
        return stmt!("CREATE EXTENSION {name} SCHEMA {schema}").into();
    }
    Script::from_iter([
        stmt!("CREATE SCHEMA {stage}"),
        stmt!("CREATE EXTENSION {name} SCHEMA {stage}"),
        stmt!("ALTER EXTENSION {name} SET SCHEMA {schema}"),
        stmt!("DROP SCHEMA {stage}"),
    ])
}

fn create_role(role: &RoleName, kind: RoleKind, limit: i32, passwords: &NewPasswords<'_>) -> Statement {
    if !LOGIN.belongs_to(kind) {
        return stmt!("CREATE ROLE {role} NOLOGIN");
    }
    stmt!(
        "CREATE ROLE {role} LOGIN {inherit} CONNECTION LIMIT {limit} PASSWORD {password}",
        inherit = Keyword(INHERIT.word(kind)),
        password = (passwords.verifier)(role),
    )
}

fn alter(so_far: Statement, attribute: &Attribute) -> Statement {
    let next = match attribute {
        Attribute::Word(word) => stmt!("{word}", word = Keyword(word)),
        Attribute::ConnectionLimit(limit) => stmt!("CONNECTION LIMIT {limit}"),
        Attribute::ValidUntil(time) => stmt!("VALID UNTIL {time}", time = Literal(time.clone())),
    };
    stmt!("{so_far} {next}")
}

/// Grants a membership. Before 16 the options are a syntax error, and the member's own NOINHERIT has the same effect.
fn grant_membership(role: &RoleName, member: &RoleName, inherit: bool, major: u32) -> Statement {
    match major {
        16.. => stmt!(
            "GRANT {role} TO {member} WITH ADMIN FALSE, INHERIT {inherit}, SET TRUE",
            inherit = Keyword(if inherit { "TRUE" } else { "FALSE" }),
        ),
        _ => stmt!("GRANT {role} TO {member}"),
    }
}

/// Grants temporary memberships, with which the admin acts as these roles without `SET ROLE`.
fn grant_temporary(roles: &[RoleName], member: &RoleName, major: u32) -> Statement {
    let options = if major >= 16 { " WITH INHERIT TRUE, SET TRUE" } else { "" };
    let roles = List(roles.to_vec());
    stmt!("GRANT {roles} TO {member}{options}", options = Keyword(options))
}

/// Revokes as the grantor: REVOKE takes only grants of the current role, and a superuser's silently leaves a
/// delegate's grant. CASCADE also revokes what the delegate granted.
fn revoke(revocation: Statement, grantor: Option<&RoleName>) -> Script {
    let revocation = stmt!("{revocation} CASCADE");
    match grantor {
        Some(grantor) => as_role(grantor, revocation),
        None => revocation.into(),
    }
}

fn as_role(role: &RoleName, statement: Statement) -> Script {
    Script::from_iter([stmt!("SET LOCAL ROLE {role}"), statement, stmt!("RESET ROLE")])
}

fn in_schema(schema: &SchemaName, name: &str) -> Qualified {
    Qualified(vec![schema.to_string(), name.into()])
}

impl Fragment for SettingValue {
    fn render(&self) -> Statement {
        match self {
            SettingValue::Text(text) => Literal(text.clone()).render(),
            SettingValue::Schemas(schemas) => List(schemas.clone()).render(),
        }
    }
}

/// Returns an object as in `GRANT … ON`.
pub(crate) fn grant_object(object: &Object) -> Statement {
    spelt(object, |kind| words(kind).0)
}

/// Returns an object as in `ALTER … OWNER TO`.
pub(crate) fn alter_object(object: &Object) -> Statement {
    spelt(object, |kind| words(kind).1)
}

/// Returns the column list after the privileges.
pub(crate) fn columns(object: &Object) -> Statement {
    match object {
        Object::Column { column, .. } => stmt!(" ({c})", c = Qualified(vec![column.clone()])),
        _ => stmt!(""),
    }
}

/// Returns the keywords of a kind for GRANT and for ALTER.
fn words(kind: ObjectKind) -> (&'static str, &'static str) {
    match kind {
        ObjectKind::Table | ObjectKind::Other => ("TABLE", "TABLE"),
        ObjectKind::View => ("TABLE", "VIEW"),
        ObjectKind::MaterializedView => ("TABLE", "MATERIALIZED VIEW"),
        ObjectKind::Sequence => ("SEQUENCE", "SEQUENCE"),
        ObjectKind::Type => ("TYPE", "TYPE"),
        ObjectKind::Function => ("FUNCTION", "FUNCTION"),
        ObjectKind::Procedure => ("PROCEDURE", "PROCEDURE"),
    }
}

/// Kinds of objects, as `pg_identify_object` returns them and as `ALTER` spells them.
const SORTS: &[(&str, &str)] = &[
    ("collation", "COLLATION"),
    ("conversion", "CONVERSION"),
    ("operator", "OPERATOR"),
    ("operator class", "OPERATOR CLASS"),
    ("operator family", "OPERATOR FAMILY"),
    ("publication", "PUBLICATION"),
    ("statistics object", "STATISTICS"),
    ("text search configuration", "TEXT SEARCH CONFIGURATION"),
    ("text search dictionary", "TEXT SEARCH DICTIONARY"),
];

fn spelt(object: &Object, word: impl Fn(ObjectKind) -> &'static str) -> Statement {
    let qualified = |schema: &str, name: &str| Qualified(vec![schema.into(), name.into()]).render();
    let by_server = |text: &str| ServerText::quoted_by_server(text.into()).render();
    let (word, name) = match object {
        Object::Database(name) => ("DATABASE", name.render()),
        Object::Schema(name) => ("SCHEMA", name.render()),
        Object::Named { kind, schema, name } => (word(*kind), qualified(schema.as_str(), name)),
        Object::Routine { kind, signature } => (word(*kind), by_server(signature)),
        Object::Other { sort, identity } => {
            let known = SORTS.iter().find(|row| row.0 == sort);
            (known.map_or("OBJECT", |row| row.1), by_server(identity))
        }
        Object::Column { schema, table, .. } => ("TABLE", qualified(schema.as_str(), table)),
    };
    stmt!("{word} {name}", word = Keyword(word))
}
