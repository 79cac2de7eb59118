//! Names and variables in psql's meta-commands.

use super::statement::Statement;

/// Formats `\connect` to another database of the same server, quoted as in `pg_dump`: first for libpq's connection
/// string, then for psql. `None` for a name with a line break, which psql's commands cannot contain.
pub fn connect(database: &str) -> Option<String> {
    if database.contains(['\n', '\r']) {
        return None;
    }
    let value = database.replace('\\', "\\\\").replace('\'', "\\'");
    let text = format!("dbname='{value}'").replace('"', "\"\"");
    Some(format!("\\connect -reuse-previous=on \"{text}\""))
}

/// Returns the name of the variable that holds the verifier of a login's password: letters, digits and `_`
/// (<https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-VARIABLES>), every other byte in hexadecimal.
pub fn variable_name(login: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let letter = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("{byte:02x}") };
    login.bytes().map(letter).collect()
}

/// Returns the variable, which psql replaces by its value as a quoted literal.
pub fn variable(login: &str) -> Statement {
    Statement::assemble(format!(":'{}'", variable_name(login)), "'<secret>'".into())
}

/// Formats `\set` of the variable to a verifier, which has neither quotes nor backslashes.
pub fn set_variable(login: &str, verifier: &str) -> String {
    format!("\\set {} '{verifier}'\n", variable_name(login))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_for_both_readers() {
        for (name, expected) in [
            ("shop", r#"\connect -reuse-previous=on "dbname='shop'""#),
            ("a b", r#"\connect -reuse-previous=on "dbname='a b'""#),
            ("o'\"x\\", r#"\connect -reuse-previous=on "dbname='o\'""x\\'""#),
        ] {
            assert_eq!(connect(name).as_deref(), Some(expected));
        }
        assert_eq!(connect("a\nb"), None);
    }

    #[test]
    fn a_variable_has_a_name_that_psql_takes() {
        assert_eq!(variable("shop_app").exact(), ":'shop_app'");
        assert_eq!(variable_name("pay-ments \u{e9}"), "pay2dments20c3a9");
        assert_eq!(
            set_variable("a", "SCRAM-SHA-256$4096:x=$y=:z="),
            "\\set a 'SCRAM-SHA-256$4096:x=$y=:z='\n"
        );
    }
}
