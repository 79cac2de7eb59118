//! End of the community's support of a major version: after it a server gets no corrections, not even for its security.
//! <https://www.postgresql.org/support/versioning/>

use time::{Date, Month};

/// Major version, and the November in which its support ends: year and day.
const ENDS: [(u32, i32, u8); 6] =
    [(13, 2025, 13), (14, 2026, 12), (15, 2027, 11), (16, 2028, 9), (17, 2029, 8), (18, 2030, 14)];

/// Returns the last day of a major version's support; `None` for one that is not known here.
pub fn support_end(major: u32) -> Option<Date> {
    let (_, year, day) = ENDS.into_iter().find(|(known, ..)| *known == major)?;
    Date::from_calendar_date(year, Month::November, day).ok()
}

/// Returns the last day of a major version's support if it is over.
pub fn ended_support(major: u32, today: Date) -> Option<Date> {
    support_end(major).filter(|end| *end < today)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn support_is_over_after_its_last_day() {
        let end = support_end(15).unwrap();
        assert_eq!(end.to_string(), "2027-11-11");
        assert_eq!(ended_support(15, end), None);
        assert_eq!(ended_support(15, end.next_day().unwrap()), Some(end));
        assert_eq!(ended_support(99, end), None);
        assert!((13..=18).all(|major| support_end(major).is_some()));
    }
}
