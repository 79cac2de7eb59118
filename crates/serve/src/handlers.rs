//! Handlers: from the text of a request to what is to be done, as a value.

pub mod api;
pub mod json_lines;
pub mod openapi;
pub mod rest;
pub mod rest_params;
pub mod rpc;
