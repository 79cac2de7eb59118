//! Table of contents of an archive, as `pg_restore --list` prints it: a backup may come from anywhere.

use std::io::Read;

use martydb_pg_dump::archive::{dependencies, listed, parsed};

use super::engine::{Target, fuzz};

const LIST: &str = ";\n; Archive created at 2026-01-01 00:00:00 UTC\n;     dbname: shop\n;     TOC Entries: 5\n;\n\
    215; 1259 16386 TABLE public item shop_owner\n;\tdepends on: 7 8\n7; 2615 2200 SCHEMA - public shop_owner\n\
    3201; 0 16386 TABLE DATA public item shop_owner\n;\tdepends on: 215\n3330; 0 0 SEQUENCE SET public item_id_seq shop_owner\n\
    4000; 0 0 ACL - SCHEMA public pg_database_owner\n8; 1247 16390 TYPE public \"odd name\" shop_owner\n";

const TOKENS: &[&str] = &[
    ";", "; ", " ", "\n", "\r\n", "\t", "depends on:", ";\tdepends on: ", "215; ", "1259 ", "0 0 ",
    "TABLE public ", "TABLE DATA ", "-", "18446744073709551616", "4294967296", "-1", "\u{0}", "é", "\\n",
    "ACL - ", "BLOB - 1 ", "COMMENT - EXTENSION ",
];

fn run(bytes: &[u8]) -> Vec<String> {
    let entries = parsed(bytes);
    // pg_restore gets the entries that were read, one by one.
    let mut text = vec![];
    listed(&entries).unwrap().reopen().unwrap().read_to_end(&mut text).unwrap();
    let again = parsed(&text);
    assert!(again.iter().map(|entry| &entry.what).eq(entries.iter().map(|entry| &entry.what)));
    assert!(again.iter().map(|entry| entry.number).eq(entries.iter().map(|entry| entry.number)));
    let needed = dependencies(bytes);
    let known = |number: &u64| entries.iter().any(|entry| entry.number == *number);
    assert!(needed.keys().all(known));
    let sizes = needed.values().map(|all| "d".repeat(all.len().min(9)));
    let kinds = entries.iter().map(|entry| entry.what.chars().take(12).collect());
    kinds.chain(sizes).chain([format!("{} entries", "e".repeat(entries.len().min(30)))]).collect()
}

#[test]
fn tables_of_contents_never_cause_a_panic() {
    fuzz(&Target { name: "archive", seeds: vec![LIST.as_bytes().to_vec()], tokens: TOKENS, run });
}
