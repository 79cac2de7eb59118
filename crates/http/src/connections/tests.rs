//! Clients of HTTP/2, honest and hostile, behind the agreement of TLS.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Bytes;
use axum::http::{StatusCode, Uri};
use axum::routing::get;
use h2::client::{Builder as ClientBuilder, ResponseFuture, SendRequest};
use h2::{Reason, RecvStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;

const PATIENCE: Duration = Duration::from_millis(300);

/// Longest wait for anything.
const LONGEST: Duration = Duration::from_secs(20);

const LARGE: usize = 1 << 20;

const REQUESTS: u32 = 37;

/// A connection that is served.
struct ServedConnection {
    stop: watch::Sender<bool>,
    ended: JoinHandle<()>,
    /// Requests that wait.
    waiting: Arc<AtomicUsize>,
}

/// Serves one end of a connection of HTTP/2, and returns the other one.
fn serve() -> (ServedConnection, DuplexStream) {
    serve_as(true)
}

fn serve_as(is_second: bool) -> (ServedConnection, DuplexStream) {
    let waiting = Arc::new(AtomicUsize::new(0));
    let waits = waiting.clone();
    let wait = move || {
        waits.fetch_add(1, Ordering::SeqCst);
        async { pending::<()>().await }
    };
    let router = Router::new()
        .route("/large", get(|| async { vec![7; LARGE] }))
        .route("/soon", get(|| async { sleep(PATIENCE * 2).await }))
        .route("/path", get(|target: Uri| async move { target.to_string() }))
        .route("/wait", get(wait));
    let limits = ConnectionLimits { connections: 1, per_address: 1, requests: REQUESTS, progress: PATIENCE };
    let (stop, stopped) = watch::channel(false);
    let (open, beyond) = (OpenConnections::new(limits), Router::new());
    let served = AcceptedConnections { tls: None, open, router, beyond, stopped, patience: PATIENCE };
    let (client, server) = duplex(256 << 10);
    let router = served.router.clone();
    let ended = tokio::spawn(async move { served.answer(server, router, None, is_second).await });
    (ServedConnection { stop, ended, waiting }, client)
}

/// A client, and its connection, which says how it ended.
async fn connect(client: DuplexStream) -> (SendRequest<Bytes>, JoinHandle<Result<(), h2::Error>>) {
    let (requests, connection) =
        ClientBuilder::new().initial_connection_window_size(8 << 20).handshake(client).await.unwrap();
    (requests, tokio::spawn(connection))
}

async fn ask(
    requests: &mut SendRequest<Bytes>,
    path: &str,
) -> Result<(ResponseFuture, h2::SendStream<Bytes>), h2::Error> {
    let request = hyper::Request::get(format!("http://localhost{path}")).body(()).unwrap();
    std::future::poll_fn(|context| requests.poll_ready(context)).await?;
    requests.send_request(request, true)
}

/// Reads an answer to its end.
async fn read(mut body: RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut all = vec![];
    while let Some(part) = body.data().await {
        let part = part?;
        body.flow_control().release_capacity(part.len())?;
        all.extend(part);
    }
    Ok(all)
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(LONGEST, future).await.expect("it takes too long")
}

#[tokio::test]
async fn answers_are_sent_at_once_and_an_idle_connection_is_closed() {
    let (served, client) = serve();
    let (mut requests, connection) = connect(client).await;
    let mut asked = vec![];
    for path in ["/large", "/large", "/path?a=%3E"] {
        asked.push(ask(&mut requests, path).await.unwrap().0);
    }
    for (answer, length) in asked.into_iter().zip([LARGE, LARGE, 27]) {
        let answer = within(answer).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(read(answer.into_body()).await.unwrap().len(), length);
    }
    // It ends in peace although the client would go on.
    within(connection).await.unwrap().unwrap();
    within(served.ended).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_is_not_taken_is_reset_alone() {
    let (_served, client) = serve();
    let (mut requests, _connection) = connect(client).await;
    let mut resting = within(ask(&mut requests, "/large").await.unwrap().0).await.unwrap().into_body();
    let begun = Instant::now();
    // The connection is in use all the time.
    let reset = loop {
        let answer = within(ask(&mut requests, "/large").await.unwrap().0).await.unwrap();
        assert_eq!(within(read(answer.into_body())).await.unwrap().len(), LARGE);
        match timeout(PATIENCE / 10, resting.data()).await {
            Ok(Some(Err(error))) => break error,
            Ok(None) => panic!("the whole answer was sent"),
            _ => assert!(begun.elapsed() < LONGEST),
        }
    };
    assert_eq!(reset.reason(), Some(Reason::CANCEL));
    let answer = within(ask(&mut requests, "/path").await.unwrap().0).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_client_that_gives_up_its_requests_is_ended() {
    for waits in [true, false] {
        let (served, client) = serve();
        let (mut requests, connection) = connect(client).await;
        let mut sent = 0;
        while sent < 2000 {
            let Ok((_answer, mut stream)) = ask(&mut requests, "/wait").await else { break };
            sent += 1;
            if waits {
                while served.waiting.load(Ordering::SeqCst) < sent && !connection.is_finished() {
                    tokio::task::yield_now().await;
                }
            }
            stream.send_reset(Reason::CANCEL);
            tokio::task::yield_now().await;
        }
        assert!(sent < 500, "{waits}: {sent} requests");
        within(served.ended).await.unwrap();
        assert!(served.waiting.load(Ordering::SeqCst) < 200);
    }
}

#[tokio::test]
async fn a_connection_has_as_many_requests_in_progress_as_its_limit_says() {
    let (served, client) = serve();
    let (mut requests, _connection) = connect(client).await;
    let mut asked = vec![];
    // The client learns the limit with the first answer.
    within(ask(&mut requests, "/path").await.unwrap().0).await.unwrap();
    for _ in 0..=REQUESTS {
        asked.push(within(ask(&mut requests, "/wait")).await.unwrap());
    }
    let most = REQUESTS as usize;
    within(async {
        while served.waiting.load(Ordering::SeqCst) < most {
            sleep(PATIENCE / 10).await;
        }
    })
    .await;
    sleep(PATIENCE / 3).await;
    assert_eq!(served.waiting.load(Ordering::SeqCst), most, "one more waits for the end of another");
}

#[tokio::test]
async fn headers_have_a_limit_in_frames_and_in_all() {
    let (served, client) = serve();
    let (mut requests, _connection) = connect(client).await;
    let mut request = hyper::Request::get("http://localhost/path").body(()).unwrap();
    for number in 0..20 {
        let name = format!("x-{number}").parse::<axum::http::HeaderName>().unwrap();
        request.headers_mut().insert(name, "x".repeat(4 << 10).parse().unwrap());
    }
    let refused = within(requests.send_request(request, true).unwrap().0).await;
    assert!(refused.is_err() || refused.unwrap().status() == StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    let answer = within(ask(&mut requests, "/path").await.unwrap().0).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    drop((served, requests));

    // Headers without an end, in frames without a byte.
    let (served, mut client) = serve();
    client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    client.write_all(b"\0\0\x01\x01\x01\0\0\0\x01\x82").await.unwrap();
    let (mut reader, mut writer) = tokio::io::split(client);
    let _reads =
        tokio::spawn(async move { while reader.read(&mut [0; 1024]).await.is_ok_and(|bytes| bytes > 0) {} });
    let mut sent = 0;
    while sent < 100_000 && writer.write_all(b"\0\0\0\x09\0\0\0\0\x01").await.is_ok() {
        sent += 1;
    }
    assert!(sent < 100_000);
    within(served.ended).await.unwrap();
}

#[tokio::test]
async fn a_client_that_asks_for_nothing_is_ended_whatever_it_sends() {
    let (served, mut client) = serve();
    client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let begun = Instant::now();
    let (mut reader, mut writer) = tokio::io::split(client);
    let _reads =
        tokio::spawn(async move { while reader.read(&mut [0; 1024]).await.is_ok_and(|bytes| bytes > 0) {} });
    // Pings, whose answer to the last one never comes.
    while writer.write_all(b"\0\0\x08\x06\0\0\0\0\0abcdefgh").await.is_ok() {
        assert!(begun.elapsed() < LONGEST);
        sleep(PATIENCE / 10).await;
    }
    within(served.ended).await.unwrap();
}

#[tokio::test]
async fn at_the_end_a_request_in_progress_is_answered_and_no_other_begins() {
    let (served, client) = serve();
    let (mut requests, connection) = connect(client).await;
    let running = ask(&mut requests, "/soon").await.unwrap().0;
    tokio::task::yield_now().await;
    sleep(PATIENCE / 10).await;
    served.stop.send_replace(true);
    assert_eq!(within(running).await.unwrap().status(), StatusCode::OK);
    within(connection).await.unwrap().unwrap();
    assert!(ask(&mut requests, "/path").await.is_err());
    within(served.ended).await.unwrap();
}

mod resting;
