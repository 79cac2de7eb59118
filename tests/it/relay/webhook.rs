//! Web hooks: structured events, signed, each at most until it is answered.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;

use super::{declared, emit, pending};
use crate::support::{Admin, Server};

type Taken = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// Answers as `answer` says of the document, and keeps what it took.
fn hook(answer: fn(&Value) -> u16) -> (u16, Taken) {
    let taken = Taken::default();
    let kept = taken.clone();
    let handler = move |headers: HeaderMap, body: String| async move {
        let code = answer(&serde_json::from_str(&body).unwrap());
        if code == 200 {
            kept.lock().unwrap().push((headers, body));
        }
        StatusCode::from_u16(code).unwrap()
    };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, Router::new().route("/in", post(handler))).await.unwrap();
        });
    });
    (port, taken)
}

#[test]
fn requests_are_signed_cloud_events_and_what_is_refused_waits() {
    // Of one aggregate the second event is refused.
    let (port, taken) = hook(|event| {
        let refused = event["subject"] == "thing/2" && event["data"]["n"] == 1;
        if refused { 422 } else { 200 }
    });
    let server = Server::start();
    let to = format!("{{ http: \"http://127.0.0.1:{port}/in\", signature_env: HOOK_KEY }}");
    let project = declared(&server, Admin::Super, "rwh", &to);
    project.run(&["init-all", "-y"]).expect(0);
    emit(&server, "rwh_a", 40, 10);
    project.run(&["relay", "--once"]).expect(2);
    let mut command = project.command(&["relay", "--once"]);
    command.env("HOOK_KEY", "a key for tests");
    project.finish(command).expect(1);
    assert_eq!(pending(&server, "rwh_a"), 3);
    let all = taken.lock().unwrap().clone();
    assert_eq!(all.len(), 37);
    for (headers, body) in &all {
        let header = |name: &str| headers[name].to_str().unwrap();
        assert_eq!(header("content-type"), "application/cloudevents+json; charset=utf-8");
        let event: Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            (event["specversion"].as_str(), event["id"].as_str()),
            (Some("1.0"), Some(header("webhook-id")))
        );
        assert_eq!(event["traceparent"], "00-1-2-01");
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"a key for tests").unwrap();
        mac.update(format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp")).as_bytes());
        let signed = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
        assert_eq!(header("webhook-signature"), format!("v1,{signed}"));
    }
    let why = "SELECT last_error FROM rwh_a_outbox WHERE attempts > 0 AND published_at IS NULL";
    assert_eq!(server.value("rwh_a", why), "the web hook answered 422 Unprocessable Entity");
}

#[test]
fn a_hook_that_is_busy_makes_no_event_dead() {
    let (port, _) = hook(|_| 503);
    let server = Server::start();
    let to = format!("{{ http: \"http://127.0.0.1:{port}/in\" }}");
    let project = declared(&server, Admin::Super, "rwb", &to);
    project.run(&["init-all", "-y"]).expect(0);
    emit(&server, "rwb_a", 5, 5);
    let done = project.run(&["relay", "--once"]).expect(5);
    assert!(done.stderr.contains("the web hook answered 503"), "{}", done.stderr);
    assert_eq!(server.value("rwb_a", "SELECT max(attempts)::text FROM rwb_a_outbox"), "0");
}
