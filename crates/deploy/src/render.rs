//! Deployment files, written from the map that databases and rights come from. What a file holds depends on the manifest
//! alone, so that it is the same on each run and a check can compare it.
//!
//! No target holds a secret: each says by which name the secret is found, and `secrets export` brings it there. Sealed Secrets alone holds
//! passwords, which nothing but the cluster's controller can read.

mod ci;
mod compose;
mod cron;
mod grafana;
mod image;
mod kubernetes;
mod landscape;
mod pgbackrest;
mod pgbouncer;
mod prometheus;
mod targets;
mod times;

pub use compose::{admin_password as admin_password_file, database_url as database_url_file};
pub use kubernetes::sealing::SealingKey;
pub use landscape::{Landscape, PasswordsToSeal, Places, ServerNode, entitled};
pub use targets::{RenderTarget, RenderedFile, TARGETS};
