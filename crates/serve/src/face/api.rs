//! The face `/{service}/api/db/…`: documents by their key, pages, queries, counts, aggregates and transactions, parsed into the
//! same typed request as PostgREST's wire.

mod aggregate;
mod batch;
mod body;
mod collection;
mod filter;
mod number;
mod operation;
mod page;
mod route;
mod search;

pub(crate) use aggregate::{AggregateRequest, parse_aggregate};
pub(crate) use batch::{BatchOperation, IsolationLevel, OperationBatch, isolation, parse_batch};
pub(crate) use body::BodyKeys;
pub(crate) use collection::{
    CollectionKind, NewDocuments, parse_change, parse_documents, parse_json, replacement,
};
pub(crate) use operation::{ApiAction, ApiOperation, RowId, RowTarget, check_key, parse_rows};
pub(crate) use page::{PageRequest, page_order, parse_count, parse_list, parse_query_body};
pub use route::is_reserved;
pub(crate) use route::{ApiRoute, OperationsRoute, RowAddress, parse_route, unsupported};
pub(crate) use search::{MOST_COLLECTIONS, SearchRequest, parse_search};
