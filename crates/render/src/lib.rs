//! Deployment files, derived from the same manifest as databases and privileges. The contents of a file depend only
//! on the manifest, so every run writes the same text and a check can compare it.
//!
//! Targets contain no secrets: they refer to secrets by name, and `secrets export` provides them.

mod broker;
mod caller_keys;
mod ci;
mod compose;
mod cron;
mod deployment;
mod document;
mod grafana;
mod image;
mod kubernetes;
mod location;
mod pgbackrest;
mod pgbouncer;
mod project_image;
mod prometheus;
mod redis;
mod schedule;
mod targets;

pub use caller_keys::CALLER_KEYS;
pub use compose::database_url as database_url_file;
pub use compose::{admin_password as admin_password_file, redis_url as redis_url_file};
pub use deployment::{DeploymentPlan, ProjectPaths, ServerNode};
pub use redis::variables as redis_variables;
pub use targets::{NamedServers, RenderTarget, RenderedFile, TARGETS};
