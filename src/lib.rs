//! martydb: one database per service on PostgreSQL.
//!
//! The way of a change: `manifest` → desired state (`model`), `catalog` → actual state, `plan` → typed steps, `converge`
//! executes them, and a second reading must find nothing left. `migrate` runs the services' migrations; `audit` and
//! `probe` prove that no service reaches what belongs to another.
//!
//! The rooms, from the top floor down. A room imports only from the floors below it, or from a room further down its
//! own list; `cargo test --test structure` draws the imports and holds them to it. Pure rooms do no I/O.
//!
//! The rim: arguments in, exit status out:
//!
//! - [`program`]: one run, and what a signal does to it
//! - [`interface`]: the help with its examples, and completion
//! - [`cli`]: the commands, one row each
//! - [`usage`]: what clap says of arguments that it does not take
//! - [`logging`]: what `-v` and `-vv` show
//! - [`signals`]: Ctrl-C and its like
//! - [`commands`]: a file for each command: arguments, the use case, the report
//!
//! Use cases: values in, values out:
//!
//! - [`monitor`]: metrics of the servers and of the promise, served or written
//! - [`relay`]: the outboxes of services published
//! - [`adopt`]: a database that people live in, as the manifest would declare it
//! - [`rotate`]: new passwords for logins
//! - [`provision`]: the manifest's databases, roles and privileges on a server
//! - [`splitting`]: a shared database becomes one database for each service
//! - [`backup`]: one service's database dumped, restored, and put in the place of the one that is there
//! - [`moving`]: a service that moves to another server: its database is copied, compared and closed where it was
//! - [`isolation`]: observe, judge and assess what every login can reach
//! - [`teardown`]: the steps that remove a service
//! - [`targets`]: where the migrations of each service run
//! - [`test_databases`]: migrated copies of a template, for tests
//! - [`scratch`]: a throwaway database with a service's roles
//! - [`run`]: what most commands share: manifest, servers, secrets, output
//!
//! Engines:
//!
//! - [`converge`]: lock, inspect, plan, apply, retry, and inspect until nothing is left
//! - [`audit`]: findings from the catalogs (pure)
//! - [`probe`]: findings from logins
//! - [`discovery`]: the services that a folder holds already, as a first manifest
//! - [`import`]: another tool's migrations as martydb's
//! - [`migrate`]: migrations: files, lint, execution, history
//! - [`render`]: deployment files, from the same map as databases and privileges (pure)
//! - [`secrets`]: where the logins' passwords are kept
//! - [`broker`]: NATS, RabbitMQ and web hooks: events out, acknowledgements in
//! - [`credentials`]: the admin's password, and other secrets that variables hold
//! - [`pgpass`]: libpq's password file
//! - [`connection_string`]: where a login connects to, in the form that each client reads
//! - [`manifest`]: from YAML files to the desired state
//! - [`backup_store`]: where backups are kept, whole and unchanged, and which ones stay
//! - [`embedded`]: PostgreSQL servers that martydb runs itself
//!
//! What is there, and what would change it:
//!
//! - [`catalog`]: the actual state, read from a server's catalogs
//! - [`plan`]: the difference between desired and actual state, as steps (pure)
//! - [`reach`]: what every login can reach, by rules (pure)
//! - [`findings`]: the registry of findings, and findings as values (pure)
//! - [`grants`]: statements that give and take privileges (pure)
//!
//! Talking to servers and people:
//!
//! - [`server`]: sessions: connect, query, execute with the server's warnings, lock, retry
//! - [`backoff`]: growing pauses between attempts
//! - [`wire`]: PostgreSQL's protocol: TLS, SCRAM, queries, notices, cancelling
//! - [`prompt`]: questions on a terminal
//! - [`report`]: the only room that prints: documents, tables, progress
//! - [`flags`]: the flags that commands share
//!
//! Vocabulary (pure):
//!
//! - [`contract`]: the four roles of a service and what each may do
//! - [`metrics`]: what is measured, and what is worth an alert
//! - [`model`]: names, desired and actual state
//! - [`lint_rules`]: the names of the lint's rules
//! - [`sql`]: statements whose outside text is quoted; the only room that quotes
//! - [`sqlstate`]: the error codes that martydb knows
//! - [`units`]: times and sizes as people write them
//! - [`suggest`]: "did you mean …?"
//!
//! Leaves of the system:
//!
//! - [`yaml`]: refuses YAML that the parser would choke on
//! - [`error`]: errors with causes, hints and exit codes
//! - [`environment`]: the variables of the environment
//! - [`process_group`]: ends a child process with its children
//! - [`replace_process`]: another program in place of this one

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

pub mod adopt;
pub mod audit;
pub mod backoff;
pub mod backup;
pub mod backup_store;
pub mod broker;
pub mod catalog;
pub mod cli;
pub mod commands;
pub mod connection_string;
pub mod contract;
pub mod converge;
pub mod credentials;
pub mod discovery;
pub mod embedded;
pub mod environment;
pub mod error;
pub mod findings;
pub mod flags;
pub mod grants;
pub mod import;
pub mod interface;
pub mod isolation;
pub mod lint_rules;
pub mod logging;
pub mod manifest;
pub mod metrics;
pub mod migrate;
pub mod model;
pub mod monitor;
pub mod moving;
pub mod pgpass;
pub mod plan;
pub mod probe;
pub mod process_group;
pub mod program;
pub mod prompt;
pub mod provision;
pub mod reach;
pub mod relay;
pub mod render;
pub mod replace_file;
pub mod replace_process;
pub mod report;
pub mod rotate;
pub mod run;
pub mod scratch;
pub mod secrets;
pub mod server;
pub mod signals;
pub mod splitting;
pub mod sql;
pub mod sqlstate;
pub mod suggest;
pub mod targets;
pub mod teardown;
pub mod test_databases;
pub mod units;
pub mod usage;
pub mod wire;
pub mod yaml;

pub use program::main;
