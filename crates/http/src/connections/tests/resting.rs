//! Clients that stop, or slow down, anywhere: none keeps its connection.

use super::*;

/// Clients of each protocol.
const CLIENTS: u64 = 60;

/// Texts that a client sends in pieces, whole or in part.
const FIRST: [&[u8]; 4] = [
    b"GET /path HTTP/1.1\r\nHost: localhost\r\nX-Long: 0123456789012345678901234567890123456789\r\n\r\n",
    b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /path HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n0123456789",
    b"POST /path HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n",
];

/// The preface, and frames: settings, a ping, GET / by its number in the static table, a window, headers without an end.
const SECOND: [&[u8]; 4] = [
    b"\0\0\x08\x06\0\0\0\0\0abcdefgh",
    b"\0\0\x03\x01\x05\0\0\0\x01\x82\x84\x86",
    b"\0\0\x04\x08\0\0\0\0\0\0\0\xff\xff",
    b"\0\0\x01\x01\x01\0\0\0\x03\x82",
];

/// Returns a number below `end` that depends on the client and the place alone.
fn pick(client: u64, place: u64, end: usize) -> usize {
    let mixed = (client * 131 + place + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    usize::try_from((mixed ^ (mixed >> 27)) >> 40).unwrap() % end
}

/// Returns what a client sends.
fn script(is_second: bool, client: u64) -> Vec<u8> {
    let (texts, mut all) = match is_second {
        true => (&SECOND, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec()),
        false => (&FIRST, vec![]),
    };
    for place in 0..pick(client, 1, 12) {
        all.extend(texts[pick(client, 10 + place as u64, 4)]);
    }
    let end = pick(client, 2, all.len() + 1);
    if pick(client, 3, 3) > 0 {
        all.truncate(end);
    }
    all
}

/// Uses a connection as one client does, and then rests, or goes on by a byte at a time, until the connection ends.
async fn use_slowly(is_second: bool, client: u64) {
    let (ServedConnection { stop: _stop, ended: connection, .. }, stream) = serve_as(is_second);
    let (mut reader, mut writer) = tokio::io::split(stream);
    let text = script(is_second, client);
    let goes_on = pick(client, 4, 3);
    let first = pick(client, 5, text.len() + 1);
    let used = async {
        let _sent = writer.write_all(&text[..first]).await;
        sleep(PATIENCE / 10).await;
        let _sent = writer.write_all(&text[first..]).await;
        let mut read = vec![0; pick(client, 6, 1 << 16) + 1];
        let _read = timeout(PATIENCE / 10, reader.read(&mut read)).await;
        if goes_on == 0 {
            pending::<()>().await;
        }
        loop {
            sleep(PATIENCE / 10).await;
            let ended = match goes_on {
                1 => writer.write_all(b"a").await.is_err(),
                _ => !matches!(timeout(PATIENCE / 10, reader.read(&mut [0; 1])).await, Err(_) | Ok(Ok(1))),
            };
            if ended {
                return;
            }
        }
    };
    let ended = async {
        tokio::select! {
            ended = connection => ended.unwrap(),
            () = async { used.await; pending::<()>().await } => {}
        }
    };
    let text = String::from_utf8_lossy(&text);
    timeout(LONGEST, ended)
        .await
        .unwrap_or_else(|_| panic!("{client} ({goes_on}) keeps its connection: {text:?}"));
}

#[tokio::test]
async fn no_client_keeps_a_connection_that_stops_or_slows_down() {
    for is_second in [false, true] {
        let mut clients = JoinSet::new();
        (0..CLIENTS).for_each(|client| drop(clients.spawn(use_slowly(is_second, client))));
        while let Some(ended) = clients.join_next().await {
            ended.unwrap();
        }
    }
}
