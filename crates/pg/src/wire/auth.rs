//! Rules for answering a server's authentication requests, by method and channel.
//!
//! A cleartext password request discloses the password, and an MD5 answer can be replayed and guessed offline; a
//! server gets either only if it is known to be the right one. SCRAM discloses nothing.
//!
//! <https://www.postgresql.org/docs/current/auth-password.html>

use super::require_auth::{AuthMethod, RequireAuth};

/// Security of a connection, as far as it matters for a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// A Unix-domain socket.
    Socket,
    /// TLS with a verified certificate.
    Verified,
    /// TLS without verification of the server, or no TLS.
    Unverified,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthRules {
    /// Only SCRAM: a service's login.
    ScramOnly,
    /// Only SCRAM, which the server has to ask for unless it is known by its certificate or by the folder of its socket: a login that
    /// sends what callers write.
    Proven,
    /// SCRAM anywhere, clear text and MD5 over a socket or verified TLS: the admin.
    Admin,
    /// The methods listed in `require_auth`.
    Only(RequireAuth),
}

impl AuthRules {
    /// Tests for a permitted request.
    ///
    /// # Errors
    /// Returns the reason, as a sentence.
    pub fn check(&self, method: AuthMethod, channel: Channel) -> Result<(), String> {
        let allowed = match self {
            AuthRules::ScramOnly => matches!(method, AuthMethod::None | AuthMethod::ScramSha256),
            AuthRules::Proven => match method {
                AuthMethod::None => channel != Channel::Unverified,
                method => method == AuthMethod::ScramSha256,
            },
            AuthRules::Admin => match method {
                AuthMethod::None | AuthMethod::ScramSha256 => true,
                AuthMethod::Password | AuthMethod::Md5 => channel != Channel::Unverified,
                AuthMethod::Gss | AuthMethod::Sspi | AuthMethod::Oauth => false,
            },
            AuthRules::Only(methods) => methods.allows(method),
        };
        if allowed { Ok(()) } else { Err(self.refusal(method)) }
    }

    fn refusal(&self, method: AuthMethod) -> String {
        let asks = match method {
            AuthMethod::None => "the server accepts this login without any authentication",
            AuthMethod::Password => "the server asks for the password in clear text",
            AuthMethod::Md5 => "the server asks for an MD5 hash of the password",
            AuthMethod::ScramSha256 => "the server asks for SCRAM-SHA-256",
            AuthMethod::Gss | AuthMethod::Sspi | AuthMethod::Oauth => {
                return format!("the server asks for {}, which is not supported", method.name());
            }
        };
        let why = match self {
            AuthRules::ScramOnly => "a service's login answers only SCRAM-SHA-256",
            AuthRules::Proven => {
                "the data service trusts a server that proves by SCRAM-SHA-256, or by a verified certificate, that it is the right one"
            }
            AuthRules::Admin => {
                "the admin answers that only over a Unix-domain socket or verified TLS, or where require_auth allows it"
            }
            AuthRules::Only(_) => "require_auth does not allow that",
        };
        format!("{asks}, and {why}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AuthMethod::{Md5, None, Password, ScramSha256};

    #[test]
    fn a_password_goes_only_where_it_is_safe() {
        for (rules, channel, allowed) in [
            (AuthRules::ScramOnly, Channel::Socket, &[None, ScramSha256][..]),
            (AuthRules::ScramOnly, Channel::Verified, &[None, ScramSha256]),
            (AuthRules::Proven, Channel::Unverified, &[ScramSha256]),
            (AuthRules::Proven, Channel::Verified, &[None, ScramSha256]),
            (AuthRules::Admin, Channel::Unverified, &[None, ScramSha256]),
            (AuthRules::Admin, Channel::Verified, &[None, ScramSha256, Password, Md5]),
            (AuthRules::Admin, Channel::Socket, &[None, ScramSha256, Password, Md5]),
            (AuthRules::Only("password".parse().unwrap()), Channel::Unverified, &[Password]),
            (AuthRules::Only("scram-sha-256".parse().unwrap()), Channel::Socket, &[ScramSha256]),
        ] {
            for method in [None, Password, Md5, ScramSha256, AuthMethod::Gss] {
                let answer = rules.check(method, channel);
                assert_eq!(answer.is_ok(), allowed.contains(&method), "{rules:?} {channel:?} {method:?}");
            }
        }
    }
}
