//! PgBouncer, in any of its modes.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::until::until;
use super::{ADMIN_PASSWORD, Server};

/// PgBouncer before a server.
pub(crate) struct Pooler {
    child: Child,
    pub port: u16,
    folder: tempfile::TempDir,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// `scripts/test` installs it where it can, and leaves these tests out by their name, aloud, where it cannot.
fn program() -> PathBuf {
    let folders =
        std::env::var_os("PATH").into_iter().flat_map(|all| std::env::split_paths(&all).collect::<Vec<_>>());
    folders
        .chain(["/usr/sbin".into()])
        .map(|folder| folder.join("pgbouncer"))
        .find(|path| path.exists())
        .expect("pgbouncer on PATH; without it: cargo test -- --skip pooler")
}

impl Pooler {
    pub(crate) fn over(server: &Server, mode: &str, more: &str) -> Pooler {
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let file = |name: &str, text: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let users = file("users", format!("\"postgres\" \"{ADMIN_PASSWORD}\"\n"));
        let config = file(
            "ini",
            format!(
                "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port={port}\nunix_socket_dir=\n\
                 auth_type=scram-sha-256\nauth_file={}\npool_mode={mode}\n{more}\n",
                server.port,
                users.display()
            ),
        );
        Pooler::spawn(folder, &config, port)
    }

    /// With these files in a folder of its own, which stands for the one that they name; the last one is the settings.
    pub(crate) fn with_files(files: &[(&str, String)], named: &str, port: u16) -> Pooler {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().display().to_string();
        for (name, text) in files {
            let text = text.replace(named, &own);
            let sockets =
                if name.ends_with(".ini") { format!("unix_socket_dir = {own}\n") } else { String::new() };
            std::fs::write(folder.path().join(name), text + &sockets).unwrap();
        }
        let config = folder.path().join(files.last().unwrap().0);
        Pooler::spawn(folder, &config, port)
    }

    fn spawn(folder: tempfile::TempDir, config: &Path, port: u16) -> Pooler {
        let mut command = Command::new(program());
        // It does not run as root.
        if is_root() {
            let chown = Command::new("chown").args(["-R", "postgres"]).arg(folder.path()).status();
            assert!(chown.unwrap().success());
            command.args(["-u", "postgres"]);
        }
        let child = command.arg(config).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        until("PgBouncer listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        Pooler { child, port, folder }
    }

    /// Roles that it admits, with their passwords.
    pub(crate) fn users(&self, users: &[(&str, &str)]) {
        let lines: Vec<_> =
            users.iter().map(|(role, password)| format!("\"{role}\" \"{password}\"\n")).collect();
        self.let_in(&lines.concat());
    }

    /// The same with the lines of its file of users.
    pub(crate) fn let_in(&self, users: &str) {
        std::fs::write(self.folder.path().join("users"), users).unwrap();
        let reload = Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status().unwrap();
        assert!(reload.success());
        std::thread::sleep(Duration::from_millis(500));
    }

    /// The admin's way through it.
    pub(crate) fn url(&self) -> String {
        assert!(self.folder.path().exists());
        format!("postgresql://postgres:{ADMIN_PASSWORD}@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n")
}
