//! One backup on its way into several stores: every file is read and encrypted once. A store that fails is left out from
//! then on, and the others still get the backup.

use std::io::{self, Write};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::store::backend::{Backend, BackupUpload, FileWriter};
use crate::store::blocking_task::BlockingTask;
use crate::store::check::of_io;
use crate::store::id::BackupId;
use martydb_model::error::{Error, Kind, Result};

/// Stores of an upload. The failures remain readable after it.
#[derive(Clone)]
pub(crate) struct MirrorStores(Arc<Vec<MirrorStore>>);

struct MirrorStore {
    place: String,
    state: Mutex<StoreState>,
}

enum StoreState {
    Uploading(Box<dyn BackupUpload>),
    Stored,
    Failed(Error),
}

impl MirrorStores {
    /// Begins an upload into each store without a failure. The failures are those of the stores, in their order.
    ///
    /// # Errors
    /// If no store is left.
    pub(crate) fn begin(
        task: &BlockingTask,
        stores: &[Arc<dyn Backend>],
        failures: Vec<Option<Error>>,
        id: &BackupId,
    ) -> Result<MirrorStores> {
        let begin = |(store, failure): (&Arc<dyn Backend>, Option<Error>)| {
            let begun = failure.map_or_else(|| store.begin(task, id), Err);
            let state = begun.map_or_else(StoreState::Failed, StoreState::Uploading);
            MirrorStore { place: store.place(), state: Mutex::new(state) }
        };
        let mirror = MirrorStores(Arc::new(stores.iter().zip(failures).map(begin).collect()));
        mirror.usable().map(|()| mirror)
    }

    /// Returns the stores that failed, with their errors.
    pub(crate) fn failures(&self) -> Vec<(String, Error)> {
        let failure = |store: &MirrorStore| match &*store.state.lock() {
            StoreState::Failed(error) => Some((store.place.clone(), error.clone())),
            StoreState::Uploading(_) | StoreState::Stored => None,
        };
        self.0.iter().filter_map(failure).collect()
    }

    /// # Errors
    /// If no store is left, with the errors of all.
    fn usable(&self) -> Result<()> {
        let failures = self.failures();
        let is_lost = failures.len() == self.0.len();
        let all = failures.into_iter().map(|(_, error)| error).reduce(Error::and_also);
        all.filter(|_| is_lost).map_or(Ok(()), Err)
    }

    /// Records the failure of a store, whose unfinished upload is removed.
    ///
    /// # Errors
    /// If no store is left, or the run was interrupted, which concerns all stores.
    fn failed(&self, number: usize, error: Error) -> Result<()> {
        if error.kind == Kind::Interrupted {
            return Err(error);
        }
        let former = std::mem::replace(&mut *self.0[number].state.lock(), StoreState::Failed(error));
        drop(former);
        self.usable()
    }
}

impl MirrorStore {
    /// Returns the upload, unless the store has failed.
    fn take_upload(&self) -> Option<Box<dyn BackupUpload>> {
        let mut state = self.state.lock();
        let is_uploading = matches!(*state, StoreState::Uploading(_));
        match is_uploading.then(|| std::mem::replace(&mut *state, StoreState::Stored)) {
            Some(StoreState::Uploading(upload)) => Some(upload),
            _ => None,
        }
    }
}

impl BackupUpload for MirrorStores {
    fn create(&self, task: &BlockingTask, path: &str, size: u64) -> Result<Box<dyn FileWriter>> {
        let mut writers = vec![];
        for (number, store) in self.0.iter().enumerate() {
            let created = match &*store.state.lock() {
                StoreState::Uploading(upload) => upload.create(task, path, size),
                StoreState::Stored | StoreState::Failed(_) => continue,
            };
            match created {
                Ok(writer) => writers.push((number, writer)),
                Err(error) => self.failed(number, error)?,
            }
        }
        Ok(Box::new(MirrorWriter { stores: self.clone(), path: path.to_owned(), writers }))
    }

    fn publish(self: Box<Self>, task: &BlockingTask, manifest: &[u8]) -> Result<()> {
        for (number, store) in self.0.iter().enumerate() {
            let published = match store.take_upload() {
                Some(upload) => upload.publish(task, manifest),
                None => continue,
            };
            if let Err(error) = published {
                self.failed(number, error)?;
            }
        }
        Ok(())
    }
}

/// A file on its way into the stores that have not failed.
struct MirrorWriter {
    stores: MirrorStores,
    path: String,
    writers: Vec<(usize, Box<dyn FileWriter>)>,
}

impl MirrorWriter {
    fn unwritten(&self, error: io::Error) -> Error {
        of_io(error, |error| {
            Error::operation(format!("cannot write {} of the backup", self.path)).cause(error)
        })
    }
}

impl Write for MirrorWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for (number, mut writer) in std::mem::take(&mut self.writers) {
            match writer.write_all(bytes) {
                Ok(()) => self.writers.push((number, writer)),
                Err(error) => {
                    self.stores.failed(number, self.unwritten(error)).map_err(io::Error::other)?;
                }
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl FileWriter for MirrorWriter {
    fn close(self: Box<Self>) -> Result<()> {
        let MirrorWriter { stores, writers, .. } = *self;
        for (number, writer) in writers {
            if let Err(error) = writer.close() {
                stores.failed(number, error)?;
            }
        }
        Ok(())
    }
}
