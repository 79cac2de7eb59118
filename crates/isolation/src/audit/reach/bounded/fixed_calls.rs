//! Calls that give nothing because their first argument is a constant: a file, a setting or a sequence.

use super::super::executed_text::{closing, split_arguments};
use super::super::pieces::{Piece, name_at, pieces};
use super::settings::{is_harmless, is_shown};
use super::words::KERNEL_FILES;

/// Functions that read a file, where its name is a constant.
const READERS: &[&str] = &["pg_read_file", "pg_read_binary_file"];

/// Returns `true` for a file that shows nothing of a service or the server.
pub(crate) fn is_of_kernel(file: &str) -> bool {
    KERNEL_FILES.contains(&file)
}

/// Returns `true` if the call at this parenthesis reads a file of the kernel, or uses a known setting or sequence.
pub(super) fn is_fixed_call(body: &[Piece], function: &str, open: usize) -> bool {
    let arguments =
        closing(body, open).map(|close| split_arguments(&body[open + 1..close])).unwrap_or_default();
    let first = match arguments.first().copied() {
        Some([Piece::Text(first)]) => first,
        Some([Piece::Text(first), Piece::Symbol(b':'), Piece::Symbol(b':'), of]) if of.is("regclass") => {
            first
        }
        _ => return false,
    };
    match function {
        reader if READERS.contains(&reader) => arguments.len() == 1 && is_of_kernel(first),
        "set_config" => arguments.len() == 3 && is_harmless(first),
        "current_setting" => is_shown(first),
        "nextval" => arguments.len() == 1 && is_qualified(first),
        _ => false,
    }
}

/// Returns `true` for a name with its schema.
fn is_qualified(text: &str) -> bool {
    let words = pieces(text);
    name_at(&words, 0).is_some_and(|(name, end)| end == words.len() && name.schema.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_argument_is_a_known_constant() {
        for (text, expected) in [
            ("pg_read_file('/proc/loadavg')", true),
            ("pg_read_file('/etc/passwd')", false),
            ("pg_read_file($1)", false),
            ("set_config('app.login', $1, true)", true),
            ("set_config('temp_file_limit', $1, true)", false),
            ("set_config($1, $2, true)", false),
            ("set_config('app.' || $1, $2, true)", false),
            ("current_setting('app.login', true)", true),
            ("current_setting('data_directory')", false),
            ("nextval('ops.numbers')", true),
            ("nextval('ops.numbers'::regclass)", true),
            ("nextval(p::regclass)", false),
            ("nextval('numbers')", false),
            ("setval('ops.numbers', 1)", false),
        ] {
            let words = pieces(text);
            let (name, open) = name_at(&words, 0).unwrap();
            assert_eq!(is_fixed_call(&words, &name.name, open), expected, "{text}");
        }
    }
}
