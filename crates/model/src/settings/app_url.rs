//! Address of a database for applications: a pooler, a replica or a public address in place of the admin's.

/// An address for applications; each adds its own login and password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppUrl {
    /// Host names or addresses with their TCP ports, tried in this order; never empty.
    pub hosts: Vec<(String, u16)>,
    /// Name of the database at this address; `None` for its own name.
    pub database: Option<String>,
    /// Parameters of libpq, each one of [`PARAMETERS`].
    pub parameters: Vec<(String, String)>,
}

/// libpq parameters that a URL for applications may have
/// (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS>).
pub const PARAMETERS: &[&str] = &[
    "application_name", "channel_binding", "client_encoding", "connect_timeout", "gssencmode", "keepalives",
    "keepalives_count", "keepalives_idle", "keepalives_interval", "load_balance_hosts", "options",
    "require_auth", "ssl_min_protocol_version", "sslcert", "sslcrl", "sslkey", "sslmode", "sslnegotiation",
    "sslrootcert", "sslsni", "target_session_attrs", "tcp_user_timeout",
];

/// libpq's parameter that selects among several hosts by the properties of a session there.
pub const TARGET: &str = "target_session_attrs";

/// The addresses of one service's applications.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AppUrls {
    pub write: Option<AppUrl>,
    pub read: Option<AppUrl>,
}

impl AppUrls {
    /// Returns the address for readers: the one declared for them, or several hosts with a preference for standbys.
    pub fn for_reading(&self) -> Option<AppUrl> {
        let several = || self.write.as_ref().filter(|write| write.hosts.len() > 1);
        self.read.clone().or_else(|| several().map(AppUrl::preferring_standbys))
    }
}

impl AppUrl {
    fn preferring_standbys(&self) -> AppUrl {
        self.clone().with(&[(TARGET, "prefer-standby")])
    }

    /// Returns the address with these parameters in place of its own of the same names.
    #[must_use]
    pub fn with(mut self, parameters: &[(&str, &str)]) -> AppUrl {
        self.parameters.retain(|(name, _)| !parameters.iter().any(|(other, _)| other == name));
        self.parameters.extend(parameters.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        self
    }

    /// Returns the address with another host after its own, if it is another.
    #[must_use]
    pub fn and_host(mut self, host: (String, u16)) -> AppUrl {
        if !self.hosts.contains(&host) {
            self.hosts.push(host);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(hosts: &[&str], target: Option<&str>) -> AppUrl {
        AppUrl {
            hosts: hosts.iter().map(|host| ((*host).to_owned(), 5432)).collect(),
            database: None,
            parameters: target.map(|value| (TARGET.to_owned(), value.to_owned())).into_iter().collect(),
        }
    }

    #[test]
    fn readers_get_their_own_address_or_a_standby_among_several_hosts() {
        let urls = |write: Option<AppUrl>, read: Option<AppUrl>| AppUrls { write, read }.for_reading();
        let one = || Some(url(&["a"], None));
        assert_eq!(urls(one(), Some(url(&["r"], None))), Some(url(&["r"], None)));
        assert_eq!(urls(one(), None), None);
        assert_eq!(urls(None, None), None);
        for target in [None, Some("read-write"), Some("prefer-standby")] {
            let expected = Some(url(&["a", "b"], Some("prefer-standby")));
            assert_eq!(urls(Some(url(&["a", "b"], target)), None), expected, "{target:?}");
        }
    }
}
