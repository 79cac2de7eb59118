//! What the program of the command provider has said in this run: each call may be slow, metered, or a question to a person.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;
use tokio::sync::OnceCell;

use martydb_model::error::Result;

/// A password, or how the program said that it has none.
pub type Fetched = Result<SecretString, String>;

/// The entry, and the call that asks for it.
type Call = (String, Vec<String>);

type Answered = HashMap<Call, Arc<OnceCell<Result<Fetched>>>>;

/// Shared by all copies of a [`Store`](super::Store). `Debug` shows no password.
#[derive(Debug, Clone, Default)]
pub struct Answers(Arc<Mutex<Answered>>);

impl Answers {
    /// The first answer to this call, failures included; those that ask at the same time wait for it.
    pub async fn once(
        &self,
        entry: &str,
        arguments: &[String],
        fetch: impl Future<Output = Result<Fetched>>,
    ) -> Result<Fetched> {
        let cell = self.lock().entry((entry.to_owned(), arguments.to_vec())).or_default().clone();
        cell.get_or_init(|| fetch).await.clone()
    }

    /// The next one who asks for the entry calls the program.
    pub fn forget(&self, entry: &str, arguments: &[String]) {
        self.lock().remove(&(entry.to_owned(), arguments.to_vec()));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Answered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
