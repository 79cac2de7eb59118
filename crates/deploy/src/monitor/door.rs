//! Who may read the metrics: names of databases and logins, and how a service is used, are not for everybody.
//!
//! On loopback everybody on the machine may. Elsewhere there is TLS, and a user with a password: both, or the listener is refused.

use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use martydb_model::error::{Error, Result};

/// Where the monitor listens, and the files that guard it.
#[derive(Debug, Clone)]
pub struct MetricsListener {
    pub address: SocketAddr,
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// `user:password`, a line each.
    pub users: Option<PathBuf>,
}

impl MetricsListener {
    /// # Errors
    /// If it can be reached from elsewhere and is not guarded, or one of the files cannot be used.
    pub fn check(&self) -> Result<()> {
        if self.certificate.is_some() != self.key.is_some() {
            return Err(Error::usage("--tls-certificate and --tls-key belong together").hint("give both"));
        }
        let guarded = self.certificate.is_some() && self.users.is_some();
        if !self.address.ip().is_loopback() && !guarded {
            let message = format!("{} can be reached from other machines", self.address);
            return Err(Error::usage(message)
                .cause("there the metrics need TLS and a password")
                .hint("give --tls-certificate, --tls-key and --users, or listen on 127.0.0.1"));
        }
        self.users.as_deref().map_or(Ok(()), |path| read_users(path).map(drop))
    }
}

/// Lets in who knows a line of the file. It is read for each request, so that a new password counts at once.
#[derive(Debug)]
pub struct Door {
    users: Option<PathBuf>,
    /// Comparing digests under a key of this process alone takes as long for a wrong guess as for a nearly right one.
    key: [u8; 32],
}

impl Door {
    /// # Errors
    /// If the system gives no random bytes.
    pub fn new(users: Option<PathBuf>) -> Result<Door> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| Error::operation("no random bytes").cause(error))?;
        Ok(Door { users, key })
    }

    /// Whether the value of `Authorization` does, RFC 7617.
    pub fn opens(&self, authorization: Option<&str>) -> bool {
        let Some(path) = &self.users else { return true };
        let given = authorization.and_then(|value| value.split_once(' '));
        let given = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
        let given = given.and_then(|(_, value)| BASE64_STANDARD.decode(value.trim()).ok());
        let (Some(given), Ok(users)) = (given, read_users(path)) else { return false };
        let given = self.digest(&given);
        // All of them, so that the time does not tell which user there is.
        users.iter().fold(false, |found, line| {
            let known = self.mac(line.expose_secret().as_bytes());
            known.verify_slice(&given).is_ok() || found
        })
    }

    fn mac(&self, text: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(text);
        mac
    }

    fn digest(&self, text: &[u8]) -> Vec<u8> {
        self.mac(text).finalize().into_bytes().to_vec()
    }
}

/// The lines of a file that its owner alone can read.
fn read_users(path: &Path) -> Result<Vec<SecretString>> {
    let unreadable =
        |error: std::io::Error| Error::usage(format!("cannot read {}", path.display())).cause(error);
    let mode = path.metadata().map_err(unreadable)?.mode();
    if mode & 0o007 != 0 {
        return Err(Error::usage(format!("{} can be read by everybody", path.display()))
            .hint(format!("chmod 600 {}", path.display())));
    }
    let text = SecretString::from(std::fs::read_to_string(path).map_err(unreadable)?);
    let lines =
        text.expose_secret().lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let users: Vec<SecretString> = lines.map(SecretString::from).collect();
    let is_pair = |line: &SecretString| {
        line.expose_secret()
            .split_once(':')
            .is_some_and(|(user, password)| !user.is_empty() && !password.is_empty())
    };
    if users.is_empty() || !users.iter().all(is_pair) {
        return Err(Error::usage(format!(
            "{} has a line that is not user:password, or none at all",
            path.display()
        ))
        .hint("write one user on each line: prometheus:PASSWORD"));
    }
    Ok(users)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn basic(pair: &str) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(pair))
    }

    #[test]
    fn who_knows_a_line_gets_in_and_a_changed_file_counts_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        let write = |text: &str| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        };
        write("# scrapers\nprometheus:se:cret\nother:é\n");
        let door = Door::new(Some(path.clone())).unwrap();
        assert!(door.opens(Some(&basic("prometheus:se:cret"))) && door.opens(Some(&basic("other:é"))));
        assert!(door.opens(Some(&basic("other:é").replace("Basic", "basic"))));
        for wrong in ["prometheus:se", "prometheus:", "", "# scrapers", "prometheus:se:cret\n"] {
            assert!(!door.opens(Some(&basic(wrong))), "{wrong:?}");
        }
        assert!(!door.opens(None) && !door.opens(Some("Bearer x")) && !door.opens(Some("Basic ???")));
        write("prometheus:new\n");
        assert!(door.opens(Some(&basic("prometheus:new"))) && !door.opens(Some(&basic("other:é"))));
        fs::set_permissions(&path, Permissions::from_mode(0o604)).unwrap();
        assert!(!door.opens(Some(&basic("prometheus:new"))));
    }

    #[test]
    fn a_listener_for_others_needs_tls_and_a_password() {
        let listener = |address: &str, files: bool| MetricsListener {
            address: address.parse().unwrap(),
            certificate: files.then(|| "c".into()),
            key: files.then(|| "k".into()),
            users: None,
        };
        for (address, files, taken) in
            [("127.0.0.1:9187", false, true), ("[::1]:9187", true, true), ("0.0.0.0:9187", true, false)]
        {
            assert_eq!(listener(address, files).check().is_ok(), taken, "{address}");
        }
    }
}
