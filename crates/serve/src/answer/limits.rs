//! Limits of a result, which it is checked against before its transaction ends.

use super::StatementResult;
use crate::error::{HttpError, HttpResult};
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

    /// Checks row count and size of a result.
    pub(crate) fn check(self, result: StatementResult) -> HttpResult<StatementResult> {
        if self.is_single && result.rows != 1 {
            return Err(HttpError::not_single(result.rows));
        }
        if self.rows.is_some_and(|most| result.rows > most) {
            return Err(HttpError::too_many_affected(result.rows));
        }
        if result.body.len() > self.bytes {
            return Err(HttpError::too_large(self.bytes));
        }
        Ok(result)
    }
}
