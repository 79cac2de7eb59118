//! Connection to a bucket: endpoint, region and keys are read from the variables of all AWS tools, never from the manifest.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, Checksum};
use object_store::path::Path as Key;
use object_store::{BackoffConfig, Certificate, ClientOptions, RetryConfig};

use crate::store::backend::Backend;
use crate::store::backend::bucket::BucketBackend;
use crate::store::backend::errors::VARIABLES;
use crate::store::backend::timeouts::RequestTimeouts;
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};
use martydb_os::read_named;

const CONNECT: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Variables with the address of the server.
const ENDPOINTS: &[&str] = &["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"];

pub(crate) fn connect(
    bucket: &str,
    prefix: &str,
    variables: &Environment,
    patience: RequestTimeouts,
) -> Result<Arc<dyn Backend>> {
    // The provider of the connections to PostgreSQL as well; an error means that it is installed already.
    let _present = rustls::crypto::ring::default_provider().install_default();
    let place = format!("s3://{bucket}/{prefix}").trim_end_matches('/').to_owned();
    let known = variables.iter().filter(|(name, _)| name.starts_with("AWS_"));
    let known = known.filter_map(|(name, value)| {
        Some((AmazonS3ConfigKey::from_str(&name.to_ascii_lowercase()).ok()?, value))
    });
    let mut builder =
        known.fold(AmazonS3Builder::new(), |builder, (key, value)| builder.with_config(key, value));
    if let Some(endpoint) = endpoint(variables)? {
        builder = builder.with_endpoint(endpoint).with_allow_http(allows_http(endpoint, variables)?);
    }
    let backoff = BackoffConfig { init_backoff: FIRST_PAUSE, max_backoff: LONGEST_PAUSE, base: 2. };
    let retry = RetryConfig { backoff, max_retries: patience.retries, retry_timeout: patience.altogether };
    let options = options(variables, patience)?;
    let http = allows_http(endpoint(variables)?.unwrap_or_default(), variables)?;
    let store = builder
        .with_bucket_name(bucket)
        .with_retry(retry)
        .with_client_options(options.with_allow_http(http))
        .with_checksum_algorithm(Checksum::SHA256)
        .build()
        .map_err(|error| Error::usage(format!("cannot use {place}")).cause(error).hint(VARIABLES))?;
    Ok(Arc::new(BucketBackend { store: Arc::new(store), place, prefix: Key::from(prefix) }))
}

fn endpoint(variables: &Environment) -> Result<Option<&str>> {
    let set = ENDPOINTS.iter().find_map(|name| Some((*name, variables.get(*name)?)));
    let Some((name, endpoint)) = set.filter(|(_, value)| !value.is_empty()) else { return Ok(None) };
    let known = endpoint.starts_with("https://") || endpoint.starts_with("http://");
    if !known || endpoint.contains(['@', '?', '#']) {
        return Err(Error::usage(format!("{name} is not the address of a server"))
            .hint("it looks like https://s3.example.org, without a login"));
    }
    Ok(Some(endpoint))
}

/// Checks that backups cross a network without TLS only if that was requested. Returns `true` for plain HTTP.
fn allows_http(endpoint: &str, variables: &Environment) -> Result<bool> {
    let Some(rest) = endpoint.strip_prefix("http://") else { return Ok(false) };
    let host = rest.split('/').next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let here = ["127.0.0.1", "localhost", "[::1]"].contains(&host);
    let asked = variables.get("AWS_ALLOW_HTTP").is_some_and(|value| ["true", "1"].contains(&value.as_str()));
    if here || asked {
        return Ok(true);
    }
    Err(Error::usage(format!("{endpoint} is not encrypted")).hint("use https://, or set AWS_ALLOW_HTTP=true"))
}

fn options(variables: &Environment, patience: RequestTimeouts) -> Result<ClientOptions> {
    let mut options = ClientOptions::new()
        .with_timeout(patience.request)
        .with_connect_timeout(CONNECT.min(patience.request));
    if let Some(path) = variables.get("AWS_CA_BUNDLE").filter(|path| !path.is_empty()) {
        let cannot = |error: &dyn std::fmt::Display| {
            Error::usage(format!("cannot use the certificates in {path} (AWS_CA_BUNDLE)")).cause(error)
        };
        let bundle = read_named(path.as_ref()).map_err(|error| cannot(&error))?;
        for certificate in Certificate::from_pem_bundle(&bundle).map_err(|error| cannot(&error))? {
            options = options.with_root_certificate(certificate);
        }
    }
    Ok(options)
}
