//! The key `app_url`: one URL, or one per purpose.

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Address of the database for applications: hosts, ports, a database and parameters, without user and password.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(untagged)]
pub enum RawAppUrl {
    /// URL of a pooler, a public address, or several hosts.
    Url(String),
    /// One URL for applications that write, and one for those that only read.
    Map(RawAppUrlMap),
}

/// Addresses by purpose.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawAppUrlMap {
    /// URL that `martydb url` prints.
    pub write: Option<String>,
    /// URL that `martydb url --read-only` prints, such as that of a replica.
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
