//! PostgREST's wire: query strings, headers and bodies, parsed. The grammar is that of
//! <https://docs.postgrest.org/en/stable/references/api.html>.

mod call;
mod filter;
mod media;
mod order;
mod payload;
mod prefer;
mod query;
mod range;
mod scan;
mod select;

pub(crate) use call::{check_method, parse_call};
pub(crate) use filter::json_filter;
pub(crate) use media::{AnswerMedia, LINES, accepted_of_function, accepted_of_relation, is_lines};
pub(crate) use payload::rows_body;
pub(crate) use prefer::{CountPreference, Preferences, ReturnPreference, TransactionEnd};
pub(crate) use query::{
    ParsedQuery, json_path, pairs, parse_call_query, parse_order, parse_query, parse_select,
};
pub(crate) use range::header_range;
