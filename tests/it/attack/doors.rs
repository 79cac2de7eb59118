//! Random files pg_hba.conf and pg_ident.conf, and who gets in without a password then: from addresses of the loopback
//! network and over the socket.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, UnixStream};

use super::random::Random;
use super::world::{DATABASES, World};
use crate::support::Server;

/// A login that was let in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub login: String,
    /// Its name, or `replication`.
    pub database: String,
    pub socket: bool,
}

pub(crate) struct LoginFiles {
    hba: String,
    ident: String,
}

/// Only the loopback network is left to the lines that follow, since an attacker has no other addresses here.
const BEFORE: &str = "host all postgres 127.0.0.1/32 trust
host all,replication all ::/0 reject
host all,replication all 0.0.0.0/2 reject
host all,replication all 64.0.0.0/3 reject
host all,replication all 96.0.0.0/4 reject
host all,replication all 112.0.0.0/5 reject
host all,replication all 120.0.0.0/6 reject
host all,replication all 124.0.0.0/7 reject
host all,replication all 126.0.0.0/8 reject
host all,replication all 128.0.0.0/1 reject
";

const NAMED_DATABASES: [&str; 14] = [
    "all", "all", "all", "replication", "sameuser", "samerole", "w1", "red_db", "postgres", "red_db,w1",
    "all,replication", "\"all\"", "\"replication\"", "/^(red|w)",
];
const NAMED_USERS: [&str; 16] = [
    "all", "all", "all", "w0", "w1", "w2", "red_app", "red_ro", "w0,red_ro", "+w1", "+w2", "+w3", "\"all\"",
    "\"+w1\"", "/^w[0-2]$", "w3,+w4",
];
const ADDRESSES: [&str; 9] = [
    "all", "0.0.0.0/0", "127.0.0.0/8", "127.0.0.1/32", "127.0.0.0/30", "127.0.0.2/31", "127.1.0.0/16",
    "127.0.0.0 255.0.0.0", "127.0.0.0/15",
];
/// One for each part into which [`ADDRESSES`] cut the loopback network.
const CLIENTS: [&str; 5] = ["127.0.0.1", "127.0.0.2", "127.0.9.9", "127.1.0.1", "127.2.0.1"];
/// System names of pg_ident.conf, and whether the account of this process is one; its name stands for the empty one.
const SYSTEM_NAMES: [(&str, bool); 5] =
    [("", true), ("", true), ("mallory", false), ("/^(.*)$", true), ("/^mallory", false)];

impl LoginFiles {
    pub(crate) fn random(random: &mut Random) -> LoginFiles {
        let lines = 2 + random.below(7);
        let hba = BEFORE.to_owned() + &(0..lines).map(|_| line(random)).collect::<String>();
        let ident = (0..random.below(4)).map(|_| entry(random)).collect();
        LoginFiles { hba, ident }
    }

    /// Every login gets in from anywhere; the attacker needs no passwords then.
    pub(crate) fn open() -> LoginFiles {
        LoginFiles { hba: "host all all 127.0.0.1/32 trust\n".into(), ident: String::new() }
    }

    pub(crate) fn text(&self) -> String {
        let lines = self.hba.strip_prefix(BEFORE).unwrap_or_default();
        format!("pg_hba.conf, behind the first lines:\n{lines}pg_ident.conf:\n{}", self.ident)
    }

    /// Writes the files, and waits until the server has read them.
    pub(crate) async fn load(&self, server: &Server) {
        const LOADED: &str = "SELECT pg_conf_load_time()::text";
        std::fs::write(server.data().join("pg_hba.conf"), &self.hba).unwrap();
        std::fs::write(server.data().join("pg_ident.conf"), &self.ident).unwrap();
        let mut admin = server.admin("postgres").await;
        let before: String = sqlx::query_scalar(LOADED).fetch_one(&mut admin).await.unwrap();
        sqlx::query("SELECT pg_reload_conf()").execute(&mut admin).await.unwrap();
        // A new session has the time at which the server itself read them.
        loop {
            let mut fresh = server.admin("postgres").await;
            let now: String = sqlx::query_scalar(LOADED).fetch_one(&mut fresh).await.unwrap();
            if now != before {
                return;
            }
        }
    }
}

fn line(random: &mut Random) -> String {
    let (databases, users) = (random.of(&NAMED_DATABASES), random.of(&NAMED_USERS));
    if random.percent(35) {
        let method =
            random.of(&["trust", "trust", "reject", "scram-sha-256", "peer", "peer map=m", "peer map=m"]);
        return format!("local {databases} {users} {method}\n");
    }
    let kind = random.of(&["host", "host", "host", "host", "hostnossl", "hostssl"]);
    let (address, method) =
        (random.of(&ADDRESSES), random.of(&["trust", "trust", "reject", "scram-sha-256"]));
    format!("{kind} {databases} {users} {address} {method}\n")
}

fn entry(random: &mut Random) -> String {
    let (system, _) = SYSTEM_NAMES[random.below(SYSTEM_NAMES.len())];
    let system = if system.is_empty() { account() } else { system.into() };
    let role = random.of(&["w0", "w1", "w2", "red_app", "all", "+w1", "\"all\"", "/^w[01]$"]);
    format!("{} {system} {role}\n", random.of(&["m", "m", "m", "other"]))
}

/// The operating system's account of this process.
fn account() -> String {
    let output = std::process::Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Returns `true` if the account of this process is the one that an entry of pg_ident.conf names.
pub(crate) fn is_own_account(system: &str) -> bool {
    SYSTEM_NAMES.iter().any(|(name, own)| *own && *name == system) || account() == system
}

/// Everything that is entered without a password.
pub(crate) async fn entered(server: &Server, world: &World) -> BTreeSet<Entry> {
    let logins = world.attackers();
    let each = logins.iter().map(|login| async move {
        let mut found = BTreeSet::new();
        for database in DATABASES.into_iter().chain(["replication"]) {
            if gets_in_over_tcp(server, login, database).await {
                found.insert(Entry { login: login.clone(), database: database.into(), socket: false });
            }
            let path = format!("{}/.s.PGSQL.{}", server.folder().display(), server.port);
            if gets_in(UnixStream::connect(path).await.unwrap(), login, database).await {
                found.insert(Entry { login: login.clone(), database: database.into(), socket: true });
            }
        }
        found
    });
    join_all(each).await.into_iter().flatten().collect()
}

async fn gets_in_over_tcp(server: &Server, login: &str, database: &str) -> bool {
    for client in CLIENTS {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(client.parse().unwrap(), 0)).unwrap();
        let stream = socket.connect(SocketAddr::from(([127, 0, 0, 1], server.port))).await.unwrap();
        if gets_in(stream, login, database).await {
            return true;
        }
    }
    false
}

/// Returns `true` if the server reports that it is ready without an authentication request.
/// <https://www.postgresql.org/docs/current/protocol-flow.html>
async fn gets_in(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin, login: &str, database: &str) -> bool {
    let (name, value) =
        if database == "replication" { ("replication", "true") } else { ("database", database) };
    let mut body = 196_608_u32.to_be_bytes().to_vec();
    for word in ["user", login, name, value, ""] {
        body.extend([word.as_bytes(), &[0]].concat());
    }
    let length = u32::try_from(body.len() + 4).unwrap();
    stream.write_all(&[&length.to_be_bytes()[..], &body].concat()).await.unwrap();
    loop {
        let Ok(kind) = stream.read_u8().await else { return false };
        let length = stream.read_u32().await.unwrap() as usize - 4;
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        match kind {
            b'Z' => return true,
            b'E' => return false,
            b'R' if body != [0; 4] => return false,
            _ => {}
        }
    }
}
