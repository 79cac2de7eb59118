//! Words around a secret: those that announce one, and those that only mention one.

const ANNOUNCERS: &str = "\
    password passwort passwd passphrase pwd pw pass secret token apikey api_key api-key credential \
    credentials bearer key private_key access_key pgpassword";

/// Words after an announcer in a text that is about secrets without containing one.
const TALK: &str = "\
    a an and are at authentication by change changed changes encryption expired expires for from hash in is \
    kept length lives management manager must never not of on or owner policy required reset rotated rotates \
    rotation see service services set store stored table the to until vault was will with signing exchange \
    value store. only login issued";

/// Values after an announcer that mean no secret.
const NONE_TOLD: &str = "\
    ask disabled empty enabled expire missing n/a na nil none null sync tbd unknown unset";

/// Announcers that often precede something else: the word after them must look like a secret.
const WEAK: &[&str] = &["bearer", "credential", "credentials", "key", "pass", "token"];

/// Most words of a placeholder.
const LONGEST_PLACEHOLDER: usize = 4;

/// Beginnings of references to a secret that is stored elsewhere.
const REFERENCES: &[&str] = &["arn:", "op://", "projects/", "vault:"];

/// Returns `true` if a text contains a secret, by its words: `pw hunter2`, `password: x`, `api_key=…`, or a URL
/// with a password.
pub(crate) fn announces(text: &str) -> bool {
    let lower = text.to_lowercase();
    url_with_password(&lower) || pairs(&lower)
}

fn url_with_password(text: &str) -> bool {
    text.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', ' ', '?']).next().unwrap_or_default();
        authority
            .split_once('@')
            .is_some_and(|(user, _)| user.split_once(':').is_some_and(|(_, password)| !password.is_empty()))
    })
}

fn pairs(text: &str) -> bool {
    let refers = |word: &&str| REFERENCES.iter().any(|start| word.contains(start));
    let own: Vec<&str> = text.split_whitespace().filter(|word| !refers(word)).collect();
    let spaced = own.join(" ").replace(['=', ':'], " = ");
    let gap = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '"' | '\'');
    let words: Vec<&str> = spaced.split(gap).filter(|word| !word.is_empty()).collect();
    (0..words.len()).any(|at| is_announcer(words[at]) && is_secret(words[at], &words[at + 1..]))
}

/// Returns `true` for an announcer, also in a compound: `pw`, `app.jwt_secret`, `db-password`.
fn is_announcer(word: &str) -> bool {
    let word = word.rsplit('.').next().unwrap_or(word);
    let ends = |one: &str| {
        one.len() > 4 && (word.ends_with(&format!("_{one}")) || word.ends_with(&format!("-{one}")))
    };
    ANNOUNCERS.split(' ').any(|one| one == word || ends(one))
}

fn is_talk(word: &str) -> bool {
    TALK.split(' ').chain(NONE_TOLD.split(' ')).any(|one| one == word)
}

/// Returns `true` for a placeholder, such as `<from vault>`, `${DB_PASSWORD}`, `{{ … }}` and `***`, and for the end of one.
fn is_placeholder(behind: &[&str]) -> bool {
    let Some(first) = behind.first() else { return false };
    let closes = |end: &str| behind.iter().take(LONGEST_PLACEHOLDER).any(|word| word.ends_with(end));
    let framed = [("<", ">"), ("${", "}"), ("{{", "}}")];
    framed.iter().any(|(start, end)| first.starts_with(start) && closes(end))
        || first.chars().all(|c| matches!(c, '*' | '}' | '>'))
}

/// Returns `true` if the words after an announcer are a secret, not text about one.
fn is_secret(announcer: &str, behind: &[&str]) -> bool {
    let (assigned, next) = match behind {
        ["=", next, ..] | ["is", next] => (true, next),
        [next, ..] => (false, next),
        [] => return false,
    };
    if is_placeholder(&behind[usize::from(assigned)..]) {
        return false;
    }
    let weak = WEAK.contains(&announcer);
    let odd = next.chars().any(|c| c.is_ascii_digit()) && next.len() >= if weak { 8 } else { 4 };
    let is_value = !weak && (assigned || behind.len() == 1);
    *next != "=" && !is_talk(next) && !is_identifier(announcer, next) && (odd || is_value)
}

/// Returns `true` for a UUID, which is more often the key of a row than a secret.
fn is_identifier(announcer: &str, word: &str) -> bool {
    let parts: Vec<usize> = word.split('-').map(str::len).collect();
    announcer == "key" && parts == [8, 4, 4, 4, 12] && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::announces;

    #[test]
    fn a_secret_gives_itself_away_and_talk_about_secrets_does_not() {
        for text in [
            "initial pw hunter2",
            "password: swordfish",
            "the password is swordfish",
            "initial password swordfish",
            "API_KEY=abcdef123",
            "postgresql://app:s3cr3t@host/db",
            "myapp.token = abc123xyz",
            "bearer eyJhbGciOi123",
            "app.jwt_secret=zzz",
            "password=<hunter2",
        ] {
            assert!(announces(text), "{text}");
        }
        for talk in [
            "martydb:marty",
            "password reset service",
            "owner of the key store",
            "secrets are kept in vault",
            "password rotated 2026-01-01",
            "see the token service",
            "keycloak database",
            "public key infrastructure",
            "postgresql://host/db",
            "lock_timeout=5s",
            "search_path=public, app",
            "worker key=user_sync",
            "token=refresh-job",
            "vault-agent: token renewal",
            "job:api_key:expire",
            "PostgreSQL JDBC Driver password=none",
            "secret: none",
            "token: n/a",
            "pwd: ask the DBA team",
            "key: 3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            "secret_ref=arn:aws:secretsmanager:eu-central-1:123456789012:secret:alpha-Ab12Cd",
            "partition key: customer_id; sort key=created_at",
            "psql \"host=db user=beta_ro password=<from vault>\"",
            "password: ${DB_PASSWORD}",
            "token={{ api_token }}",
            "password=********",
        ] {
            assert!(!announces(talk), "{talk}");
        }
    }
}
