//! The secret store: what is absent, what fails, what is lost, who else can read it, and how passwords come and go.

mod absent;
mod calls;
mod exported;
mod imported;
mod lost;
mod moved;
mod rotation;
mod store;
mod vault;
