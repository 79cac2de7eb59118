//! Which lines of pg_hba.conf may decide a login. It only chooses what is worth trying: what is loaded now, the
//! attempts find out.

use std::net::IpAddr;

use super::listeners::Side;
use crate::audit::facts::HbaLine;

/// A login as pg_hba.conf sees it.
#[derive(Debug, Clone, Copy)]
pub struct Comer<'a> {
    /// Where it comes in.
    pub side: Side,
    /// Its role.
    pub role: &'a str,
    /// The database it asks for; `None` for the replication of everything, which belongs to none.
    pub database: Option<&'a str>,
}

/// How a line treats whoever it lets decide: two lines of one treatment need one attempt.
pub type Treatment<'a> = (&'a str, &'a str, &'a [String]);

/// Whether a line is about a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    No,
    /// It depends on what cannot be known from here: a host's name, a pattern, who is in a group.
    Perhaps,
    Yes,
}

impl From<bool> for Fit {
    fn from(fits: bool) -> Self {
        if fits { Fit::Yes } else { Fit::No }
    }
}

/// How the first line that fits treats the login, and those before it that may fit.
pub fn treatments<'a>(lines: &'a [HbaLine], comer: &Comer<'_>) -> Vec<Treatment<'a>> {
    let mut found = vec![];
    for line in lines.iter().filter(|line| line.error.is_none()) {
        let fit = fit(line, comer);
        if fit != Fit::No {
            let [kind, method] = [&line.kind, &line.method].map(|word| word.as_deref().unwrap_or_default());
            found.push((kind, method, line.options.as_slice()));
        }
        if fit == Fit::Yes {
            break;
        }
    }
    found
}

fn fit(line: &HbaLine, comer: &Comer<'_>) -> Fit {
    let any = |names: &[String], one: &dyn Fn(&str) -> Fit| {
        names.iter().map(|name| one(name)).max().unwrap_or(Fit::No)
    };
    transport(line, comer.side)
        .min(any(&line.databases, &|name| database(name, comer)))
        .min(any(&line.users, &|name| user(name, comer.role)))
        .min(address(line, comer.side))
}

fn transport(line: &HbaLine, side: Side) -> Fit {
    let tls = match side {
        Side::Socket => return (line.kind.as_deref() == Some("local")).into(),
        Side::Tcp { tls, .. } => tls,
    };
    match (line.kind.as_deref(), tls) {
        (Some("host" | "hostnogssenc"), _) => Fit::Yes,
        (Some("hostssl"), Some(tls)) => tls.into(),
        (Some("hostnossl"), Some(tls)) => (!tls).into(),
        (Some("hostssl" | "hostnossl"), None) => Fit::Perhaps,
        _ => Fit::No,
    }
}

fn database(name: &str, comer: &Comer<'_>) -> Fit {
    match (name, comer.database) {
        ("replication", None) => Fit::Yes,
        // `all` does not mean replication.
        (_, None) => Fit::No,
        ("all", _) => Fit::Yes,
        ("sameuser", Some(database)) => (database == comer.role).into(),
        ("samerole" | "samegroup", _) => Fit::Perhaps,
        (pattern, _) if pattern.starts_with('/') => Fit::Perhaps,
        (name, Some(database)) => (name == database).into(),
    }
}

fn user(name: &str, role: &str) -> Fit {
    match name {
        "all" => Fit::Yes,
        pattern if pattern.starts_with(['/', '+']) => Fit::Perhaps,
        name => (name == role).into(),
    }
}

fn address(line: &HbaLine, side: Side) -> Fit {
    let (Side::Tcp { client, .. }, Some(address)) = (side, line.address.as_deref()) else { return Fit::Yes };
    let mask = line.netmask.as_deref().and_then(|mask| mask.parse::<IpAddr>().ok());
    match (address, client, address.parse::<IpAddr>(), mask) {
        ("all", ..) => Fit::Yes,
        ("samehost" | "samenet", Some(client), ..) if client.is_loopback() => Fit::Yes,
        (_, Some(client), Ok(network), Some(mask)) => within(client, network, mask).into(),
        _ => Fit::Perhaps,
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

    /// `kind database user address/mask method`, as `pg_hba_file_rules` tells it.
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
        let tcp = |client, tls| Side::Tcp { client, tls };
        let cases: &[(Side, &str, Option<&str>, &[&str])] = &[
            (Side::Socket, "postgres", Some("a"), &["peer"]),
            (Side::Socket, "app", Some("a"), &["scram-sha-256"]),
            (Side::Socket, "app", None, &[]),
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
        for (side, role, database, expected) in cases {
            let comer = Comer { side: *side, role, database: *database };
            let methods: Vec<&str> = treatments(&lines, &comer).into_iter().map(|one| one.1).collect();
            assert_eq!(methods, *expected, "{comer:?}");
        }
    }
}
