//! Address of a broker. It contains no password: that is in a variable named by the manifest.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

/// A parsed broker URL with its connection options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerUrl {
    pub scheme: BrokerScheme,
    pub host: String,
    pub port: u16,
    pub user: Option<String>,
    /// AMQP: the virtual host. HTTP: path and query as written.
    pub path: String,
    /// Variable that contains the password.
    pub password_env: Option<String>,
    /// File of trusted CA certificates; without it, the operating system's are trusted.
    pub root_certificate: Option<PathBuf>,
}

/// Protocol and encryption: the URL's scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokerScheme {
    pub word: &'static str,
    pub tls: bool,
    pub port: u16,
}

const fn scheme(word: &'static str, tls: bool, port: u16) -> BrokerScheme {
    BrokerScheme { word, tls, port }
}

pub const NATS: &[BrokerScheme] = &[scheme("nats", false, 4222), scheme("tls", true, 4222)];
pub const AMQP: &[BrokerScheme] = &[scheme("amqp", false, 5672), scheme("amqps", true, 5671)];
pub const KAFKA: &[BrokerScheme] = &[scheme("kafka", false, 9092), scheme("kafkas", true, 9093)];
pub const HTTP: &[BrokerScheme] = &[scheme("http", false, 80), scheme("https", true, 443)];

impl BrokerUrl {
    /// Parses a URL.
    ///
    /// # Errors
    /// Returns the reason; it quotes no part of the URL.
    pub fn parse(text: &str, schemes: &[BrokerScheme]) -> Result<BrokerUrl, String> {
        let words: Vec<&str> = schemes.iter().map(|one| one.word).collect();
        let (word, rest) = text.split_once("://").unwrap_or(("", text));
        let scheme = *schemes
            .iter()
            .find(|one| one.word == word)
            .ok_or_else(|| format!("its scheme should be {}", words.join(" or ")))?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        if login.contains(':') {
            return Err("the URL contains a password".into());
        }
        if path.contains('@') || path.contains('#') {
            return Err("the URL contains an @ or a # in the wrong place".into());
        }
        let user = percent_decode_str(login).decode_utf8().map_err(|_| "the user's name is not UTF-8")?;
        let (host, port) = place_of(place)?;
        Ok(BrokerUrl {
            scheme,
            host,
            port: port.unwrap_or(scheme.port),
            user: Some(user.into_owned()).filter(|user| !user.is_empty()),
            path: path.to_owned(),
            password_env: None,
            root_certificate: None,
        })
    }
}

/// Parses the addresses of a cluster: hosts separated by commas, behind a scheme and a user. Without a scheme it is the
/// first one.
///
/// # Errors
/// Returns the reason; it quotes no part of the text.
pub fn parse_cluster(text: &str, schemes: &[BrokerScheme]) -> Result<Vec<BrokerUrl>, String> {
    let first = schemes.first().map_or("", |one| one.word);
    let (word, rest) = text.split_once("://").unwrap_or((first, text));
    let (login, places) = rest.rsplit_once('@').map_or(("", rest), |(login, places)| (login, places));
    let at = if login.is_empty() { "" } else { "@" };
    let one = |place: &str| BrokerUrl::parse(&format!("{word}://{login}{at}{}", place.trim()), schemes);
    let all = places.split(',').map(one).collect::<Result<Vec<_>, _>>()?;
    if all.iter().any(|one| !one.path.is_empty()) {
        return Err("the addresses contain a path".into());
    }
    Ok(all)
}

fn place_of(place: &str) -> Result<(String, Option<u16>), String> {
    let bracket = place.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match place[bracket..].rfind(':') {
        Some(at) => (&place[..bracket + at], Some(&place[bracket + at + 1..])),
        None => (place, None),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._[]:".contains(c);
    if host.is_empty() || !host.chars().all(plain) {
        return Err("the URL has no host".into());
    }
    let number = |port: &str| port.parse().ok().filter(|port| *port > 0).ok_or("the port is not a number");
    Ok((host.to_owned(), port.map(number).transpose()?))
}

impl std::fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}:{}", self.scheme.word, self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_has_several_addresses() {
        let shown = |text| {
            parse_cluster(text, KAFKA).map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(shown("b1:9092,b2"), Ok(vec!["kafka://b1:9092".into(), "kafka://b2:9092".into()]));
        let tls = parse_cluster("kafkas://relay@b1,b2:1", KAFKA).unwrap();
        assert!(tls.iter().all(|one| one.scheme.tls && one.user.as_deref() == Some("relay")));
        assert_eq!(tls[0].port, 9093);
        for (text, said) in [
            ("b1,", "the URL has no host"),
            ("http://b1", "its scheme should be kafka or kafkas"),
            ("kafkas://u:secret@b1", "the URL contains a password"),
            ("b1/x", "the addresses contain a path"),
        ] {
            let error = shown(text).unwrap_err();
            assert!(error.starts_with(said) && !error.contains("secret"), "{text}: {error}");
        }
    }

    #[test]
    fn a_url_is_taken_apart() {
        let url = |text, schemes| BrokerUrl::parse(text, schemes);
        let nats = url("nats://relay@[::1]:4333", NATS).unwrap();
        assert_eq!((nats.host.as_str(), nats.port, nats.user.as_deref()), ("[::1]", 4333, Some("relay")));
        assert!(!nats.scheme.tls);
        let amqp = url("amqps://mq.example.org/%2Fshop", AMQP).unwrap();
        assert_eq!((amqp.port, amqp.path.as_str()), (5671, "/%2Fshop"));
        let http = url("https://hooks.example.org/in?x=1", HTTP).unwrap();
        assert_eq!(
            (http.to_string().as_str(), http.path.as_str()),
            ("https://hooks.example.org:443", "/in?x=1")
        );
        for (text, said) in [
            ("nats://u:secret@h", "the URL contains a password"),
            ("http://h", "its scheme should be nats or tls"),
            ("nats://:4222", "the URL has no host"),
            ("nats://h:0", "the port is not a number"),
            ("nats://h/a@b", "the URL contains an @"),
        ] {
            let error = url(text, NATS).unwrap_err();
            assert!(error.starts_with(said) && !error.contains("secret"), "{text}: {error}");
        }
    }
}
