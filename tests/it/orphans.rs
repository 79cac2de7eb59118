//! Nothing that a role that is not a superuser owned becomes a superuser's, whatever martydb does, and nothing that it
//! wrote ever runs as one.

mod extensions;
mod fix;
mod keeper;
mod support;
mod sweep;
