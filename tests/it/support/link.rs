//! A slow link to a server, which counts what passes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// The way to the server, and the same back.
const ONE_WAY: Duration = Duration::from_millis(25);

/// Forwards connections with a delay, as long as its runtime lives.
pub struct FarLink {
    pub port: u16,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    /// Number of times that a client sent after its server had.
    trips: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl FarLink {
    pub async fn to(port: u16) -> FarLink {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let link = FarLink { port: listener.local_addr().unwrap().port(), counts: Arc::default() };
        let counts = link.counts.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::spawn(pass(client, server, counts.clone()));
            }
        });
        link
    }

    pub fn round_trips(&self) -> usize {
        self.counts.trips.load(SeqCst)
    }

    /// Returns the largest number of simultaneous connections.
    pub fn most_open(&self) -> usize {
        self.counts.most_open.load(SeqCst)
    }
}

async fn pass(client: TcpStream, server: TcpStream, counts: Arc<Counts>) {
    let open = counts.open.fetch_add(1, SeqCst) + 1;
    counts.most_open.fetch_max(open, SeqCst);
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (turn, back) = (Arc::new(AtomicUsize::new(0)), Arc::default());
    let there = tokio::spawn(forward(from_client, to_server, turn.clone(), 1, counts.clone()));
    forward(from_server, to_client, turn, 2, back).await;
    there.abort();
    counts.open.fetch_sub(1, SeqCst);
}

/// `turn` holds who spoke last, and `counts` how often this side began.
async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    turn: Arc<AtomicUsize>,
    side: usize,
    counts: Arc<Counts>,
) {
    let (sender, mut receiver) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    tokio::spawn(async move {
        while let Some((due, bytes)) = receiver.recv().await {
            tokio::time::sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
    let mut bytes = vec![0; 65536];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if turn.swap(side, SeqCst) != side {
            counts.trips.fetch_add(1, SeqCst);
        }
        if sender.send((Instant::now() + ONE_WAY, bytes[..count].to_vec())).is_err() {
            return;
        }
    }
}
