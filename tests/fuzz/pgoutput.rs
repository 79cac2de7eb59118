//! Messages of `pgoutput`: whatever a source sends, a message or the reason why it is none.

use martydb_split::decode;

use super::engine::{Target, fuzz};

const TOKENS: &[&str] = &[
    "B", "C", "R", "I", "U", "D", "T", "O", "Y", "M", "S", "N", "K", "n", "u", "t", "b", "\0", "\0\0",
    "\0\u{1}", "\0\0\0\u{1}", "\0\0\0\u{7f}", "public\0", "item\0", "\u{7f}", "\0\0@\u{1}", "d", "f",
];

/// A relation of two columns, and rows of it.
fn seeds() -> Vec<Vec<u8>> {
    let number = 16_385_u32.to_be_bytes();
    let mut relation = [b"R", &number[..], b"public\0item\0d\0\x02"].concat();
    for (flags, name) in [(1, "id"), (0, "name")] {
        relation.push(flags);
        relation.extend([name.as_bytes(), b"\0"].concat());
        relation.extend([25_u32.to_be_bytes(), (-1_i32).to_be_bytes()].concat());
    }
    let row = b"\0\x02t\0\0\0\x011n".to_vec();
    let begin = [b"B", &7_u64.to_be_bytes()[..], &8_u64.to_be_bytes(), &9_u32.to_be_bytes()].concat();
    let commit = [b"C\0", &7_u64.to_be_bytes()[..], &8_u64.to_be_bytes(), &9_u64.to_be_bytes()].concat();
    vec![
        begin,
        commit,
        relation,
        [b"I", &number[..], b"N", &row].concat(),
        [b"U", &number[..], b"K", &row, b"N", &row].concat(),
        [b"U", &number[..], b"N", &row].concat(),
        [b"D", &number[..], b"O", &row].concat(),
        [b"T\0\0\0\x01\x03", &number[..]].concat(),
    ]
}

fn run(bytes: &[u8]) -> Vec<String> {
    let text = match decode(bytes) {
        Ok(message) => format!("{message:?}").chars().filter(|c| !c.is_ascii_digit()).collect(),
        Err(why) => why,
    };
    vec![text]
}

#[test]
fn replication_streams_never_cause_a_panic() {
    let seeds = seeds();
    for seed in &seeds {
        decode(seed).unwrap_or_else(|why| panic!("{why}: {}", seed.escape_ascii()));
    }
    fuzz(&Target { name: "pgoutput", seeds, tokens: TOKENS, run });
}
