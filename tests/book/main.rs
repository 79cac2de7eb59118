//! The book in `docs/`: every page is in its summary, every link and anchor leads somewhere, every command block runs,
//! and the generated pages are those of the program.

mod commands;
mod links;
mod page;
mod reference;
// The server of the end-to-end tests, of which the book needs less than they do.
#[allow(dead_code)]
#[path = "../it/support/server.rs"]
mod support;
