//! Limits of a result, which it is checked against before its transaction ends.

use super::StatementResult;
use crate::fault::{RequestFault, Served};
use crate::request::BodyForm;

/// Limits of a result.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResultLimits {
    /// `true` if there has to be one row.
    pub(crate) is_single: bool,
    pub rows: Option<i64>,
    pub bytes: usize,
}

impl ResultLimits {
    /// Returns the limits of a result in a form.
    pub(crate) fn new(form: BodyForm, rows: Option<i64>, bytes: usize) -> ResultLimits {
        ResultLimits { is_single: matches!(form, BodyForm::Single { .. }), rows, bytes }
    }

    /// Checks a result.
    pub(crate) fn check(self, result: StatementResult) -> Served<StatementResult> {
        if self.is_single && result.rows != 1 {
            return Err(RequestFault::not_single(result.rows));
        }
        if self.rows.is_some_and(|most| result.rows > most) {
            return Err(RequestFault::too_many_affected(result.rows));
        }
        if result.body.len() > self.bytes {
            return Err(RequestFault::too_large(self.bytes));
        }
        Ok(result)
    }
}
