//! Name of a backup: its time, its service, and a random suffix. It sorts by time, and is safe as a file name and as an
//! object's key.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::format_description::StaticFormatDescription;
use time::{OffsetDateTime, PrimitiveDateTime};

use martydb_model::ServiceName;
use martydb_model::error::{Error, Result};

const TIME: StaticFormatDescription =
    time::macros::format_description!("[year][month][day]T[hour][minute][second]Z");

/// Alphabet of the random suffix: digits and lowercase letters that are not mistaken for each other.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const RANDOM: usize = 8;

/// Name of a backup, such as `20261123T082548Z-orders-7k3f9q2m`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct BackupId(String);

impl BackupId {
    /// Returns a name that no other backup has.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn new(at: OffsetDateTime, service: &ServiceName) -> Result<BackupId> {
        let cannot = |error: &dyn fmt::Display| Error::operation("cannot name a backup").cause(error);
        let mut random = [0; RANDOM];
        getrandom::fill(&mut random).map_err(|error| cannot(&error))?;
        let end: String = random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
        let at = at.to_offset(time::UtcOffset::UTC).format(TIME).map_err(|error| cannot(&error))?;
        Ok(BackupId(format!("{at}-{service}-{end}")))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the time, to the second.
    pub fn taken_at(&self) -> OffsetDateTime {
        parts(&self.0).expect("checked when it was made").0
    }

    pub fn service(&self) -> &str {
        parts(&self.0).expect("checked when it was made").1
    }
}

/// Splits an id into its time and service; `None` for another text.
fn parts(text: &str) -> Option<(OffsetDateTime, &str)> {
    let (at, rest) = text.split_once('-')?;
    let (service, end) = rest.rsplit_once('-')?;
    let time = PrimitiveDateTime::parse(at, TIME).ok()?.assume_utc();
    // A parser accepts several spellings of a time; any other than ours would be a second name for the same backup.
    let exact = time.format(TIME).ok()? == at;
    let random = end.len() == RANDOM && end.bytes().all(|byte| LETTERS.contains(&byte));
    (exact && random && ServiceName::new(service).is_ok()).then_some((time, service))
}

impl FromStr for BackupId {
    type Err = Error;

    fn from_str(text: &str) -> Result<BackupId> {
        if parts(text).is_some() {
            return Ok(BackupId(text.to_owned()));
        }
        Err(Error::usage(format!("\"{text}\" is not the id of a backup"))
            .cause("an id looks like 20261123T082548Z-orders-7k3f9q2m"))
    }
}

impl TryFrom<String> for BackupId {
    type Error = Error;

    fn try_from(text: String) -> Result<BackupId> {
        text.parse()
    }
}

impl From<BackupId> for String {
    fn from(id: BackupId) -> String {
        id.0
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_its_time_and_its_service_in_it() {
        let at = time::macros::datetime!(2026-11-23 08:25:48.9 UTC);
        let id = BackupId::new(at, &ServiceName::new("pkd-service_2").unwrap()).unwrap();
        assert!(id.as_str().starts_with("20261123T082548Z-pkd-service_2-"), "{id}");
        assert_eq!(id.to_string().parse::<BackupId>().unwrap(), id);
        assert_eq!(id.taken_at(), at.replace_nanosecond(0).unwrap());
        assert_eq!(id.service(), "pkd-service_2");
    }

    #[test]
    fn a_later_one_sorts_behind() {
        let of = |at, service: &str| BackupId::new(at, &ServiceName::new(service).unwrap()).unwrap();
        let early = of(time::macros::datetime!(2026-11-23 08:25:48 +02:00), "z");
        assert!(early < of(time::macros::datetime!(2026-11-23 08:25:48 UTC), "a"));
    }

    #[test]
    fn other_names_are_refused() {
        for text in [
            "",
            "20261123T082548Z-orders",
            "20261123T082548Z-orders-7k3f9q2",
            "20261123T082548Z-orders-7K3F9Q2M",
            "20261123T082548Z-../x-7k3f9q2m",
            "20261123T082548Z-Orders-7k3f9q2m",
            "20261323T082548Z-orders-7k3f9q2m",
            "+20261123T082548Z-orders-7k3f9q2m",
            " 20261123T082548Z-orders-7k3f9q2m",
            "20261123T082548Z-orders-7k3f9q2m\n",
        ] {
            assert!(text.parse::<BackupId>().is_err(), "{text}");
        }
    }
}
