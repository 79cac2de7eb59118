//! Faces: what callers send, parsed into the typed request. They only parse.

pub mod api;
pub mod rest;
