//! Before every start: which port, which socket folder, and the files that say who may come in.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::files::{Folder, claim_folder, failed, nonce, remove};
use super::place::Place;
use super::port::{self, Choice, Wish};
use super::settings::{self, Remembered, Settings};
use super::{Note, Spec};
use crate::error::{Error, Result};

/// Systems cut a socket's path off at 104 or 108 bytes, and clients add their own suffixes.
const LONGEST_SOCKET: usize = 100;

/// Reads what the cluster remembers.
pub fn remembered(folder: &Folder) -> Result<Remembered> {
    Ok(Remembered::parse(&folder.read(settings::FILE)?.unwrap_or_default()))
}

/// Chooses the port of the next start.
pub async fn choose_port(place: &Place, spec: &Spec) -> Result<Choice> {
    let remembered = remembered(&Folder::open(&place.data(), &place.owner)?)?.port;
    wait_for_port(spec.port.or(remembered)).await;
    port::choose(&Wish { pinned: spec.port, remembered, others: ports_of_others(place) }, port::free)
}

/// Prepares and writes everything that a start on this port needs.
pub fn arrange(place: &Place, choice: Choice, version: &str, note: Note<'_>) -> Result<Settings> {
    let folder = Folder::open(&place.data(), &place.owner)?;
    if let Some(taken) = choice.instead_of {
        note(format!("port {taken} is taken, using {}", choice.port));
    }
    let socket_dir = socket_dir(place, remembered(&folder)?.socket_dir)?;
    let settings =
        Settings { name: place.name.clone(), version: version.into(), port: choice.port, socket_dir };
    folder.write(settings::FILE, &settings.file())?;
    close_the_doors(place, &folder, note)?;
    Ok(settings)
}

/// A server that was killed lets go of its port a moment later.
async fn wait_for_port(port: Option<u16>) {
    let Some(port) = port else { return };
    for _ in 0..20 {
        if port::free(port) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A cluster that was opened up while it was down is closed again, and that is said.
fn close_the_doors(place: &Place, folder: &Folder, note: Note<'_>) -> Result<()> {
    if folder.write("pg_hba.conf", settings::HBA)? {
        note("pg_hba.conf had been changed; put martydb's own back".into());
    }
    folder.write("pg_ident.conf", &settings::ident(&place.me, &place.owner)).map(drop)
}

/// What the other embedded servers of this manifest remember, running or not.
fn ports_of_others(place: &Place) -> BTreeSet<u16> {
    let inside =
        |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let bases = inside(place.root().into()).flat_map(inside).filter(|base| *base != place.base);
    let texts = bases.filter_map(|base| fs::read_to_string(base.join("data").join(settings::FILE)).ok());
    texts.filter_map(|text| Remembered::parse(&text).port).collect()
}

/// The socket lies among the data, where it stays reachable whatever is cleaned up around it; or, where its
/// path would be too long, in a short folder of the same account.
fn socket_dir(place: &Place, remembered: Option<PathBuf>) -> Result<PathBuf> {
    let near = place.data().join("sockets");
    let short = place.short_socket_dir();
    let other = PathBuf::from(format!("{}-{}", short.display(), nonce()?));
    let remembered = remembered.filter(|folder| is_short(folder));
    let choices = match fits(&near) {
        true => vec![near],
        false => remembered.into_iter().chain([short, other]).collect(),
    };
    for folder in choices {
        if claim_folder(&folder, &place.owner)? {
            remove_dead_sockets(&folder)?;
            return Ok(folder);
        }
    }
    Err(Error::operation("there is no safe folder for the server's socket")
        .cause(format!("something else has the name {}", place.data().join("sockets").display()))
        .hint("move it away, and try again"))
}

fn fits(folder: &Path) -> bool {
    folder.join(".s.PGSQL.65535").as_os_str().as_bytes().len() <= LONGEST_SOCKET
}

/// A name that [`Place::short_socket_dir`] can have given; a file of the server's account says so, and root
/// must not take its word for anything else.
pub fn is_short(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    folder.parent() == Some(Path::new("/tmp")) && name.starts_with("martydb-")
}

/// Nothing listens there: the caller holds the lock, and the server is down. A lock file that names a process
/// id which is another's by now would keep PostgreSQL from starting.
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
