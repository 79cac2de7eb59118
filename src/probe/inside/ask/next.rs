//! The question about what is not made yet: default privileges that give a login more than the contract does.

use crate::audit::declared_by_default;
use crate::probe::inside::Insider;
use crate::sql::{Literal, Literals, Statement};
use crate::stmt;

/// A row of `pg_default_acl`, or PostgreSQL's own default where the service's owner has none: then everybody may call
/// its functions and use its types. The letter stands in the owner's place, the schema in the column's.
pub fn defaults(insider: &Insider<'_>) -> Statement {
    stmt!(
        "SELECT e.privilege_type || ' on ' || coalesce(w.word, 'objects of kind ' || d.letter) || ' that ' \
             || pg_catalog.pg_get_userbyid(d.role) || ' makes' AS object, \
           pg_catalog.pg_get_userbyid(d.role) AS target, d.letter AS owner, n.nspname AS part, e.privilege_type AS privilege, \
           CASE WHEN e.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(e.grantee) END AS grantee, \
           pg_catalog.pg_get_userbyid(e.grantor) AS grantor \
         FROM (SELECT x.defaclrole AS role, x.defaclnamespace AS space, x.defaclobjtype::text AS letter, x.defaclacl AS acl \
             FROM pg_catalog.pg_default_acl x \
           UNION ALL SELECT r.oid, 0, l.letter, pg_catalog.acldefault(l.letter::\"char\", r.oid) \
             FROM pg_catalog.pg_roles r, (VALUES ('f'), ('T')) l (letter) \
             WHERE r.rolname = {owner} AND NOT EXISTS (SELECT FROM pg_catalog.pg_default_acl x \
               WHERE x.defaclrole = r.oid AND x.defaclnamespace = 0 AND x.defaclobjtype::text = l.letter)) d \
         LEFT JOIN (VALUES ('r', 'tables'), ('S', 'sequences'), ('f', 'functions'), ('T', 'types'), ('n', 'schemas'), \
           ('L', 'large objects')) w (letter, word) ON w.letter = d.letter \
         LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.space \
         CROSS JOIN LATERAL pg_catalog.aclexplode(d.acl) e \
         WHERE e.grantee <> d.role \
           AND CASE WHEN e.grantee = 0 THEN true ELSE pg_catalog.pg_has_role(session_user, e.grantee, 'USAGE') END \
           AND CASE WHEN pg_catalog.pg_get_userbyid(d.role) = {owner} \
             THEN e.grantee = 0 OR NOT d.letter || ' ' || e.privilege_type = ANY (ARRAY[{declared}]::text[]) \
             ELSE NOT (e.grantee = 0 AND d.space = 0 AND (d.letter, e.privilege_type) IN (('f', 'EXECUTE'), ('T', 'USAGE'))) END",
        owner = Literal(insider.owner.clone()),
        declared = Literals(declared(insider)),
    )
}

fn declared(insider: &Insider<'_>) -> Vec<String> {
    declared_by_default(insider.login.kind)
        .map(|(letter, privilege)| format!("{letter} {privilege}"))
        .collect()
}
