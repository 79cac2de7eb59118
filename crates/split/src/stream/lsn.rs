//! Log sequence number (LSN).

use std::fmt;

/// Position in the write-ahead log, as the server prints it: `16/B374D848`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Lsn(pub u64);

impl Lsn {
    /// Parses the server's format.
    pub fn parse(text: &str) -> Option<Lsn> {
        let (high, low) = text.split_once('/')?;
        let half =
            |text: &str| u64::from_str_radix(text, 16).ok().filter(|half| u32::try_from(*half).is_ok());
        Some(Lsn(half(high)? << 32 | half(low)?))
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & u64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_what_the_server_prints_is_read() {
        assert_eq!(Lsn::parse("16/B374D848"), Some(Lsn(0x16_B374_D848)));
        for wrong in ["", "16", "16/", "/1", "1/100000000", "x/y", "1/2/3"] {
            assert_eq!(Lsn::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_position_is_read_as_it_was_printed(position: u64) {
            prop_assert_eq!(Lsn::parse(&Lsn(position).to_string()), Some(Lsn(position)));
        }
    }
}
