//! The keys `serve`, at the top level and of a service.

use std::collections::BTreeMap;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::audit::RawAudit;
use super::forms::forms;
use crate::lenient;
use martydb_model::ServeLimit;

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
    /// Most open connections of the process; default: 1024.
    #[serde(deserialize_with = "lenient::optional")]
    pub connections: Option<u64>,
    /// Most open connections from one address, or one network of 64 bits of IPv6; those of this machine are not counted; default: 256.
    #[serde(deserialize_with = "lenient::optional")]
    pub per_address: Option<u64>,
    /// Most requests in progress of one connection of HTTP/2; default: 100.
    #[serde(deserialize_with = "lenient::optional")]
    pub requests: Option<u64>,
    /// Most bytes of bodies of requests and answers that are being received or sent; default: 256MiB.
    #[serde(deserialize_with = "lenient::optional")]
    #[schemars(with = "Option<String>")]
    pub in_flight: Option<ByteCount>,
    /// Longest time in which a client sends or takes less than 16 KiB of what is being sent; default: 10s.
    pub progress: Option<String>,
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
    /// Rows of an answer and of each embedded relation; default: 1000.
    #[serde(deserialize_with = "lenient::optional")]
    pub rows: Option<u64>,
    /// Time of a statement; default: 5s.
    pub timeout: Option<String>,
    /// Conditions of a request; default: 20.
    #[serde(deserialize_with = "lenient::optional")]
    pub conditions: Option<u64>,
    /// Values of one `in`, `any` or `all`; default: 100.
    #[serde(deserialize_with = "lenient::optional")]
    pub values: Option<u64>,
    /// Levels of embedded relations; default: 5.
    #[serde(deserialize_with = "lenient::optional")]
    pub depth: Option<u64>,
    /// Entries of all `select`, `group` and `aggregates` of a request; default: 250.
    #[serde(deserialize_with = "lenient::optional")]
    pub columns: Option<u64>,
    /// Steps into a JSON value; default: 16.
    #[serde(deserialize_with = "lenient::optional")]
    pub steps: Option<u64>,
    /// Bytes of the body of a request; default: 1MiB.
    #[serde(deserialize_with = "lenient::optional")]
    #[schemars(with = "Option<String>")]
    pub body: Option<ByteCount>,
    /// Bytes of the body of an answer; lines of `application/x-ndjson` may have eight times as many; default: 8MiB.
    #[serde(deserialize_with = "lenient::optional")]
    #[schemars(with = "Option<String>")]
    pub answer: Option<ByteCount>,
    /// Answers of a caller that are read while they are sent; at most half of the pool's connections; default: 4.
    #[serde(deserialize_with = "lenient::optional")]
    pub streams: Option<u64>,
    /// Terms of all orders of a request; default: 64.
    #[serde(deserialize_with = "lenient::optional")]
    pub order: Option<u64>,
    /// Operations of one batch; default: 100.
    #[serde(deserialize_with = "lenient::optional")]
    pub operations: Option<u64>,
    /// Open transactions of a caller; at most a quarter of the pool's connections for all callers; default: 2.
    #[serde(deserialize_with = "lenient::optional")]
    pub transactions: Option<u64>,
    /// Functions of the exposed schemas that callers may call; default: none.
    pub functions: Vec<String>,
    /// Allow aggregates; default: false.
    #[serde(deserialize_with = "lenient::parsed")]
    pub aggregates: bool,
    /// Largest planner cost of a statement, asked for before it runs with other values; default: any.
    #[serde(deserialize_with = "lenient::optional")]
    pub cost: Option<u64>,
    /// Statements slower than this are logged on standard error, without their values; default: 1s.
    pub slow: Option<String>,
}

impl RawServeLimits {
    /// Returns the limits of the table that were given.
    pub(crate) fn given(&self) -> [(ServeLimit, Option<u64>); 12] {
        let bytes = |count: Option<ByteCount>| count.map(|count| count.0);
        [
            (ServeLimit::Rows, self.rows),
            (ServeLimit::Conditions, self.conditions),
            (ServeLimit::Values, self.values),
            (ServeLimit::Depth, self.depth),
            (ServeLimit::Columns, self.columns),
            (ServeLimit::Steps, self.steps),
            (ServeLimit::Body, bytes(self.body)),
            (ServeLimit::Answer, bytes(self.answer)),
            (ServeLimit::Streams, self.streams),
            (ServeLimit::Order, self.order),
            (ServeLimit::Operations, self.operations),
            (ServeLimit::Transactions, self.transactions),
        ]
    }
}

/// A number of bytes, such as 1048576 or 1MiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByteCount(pub u64);

impl FromStr for ByteCount {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<ByteCount, &'static str> {
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let factor: Option<u64> = match unit.trim() {
            "" => Some(1),
            "KiB" => Some(1 << 10),
            "MiB" => Some(1 << 20),
            "GiB" => Some(1 << 30),
            _ => None,
        };
        let count = factor.and_then(|factor| number.parse::<u64>().ok()?.checked_mul(factor));
        count.map(ByteCount).ok_or("is not a number of bytes such as 1048576 or 1MiB")
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::{LimitScope, SERVE_LIMITS};

    /// Descriptions of the keys of a map, by key.
    fn descriptions<T: JsonSchema>() -> BTreeMap<String, String> {
        let schema = serde_json::to_value(schemars::schema_for!(T)).unwrap();
        let keys = schema["properties"].as_object().unwrap().iter();
        keys.map(|(key, one)| (key.clone(), one["description"].as_str().unwrap_or_default().to_owned()))
            .collect()
    }

    #[test]
    fn each_limit_of_the_table_is_a_key_with_its_default_and_its_words() {
        let (process, service) = (descriptions::<RawServe>(), descriptions::<RawServeLimits>());
        let given = RawServeLimits::default().given().map(|(limit, _)| limit);
        for row in SERVE_LIMITS {
            let keys = if row.scope == LimitScope::Process { &process } else { &service };
            let text = keys.get(row.key).unwrap_or_else(|| panic!("no key {}", row.key));
            let default = text.rsplit("default: ").next().unwrap().trim_end_matches('.');
            let seconds = default.strip_suffix('s').and_then(|number| number.parse().ok());
            let found = seconds.or_else(|| Some(default.parse::<ByteCount>().ok()?.0));
            assert_eq!(found, Some(row.default), "{text}");
            let subject = row.subject.trim_start_matches("seconds in which ");
            assert!(text.to_lowercase().contains(&subject.to_lowercase()), "{text}");
            assert_eq!(given.contains(&row.limit), row.scope == LimitScope::Service, "{}", row.key);
        }
    }
}
