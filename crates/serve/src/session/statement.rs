//! Statements on a connection, with their parameters as text.

use bytes::BytesMut;
use deadpool_postgres::Object;
use futures_util::TryStreamExt;
use tokio_postgres::types::{Format, IsNull, ToSql, Type};
use tokio_postgres::{Row, RowStream, Statement as Prepared};

use super::connector::LARGEST_MESSAGE;
use crate::compile::CompiledStatement;

/// Error of a conversion, as the driver has it.
pub(super) type ConversionError = Box<dyn std::error::Error + Sync + Send>;

/// A value in the text format of whatever type the server derives for it; `None` is NULL.
#[derive(Debug)]
pub(super) struct AsText<'a>(Option<&'a str>);

impl ToSql for AsText<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, ConversionError> {
        let Some(text) = self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    fn to_sql_checked(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, ConversionError> {
        self.to_sql(kind, out)
    }
}

fn texts(compiled: &CompiledStatement) -> impl ExactSizeIterator<Item = AsText<'_>> {
    compiled.values.iter().map(|value| AsText(Some(value)))
}

/// Begins a statement. One that is not prepared is sent with its values; the server derives their types.
pub(super) async fn stream(
    client: &Object,
    prepared: Option<&Prepared>,
    compiled: &CompiledStatement,
) -> Result<RowStream, tokio_postgres::Error> {
    match prepared {
        Some(prepared) => client.query_raw(prepared, texts(compiled)).await,
        None => {
            let values = texts(compiled).map(|text| (text, Type::UNKNOWN));
            client.query_typed_raw(compiled.statement.exact(), values).await
        }
    }
}

pub(super) async fn rows(
    client: &Object,
    prepared: Option<&Prepared>,
    compiled: &CompiledStatement,
) -> Result<Option<Vec<Row>>, tokio_postgres::Error> {
    bounded(stream(client, prepared, compiled).await?).await
}

/// Collects rows; `None` if they have more bytes than any statement of the program returns.
pub(super) async fn bounded(rows: RowStream) -> Result<Option<Vec<Row>>, tokio_postgres::Error> {
    let (mut rows, mut all, mut bytes) = (std::pin::pin!(rows), vec![], 0_usize);
    while let Some(row) = rows.try_next().await? {
        bytes = bytes.saturating_add(row.raw_size_bytes());
        if bytes > LARGEST_MESSAGE {
            return Ok(None);
        }
        all.push(row);
    }
    Ok(Some(all))
}

/// Returns `true` if the driver had to ask the server for a type of the statement.
pub(super) fn has_own_types(prepared: &Prepared) -> bool {
    let columns = prepared.columns().iter().map(tokio_postgres::Column::type_);
    prepared.params().iter().chain(columns).any(|kind| Type::from_oid(kind.oid()).is_none())
}

/// A value as text, with the type that it has; `None` is NULL.
pub(crate) type TypedText<'a> = (Option<&'a str>, Type);

pub(super) fn typed<'a>(values: &[TypedText<'a>]) -> Vec<(AsText<'a>, Type)> {
    values.iter().map(|(value, kind)| (AsText(*value), kind.clone())).collect()
}

pub(super) fn as_typed_values<'a>(texts: &'a [(AsText<'a>, Type)]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    texts.iter().map(|(text, kind)| (text as _, kind.clone())).collect()
}
