//! Repairs that change a role, an owner or a setting.

use super::fix::{Repair, RepairScope, ident};
use crate::sql::{Fragment, Qualified, ServerText, stmt};

/// `ALTER ROLE … word`, such as NOSUPERUSER.
pub fn alter_role(role: &str, word: impl Fragment) -> Repair {
    Repair::alter(RepairScope::Server, stmt!("ALTER ROLE {role} {word}", role = ident(role), word = word))
}

/// `ALTER object OWNER TO role`; the object as the server spells it.
pub fn set_owner(scope: RepairScope, object: &str, owner: &str) -> Repair {
    let change = stmt!(
        "ALTER {what} OWNER TO {owner}",
        what = ServerText::quoted_by_server(object.into()),
        owner = ident(owner)
    );
    Repair::alter(scope, change)
}

/// Takes a setting off a role, off a role in one database, off a database, or off all roles.
pub fn reset_setting(role: Option<&str>, database: Option<&str>, name: &str) -> Repair {
    let on = match (role, database) {
        (Some(role), None) => stmt!("ROLE {role}", role = ident(role)),
        (Some(role), Some(db)) => stmt!("ROLE {role} IN DATABASE {db}", role = ident(role), db = ident(db)),
        (None, Some(db)) => stmt!("DATABASE {db}", db = ident(db)),
        (None, None) => stmt!("ROLE ALL"),
    };
    let name = Qualified::dotted(name);
    Repair::alter(RepairScope::Server, stmt!("ALTER {on} RESET {name}", on = on, name = name))
}
