//! PostgREST's wire: query strings, headers and bodies, parsed. The grammar is that of
//! <https://docs.postgrest.org/en/stable/references/api.html>.

mod filter;
mod media;
mod order;
mod payload;
mod prefer;
mod query;
mod range;
mod scan;
mod select;

pub use media::{AcceptedMedia, accepted};
pub use payload::rows_body;
pub use prefer::{CountWish, Preferences, ReturnWish, TransactionEnd};
pub use query::{ParsedQuery, parse_query};
pub use range::header_range;
