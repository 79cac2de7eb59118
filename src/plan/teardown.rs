//! Taking roles and databases off a server, for `drop` and for `--prune`.

mod of_service;
mod steps;

pub use of_service::teardown;
pub use steps::Teardown;
