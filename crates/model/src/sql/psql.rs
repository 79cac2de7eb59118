//! Names in psql's meta-commands.

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
}
