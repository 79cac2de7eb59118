//! Answers of the command provider's program in this run. Each call may be slow, metered, or prompt a person.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use secrecy::SecretString;
use tokio::sync::OnceCell;

use martydb_model::error::Result;

/// A password, or the program's report that it has none.
pub(crate) type PasswordAnswer = Result<SecretString, String>;

/// An entry, and the call that reads it.
type Call = (String, Vec<String>);

type AnswerCells = HashMap<Call, Arc<OnceCell<Result<PasswordAnswer>>>>;

/// Shared by all copies of a [`Store`](super::Store). `Debug` shows no password.
#[derive(Debug, Clone, Default)]
pub struct AnswerCache(Arc<Mutex<AnswerCells>>);

impl AnswerCache {
    /// Returns the first answer to this call, failures included. Concurrent callers wait for it.
    pub async fn once(
        &self,
        entry: &str,
        arguments: &[String],
        fetch: impl Future<Output = Result<PasswordAnswer>>,
    ) -> Result<PasswordAnswer> {
        let cell = self.0.lock().entry((entry.to_owned(), arguments.to_vec())).or_default().clone();
        cell.get_or_init(|| fetch).await.clone()
    }

    /// Forgets the answer, so the next request for the entry calls the program.
    pub fn forget(&self, entry: &str, arguments: &[String]) {
        self.0.lock().remove(&(entry.to_owned(), arguments.to_vec()));
    }
}
