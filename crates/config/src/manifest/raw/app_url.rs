//! The key `app_url`: one URL, or one for each purpose.

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Where applications find the database: hosts, ports, a database and parameters, without a user and a password.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(untagged)]
pub enum RawAppUrl {
    /// A pooler, a public address, or several hosts.
    Url(String),
    /// One for those that write and one for those that only read.
    Map(RawAppUrlMap),
}

/// Addresses by purpose.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawAppUrlMap {
    /// What `martydb url` gives.
    pub write: Option<String>,
    /// What `martydb url --read-only` gives, such as a replica.
    pub read: Option<String>,
}

impl<'de> Deserialize<'de> for RawAppUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AppUrlVisitor)
    }
}

struct AppUrlVisitor;

impl<'de> Visitor<'de> for AppUrlVisitor {
    type Value = RawAppUrl;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("a URL, or a map with the keys write and read")
    }

    fn visit_str<E: de::Error>(self, url: &str) -> Result<RawAppUrl, E> {
        Ok(RawAppUrl::Url(url.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawAppUrl, A::Error> {
        RawAppUrlMap::deserialize(MapAccessDeserializer::new(map)).map(RawAppUrl::Map)
    }
}
