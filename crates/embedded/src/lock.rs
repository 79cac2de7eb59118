//! Lock of an embedded server: two runs that start it at once must both find it running.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use super::files::failed;
use super::layout::Layout;
use super::types::Note;
use martydb_model::error::{Error, Kind, Result};

/// Longer than creating and starting a cluster takes on a slow disk; a run that holds the lock longer hangs or is suspended.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(50);

/// Waits for the lock, and creates the server's folder if it is missing. The lock is held until the file is dropped; the
/// system releases it when its process ends, however that ends.
pub(crate) async fn acquire(layout: &Layout, note: Note<'_>) -> Result<File> {
    let began = Instant::now();
    let mut waiting = false;
    loop {
        if let Some(file) = attempt(layout)? {
            return Ok(file);
        }
        if began.elapsed() > PATIENCE {
            return Err(busy(layout));
        }
        if !waiting && began.elapsed() > Duration::from_secs(1) {
            note(format!("waiting for another run that starts or stops the server {}", layout.name));
            waiting = true;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Tries once. A lock on a file that `destroy` has removed meanwhile locks nothing, so the name is looked up again.
fn attempt(layout: &Layout) -> Result<Option<File>> {
    layout.make_base()?;
    let path = layout.base.join("lock");
    let flags = i32::try_from(OFlags::NOFOLLOW.bits()).expect("flags of open(2) are ints");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .custom_flags(flags)
        .open(&path)
        .map_err(failed("open", &path))?;
    match file.try_lock() {
        Ok(()) => {
            let held = file.metadata().map_err(failed("look at", &path))?.ino();
            Ok(path.symlink_metadata().is_ok_and(|named| named.ino() == held).then_some(file))
        }
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(failed("lock", &path)(error)),
    }
}

fn busy(layout: &Layout) -> Error {
    let message = format!("another run has been busy with the server {} for too long", layout.name);
    Error::new(Kind::Locked, message)
        .cause(format!("{} stayed locked for {} s", layout.base.join("lock").display(), PATIENCE.as_secs()))
        .hint("look for a martydb process that hangs or is suspended, and stop it")
}
