//! Authentication methods of pg_hba.conf: the proof that each requires, and the system that verifies it.

/// Proof that a method requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    Nothing,
    /// None is accepted: the line rejects.
    Refusal,
    /// A password that is not sent; the server stores a verifier of it.
    Password,
    /// A password that is sent in clear text.
    ClearPassword,
    /// The client's operating-system account, reported by the kernel.
    Account,
    /// The account that the other host names.
    RemoteAccount,
    Certificate,
    /// The answer of a system outside of the server.
    Outside,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LoginMethod {
    pub name: &'static str,
    pub proof: Proof,
    /// System that decides, if it is not the server.
    pub decider: &'static str,
    /// `true` if the server receives the password in clear text.
    pub clear: bool,
}

const fn row(name: &'static str, proof: Proof, decider: &'static str, clear: bool) -> LoginMethod {
    LoginMethod { name, proof, decider, clear }
}

const METHODS: &[LoginMethod] = &[
    row("trust", Proof::Nothing, "", false),
    row("reject", Proof::Refusal, "", false),
    // The server's own answer if no line matches a login.
    row("implicit-reject", Proof::Refusal, "", false),
    row("scram-sha-256", Proof::Password, "", false),
    row("md5", Proof::Password, "", false),
    row("password", Proof::ClearPassword, "", true),
    row("peer", Proof::Account, "", false),
    row("ident", Proof::RemoteAccount, "the ident server of the host that connects", false),
    row("cert", Proof::Certificate, "", false),
    row("gss", Proof::Outside, "a Kerberos realm", false),
    row("sspi", Proof::Outside, "a Windows domain", false),
    row("pam", Proof::Outside, "PAM", true),
    row("ldap", Proof::Outside, "an LDAP server", true),
    row("radius", Proof::Outside, "a RADIUS server", true),
    row("bsd", Proof::Outside, "BSD Authentication", true),
    row("oauth", Proof::Outside, "an OAuth issuer and a validator module", false),
];

/// An unknown method, possibly of a later PostgreSQL: treated as decided elsewhere.
const UNKNOWN: LoginMethod = row("", Proof::Outside, "a method that martydb does not know", true);

pub(crate) fn method(name: Option<&str>) -> LoginMethod {
    let known = METHODS.iter().find(|row| Some(row.name) == name);
    known.copied().unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_the_server_has_one_row() {
        // hba.c, UserAuthName.
        const NAMES: &str =
            "trust ident password gss sspi pam bsd ldap cert radius peer oauth md5 scram-sha-256 reject";
        for name in NAMES.split(' ') {
            assert_eq!(METHODS.iter().filter(|row| row.name == name).count(), 1, "{name}");
        }
        assert_eq!(method(Some("later")).proof, Proof::Outside);
    }

    #[test]
    fn a_setting_decided_elsewhere_names_its_source() {
        for row in METHODS {
            assert_eq!(
                row.proof == Proof::Outside || row.proof == Proof::RemoteAccount,
                !row.decider.is_empty(),
                "{row:?}"
            );
        }
    }
}
