//! Bytes of a server, from the login to the rows of a query: they lead to an answer or an error, never to a panic.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{LazyLock, Mutex};

use martydb_model::error::Error;
use martydb_pg::server::sessions::SessionList;
use martydb_pg::server::{
    Connection, Endpoint, Host, Limits, Login, Row, Tls, TlsMode, connect_with, query_each, replicate,
};
use tokio::runtime::{Builder, Runtime};

use super::engine::{Target, fuzz};

const TOKENS: &[&str] = &[
    "R\0\0\0\u{8}\0\0\0\0",
    "R\0\0\0\u{8}\0\0\0\u{3}",
    "R\0\0\0\u{c}\0\0\0\u{5}salt",
    "Z\0\0\0\u{5}I",
    "Z\0\0\0\u{5}T",
    "K\0\0\0\u{c}",
    "S\0\0\0\u{18}server_version\0",
    "D\0\0\0",
    "T\0\0\0",
    "C\0\0\0\u{d}SELECT 1\0",
    "E\0\0\0",
    "N\0\0\0",
    "A\0\0\0",
    "G\0\0\0",
    "W\0\0\0\u{7}\0\0\0",
    "d\0\0\0",
    "c\0\0\0\u{4}",
    "I\0\0\0\u{4}",
    "SERROR\0",
    "C42501\0",
    "Mdenied\0",
    "\0",
    "\0\0",
    "\0\0\0\0",
    "\u{7f}",
    "{1,2}",
    "{\"a\\\"b\",NULL}",
    "t",
    "f",
    "é",
    "w",
];

/// Bytes that the fake server sends to the next client.
static REPLY: Mutex<Vec<u8>> = Mutex::new(vec![]);

static PORT: LazyLock<u16> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(serve(stream))));
    port
});

/// Sends everything at once: a client that reads message by message sees no difference.
fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let reply = REPLY.lock().unwrap().clone();
    stream.write_all(&reply)?;
    stream.shutdown(Shutdown::Write)?;
    stream.read_to_end(&mut vec![]).map(drop)
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[tag], &length[..], body].concat()
}

fn greeting() -> Vec<u8> {
    let parts = [
        message(b'R', &[0; 4]),
        message(b'S', b"server_version\x0015.20\0"),
        message(b'K', &[0, 0, 0, 1, 0, 0, 0, 2]),
        message(b'N', b"SNOTICE\0VNOTICE\0C00000\0Mhello\0\0"),
        message(b'Z', b"I"),
    ];
    parts.concat()
}

fn rows() -> Vec<u8> {
    let mut columns = vec![0, 2];
    for name in ["a", "b"] {
        columns.extend([name.as_bytes(), &[0; 7], &25_u32.to_be_bytes(), &[0; 8]].concat());
    }
    let row = [&[0, 2][..], &[0, 0, 0, 5], b"{1,2}", &[255; 4]].concat();
    let parts =
        [message(b'T', &columns), message(b'D', &row), message(b'C', b"SELECT 1\0"), message(b'Z', b"I")];
    parts.concat()
}

fn seeds() -> Vec<Vec<u8>> {
    let failed = [message(b'E', b"SERROR\0VERROR\0C42501\0Mdenied\0P3\0\0"), message(b'Z', b"I")].concat();
    let frame = [b"w", &[0; 24][..], b"B"].concat();
    let stream = [message(b'W', &[0, 0, 0]), message(b'd', &frame), message(b'c', b"")].concat();
    // Rows and no end of their statement; and one whose end belongs to another.
    let open = [message(b'D', &[0, 0]), message(b'Z', b"I")].concat();
    let all = [
        rows(),
        failed.clone(),
        [rows(), stream.clone()].concat(),
        [rows(), failed, stream].concat(),
        open.clone(),
        [rows(), open].concat(),
    ];
    all.into_iter().map(|rest| [greeting(), rest].concat()).collect()
}

fn run(bytes: &[u8]) -> Vec<String> {
    thread_local! { static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().unwrap(); }
    *REPLY.lock().unwrap() = bytes.to_vec();
    RUNTIME.with(|runtime| runtime.block_on(talk()))
}

async fn talk() -> Vec<String> {
    let endpoint = Endpoint {
        host: Host::Tcp("127.0.0.1".into()),
        port: *PORT,
        tls: Tls { mode: TlsMode::Disable, ..Tls::default() },
    };
    let login = Login::of_admin("postgres", None);
    match connect_with(&endpoint, &login, "postgres", &[], Limits::READ).await {
        Ok(connection) => asked(connection).await,
        Err(error) => vec![reported(&error)],
    }
}

async fn asked(mut connection: Connection) -> Vec<String> {
    let mut said = vec![
        query_each(&mut connection, &SessionList::query())
            .await
            .map(read)
            .unwrap_or_else(|error| reported(&error)),
    ];
    said.push(match replicate(connection, &SessionList::query()).await {
        Ok(mut stream) => {
            format!("stream: {:?}", stream.next(std::time::Duration::from_secs(1)).await.is_ok())
        }
        Err(error) => reported(&error),
    });
    said
}

/// Reads each value as each type.
fn read(results: Vec<Vec<Row>>) -> String {
    let of = |row: &Row| {
        let numbers = row.try_get::<Vec<u32>>(0).is_ok();
        (
            numbers,
            row.try_get::<Vec<String>>(0).is_ok(),
            row.try_get::<Option<i64>>(1).is_ok(),
            row.lossy(0).is_ok(),
        )
    };
    format!("{:?}", results.iter().flatten().take(5).map(of).collect::<Vec<_>>())
}

/// Without quotes: the loop would leave out what is between them.
fn reported(error: &Error) -> String {
    format!("{error:?}").replace('"', " ")
}

#[test]
fn servers_never_cause_a_panic_of_the_client() {
    let seeds = seeds();
    // Unchanged bytes: rows are read, and the stream begins.
    assert_eq!(run(&seeds[2]), ["[(true, true, true, true)]", "stream: true"]);
    fuzz(&Target { name: "wire", seeds, tokens: TOKENS, run });
}
