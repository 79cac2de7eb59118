//! `-- martydb: …` comments at the top of a migration. One that is elsewhere or unknown is an error: ignoring
//! it would run the file differently from the author's intention.

use martydb_model::suggest::nearest;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// In one transaction, together with its history row.
    #[default]
    Transaction,
    /// Statement by statement, each committed separately.
    NoTransaction,
}

impl Mode {
    /// Returns the name in the history.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Transaction => "transaction",
            Mode::NoTransaction => "no-transaction",
        }
    }
}

/// A waiver of a rule of `lint`, by the file's author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedRule {
    pub rule: String,
    pub reason: String,
}

/// Contents of the comments at the top.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Directives {
    pub mode: Mode,
    pub allowed: Vec<AllowedRule>,
    /// Reason why the migration cannot be undone.
    pub irreversible: Option<String>,
    /// Set if the file is an unedited template.
    pub unwritten: bool,
}

impl Directives {
    /// Applies one directive: the text after `-- martydb:`. `Err` contains the problem and the fix.
    pub fn follow(&mut self, text: &str) -> Result<(), (String, String)> {
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        match word {
            "no-transaction" if rest.is_empty() => self.mode = Mode::NoTransaction,
            "unwritten" if rest.is_empty() => self.unwritten = true,
            "allow" => self.allowed.push(allowed(rest)?),
            "irreversible:" if !rest.trim().is_empty() => self.irreversible = Some(rest.trim().into()),
            "irreversible" | "irreversible:" => {
                return Err(("irreversible needs a colon and a reason".into(), FORMS.into()));
            }
            "no-transaction" | "unwritten" => {
                return Err((format!("\"{text}\" has text after {word}"), FORMS.into()));
            }
            other => {
                let meant = nearest(other, ["no-transaction", "allow", "irreversible", "unwritten"]);
                let fix = meant.map_or(FORMS.into(), |meant| format!("did you mean {meant}? {FORMS}"));
                return Err((format!("\"{other}\" is not a directive of martydb"), fix));
            }
        }
        Ok(())
    }
}

const FORMS: &str = "the forms are `-- martydb: no-transaction`, `-- martydb: allow <rule>: reason` and \
                     `-- martydb: irreversible: reason`";

fn allowed(text: &str) -> Result<AllowedRule, (String, String)> {
    match text.split_once(':').map(|(rule, reason)| (rule.trim(), reason.trim())) {
        Some((rule, reason)) if !rule.is_empty() && !reason.is_empty() => {
            Ok(AllowedRule { rule: rule.into(), reason: reason.into() })
        }
        _ => Err(("allow needs a rule, a colon and a reason".into(), FORMS.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_followed_or_refused() {
        let mut directives = Directives::default();
        assert_eq!(directives.follow("no-transaction"), Ok(()));
        assert_eq!(directives.follow("allow ban-drop-column: unused"), Ok(()));
        assert_eq!(directives.mode, Mode::NoTransaction);
        assert_eq!(directives.allowed[0].rule, "ban-drop-column");
        assert_eq!(directives.follow("irreversible: the rows are gone"), Ok(()));
        assert_eq!(directives.irreversible.as_deref(), Some("the rows are gone"));
        assert_eq!(directives.follow("unwritten"), Ok(()));
        for (text, fix) in [
            ("no-transactions", "did you mean no-transaction?"),
            ("no-transaction please", "the forms are"),
            ("allow ban-drop-column", "the forms are"),
            ("allow : because", "the forms are"),
            ("irreversible", "the forms are"),
            ("irreversible:", "the forms are"),
            ("irreversibel: x", "did you mean irreversible?"),
            ("unwritten yet", "the forms are"),
            ("", "the forms are"),
        ] {
            let (_, found) = directives.follow(text).expect_err(text);
            assert!(found.contains(fix), "{text}: {found}");
        }
    }
}
