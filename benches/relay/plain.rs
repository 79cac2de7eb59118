//! What the relay is measured against: the same messages to the same broker by the same client, as many at a time, and no database.
//! `run.py` calls it: URL, subject, how many, how many at a time, bytes of the payload.

use std::time::Instant;

use async_nats::HeaderMap;
use futures_util::{StreamExt, stream};

#[tokio::main]
async fn main() -> Result<(), async_nats::Error> {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |at: usize| arguments[at].parse::<usize>().expect("a number");
    let (subject, count, width, bytes) = (arguments[2].clone(), number(3), number(4), number(5));
    let client = async_nats::connect(&arguments[1]).await?;
    let payload = format!("{{\"n\": 1, \"pad\": \"{}\"}}", "x".repeat(bytes));
    let begun = Instant::now();
    let send = |number: usize| {
        let (client, subject, payload) = (&client, subject.clone(), payload.clone());
        async move {
            let mut headers = HeaderMap::new();
            for name in ["ce-specversion", "ce-source", "ce-type", "ce-subject", "ce-time", "content-type"] {
                headers.insert(name, "a value of the usual length");
            }
            headers.insert("Nats-Msg-Id", format!("plain-{begun:?}-{number}").as_str());
            let answer = client.request_with_headers(subject, headers, payload.into()).await;
            usize::from(answer.is_ok_and(|answer| answer.payload.starts_with(b"{\"stream\"")))
        }
    };
    let sent = stream::iter(0..count).map(send).buffer_unordered(width);
    let acknowledged = sent.fold(0, |sum, one| async move { sum + one }).await;
    let seconds = begun.elapsed().as_secs_f64();
    println!("{{\"acknowledged\": {acknowledged}, \"seconds\": {seconds}, \"cpu_s\": {}}}", cpu_seconds());
    Ok(())
}

/// CPU time of this process, by ticks of a hundredth of a second.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}
