//! The one way through a request: a handler says what is to be done, as a [`PreparedRequest`], and the runner does it. It alone takes
//! connections, begins and ends transactions, looks at costs, writes the audit, and decides if a session is used again.

mod lease;
mod prepared;
mod request_session;
mod runner;
mod stream;
mod transaction;

pub use lease::ask;
pub use prepared::{
    Handled, PreparedRequest, RequestContext, RequestEnd, RequestWork, SessionUse, Step, StepForm,
    TransactionMode,
};
pub use request_session::RequestSession;
pub use stream::ServedAnswer;
pub use transaction::{TransactionSettings, in_own_transaction};
