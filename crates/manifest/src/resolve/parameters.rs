//! `parameters:` of a service and of the defaults; rejects values that no server accepts.

use std::collections::BTreeMap;

use super::scope::Scope;
use crate::raw::{RawCollationVersion, RawLocaleProvider, RawParameters};
use martydb_model::error::{Error, Result};
use martydb_model::sql::MAX_IDENTIFIER_BYTES;
use martydb_model::{CreationParameters, DatabaseParameters, LocaleProvider, encoding, refused_setting};

/// Maximum length of a comment, in characters: half of what is read back.
const LONGEST_COMMENT: usize = 8000;

struct ParameterCheck<'a> {
    scope: &'a Scope<'a>,
    service: &'a str,
    own: &'a RawParameters,
    default: &'a RawParameters,
}

impl ParameterCheck<'_> {
    fn error(&self, key: &str, message: impl std::fmt::Display) -> Error {
        self.scope.error(["services", self.service, "parameters", key], message)
    }

    /// Returns the service's own text, or that of the defaults; an empty text is an error.
    fn text(&self, key: &str, of: impl Fn(&RawParameters) -> &Option<String>) -> Result<Option<String>> {
        let Some(text) = of(self.own).as_ref().or(of(self.default).as_ref()) else { return Ok(None) };
        match text.as_str() {
            "" => Err(self.error(key, format!("{key} is empty"))),
            text if text.contains('\0') => Err(self.error(key, format!("{key} contains a NUL character"))),
            text => Ok(Some(text.to_owned())),
        }
    }
}

pub(crate) fn resolve(scope: &Scope, service: &str, own: &RawParameters) -> Result<DatabaseParameters> {
    let default = &scope.raw.defaults.parameters;
    let look = ParameterCheck { scope, service, own, default };
    let tablespace = look.text("tablespace", |raw| &raw.tablespace)?;
    if let Some(name) =
        tablespace.as_ref().filter(|name| name.len() > MAX_IDENTIFIER_BYTES || *name == "pg_global")
    {
        return Err(look.error("tablespace", format!("tablespace \"{name}\" cannot hold a database")));
    }
    let connection_limit = own.connection_limit.or(default.connection_limit);
    if let Some(limit) = connection_limit.filter(|limit| *limit < 1 && *limit != -1) {
        let message = format!("a connection limit of {limit} allows no session");
        return Err(look
            .error("connection_limit", message)
            .hint("give a number above 0, or -1 for no limit"));
    }
    let refresh = own.collation_version.or(default.collation_version) == Some(RawCollationVersion::Refresh);
    Ok(DatabaseParameters {
        made_with: made_with(&look)?,
        refresh_collation: refresh,
        tablespace,
        connection_limit,
        comment: comment(&look, own.comment.as_ref().or(default.comment.as_ref()))?,
        settings: settings(&look)?,
    })
}

fn made_with(look: &ParameterCheck) -> Result<CreationParameters> {
    let named = look.text("encoding", |raw| &raw.encoding)?;
    let encoding = named.as_deref().map(|name| known_encoding(look, name)).transpose()?;
    let locale = look.text("locale", |raw| &raw.locale)?;
    // The service's own `locale` takes precedence over single parts of the defaults.
    let blank = RawParameters::default();
    let parts =
        ParameterCheck { default: if look.own.locale.is_some() { &blank } else { look.default }, ..*look };
    let lc_collate = parts.text("lc_collate", |raw| &raw.lc_collate)?.or_else(|| locale.clone());
    let lc_ctype = parts.text("lc_ctype", |raw| &raw.lc_ctype)?.or_else(|| locale.clone());
    for (key, name) in [("lc_collate", &lc_collate), ("lc_ctype", &lc_ctype)] {
        fits(look, key, name.as_deref(), encoding)?;
    }
    let (provider, locale, icu_rules) = provider(look)?;
    Ok(CreationParameters { encoding, lc_collate, lc_ctype, provider, locale, icu_rules })
}

fn known_encoding(look: &ParameterCheck, name: &str) -> Result<&'static str> {
    encoding(name).ok_or_else(|| {
        look.error("encoding", format!("\"{name}\" is not an encoding for databases"))
            .hint("UTF8 is the usual one; see https://www.postgresql.org/docs/current/multibyte.html")
    })
}

/// Checks that the encoding fits the codeset of a libc locale, which follows the dot. SQL_ASCII fits every locale.
fn fits(
    look: &ParameterCheck,
    key: &str,
    locale: Option<&str>,
    declared: Option<&'static str>,
) -> Result<()> {
    let codeset = locale.and_then(|locale| locale.split_once('.')?.1.split('@').next());
    match (codeset.and_then(encoding), declared) {
        (Some(needed), Some(declared)) if needed != declared && declared != "SQL_ASCII" => {
            let message = format!(
                "the locale {} needs the encoding {needed}, not {declared}",
                locale.unwrap_or_default()
            );
            Err(look.error(key, message).hint("change one of the two; the locale C fits every encoding"))
        }
        _ => Ok(()),
    }
}

/// Returns the provider, its locale, and the rules of ICU. A service with its own provider does not inherit the locale of
/// another.
fn provider(look: &ParameterCheck) -> Result<(Option<LocaleProvider>, Option<String>, Option<String>)> {
    let blank = RawParameters::default();
    let default = if look.own.locale_provider.is_some() { &blank } else { look.default };
    let look = &ParameterCheck { default, ..*look };
    let chosen = look.own.locale_provider.or(default.locale_provider);
    let icu = look.text("icu_locale", |raw| &raw.icu_locale)?;
    let rules = look.text("icu_rules", |raw| &raw.icu_rules)?;
    let builtin = look.text("builtin_locale", |raw| &raw.builtin_locale)?;
    let is = |provider| chosen == Some(provider);
    let stray = [
        ("icu_locale", icu.is_some(), RawLocaleProvider::Icu, "icu"),
        ("icu_rules", rules.is_some(), RawLocaleProvider::Icu, "icu"),
        ("builtin_locale", builtin.is_some(), RawLocaleProvider::Builtin, "builtin"),
    ];
    if let Some((key, _, _, word)) =
        stray.into_iter().find(|(_, given, provider, _)| *given && !is(*provider))
    {
        return Err(look.error(key, format!("{key} has no effect without locale_provider: {word}")));
    }
    let needed = |key: &str, locale: Option<String>, example: &str| {
        locale.ok_or_else(|| {
            let message = format!("this locale_provider needs {key}");
            look.error("locale_provider", message).hint(format!("such as {key}: {example}"))
        })
    };
    Ok(match chosen {
        None => (None, None, None),
        Some(RawLocaleProvider::Libc) => (Some(LocaleProvider::Libc), None, None),
        Some(RawLocaleProvider::Icu) => {
            (Some(LocaleProvider::Icu), Some(needed("icu_locale", icu, "de-DE")?), rules)
        }
        Some(RawLocaleProvider::Builtin) => {
            (Some(LocaleProvider::Builtin), Some(needed("builtin_locale", builtin, "C.UTF-8")?), None)
        }
    })
}

/// Checks a comment. One that begins like a martydb mark would be mistaken for one.
fn comment(look: &ParameterCheck, text: Option<&String>) -> Result<Option<String>> {
    let Some(text) = text.map(|text| text.replace("{service}", look.service)) else { return Ok(None) };
    let wrong = match &text {
        text if ["martydb:", "martydb-"].iter().any(|mark| text.starts_with(mark)) => {
            "begins like a martydb mark"
        }
        text if text.contains('\0') => "contains a NUL character",
        text if text.chars().count() > LONGEST_COMMENT => "is longer than 8000 characters",
        _ => return Ok(Some(text)),
    };
    Err(look.error("comment", format!("the comment {wrong}")))
}

fn settings(look: &ParameterCheck) -> Result<BTreeMap<String, String>> {
    let mut settings = look.default.settings.clone();
    settings.extend(look.own.settings.clone());
    for (name, value) in &settings {
        let Some(why) = refused_setting(name, value) else { continue };
        let path = ["services", look.service, "parameters", "settings", name];
        let message = format!("the setting {name} cannot be set for a database: {why}");
        return Err(look.scope.error(path, message));
    }
    Ok(settings)
}
