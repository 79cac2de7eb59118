//! `parameters:` of a service: what its database is made with, what can be changed later, and what cannot.

mod made;
mod moved;
mod refused;
mod support;
