//! The secret store: what is absent, what fails, what is lost, and who else can read it.

mod absent;
mod lost;
mod rotation;
mod store;
mod vault;
