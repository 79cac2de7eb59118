//! Errors of a server of object storage, in our words.

use object_store::Error as S3Error;

use martydb_model::error::{Error, Kind};

pub(crate) const VARIABLES: &str = "AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY set the bucket's server and the credentials";

/// Maps the error of a server, or its silence. The text of a request contains no key: those are in headers.
pub(crate) fn error_while(doing: String) -> impl Fn(S3Error) -> Error {
    move |error| match &error {
        S3Error::NotFound { .. } => Error::operation(&doing).cause(error).hint("does the bucket exist?"),
        S3Error::PermissionDenied { .. } | S3Error::Unauthenticated { .. } => {
            Error::new(Kind::Unreachable, &doing).cause(error).hint(VARIABLES)
        }
        S3Error::Generic { .. } => Error::new(Kind::Unreachable, &doing).cause(error).hint(VARIABLES),
        _ => Error::operation(&doing).cause(error),
    }
}
