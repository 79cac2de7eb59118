//! Names of this machine. A page in a browser here may have its own name resolve to 127.0.0.1 (DNS rebinding), and could then
//! read what the listener serves: requests by another name are refused.

use axum::extract::Request;
use axum::http::{StatusCode, header, uri::Authority};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Refuses a request whose `Host` (RFC 9110, section 7.2) is not a name of the loopback interface. One without it is not from a
/// browser.
pub(crate) async fn only_local(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).map(|value| value.to_str().unwrap_or_default());
    let host = host.or_else(|| request.uri().host());
    if host.is_none_or(is_local) {
        return next.run(request).await;
    }
    (StatusCode::MISDIRECTED_REQUEST, "use 127.0.0.1 or localhost as the host\n").into_response()
}

fn is_local(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let address = name.parse::<std::net::IpAddr>();
    address
        .map_or_else(|_| name == "localhost" || name.ends_with(".localhost"), |address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn only_names_of_the_loopback_interface_are_local() {
        for host in
            ["127.0.0.1:9187", "localhost", "LOCALHOST:1", "db.localhost:80", "[::1]:9187", "127.8.8.8"]
        {
            assert!(is_local(host), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example:9187", "10.0.0.1", "", "a b", "127.0.0.1.nip.io"]
        {
            assert!(!is_local(host), "{host}");
        }
    }
}
