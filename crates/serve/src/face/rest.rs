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

pub use call::{ParsedCall, check_method, parse_call};
pub use filter::json_filter;
pub use media::{AnswerMedia, LINES, accepted_of_function, accepted_of_relation, is_lines};
pub use payload::rows_body;
pub use prefer::{CountWish, Preferences, ReturnWish, TransactionEnd};
pub use query::{ParsedQuery, json_path, pairs, parse_call_query, parse_order, parse_query, parse_select};
pub use range::header_range;
