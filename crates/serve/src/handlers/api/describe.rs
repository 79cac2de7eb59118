//! Schema of a collection, as the caller may see it: columns on which its login has a privilege.

use super::call::{ApiCall, JSON};
use crate::answer::HttpAnswer;
use crate::answer::etag::conditional;
use crate::callers::CallerRight;
use crate::catalog::statements::describe;
use crate::error::{HttpError, HttpResult};
use crate::run::{Handled, ask};

impl<'a> ApiCall<'a> {
    /// Answers with the schema of a collection.
    pub(super) async fn describe(&self, collection: &str) -> HttpResult<Handled<'a>> {
        let relation = self.catalog.relation(&self.schema, collection)?;
        let pool =
            self.service.pool_of(&self.caller.identity, self.caller.identity.right == CallerRight::Write)?;
        let rows = ask(pool, &describe(vec![relation.oid]), &[]).await?;
        let rows = rows.map_err(|error| error.answer(self.is_authenticated(), true))?;
        let text = rows.first().and_then(|row| row.try_get::<_, Option<String>>(0).ok().flatten());
        // A collection of which the login may see nothing is not there for it.
        let text = text.ok_or_else(|| HttpError::no_table(&self.schema, collection))?;
        let headers = vec![("Content-Type".into(), JSON.to_owned())];
        let answer = HttpAnswer { status: 200, headers, body: text.into_bytes() };
        Ok(Handled::Answered(conditional(self.request, answer)))
    }
}
