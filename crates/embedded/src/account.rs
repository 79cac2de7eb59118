//! Accounts of the server's processes and files. PostgreSQL refuses to run as root, so root's servers run under an
//! account without privileges; those of other accounts run under their own.

use std::os::unix::fs::MetadataExt;

use martydb_model::error::{Error, Result};

/// Accounts that root drops to: the distribution's own for PostgreSQL. Accounts of other daemons are excluded, since each
/// of them would be the server's superuser by `peer`.
const UNPRIVILEGED: &[&str] = &["postgres", "_postgres"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
    /// Name of the account; `peer` authentication knows accounts only by name.
    pub name: String,
}

impl Account {
    pub fn current() -> Result<Account> {
        Account::by_uid(uzers::get_effective_uid())
    }

    /// Returns the account with this id.
    ///
    /// # Errors
    /// If no account has it, as in a container that is started with an arbitrary user id.
    pub(crate) fn by_uid(uid: u32) -> Result<Account> {
        uzers::get_user_by_uid(uid).as_ref().map(Account::from_entry).ok_or_else(|| {
            Error::operation(format!("the user id {uid} has no name on this system"))
                .cause("PostgreSQL refuses to run under an account without one")
                .hint(format!("add a line for {uid} to /etc/passwd, or run as an account that has one"))
        })
    }

    /// Returns the account that runs the server of a new cluster.
    pub(crate) fn for_server(me: &Account) -> Result<Account> {
        if !me.is_root() {
            return Ok(me.clone());
        }
        let unprivileged = UNPRIVILEGED.iter().find_map(uzers::get_user_by_name);
        unprivileged.as_ref().map(Account::from_entry).ok_or_else(no_account)
    }

    pub fn is_root(&self) -> bool {
        self.uid == 0
    }

    /// Returns `true` if this account may pass through a folder. Supplementary groups do not count, since root gives them up;
    /// nor do access control lists, which only makes the answer too strict.
    pub(crate) fn may_enter(&self, folder: &std::fs::Metadata) -> bool {
        let bit = match () {
            () if folder.uid() == self.uid => 0o100,
            () if folder.gid() == self.gid => 0o010,
            () => 0o001,
        };
        self.is_root() || folder.mode() & bit != 0
    }

    fn from_entry(user: &uzers::User) -> Account {
        Account {
            uid: user.uid(),
            gid: user.primary_group_id(),
            name: user.name().to_string_lossy().into_owned(),
        }
    }
}

fn no_account() -> Error {
    Error::operation("there is no account that could run an embedded server")
        .cause(format!("PostgreSQL refuses to run as root, and none of {} exists", UNPRIVILEGED.join(", ")))
        .hint("add one (useradd --system postgres), or run martydb as an ordinary account")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn entering_a_folder_follows_the_first_class_that_fits() {
        let folder = tempfile::tempdir().unwrap();
        let own = fs::metadata(folder.path()).unwrap();
        // Ids other than root's, relative to the folder's.
        let account = |uid, gid| Account { uid, gid, name: String::new() };
        let other = account(own.uid() + 4001, own.gid() + 4001);
        let colleague = account(own.uid() + 4001, own.gid());
        for (mode, who, expected) in [
            (0o701, &other, true),
            (0o770, &other, false),
            (0o710, &colleague, true),
            (0o701, &colleague, false),
        ] {
            fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
            let seen = fs::metadata(folder.path()).unwrap();
            assert_eq!(who.may_enter(&seen), expected, "{mode:o} {who:?}");
        }
    }

    #[test]
    fn only_root_drops_to_another_account() {
        let me = Account { uid: 1234, gid: 5, name: "me".into() };
        assert_eq!(Account::for_server(&me).unwrap(), me);
        let root = Account { uid: 0, gid: 0, name: "root".into() };
        assert!(!Account::for_server(&root).unwrap().is_root());
    }
}
