//! A pager for results longer than the terminal.

use std::io::Write;
use std::process::{Command, Stdio};

use martydb_model::environment::Environment;

/// Default pager.
const USUAL: &str = "less";

/// Options of pagers unless the user set them: quit if all fits, pass colours, leave the text on the screen. The same
/// as git's. <https://git-scm.com/docs/git-config#Documentation/git-config.txt-corepager>
const OPTIONS: [(&str, &str); 2] = [("LESS", "FRX"), ("LV", "-c")];

/// A program that shows a text page by page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pager {
    /// Program and arguments.
    words: Vec<String>,
    /// Additional environment variables.
    options: Vec<(&'static str, &'static str)>,
}

impl Pager {
    /// Selects `MARTYDB_PAGER`, else `PAGER`, else less. `None` if the variable is empty or `cat`, or the terminal is
    /// too simple.
    pub fn choose(environment: &Environment) -> Option<Pager> {
        let variable = |name: &str| environment.get(name).map(String::as_str);
        let chosen = variable("MARTYDB_PAGER").or_else(|| variable("PAGER")).unwrap_or(USUAL);
        let words = shlex::split(chosen)?;
        let is_none = words.is_empty() || words == ["cat"] || variable("TERM") == Some("dumb");
        let options = OPTIONS.into_iter().filter(|(name, _)| variable(name).is_none()).collect();
        (!is_none).then_some(Pager { words, options })
    }

    /// Shows the text and waits until the pager ends. Returns `true` if the program could be started.
    pub fn show(&self, text: &str) -> bool {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).envs(self.options.iter().copied()).stdin(Stdio::piped());
        let Ok(mut child) = command.spawn() else { return false };
        if let Some(mut page) = child.stdin.take() {
            // The user may quit the pager before the end.
            let _quit_early = page.write_all(text.as_bytes());
        }
        // Its exit status says nothing about the result.
        let _end = child.wait();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(variables: &[(&str, &str)]) -> Option<Vec<String>> {
        let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Pager::choose(&environment.collect()).map(|pager| pager.words)
    }

    #[test]
    fn the_variables_choose_and_cat_is_none() {
        let words = |text: &str| Some(text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(chosen(&[]), words("less"));
        assert_eq!(chosen(&[("PAGER", "more -d")]), words("more -d"));
        assert_eq!(chosen(&[("PAGER", "more"), ("MARTYDB_PAGER", "most")]), words("most"));
        assert_eq!(chosen(&[("PAGER", "more"), ("MARTYDB_PAGER", "")]), None);
        assert_eq!(chosen(&[("PAGER", "cat")]), None);
        assert_eq!(chosen(&[("PAGER", "'unclosed")]), None);
        assert_eq!(chosen(&[("TERM", "dumb")]), None);
        let own = Pager::choose(&[("LESS".to_owned(), "S".to_owned())].into()).unwrap();
        assert_eq!(own.options, [("LV", "-c")]);
    }

    #[test]
    fn a_missing_pager_shows_nothing_and_an_unread_one_is_not_an_error() {
        let pager = |word: &str| Pager { words: vec![word.into()], options: vec![] };
        assert!(!pager("no-such-pager").show("text"));
        assert!(pager("true").show(&"text\n".repeat(100_000)));
    }
}
