//! A link to a server, slow or not, which counts round trips, connections and bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Delay of a slow link, in each direction.
const ONE_WAY: Duration = Duration::from_millis(25);

/// Forwards connections, as long as its runtime lives.
pub(crate) struct Link {
    pub port: u16,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    /// Number of times that a client sent after its server had.
    trips: AtomicUsize,
    /// Bytes that the server has sent.
    received: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl Link {
    /// Opens a slow link to a server.
    pub(crate) async fn slow(port: u16) -> Link {
        Link::delayed(port, ONE_WAY).await
    }

    /// Opens a link that only counts.
    pub(crate) async fn fast(port: u16) -> Link {
        Link::delayed(port, Duration::ZERO).await
    }

    async fn delayed(port: u16, delay: Duration) -> Link {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let link = Link { port: listener.local_addr().unwrap().port(), counts: Arc::default() };
        let counts = link.counts.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::spawn(pass(client, server, delay, counts.clone()));
            }
        });
        link
    }

    pub(crate) fn round_trips(&self) -> usize {
        self.counts.trips.load(SeqCst)
    }

    /// Returns the number of bytes that the server has sent.
    pub(crate) fn received(&self) -> usize {
        self.counts.received.load(SeqCst)
    }

    /// Returns the largest number of simultaneous connections.
    pub(crate) fn most_open(&self) -> usize {
        self.counts.most_open.load(SeqCst)
    }
}

async fn pass(client: TcpStream, server: TcpStream, delay: Duration, counts: Arc<Counts>) {
    let open = counts.open.fetch_add(1, SeqCst) + 1;
    counts.most_open.fetch_max(open, SeqCst);
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let has_server_sent = Arc::new(AtomicBool::new(true));
    let (sent, trips) = (has_server_sent.clone(), counts.clone());
    let there = tokio::spawn(forward(from_client, to_server, delay, move |_| {
        if sent.swap(false, SeqCst) {
            trips.trips.fetch_add(1, SeqCst);
        }
    }));
    let received = counts.clone();
    forward(from_server, to_client, delay, move |bytes| {
        has_server_sent.store(true, SeqCst);
        received.received.fetch_add(bytes, SeqCst);
    })
    .await;
    there.abort();
    counts.open.fetch_sub(1, SeqCst);
}

/// Forwards one direction, and counts each piece before it is sent.
async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    delay: Duration,
    count: impl Fn(usize) + Send,
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
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        count(length);
        if sender.send((Instant::now() + delay, bytes[..length].to_vec())).is_err() {
            return;
        }
    }
}
