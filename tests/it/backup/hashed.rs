//! Differences that the hash of a row notices, and those that it ignores.

use super::Kept;
use super::counted::record;
use crate::support::Admin;

/// A type, a value, and another one.
const VALUES: &[(&str, &str, &str)] = &[
    ("int2", "1", "2"),
    ("int4", "1", "2"),
    ("int8", "4294967296", "0"),
    ("oid", "1", "2"),
    ("bool", "true", "false"),
    ("text", "'a'", "'A'"),
    ("varchar(9)", "'a'", "'a '"),
    ("char(3)", "'a'", "'b'"),
    ("numeric", "1.5", "1.6"),
    ("float8", "0", "'-0'"),
    ("float4", "'NaN'", "1"),
    ("date", "'infinity'", "'5874897-12-31'"),
    ("time", "'12:00'", "'12:00:00.000001'"),
    ("timetz", "'12:00+01'", "'11:00+00'"),
    ("timestamp", "'infinity'", "'-infinity'"),
    ("timestamptz", "'294276-12-31 23:59:59+00'", "'2026-11-23 12:00:00.000001+00'"),
    ("interval", "'1 day'", "'24 hours'"),
    ("uuid", "'00000000-0000-0000-0000-000000000001'", "'00000000-0000-0000-0000-000000000002'"),
    ("bytea", "'\\x00'", "'\\x0000'"),
    ("inet", "'10.0.0.1/8'", "'10.0.0.1/9'"),
    ("macaddr", "'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'"),
    ("jsonb", "'{\"a\": 1.0}'", "'{\"a\": 1.00}'"),
    ("json", "'{}'", "'{ }'"),
    ("bit(3)", "B'101'", "B'100'"),
    ("money", "1", "2"),
    ("point", "'(1,2)'", "'(1,3)'"),
    ("int4range", "'[1,3)'", "'[1,4)'"),
    ("text[]", "'{a,NULL}'", "'{a,\"NULL\"}'"),
    ("tsvector", "'a:1'", "'a:2'"),
    ("mood", "'good'", "'bad'"),
];

#[test]
fn a_changed_value_of_any_type_changes_the_hash() {
    let kept = Kept::start(Admin::Super, "bkv");
    if !kept.can_dump() {
        return;
    }
    let make = |(at, (kind, one, _)): (usize, &(&str, &str, &str))| {
        // One column was dropped before: the numbers of columns are others after a restore.
        format!(
            "CREATE TABLE v{at} (gone int, v {kind}, w {kind}); ALTER TABLE v{at} DROP gone; INSERT INTO v{at} VALUES ({one}, NULL);"
        )
    };
    let all: String = VALUES.iter().enumerate().map(make).collect();
    let columns: Vec<String> = (0..1600).map(|n| format!("c{n} int")).collect();
    let widest = format!("CREATE TABLE widest ({}); INSERT INTO widest (c0) VALUES (1);", columns.join(", "));
    let acting = "SET ROLE bkv_a_owner;";
    kept.server.sql("bkv_a", &format!("{acting} {all} {widest}"));
    let first = kept.backup();
    let contents = |id: &str| record(&kept, id)["contents"].clone();
    let before = contents(&first);
    let change = |(at, (_, _, other)): (usize, &(&str, &str, &str))| format!("UPDATE v{at} SET v = {other};");
    let all: String = VALUES.iter().enumerate().map(change).collect();
    kept.server.sql("bkv_a", &format!("{acting} {all} UPDATE widest SET c1599 = 0"));
    let other = contents(&kept.backup());
    // The same value in the other column.
    let swap: String = (0..VALUES.len()).map(|at| format!("UPDATE v{at} SET v = NULL, w = v;")).collect();
    kept.server.sql("bkv_a", &format!("{acting} {swap}"));
    let swapped = contents(&kept.backup());
    for (at, (kind, ..)) in VALUES.iter().enumerate() {
        let table = format!("table public.v{at}");
        let [one, two, three] =
            [&before, &other, &swapped].map(|contents| contents[&table].as_str().unwrap());
        assert!(one.starts_with("1 rows, sum ") && one != two && two != three, "{kind}: {one} {two} {three}");
    }
    assert_ne!(before["table public.widest"], other["table public.widest"]);
    kept.restore(&first).expect(0);
    assert_eq!(contents(&kept.backup()), before);
}
