//! Provisioning: finds and creates the databases, roles, grants and settings of the manifest that a server lacks.
//!
//! - [`run_records`]: records of a run on its servers

mod apply;
mod checks;
mod copies;
mod dba_script;
mod elsewhere;
mod losses;
mod moves;
mod passwords;
mod plan;
mod psql_script;
pub mod run_records;
mod scope;

pub use apply::{apply, check_passwords, makes_passwords};
pub use checks::{ServerCheck, server_checks};
pub use dba_script::write_dba_script;
pub use elsewhere::left_elsewhere;
pub use losses::{LostPrivilege, losses_text, lost_rights};
pub use moves::{examine_moves, move_services};
pub use plan::{PlannedServer, Plans, credential_keys, plan, planned, refuse_standbys};
pub use psql_script::psql_script;
pub use scope::{PlanOptions, PlanScope};
