//! Import of entries from another store or from a file.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, StreamExt};

use super::command::PARALLEL;
use super::entries::StoredEntries;
use super::key::Entry;
use super::store::{LockedStore, Store};
use martydb_model::error::{Error, Result};
use martydb_model::units::first_of;

/// Outcome of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferOutcome {
    Written,
    /// It was there already with this value.
    Unchanged,
    Failed(Error),
    /// Not tried, because another one failed.
    Skipped,
}

/// Maximum number of listed names of refused entries; further ones are counted.
const LISTED: usize = 20;

impl LockedStore<'_> {
    /// Writes the missing entries, reads each back, and returns the outcomes: for each of `incoming`, in its order, those of
    /// its entries in their order. A rerun after a failure writes the rest.
    ///
    /// # Errors
    /// Before any write: if the store is read-only, cannot be read, or has another value and `replace` is not set.
    #[martydb_pg::boxed]
    pub async fn receive(
        &self,
        incoming: &[StoredEntries],
        replace: bool,
    ) -> Result<Vec<Vec<TransferOutcome>>> {
        self.store.check_writable()?;
        let keys: Vec<_> = incoming.iter().map(|entries| entries.key.clone()).collect();
        let present = self.store.kept(&keys).await?;
        let due: Vec<StoredEntries> =
            present.iter().zip(incoming).map(|(here, new)| here.lacking(new)).collect();
        if !replace {
            refuse_others(&present, &due)?;
        }
        let mut done = match self.store {
            Store::Command(_) => self.receive_each(&due).await,
            _ => self.receive_all(&due).await?,
        };
        // Entries that were not due existed already.
        Ok(incoming
            .iter()
            .zip(&due)
            .zip(&mut done)
            .map(|((new, due), done)| receipts(new, due, done))
            .collect())
    }

    /// Writes once per server: all of its entries or none.
    async fn receive_all(&self, due: &[StoredEntries]) -> Result<Vec<Vec<TransferOutcome>>> {
        let mut servers: BTreeMap<&str, Vec<&StoredEntries>> = BTreeMap::new();
        for entries in due.iter().filter(|entries| !entries.entries.is_empty()) {
            servers.entry(&entries.key.server).or_default().push(entries);
        }
        for all in servers.values() {
            let entries: Vec<Entry> = all
                .iter()
                .flat_map(|one| &one.entries)
                .map(|(name, value)| (name.clone(), Some(value.clone())))
                .collect();
            self.write(&all[0].key, &entries).await?;
        }
        let keys: Vec<_> = due.iter().map(|entries| entries.key.clone()).collect();
        let back = self.store.kept(&keys).await?;
        if back.iter().zip(due).any(|(back, due)| !back.lacking(due).entries.is_empty()) {
            return Err(Error::operation("the secret store did not keep what was written to it"));
        }
        Ok(due.iter().map(|due| vec![TransferOutcome::Written; due.entries.len()]).collect())
    }

    /// Writes several keys in parallel; those not begun when one fails are left for the next run.
    async fn receive_each(&self, due: &[StoredEntries]) -> Vec<Vec<TransferOutcome>> {
        let failed = AtomicBool::new(false);
        let calls: Vec<_> = due.iter().map(|due| self.receive_one(due, &failed)).collect();
        stream::iter(calls).buffered(PARALLEL).collect().await
    }

    async fn receive_one(&self, due: &StoredEntries, failed: &AtomicBool) -> Vec<TransferOutcome> {
        let mut receipts = vec![];
        for (name, value) in &due.entries {
            if failed.load(Ordering::Relaxed) {
                receipts.push(TransferOutcome::Skipped);
                continue;
            }
            let written = self.write(&due.key, &[(name.clone(), Some(value.clone()))]).await;
            receipts.push(written.map_or_else(TransferOutcome::Failed, |()| TransferOutcome::Written));
            if matches!(receipts.last(), Some(TransferOutcome::Failed(_))) {
                failed.store(true, Ordering::Relaxed);
            }
        }
        receipts
    }
}

fn refuse_others(present: &[StoredEntries], due: &[StoredEntries]) -> Result<()> {
    let other = |(here, due): (&StoredEntries, &StoredEntries)| {
        let names = due.entries.iter().map(|(name, _)| name.clone());
        names.filter(|name| here.get(name).is_some()).collect::<Vec<String>>()
    };
    let others: Vec<String> = present.iter().zip(due).flat_map(other).collect();
    if others.is_empty() {
        return Ok(());
    }
    let quoted: Vec<String> = others.iter().map(|name| format!("\"{name}\"")).collect();
    Err(Error::usage("the secret store has other passwords for these logins, nothing was touched")
        .cause(first_of(&quoted, LISTED))
        .hint("`martydb plan --check-logins` shows which passwords of the store the servers accept")
        .hint("replace them with --replace"))
}

fn receipts(
    new: &StoredEntries,
    due: &StoredEntries,
    done: &mut Vec<TransferOutcome>,
) -> Vec<TransferOutcome> {
    let mut done = std::mem::take(done).into_iter();
    let receipt = |(name, _): &(String, _)| match due.get(name) {
        Some(_) => done.next().unwrap_or(TransferOutcome::Skipped),
        None => TransferOutcome::Unchanged,
    };
    new.entries.iter().map(receipt).collect()
}
