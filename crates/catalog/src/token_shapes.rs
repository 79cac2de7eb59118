//! Secrets that are recognized by their shape alone: tokens of providers, keys, verifiers and headers. Pure.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::connection_strings::{cut, is_secret};

/// Name of what PostgreSQL stores for a password: it identifies a login of the whole server.
pub const VERIFIER: &str = "the verifier of a login's password";

/// Form of a secret, with the place where its issuer describes it.
struct TokenShape {
    /// Name with its article, for a message.
    name: &'static str,
    starts: &'static [&'static str],
    /// Tests the text that follows such a start.
    follows: fn(&str) -> bool,
}

const fn shape(name: &'static str, starts: &'static [&'static str], follows: fn(&str) -> bool) -> TokenShape {
    TokenShape { name, starts, follows }
}

const SHAPES: &[TokenShape] = &[
    // https://docs.stripe.com/keys: keys of the live mode; those of the test mode reach no customer.
    shape("a Stripe key", &["sk_live_", "rk_live_"], |rest| {
        letters(rest) >= 16 || run(rest, "_") >= 14 && rest.bytes().take(14).any(|byte| byte.is_ascii_digit())
    }),
    // https://github.blog/engineering/behind-githubs-new-authentication-token-formats
    shape("a GitHub token", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], |rest| letters(rest) >= 36),
    shape("a GitHub token", &["github_pat_"], |rest| run(rest, "_") >= 36),
    // https://docs.gitlab.com/security/tokens
    shape("a GitLab token", &["glpat-"], |rest| run(rest, "_-") >= 20),
    // https://api.slack.com/concepts/token-types
    shape("a Slack token", &["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-"], |rest| run(rest, "-") >= 20),
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html: the key itself is often beside its ID.
    shape("an AWS access key", &["AKIA", "ASIA"], |rest| {
        letters(rest) == 16 && rest.chars().take(16).all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    }),
    // https://cloud.google.com/docs/authentication/api-keys
    shape("a Google API key", &["AIza"], |rest| run(rest, "_-") == 35),
    // https://docs.sendgrid.com/ui/account-and-settings/api-keys
    shape("a SendGrid key", &["SG."], |rest| run(rest, "_-") == 22 && run(rest, "_-.") >= 66),
    // https://docs.npmjs.com/about-access-tokens
    shape("an npm token", &["npm_"], |rest| letters(rest) == 36),
    // https://developer.hashicorp.com/vault/docs/concepts/tokens
    shape("a Vault token", &["hvs.", "hvb."], |rest| run(rest, "_-") >= 24),
    // RFC 7519: three parts in Base64, the first of which begins with `{"`.
    shape("a JSON Web Token", &["eyJ"], is_web_token),
    // RFC 7468
    shape("a key in PEM form", &["-----BEGIN "], |rest| {
        let label = rest.split("-----").next().unwrap_or_default();
        label.len() <= 30
            && label.contains("PRIVATE")
            && label.ends_with(" KEY")
            && letters_after(rest, label.len() + 5)
    }),
    // scram-common.c, parse_scram_secret: SCRAM-SHA-256$<rounds>:<salt>$<StoredKey>:<ServerKey>
    shape(VERIFIER, &["SCRAM-SHA-256$"], |rest| {
        let parts: Vec<&str> = rest.splitn(4, [':', '$']).collect();
        matches!(parts.as_slice(), [rounds, salt, stored, server] if rounds.parse::<u32>().is_ok()
            && run(salt, "+/=") == salt.len() && stored.len() == 44 && run(server, "+/=") >= 44)
    }),
    // crypt.c, get_password_type: md5 and 32 digits; pg_dumpall writes it behind the word PASSWORD.
    shape(VERIFIER, &["PASSWORD 'md5"], |rest| {
        run(rest, "") == 32 && rest[..32].chars().all(|c| c.is_ascii_hexdigit())
    }),
    // RFC 7617: user and password in Base64.
    shape("a password in an Authorization header", &["Basic ", "basic "], |rest| {
        let word = &rest[..run(rest, "+/=")];
        let plain = STANDARD.decode(word).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let pair = plain.as_deref().and_then(|plain| plain.split_once(':'));
        pair.is_some_and(|(user, password)| is_secret(user, password))
    }),
    // RFC 6750
    shape("a token in an Authorization header", &["Bearer ", "bearer "], |rest| {
        let word = &rest[..run(rest, "-._~+/=")];
        word.len() >= 20 && has_digit(word) && word.chars().any(|c| c.is_ascii_alphabetic())
    }),
    // RFC 3986, 3.2.1
    shape("a password in a URL", &["://"], |rest| {
        let authority = rest.split(|c: char| c.is_whitespace() || "/?'\"<>".contains(c)).next();
        let user = authority.and_then(|authority| authority.rsplit_once('@')).map(|(user, _)| user);
        user.and_then(|user| user.split_once(':'))
            .is_some_and(|(user, password)| is_secret(if user.is_empty() { "-" } else { user }, password))
    }),
];

/// Longest part of a text that is tested for one token.
const MAX_TOKEN_BYTES: usize = 4096;

/// Search for all starts in one pass, and the shape of each.
static STARTS: LazyLock<(AhoCorasick, Vec<&TokenShape>)> = LazyLock::new(|| {
    let (mut words, mut shapes) = (vec![], vec![]);
    for shape in SHAPES {
        for start in shape.starts {
            words.push(*start);
            shapes.push(shape);
        }
    }
    (AhoCorasick::new(words).expect("a short list of short words"), shapes)
});

/// Name for a text in which the search was given up: a service could write one on which it takes minutes.
const GIVEN_UP: &str = "more beginnings of tokens than are examined";

/// Returns the name of the first secret in a text.
pub fn secret_of_known_shape(text: &str) -> Option<&'static str> {
    let (search, shapes) = &*STARTS;
    // Tokens do not overlap; only a text that was made for it has many beginnings within one.
    let mut left = 2 * text.len() + MAX_TOKEN_BYTES;
    for found in search.find_overlapping_iter(text) {
        let shape = shapes[found.pattern().as_usize()];
        let before = text[..found.start()].chars().next_back();
        // Connection strings of PostgreSQL are judged by their user.
        let scheme = &text[..found.start()];
        if shape.starts[0] == "://" && (scheme.ends_with("postgres") || scheme.ends_with("postgresql")) {
            continue;
        }
        let is_apart = shape.starts[0].starts_with([':', '-']) || !before.is_some_and(char::is_alphanumeric);
        if !is_apart {
            continue;
        }
        let rest = cut(&text[found.end()..], MAX_TOKEN_BYTES);
        let Some(less) = left.checked_sub(run(rest, "-._")) else { return Some(GIVEN_UP) };
        left = less;
        if (shape.follows)(rest) {
            return Some(shape.name);
        }
    }
    None
}

/// Returns the length of the leading letters, digits and further characters of ASCII.
fn run(text: &str, more: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && !more.contains(c)).unwrap_or(text.len())
}

/// Returns the length of the leading letters and digits, of which there must be both.
fn letters(text: &str) -> usize {
    let length = run(text, "");
    if has_digit(&text[..length]) { length } else { 0 }
}

fn has_digit(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_digit())
}

/// Returns `true` if a key follows its first line, and not only the name of its form.
fn letters_after(text: &str, at: usize) -> bool {
    text.get(at..)
        .is_some_and(|key| run(key.trim_start_matches(['\\', 'n', 'r', '\n', '\r', ' ']), "+/=") >= 32)
}

fn is_web_token(rest: &str) -> bool {
    let token = &rest[..run(rest, "._-")];
    let parts: Vec<&str> = token.split('.').collect();
    let decodes = |part: &str| URL_SAFE_NO_PAD.decode(part).is_ok_and(|bytes| bytes.starts_with(b"{"));
    match parts.as_slice() {
        [header, payload, signature, ..] => {
            decodes(&format!("eyJ{header}")) && decodes(payload) && signature.len() >= 20
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts in two halves: a scanner of repositories would take a whole one for a secret.
    const SECRETS: &[(&str, &str)] = &[
        ("sk_live_", "4eC39HqLyjWDarjtT1zdp7dc"),
        ("sk_live_", "billing_k2J9sLq0"),
        ("export GH=ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"),
        ("github_pat_", "11ABCDEFG0aBcDeFgHiJkL_0123456789abcdefghijklmnop"),
        ("token: xoxb-", "123456789012-1234567890123-AbCdEfGhIj"),
        ("aws AKIA", "IOSFODNN7EXAMPLE"),
        ("eyJ", "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"),
        ("-----BEGIN RSA PRIVATE", " KEY-----\nMIIEowIBAAKCAQEA7bq0x3oZ4z9kQm8vN2"),
        (
            "SCRAM-SHA-256",
            "$4096:E6a7j1BV8dzD5RV0LgYIvQ==$gJXDGDw+DjkRiq8MndjGu7sms9JkXI9HBlCE2CTW40g=:rMyDWhTyiy18HegHbeAH5rMyDWhTyiy18HegHbeAH5A=",
        ),
        ("Authorization: Basic ", "YmlsbGluZzprMkozc0xxMDk="),
        ("Authorization: Bearer ", "a8f5f167f44f4964e6c998dee827110c"),
        ("https://billing:", "k2J9sLq0@hooks.example/in"),
        ("redis://:", "k2J9sLq0@cache:6379/0"),
    ];

    #[test]
    fn each_shape_is_recognized_within_other_words() {
        for (start, end) in SECRETS {
            let text = format!("SELECT '{start}{end}', 1");
            assert!(secret_of_known_shape(&text).is_some(), "{start}");
        }
    }

    #[test]
    fn placeholders_names_and_ordinary_text_are_not_secrets() {
        for text in [
            "sk_live_…",
            "sk_live_your_key_here",
            "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
            "ghp_",
            "xoxb-token",
            "AKIA",
            "the AKIAS of 2024",
            "TASIA1234567890123456",
            "eyJ.eyJ.x",
            "-----BEGIN PUBLIC KEY-----\nMIIEowIBAAKCAQEA7bq0x3oZ4z9kQm8vN2",
            "-----BEGIN PRIVATE KEY-----",
            "SCRAM-SHA-256",
            "SCRAM-SHA-256$4096",
            "password_encryption = 'scram-sha-256'",
            "basic authentication",
            "Basic ' || encode(u || ':' || p, 'base64')",
            "Bearer ' || token",
            "Authorization: Bearer {{token}}",
            "bearer of the certificate",
            "https://example.com:8080/x@y",
            "https://user:${PASSWORD}@host",
            "postgresql://postgres:postgres@localhost/x",
            "https://user@host",
        ] {
            assert_eq!(secret_of_known_shape(text), None, "{text}");
        }
    }

    #[test]
    fn many_beginnings_within_one_token_end_the_search() {
        for part in ["eyJ-", "eyJ.eyJ.eyJa.", "AIza-", "SG._"] {
            assert_eq!(secret_of_known_shape(&part.repeat(20_000)), Some(GIVEN_UP), "{part}");
        }
        let links = "see https://example.org/eyJ and AIza. ".repeat(10_000);
        assert_eq!(secret_of_known_shape(&links), None);
        assert_eq!(
            secret_of_known_shape(&format!("{links}token=npm_{}1", "a".repeat(35))),
            Some("an npm token")
        );
    }

    #[test]
    fn no_text_is_too_long_or_too_odd() {
        let odd = "é://é:é@eyJ.é.SG.-----BEGIN Basic Bearer SCRAM-SHA-256$é:é$".repeat(2_000);
        secret_of_known_shape(&odd);
        for length in 0..200 {
            let cut: String = odd.chars().skip(length).take(64).collect();
            secret_of_known_shape(&cut);
        }
    }
}
