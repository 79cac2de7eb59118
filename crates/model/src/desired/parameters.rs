//! Parameters of a database: those fixed at creation, and those that can be changed later.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Declared parameters of a database; `None` leaves a parameter as it is on the server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DatabaseParameters {
    pub made_with: CreationParameters,
    /// `true` to refresh the recorded collation version if the library's differs.
    pub refresh_collation: bool,
    pub tablespace: Option<String>,
    /// `CONNECTION LIMIT`; `-1` is no limit.
    pub connection_limit: Option<i32>,
    /// The user's comment; the manifest's marker precedes it.
    pub comment: Option<String>,
    /// Settings of the database, for every login.
    pub settings: BTreeMap<String, String>,
}

/// Parameters fixed by CREATE DATABASE.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CreationParameters {
    /// In PostgreSQL's spelling.
    pub encoding: Option<&'static str>,
    pub lc_collate: Option<String>,
    pub lc_ctype: Option<String>,
    pub provider: Option<LocaleProvider>,
    /// Locale of the provider icu or builtin.
    pub locale: Option<String>,
    pub icu_rules: Option<String>,
}

/// Locale provider (`pg_database.datlocprovider`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
pub enum LocaleProvider {
    /// The only provider before 15.
    #[default]
    #[serde(rename = "c")]
    Libc,
    #[serde(rename = "i")]
    Icu,
    #[serde(rename = "b")]
    Builtin,
}

impl LocaleProvider {
    /// Returns the SQL keyword.
    pub fn word(self) -> &'static str {
        match self {
            LocaleProvider::Libc => "libc",
            LocaleProvider::Icu => "icu",
            LocaleProvider::Builtin => "builtin",
        }
    }

    /// Returns the first major version that supports it.
    pub fn since(self) -> u32 {
        match self {
            LocaleProvider::Libc => 13,
            LocaleProvider::Icu => 15,
            LocaleProvider::Builtin => 17,
        }
    }
}

/// Creation parameters of an existing database.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct ActualParameters {
    pub encoding: String,
    pub lc_collate: String,
    pub lc_ctype: String,
    pub provider: LocaleProvider,
    pub locale: Option<String>,
    pub icu_rules: Option<String>,
    pub tablespace: String,
}

/// Differing collation versions of a database: the recorded one and the library's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CollationVersions {
    pub recorded: String,
    pub present: String,
}

/// A declared parameter that differs and cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixedParameter {
    /// Name of the parameter, as in PostgreSQL's manual.
    pub what: &'static str,
    pub found: String,
    pub wanted: String,
}

impl DatabaseParameters {
    /// Returns the parameters of a temporary copy: no connection limit, and a comment of its own.
    pub(crate) fn of_copy(&self) -> DatabaseParameters {
        DatabaseParameters { connection_limit: None, comment: None, ..self.clone() }
    }
}

impl CreationParameters {
    /// Returns the parameters in which an existing database differs.
    pub fn differences(&self, found: &ActualParameters) -> Vec<FixedParameter> {
        let words = |provider: LocaleProvider| Some(provider.word().to_owned());
        let rows = [
            ("encoding", self.encoding.map(str::to_owned), Some(found.encoding.clone())),
            ("locale provider", self.provider.and_then(words), words(found.provider)),
            ("LC_COLLATE", self.lc_collate.clone(), Some(found.lc_collate.clone())),
            ("LC_CTYPE", self.lc_ctype.clone(), Some(found.lc_ctype.clone())),
            ("locale", self.locale.clone(), found.locale.clone()),
            ("ICU rules", self.icu_rules.clone(), found.icu_rules.clone()),
        ];
        let differing = rows.into_iter().filter_map(|(what, wanted, found)| {
            let (wanted, found) = (wanted?, found.unwrap_or_default());
            let same = match what {
                "ICU rules" => wanted == found,
                _ => plain(&wanted) == plain(&found),
            };
            (!same).then_some(FixedParameter { what, found, wanted })
        });
        differing.collect()
    }

    /// Fills in undeclared parameters with those of `found` that differ from the server's template.
    pub(crate) fn or_as(&self, found: &ActualParameters, template: &ActualParameters) -> CreationParameters {
        let text = |own: &Option<String>, found: &String, usual: &String| {
            own.clone().or_else(|| (found != usual).then(|| found.clone()))
        };
        let mut all = CreationParameters {
            encoding: self
                .encoding
                .or_else(|| encoding(&found.encoding).filter(|_| found.encoding != template.encoding)),
            lc_collate: text(&self.lc_collate, &found.lc_collate, &template.lc_collate),
            lc_ctype: text(&self.lc_ctype, &found.lc_ctype, &template.lc_ctype),
            ..self.clone()
        };
        let is_usual = (found.provider, &found.locale, &found.icu_rules)
            == (template.provider, &template.locale, &template.icu_rules);
        if self.provider.is_none() && !is_usual {
            all.provider = Some(found.provider);
            all.locale.clone_from(&found.locale);
            all.icu_rules.clone_from(&found.icu_rules);
        }
        all
    }

    /// Returns the first parameter that a major version of PostgreSQL does not support, and the first version that
    /// does.
    pub fn beyond(&self, major: u32) -> Option<(&'static str, u32)> {
        let provider = self.provider.map(|provider| (provider.word(), provider.since()));
        let rules = self.icu_rules.as_ref().map(|_| ("icu_rules", 16));
        [provider, rules].into_iter().flatten().find(|(_, since)| *since > major)
    }
}

/// Normalizes a locale name: `de_DE.UTF-8` and `de_DE.utf8` are equal.
fn plain(name: &str) -> String {
    match name {
        "POSIX" => "c".into(),
        _ => name.chars().filter(|c| !matches!(c, '-' | '_')).collect::<String>().to_ascii_lowercase(),
    }
}

/// Encodings that a database can have (<https://www.postgresql.org/docs/current/multibyte.html>).
const ENCODINGS: &[&str] = &[
    "EUC_CN", "EUC_JIS_2004", "EUC_JP", "EUC_KR", "EUC_TW", "ISO_8859_5", "ISO_8859_6", "ISO_8859_7",
    "ISO_8859_8", "KOI8R", "KOI8U", "LATIN1", "LATIN10", "LATIN2", "LATIN3", "LATIN4", "LATIN5", "LATIN6",
    "LATIN7", "LATIN8", "LATIN9", "MULE_INTERNAL", "SQL_ASCII", "UTF8", "WIN1250", "WIN1251", "WIN1252",
    "WIN1253", "WIN1254", "WIN1255", "WIN1256", "WIN1257", "WIN1258", "WIN866", "WIN874",
];

/// Returns PostgreSQL's spelling of an encoding, from any of its spellings except the rare aliases; `None` if
/// unknown.
pub fn encoding(name: &str) -> Option<&'static str> {
    let bare = |name: &str| -> String {
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
    };
    let wanted = match bare(name).as_str() {
        "UNICODE" => "UTF8".to_owned(),
        "ISO88591" => "LATIN1".to_owned(),
        "KOI8" => "KOI8R".to_owned(),
        other => other.to_owned(),
    };
    ENCODINGS.iter().copied().find(|known| bare(known) == wanted)
}

/// Settings that a manifest may not set on a database, with the reason: they apply to every session in it, including
/// the admin's and those of other tools. Others that weaken isolation are findings of `verify-isolation`, accepted
/// with `allow:`.
const REFUSED: &[(&str, &str)] = &[
    ("role", "martydb sets it on the logins"),
    ("search_path", "martydb sets it on the logins: see `schemas`"),
    ("session_authorization", "every session would be another role's"),
    ("session_replication_role", "triggers and foreign keys would be off in every session"),
    ("dynamic_library_path", "it decides which code every session loads"),
    ("default_transaction_read_only", "migrations could not write; use a login of `access:` that reads"),
    ("transaction_read_only", "it is a state of a transaction"),
];

/// Settings that are lists of names; one literal is one name.
const LISTS: &[&str] = &["local_preload_libraries", "session_preload_libraries", "temp_tablespaces"];

/// Returns the reason why a setting cannot be declared for a database.
pub fn refused_setting(name: &str, value: &str) -> Option<&'static str> {
    let plain = name.to_ascii_lowercase();
    let refused = REFUSED.iter().find(|row| row.0 == plain).map(|row| row.1);
    refused.or_else(|| {
        if name.is_empty() || name.contains('\0') || value.contains('\0') {
            return Some("a NUL character, or an invalid name");
        }
        let several = LISTS.contains(&plain.as_str()) && value.contains(',');
        several.then_some("at most one name is possible here")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> ActualParameters {
        ActualParameters {
            encoding: "UTF8".into(),
            lc_collate: "de_DE.utf8".into(),
            lc_ctype: "C".into(),
            ..ActualParameters::default()
        }
    }

    #[test]
    fn spellings_are_equal_and_values_differ() {
        let wanted = CreationParameters {
            encoding: encoding("utf-8"),
            lc_collate: Some("de_DE.UTF-8".into()),
            lc_ctype: Some("POSIX".into()),
            provider: Some(LocaleProvider::Libc),
            ..CreationParameters::default()
        };
        assert_eq!(wanted.differences(&found()), []);
        let other =
            CreationParameters { encoding: encoding("Latin-1"), lc_collate: Some("C".into()), ..wanted };
        let whats: Vec<_> =
            other.differences(&found()).into_iter().map(|fixed| (fixed.what, fixed.wanted)).collect();
        assert_eq!(whats, [("encoding", "LATIN1".to_owned()), ("LC_COLLATE", "C".to_owned())]);
    }

    #[test]
    fn parameters_equal_to_the_templates_are_omitted() {
        let nothing = CreationParameters::default();
        assert_eq!(nothing.or_as(&found(), &found()), nothing);
        let icu = ActualParameters {
            encoding: "LATIN1".into(),
            provider: LocaleProvider::Icu,
            locale: Some("de".into()),
            ..found()
        };
        let like = nothing.or_as(&icu, &found());
        assert_eq!((like.encoding, like.provider), (Some("LATIN1"), Some(LocaleProvider::Icu)));
        assert_eq!((like.locale.as_deref(), like.lc_collate.as_deref()), (Some("de"), None));
        assert_eq!(like.beyond(14), Some(("icu", 15)));
    }

    #[test]
    fn an_encoding_is_known_by_any_spelling() {
        for (text, known) in [
            ("utf8", Some("UTF8")),
            ("Unicode", Some("UTF8")),
            ("sql-ascii", Some("SQL_ASCII")),
            ("euc_jp", Some("EUC_JP")),
            ("BIG5", None),
            ("", None),
        ] {
            assert_eq!(encoding(text), known, "{text}");
        }
    }
}
