//! The book in `docs/`: every page is in its summary, every link and anchor leads somewhere, every command block runs,
//! and the generated pages are those of the program.

mod commands;
mod contributing;
mod findings;
mod links;
mod monitor;
mod page;
mod readme;
mod reference;
mod role_model;
mod serve_limits;
#[allow(dead_code)]
mod support;
