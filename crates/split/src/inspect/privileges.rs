//! Privileges that the admin lacks at the source for a split: checked before any change, each with the statement that
//! grants it. A superuser lacks none.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::database::write_block::numbers;
use martydb_catalog::rows;
use martydb_model::error::{Error, Result};
use martydb_model::sql::stmt;
use martydb_model::text::printable;
use martydb_pg::server::{Connection, query};

/// First major version in which CREATEROLE can grant only roles that it has with ADMIN.
const GIVES_WITH_ADMIN: u32 = 16;

/// Maximum number of relations that are named.
const MAX_NAMED: usize = 5;

/// The admin at the source; the server quotes all names.
#[derive(Debug, Clone, Default, Deserialize)]
struct SourceAdmin {
    role: String,
    superuser: bool,
    makes_roles: bool,
    sees_all_rows: bool,
    database: String,
    /// `true` if it may create schemas and publications.
    creates: bool,
}

/// Table or sequence, with the admin's relation to its owner.
#[derive(Debug, Clone, Default, Deserialize)]
struct OwnedRelation {
    ident: String,
    kind: String,
    schema: String,
    enters: bool,
    owner: String,
    of_superuser: bool,
    of_admin: bool,
    acts: bool,
    grants: bool,
    secured: bool,
    forced: bool,
}

/// Privilege that the admin lacks, as text, and the statements that grant it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingPrivilege {
    pub what: String,
    pub fix: String,
}

/// Returns the privileges that the admin lacks for these tables and sequences, by OID.
///
/// # Errors
/// If the catalogs cannot be read.
#[martydb_pg::boxed]
pub async fn missing_privileges(session: &mut Connection, oids: &[u32]) -> Result<Vec<MissingPrivilege>> {
    let given = stmt!("SELECT pg_catalog.set_config('martydb.tables', {oids}, false)", oids = numbers(oids));
    query(session, &given).await?;
    let (mut admin, mut relations) = (SourceAdmin::default(), vec![]);
    rows::read_all(session, include_str!("../sql/privileges.sql"), |row| {
        match row.section.as_str() {
            "admin" => admin = row.parse()?,
            "relation" => relations.push(row.parse()?),
            _ => return row.unknown(),
        }
        Ok(())
    })
    .await?;
    Ok(judged(&admin, &relations, session.major()))
}

/// Returns an error if the admin lacks privileges.
///
/// # Errors
/// With the missing privileges, and the statements that grant them.
pub(crate) async fn refuse_missing(session: &mut Connection, oids: &[u32]) -> Result<()> {
    let all = missing_privileges(session, oids).await?;
    if all.is_empty() {
        return Ok(());
    }
    let cures: Vec<String> = all.iter().map(|one| printable(&one.fix)).collect();
    Err(Error::operation("the admin lacks privileges in the source, so nothing was changed")
        .causes(all.iter().map(|one| printable(&one.what)))
        .hint(format!("as a superuser, in the shared database: {}", cures.join("; "))))
}

fn judged(admin: &SourceAdmin, relations: &[OwnedRelation], major: u32) -> Vec<MissingPrivilege> {
    if admin.superuser {
        return vec![];
    }
    let mut owners: BTreeMap<&str, Vec<&OwnedRelation>> = BTreeMap::new();
    relations.iter().for_each(|one| owners.entry(&one.owner).or_default().push(one));
    let mut all = own(admin, relations);
    all.extend(owners.iter().filter_map(|(owner, owned)| of_owner((admin, major), owner, owned)));
    let forced: Vec<&OwnedRelation> = relations.iter().filter(|one| one.forced).collect();
    if !forced.is_empty() && !admin.sees_all_rows {
        let off = each(&forced, |one| format!("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY", one.ident));
        all.push(MissingPrivilege {
            what: format!("forced row security hides rows of {} from {}", named(&forced), admin.role),
            fix: format!("ALTER ROLE {} BYPASSRLS, or until the split is finished {off}", admin.role),
        });
    }
    all
}

/// Returns missing privileges that do not depend on the owners of the tables.
fn own(admin: &SourceAdmin, relations: &[OwnedRelation]) -> Vec<MissingPrivilege> {
    let SourceAdmin { role, database, .. } = admin;
    let mut all = vec![];
    let mut lacks = |what: String, fix: String| all.push(MissingPrivilege { what, fix });
    if !admin.creates {
        let fix = format!("GRANT CREATE ON DATABASE {database} TO {role}");
        lacks(format!("{role} may not create a schema there"), fix);
    }
    if !admin.makes_roles {
        lacks(
            format!("{role} may not create the login for rollbacks"),
            format!("ALTER ROLE {role} CREATEROLE"),
        );
    }
    let closed: BTreeSet<&str> =
        relations.iter().filter(|one| !one.enters).map(|one| one.schema.as_str()).collect();
    for schema in closed {
        let fix = format!("GRANT USAGE ON SCHEMA {schema} TO {role}");
        lacks(format!("{role} may not use schema {schema}"), fix);
    }
    all
}

/// Checks an owner's tables: the admin and the rollback login act as the owner, unless that login would become a
/// superuser or the admin itself.
fn of_owner(
    (admin, major): (&SourceAdmin, u32),
    owner: &str,
    owned: &[&OwnedRelation],
) -> Option<MissingPrivilege> {
    let role = &admin.role;
    let all = |is: fn(&OwnedRelation) -> bool| owned.iter().all(|one| is(one));
    let too_much = all(|one| one.of_superuser || one.of_admin);
    let given = all(|one| one.grants) || major < GIVES_WITH_ADMIN && admin.makes_roles;
    let option = if major < GIVES_WITH_ADMIN { "" } else { " WITH ADMIN OPTION" };
    let secured: Vec<&OwnedRelation> = owned.iter().copied().filter(|one| one.secured).collect();
    let belong =
        format!("{} {} to {owner}", named(owned), if owned.len() == 1 { "belongs" } else { "belong" });
    let (what, fix) = match (all(|one| one.acts), too_much) {
        (false, true) => {
            (format!("{belong}, a superuser, but {role} is not a superuser"), change_owner(owned))
        }
        (false, false) => (
            format!("{belong}, but {role} is not a member of it"),
            format!("GRANT {owner} TO {role}{option}"),
        ),
        (true, false) if !given => {
            let what = format!("{belong}, which {role} may not grant to the login for rollbacks");
            (what, format!("GRANT {owner} TO {role}{option}"))
        }
        (true, true) if !secured.is_empty() => {
            let why = "and its row security would hide rows from the login for rollbacks, which must not become that role";
            (format!("{} belongs to {owner}, {why}", named(&secured)), change_owner(&secured))
        }
        _ => return None,
    };
    Some(MissingPrivilege { what, fix })
}

fn change_owner(all: &[&OwnedRelation]) -> String {
    each(all, |one| format!("ALTER {} {} OWNER TO another_role", one.kind, one.ident))
}

fn each(all: &[&OwnedRelation], statement: impl Fn(&OwnedRelation) -> String) -> String {
    all.iter().map(|one| statement(one)).collect::<Vec<_>>().join("; ")
}

fn named(all: &[&OwnedRelation]) -> String {
    let names: Vec<&str> = all.iter().take(MAX_NAMED).map(|one| one.ident.as_str()).collect();
    let more = all.len().saturating_sub(MAX_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admin() -> SourceAdmin {
        SourceAdmin {
            role: "adm".into(),
            makes_roles: true,
            database: "shared".into(),
            creates: true,
            ..SourceAdmin::default()
        }
    }

    fn table(owner: &str, name: &str) -> OwnedRelation {
        let (kind, schema) = ("TABLE".into(), "public".into());
        OwnedRelation {
            ident: format!("public.{name}"),
            kind,
            schema,
            enters: true,
            owner: owner.into(),
            acts: true,
            ..OwnedRelation::default()
        }
    }

    fn words(admin: &SourceAdmin, relations: &[OwnedRelation], major: u32) -> Vec<String> {
        judged(admin, relations, major).into_iter().map(|one| format!("{}: {}", one.what, one.fix)).collect()
    }

    #[test]
    fn each_lack_has_its_cure() {
        let strange = OwnedRelation { acts: false, ..table("team", "a") };
        let of_superuser = OwnedRelation { acts: false, of_superuser: true, ..table("postgres", "b") };
        assert_eq!(
            words(&SourceAdmin { creates: false, makes_roles: false, ..admin() }, &[], 15),
            [
                "adm may not create a schema there: GRANT CREATE ON DATABASE shared TO adm",
                "adm may not create the login for rollbacks: ALTER ROLE adm CREATEROLE",
            ]
        );
        assert_eq!(
            words(&admin(), &[strange.clone(), of_superuser], 15),
            [
                "public.b belongs to postgres, a superuser, but adm is not a superuser: ALTER TABLE public.b OWNER TO another_role",
                "public.a belongs to team, but adm is not a member of it: GRANT team TO adm",
            ]
        );
        assert_eq!(
            words(&admin(), &[strange], 16)[0].rsplit(": ").next(),
            Some("GRANT team TO adm WITH ADMIN OPTION")
        );
        assert!(
            words(&SourceAdmin { superuser: true, ..SourceAdmin::default() }, &[table("x", "a")], 15)
                .is_empty()
        );
    }

    #[test]
    fn from_16_on_a_member_needs_admin_on_the_owner() {
        let all = [table("team", "a"), table("team", "b")];
        assert!(words(&admin(), &all, 15).is_empty());
        let expected = "public.a, public.b belong to team, which adm may not grant to the login for rollbacks: GRANT team TO adm WITH ADMIN OPTION";
        assert_eq!(words(&admin(), &all, 16), [expected]);
        let given = all.map(|one| OwnedRelation { grants: true, ..one });
        assert!(words(&admin(), &given, 16).is_empty());
    }

    #[test]
    fn rows_that_are_hidden_stop_it() {
        let forced = OwnedRelation { secured: true, forced: true, ..table("team", "a") };
        let found = words(&admin(), std::slice::from_ref(&forced), 15);
        assert_eq!(
            found,
            [
                "forced row security hides rows of public.a from adm: ALTER ROLE adm BYPASSRLS, or until the split is finished \
              ALTER TABLE public.a NO FORCE ROW LEVEL SECURITY"
            ]
        );
        assert!(words(&SourceAdmin { sees_all_rows: true, ..admin() }, &[forced], 15).is_empty());
        let own = OwnedRelation { secured: true, of_admin: true, ..table("adm", "a") };
        assert!(words(&admin(), &[own], 15)[0].ends_with(": ALTER TABLE public.a OWNER TO another_role"));
        assert!(words(&admin(), &[OwnedRelation { of_admin: true, ..table("adm", "a") }], 18).is_empty());
    }
}
