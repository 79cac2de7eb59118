//! Paths into documents, such as `address.city`.

use crate::error::{HttpError, HttpResult};
use crate::face::api::body::wrong;
use crate::request::DocumentPath;

/// Deepest nesting of filters, and of keys in a path.
pub(super) const MAX_DEPTH: usize = 16;

/// Longest path, in bytes.
const MAX_PATH_BYTES: usize = 1000;

/// Parses keys that are joined by points.
pub(super) fn document_path(text: &str) -> HttpResult<DocumentPath> {
    if text.len() > MAX_PATH_BYTES {
        return Err(HttpError::limit(format!("a path has more than {MAX_PATH_BYTES} bytes")));
    }
    let path: DocumentPath = text.split('.').map(str::to_owned).collect();
    if path.len() > MAX_DEPTH {
        return Err(HttpError::limit(format!("a path has more than {MAX_DEPTH} keys")));
    }
    match path.iter().all(|key| !key.is_empty() && !key.starts_with('$')) {
        true => Ok(path),
        false => Err(wrong(format!("\"{text}\" is not a path into a document"))),
    }
}

/// Returns the error of an operator that is none of a filter or a change.
pub(super) fn unknown(operator: &str) -> HttpError {
    wrong(format!("unknown operator \"{operator}\""))
}
