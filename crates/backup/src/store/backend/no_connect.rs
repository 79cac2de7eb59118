//! Object storage in a build without the feature `object-storage`: no bucket can be opened.

use std::sync::Arc;

use super::Backend;
use crate::store::backend::timeouts::RequestTimeouts;
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};

/// # Errors
/// Always: this build has no client of object storage.
pub fn connect(bucket: &str, _: &str, _: &Environment, _: RequestTimeouts) -> Result<Arc<dyn Backend>> {
    Err(Error::usage(format!("this build of martydb cannot use the bucket s3://{bucket}"))
        .hint("build it with the feature `object-storage`"))
}
