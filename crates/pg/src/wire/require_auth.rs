//! libpq's `require_auth`: the authentication methods that the admin accepts from the server
//! (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-REQUIRE-AUTH>).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuthMethod {
    /// The password in clear text.
    Password,
    /// The password's MD5 hash.
    Md5,
    /// Kerberos through GSSAPI.
    Gss,
    /// Windows' SSPI.
    Sspi,
    /// SCRAM-SHA-256, also with channel binding.
    ScramSha256,
    /// An OAuth bearer token.
    Oauth,
    /// The server accepts the client without an exchange, as with `trust`, `peer` and `cert`.
    None,
}

const METHODS: [(&str, AuthMethod); 7] = [
    ("password", AuthMethod::Password),
    ("md5", AuthMethod::Md5),
    ("gss", AuthMethod::Gss),
    ("sspi", AuthMethod::Sspi),
    ("scram-sha-256", AuthMethod::ScramSha256),
    ("oauth", AuthMethod::Oauth),
    ("none", AuthMethod::None),
];

impl AuthMethod {
    /// Returns libpq's spelling.
    pub fn name(self) -> &'static str {
        METHODS.iter().find(|row| row.1 == self).expect("every method has a row").0
    }
}

/// The accepted methods: those that are listed, or all but those listed with `!`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequireAuth(BTreeSet<AuthMethod>);

impl RequireAuth {
    pub fn allows(&self, method: AuthMethod) -> bool {
        self.0.contains(&method)
    }
}

impl FromStr for RequireAuth {
    type Err = String;

    /// The error repeats no part of the text: in a URL it may be part of a password.
    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split(',').map(str::trim).collect();
        let excluded = words.iter().filter(|word| word.starts_with('!')).count();
        if excluded > 0 && excluded < words.len() {
            return Err("require_auth cannot mix methods with and without an exclamation mark".into());
        }
        let mut listed = BTreeSet::new();
        for word in words {
            if !listed.insert(method(word.strip_prefix('!').unwrap_or(word))?) {
                return Err("require_auth lists a method twice".into());
            }
        }
        let all = METHODS.iter().map(|row| row.1);
        Ok(RequireAuth(if excluded == 0 {
            listed
        } else {
            all.filter(|one| !listed.contains(one)).collect()
        }))
    }
}

impl fmt::Display for RequireAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(|method| method.name()).collect();
        f.write_str(&names.join(","))
    }
}

fn method(word: &str) -> Result<AuthMethod, String> {
    METHODS.iter().find(|row| row.0 == word).map(|row| row.1).ok_or_else(|| {
        let all: Vec<_> = METHODS.iter().map(|row| row.0).collect();
        format!("require_auth has an unknown method, expected {}", all.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_listed_or_excluded() {
        for (text, allowed) in [
            ("scram-sha-256", "scram-sha-256"),
            ("md5, password", "password,md5"),
            ("!password,!md5", "gss,sspi,scram-sha-256,oauth,none"),
            ("none", "none"),
            ("!none", "password,md5,gss,sspi,scram-sha-256,oauth"),
        ] {
            let parsed: RequireAuth = text.parse().unwrap();
            assert_eq!(parsed.to_string(), allowed, "{text}");
        }
        let only: RequireAuth = "scram-sha-256".parse().unwrap();
        assert!(only.allows(AuthMethod::ScramSha256) && !only.allows(AuthMethod::Password));
    }

    #[test]
    fn values_that_libpq_refuses_are_refused() {
        for text in ["", "scram", "md5,!password", "md5,md5", "md5,", "!!md5", "MD5", "!"] {
            assert!(text.parse::<RequireAuth>().is_err(), "{text}");
        }
    }
}
