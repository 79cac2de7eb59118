//! The note in a login's comment, behind the marker: the time at which martydb set the password. The server records
//! no such time, and passwords set by other means leave the note unchanged.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::desired::PASSWORD_NOTE;

/// Returns the comment of a login whose password is set at that time; `None` for a plan that is only shown.
pub fn dated(marker: &str, at: Option<OffsetDateTime>) -> String {
    let written = at.and_then(|at| at.replace_nanosecond(0).ok()?.format(&Rfc3339).ok());
    format!("{marker}{PASSWORD_NOTE}{}", written.as_deref().unwrap_or("(now)"))
}

/// Returns the time at which the password was set; `None` if this manifest did not set it, or an earlier version of
/// martydb did.
pub fn password_set(marker: &str, comment: &str) -> Option<OffsetDateTime> {
    let time = comment.strip_prefix(marker)?.strip_prefix(PASSWORD_NOTE)?;
    OffsetDateTime::parse(time, &Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notes::move_note::tests::desired;

    #[test]
    fn only_noted_values_are_read() {
        let (here, now) = (desired(), OffsetDateTime::from_unix_timestamp(1_795_000_000).unwrap());
        let comment = dated(&here.marker(), Some(now));
        assert!(here.marks(Some(&comment)), "{comment}");
        assert_eq!(password_set(&here.marker(), &comment), Some(now));
        let shown = dated(&here.marker(), None);
        let others = comment.replacen(&here.marker(), "martydb:other", 1);
        let cut = &comment[..comment.len() - 1];
        for none in [&here.marker(), &shown, &others, cut, &format!("{comment} or so"), ""] {
            assert_eq!(password_set(&here.marker(), none), None, "{none}");
        }
    }
}
