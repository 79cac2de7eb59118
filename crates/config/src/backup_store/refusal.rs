//! What a server of object storage says, in our words.

use object_store::Error as S3Error;

use martydb_model::error::{Error, Kind};

pub const VARIABLES: &str = "AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY say where the bucket is and who asks";

/// What a server's refusal or silence means. The text of the request has no key in it: those are in headers.
pub fn said(doing: String) -> impl Fn(S3Error) -> Error {
    move |error| match &error {
        S3Error::NotFound { .. } => Error::operation(&doing).cause(error).hint("does the bucket exist?"),
        S3Error::PermissionDenied { .. } | S3Error::Unauthenticated { .. } => {
            Error::new(Kind::Unreachable, &doing).cause(error).hint(VARIABLES)
        }
        S3Error::Generic { .. } => Error::new(Kind::Unreachable, &doing).cause(error).hint(VARIABLES),
        _ => Error::operation(&doing).cause(error),
    }
}
