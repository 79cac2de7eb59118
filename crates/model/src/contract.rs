//! The role contract: the four roles of a service, their privileges on each class of objects, and the reserved names.
//!
//! `plan` grants it, `audit` reports privileges beyond it, `probe` tries what it forbids, and `docs/role-model.md` is
//! generated from it. None of them has a list of its own.

mod access;
mod default_kind;
mod grants;
mod login_pair;
mod object_class;
mod ownership_change;
mod privilege;
pub mod roles;

pub use access::{access_to, access_to_future, is_declared_access};
pub use default_kind::DefaultKind;
pub use grants::{GRANTS, Grant, GrantedBy, allowed, allows, builtin, granted};
pub use login_pair::{ALTERNATE_SUFFIX, alternate_of, existing_roles, had, managed, primary_of, was_managed};
pub use object_class::ObjectClass;
pub use ownership_change::{OwnershipChange, is_open_to_services, ownership_change};
pub use privilege::{Privilege, Privileges};
pub use roles::{
    ATTRIBUTES, INHERIT, LOGIN, MEMBERSHIPS, MemberLogin, MembershipRule, RoleAttribute, acts_as,
    acts_as_owner,
};

pub use crate::names::HISTORY_SCHEMA;
use crate::{SERVE_SCHEMA, SchemaName};

/// refinery's history table: in [`HISTORY_SCHEMA`], or in a declared schema, where refinery itself and earlier versions
/// of martydb create it.
pub const REFINERY_TABLE: &str = "refinery_schema_history";

/// Returns the class of objects by their schema alone: the history, and the records of the data service.
pub fn class_of_schema(schema: &str, name: &str, declared: &[SchemaName]) -> Option<ObjectClass> {
    if schema == SERVE_SCHEMA {
        return Some(ObjectClass::Records);
    }
    is_history(schema, name, declared).then_some(ObjectClass::History)
}

/// Returns `true` if an object is part of the history: everything in its schema, and refinery's table in a declared one.
pub fn is_history(schema: &str, name: &str, declared: &[SchemaName]) -> bool {
    schema == HISTORY_SCHEMA || name == REFINERY_TABLE && declared.iter().any(|own| own.as_str() == schema)
}
