//! End-to-end tests: the built binary against a real PostgreSQL server, one binary so that linking is paid once.

mod apply;
mod downgrade;
mod faults;
mod lint;
mod migrate;
mod probe;
mod support;
mod verify_down;
