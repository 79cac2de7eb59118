//! Access control. On loopback all local users have access. Other addresses require TLS and a user with a password;
//! otherwise the listener is rejected.

use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use martydb_model::error::{Error, Result};
use martydb_os::read_named_text;

/// Address, and the files that protect it.
#[derive(Debug, Clone)]
pub struct HttpListener {
    pub address: SocketAddr,
    /// Flag that names the address.
    pub flag: &'static str,
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// Authorities of clients that prove themselves by a certificate; without it none is asked for.
    pub client_authority: Option<PathBuf>,
    /// File with lines of `user:password`.
    pub users: Option<PathBuf>,
}

impl HttpListener {
    /// Checks the settings; `contents` are what it serves, in the plural.
    ///
    /// # Errors
    /// If the address is reachable from other machines without protection, or a file is unusable.
    pub fn check(&self, contents: &str) -> Result<()> {
        if self.certificate.is_some() != self.key.is_some() {
            return Err(Error::usage("--tls-certificate and --tls-key belong together").hint("give both"));
        }
        let guarded = self.certificate.is_some() && self.users.is_some();
        if !self.address.ip().is_loopback() && !guarded {
            let message = format!("{} can be reached from other machines", self.address);
            return Err(Error::usage(message)
                .cause(format!("there {contents} need TLS and a password"))
                .hint("give --tls-certificate, --tls-key and --users, or listen on 127.0.0.1"));
        }
        self.check_users()
    }

    /// Checks the file of users, if there is one.
    pub fn check_users(&self) -> Result<()> {
        self.users.as_deref().map_or(Ok(()), |path| read_users(path).map(drop))
    }
}

/// Accepts the users of a file. It is read for each request, so a new password is effective at once.
#[derive(Debug)]
pub struct HttpAuth {
    users: Option<PathBuf>,
    /// Key of this process. Comparing keyed digests takes the same time for any wrong guess.
    key: [u8; 32],
}

impl HttpAuth {
    /// Creates the access control with a random key.
    ///
    /// # Errors
    /// If the system provides no random bytes.
    pub fn new(users: Option<PathBuf>) -> Result<HttpAuth> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)
            .map_err(|error| Error::operation("cannot get random bytes").cause(error))?;
        Ok(HttpAuth { users, key })
    }

    /// Requires a user on all routes of the router.
    pub fn guard(self, router: Router) -> Router {
        router.route_layer(middleware::from_fn_with_state(Arc::new(self), guard))
    }

    /// Tests the value of `Authorization` (RFC 7617).
    pub(crate) fn opens(&self, authorization: Option<&str>) -> bool {
        let Some(path) = &self.users else { return true };
        let given = authorization.and_then(|value| value.split_once(' '));
        let given = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
        let given = given.and_then(|(_, value)| BASE64_STANDARD.decode(value.trim()).ok());
        let (Some(given), Ok(users)) = (given, read_users(path)) else { return false };
        let given = self.digest(&given);
        // Compares all lines, so the time does not reveal existing users.
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

async fn guard(State(auth): State<Arc<HttpAuth>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if auth.opens(given) {
        return next.run(request).await;
    }
    let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"martydb\", charset=\"UTF-8\"")];
    (StatusCode::UNAUTHORIZED, challenge, "a user and a password are required\n").into_response()
}

/// Returns the bits of the mode that a file of passwords must not have. A Secret that Kubernetes mounts with `fsGroup`
/// belongs to root and is read by the pod's group: root chose that group, so it may read, as with a key of libpq.
fn forbidden(owner: u32) -> u32 {
    if owner == 0 { 0o027 } else { 0o077 }
}

/// Reads the lines of a file, which must not be accessible to all users.
fn read_users(path: &Path) -> Result<Vec<SecretString>> {
    let unreadable =
        |error: std::io::Error| Error::usage(format!("cannot read {}", path.display())).cause(error);
    let found = path.metadata().map_err(unreadable)?;
    if found.mode() & forbidden(found.uid()) != 0 {
        let mode = found.mode() & 0o7777;
        return Err(Error::usage(format!("others can read or change {}", path.display()))
            .cause(format!("its mode is {mode:04o}"))
            .hint(format!("chmod 600 {}", path.display())));
    }
    let text = SecretString::from(read_named_text(path).map_err(unreadable)?);
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
            "{} is empty or has a line that is not user:password",
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
    fn a_listed_caller_is_admitted_and_a_changed_file_applies_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        let write = |text: &str| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        };
        write("# scrapers\nprometheus:se:cret\nother:é\n");
        let auth = HttpAuth::new(Some(path.clone())).unwrap();
        assert!(auth.opens(Some(&basic("prometheus:se:cret"))) && auth.opens(Some(&basic("other:é"))));
        assert!(auth.opens(Some(&basic("other:é").replace("Basic", "basic"))));
        for wrong in ["prometheus:se", "prometheus:", "", "# scrapers", "prometheus:se:cret\n"] {
            assert!(!auth.opens(Some(&basic(wrong))), "{wrong:?}");
        }
        assert!(!auth.opens(None) && !auth.opens(Some("Bearer x")) && !auth.opens(Some("Basic ???")));
        write("prometheus:new\n");
        assert!(auth.opens(Some(&basic("prometheus:new"))) && !auth.opens(Some(&basic("other:é"))));
        fs::set_permissions(&path, Permissions::from_mode(0o604)).unwrap();
        assert!(!auth.opens(Some(&basic("prometheus:new"))));
    }

    #[test]
    fn a_group_reads_only_what_root_gave_it() {
        for (owner, mode, taken) in [
            (1000, 0o600, true),
            (1000, 0o400, true),
            (1000, 0o640, false),
            (1000, 0o620, false),
            (1000, 0o604, false),
            (0, 0o440, true),
            (0, 0o640, true),
            (0, 0o660, false),
            (0, 0o604, false),
        ] {
            assert_eq!(mode & forbidden(owner) == 0, taken, "{owner} {mode:o}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        fs::write(&path, "prometheus:secret\n").unwrap();
        for (mode, taken) in [(0o600, true), (0o660, false), (0o604, false)] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert_eq!(read_users(&path).is_ok(), taken, "{mode:o}");
        }
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        // Only root may give a file away.
        let given = std::os::unix::fs::chown(&path, Some(65534), None).is_ok();
        let is_roots = path.metadata().unwrap().uid() == 0;
        assert!(!given || !is_roots);
        assert_eq!(read_users(&path).is_ok(), is_roots);
    }

    #[test]
    fn a_listener_for_others_needs_tls_and_a_password() {
        let listener = |address: &str, files: bool| HttpListener {
            address: address.parse().unwrap(),
            flag: "--listen",
            certificate: files.then(|| "c".into()),
            key: files.then(|| "k".into()),
            client_authority: None,
            users: None,
        };
        for (address, files, taken) in
            [("127.0.0.1:9187", false, true), ("[::1]:9187", true, true), ("0.0.0.0:9187", true, false)]
        {
            assert_eq!(listener(address, files).check("the metrics").is_ok(), taken, "{address}");
        }
    }
}
