//! End-to-end tests: the built binary against a real PostgreSQL server, one binary so that linking is paid once.

mod admin_login;
mod apply;
mod audit;
mod command_line;
mod downgrade;
mod drop;
mod faults;
mod init_all;
mod interrupted;
mod lint;
mod manifest_errors;
mod migrate;
mod output;
mod printing;
mod privileges;
mod probe;
mod reality;
mod rotate;
mod secrecy;
mod several;
mod shipped;
mod support;
mod tls;
mod url;
mod verify;
mod verify_down;
