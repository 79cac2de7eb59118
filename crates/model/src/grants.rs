//! Statements that remove privileges, as typed values: the kind and scope of each change are recorded when the
//! statement is built, and never parsed from its text.

mod fix;
mod revoke;

pub use fix::{Effect, Fix, Repair, RepairScope, alter_role, ident, reset_setting, run_as_caller, set_owner};
pub use revoke::{
    Securable, default_privileges, grant_to_former_owner, privilege, revocation, revoke, revoke_admin_option,
    revoke_connect, revoke_default, revoke_default_option, revoke_membership, revoke_option,
};
