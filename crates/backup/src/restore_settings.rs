//! Restores database-level privileges, settings and comments. Records are untrusted: privileges come from fixed
//! lists.

use crate::record::{
    BeyondRecord, DatabaseRecord, DefaultPrivilegeRecord, GrantRecord, PublicRecord, SettingRecord,
};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Ident, Keyword, List, Literal, Qualified, Statement, split_name_list, stmt};
use martydb_model::{DbName, Grantee, RoleName};

const ON_DATABASE: &[&str] = &["CONNECT", "CREATE", "TEMPORARY"];
const ON_SCHEMA: &[&str] = &["CREATE", "USAGE"];
const ON_LARGE_OBJECT: &[&str] = &["SELECT", "UPDATE"];
const ON_ANY: &[&str] = &[
    "SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN", "USAGE",
    "CREATE", "EXECUTE",
];

/// Letters of `pg_default_acl.defaclobjtype`.
const KINDS: &[(&str, &str)] = &[
    ("r", "TABLES"),
    ("S", "SEQUENCES"),
    ("f", "FUNCTIONS"),
    ("T", "TYPES"),
    ("n", "SCHEMAS"),
    ("L", "LARGE OBJECTS"),
];

/// Settings whose value is a list of names, which is stored with their quotes.
const LISTS: &[&str] =
    &["search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries"];

/// Returns statements that set the privileges, settings, limit and comment of the record. `holders` are current
/// grantees, quoted. `known` are the server's roles; others are skipped.
///
/// # Errors
/// If the record contains invalid values.
pub(crate) fn of_database(
    database: &DbName,
    record: &DatabaseRecord,
    holders: &[Statement],
    known: &[RoleName],
) -> Result<Vec<Statement>> {
    let mut all = vec![stmt!("ALTER DATABASE {database} RESET ALL")];
    let limit = record.connection_limit;
    all.push(stmt!("ALTER DATABASE {database} CONNECTION LIMIT {limit}"));
    all.extend(holders.iter().map(|role| stmt!("REVOKE ALL ON DATABASE {database} FROM {role}")));
    for grant in &record.acl {
        let Some(to) = grantee(grant, known)? else { continue };
        let on = stmt!("DATABASE {database}");
        all.push(granting(grant, ON_DATABASE, &on, &to)?);
    }
    for setting in &record.settings {
        all.extend(setting_of(database, setting, known)?);
    }
    let comment = record.comment.clone().map(Literal);
    all.push(stmt!("COMMENT ON DATABASE {database} IS {comment}"));
    Ok(all)
}

/// Keeps the settings of a record that are safe to set again: those that every login may set for itself, of roles
/// that are not above the service, and those that the former database has unchanged. Records are untrusted, and a
/// setting can name a library to load.
pub(crate) fn harmless(
    record: &DatabaseRecord,
    former: &[SettingRecord],
    free: &[String],
    superusers: &[RoleName],
) -> (DatabaseRecord, Vec<String>) {
    let mut record = record.clone();
    let mut notes = vec![];
    record.settings.retain(|setting| {
        let above =
            setting.role.as_ref().is_some_and(|role| superusers.iter().any(|one| one.as_str() == role));
        let may = former.contains(setting) || (!above && free.contains(&setting.name.to_lowercase()));
        if !may {
            let of = setting.role.as_deref().unwrap_or("the database");
            notes.push(martydb_model::text::printable(&format!(
                "the setting {} of {of} is not set again",
                setting.name
            )));
        }
        may
    });
    (record, notes)
}

/// Returns statements that reset the settings of roles, which are quoted, in a database.
pub(crate) fn without_settings(database: &DbName, roles: &[Statement]) -> Vec<Statement> {
    roles.iter().map(|role| stmt!("ALTER ROLE {role} IN DATABASE {database} RESET ALL")).collect()
}

fn setting_of(database: &DbName, setting: &SettingRecord, known: &[RoleName]) -> Result<Option<Statement>> {
    let on = match &setting.role {
        None => stmt!("DATABASE {database}"),
        Some(role) => match role_of(role, known)? {
            Some(role) => stmt!("ROLE {role} IN DATABASE {database}"),
            None => return Ok(None),
        },
    };
    let value = match LISTS.contains(&setting.name.as_str()) {
        true => {
            stmt!("{names}", names = List(split_name_list(&setting.value).into_iter().map(Literal).collect()))
        }
        false => stmt!("{value}", value = Literal(setting.value.clone())),
    };
    Ok(Some(stmt!("ALTER {on} SET {name} = {value}", name = Qualified::dotted(&setting.name))))
}

/// Returns statements for the admin inside a restored database: large objects and default privileges of service
/// roles other than the owner. `ours` are these roles; the record must not affect others.
///
/// # Errors
/// If the record contains invalid values, or a role that the server lacks.
pub(crate) fn of_others(
    record: &BeyondRecord,
    ours: &[RoleName],
    known: &[RoleName],
) -> Result<Vec<Statement>> {
    let mut all = vec![];
    let is_ours = |role: &str| ours.iter().any(|own| own.as_str() == role);
    for object in record.large_objects.iter().filter(|object| is_ours(&object.owner)) {
        let on = stmt!("LARGE OBJECT {oid}", oid = object.oid);
        let owner = required(&object.owner, known)?;
        all.push(stmt!("ALTER {on} OWNER TO {owner}"));
        for grant in &object.acl {
            let to = grantee(grant, known)?.ok_or_else(|| lacking(grant.grantee.as_deref()))?;
            all.push(granting(grant, ON_LARGE_OBJECT, &on, &to)?);
        }
    }
    for default in record.default_privileges.iter().filter(|default| is_ours(&default.role)) {
        all.extend(default_privileges(default, known)?);
    }
    Ok(all)
}

/// Restores owner and privileges of the schema `public`, starting from those in a new database.
///
/// # Errors
/// If the record contains invalid values.
pub(crate) fn of_public(
    record: &PublicRecord,
    now: &PublicRecord,
    ours: &[RoleName],
    known: &[RoleName],
) -> Result<Vec<Statement>> {
    let ours = |role: &str| ours.iter().any(|own| own.as_str() == role);
    let mut all = vec![];
    if record == now {
        return Ok(all);
    }
    if record.owner != now.owner && ours(&record.owner) {
        all.push(stmt!("ALTER SCHEMA public OWNER TO {owner}", owner = required(&record.owner, known)?));
    }
    for grant in &now.acl {
        let Some(from) = grantee(grant, known)? else { continue };
        all.push(stmt!("REVOKE ALL ON SCHEMA public FROM {from}"));
    }
    for grant in &record.acl {
        let Some(to) = grantee(grant, known)? else { continue };
        all.push(granting(grant, ON_SCHEMA, &stmt!("SCHEMA public"), &to)?);
    }
    Ok(all)
}

fn default_privileges(record: &DefaultPrivilegeRecord, known: &[RoleName]) -> Result<Vec<Statement>> {
    let role = required(&record.role, known)?;
    let kind =
        KINDS.iter().find(|(letter, _)| *letter == record.kind).ok_or_else(|| strange(&record.kind))?.1;
    let place = match &record.schema {
        Some(schema) => stmt!(" IN SCHEMA {schema}", schema = ident(schema)?),
        None => stmt!(""),
    };
    let of = stmt!("ALTER DEFAULT PRIVILEGES FOR ROLE {role}{place}");
    let mut all = vec![];
    if record.schema.is_none() {
        // Global default privileges start with those that a new object grants to its owner and to PUBLIC.
        for from in [Grantee::Public, Grantee::Role(role.clone())] {
            all.push(stmt!("{of} REVOKE ALL ON {kind} FROM {from}", kind = Keyword(kind)));
        }
    }
    for grant in &record.acl {
        let to = grantee(grant, known)?.ok_or_else(|| lacking(grant.grantee.as_deref()))?;
        let statement = granting(grant, ON_ANY, &stmt!("{kind}", kind = Keyword(kind)), &to)?;
        all.push(stmt!("{of} {statement}"));
    }
    Ok(all)
}

fn granting(grant: &GrantRecord, known: &[&'static str], on: &Statement, to: &Grantee) -> Result<Statement> {
    let privilege =
        known.iter().find(|name| **name == grant.privilege).ok_or_else(|| strange(&grant.privilege))?;
    let option = if grant.grantable { " WITH GRANT OPTION" } else { "" };
    Ok(stmt!(
        "GRANT {privilege} ON {on} TO {to}{option}",
        privilege = Keyword(privilege),
        option = Keyword(option)
    ))
}

/// Returns `None` if the server lacks the role.
fn grantee(grant: &GrantRecord, known: &[RoleName]) -> Result<Option<Grantee>> {
    match &grant.grantee {
        None => Ok(Some(Grantee::Public)),
        Some(role) => Ok(role_of(role, known)?.map(Grantee::Role)),
    }
}

fn role_of(name: &str, known: &[RoleName]) -> Result<Option<RoleName>> {
    let role = RoleName::found(name).map_err(|_| strange(name))?;
    Ok(Some(role).filter(|role| known.contains(role)))
}

fn required(name: &str, known: &[RoleName]) -> Result<RoleName> {
    role_of(name, known)?.ok_or_else(|| lacking(Some(name)))
}

fn ident(name: &str) -> Result<Ident> {
    Ident::new(name).map_err(|_| strange(name))
}

fn lacking(role: Option<&str>) -> Error {
    Error::operation(format!("the server has no role \"{}\"", role.unwrap_or("PUBLIC")))
}

fn strange(what: &str) -> Error {
    Error::operation("the backup record is invalid")
        .cause(format!("\"{}\"", martydb_model::text::printable(what)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(grantee: Option<&str>, privilege: &str) -> GrantRecord {
        GrantRecord { grantee: grantee.map(str::to_owned), privilege: privilege.into(), grantable: false }
    }

    fn role(name: &str) -> RoleName {
        RoleName::found(name).unwrap()
    }

    #[test]
    fn a_database_becomes_what_was_recorded() {
        let record = DatabaseRecord {
            name: "shop".into(),
            owner: "adm".into(),
            connection_limit: 7,
            encoding: "UTF8".into(),
            collate: "C".into(),
            ctype: "C".into(),
            comment: Some("it's".into()),
            acl: vec![
                grant(Some("shop_app"), "CONNECT"),
                grant(Some("gone"), "CONNECT"),
                grant(None, "TEMPORARY"),
            ],
            settings: vec![
                SettingRecord { role: None, name: "work_mem".into(), value: "5MB".into() },
                SettingRecord {
                    role: Some("shop_app".into()),
                    name: "search_path".into(),
                    value: "a, \"B, \"\"c\"".into(),
                },
                SettingRecord { role: Some("gone".into()), name: "work_mem".into(), value: "1MB".into() },
            ],
        };
        let database = DbName::found("new").unwrap();
        let all = of_database(&database, &record, &[stmt!("PUBLIC")], &[role("shop_app")]).unwrap();
        let shown: Vec<&str> = all.iter().map(Statement::shown).collect();
        assert_eq!(
            shown,
            [
                "ALTER DATABASE \"new\" RESET ALL",
                "ALTER DATABASE \"new\" CONNECTION LIMIT 7",
                "REVOKE ALL ON DATABASE \"new\" FROM PUBLIC",
                "GRANT CONNECT ON DATABASE \"new\" TO \"shop_app\"",
                "GRANT TEMPORARY ON DATABASE \"new\" TO PUBLIC",
                "ALTER DATABASE \"new\" SET \"work_mem\" = '5MB'",
                "ALTER ROLE \"shop_app\" IN DATABASE \"new\" SET \"search_path\" = 'a', 'B, \"c'",
                "COMMENT ON DATABASE \"new\" IS 'it''s'",
            ]
        );
    }

    #[test]
    fn a_library_is_loaded_again_only_where_it_is_loaded_now() {
        let of = |role: Option<&str>, name: &str| SettingRecord {
            role: role.map(str::to_owned),
            name: name.into(),
            value: "x".into(),
        };
        let library = of(None, "session_preload_libraries");
        let record = DatabaseRecord {
            name: "d".into(),
            owner: "o".into(),
            connection_limit: -1,
            encoding: "UTF8".into(),
            collate: "C".into(),
            ctype: "C".into(),
            comment: None,
            acl: vec![],
            settings: vec![
                library.clone(),
                of(Some("app"), "search_path"),
                of(Some("postgres"), "search_path"),
            ],
        };
        let (free, superusers) = (["search_path".to_owned()], [role("postgres")]);
        let (kept, notes) = harmless(&record, &[], &free, &superusers);
        assert_eq!(kept.settings, [of(Some("app"), "search_path")]);
        assert_eq!(notes.len(), 2, "{notes:?}");
        let (kept, _) = harmless(&record, std::slice::from_ref(&library), &free, &superusers);
        assert_eq!(kept.settings, [library, of(Some("app"), "search_path")]);
    }

    #[test]
    fn the_schema_public_is_what_it_was() {
        let of = |owner: &str, acl: &[GrantRecord]| PublicRecord { owner: owner.into(), acl: acl.to_vec() };
        let before = of("shop_owner", &[grant(Some("shop_owner"), "USAGE")]);
        let now = of("postgres", &[grant(None, "CREATE")]);
        let roles = [role("shop_owner")];
        let shown = |record: &PublicRecord, now: &PublicRecord| -> Vec<String> {
            of_public(record, now, &roles, &roles).unwrap().iter().map(ToString::to_string).collect()
        };
        assert_eq!(
            shown(&before, &now),
            [
                "ALTER SCHEMA public OWNER TO \"shop_owner\"",
                "REVOKE ALL ON SCHEMA public FROM PUBLIC",
                "GRANT USAGE ON SCHEMA public TO \"shop_owner\"",
            ]
        );
        assert_eq!(shown(&before, &before), Vec::<String>::new());
        // Objects of a role outside of the service are not given to it.
        assert!(!shown(&of("postgres", &[]), &before)[0].contains("OWNER"));
    }

    #[test]
    fn words_that_no_server_says_are_refused() {
        let mut record = BeyondRecord {
            database: serde_json::from_value(serde_json::json!({
                "name": "d", "owner": "o", "connection_limit": -1, "encoding": "UTF8", "collate": "C", "ctype": "C",
                "comment": null, "acl": [], "settings": []
            }))
            .unwrap(),
            public: None,
            extensions: vec![],
            large_objects: vec![],
            default_privileges: vec![DefaultPrivilegeRecord {
                role: "a".into(),
                schema: None,
                kind: "f".into(),
                acl: vec![grant(Some("b"), "EXECUTE")],
            }],
            roles: vec![],
        };
        let known = [role("a"), role("b")];
        let shown: Vec<String> =
            of_others(&record, &known[..1], &known).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "ALTER DEFAULT PRIVILEGES FOR ROLE \"a\" REVOKE ALL ON FUNCTIONS FROM PUBLIC",
                "ALTER DEFAULT PRIVILEGES FOR ROLE \"a\" REVOKE ALL ON FUNCTIONS FROM \"a\"",
                "ALTER DEFAULT PRIVILEGES FOR ROLE \"a\" GRANT EXECUTE ON FUNCTIONS TO \"b\"",
            ]
        );
        assert!(of_others(&record, &known[..1], &known[..1]).is_err());
        assert_eq!(of_others(&record, &known[1..], &known).unwrap(), []);
        record.default_privileges[0].acl[0].privilege = "EXECUTE ON FUNCTIONS TO PUBLIC; --".into();
        assert!(of_others(&record, &known[..1], &known).is_err());
        record.default_privileges[0].kind = "x".into();
        assert!(of_others(&record, &known[..1], &known).is_err());
    }
}
