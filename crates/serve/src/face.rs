//! Faces: what callers send, parsed into the typed request. They only parse.

pub mod api;
pub mod http_request;
pub mod rest;
