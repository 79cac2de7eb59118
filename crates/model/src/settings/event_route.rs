//! Templates of subjects and routing keys, filled in from each event.

/// Template of a subject or a routing key, as its parts in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRoute(Vec<RoutePart>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum RoutePart {
    Text(String),
    Event(EventField),
}

/// Field of an event that a route may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventField {
    AggregateType,
    AggregateId,
    EventType,
}

const FIELDS: &[(&str, EventField)] = &[
    ("aggregate_type", EventField::AggregateType),
    ("aggregate_id", EventField::AggregateId),
    ("event_type", EventField::EventType),
];

impl EventRoute {
    /// Parses a template; `known` are placeholders with the same value for all events.
    ///
    /// # Errors
    /// Returns the unknown placeholder, or a syntax error.
    pub fn parse(text: &str, known: &[(&str, &str)]) -> Result<EventRoute, String> {
        let (mut parts, mut rest) = (vec![], text);
        while let Some(at) = rest.find(['{', '}']) {
            let end = rest[at..].find('}').filter(|_| rest[at..].starts_with('{'));
            let end = at + end.ok_or("unmatched brace")?;
            let name = &rest[at + 1..end];
            parts.push(RoutePart::Text(rest[..at].to_owned()));
            let same = known.iter().find(|row| row.0 == name).map(|row| RoutePart::Text(row.1.to_owned()));
            let field = || FIELDS.iter().find(|row| row.0 == name).map(|row| RoutePart::Event(row.1));
            parts.push(same.or_else(field).ok_or_else(|| unknown(name, known))?);
            rest = &rest[end + 1..];
        }
        parts.push(RoutePart::Text(rest.to_owned()));
        parts.retain(|part| *part != RoutePart::Text(String::new()));
        Ok(EventRoute(parts))
    }

    /// Returns the route of one event; `value` returns the value of a field. Only the field that ends a route may add
    /// tokens to it: with a dot in an earlier one, an event could take the place of another.
    pub fn fill<'a>(&self, value: impl Fn(EventField) -> &'a str, escape: impl Fn(char) -> char) -> String {
        let mut route = String::new();
        for (at, part) in self.0.iter().enumerate() {
            let ends = at + 1 == self.0.len();
            let without_dots = |c| if c == '.' && !ends { '_' } else { escape(c) };
            match part {
                RoutePart::Text(text) => route.push_str(text),
                RoutePart::Event(field) => route.extend(value(*field).chars().map(without_dots)),
            }
        }
        route
    }

    /// Returns the first token, which is before the first dot; `None` if a field of the event is in it.
    pub fn fixed_first_token(&self) -> Option<String> {
        let mut token = String::new();
        for part in &self.0 {
            let RoutePart::Text(text) = part else { return None };
            match text.split_once('.') {
                Some((end, _)) => return Some(token + end),
                None => token.push_str(text),
            }
        }
        Some(token)
    }
}

/// Returns `true` for a subject, or a first token of one, by which NATS is commanded (`$JS`, `$SYS`), or which belongs
/// to the requests of one client.
pub fn is_reserved_by_nats(subject: &str) -> bool {
    subject.starts_with('$') || subject.split('.').next() == Some("_INBOX")
}

fn unknown(name: &str, known: &[(&str, &str)]) -> String {
    let all = known.iter().map(|row| row.0).chain(FIELDS.iter().map(|row| row.0));
    let all: Vec<String> = all.map(|name| format!("{{{name}}}")).collect();
    format!("{{{name}}} is not one of {}", all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_filled_in() {
        let route = EventRoute::parse("marty.{service}.{event_type}", &[("service", "csca")]).unwrap();
        let value = |field| if field == EventField::EventType { "certificate revoked" } else { "" };
        let made = route.fill(value, |c| if c == ' ' { '_' } else { c });
        assert_eq!(made, "marty.csca.certificate_revoked");
        for (text, said) in [
            ("a.{b}", "{b} is not one of {service}"),
            ("a.{b", "unmatched brace"),
            ("a}b", "unmatched brace"),
        ] {
            let error = EventRoute::parse(text, &[("service", "csca")]).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn only_the_last_field_adds_tokens() {
        let made = |text: &str| {
            let route = EventRoute::parse(text, &[("service", "csca")]).unwrap();
            route.fill(|field| if field == EventField::EventType { "a.b" } else { "x.y" }, |c| c)
        };
        assert_eq!(made("{service}.{aggregate_type}.{event_type}"), "csca.x_y.a.b");
        assert_eq!(made("{service}.{event_type}.v1"), "csca.a_b.v1");
        assert_eq!(made("{service}.{aggregate_id}{event_type}"), "csca.x_ya.b");
    }

    #[test]
    fn the_first_token_is_known_unless_an_event_is_in_it() {
        for (text, expected) in [
            ("marty.{event_type}", Some("marty")),
            ("{service}.{event_type}", Some("csca")),
            ("x{service}", Some("xcsca")),
            ("$JS.API", Some("$JS")),
            ("{event_type}.marty", None),
            ("marty{event_type}.x", None),
            ("{service}{event_type}", None),
            ("", Some("")),
        ] {
            let route = EventRoute::parse(text, &[("service", "csca")]).unwrap();
            assert_eq!(route.fixed_first_token().as_deref(), expected, "{text}");
        }
    }
}
