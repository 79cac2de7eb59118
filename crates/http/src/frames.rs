//! Targets as people type them, in HTTP/2: see `targets`. The headers of a request are packed there (HPACK, RFC 7541). A target is
//! changed where the tables of both sides stay as they are: as a literal without indexing, which clients use for targets.

use super::huffman::decoded;
use super::targets::is_typed;

/// Bytes that begin a connection (RFC 9113, section 3.4), the head of a frame, and the largest frame.
const PREFACE_BYTES: usize = 24;
const HEAD_BYTES: usize = 9;
const LARGEST_FRAME: usize = 16 << 10;

/// Kind of a frame with headers, and its flags.
const HEADERS: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITY: u8 = 32;

/// Indexes of the name `:path` in the table that both sides know.
const PATH: [usize; 2] = [4, 5];

/// Filter of what one client sends.
#[derive(Debug)]
pub(crate) struct FrameFilter {
    /// Bytes that are not looked at.
    skipped: usize,
    /// Beginning of a frame.
    held: Vec<u8>,
}

impl FrameFilter {
    pub(crate) fn new() -> FrameFilter {
        FrameFilter { skipped: PREFACE_BYTES, held: vec![] }
    }

    /// Returns the bytes that the server reads in place of these; none while a frame is incomplete.
    pub(crate) fn filtered(&mut self, mut chunk: &[u8]) -> Vec<u8> {
        let mut read = Vec::with_capacity(chunk.len());
        while !chunk.is_empty() {
            let wanted = match self.skipped {
                0 => self.wanted() - self.held.len(),
                skipped => skipped,
            };
            let (now, rest) = chunk.split_at(wanted.min(chunk.len()));
            chunk = rest;
            if self.skipped > 0 {
                self.skipped -= now.len();
                read.extend_from_slice(now);
                continue;
            }
            self.held.extend_from_slice(now);
            if self.held.len() == HEAD_BYTES && self.wanted() == HEAD_BYTES {
                self.skipped = self.length();
                read.append(&mut self.held);
            } else if self.held.len() > HEAD_BYTES && self.held.len() == self.wanted() {
                read.extend(encoded(&self.held).unwrap_or_else(|| self.held.clone()));
                self.held.clear();
            }
        }
        read
    }

    /// Returns the number of bytes to hold: a frame with all headers of a request, or the head of another one.
    fn wanted(&self) -> usize {
        let is_whole = self.held.len() >= HEAD_BYTES
            && self.held[3] == HEADERS
            && self.held[4] & END_HEADERS > 0
            && self.length() <= LARGEST_FRAME;
        if is_whole { HEAD_BYTES + self.length() } else { HEAD_BYTES }
    }

    /// Returns the length of the frame that is held.
    fn length(&self) -> usize {
        self.held[..3].iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
    }
}

/// Returns a frame whose target is encoded; `None` where it is right, or cannot be changed.
fn encoded(frame: &[u8]) -> Option<Vec<u8>> {
    let (flags, body) = (frame[4], &frame[HEAD_BYTES..]);
    let padding = if flags & PADDED > 0 { 1 + usize::from(*body.first()?) } else { 0 };
    let begin = usize::from(flags & PADDED > 0) + if flags & PRIORITY > 0 { 5 } else { 0 };
    let end = body.len().checked_sub(padding.saturating_sub(1))?;
    let (from, to, target) = target(body.get(begin..end)?)?;
    if !target.iter().copied().any(is_typed) {
        return None;
    }
    let mut typed = vec![];
    for byte in target {
        if is_typed(byte) { typed.extend(format!("%{byte:02X}").bytes()) } else { typed.push(byte) }
    }
    let mut whole = frame[..HEAD_BYTES + begin + from].to_vec();
    number(&mut whole, 7, typed.len());
    whole.append(&mut typed);
    whole.extend_from_slice(&body[begin + to..]);
    let length = whole.len() - HEAD_BYTES;
    whole[..3].copy_from_slice(&(u32::try_from(length).ok()?.to_be_bytes()[1..]));
    (length <= LARGEST_FRAME).then_some(whole)
}

/// Returns the place of the target's text in headers, and its bytes.
fn target(headers: &[u8]) -> Option<(usize, usize, Vec<u8>)> {
    let mut at = 0;
    while let Some(first) = headers.get(at).copied() {
        let (prefix, is_entry) = match first {
            0x80.. => (7, true),
            0x40.. => (6, false),
            0x20.. => (5, true),
            _ => (4, false),
        };
        let index = integer(headers, &mut at, prefix)?;
        if is_entry {
            continue;
        }
        if index == 0 {
            text(headers, &mut at)?;
        }
        let from = at;
        let value = text(headers, &mut at)?;
        if first < 0x40 && PATH.contains(&index) {
            let is_packed = headers[from] & 0x80 > 0;
            return Some((from, at, if is_packed { decoded(value)? } else { value.to_vec() }));
        }
    }
    None
}

/// Reads an integer (RFC 7541, section 5.1) with this number of bits in its first byte.
fn integer(bytes: &[u8], at: &mut usize, prefix: u32) -> Option<usize> {
    let mut next = || bytes.get(*at).map(|byte| (*byte, *at += 1).0);
    let most = (1 << prefix) - 1;
    let mut value = usize::from(next()?) & most;
    if value < most {
        return Some(value);
    }
    for shift in [0, 7, 14] {
        let byte = usize::from(next()?);
        value += (byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Reads a text (section 5.2) as it is there.
fn text<'a>(bytes: &'a [u8], at: &mut usize) -> Option<&'a [u8]> {
    let length = integer(bytes, at, 7)?;
    let text = bytes.get(*at..at.checked_add(length)?)?;
    *at += length;
    Some(text)
}

/// Writes an integer whose first byte has no other bits.
fn number(to: &mut Vec<u8>, prefix: u32, value: usize) {
    let most = (1 << prefix) - 1;
    to.push(value.min(most) as u8);
    let Some(mut rest) = value.checked_sub(most) else { return };
    while rest >= 0x80 {
        to.push((rest & 0x7f | 0x80) as u8);
        rest >>= 7;
    }
    to.push(rest as u8);
}

#[cfg(test)]
mod tests {
    use super::super::huffman::tests::packed;
    use super::*;

    fn frame(kind: u8, flags: u8, body: &[u8]) -> Vec<u8> {
        let mut frame = (body.len() as u32).to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags, 0, 0, 0, 1]);
        frame.extend(body);
        frame
    }

    /// Writes a target behind the method as curl does, and before another header.
    fn headers(first: u8, is_packed: bool, target: &str) -> Vec<u8> {
        let text = if is_packed { packed(target.as_bytes()) } else { target.as_bytes().to_vec() };
        let mut all = vec![0x82, first];
        number(&mut all, 7, text.len());
        let length = all.len() - if text.len() < 127 { 1 } else { 2 };
        all[length] |= if is_packed { 0x80 } else { 0 };
        all.extend(text);
        all.extend([0x00, 1, b'a', 2, b'>', b'"']);
        all
    }

    fn sent(frames: &[Vec<u8>], size: usize) -> Vec<u8> {
        let mut filter = FrameFilter::new();
        let mut all = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        all.extend(frames.concat());
        let read: Vec<u8> = all.chunks(size).flat_map(|chunk| filter.filtered(chunk)).collect();
        assert!(filter.held.is_empty(), "{:?}", filter.held);
        read[PREFACE_BYTES..].to_vec()
    }

    #[test]
    fn targets_are_encoded_wherever_frames_are_divided() {
        let long = format!("/a?select=d->>b&c=eq.{{\"ü\"}}&d={}", "x".repeat(200));
        let right = long.replace('>', "%3E").replace('"', "%22").replace('{', "%7B").replace('}', "%7D");
        let right = right.replace('ü', "%C3%BC");
        for (is_packed, flags, before, after) in [
            (false, 5, vec![], vec![]),
            (true, 5, vec![], vec![]),
            (true, 5 | PADDED | PRIORITY, vec![3, 0, 0, 0, 0, 16], vec![0; 3]),
        ] {
            let of =
                |headers: Vec<u8>| frame(HEADERS, flags, &[before.clone(), headers, after.clone()].concat());
            let data = frame(0, 1, b"\0>>>");
            let frames = [
                frame(4, 0, &[]),
                of(headers(0x04, is_packed, &long)),
                data.clone(),
                of(headers(0x14, is_packed, &long)),
            ];
            let expected =
                [frame(4, 0, &[]), of(headers(0x04, false, &right)), data, of(headers(0x14, false, &right))];
            for size in [1, 2, 7, 64, 10_000] {
                assert_eq!(sent(&frames, size), expected.concat(), "{size}");
            }
        }
    }

    #[test]
    fn nothing_else_is_changed() {
        let typed = headers(0x04, true, "/a?b->>c");
        for frame in [
            frame(HEADERS, 5, &headers(0x04, true, "/plain?a=b")),
            // With indexing both sides remember the text.
            frame(HEADERS, 5, &headers(0x44, true, "/a?b->>c")),
            frame(HEADERS, 1, &typed),
            frame(9, 4, &typed),
            frame(0, 1, &typed),
            frame(HEADERS, 5, &[]),
            frame(HEADERS, 5 | PADDED, &[200]),
            frame(HEADERS, 5, &typed[..4]),
            frame(HEADERS, 5, &[0xff; 9]),
            frame(HEADERS, 5, &[vec![0x04, 0x7f, 0x81, 0x7e], vec![b'>'; LARGEST_FRAME - 4]].concat()),
            frame(0, 0, &vec![0; 40_000]),
        ] {
            for size in [3, 100_000] {
                assert_eq!(sent(std::slice::from_ref(&frame), size), frame);
            }
        }
    }
}
