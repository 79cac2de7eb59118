//! Parameters of changelogs, which stand for texts in the statements.

use std::collections::BTreeMap;

use crate::split::SplitProblem;

/// Values of `${name}`; the first definition counts.
#[derive(Debug, Clone, Default)]
pub(super) struct ChangelogParameters(BTreeMap<String, String>);

impl ChangelogParameters {
    /// Defines one that is not defined yet.
    pub(super) fn define(&mut self, name: &str, value: &str) {
        self.0.entry(name.into()).or_insert_with(|| value.into());
    }

    /// Replaces `${name}` by its value, and `${:name}` by `${name}`.
    pub(super) fn expand(&self, text: &str) -> Result<String, SplitProblem> {
        let (mut out, mut from) = (String::new(), 0);
        while let Some(at) = text[from..].find("${").map(|at| from + at) {
            let Some(end) = text[at..].find('}').map(|end| at + end) else { break };
            let name = &text[at + 2..end];
            out += &text[from..at];
            match (name.strip_prefix(':'), self.0.get(name)) {
                (Some(plain), _) => out += &format!("${{{plain}}}"),
                (None, Some(value)) => out += value,
                (None, None) => {
                    let what = format!("contains the parameter ${{{name}}}, which no file defines");
                    let fix =
                        "write its value, or define it with `--property name:… value:…`; or pass --skip";
                    return Err((at, what, fix.into()));
                }
            }
            from = end + 1;
        }
        Ok(out + &text[from..])
    }
}
