//! `parameters:` of a service's database.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::manifest::lenient;

/// Parameters of the database. What is not given stays as the server makes it. Encoding and locale hold for good: where
/// a database that exists differs, `plan` says so.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawParameters {
    /// Such as UTF8.
    pub encoding: Option<String>,
    /// LC_COLLATE and LC_CTYPE at once, such as de_DE.UTF-8 or C.
    pub locale: Option<String>,
    /// How texts are sorted; default: `locale`.
    pub lc_collate: Option<String>,
    /// What a letter is; default: `locale`.
    pub lc_ctype: Option<String>,
    /// Who compares texts; icu from PostgreSQL 15 on, builtin from 17 on.
    pub locale_provider: Option<RawLocaleProvider>,
    /// Needed with icu, such as de-DE.
    pub icu_locale: Option<String>,
    /// Further rules of sorting for icu; from PostgreSQL 16 on.
    pub icu_rules: Option<String>,
    /// Needed with builtin: C, C.UTF-8 or PG_UNICODE_FAST.
    pub builtin_locale: Option<String>,
    /// What becomes of a collation version that is not the library's any more; default: report.
    pub collation_version: Option<RawCollationVersion>,
    /// Where its files are.
    pub tablespace: Option<String>,
    /// Simultaneous connections of all logins together; -1 is no limit.
    #[serde(deserialize_with = "lenient::optional")]
    pub connection_limit: Option<i32>,
    /// Its comment; `{service}` is filled in. The first line of a database that martydb made is the manifest's marker.
    pub comment: Option<String>,
    /// Settings that every session in it begins with (ALTER DATABASE SET), unless its login has its own.
    #[serde(deserialize_with = "lenient::text_map")]
    pub settings: BTreeMap<String, String>,
}

/// Who compares texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawLocaleProvider {
    /// The operating system.
    Libc,
    Icu,
    /// PostgreSQL itself.
    Builtin,
}

/// What becomes of a collation version that is not the library's any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawCollationVersion {
    /// `plan` names it.
    Report,
    /// `apply` records the library's, once the indexes were rebuilt.
    Refresh,
}
