//! Start of the image of Redis or Valkey: <https://github.com/docker-library/docs/blob/master/redis/README.md>.
//!
//! The image makes no user. So the first start writes an aclfile with the admin alone, by the hash of its password;
//! later ones read what `ACL SAVE` kept there: <https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/>.

use super::RedisNode;

/// Disk of a server: its keys and its users.
pub(crate) const DATA: &str = "/data";

/// Files in a container of a server.
pub(crate) struct ServerFiles<'f> {
    /// Password of the admin.
    pub password: &'f str,
    /// Certificate and key of a server with TLS.
    pub certificate: Option<[&'f str; 2]>,
}

/// Returns the script that starts a server.
pub(crate) fn script(node: &RedisNode<'_>, files: &ServerFiles<'_>) -> String {
    let password = files.password;
    format!(
        "set -eu\n\
         umask 077\n\
         users={DATA}/users.acl\n\
         if [ ! -s \"$users\" ]; then\n\
         [ -n \"$(head -n 1 {password} | tr -d '\\r\\n')\" ] || {{ echo 'the first line of {password} is empty' >&2; exit 1; }}\n\
         hash=$(head -n 1 {password} | tr -d '\\r\\n' | sha256sum | cut -c 1-64)\n\
         printf '{}\\n' \"$hash\" >\"$users.new\"\n\
         mv \"$users.new\" \"$users\"\n\
         fi\n\
         exec docker-entrypoint.sh {} {}\n",
        first_users(&node.server.user),
        program(node, "server"),
        arguments(node, files).join(" ")
    )
}

/// Returns the lines of the first aclfile, with `%s` for the hash of the password.
fn first_users(admin: &str) -> String {
    let own = format!("user {admin} on #%s ~* &* +@all");
    if admin == martydb_manifest::DEFAULT_USER {
        return own;
    }
    format!("user default off resetchannels -@all\\n{own}")
}

/// Returns the name and the rule of the admin with this password, as arguments of `ACL SETUSER`.
pub(crate) fn admin_rule(node: &RedisNode<'_>, password: &str) -> [String; 6] {
    [node.server.user.clone(), "on".into(), format!(">{password}"), "~*".into(), "&*".into(), "+@all".into()]
}

/// Returns the arguments of a server. Nothing is evicted: a service would lose keys to another's memory.
fn arguments(node: &RedisNode<'_>, files: &ServerFiles<'_>) -> Vec<String> {
    let port = node.server.port;
    let mut all = match files.certificate {
        None => vec![format!("--port {port}")],
        Some([certificate, key]) => vec![
            format!("--port 0 --tls-port {port} --tls-auth-clients no"),
            format!("--tls-cert-file {certificate} --tls-key-file {key}"),
        ],
    };
    all.push(format!("--protected-mode yes --dir {DATA} --aclfile {DATA}/users.acl --appendonly yes"));
    let memory = memory(&node.deploy.memory).map(|bytes| format!("--maxmemory {bytes}"));
    all.extend(memory);
    all.push("--maxmemory-policy noeviction".to_owned());
    all
}

/// Returns three quarters of a quantity in bytes: buffers of clients, and pages that are written while a child process saves
/// the keys, need the rest.
fn memory(quantity: &str) -> Option<u64> {
    let number = quantity.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &quantity[number.len()..] {
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        "Ti" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let bytes = number.parse::<f64>().ok()? * factor * 0.75;
    // A fraction of a byte is of no use.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a quantity is positive")]
    Some(bytes as u64)
}

/// Returns the command that succeeds when clients can connect. It does not log in as `default`, which `apply` switches
/// off: each refused login is an entry of the server's ACL log. A server whose admin has another password than the file is
/// ready too: its services use it.
pub(crate) fn ready(node: &RedisNode<'_>, files: &ServerFiles<'_>) -> String {
    let (port, client, user) = (node.server.port, program(node, "cli"), &node.server.user);
    let tls = if node.server.tls { " --tls --insecure" } else { "" };
    if node.server.starts_as_default() {
        return format!("{client} -p {port}{tls} PING | grep -Eq 'PONG|NOAUTH'");
    }
    let password = files.password;
    format!(
        "REDISCLI_AUTH=\"$(head -n 1 {password} | tr -d '\\r')\" {client} -p {port}{tls} --user {user} PING | grep -Eq 'PONG|NOAUTH'"
    )
}

/// Returns a program of the image.
pub(crate) fn program(node: &RedisNode<'_>, part: &str) -> String {
    let product = if node.deploy.image.contains("valkey") { "valkey" } else { "redis" };
    format!("{product}-{part}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_quarters_of_a_quantity_are_for_keys() {
        for (quantity, expected) in [
            ("1Gi", Some(805_306_368)),
            ("512Mi", Some(402_653_184)),
            ("1.5G", Some(1_125_000_000)),
            ("100", Some(75)),
            ("100m", None),
        ] {
            assert_eq!(memory(quantity), expected, "{quantity}");
        }
    }

    #[test]
    fn only_the_admin_is_a_first_user() {
        assert_eq!(first_users("default"), "user default on #%s ~* &* +@all");
        let two = "user default off resetchannels -@all\\nuser ops on #%s ~* &* +@all";
        assert_eq!(first_users("ops"), two);
    }
}
