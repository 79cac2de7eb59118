//! The secret store: what is absent, what fails, what is lost, who else can read it, and how passwords come and go.

mod absent;
mod calls;
mod carried;
mod exported;
mod imported;
mod lost;
mod rotation;
mod store;
mod vault;
