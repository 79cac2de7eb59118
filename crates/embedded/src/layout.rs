//! Layout of an embedded server, derived only from what is on disk: an existing cluster stays in its place, so no record of
//! the choice can be lost.

use std::fs;
use std::hash::Hasher;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use siphasher::sip::SipHasher13;

use super::account::Account;
use super::files::{Folder, failed, make_open_folder, make_state_folder};
use super::types::{EmbeddedEngine, Spec};
use martydb_model::error::{Error, Result};

/// Folder of root's clusters whose account cannot reach the manifest's folder.
const SYSTEM: &str = "/var/lib/martydb";

#[derive(Debug, Clone)]
pub struct Layout {
    /// Name of the server for people: `development/main`.
    pub name: String,
    /// Folder of the manifest, without symbolic links.
    pub home: PathBuf,
    /// Folder of this server.
    pub base: PathBuf,
    /// Account that runs martydb.
    pub me: Account,
    /// Account that runs the server and owns its data.
    pub owner: Account,
    /// `true` if the cluster exists.
    pub exists: bool,
}

impl Layout {
    /// Finds the cluster, or the location for a new one. Read-only.
    ///
    /// # Errors
    /// If a name cannot be a file name, or the cluster belongs to another account.
    pub fn find(spec: &Spec) -> Result<Layout> {
        let inside =
            PathBuf::from(file_name("environment", &spec.env)?).join(file_name("server", &spec.server)?);
        let home = real_folder(&spec.home)?;
        let me = Account::current()?;
        let name = inside.display().to_string();
        let bases = [home.join(".martydb").join(&inside), system_folder(&home).join(&inside)];
        for base in &bases {
            if let Some(uid) = cluster_owner(&base.join("data"))? {
                let owner = accepted_owner(&me, uid, &base.join("data"))?;
                return Ok(Layout { name, home, base: base.clone(), me, owner, exists: true });
            }
        }
        let owner = Account::for_server(&me)?;
        let [near, far] = bases;
        let base = if me == owner || reachable(&near, &owner) { near } else { far };
        Ok(Layout { name, home, base, me, owner, exists: false })
    }

    /// Creates the server's own folder and those above it.
    pub(crate) fn make_base(&self) -> Result<()> {
        if self.base.starts_with(&self.home) {
            make_state_folder(&self.home)?;
        }
        let mut missing: Vec<_> = self.base.ancestors().take_while(|folder| !folder.is_dir()).collect();
        missing.reverse();
        missing.into_iter().try_for_each(make_open_folder)
    }

    /// Refuses data of the other engine, as after a change of the manifest.
    pub(crate) fn check_engine(&self, engine: EmbeddedEngine) -> Result<()> {
        let is_there = |engine: &EmbeddedEngine| self.data().join(engine.control_file()).exists();
        match EmbeddedEngine::ALL.into_iter().find(is_there) {
            Some(found) if found != engine => Err(Error::operation(format!(
                "the data folder {} belongs to a server of another kind",
                self.data().display()
            ))
            .cause("the manifest declared the server as something else when it was made")
            .hint("martydb dev destroy deletes its data, martydb dev up makes the new server")),
            _ => Ok(()),
        }
    }

    pub fn data(&self) -> PathBuf {
        self.base.join("data")
    }

    /// Opens the data folder.
    pub fn folder(&self) -> Result<Folder> {
        Folder::open(&self.data(), &self.owner)
    }

    pub fn log(&self) -> PathBuf {
        self.base.join("server.log")
    }

    /// Returns a short name for this server's socket folder, for a path that is too long otherwise.
    pub(crate) fn short_socket_dir(&self) -> PathBuf {
        PathBuf::from(format!("/tmp/martydb-{}", hash(&self.base)))
    }

    /// Returns the folder with the environments of this manifest.
    pub fn root(&self) -> &Path {
        self.base.ancestors().nth(2).expect("a base is <root>/<environment>/<server>")
    }
}

/// Checks the name of an environment or server, which becomes a folder: it must not lead anywhere else.
fn file_name<'a>(what: &str, name: &'a str) -> Result<&'a str> {
    let plain = |c: char| c.is_alphanumeric() || "_-.@+ ".contains(c);
    if !name.is_empty() && name.len() <= 100 && !name.starts_with('.') && name.chars().all(plain) {
        return Ok(name);
    }
    Err(Error::usage(format!("the {what} \"{}\" cannot name a folder", name.escape_debug()))
        .hint("letters, digits, \"_\", \"-\", \"@\", \"+\" and inner \".\" are fine, up to 100 bytes"))
}

/// Returns the folder without links, if PostgreSQL can handle its name: its settings contain text, its pid file lines.
fn real_folder(home: &Path) -> Result<PathBuf> {
    let real = home.canonicalize().map_err(failed("find the folder", home))?;
    match real.to_str() {
        Some(text) if !text.contains(['\n', '\r']) => Ok(real),
        _ => Err(Error::usage(format!("the folder {real:?} has a name that PostgreSQL cannot handle"))
            .hint("use a path of UTF-8 without line breaks")),
    }
}

fn system_folder(home: &Path) -> PathBuf {
    let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-' || *c == '_';
    let name = home.file_name().unwrap_or_default().to_string_lossy();
    let name: String = name.chars().filter(plain).take(20).collect();
    Path::new(SYSTEM).join(format!("{name}-{}", hash(home)))
}

/// Hashes a path. SipHash without a key is the same in all versions of martydb and Rust; the standard hasher need not be.
fn hash(path: &Path) -> String {
    let mut hasher = SipHasher13::new();
    hasher.write(path.as_os_str().as_encoded_bytes());
    format!("{:016x}", hasher.finish())
}

/// Returns the owner of the cluster in `data`, if there is one, of either engine.
fn cluster_owner(data: &Path) -> Result<Option<u32>> {
    let owner = match fs::metadata(data) {
        Ok(found) => found.uid(),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Err(hidden(data)),
        Err(_) => return Ok(None),
    };
    let is_there = |engine: &EmbeddedEngine| match fs::metadata(data.join(engine.control_file())) {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::PermissionDenied,
    };
    Ok(EmbeddedEngine::ALL.iter().any(is_there).then_some(owner))
}

fn hidden(data: &Path) -> Error {
    Error::operation(format!("cannot look into {}", data.display()))
        .cause("permission denied")
        .hint("run martydb as the account that made it, or as root")
}

fn accepted_owner(me: &Account, owner: u32, data: &Path) -> Result<Account> {
    let folder = data.display();
    match owner {
        0 => Err(Error::operation(format!("the data folder {folder} belongs to root"))
            .cause("PostgreSQL refuses to run as root")
            .hint(format!("give it to the account that runs it: chown -R postgres {folder}"))),
        _ if owner == me.uid => Ok(me.clone()),
        _ if me.is_root() => Account::by_uid(owner),
        _ => {
            let name = Account::by_uid(owner).map_or_else(|_| owner.to_string(), |account| account.name);
            Err(Error::operation(format!("the data folder {folder} belongs to the account \"{name}\""))
                .hint(format!("run martydb as \"{name}\" or as root")))
        }
    }
}

/// Returns `true` if `account` can reach `path`. Missing folders will be created open.
fn reachable(path: &Path, account: &Account) -> bool {
    path.ancestors().filter_map(|folder| fs::metadata(folder).ok()).all(|found| account.may_enter(&found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_become_folders() {
        for good in ["main", "eu-1", "a.b", "größe", "two words"] {
            assert!(file_name("server", good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", ".hidden", "a/b", "../x", "a\nb", "a\0", &"x".repeat(101)] {
            assert!(file_name("server", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_remote_folder_names_its_owner_and_is_not_changed() {
        let far = system_folder(Path::new("/root/my project"));
        assert_eq!(far, Path::new("/var/lib/martydb/myproject-e982c56655dddf7e"));
    }

    #[test]
    fn a_folder_without_control_file_is_not_a_cluster() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(cluster_owner(folder.path()).unwrap(), None);
        fs::write(folder.path().join("PG_VERSION"), "15\n").unwrap();
        assert_eq!(cluster_owner(folder.path()).unwrap(), None);
        fs::create_dir(folder.path().join("global")).unwrap();
        fs::write(folder.path().join("global/pg_control"), "").unwrap();
        assert!(cluster_owner(folder.path()).unwrap().is_some());
        assert_eq!(cluster_owner(&folder.path().join("absent")).unwrap(), None);
    }
}
