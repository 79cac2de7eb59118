use proptest::prelude::*;

use super::*;

/// Encodes a message as the server does.
fn encode(message: &StreamMessage) -> Vec<u8> {
    let mut out = vec![];
    match message {
        StreamMessage::Begin { commit } => {
            out.push(b'B');
            out.extend(commit.0.to_be_bytes());
            out.extend([7; 12]);
        }
        StreamMessage::Commit { commit, end } => {
            out.extend([b'C', 0]);
            out.extend(commit.0.to_be_bytes());
            out.extend(end.0.to_be_bytes());
            out.extend([7; 8]);
        }
        StreamMessage::Relation(relation) => {
            out.push(b'R');
            out.extend(relation.number.to_be_bytes());
            for name in [&relation.schema, &relation.name] {
                out.extend(name.as_bytes());
                out.push(0);
            }
            out.push(match relation.identity {
                RowIdentity::Key => b'd',
                RowIdentity::Full => b'f',
                RowIdentity::Nothing => b'n',
            });
            out.extend(u16::try_from(relation.columns.len()).unwrap().to_be_bytes());
            for column in &relation.columns {
                out.push(u8::from(column.in_key));
                out.extend(column.name.as_bytes());
                out.push(0);
                out.extend(column.type_number.to_be_bytes());
                out.extend(column.modifier.to_be_bytes());
            }
        }
        StreamMessage::Insert { relation, row } => {
            out.push(b'I');
            out.extend(relation.to_be_bytes());
            out.push(b'N');
            put(&mut out, row);
        }
        StreamMessage::Update { relation, old, row } => {
            out.push(b'U');
            out.extend(relation.to_be_bytes());
            if let Some(old) = old {
                out.push(b'K');
                put(&mut out, old);
            }
            out.push(b'N');
            put(&mut out, row);
        }
        StreamMessage::Delete { relation, old } => {
            out.push(b'D');
            out.extend(relation.to_be_bytes());
            out.push(b'O');
            put(&mut out, old);
        }
        StreamMessage::Truncate { relations, restart } => {
            out.push(b'T');
            out.extend(u32::try_from(relations.len()).unwrap().to_be_bytes());
            out.push(if *restart { 3 } else { 0 });
            relations.iter().for_each(|number| out.extend(number.to_be_bytes()));
        }
        StreamMessage::Other => out.extend(b"O anything"),
    }
    out
}

fn put(out: &mut Vec<u8>, row: &StreamedRow) {
    out.extend(u16::try_from(row.len()).unwrap().to_be_bytes());
    for value in row {
        match value {
            StreamedValue::Null => out.push(b'n'),
            StreamedValue::Unchanged => out.push(b'u'),
            StreamedValue::Text(text) => {
                out.push(b't');
                out.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
                out.extend(text.as_bytes());
            }
        }
    }
}

fn row() -> impl Strategy<Value = StreamedRow> {
    let value = prop_oneof![
        Just(StreamedValue::Null),
        Just(StreamedValue::Unchanged),
        "[^\0]{0,20}".prop_map(StreamedValue::Text),
    ];
    prop::collection::vec(value, 0..6)
}

fn relation() -> impl Strategy<Value = StreamedRelation> {
    let column = ("[^\0]{1,9}", any::<bool>(), any::<u32>(), any::<i32>());
    let column = column.prop_map(|(name, in_key, type_number, modifier)| StreamedColumn {
        name,
        in_key,
        type_number,
        modifier,
    });
    let identity = prop_oneof![Just(RowIdentity::Key), Just(RowIdentity::Full), Just(RowIdentity::Nothing)];
    (any::<u32>(), "[^\0]{1,9}", "[^\0]{1,9}", identity, prop::collection::vec(column, 0..5)).prop_map(
        |(number, schema, name, identity, columns)| StreamedRelation {
            number,
            schema,
            name,
            identity,
            columns,
        },
    )
}

fn message() -> impl Strategy<Value = StreamMessage> {
    prop_oneof![
        any::<u64>().prop_map(|at| StreamMessage::Begin { commit: Lsn(at) }),
        any::<(u64, u64)>().prop_map(|(at, end)| StreamMessage::Commit { commit: Lsn(at), end: Lsn(end) }),
        relation().prop_map(StreamMessage::Relation),
        (any::<u32>(), row()).prop_map(|(relation, row)| StreamMessage::Insert { relation, row }),
        (any::<u32>(), prop::option::of(row()), row())
            .prop_map(|(relation, old, row)| StreamMessage::Update { relation, old, row }),
        (any::<u32>(), row()).prop_map(|(relation, old)| StreamMessage::Delete { relation, old }),
        (prop::collection::vec(any::<u32>(), 0..4), any::<bool>())
            .prop_map(|(relations, restart)| StreamMessage::Truncate { relations, restart }),
        Just(StreamMessage::Other),
    ]
}

proptest! {
    #[test]
    fn a_written_value_is_read_back(message in message()) {
        prop_assert_eq!(decode(&encode(&message)), Ok(message));
    }

    #[test]
    fn a_cut_message_is_refused(message in message(), cut in 1_usize..40) {
        prop_assume!(message != StreamMessage::Other);
        let bytes = encode(&message);
        let kept = bytes.len().saturating_sub(cut);
        prop_assert!(decode(&bytes[..kept]).is_err());
    }

    #[test]
    fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _read = decode(&bytes);
    }
}

#[test]
fn unknown_parts_are_reported() {
    assert_eq!(decode(b"S\0").unwrap_err(), "a message of the unknown kind 0x53");
    assert_eq!(decode(b"I\0\0\0\x01N\0\x01b").unwrap_err(), "a value of the unknown kind 0x62");
    assert_eq!(decode(b"I\0\0\0\x01N\0\x01t\0\0\0\x01\xff").unwrap_err(), "a text that is not UTF-8");
    assert!(decode(b"I\0\0\0\x01N\0\0more").unwrap_err().ends_with("4 bytes too many"));
    assert!(decode(b"").is_err());
}
