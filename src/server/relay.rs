//! A TLS connection of our own behind a private socket, for a driver that cannot be told whom to trust.
//!
//! sqlx adds the authorities that `sslrootcert` names to those of the operating system, so that a stranger with a
//! certificate of any public authority would pass for a server of a private one. Here the certificate is checked
//! as libpq checks it, by the same code as the login probes use, and sqlx is handed what has passed.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpStream, UnixListener};
use tokio::time::timeout;

use super::connect::Tls;
use super::tls::{Handshake, agree};
use crate::error::Error;

/// The client comes at once or, if its run was dropped, never.
const PATIENCE: Duration = Duration::from_secs(15);

/// One connection's way in. Dropping it removes the socket; the connection stays.
pub struct Relay {
    folder: PathBuf,
    socket: PathBuf,
}

impl Relay {
    /// Connects, checks the certificate, and waits for one client on the socket.
    pub async fn open<E>(host: &str, port: u16, tls: &Tls) -> Result<Relay, E>
    where
        E: From<Error> + From<String> + From<io::Error>,
    {
        let handshake = Handshake::new(host, tls)?;
        let mut stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        if !agree(&mut stream).await? {
            return Err("the server offers no TLS".to_owned().into());
        }
        let mut server = handshake.run(stream).await?;
        let relay = Relay::place(port)?;
        let listener = UnixListener::bind(&relay.socket)?;
        tokio::spawn(async move {
            // Ends when either side hangs up; why a side did is for the other to find out.
            if let Ok(Ok((mut client, _))) = timeout(PATIENCE, listener.accept()).await {
                let _ended = copy_bidirectional(&mut client, &mut server).await;
            }
        });
        Ok(relay)
    }

    /// The folder that the client is to look for the server's socket in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Nobody else can enter the folder, so nobody else can take the one place.
    fn place(port: u16) -> io::Result<Relay> {
        let mut random = [0u8; 8];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let name = format!("martydb-{:016x}", u64::from_ne_bytes(random));
        let folder = std::env::temp_dir().join(name);
        DirBuilder::new().mode(0o700).create(&folder)?;
        let socket = folder.join(format!(".s.PGSQL.{port}"));
        Ok(Relay { folder, socket })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // What cannot be removed is an empty socket that nobody listens on.
        let _removed = std::fs::remove_file(&self.socket).and_then(|()| std::fs::remove_dir(&self.folder));
    }
}
