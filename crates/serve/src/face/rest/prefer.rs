//! The header `Prefer` (RFC 7240).

use crate::error::{HttpError, HttpResult};
use crate::request::Resolution;

/// Contents of the answer to a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReturnPreference {
    Representation,
    Minimal,
    HeadersOnly,
}

/// Way in which the rows are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CountPreference {
    Exact,
    Planned,
    Estimated,
}

/// End of the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransactionEnd {
    Commit,
    Rollback,
}

/// The preferences of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Preferences {
    pub resolution: Option<Resolution>,
    pub returns: Option<ReturnPreference>,
    pub count: Option<CountPreference>,
    pub end: Option<TransactionEnd>,
    pub(crate) missing_default: Option<bool>,
    /// `Some(true)`: an unknown preference is an error.
    pub(crate) strict: Option<bool>,
    pub timezone: Option<String>,
    pub(crate) max_affected: Option<i64>,
    pub unknown: Vec<String>,
}

const RESOLUTIONS: &[(&str, Resolution)] = &[
    ("resolution=merge-duplicates", Resolution::Merge),
    ("resolution=ignore-duplicates", Resolution::Ignore),
];
const RETURNS: &[(&str, ReturnPreference)] = &[
    ("return=representation", ReturnPreference::Representation),
    ("return=minimal", ReturnPreference::Minimal),
    ("return=headers-only", ReturnPreference::HeadersOnly),
];
const COUNTS: &[(&str, CountPreference)] = &[
    ("count=exact", CountPreference::Exact),
    ("count=planned", CountPreference::Planned),
    ("count=estimated", CountPreference::Estimated),
];
const ENDS: &[(&str, TransactionEnd)] =
    &[("tx=commit", TransactionEnd::Commit), ("tx=rollback", TransactionEnd::Rollback)];
const MISSING: &[(&str, bool)] = &[("missing=default", true), ("missing=null", false)];
const HANDLING: &[(&str, bool)] = &[("handling=strict", true), ("handling=lenient", false)];

impl Preferences {
    /// Parses the values of the headers. Without permission an end of the transaction is unknown.
    pub(crate) fn parse<'a>(headers: impl Iterator<Item = &'a str>, may_roll_back: bool) -> Preferences {
        let words: Vec<&str> = headers
            .flat_map(|header| header.split(','))
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .collect();
        let prefixed = |prefix: &str| words.iter().find_map(|word| word.strip_prefix(prefix));
        let is_known = |word: &&&str| {
            let listed =
                [keys(RESOLUTIONS), keys(RETURNS), keys(COUNTS), keys(ENDS), keys(MISSING), keys(HANDLING)];
            listed.iter().flatten().any(|key| *key == **word)
                || ["timezone=", "max-affected="].iter().any(|prefix| word.starts_with(prefix))
        };
        Preferences {
            resolution: first(&words, RESOLUTIONS),
            returns: first(&words, RETURNS),
            count: first(&words, COUNTS),
            end: first(&words, ENDS).filter(|_| may_roll_back),
            missing_default: first(&words, MISSING),
            strict: first(&words, HANDLING),
            timezone: prefixed("timezone=").map(str::to_owned),
            max_affected: prefixed("max-affected=").and_then(|number| number.parse().ok()),
            unknown: words.iter().filter(|word| !is_known(word)).map(|word| (*word).to_owned()).collect(),
        }
    }

    /// Rejects unknown preferences where the caller wants that.
    pub(crate) fn check(&self) -> HttpResult<()> {
        if self.strict != Some(true) || self.unknown.is_empty() {
            return Ok(());
        }
        let details = format!("Invalid preferences: {}", self.unknown.join(", "));
        Err(HttpError::new(400, "PGRST122", "Invalid preferences given with handling=strict")
            .details(details))
    }

    /// Returns the value of `Preference-Applied`.
    pub(crate) fn applied(&self) -> Option<String> {
        let words = [
            name(RESOLUTIONS, self.resolution),
            name(MISSING, self.missing_default),
            name(RETURNS, self.returns),
            name(COUNTS, self.count),
            name(HANDLING, self.strict),
        ];
        let mut words: Vec<String> = words.into_iter().flatten().map(str::to_owned).collect();
        words.extend(self.timezone.as_ref().map(|zone| format!("timezone={zone}")));
        let most = self.max_affected.filter(|_| self.strict == Some(true));
        words.extend(most.map(|rows| format!("max-affected={rows}")));
        if words.is_empty() { None } else { Some(words.join(", ")) }
    }
}

fn keys<T>(table: &[(&'static str, T)]) -> Vec<&'static str> {
    table.iter().map(|(key, _)| *key).collect()
}

fn first<T: Copy>(words: &[&str], table: &[(&str, T)]) -> Option<T> {
    words.iter().find_map(|word| table.iter().find(|(key, _)| key == word)).map(|(_, value)| *value)
}

fn name<T: PartialEq>(table: &[(&'static str, T)], value: Option<T>) -> Option<&'static str> {
    table.iter().find(|(_, one)| Some(one) == value.as_ref()).map(|(key, _)| *key)
}
