//! Handlers: from the text of a request to its statements, as a value.

pub(crate) mod api;
pub(crate) mod json_lines;
pub(crate) mod openapi;
pub(crate) mod rest;
pub(crate) mod rest_params;
pub(crate) mod rpc;
