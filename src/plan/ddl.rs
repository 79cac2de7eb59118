//! Actions → SQL. Pure: a password comes in as a finished verifier, or not at all for a plan that is only shown.

use super::{Action, Attribute, Object, SettingValue};
use crate::model::{Grantee, ObjectKind, RoleKind, RoleName, SchemaName};
use crate::sql::{Fragment, Idents, Keyword, Literal, Qualified, Rendered, Secret, ServerText, Statement};
use crate::stmt;

/// The statement of an action. `verifier` gives the SCRAM verifier of a login that gets a password;
/// `major` chooses between the spellings of `GRANT role`.
pub fn statement(action: &Action, major: u32, verifier: &dyn Fn(&RoleName) -> Secret) -> Statement {
    match action {
        Action::CreateRole { role, kind, limit } => create_role(role, *kind, *limit, verifier),
        Action::MarkRole { role, marker } => {
            stmt!("COMMENT ON ROLE {role} IS {marker}", role = role, marker = Literal(marker.clone()))
        }
        Action::AlterRole { role, attributes } => {
            attributes.iter().fold(stmt!("ALTER ROLE {role}", role = role), alter)
        }
        Action::SetPassword { role } => {
            stmt!("ALTER ROLE {role} PASSWORD {password}", role = role, password = verifier(role))
        }
        Action::GrantMembership { role, member, inherit } => grant_membership(role, member, *inherit, major),
        Action::RevokeMembership { role, member, grantor } => {
            revoke_membership(role, member, grantor.as_ref(), major)
        }
        Action::SetSetting { role, database, name, value } => {
            let on = in_database(stmt!("ALTER ROLE {role}", role = role), database.as_ref());
            stmt!("{on} SET {name} = {value}", on = on, name = Setting(name), value = value)
        }
        Action::ResetSetting { role, database, name } => reset(role.as_ref(), database.as_ref(), name),
        Action::CreateDatabase { database, owner } => stmt!(
            "CREATE DATABASE {database} OWNER {owner} TEMPLATE template0 ALLOW_CONNECTIONS false",
            database = database,
            owner = owner,
        ),
        Action::MarkDatabase { database, marker } => {
            stmt!("COMMENT ON DATABASE {db} IS {marker}", db = database, marker = Literal(marker.clone()))
        }
        Action::AllowConnections { database } => {
            stmt!("ALTER DATABASE {db} ALLOW_CONNECTIONS true", db = database)
        }
        Action::NoTemplate { database } => stmt!("ALTER DATABASE {db} IS_TEMPLATE false", db = database),
        Action::Unlimit { database } => stmt!("ALTER DATABASE {db} CONNECTION LIMIT -1", db = database),
        Action::CreateSchema { schema, owner } => {
            stmt!(
                "CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner}",
                schema = schema,
                owner = owner
            )
        }
        Action::CreateExtension { name, schema, staged } => create_extension(name, schema.as_ref(), *staged),
        Action::Own { object, owner } => {
            stmt!("ALTER {object} OWNER TO {owner}", object = AlterObject(object), owner = owner)
        }
        Action::Grant { on, privileges, to } => stmt!(
            "GRANT {privileges}{columns} ON {on} TO {to}",
            privileges = privileges,
            columns = Columns(on),
            on = GrantObject(on),
            to = to,
        ),
        Action::Revoke { .. } => revoke(action),
        Action::GrantDefault { owner, on, privileges, to } => stmt!(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT {privileges} ON {on} TO {to}",
            owner = owner,
            privileges = privileges,
            on = Keyword(on.word()),
            to = to,
        ),
        Action::RevokeDefault { owner, schema, on, privileges, from, only_option } => stmt!(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {owner}{place} REVOKE {option}{privileges} ON {on} FROM {from}",
            owner = owner,
            place = schema.as_ref().map_or(stmt!(""), |schema| stmt!(" IN SCHEMA {schema}", schema = schema)),
            option = Keyword(if *only_option { "GRANT OPTION FOR " } else { "" }),
            privileges = privileges,
            on = Keyword(on.word()),
            from = from,
        ),
        Action::Close { statements, .. } => Statement::join(statements.iter().cloned()),
        _ => removal(action, major),
    }
}

/// The schema in which scripts of extensions run before their objects are moved; it is gone at COMMIT.
const STAGE: &str = "martydb_stage";

/// The script of an extension runs with a superuser's rights, and its schema leads its search path: a function or an
/// operator that a service has put there could be called in the place of the one that the author meant.
fn create_extension(name: &str, schema: Option<&SchemaName>, staged: bool) -> Statement {
    let create =
        |place: Statement| stmt!("CREATE EXTENSION {name}{place}", name = Setting(name), place = place);
    let into = |schema: Qualified| stmt!(" SCHEMA {schema}", schema = schema);
    let stage = || Qualified(vec![STAGE.to_owned()]);
    match schema {
        None => create(stmt!("")),
        Some(schema) if staged => Statement::join([
            stmt!("CREATE SCHEMA {stage}", stage = stage()),
            create(into(stage())),
            stmt!("ALTER EXTENSION {name} SET SCHEMA {schema}", name = Setting(name), schema = schema),
            stmt!("DROP SCHEMA {stage}", stage = stage()),
        ]),
        Some(schema) => create(into(Qualified(vec![schema.to_string()]))),
    }
}

/// What only the end of a service needs.
fn removal(action: &Action, major: u32) -> Statement {
    let list = |roles: &[RoleName]| Idents(roles.to_vec());
    match action {
        Action::Borrow { roles, member } => match major {
            16.. => stmt!(
                "GRANT {roles} TO {member} WITH INHERIT TRUE, SET TRUE",
                roles = list(roles),
                member = member
            ),
            _ => stmt!("GRANT {roles} TO {member}", roles = list(roles), member = member),
        },
        Action::GiveBack { roles, member } => {
            stmt!("REVOKE {roles} FROM {member}", roles = list(roles), member = member)
        }
        Action::EndSessions { roles } => stmt!(
            "SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a
             WHERE a.usename IN ({roles})",
            roles = Idents(roles.iter().map(|role| Literal(role.to_string())).collect()),
        ),
        Action::CloseDatabase { database } => {
            stmt!("ALTER DATABASE {db} ALLOW_CONNECTIONS false", db = database)
        }
        Action::DropDatabase { database } => stmt!("DROP DATABASE {db} WITH (FORCE)", db = database),
        Action::Reassign { roles, to } => {
            stmt!("REASSIGN OWNED BY {roles} TO {to}", roles = list(roles), to = to)
        }
        // One by one: what the last grantee of a default privilege held goes with the entry itself, and PostgreSQL
        // then misses the entry that it wanted to drop for its owner.
        Action::DropOwned { roles } => {
            Statement::join(roles.iter().map(|role| stmt!("DROP OWNED BY {role}", role = role)))
        }
        Action::DropRoles { roles } => stmt!("DROP ROLE {roles}", roles = list(roles)),
        other => unreachable!("not of a removal: {other:?}"),
    }
}

/// For plans that are shown: the redacted text is the same whatever the password.
pub fn passwordless(_: &RoleName) -> Secret {
    Secret(String::new())
}

fn create_role(
    role: &RoleName,
    kind: RoleKind,
    limit: i32,
    verifier: &dyn Fn(&RoleName) -> Secret,
) -> Statement {
    if kind == RoleKind::Owner {
        return stmt!("CREATE ROLE {role} NOLOGIN", role = role);
    }
    // A migrator that inherited would silently make objects of its own; this way accidents fail.
    let inherit = if kind == RoleKind::Migrator { "NOINHERIT" } else { "INHERIT" };
    stmt!(
        "CREATE ROLE {role} LOGIN {inherit} CONNECTION LIMIT {limit} PASSWORD {password}",
        role = role,
        inherit = Keyword(inherit),
        limit = limit,
        password = verifier(role),
    )
}

fn alter(so_far: Statement, attribute: &Attribute) -> Statement {
    match attribute {
        Attribute::Word(word) => stmt!("{so_far} {word}", so_far = so_far, word = Keyword(word)),
        Attribute::ConnectionLimit(limit) => {
            stmt!("{so_far} CONNECTION LIMIT {limit}", so_far = so_far, limit = *limit)
        }
        Attribute::ValidUntil(time) => {
            stmt!("{so_far} VALID UNTIL {time}", so_far = so_far, time = Literal(time.clone()))
        }
    }
}

/// Before 16 the options are a syntax error, and the member's own NOINHERIT says the same.
fn grant_membership(role: &RoleName, member: &RoleName, inherit: bool, major: u32) -> Statement {
    match major {
        16.. => stmt!(
            "GRANT {role} TO {member} WITH ADMIN FALSE, INHERIT {inherit}, SET TRUE",
            role = role,
            member = member,
            inherit = Keyword(if inherit { "TRUE" } else { "FALSE" }),
        ),
        _ => stmt!("GRANT {role} TO {member}", role = role, member = member),
    }
}

/// From 16 on a membership has a row per grantor, and REVOKE takes only the named one's.
fn revoke_membership(
    role: &RoleName,
    member: &RoleName,
    grantor: Option<&RoleName>,
    major: u32,
) -> Statement {
    match (major, grantor) {
        (16.., Some(grantor)) => stmt!(
            "REVOKE {role} FROM {member} GRANTED BY {grantor} CASCADE",
            role = role,
            member = member,
            grantor = grantor
        ),
        _ => stmt!("REVOKE {role} FROM {member} CASCADE", role = role, member = member),
    }
}

fn in_database(so_far: Statement, database: Option<&crate::model::DbName>) -> Statement {
    match database {
        Some(database) => stmt!("{so_far} IN DATABASE {db}", so_far = so_far, db = database),
        None => so_far,
    }
}

fn reset(role: Option<&RoleName>, database: Option<&crate::model::DbName>, name: &str) -> Statement {
    let on = match (role, database) {
        (Some(role), database) => in_database(stmt!("ALTER ROLE {role}", role = role), database),
        (None, Some(database)) => stmt!("ALTER DATABASE {db}", db = database),
        (None, None) => stmt!("ALTER ROLE ALL"),
    };
    stmt!("{on} RESET {name}", on = on, name = Setting(name))
}

fn revoke(action: &Action) -> Statement {
    let Action::Revoke { on, privileges, from, grantor, only_option } = action else {
        unreachable!("called for Revoke only")
    };
    let taking = stmt!(
        "REVOKE {option}{privileges}{columns} ON {on} FROM {from}{cascade}",
        option = Keyword(if *only_option { "GRANT OPTION FOR " } else { "" }),
        privileges = privileges,
        columns = Columns(on),
        on = GrantObject(on),
        from = from,
        // What a delegate granted on goes with the delegate's own right.
        cascade = Keyword(" CASCADE"),
    );
    match grantor {
        // REVOKE takes only what the current role granted; a superuser's silently leaves a delegate's grant.
        Some(grantor) => {
            Statement::join([stmt!("SET LOCAL ROLE {r}", r = grantor), taking, stmt!("RESET ROLE")])
        }
        None => taking,
    }
}

/// A setting's or extension's name: dotted parts are quoted one by one.
pub struct Setting<'a>(pub &'a str);

impl Fragment for Setting<'_> {
    fn render(&self) -> Rendered {
        Qualified(self.0.split('.').map(String::from).collect()).render()
    }
}

impl Fragment for SettingValue {
    fn render(&self) -> Rendered {
        match self {
            SettingValue::Text(text) => Literal(text.clone()).render(),
            SettingValue::Schemas(schemas) => Idents(schemas.clone()).render(),
        }
    }
}

impl Fragment for Grantee {
    fn render(&self) -> Rendered {
        match self {
            Grantee::Public => Keyword("PUBLIC").render(),
            Grantee::Role(role) => role.render(),
        }
    }
}

/// An object as `GRANT … ON` spells it.
struct GrantObject<'a>(&'a Object);

impl Fragment for GrantObject<'_> {
    fn render(&self) -> Rendered {
        let word = |kind: ObjectKind| {
            Keyword(match kind {
                ObjectKind::Sequence => "SEQUENCE",
                ObjectKind::Type => "TYPE",
                ObjectKind::Function => "FUNCTION",
                ObjectKind::Procedure => "PROCEDURE",
                ObjectKind::Table | ObjectKind::View | ObjectKind::MaterializedView | ObjectKind::Other => {
                    "TABLE"
                }
            })
        };
        object(self.0, word)
    }
}

/// An object as `ALTER … OWNER TO` spells it.
struct AlterObject<'a>(&'a Object);

impl Fragment for AlterObject<'_> {
    fn render(&self) -> Rendered {
        let word = |kind: ObjectKind| {
            Keyword(match kind {
                ObjectKind::Table => "TABLE",
                ObjectKind::View => "VIEW",
                ObjectKind::MaterializedView => "MATERIALIZED VIEW",
                ObjectKind::Sequence => "SEQUENCE",
                ObjectKind::Type => "TYPE",
                ObjectKind::Function => "FUNCTION",
                ObjectKind::Procedure => "PROCEDURE",
                ObjectKind::Other => "TABLE",
            })
        };
        object(self.0, word)
    }
}

/// Sorts of objects as `pg_identify_object` names them, and as `ALTER` does.
const SORTS: &[(&str, &str)] = &[
    ("collation", "COLLATION"),
    ("conversion", "CONVERSION"),
    ("operator", "OPERATOR"),
    ("operator class", "OPERATOR CLASS"),
    ("operator family", "OPERATOR FAMILY"),
    ("statistics object", "STATISTICS"),
    ("text search configuration", "TEXT SEARCH CONFIGURATION"),
    ("text search dictionary", "TEXT SEARCH DICTIONARY"),
];

fn object(object: &Object, word: impl Fn(ObjectKind) -> Keyword) -> Rendered {
    match object {
        Object::Database(name) => stmt!("DATABASE {name}", name = name).render(),
        Object::Schema(name) => stmt!("SCHEMA {name}", name = name).render(),
        Object::Named { kind, schema, name } => {
            let name = Qualified(vec![schema.to_string(), name.clone()]);
            stmt!("{word} {name}", word = word(*kind), name = name).render()
        }
        Object::Routine { kind, signature } => {
            stmt!("{word} {name}", word = word(*kind), name = ServerText(signature.clone())).render()
        }
        Object::Other { sort, identity } => {
            let word = SORTS.iter().find(|row| row.0 == sort).map_or("OBJECT", |row| row.1);
            stmt!("{word} {name}", word = Keyword(word), name = ServerText(identity.clone())).render()
        }
        Object::Column { schema, table, .. } => {
            let name = Qualified(vec![schema.to_string(), table.clone()]);
            stmt!("TABLE {name}", name = name).render()
        }
    }
}

/// The column list that stands behind the privileges.
struct Columns<'a>(&'a Object);

impl Fragment for Columns<'_> {
    fn render(&self) -> Rendered {
        match self.0 {
            Object::Column { column, .. } => stmt!(" ({c})", c = Qualified(vec![column.clone()])).render(),
            _ => stmt!("").render(),
        }
    }
}
