//! Detection of missing entries by a program's failure. Any other failure (sealed, offline, not logged in) must not count
//! as a missing entry: `apply` would replace passwords that are in use.

use std::path::Path;

use martydb_manifest::Absent;

/// A program's file name, its exit code if that is specific or the same in all versions, and a part of its standard
/// error.
type AbsentRule = (&'static str, Option<i32>, &'static str);

/// Messages from the programs' sources. Those about a missing mount, vault, namespace or file are left out on purpose:
/// with them every entry would count as absent.
const RULES: &[AbsentRule] = &[
    ("vault", Some(2), "No value found at"),
    ("sops", Some(1), "error truncating tree: component ["),
    ("pass", Some(1), "is not in the password store"),
    // 254 from version 2 of the AWS command line on, 255 before.
    ("aws", None, "(ResourceNotFoundException)"),
    ("aws", None, "(ParameterNotFound)"),
    ("gcloud", Some(1), "NOT_FOUND: Secret "),
    // 3 in current versions, 1 in older ones.
    ("az", None, "(SecretNotFound)"),
    ("kubectl", Some(1), "Error from server (NotFound): secrets \""),
];

/// Returns `true` if a failed call of `program` reports a missing entry: by the manifest's description if there is one,
/// else by the known rules.
pub(crate) fn is_absent(described: Option<&Absent>, program: &str, exit: Option<i32>, stderr: &str) -> bool {
    let matches =
        |code: Option<i32>, part: &str| code.is_none_or(|code| exit == Some(code)) && stderr.contains(part);
    match described {
        Some(absent) => matches(absent.exit, absent.stderr.as_deref().unwrap_or_default()),
        None => rules(program).any(|(_, code, part)| matches(*code, part)),
    }
}

/// Returns `true` if the program's report of a missing entry is known without a description.
pub(crate) fn is_known(program: &str) -> bool {
    rules(program).next().is_some()
}

fn rules(program: &str) -> impl Iterator<Item = &'static AbsentRule> {
    let name = Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or(program);
    RULES.iter().filter(move |rule| rule.0 == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_programs_say_it_in_words_of_their_own() {
        let cases = [
            ("vault", 2, "No value found at secret/data/martydb/dev/a_app", true),
            ("/usr/local/bin/vault", 2, "No value found at secret/data/martydb/dev/a_app", true),
            ("vault", 2, "Error reading secret/data/x: Code: 503. Errors:\n\n* Vault is sealed", false),
            ("vault", 2, "Error making API request. Code: 403. Errors:\n\n* permission denied", false),
            ("sops", 1, "error truncating tree: component ['a_app'] not found", true),
            ("sops", 128, "Failed to get the data key required to decrypt the SOPS file.", false),
            ("pass", 1, "Error: martydb/a_app is not in the password store.", true),
            ("pass", 2, "gpg: decryption failed: No secret key", false),
            (
                "aws",
                254,
                "An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation: Secrets Manager can't find the specified secret.",
                true,
            ),
            (
                "aws",
                255,
                "An error occurred (ParameterNotFound) when calling the GetParameter operation: ",
                true,
            ),
            (
                "aws",
                254,
                "An error occurred (AccessDeniedException) when calling the GetSecretValue operation",
                false,
            ),
            (
                "gcloud",
                1,
                "ERROR: (gcloud.secrets.versions.access) NOT_FOUND: Secret [projects/1/secrets/x] not found or has no versions.",
                true,
            ),
            (
                "gcloud",
                1,
                "ERROR: (gcloud.secrets.versions.access) PERMISSION_DENIED: Permission denied",
                false,
            ),
            (
                "az",
                3,
                "ERROR: (SecretNotFound) A secret with (name/id) x was not found in this key vault.",
                true,
            ),
            ("az", 3, "ERROR: (VaultNotFound) The Vault 'kv' was not found.", false),
            ("kubectl", 1, "Error from server (NotFound): secrets \"x\" not found", true),
            ("kubectl", 1, "Error from server (NotFound): namespaces \"x\" not found", false),
            ("cat", 1, "No value found at", false),
        ];
        for (program, exit, stderr, absent) in cases {
            assert_eq!(is_absent(None, program, Some(exit), stderr), absent, "{program}: {stderr}");
        }
    }

    #[test]
    fn the_match_covers_all_that_the_manifest_describes() {
        let both = Absent { exit: Some(7), stderr: Some("none".into()) };
        assert!(is_absent(Some(&both), "x", Some(7), "there is none"));
        assert!(!is_absent(Some(&both), "x", Some(7), "sealed"));
        assert!(!is_absent(Some(&both), "x", Some(1), "there is none"));
        // A signal is not an exit code.
        assert!(!is_absent(Some(&both), "x", None, "there is none"));
        let words = Absent { exit: None, stderr: Some("none".into()) };
        assert!(is_absent(Some(&words), "vault", Some(9), "none"));
        assert!(!is_absent(Some(&words), "vault", Some(2), "No value found at x"));
    }
}
