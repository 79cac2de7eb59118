//! Import of entries from another store or from a file.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, StreamExt};

use super::command::PARALLEL;
use super::entries::KeptEntries;
use super::key::Entry;
use super::store::{LockedStore, Store};
use martydb_model::error::{Error, Result};
use martydb_model::units::first_of;

/// Outcome of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
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
    pub async fn receive(&self, incoming: &[KeptEntries], replace: bool) -> Result<Vec<Vec<Receipt>>> {
        self.store.check_writable()?;
        let keys: Vec<_> = incoming.iter().map(|entries| entries.key.clone()).collect();
        let present = self.store.kept(&keys).await?;
        let due: Vec<KeptEntries> =
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
    async fn receive_all(&self, due: &[KeptEntries]) -> Result<Vec<Vec<Receipt>>> {
        let mut servers: BTreeMap<&str, Vec<&KeptEntries>> = BTreeMap::new();
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
        Ok(due.iter().map(|due| vec![Receipt::Written; due.entries.len()]).collect())
    }

    /// Writes several keys in parallel; those not begun when one fails are left for the next run.
    async fn receive_each(&self, due: &[KeptEntries]) -> Vec<Vec<Receipt>> {
        let failed = AtomicBool::new(false);
        let calls: Vec<_> = due.iter().map(|due| self.receive_one(due, &failed)).collect();
        stream::iter(calls).buffered(PARALLEL).collect().await
    }

    async fn receive_one(&self, due: &KeptEntries, failed: &AtomicBool) -> Vec<Receipt> {
        let mut receipts = vec![];
        for (name, value) in &due.entries {
            if failed.load(Ordering::Relaxed) {
                receipts.push(Receipt::Skipped);
                continue;
            }
            let written = self.write(&due.key, &[(name.clone(), Some(value.clone()))]).await;
            receipts.push(written.map_or_else(Receipt::Failed, |()| Receipt::Written));
            if matches!(receipts.last(), Some(Receipt::Failed(_))) {
                failed.store(true, Ordering::Relaxed);
            }
        }
        receipts
    }
}

fn refuse_others(present: &[KeptEntries], due: &[KeptEntries]) -> Result<()> {
    let other = |(here, due): (&KeptEntries, &KeptEntries)| {
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
        .hint("`martydb plan --check-logins` shows which of the store's own work")
        .hint("replace them with --replace"))
}

fn receipts(new: &KeptEntries, due: &KeptEntries, done: &mut Vec<Receipt>) -> Vec<Receipt> {
    let mut done = std::mem::take(done).into_iter();
    let receipt = |(name, _): &(String, _)| match due.get(name) {
        Some(_) => done.next().unwrap_or(Receipt::Skipped),
        None => Receipt::Unchanged,
    };
    new.entries.iter().map(receipt).collect()
}
