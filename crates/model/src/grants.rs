//! The SQL that takes something away from a role, as values: what kind of change each statement is and how far it
//! reaches is known where the statement is made, and is never read out of its text again.

mod fix;
mod revoke;

pub use fix::{Effect, Fix, Repair, RepairScope, alter_role, ident, reset_setting, run_as_caller, set_owner};
pub use revoke::{
    Securable, default_privileges, grant_to_former_owner, privilege, revocation, revoke, revoke_admin_option,
    revoke_connect, revoke_default, revoke_default_option, revoke_membership, revoke_option,
};
