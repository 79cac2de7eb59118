//! Creating and deleting a cluster. It gets its name only when it is complete, and loses the name before it is deleted, so
//! a killed run leaves nothing that could be mistaken for one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::account::Account;
use super::binaries::Install;
use super::child::{output, output_lines, program};
use super::files::{self, Folder, claim_folder, failed, nonce};
use super::layout::Layout;
use super::settings;
use super::types::Note;
use martydb_model::error::{Error, Result};
use martydb_pg::backoff::Backoff;

/// Prefix of half-made and half-deleted data folders.
pub(crate) const PARTIAL: &str = "data.partial-";

/// Removes what killed runs left behind. Their `initdb` may still run there: it ends soon after its folder is removed, and
/// its later files are removed by the next attempt.
#[martydb_pg::boxed]
pub async fn sweep(layout: &Layout) -> Result<()> {
    let mut backoff = Backoff::tries(40, Duration::from_millis(20), Duration::from_millis(500));
    for path in entries(layout, |name| name.starts_with(PARTIAL)) {
        while let Err(error) = files::remove(&path) {
            if !backoff.wait().await {
                return Err(error);
            }
        }
    }
    Ok(())
}

fn entries(layout: &Layout, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(&layout.base).into_iter().flatten().flatten();
    let wanted = entries.filter(|entry| wanted(&entry.file_name().to_string_lossy()));
    wanted.map(|entry| entry.path()).collect()
}

/// Creates the cluster in a folder of its own, and renames that at the end.
pub(crate) async fn create(layout: &Layout, install: &Install, note: Note<'_>) -> Result<()> {
    set_aside(layout, note)?;
    note(format!("creating PostgreSQL {} server in {}", install.version, layout.data().display()));
    let partial = layout.base.join(format!("{PARTIAL}{}", nonce()?));
    claim_folder(&partial, &layout.owner)?;
    initdb(layout, install, &partial).await?;
    let folder = Folder::open(&partial, &layout.owner)?;
    let conf = folder.read("postgresql.conf")?.unwrap_or_default();
    folder.write("postgresql.conf", &(conf + settings::INCLUDE))?;
    folder.write(settings::FILE, "")?;
    folder.write("pg_hba.conf", settings::HBA)?;
    fs::rename(&partial, layout.data()).map_err(failed("name the new data folder", &layout.data()))?;
    // The name must be on disk before anything relies on its content: the sweep deletes partial folders.
    File::open(&layout.base).and_then(|base| base.sync_all()).map_err(failed("sync", &layout.base))
}

/// Moves away a `data` folder that is not a cluster: martydb did not create it, and it may contain data.
pub(crate) fn set_aside(layout: &Layout, note: Note<'_>) -> Result<()> {
    let data = layout.data();
    if fs::remove_dir(&data).is_ok() || data.symlink_metadata().is_err() {
        return Ok(());
    }
    let aside = layout.base.join(format!("data.broken-{}", nonce()?));
    note(format!("{} is not a complete cluster; moved it to {}", data.display(), aside.display()));
    fs::rename(&data, &aside).map_err(failed("move away", &data))
}

/// Runs `initdb`. Collation is by bytes, which does not change with the system; case conversion is Unicode's if the system
/// supports that.
async fn initdb(layout: &Layout, install: &Install, data: &Path) -> Result<()> {
    let mut initdb = program(&layout.owner, install.program("initdb"));
    initdb.current_dir(data).arg("-D").arg(data);
    initdb.args(["-U", settings::ADMIN, "-E", "UTF8", "--locale=C", "--data-checksums"]);
    initdb.args(["--auth-local=peer", "--auth-host=scram-sha-256"]);
    initdb.args(unicode_case(&layout.owner).await.map(|locale| format!("--lc-ctype={locale}")));
    let error = || Error::operation(format!("cannot create a cluster in {}", layout.data().display()));
    let output = output(&mut initdb).await.map_err(|cause| error().cause(cause))?;
    if output.status.success() {
        return Ok(());
    }
    let base = layout.base.display();
    let hint = format!("check the free space, the permissions and the file system of {base}");
    Err(error().causes(output_lines(&output)).hint(hint))
}

/// Returns this system's name of the locale `C.UTF-8`, if it has it.
async fn unicode_case(account: &Account) -> Option<String> {
    let output = output(program(account, "locale").arg("-a")).await.ok()?;
    let all = String::from_utf8_lossy(&output.stdout).into_owned();
    all.lines().find(|name| name.to_lowercase().replace('-', "") == "c.utf8").map(String::from)
}

/// Deletes the cluster, the folders that were set aside, and the log.
pub(crate) fn erase(layout: &Layout) -> Result<()> {
    let data = layout.data();
    if data.symlink_metadata().is_ok() {
        let partial = layout.base.join(format!("{PARTIAL}{}", nonce()?));
        fs::rename(&data, &partial).map_err(failed("remove", &data))?;
    }
    let ours = |name: &str| name.starts_with("data.") || name.starts_with("server.log");
    entries(layout, ours).iter().try_for_each(|path| files::remove(path))
}

/// Removes the lock and the empty folders. A run that waits for the lock looks its name up again.
pub(crate) fn leave(layout: &Layout) -> Result<()> {
    files::remove(&layout.base.join("lock"))?;
    let emptied = layout.base.ancestors().take_while(|folder| !folder.ends_with(".martydb"));
    // Ends at the first folder that is not empty.
    let _ = emptied.take(3).try_for_each(fs::remove_dir);
    Ok(())
}
