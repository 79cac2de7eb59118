//! `If-Match` of a write (RFC 9110, section 13.1.1): the row is locked and read again in the transaction of the write, and has
//! to have a tag that the caller names.

use super::answer::{HttpAnswer, StatementResult};
use super::etag::tag;
use crate::compile::CompiledStatement;
use crate::fault::{AnswerHeader, RequestFault, Served};
use crate::request::BodyForm;
use crate::session::{DatabaseFault, LoginSession};

/// A condition on the row that a write changes.
pub struct Precondition {
    /// Value of the header.
    pub tags: String,
    pub lock: CompiledStatement,
    /// Read of the representation whose tag a caller has from GET, with its form and the headers that are tagged.
    pub read: CompiledStatement,
    pub form: BodyForm,
    pub headers: Vec<AnswerHeader>,
}

impl Precondition {
    /// Locks the row, and checks its tag, in the open transaction.
    pub async fn check(&self, session: &mut LoginSession) -> Result<Served<()>, DatabaseFault> {
        let locked = session.query(&self.lock).await?.len();
        if locked > 1 {
            let message = "If-Match needs a filter that means one row";
            return Ok(Err(RequestFault::new(400, "MDB010", message)));
        }
        if locked == 0 {
            return Ok(Err(failed()));
        }
        let rows = session.query(&self.read).await?;
        Ok(StatementResult::of(&rows, self.form).and_then(|result| {
            let headers = self.headers.clone();
            let now = tag(&HttpAnswer { status: 200, headers, body: result.body });
            if names_strongly(&self.tags, &now) { Ok(()) } else { Err(failed()) }
        }))
    }
}

fn failed() -> RequestFault {
    RequestFault::new(412, "MDB010", "the row has changed, or is not there").hint("read it again")
}

/// Returns `true` if a list of tags names this one; a weak one names nothing (RFC 9110, section 8.8.3.2).
fn names_strongly(list: &str, tag: &str) -> bool {
    list.trim() == "*" || list.split(',').any(|one| one.trim() == tag)
}

#[cfg(test)]
mod tests {
    use super::names_strongly;

    #[test]
    fn a_weak_tag_is_no_condition_that_holds() {
        for (list, expected) in [
            ("*", true),
            ("\"a\"", true),
            ("\"b\", \"a\"", true),
            ("W/\"a\"", false),
            ("\"b\"", false),
            ("", false),
        ] {
            assert_eq!(names_strongly(list, "\"a\""), expected, "{list}");
        }
    }
}
