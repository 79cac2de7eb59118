//! A database's URL in the settings of a project, without its password.

/// Location of a database. It contains no password, nor a part of one: an ambiguous URL is rejected.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct DatabaseLocation {
    /// Empty if the URL omits it, or has a variable in its place.
    pub host: String,
    pub port: Option<u16>,
    /// Empty in the same cases as `host`.
    pub database: String,
}

/// Parses the first PostgreSQL URL in a text: `postgresql://`, or the forms of SQLAlchemy, JDBC and others.
pub(crate) fn place(text: &str) -> Option<DatabaseLocation> {
    let text = text.trim().trim_matches(['"', '\'']);
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.strip_prefix("jdbc:").unwrap_or(scheme).split('+').next().unwrap_or_default();
    if !matches!(scheme, "postgres" | "postgresql" | "postgis") {
        return None;
    }
    let rest = without_variables(rest);
    let (address, query) = rest.split_once(['?', '#']).unwrap_or((&rest, ""));
    let (authority, database) = address.split_once('/').unwrap_or((address, ""));
    // An unencoded character of a password; the rest may be part of it.
    if query.contains('@') || database.contains('@') {
        return None;
    }
    let host = authority.rsplit_once('@').map_or(authority, |parts| parts.1);
    let (host, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port.trim_start_matches(':')),
        None => host.split_once(':').unwrap_or((host, "")),
    };
    let port = if port.is_empty() { None } else { Some(port.parse().ok()?) };
    let all_plain = is_plain(host, ".-_:") && is_plain(database, "_-$.");
    (all_plain && database.len() <= 63).then(|| DatabaseLocation {
        host: host.into(),
        port,
        database: database.into(),
    })
}

fn is_plain(text: &str, further: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || further.contains(c))
}

/// Replaces `${NAME:-default}` by its default, and removes `${NAME}`, `$NAME`, `%(name)s` and `{{ name }}`.
fn without_variables(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(['$', '%', '{']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = |open: &str, close: &str| {
            let inner = rest.strip_prefix(open)?;
            let end = inner.find(close)?;
            Some((&inner[..end], &inner[end + close.len()..]))
        };
        let variable = end("${", "}").or_else(|| end("%(", ")s")).or_else(|| end("{{", "}}"));
        if let Some((name, after)) = variable {
            out.push_str(name.split_once(":-").or_else(|| name.split_once('-')).map_or("", |parts| parts.1));
            rest = after;
        } else {
            let name = rest[1..].len()
                - rest[1..].trim_start_matches(|c: char| c == '_' || c.is_alphanumeric()).len();
            if rest.starts_with('$') && name > 0 {
                rest = &rest[1 + name..];
            } else {
                out.push_str(&rest[..1]);
                rest = &rest[1..];
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_from_every_spelling() {
        for (text, host, port, database) in [
            ("postgresql://localhost/shop", "localhost", None, "shop"),
            ("postgresql+asyncpg://u:p@db:5433/marty_csca", "db", Some(5433), "marty_csca"),
            ("jdbc:postgresql://db.internal:5432/orders?ssl=true", "db.internal", Some(5432), "orders"),
            ("\"postgres://u@[::1]:5432/a\"", "::1", Some(5432), "a"),
            (
                "postgresql://${U:-x}:${P}@${DB_HOST:-localhost}:${DB_PORT:-5432}/csca",
                "localhost",
                Some(5432),
                "csca",
            ),
            ("postgres://$U:$P@$H/csca", "", None, "csca"),
            ("postgresql://%(user)s@%(host)s/a", "", None, "a"),
            ("postgres://u:{{ .pw }}@h/a", "h", None, "a"),
        ] {
            let expected = DatabaseLocation { host: host.into(), port, database: database.into() };
            assert_eq!(place(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn nothing_of_a_password_is_taken_for_a_place() {
        for text in [
            "postgresql://u:hunter2/x@h/db",
            "postgresql://u:hunter2?x@h/db",
            "postgresql://u:hunter2#x@h/db",
            "postgresql://u:12#hunter2@h/db",
            "postgresql://u:hunter2",
            "mysql://u:p@h/db",
            "postgresql://h/a b",
            "no url",
        ] {
            assert_eq!(place(text), None, "{text}");
        }
        let found = place("postgresql://u:hun:ter@2@h:1/db").unwrap();
        assert_eq!((&*found.host, &*found.database), ("h", "db"));
    }
}
