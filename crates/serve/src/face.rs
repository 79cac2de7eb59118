//! Faces: what callers send, parsed into the typed request. They only parse.

pub(crate) mod api;
pub(crate) mod http_request;
pub(crate) mod rest;
