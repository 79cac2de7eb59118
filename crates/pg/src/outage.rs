//! Outage of something that is tried again and again: one line when it stops working, and one when it works again.

use martydb_model::error::Error;

#[derive(Debug, Default)]
pub struct Outage {
    failing: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub enum OutageChange {
    /// The first failure, with its causes and hints on one line.
    Began(String),
    Ended,
}

impl Outage {
    /// Records the end of a try; returns a change only if the one before ended otherwise.
    pub fn record(&mut self, error: Option<&Error>) -> Option<OutageChange> {
        match (error, std::mem::replace(&mut self.failing, error.is_some())) {
            (Some(error), false) => Some(OutageChange::Began(on_one_line(error))),
            (None, true) => Some(OutageChange::Ended),
            _ => None,
        }
    }
}

fn on_one_line(error: &Error) -> String {
    let hints = error.hints.iter().map(|hint| format!("; {hint}"));
    [error.to_string()].into_iter().chain(hints).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_has_one_line_for_its_begin_and_one_for_its_end() {
        let error = Error::operation("no").cause("why").hint("do");
        let began = || Some(OutageChange::Began("no: why; do".into()));
        let mut outage = Outage::default();
        for (end, expected) in [
            (None, None),
            (Some(&error), began()),
            (Some(&error), None),
            (None, Some(OutageChange::Ended)),
            (None, None),
            (Some(&error), began()),
        ] {
            assert_eq!(outage.record(end), expected);
        }
    }
}
