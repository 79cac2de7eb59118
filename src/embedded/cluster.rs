//! Making and deleting a cluster. It appears under its name only when it is complete, and loses the name before
//! it is deleted, so that a run that was killed leaves nothing that could be taken for one.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::Note;
use super::account::Account;
use super::binaries::Install;
use super::child::{Call, said};
use super::files::{self, Folder, claim_folder, failed, nonce};
use super::place::Place;
use super::settings;
use crate::error::{Error, Result};

/// Half-made and half-deleted data folders.
const SCRAP: &str = "data.scrap-";

/// Removes what runs that were killed left behind.
pub fn sweep(place: &Place) -> Result<()> {
    entries(place, |name| name.starts_with(SCRAP)).iter().try_for_each(|path| files::remove(path))
}

fn entries(place: &Place, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(&place.base).into_iter().flatten().flatten();
    let wanted = entries.filter(|entry| wanted(&entry.file_name().to_string_lossy()));
    wanted.map(|entry| entry.path()).collect()
}

/// Makes the cluster in a folder of its own and gives it its name at the end.
pub async fn make(place: &Place, install: &Install, note: Note<'_>) -> Result<()> {
    set_aside(place, note)?;
    note(format!("making a PostgreSQL {} cluster in {}", install.version, place.data().display()));
    let scrap = place.base.join(format!("{SCRAP}{}", nonce()?));
    claim_folder(&scrap, &place.owner)?;
    initdb(place, install, &scrap).await?;
    let folder = Folder::open(&scrap, &place.owner)?;
    let conf = folder.read("postgresql.conf")?.unwrap_or_default();
    folder.write("postgresql.conf", &(conf + settings::INCLUDE))?;
    folder.write(settings::FILE, "")?;
    folder.write("pg_hba.conf", settings::HBA)?;
    fs::rename(&scrap, place.data()).map_err(failed("name the new data folder", &place.data()))?;
    // The name must be on disk before anybody relies on what is in there: the sweep deletes scrap.
    File::open(&place.base).and_then(|base| base.sync_all()).map_err(failed("sync", &place.base))
}

/// A `data` folder that is no cluster was not made by martydb; it may be dear to somebody.
fn set_aside(place: &Place, note: Note<'_>) -> Result<()> {
    let data = place.data();
    if fs::remove_dir(&data).is_ok() || data.symlink_metadata().is_err() {
        return Ok(());
    }
    let aside = place.base.join(format!("data.broken-{}", nonce()?));
    note(format!("{} is not a complete cluster; moved it to {}", data.display(), aside.display()));
    fs::rename(&data, &aside).map_err(failed("move away", &data))
}

/// Sorting is by bytes, which never changes with the system; upper and lower case are Unicode's where the
/// system knows them.
async fn initdb(place: &Place, install: &Install, data: &Path) -> Result<()> {
    let mut arguments: Vec<OsString> = vec!["-D".into(), data.into()];
    let options = ["-U", settings::ADMIN, "-E", "UTF8", "--locale=C", "--data-checksums"];
    arguments.extend(options.map(Into::into));
    arguments.extend(["--auth-local=peer", "--auth-host=scram-sha-256"].map(Into::into));
    arguments.extend(unicode_case(&place.owner).await.map(|locale| format!("--lc-ctype={locale}").into()));
    let program = install.program("initdb");
    let call = Call { account: &place.owner, folder: data, program: &program, arguments, variables: vec![] };
    let error = || Error::operation(format!("cannot make a cluster in {}", place.data().display()));
    let output = call.output().await.map_err(|cause| error().cause(cause))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(said(&output).iter().fold(error(), Error::cause).hint(format!(
            "look at the free space, the rights and the file system of {}",
            place.base.display()
        ))),
    }
}

/// What this system calls the locale `C.UTF-8`, if it has it.
async fn unicode_case(account: &Account) -> Option<String> {
    let call = Call {
        account,
        folder: Path::new("/"),
        program: Path::new("locale"),
        arguments: vec!["-a".into()],
        variables: vec![],
    };
    let output = call.output().await.ok()?;
    let all = String::from_utf8_lossy(&output.stdout).into_owned();
    all.lines().find(|name| name.to_lowercase().replace('-', "") == "c.utf8").map(String::from)
}

/// Deletes the cluster, what was set aside, and the log.
pub fn erase(place: &Place) -> Result<()> {
    let data = place.data();
    if data.symlink_metadata().is_ok() {
        let scrap = place.base.join(format!("{SCRAP}{}", nonce()?));
        fs::rename(&data, &scrap).map_err(failed("remove", &data))?;
    }
    let ours = |name: &str| name.starts_with("data.") || name.starts_with("server.log");
    entries(place, ours).iter().try_for_each(|path| files::remove(path))
}

/// Removes the lock and the folders that have become empty. Whoever waits for the lock looks its name up again.
pub fn leave(place: &Place) -> Result<()> {
    files::remove(&place.base.join("lock"))?;
    let emptied = place.base.ancestors().take_while(|folder| !folder.ends_with(".martydb"));
    // The first that is not empty ends it.
    let _ = emptied.take(3).try_for_each(fs::remove_dir);
    Ok(())
}
