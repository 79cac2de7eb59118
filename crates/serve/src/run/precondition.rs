//! `If-Match` of a write (RFC 9110, section 13.1.1): the row is locked and read again in the transaction of the write, and has
//! to have a tag that the caller names.

use crate::answer::etag::tag;
use crate::answer::{HttpAnswer, StatementResult, content_range};
use crate::catalog::{ExposedRelation, ServedCatalog};
use crate::compile::{CompiledStatement, WrittenRows, lock_statement, read_statement};
use crate::error::{AnswerHeader, HttpError, HttpResult};
use crate::face::http_request::RestRequest;
use crate::face::rest::AnswerMedia;
use crate::plan::plan_tree;
use crate::request::{BodyForm, RowAction, RowQuery};
use crate::session::{DatabaseResult, LoginSession};
use crate::settings::RequestLimits;

/// Returns the condition of `If-Match`, on the representation that GET of the same address has.
pub(crate) fn precondition(
    catalog: &ServedCatalog,
    limits: &RequestLimits,
    relation: &ExposedRelation,
    query: &RowQuery,
    request: &RestRequest,
    media: &AnswerMedia,
) -> HttpResult<Option<Precondition>> {
    let Some(tags) = request.header("if-match") else { return Ok(None) };
    let (tree, form) = (plan_tree(catalog, limits, relation, query, false)?, media.form);
    let locked =
        WrittenRows { catalog, relation, query, action: &RowAction::Delete, returns: false, locates: false };
    let headers = vec![
        ("Content-Type".into(), media.media_type.clone()),
        ("Content-Range".into(), content_range(0, 0, None)),
    ];
    let (lock, read) = (lock_statement(&locked)?, read_statement(catalog, &tree, form, None)?);
    Ok(Some(Precondition { tags: tags.to_owned(), lock, read, form, headers }))
}

/// A condition on the row that a write changes.
pub(crate) struct Precondition {
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
    pub(crate) async fn check(&self, session: &mut LoginSession) -> DatabaseResult<HttpResult<()>> {
        let locked = session.query(&self.lock).await?.len();
        if locked > 1 {
            let message = "If-Match requires a filter that selects one row";
            return Ok(Err(HttpError::new(400, "MDB010", message)));
        }
        if locked == 0 {
            return Ok(Err(failed()));
        }
        let rows = session.query(&self.read).await?;
        Ok(StatementResult::from_rows(&rows, self.form).and_then(|result| {
            let headers = self.headers.clone();
            let now = tag(&HttpAnswer { status: 200, headers, body: result.body });
            if names_strongly(&self.tags, &now) { Ok(()) } else { Err(failed()) }
        }))
    }
}

/// Returns the answer where the condition does not hold.
pub(crate) fn failed() -> HttpError {
    HttpError::new(412, "MDB010", "the row has changed, or is not there").hint("read it again")
}

/// Returns `true` if a list of tags names this one; a weak one names nothing (RFC 9110, section 8.8.3.2).
fn names_strongly(list: &str, tag: &str) -> bool {
    list.trim() == "*" || list.split(',').any(|one| one.trim() == tag)
}

#[cfg(test)]
mod tests {
    use super::names_strongly;

    #[test]
    fn a_weak_tag_never_matches() {
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
