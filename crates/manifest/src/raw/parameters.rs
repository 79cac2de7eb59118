//! `parameters:` of a service's database.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient;

/// Parameters of the database. An omitted one keeps the server's default. Encoding and locale cannot be changed later: if
/// an existing database differs, `plan` reports it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawParameters {
    /// Encoding, such as UTF8.
    pub encoding: Option<String>,
    /// Both LC_COLLATE and LC_CTYPE, such as de_DE.UTF-8 or C.
    pub locale: Option<String>,
    /// Collation order (LC_COLLATE); default: `locale`.
    pub lc_collate: Option<String>,
    /// Character classification (LC_CTYPE); default: `locale`.
    pub lc_ctype: Option<String>,
    /// Locale provider; icu from PostgreSQL 15 on, builtin from 17 on.
    pub locale_provider: Option<RawLocaleProvider>,
    /// ICU locale, required with icu, such as de-DE.
    pub icu_locale: Option<String>,
    /// Additional collation rules of ICU; from PostgreSQL 16 on.
    pub icu_rules: Option<String>,
    /// Builtin locale, required with builtin: C, C.UTF-8 or PG_UNICODE_FAST.
    pub builtin_locale: Option<String>,
    /// Treatment of a collation version that differs from the library's; default: report.
    pub collation_version: Option<RawCollationVersion>,
    /// Tablespace of the database.
    pub tablespace: Option<String>,
    /// Connection limit of all logins together; -1 is no limit.
    #[serde(deserialize_with = "lenient::optional")]
    pub connection_limit: Option<i32>,
    /// Comment, with `{service}` as a placeholder. Its first line is the manifest's marker if martydb created the database.
    pub comment: Option<String>,
    /// Settings of every session in the database (ALTER DATABASE SET), unless its login has its own.
    #[serde(deserialize_with = "lenient::text_map")]
    pub settings: BTreeMap<String, String>,
}

/// Locale provider of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawLocaleProvider {
    /// The operating system's C library.
    Libc,
    Icu,
    /// PostgreSQL itself.
    Builtin,
}

/// Treatment of a collation version that differs from the library's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawCollationVersion {
    /// `plan` reports it.
    Report,
    /// `apply` records the library's version, once the indexes were rebuilt.
    Refresh,
}
