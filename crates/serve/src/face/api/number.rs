//! Numbers of a body that would lose digits on their way through a binary number.

use crate::error::{HttpError, HttpResult};

/// Decimal digits that a double always keeps (IEEE 754, binary64).
const EXACT_DIGITS: usize = 15;

/// Rejects a JSON text with a number that would be changed when it is parsed and written again.
pub(super) fn check_numbers(json: &str) -> HttpResult<()> {
    let mut rest = json;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        rest = &rest[at..];
        if rest.starts_with('"') {
            rest = after_text(rest);
            continue;
        }
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (number, behind) = rest.split_at(end);
        if !is_exact(number) {
            let message = format!("the number {number} has too many digits: send it as a text");
            return Err(HttpError::invalid_body(message));
        }
        rest = behind;
    }
    Ok(())
}

fn is_exact(number: &str) -> bool {
    let whole = number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
    let shortest = || number.parse::<f64>().is_ok_and(|value| value.to_string() == number);
    whole || shortest() || number.chars().filter(char::is_ascii_digit).count() <= EXACT_DIGITS
}

/// Returns what follows a text in quotes.
fn after_text(text: &str) -> &str {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::check_numbers;

    #[test]
    fn numbers_that_lose_digits_are_refused() {
        for (json, exact) in [
            (r#"{"a":1.5,"b":-9223372036854775808,"c":18446744073709551615}"#, true),
            (r#"{"a":"123456789012345678901234567890.5"}"#, true),
            (r#"{"a\"":"\\","b":1e3}"#, true),
            (r#"[12345678901234567.25]"#, false),
            (r#"[100000000000000000001]"#, false),
        ] {
            assert_eq!(check_numbers(json).is_ok(), exact, "{json}");
        }
    }
}
