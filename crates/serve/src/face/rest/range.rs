//! Ranges of rows: `limit` and `offset`, and the header `Range`.

use crate::error::{HttpError, HttpResult};
use crate::request::RowRange;

/// Combines `limit` and `offset`; a text that is not a number counts as absent.
pub(super) fn of_parameters(limit: Option<&str>, offset: Option<&str>) -> HttpResult<RowRange> {
    let number = |text: Option<&str>| text.and_then(|text| text.trim().parse::<i64>().ok());
    let (limit, offset) = (number(limit), number(offset).unwrap_or(0).max(0));
    if limit.is_some_and(|limit| limit < 0) {
        return Err(HttpError::range("Limit should be greater than or equal to zero."));
    }
    Ok(RowRange { offset, limit })
}

/// Restricts a range by the header `Range`, such as `0-9`; another form counts as absent.
pub(crate) fn header_range(range: RowRange, header: Option<&str>) -> HttpResult<RowRange> {
    let Some((first, last)) = header.and_then(bounds) else { return Ok(range) };
    if range.limit == Some(0) {
        return Ok(range);
    }
    if last.is_some_and(|last| last < first) {
        let details =
            "The lower boundary must be lower than or equal to the upper boundary in the Range header.";
        return Err(HttpError::range(details));
    }
    let offset = range.offset.max(first);
    let last = match (last, range.limit.map(|limit| range.offset.saturating_add(limit - 1))) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    let limit = last.map(|last| last.saturating_sub(offset).saturating_add(1));
    if limit.is_some_and(|limit| limit <= 0) {
        return Err(HttpError::range("Limit should be greater than or equal to zero."));
    }
    Ok(RowRange { offset, limit })
}

fn bounds(header: &str) -> Option<(i64, Option<i64>)> {
    let (first, last) = header.split_once('-')?;
    let first = first.parse::<i64>().ok().filter(|first| *first >= 0)?;
    if last.is_empty() { Some((first, None)) } else { Some((first, Some(last.parse().ok()?))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_narrows_the_range_of_the_parameters() {
        let all = RowRange::default();
        for (range, header, expected) in [
            (all, None, Some((0, None))),
            (all, Some("2-3"), Some((2, Some(2)))),
            (all, Some("5-"), Some((5, None))),
            (RowRange { offset: 1, limit: Some(10) }, Some("0-4"), Some((1, Some(4)))),
            (all, Some("items=0-4"), Some((0, None))),
            (all, Some("3-1"), None),
            (all, Some("0-9223372036854775807"), Some((0, Some(i64::MAX)))),
            (RowRange { offset: i64::MAX, limit: Some(i64::MAX) }, Some("1-"), Some((i64::MAX, Some(1)))),
        ] {
            let found = header_range(range, header).ok().map(|range| (range.offset, range.limit));
            assert_eq!(found, expected, "{range:?} {header:?}");
        }
        assert!(of_parameters(Some("-1"), None).is_err());
        assert_eq!(of_parameters(Some("x"), Some("3")).unwrap(), RowRange { offset: 3, limit: None });
    }
}
