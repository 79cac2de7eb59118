//! Destinations of events: one broker, with the keys that belong to it.

use super::scope::Scope;
use crate::raw::RawEventTarget;
use martydb_model::error::{Error, Result};
use martydb_model::{
    AMQP, BrokerScheme, BrokerUrl, EventRoute, EventTarget, HTTP, KAFKA, NATS, SaslMechanism,
    is_reserved_by_nats, parse_cluster,
};
use martydb_pg::wire::Host;

/// Destination as the manifest declares it.
pub(crate) struct DeclaredTarget<'a> {
    pub scope: &'a Scope<'a>,
    pub service: &'a str,
    /// Path of its key below `outbox`.
    pub within: &'a [&'a str],
    pub raw: &'a RawEventTarget,
}

impl DeclaredTarget<'_> {
    /// Returns the destination.
    ///
    /// # Errors
    /// If it is not exactly one broker, or has a key of another kind, or an unsafe address or route.
    pub(crate) fn resolve(&self) -> Result<EventTarget> {
        let raw = self.raw;
        let given = [("nats", &raw.nats), ("amqp", &raw.amqp), ("kafka", &raw.kafka), ("http", &raw.http)];
        let given: Vec<_> = given.into_iter().filter_map(|(key, url)| Some((key, url.as_deref()?))).collect();
        let [(key, url)] = given[..] else {
            return Err(self.error(&[], "expected one of nats, amqp, kafka and http"));
        };
        self.fits(key)?;
        match key {
            "nats" => {
                let at = self.address(key, url, NATS)?;
                let subject =
                    self.route("subject", raw.subject.as_deref(), "{project}.{service}.{event_type}")?;
                self.is_free(&subject)?;
                Ok(EventTarget::Nats { at, subject })
            }
            "amqp" => {
                let at = self.address(key, url, AMQP)?;
                let default = "{service}.{aggregate_type}.{event_type}";
                let routing_key = self.route("routing_key", raw.routing_key.as_deref(), default)?;
                let none = || self.error(&[], "the exchange is missing").hint("exchange: NAME");
                let exchange = raw.exchange.clone().ok_or_else(none)?;
                if exchange.is_empty() {
                    let message = "the default exchange reaches every queue by its name";
                    return Err(self.error(&["exchange"], message).hint("exchange: NAME"));
                }
                Ok(EventTarget::Amqp { at, exchange, routing_key })
            }
            "kafka" => self.kafka(url),
            _ => {
                let at = self.address(key, url, HTTP)?;
                Ok(EventTarget::Http { at, signature_env: raw.signature_env.clone() })
            }
        }
    }

    /// Rejects keys of another kind of broker.
    fn fits(&self, kind: &str) -> Result<()> {
        let raw = self.raw;
        let keys = [
            ("subject", raw.subject.is_some(), "nats"),
            ("exchange", raw.exchange.is_some(), "amqp"),
            ("routing_key", raw.routing_key.is_some(), "amqp"),
            ("topic", raw.topic.is_some(), "kafka"),
            ("key", raw.key.is_some(), "kafka"),
            ("mechanism", raw.mechanism.is_some(), "kafka"),
            ("signature_env", raw.signature_env.is_some(), "http"),
        ];
        match keys.into_iter().find(|(_, given, of)| *given && *of != kind) {
            None => Ok(()),
            Some((key, _, of)) => Err(self.error(&[key], format!("{key} belongs to {of}, not to {kind}"))),
        }
    }

    fn kafka(&self, url: &str) -> Result<EventTarget> {
        let cluster = self.parsed("kafka", parse_cluster(url, KAFKA))?;
        let cluster = cluster.into_iter().map(|one| self.checked("kafka", one, KAFKA));
        let cluster = cluster.collect::<Result<Vec<_>>>()?;
        let topic = self.route("topic", self.raw.topic.as_deref(), "{project}.{service}")?;
        let key = self.raw.key.as_deref().unwrap_or("{aggregate_type}/{aggregate_id}");
        let key = self.template("key", key)?;
        let mechanism = match &self.raw.mechanism {
            None => SaslMechanism::default(),
            Some(name) => *SaslMechanism::ALL.iter().find(|one| one.name() == name).ok_or_else(|| {
                let names = SaslMechanism::ALL.map(SaslMechanism::name).join(", ");
                self.error(&["mechanism"], format!("\"{name}\" is none of {names}"))
            })?,
        };
        if mechanism == SaslMechanism::Plain && !cluster[0].scheme.tls {
            let message = "PLAIN sends the password itself";
            return Err(self.error(&["mechanism"], message).hint(tls_hint(KAFKA)));
        }
        Ok(EventTarget::Kafka { cluster, topic, key, mechanism })
    }

    fn template(&self, key: &str, text: &str) -> Result<EventRoute> {
        let project = self.scope.project();
        let known = [("project", project.as_str()), ("service", self.service)];
        EventRoute::parse(text, &known).map_err(|why| self.error(&[key], why))
    }

    fn parsed<T>(&self, key: &str, parsed: Result<T, String>) -> Result<T> {
        parsed.map_err(|why| {
            let error = self.error(&[key], &why);
            let names_password = why.contains("password");
            error.hint_if(names_password.then_some("name the variable that holds it: password_env: NAME"))
        })
    }

    fn address(&self, key: &str, url: &str, schemes: &[BrokerScheme]) -> Result<BrokerUrl> {
        let parsed = self.parsed(key, BrokerUrl::parse(url, schemes))?;
        self.checked(key, parsed, schemes)
    }

    /// Returns the address with its password and authorities, if it may be used.
    fn checked(&self, key: &str, parsed: BrokerUrl, schemes: &[BrokerScheme]) -> Result<BrokerUrl> {
        let raw = self.raw;
        if !parsed.scheme.tls && !is_local(&parsed.host) && !raw.plaintext {
            let message = "events would cross the network in plain text";
            let hint = format!("{}, or say that the network is trusted: plaintext: true", tls_hint(schemes));
            return Err(self.error(&[key], message).hint(hint));
        }
        if raw.password_env.is_some() && parsed.user.is_none() && key != "nats" {
            let message = "the password has no user";
            return Err(self
                .error(&["password_env"], message)
                .hint(format!("{key}: \"{}://USER@HOST\"", parsed.scheme.word)));
        }
        if raw.root_certificate.is_some() && !parsed.scheme.tls {
            let message = "it has no effect without TLS";
            return Err(self.error(&["root_certificate"], message).hint(tls_hint(schemes)));
        }
        let root_certificate = raw.root_certificate.as_ref().map(|path| self.scope.home.join(path));
        let password_env = raw.password_env.clone();
        Ok(BrokerUrl { root_certificate, password_env, ..parsed })
    }

    fn route(&self, key: &str, own: Option<&str>, default: &str) -> Result<EventRoute> {
        let route = self.template(key, own.unwrap_or(default))?;
        // The inserting role would choose the destination: subjects of other services, and of the broker itself.
        route.fixed_first_token().ok_or_else(|| {
            let hint = format!("begin with a fixed token, such as {key}: \"{default}\"");
            self.error(&[key], "the first token comes from the event").hint(hint)
        })?;
        Ok(route)
    }

    /// Checks that a subject is not one by which NATS itself is commanded.
    fn is_free(&self, subject: &EventRoute) -> Result<()> {
        let token = subject.fixed_first_token().unwrap_or_default();
        if is_reserved_by_nats(&token) {
            let message = format!("\"{token}\" is reserved for the broker");
            return Err(self.error(&["subject"], message).hint("begin with a token of your own"));
        }
        Ok(())
    }

    fn error(&self, path: &[&str], message: impl std::fmt::Display) -> Error {
        let outbox = ["services", self.service, "outbox"];
        let path: Vec<&str> = outbox.iter().chain(self.within).chain(path).copied().collect();
        self.scope.sources.error_at(&path, message)
    }
}

fn tls_hint(schemes: &[BrokerScheme]) -> String {
    schemes.iter().find(|one| one.tls).map_or_else(String::new, |one| format!("use {}://", one.word))
}

/// Returns `true` if the broker is on this machine: traffic to it needs no encryption.
fn is_local(host: &str) -> bool {
    Host::Tcp(host.trim_matches(['[', ']']).to_owned()).is_local()
}
