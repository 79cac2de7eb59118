//! Network settings before every start: port, socket folder, and the files that control access.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::files::{Folder, claim_folder, failed, nonce, remove};
use super::layout::Layout;
use super::port::{self, PortChoice, PortPreferences};
use super::settings::{self, EmbeddedSettings, LastSettings};
use super::types::{Note, Spec};
use martydb_model::error::{Error, Result};

/// Maximum length of a socket's path in bytes. Systems cut it off at 104 or 108 bytes, and clients add their own suffixes.
const LONGEST_SOCKET: usize = 100;

pub(crate) fn remembered(layout: &Layout) -> Result<LastSettings> {
    Ok(LastSettings::parse(&layout.folder()?.read(settings::FILE)?.unwrap_or_default()))
}

pub(crate) async fn choose_port(layout: &Layout, spec: &Spec) -> Result<PortChoice> {
    let remembered = remembered(layout)?.port;
    wait_for_port(spec.port.or(remembered)).await;
    port::choose(
        &PortPreferences { pinned: spec.port, remembered, others: ports_of_others(layout) },
        port::free,
    )
}

/// Checks the port of the manifest before a cluster is made, which takes seconds.
pub(crate) async fn check_pinned(spec: &Spec) -> Result<()> {
    if spec.port.is_none() {
        return Ok(());
    }
    wait_for_port(spec.port).await;
    port::choose(&PortPreferences { pinned: spec.port, ..PortPreferences::default() }, port::free).map(drop)
}

pub(crate) fn arrange(
    layout: &Layout,
    choice: PortChoice,
    version: &str,
    note: Note<'_>,
) -> Result<EmbeddedSettings> {
    let folder = layout.folder()?;
    note_exchange(choice, note);
    let socket_dir = socket_dir(layout, remembered(layout)?.socket_dir)?;
    let settings = EmbeddedSettings {
        name: layout.name.clone(),
        version: version.into(),
        port: choice.port,
        socket_dir,
    };
    folder.write(settings::FILE, &settings.file())?;
    restore_access_files(layout, &folder, note)?;
    Ok(settings)
}

/// Reports that the remembered port was given up.
pub(crate) fn note_exchange(choice: PortChoice, note: Note<'_>) {
    if let Some(taken) = choice.instead_of {
        note(format!("port {taken} is taken, using {}", choice.port));
    }
}

/// Waits for the port of a killed server, which is released a moment later.
async fn wait_for_port(port: Option<u16>) {
    let Some(port) = port else { return };
    for _ in 0..20 {
        if port::free(port) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Restores the access files of a cluster that was opened up while it was down, and reports that.
fn restore_access_files(layout: &Layout, folder: &Folder, note: Note<'_>) -> Result<()> {
    if folder.write("pg_hba.conf", settings::HBA)? {
        note("restored martydb's pg_hba.conf (it had been modified)".into());
    }
    folder.write("pg_ident.conf", &settings::ident(&layout.me, &layout.owner)).map(drop)
}

/// Returns the ports that the other embedded servers of this manifest remember, running or not.
fn ports_of_others(layout: &Layout) -> BTreeSet<u16> {
    let inside =
        |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let bases = inside(layout.root().into()).flat_map(inside).filter(|base| *base != layout.base);
    let texts = bases.filter_map(|base| fs::read_to_string(base.join("data").join(settings::FILE)).ok());
    texts.filter_map(|text| LastSettings::parse(&text).port).collect()
}

/// Returns the socket folder: inside the data folder, where no cleanup removes it, or, if that path is too long, a short
/// folder of the same account.
fn socket_dir(layout: &Layout, remembered: Option<PathBuf>) -> Result<PathBuf> {
    let near = layout.data().join("sockets");
    let short = layout.short_socket_dir();
    let other = PathBuf::from(format!("{}-{}", short.display(), nonce()?));
    let remembered = remembered.filter(|folder| is_short(folder));
    let choices =
        if fits(&near) { vec![near] } else { remembered.into_iter().chain([short, other]).collect() };
    for folder in choices {
        if claim_folder(&folder, &layout.owner)? {
            remove_dead_sockets(&folder)?;
            return Ok(folder);
        }
    }
    Err(Error::operation("there is no safe folder for the server's socket")
        .cause(format!("something else has the name {}", layout.data().join("sockets").display()))
        .hint("move it away, and try again"))
}

fn fits(folder: &Path) -> bool {
    folder.join(".s.PGSQL.65535").as_os_str().as_bytes().len() <= LONGEST_SOCKET
}

/// Returns `true` for a name that [`Layout::short_socket_dir`] can have returned. It is read from a file of the server's
/// account, and root must not trust that for any other name.
pub(crate) fn is_short(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    folder.parent() == Some(Path::new("/tmp")) && name.starts_with("martydb-")
}

/// Removes dead sockets. Nothing listens there: the caller holds the lock, and the server is down. A lock file with a
/// reused process id would keep PostgreSQL from starting.
fn remove_dead_sockets(folder: &Path) -> Result<()> {
    let entries = fs::read_dir(folder).map_err(failed("look into", folder))?.flatten();
    let sockets = entries.filter(|entry| entry.file_name().as_bytes().starts_with(b".s.PGSQL."));
    sockets.map(|entry| entry.path()).try_for_each(|path| remove(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_path_of_a_hundred_bytes_still_fits() {
        let folder = |length: usize| PathBuf::from(format!("/{}", "x".repeat(length - 1)));
        let name = "/.s.PGSQL.65535".len();
        assert!(fits(&folder(100 - name)));
        assert!(!fits(&folder(101 - name)));
        assert!(!fits(&PathBuf::from(format!("/{}", "é".repeat(45)))));
    }

    #[test]
    fn only_martydbs_own_short_folders_are_believed() {
        for (folder, expected) in [
            ("/tmp/martydb-0123456789abcdef", true),
            ("/tmp/martydb-0123456789abcdef-12345678", true),
            ("/tmp/other", false),
            ("/tmp/martydb-x/../../etc", false),
            ("/etc/martydb-x", false),
            ("/tmp", false),
        ] {
            assert_eq!(is_short(Path::new(folder)), expected, "{folder}");
        }
    }
}
