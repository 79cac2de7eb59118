//! Baseline of the relay's benchmark: the same messages to the same broker by the same client, without a database.
//! `run.py` calls it: how it waits, URL, subject, how many, how many at a time, bytes of the payload.

use std::time::Instant;

use async_nats::{Client, HeaderMap};
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};

/// The messages of one run.
struct Messages {
    subject: String,
    payload: String,
    run: String,
}

impl Messages {
    fn headers(&self, number: usize) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for name in ["ce-specversion", "ce-source", "ce-type", "ce-subject", "ce-time", "content-type"] {
            headers.insert(name, "a value of the usual length");
        }
        headers.insert("Nats-Msg-Id", format!("{}-{number}", self.run).as_str());
        headers
    }

    /// Publishes one, and says how many were acknowledged.
    async fn send(&self, client: &Client, number: usize) -> usize {
        let payload = self.payload.clone().into();
        let answer = client.request_with_headers(self.subject.clone(), self.headers(number), payload).await;
        usize::from(answer.is_ok_and(|answer| answer.payload.starts_with(b"{\"stream\"")))
    }

    /// As fast as this client can: always so many on their way.
    async fn by_window(&self, client: &Client, count: usize, width: usize) -> usize {
        let sent = stream::iter(0..count).map(|number| self.send(client, number)).buffer_unordered(width);
        sent.fold(0, async |sum, one| sum + one).await
    }

    /// Publishes a batch, and waits for its acknowledgements before the next.
    async fn by_batch(&self, client: &Client, count: usize, width: usize) -> usize {
        let mut acknowledged = 0;
        for first in (0..count).step_by(width) {
            let batch = (first..count.min(first + width)).map(|number| self.send(client, number));
            acknowledged += join_all(batch).await.into_iter().sum::<usize>();
        }
        acknowledged
    }
}

#[tokio::main]
async fn main() -> Result<(), async_nats::Error> {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |at: usize| arguments[at].parse::<usize>().expect("a number");
    let (count, width, bytes) = (number(4), number(5), number(6));
    let client = async_nats::connect(&arguments[2]).await?;
    let begun = Instant::now();
    let messages = Messages {
        subject: arguments[3].clone(),
        payload: format!("{{\"n\": 1, \"pad\": \"{}\"}}", "x".repeat(bytes)),
        run: format!("plain-{begun:?}"),
    };
    let acknowledged = match arguments[1].as_str() {
        "window" => messages.by_window(&client, count, width).await,
        "batch" => messages.by_batch(&client, count, width).await,
        other => panic!("`{other}` is neither window nor batch"),
    };
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
