//! Labels of services, and the conditions by which commands choose services.

use std::str::FromStr;

/// A label as the command line names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    pub key: String,
    pub value: String,
}

impl FromStr for Label {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() && !value.is_empty() => {
                Ok(Label { key: key.to_owned(), value: value.to_owned() })
            }
            _ => Err("expected KEY=VALUE, such as region=eu"),
        }
    }
}

/// Conditions that a service must fulfil. Several servers widen, as do several values of one label; servers and different labels narrow.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServiceFilter<'a> {
    pub servers: &'a [String],
    pub labels: &'a [Label],
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

impl ServiceFilter<'_> {
    /// Returns the conditions in words, such as "the server eu or us and the label stage=canary".
    pub fn in_words(self) -> String {
        let labels: Vec<String> = self.labels.iter().map(Label::to_string).collect();
        let parts = [("server", self.servers), ("label", &labels)];
        let given = parts.into_iter().filter(|(_, values)| !values.is_empty());
        let words = given.map(|(what, values)| format!("the {what} {}", values.join(" or ")));
        words.collect::<Vec<_>>().join(" and ")
    }

    pub fn is_empty(self) -> bool {
        self.servers.is_empty() && self.labels.is_empty()
    }
}
