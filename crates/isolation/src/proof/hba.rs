//! Lines of pg_hba.conf that may match a login. This only selects worthwhile attempts: the attempts themselves
//! reveal the rules that the server has loaded.

use std::net::IpAddr;

use super::listeners::ConnectionType;
use martydb_catalog::{HbaLine, LineMatch};

/// A login attempt as pg_hba.conf matches it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client<'a> {
    pub transport: ConnectionType,
    pub role: &'a str,
    /// Requested database; `None` for physical replication, which has none.
    pub database: Option<&'a str>,
}

/// Connection type, method and options of a line: two lines with the same treatment need one attempt.
pub(crate) type LineMethod<'a> = (&'a str, &'a str, &'a [String]);

/// Returns the treatments of the first line that matches, and of the lines before it that may match.
pub(crate) fn treatments<'a>(lines: &'a [HbaLine], client: &Client<'_>) -> Vec<LineMethod<'a>> {
    let mut found = vec![];
    for line in lines.iter().filter(|line| line.error.is_none()) {
        let fit = fit(line, client);
        if fit != LineMatch::No {
            let [kind, method] = [&line.kind, &line.method].map(|word| word.as_deref().unwrap_or_default());
            found.push((kind, method, line.options.as_slice()));
        }
        if fit == LineMatch::Yes {
            break;
        }
    }
    found
}

/// Returns `true` if the line accepts logins and names this role, or a group or pattern that may include it.
pub(crate) fn names_role(line: &HbaLine, role: &str) -> bool {
    let names = |name: &String| name != "all" && user(name, role) != LineMatch::No;
    line.error.is_none() && line.method.as_deref() != Some("reject") && line.users.iter().any(names)
}

/// Returns `true` if the line names this database, or a group or pattern that may include it.
pub(crate) fn names_database(line: &HbaLine, role: &str, name: &str) -> bool {
    line.databases.iter().any(|found| found != "all" && database(found, role, Some(name)) != LineMatch::No)
}

fn fit(line: &HbaLine, client: &Client<'_>) -> LineMatch {
    let any = |names: &[String], one: &dyn Fn(&str) -> LineMatch| {
        names.iter().map(|name| one(name)).max().unwrap_or(LineMatch::No)
    };
    connection_type(line, client.transport)
        .min(any(&line.databases, &|name| database(name, client.role, client.database)))
        .min(any(&line.users, &|name| user(name, client.role)))
        .min(address(line, client.transport))
}

fn connection_type(line: &HbaLine, transport: ConnectionType) -> LineMatch {
    let tls = match transport {
        ConnectionType::Socket => return (line.kind.as_deref() == Some("local")).into(),
        ConnectionType::Tcp { tls, .. } => tls,
    };
    match (line.kind.as_deref(), tls) {
        (Some("host" | "hostnogssenc"), _) => LineMatch::Yes,
        (Some("hostssl"), Some(tls)) => tls.into(),
        (Some("hostnossl"), Some(tls)) => (!tls).into(),
        (Some("hostssl" | "hostnossl"), None) => LineMatch::Perhaps,
        _ => LineMatch::No,
    }
}

fn database(name: &str, role: &str, database: Option<&str>) -> LineMatch {
    match (name, database) {
        ("replication", None) => LineMatch::Yes,
        // `all` does not mean replication.
        (_, None) => LineMatch::No,
        ("all", _) => LineMatch::Yes,
        ("sameuser", Some(database)) => (database == role).into(),
        ("samerole" | "samegroup", _) => LineMatch::Perhaps,
        (pattern, _) if pattern.starts_with('/') => LineMatch::Perhaps,
        (name, Some(database)) => (name == database).into(),
    }
}

fn user(name: &str, role: &str) -> LineMatch {
    match name {
        "all" => LineMatch::Yes,
        pattern if pattern.starts_with(['/', '+']) => LineMatch::Perhaps,
        name => (name == role).into(),
    }
}

fn address(line: &HbaLine, transport: ConnectionType) -> LineMatch {
    let (ConnectionType::Tcp { client, .. }, Some(address)) = (transport, line.address.as_deref()) else {
        return LineMatch::Yes;
    };
    let mask = line.netmask.as_deref().and_then(|mask| mask.parse::<IpAddr>().ok());
    match (address, client, address.parse::<IpAddr>(), mask) {
        ("all", ..) => LineMatch::Yes,
        ("samehost" | "samenet", Some(client), ..) if client.is_loopback() => LineMatch::Yes,
        (_, Some(client), Ok(network), Some(mask)) => within(client, network, mask).into(),
        _ => LineMatch::Perhaps,
    }
}

fn within(client: IpAddr, network: IpAddr, mask: IpAddr) -> bool {
    match (client, network, mask) {
        (IpAddr::V4(client), IpAddr::V4(network), IpAddr::V4(mask)) => {
            client.to_bits() & mask.to_bits() == network.to_bits() & mask.to_bits()
        }
        (IpAddr::V6(client), IpAddr::V6(network), IpAddr::V6(mask)) => {
            client.to_bits() & mask.to_bits() == network.to_bits() & mask.to_bits()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses lines of `kind database user address/mask method`, the columns of `pg_hba_file_rules`.
    fn lines(text: &str) -> Vec<HbaLine> {
        let line = |(n, line): (usize, &str)| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let local = words[0] == "local";
            let address = (!local).then(|| words[3].split('/').map(str::to_owned).collect::<Vec<_>>());
            HbaLine {
                line: n as i32,
                file: None,
                kind: Some(words[0].into()),
                databases: words[1].split(',').map(Into::into).collect(),
                users: words[2].split(',').map(Into::into).collect(),
                address: address.as_ref().map(|parts| parts[0].clone()),
                netmask: address.and_then(|parts| parts.get(1).cloned()),
                method: Some(words[if local { 3 } else { 4 }].into()),
                options: vec![],
                error: None,
            }
        };
        text.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate().map(line).collect()
    }

    #[test]
    fn the_first_line_that_fits_decides_and_doubtful_ones_before_it_count() {
        let lines = lines(
            "local all postgres peer
             local all all scram-sha-256
             hostssl a all 0.0.0.0/0.0.0.0 cert
             host a,b app 127.0.0.0/255.0.0.0 trust
             host replication all ::1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff md5
             host all +crew all ldap
             hostnossl all all all password
             host all all db.example.com reject
             host all all 0.0.0.0/0.0.0.0 scram-sha-256",
        );
        let v4 = Some("127.0.0.1".parse().unwrap());
        let v6 = Some("::1".parse().unwrap());
        let tcp = |client, tls| ConnectionType::Tcp { client, tls };
        let cases: &[(ConnectionType, &str, Option<&str>, &[&str])] = &[
            (ConnectionType::Socket, "postgres", Some("a"), &["peer"]),
            (ConnectionType::Socket, "app", Some("a"), &["scram-sha-256"]),
            (ConnectionType::Socket, "app", None, &[]),
            (tcp(v4, Some(false)), "app", Some("a"), &["trust"]),
            (tcp(v4, Some(true)), "app", Some("a"), &["cert"]),
            (tcp(v4, None), "app", Some("a"), &["cert", "trust"]),
            (tcp(v4, Some(false)), "app", Some("c"), &["ldap", "password"]),
            (tcp(v4, Some(true)), "ro", Some("b"), &["ldap", "reject", "scram-sha-256"]),
            (tcp(v6, Some(false)), "app", None, &["md5"]),
            (tcp(v4, Some(false)), "app", None, &[]),
            (tcp(v6, Some(true)), "app", Some("b"), &["ldap", "reject"]),
            (tcp(None, Some(true)), "app", Some("b"), &["trust", "ldap", "reject", "scram-sha-256"]),
        ];
        for (transport, role, database, expected) in cases {
            let client = Client { transport: *transport, role, database: *database };
            let methods: Vec<&str> = treatments(&lines, &client).into_iter().map(|one| one.1).collect();
            assert_eq!(methods, *expected, "{client:?}");
        }
    }
}
