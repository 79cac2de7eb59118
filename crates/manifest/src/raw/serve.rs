//! The keys `serve`, at the top level and of a service.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::audit::RawAudit;
use super::forms::forms;
use crate::lenient;

/// Data service: its listener and its callers.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawServe {
    /// Address to listen on; default: 127.0.0.1:8480. Other than on loopback it requires `tls`.
    #[serde(deserialize_with = "lenient::optional")]
    #[schemars(with = "Option<String>")]
    pub listen: Option<std::net::SocketAddr>,
    /// Certificate of the listener.
    pub tls: Option<RawServeTls>,
    /// Tokens by which callers may prove themselves, in place of keys.
    pub jwt: Option<RawServeTokens>,
    /// Origins of pages whose scripts may read the answers in a browser, such as https://app.example; `*` for any.
    pub origins: Vec<String>,
    /// Folder of the npm package `swagger-ui-dist`: `/{service}/api/docs` then shows the OpenAPI document.
    pub docs: Option<String>,
    /// Callers, by name; `anonymous` stands for requests without a key, and may be a list with an entry for each service.
    pub callers: BTreeMap<String, RawServeCallers>,
}

/// Certificate of a listener, in PEM.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawServeTls {
    /// File with the certificate and its chain; reloaded when it changes.
    pub certificate: String,
    /// File with the private key.
    pub key: String,
    /// File with the authorities of callers that prove themselves by a certificate.
    pub client_ca: Option<String>,
}

/// Tokens of callers: JSON Web Tokens.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawServeTokens {
    /// File with the issuer's public keys, a JSON Web Key Set, for RS256, ES256 and EdDSA; read again at SIGHUP.
    pub jwks: Option<String>,
    /// Environment variable with the secret that the issuer shares, of at least 32 bytes, for HS256.
    pub secret_env: Option<String>,
    /// Audience that a token has to name in `aud`.
    pub audience: String,
    /// Claim that names the caller; default: sub.
    pub caller_claim: Option<String>,
}

/// Caller of one service; of several only `anonymous`, as a list.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum RawServeCallers {
    /// The caller.
    One(RawServeCaller),
    /// An entry for each service.
    Each(Vec<RawServeCaller>),
}

forms! {
    RawServeCallers,
    "a map with the key service, or for `anonymous` a list of them",
    map => RawServeCallers::One,
    list => RawServeCallers::Each
}

/// A caller of the data service.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawServeCaller {
    /// Service whose rows it may use.
    pub service: String,
    /// Login that its requests get: read or write.
    pub r#as: Option<RawServeRight>,
    /// Instead of `as`: a login of `access` with `read` or `write` for the service.
    pub access: Option<String>,
    /// Environment variable with its key; default: a key of `martydb serve key new`.
    pub key_env: Option<String>,
    /// Host name, URI or mail address of its certificate (subjectAltName), with `client_ca`; default: the caller's name.
    pub san: Option<String>,
    /// Largest number of requests per second, such as 200/s; default: no limit.
    pub rate: Option<String>,
    /// Largest cost per second, such as 50000/s; a request costs the planner's cost divided by 100, and at least 1.
    pub cost: Option<String>,
}

/// Login of a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawServeRight {
    /// Reads rows, as `{service}_serve_ro`.
    Read,
    /// Reads and writes rows, as `{service}_serve`.
    Write,
}

/// Exposure of a service by the data service.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawExposure {
    /// Exposed schemas, the default one first; default: the service's first schema.
    pub schemas: Option<Vec<String>>,
    /// Exposed tables and views; default: all in the exposed schemas.
    pub only: Vec<String>,
    /// Tables and views that are not exposed.
    pub hide: Vec<String>,
    /// Connections of a process with each of the two logins.
    pub pool: RawServePool,
    /// Limits of each request.
    pub limits: RawServeLimits,
    /// Transactions of several requests.
    pub transactions: RawServeTransactions,
    /// Show code of the service the caller's claims, in the setting `request.jwt.claims`; default: false.
    #[serde(deserialize_with = "lenient::parsed")]
    pub claims: bool,
    /// Let callers ask that their writes are rolled back, for tests; default: false.
    #[serde(deserialize_with = "lenient::parsed")]
    pub rollback: bool,
    /// Tables whose answers a process keeps, with the longest time for which it keeps one, such as orders: 60s; each is checked
    /// before it is sent again, so that it is never older than the table. Default: none.
    pub cache: BTreeMap<String, String>,
    /// Requests that leave a row in `martydb_serve.audit`: none, writes or all, or a map that also has the rows backed up;
    /// default: writes.
    pub audit: RawAudit,
}

/// Connections of a process.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawServePool {
    /// Most connections with each login; default: 10.
    #[serde(deserialize_with = "lenient::optional")]
    pub max: Option<u16>,
    /// Longest wait for a free one; default: 500ms.
    pub wait: Option<String>,
    /// Processes that may run at a time, such as two while one replaces the other; default: 2.
    #[serde(deserialize_with = "lenient::optional")]
    pub processes: Option<u16>,
}

/// Limits of a request.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawServeLimits {
    /// Rows of an answer, and of each embedded relation; default: 1000.
    #[serde(deserialize_with = "lenient::optional")]
    pub rows: Option<u32>,
    /// Time of a statement; default: 5s.
    pub timeout: Option<String>,
    /// Functions of the exposed schemas that callers may call; default: none.
    pub functions: Vec<String>,
    /// Allow aggregates; default: false.
    #[serde(deserialize_with = "lenient::parsed")]
    pub aggregates: bool,
    /// Largest planner cost of a statement, asked for before it runs for the first time; default: any.
    #[serde(deserialize_with = "lenient::optional")]
    pub cost: Option<u64>,
    /// Statements slower than this are logged on standard error, without their values; default: 1s.
    pub slow: Option<String>,
}

/// Transactions of several requests: begin, operate, commit.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawServeTransactions {
    /// Allow them; default: false.
    #[serde(deserialize_with = "lenient::parsed")]
    pub interactive: bool,
    /// Longest time between two requests of one, at most 30s; default: 5s.
    pub idle: Option<String>,
    /// Longest time of one, at most 2m; default: 30s.
    pub total: Option<String>,
}
