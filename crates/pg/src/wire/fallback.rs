//! Second try of a login, with or without TLS or because of a rename. A security rule, and the only one: each kind of login
//! follows it.
//!
//! <https://www.postgresql.org/docs/current/libpq-ssl.html>

use super::dial::Address;
use super::login::LoginError;
use super::outcome::Stage;
use super::tls::{Transport, transports};

/// Transports of the logins to one address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fallback {
    pub first: Transport,
    second: Option<Transport>,
    /// `true` if a failed handshake may be followed by a connection without TLS.
    prefer_written: bool,
}

impl Fallback {
    pub(crate) fn for_address(address: &Address) -> Fallback {
        let (first, second) = transports(address.mode);
        Fallback { first, second, prefer_written: address.prefer_written }
    }

    /// Returns the transport to try after this failure of the first: pg_hba.conf can have lines for only encrypted or
    /// only plain connections. After a failure of TLS itself, only with an explicit `sslmode=prefer`. The same transport if the
    /// database was renamed while the login waited: a restore gives its name to another one in the same transaction.
    pub(crate) fn after(&self, failed: &LoginError, encrypted: bool) -> Option<Transport> {
        if matches!(failed, LoginError::Rejected(response) if response.is_of_a_rename()) {
            return Some(self.first);
        }
        self.second.filter(|second| match failed {
            LoginError::Rejected(response) => response.by_hba() && encrypted == (*second == Transport::Plain),
            LoginError::Failed(broken) => broken.stage == Stage::Tls && self.prefer_written,
        })
    }
}

/// Returns the failure that counts if both tries failed. If the second got no answer about the login, the server does
/// not support its transport, and the first answer counts.
pub(crate) fn decisive(first: LoginError, second: LoginError) -> LoginError {
    match (&first, &second) {
        (LoginError::Rejected(_), LoginError::Failed(_)) => first,
        _ => second,
    }
}

#[cfg(test)]
mod tests {
    use martydb_model::sqlstate;

    use super::super::error_response::ErrorResponse;
    use super::super::outcome::ConnectionFailure;
    use super::*;
    use Transport::{Offered, Plain, Required};

    fn by_hba() -> LoginError {
        LoginError::Rejected(Box::new(ErrorResponse {
            sqlstate: Some(sqlstate::INVALID_AUTHORIZATION.into()),
            routine: Some("ClientAuthentication".into()),
            message: "no pg_hba.conf entry".into(),
            ..ErrorResponse::default()
        }))
    }

    fn renamed() -> LoginError {
        LoginError::Rejected(Box::new(ErrorResponse {
            sqlstate: Some(sqlstate::INVALID_CATALOG_NAME.into()),
            detail: Some("It seems to have just been dropped or renamed.".into()),
            ..ErrorResponse::default()
        }))
    }

    fn broken(stage: Stage) -> LoginError {
        LoginError::Failed(ConnectionFailure { stage, why: "x".into() })
    }

    #[test]
    fn a_login_goes_without_tls_only_where_the_manifest_allows_it() {
        let prefer = Fallback { first: Offered, second: Some(Plain), prefer_written: false };
        let written = Fallback { prefer_written: true, ..prefer };
        let allow = Fallback { first: Plain, second: Some(Required), prefer_written: false };
        let require = Fallback { first: Required, second: None, prefer_written: false };
        for (fallback, failed, encrypted, expected) in [
            (prefer, by_hba(), true, Some(Plain)),
            (prefer, by_hba(), false, None),
            (prefer, broken(Stage::Tls), false, None),
            (written, broken(Stage::Tls), false, Some(Plain)),
            (written, broken(Stage::Authenticate), true, None),
            (written, broken(Stage::Speak), true, None),
            (allow, by_hba(), false, Some(Required)),
            (allow, broken(Stage::Authenticate), false, None),
            (require, by_hba(), true, None),
            (require, renamed(), true, Some(Required)),
            (prefer, renamed(), true, Some(Offered)),
            (require, broken(Stage::Tls), false, None),
        ] {
            assert_eq!(fallback.after(&failed, encrypted), expected, "{fallback:?} {failed:?} {encrypted}");
        }
    }

    #[test]
    fn an_answer_about_the_login_counts() {
        assert_eq!(decisive(by_hba(), broken(Stage::NoTls)), by_hba());
        assert_eq!(decisive(broken(Stage::Tls), by_hba()), by_hba());
        assert_eq!(decisive(broken(Stage::Tls), broken(Stage::Reach)), broken(Stage::Reach));
    }
}
