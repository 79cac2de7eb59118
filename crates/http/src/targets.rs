//! Targets of requests as people type them. `>`, `"`, `{` and their like are no part of a URI (RFC 3986, appendix A), but browsers,
//! `fetch` and most servers take them, and examples of PostgREST have them: they are encoded before the server of HTTP parses the target.
//!
//! Only requests of HTTP/1 whose end is beyond doubt are followed. After another one nothing is changed any more.

/// Methods whose requests are followed.
const METHODS: [&[u8]; 7] = [b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"];

/// Bytes of a header's line that are looked at: enough for a length.
const LOOKED_AT: usize = 64;

/// StreamPlace in a stream of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StreamPlace {
    /// In the first line, behind this number of blanks.
    First(u8),
    Headers,
    /// In a body with this number of bytes left.
    Body(u64),
    Unknown,
}

/// Filter of what one client sends.
#[derive(Debug)]
pub(crate) struct TargetFilter {
    place: StreamPlace,
    /// The method, or the beginning of the header's line.
    line: Vec<u8>,
    length: Option<u64>,
}

impl TargetFilter {
    pub(crate) fn new() -> TargetFilter {
        TargetFilter { place: StreamPlace::First(0), line: vec![], length: None }
    }

    /// Returns the bytes that the server reads in place of these, where they differ.
    pub(crate) fn filtered(&mut self, chunk: &[u8]) -> Option<Vec<u8>> {
        let mut changed: Option<Vec<u8>> = None;
        let (mut at, mut copied) = (0, 0);
        while let Some(byte) = chunk.get(at).copied() {
            match self.place {
                StreamPlace::Unknown => break,
                StreamPlace::Body(left) => {
                    let here = left.min((chunk.len() - at) as u64);
                    self.place =
                        if here == left { StreamPlace::First(0) } else { StreamPlace::Body(left - here) };
                    at += here as usize;
                    continue;
                }
                StreamPlace::First(blanks) => {
                    if self.first(byte, blanks) {
                        let whole = changed.get_or_insert_default();
                        whole.extend_from_slice(&chunk[copied..at]);
                        whole.extend(format!("%{byte:02X}").bytes());
                        copied = at + 1;
                    }
                }
                StreamPlace::Headers => self.header(byte),
            }
            at += 1;
        }
        if let Some(whole) = &mut changed {
            whole.extend_from_slice(&chunk[copied..]);
        }
        changed
    }

    /// Reads a byte of the first line, and returns `true` if it has to be encoded.
    fn first(&mut self, byte: u8, blanks: u8) -> bool {
        match byte {
            // Empty lines may stand before a request (RFC 9112, section 2.2).
            b'\r' | b'\n' if blanks == 0 && self.line.is_empty() => {}
            b'\r' => {}
            b'\n' => {
                let is_known = blanks == 2 && METHODS.contains(&self.line.as_slice());
                self.place = if is_known { StreamPlace::Headers } else { StreamPlace::Unknown };
                self.line.clear();
                self.length = None;
            }
            b' ' => self.place = StreamPlace::First(blanks.saturating_add(1)),
            _ if blanks == 0 && self.line.len() < LOOKED_AT => self.line.push(byte),
            _ if blanks == 0 => self.place = StreamPlace::Unknown,
            _ => return blanks == 1 && is_typed(byte),
        }
        false
    }

    /// Reads a byte of a header.
    fn header(&mut self, byte: u8) {
        if byte != b'\n' {
            if self.line.len() < LOOKED_AT {
                self.line.push(byte);
            }
            return;
        }
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        self.place = match self.line.is_empty() {
            true => self.length.filter(|length| *length > 0).map_or(StreamPlace::First(0), StreamPlace::Body),
            false if self.is_sure() => StreamPlace::Headers,
            false => StreamPlace::Unknown,
        };
        self.line.clear();
    }

    /// Reads a line of a header, and returns `true` if it leaves no doubt about the end of the request.
    fn is_sure(&mut self) -> bool {
        let mut parts = self.line.splitn(2, |byte| *byte == b':');
        let (name, value) = (parts.next().unwrap_or_default(), parts.next());
        let is = |known: &[u8]| name.trim_ascii().eq_ignore_ascii_case(known);
        if is(b"transfer-encoding") || is(b"upgrade") || name.iter().any(u8::is_ascii_whitespace) {
            return false;
        }
        if !is(b"content-length") {
            return true;
        }
        let value =
            value.filter(|_| self.line.len() < LOOKED_AT).and_then(|value| str::from_utf8(value).ok());
        let digits = value
            .map(|value| value.trim_matches([' ', '\t']))
            .filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()));
        let length = digits.and_then(|digits| digits.parse().ok());
        let is_first = self.length.is_none();
        self.length = length;
        is_first && length.is_some()
    }
}

/// Returns `true` for a byte that may not be in a URI, and ends none.
pub(crate) fn is_typed(byte: u8) -> bool {
    matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x80..)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends a text in chunks of this size.
    fn sent(text: &str, size: usize) -> String {
        let mut filter = TargetFilter::new();
        let one = |chunk: &[u8]| filter.filtered(chunk).unwrap_or_else(|| chunk.to_vec());
        let bytes: Vec<u8> = text.as_bytes().chunks(size).flat_map(one).collect();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn targets_are_encoded_and_nothing_else() {
        let typed = "GET /a?select=d->>b&c=eq.{\"ü\"} HTTP/1.1\r\nX: {\"a\">1}\r\n\r\n";
        let encoded = "GET /a?select=d-%3E%3Eb&c=eq.%7B%22%C3%BC%22%7D HTTP/1.1\r\nX: {\"a\">1}\r\n\r\n";
        let body = "POST /a|b HTTP/1.1\r\ncontent-length: 19\r\n\r\nGET /> HTTP/1.1\r\n\r\n";
        let posted = body.replacen('|', "%7C", 1);
        for (text, expected) in [
            (typed.to_owned(), encoded.to_owned()),
            (format!("\r\n{typed}{body}{typed}"), format!("\r\n{encoded}{posted}{encoded}")),
            ("GET /plain HTTP/1.1\r\n\r\n".into(), "GET /plain HTTP/1.1\r\n\r\n".into()),
        ] {
            for size in [1, 2, 3, 7, 1000] {
                assert_eq!(sent(&text, size), expected, "{size}");
            }
        }
    }

    #[test]
    fn nothing_is_changed_behind_a_request_whose_end_is_in_doubt() {
        for headers in [
            "Transfer-Encoding: chunked",
            "Content-Length: 3\r\nContent-Length: 3",
            "Content-Length: 3, 3",
            "Content-Length: +3",
            "Content-Length : 3",
            "Content-Length:\u{b}3",
            "Content-Length: 3\r\n\tX: 1",
            "Upgrade: h2c",
            "Content-Length: 0000000000000000000000000000000000000000000000000000003",
        ] {
            let text = format!("POST / HTTP/1.1\r\n{headers}\r\n\r\nGET /> HTTP/1.1\r\n\r\n");
            assert_eq!(sent(&text, 5), text, "{headers}");
        }
        for first in
            ["PRI * HTTP/2.0", "CONNECT a:1 HTTP/1.1", "GET /a b HTTP/1.1", "GET /", "\u{16}\u{3}\u{1}"]
        {
            let text = format!("{first}\r\n\r\nGET /> HTTP/1.1\r\n\r\n");
            assert_eq!(sent(&text, 4), text, "{first}");
        }
    }
}
