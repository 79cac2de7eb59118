//! Messages of the output plugin `pgoutput`, protocol version 1.
//!
//! <https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html>

use super::lsn::Lsn;

/// OID of a relation in the messages.
pub(crate) type RelationOid = u32;

/// Value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamedValue {
    Null,
    /// Stored out of line and unchanged: not sent.
    Unchanged,
    /// Output of the type's output function.
    Text(String),
}

/// Values of a row, in the order of the relation's columns.
pub(crate) type StreamedRow = Vec<StreamedValue>;

/// Table, as the source describes it before its first row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamedRelation {
    pub number: RelationOid,
    pub schema: String,
    pub name: String,
    pub identity: RowIdentity,
    pub columns: Vec<StreamedColumn>,
}

/// Columns by which the source identifies a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowIdentity {
    /// Columns of a key.
    Key,
    /// All columns.
    Full,
    /// None.
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamedColumn {
    pub name: String,
    pub in_key: bool,
    /// OID of the type at the source.
    pub type_number: u32,
    /// Modifier of the type, such as a length; -1 for none.
    pub modifier: i32,
}

/// Message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamMessage {
    /// Begins a transaction, whose commit is at this LSN.
    Begin {
        commit: Lsn,
    },
    /// Ends the transaction; the log continues at `end`.
    Commit {
        commit: Lsn,
        end: Lsn,
    },
    Relation(StreamedRelation),
    Insert {
        relation: RelationOid,
        row: StreamedRow,
    },
    /// `old` is the former identity of the row: its key, or all of it; `None` if its key is unchanged.
    Update {
        relation: RelationOid,
        old: Option<StreamedRow>,
        row: StreamedRow,
    },
    Delete {
        relation: RelationOid,
        old: StreamedRow,
    },
    Truncate {
        relations: Vec<RelationOid>,
        restart: bool,
    },
    /// Message without rows.
    Other,
}

/// Decodes a message.
///
/// # Errors
/// As text, for a message that is not of version 1.
pub fn decode(bytes: &[u8]) -> Result<StreamMessage, String> {
    let mut reader = MessageReader { rest: bytes };
    let tag = reader.byte()?;
    let message = match tag {
        b'B' => {
            let commit = Lsn(reader.u64()?);
            reader.read(12)?;
            StreamMessage::Begin { commit }
        }
        b'C' => {
            reader.read(1)?;
            let (commit, end) = (Lsn(reader.u64()?), Lsn(reader.u64()?));
            reader.read(8)?;
            StreamMessage::Commit { commit, end }
        }
        b'R' => StreamMessage::Relation(reader.relation()?),
        b'I' => {
            let relation = reader.u32()?;
            reader.expect(b'N')?;
            StreamMessage::Insert { relation, row: reader.row()? }
        }
        b'U' => reader.update()?,
        b'D' => {
            let relation = reader.u32()?;
            let mark = reader.byte()?;
            if !matches!(mark, b'K' | b'O') {
                return Err(format!("a delete without a row, but with {mark:#04x}"));
            }
            StreamMessage::Delete { relation, old: reader.row()? }
        }
        b'T' => reader.truncate()?,
        // Origin of a transaction, type, message of a function.
        b'O' | b'Y' | b'M' => return Ok(StreamMessage::Other),
        _ => return Err(format!("a message of the unknown kind {tag:#04x}")),
    };
    match reader.rest.len() {
        0 => Ok(message),
        more => Err(format!("a message of the kind {} with {more} bytes too many", char::from(tag))),
    }
}

struct MessageReader<'a> {
    rest: &'a [u8],
}

impl<'a> MessageReader<'a> {
    fn read(&mut self, bytes: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(bytes).ok_or("a message that ends too early")?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        Ok(self.read(N)?.try_into().expect("so many were taken"))
    }

    fn byte(&mut self) -> Result<u8, String> {
        Ok(self.array::<1>()?[0])
    }

    fn u16(&mut self) -> Result<u16, String> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, String> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, String> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    fn text(&mut self, bytes: usize) -> Result<String, String> {
        let text = std::str::from_utf8(self.read(bytes)?);
        Ok(text.map_err(|_| "a text that is not UTF-8")?.to_owned())
    }

    /// Reads a text that ends with a NUL byte.
    fn name(&mut self) -> Result<String, String> {
        let end = self.rest.iter().position(|byte| *byte == 0).ok_or("a name without an end")?;
        let name = self.text(end)?;
        self.read(1)?;
        Ok(name)
    }

    fn expect(&mut self, mark: u8) -> Result<(), String> {
        let found = self.byte()?;
        let wrong = || format!("{found:#04x} instead of {}", char::from(mark));
        if found == mark { Ok(()) } else { Err(wrong()) }
    }

    fn relation(&mut self) -> Result<StreamedRelation, String> {
        let number = self.u32()?;
        let (schema, name) = (self.name()?, self.name()?);
        // An empty name stands for `pg_catalog`.
        let schema = if schema.is_empty() { "pg_catalog".into() } else { schema };
        let identity = match self.byte()? {
            b'f' => RowIdentity::Full,
            b'n' => RowIdentity::Nothing,
            _ => RowIdentity::Key,
        };
        let columns = (0..self.u16()?).map(|_| self.column()).collect::<Result<_, _>>()?;
        Ok(StreamedRelation { number, schema, name, identity, columns })
    }

    fn column(&mut self) -> Result<StreamedColumn, String> {
        let in_key = self.byte()? & 1 == 1;
        let name = self.name()?;
        let (type_number, modifier) = (self.u32()?, self.u32()?.cast_signed());
        Ok(StreamedColumn { name, in_key, type_number, modifier })
    }

    fn row(&mut self) -> Result<StreamedRow, String> {
        (0..self.u16()?).map(|_| self.value()).collect()
    }

    fn value(&mut self) -> Result<StreamedValue, String> {
        match self.byte()? {
            b'n' => Ok(StreamedValue::Null),
            b'u' => Ok(StreamedValue::Unchanged),
            b't' => {
                let bytes = usize::try_from(self.u32()?).unwrap_or(usize::MAX);
                Ok(StreamedValue::Text(self.text(bytes)?))
            }
            kind => Err(format!("a value of the unknown kind {kind:#04x}")),
        }
    }

    fn update(&mut self) -> Result<StreamMessage, String> {
        let relation = self.u32()?;
        let mut mark = self.byte()?;
        let mut old = None;
        if matches!(mark, b'K' | b'O') {
            old = Some(self.row()?);
            mark = self.byte()?;
        }
        match mark {
            b'N' => Ok(StreamMessage::Update { relation, old, row: self.row()? }),
            _ => Err(format!("an update without a row, but with {mark:#04x}")),
        }
    }

    fn truncate(&mut self) -> Result<StreamMessage, String> {
        let count = self.u32()?;
        let restart = self.byte()? & 2 == 2;
        let relations = (0..count).map(|_| self.u32()).collect::<Result<_, _>>()?;
        Ok(StreamMessage::Truncate { relations, restart })
    }
}

#[cfg(test)]
mod tests;
