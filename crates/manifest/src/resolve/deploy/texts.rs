//! Tests for texts that a cluster would reject.

use martydb_model::deploy::label;

pub(crate) fn is_label(text: &str) -> bool {
    !text.is_empty() && label(text) == text
}

/// Tests for a label's value:
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set>
pub(crate) fn is_label_value(text: &str) -> bool {
    let ends = |text: &str| text.starts_with(alphanumeric) && text.ends_with(alphanumeric);
    text.len() <= 63
        && (text.is_empty() || ends(text))
        && text.chars().all(|c| alphanumeric(c) || "-_.".contains(c))
}

pub(crate) fn is_label_key(text: &str) -> bool {
    let (prefix, name) = text.split_once('/').unwrap_or(("a", text));
    !name.is_empty() && is_label_value(name) && prefix.split('.').all(is_label)
}

fn alphanumeric(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

/// Tests for a number with an optional suffix:
/// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.
pub(crate) fn is_quantity(text: &str) -> bool {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let suffix = &text[digits.len()..];
    let number = digits.split('.').all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()));
    let known = ["", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    number && digits.matches('.').count() <= 1 && known.contains(&suffix)
}

/// Tests for an image reference: <https://github.com/distribution/reference>.
pub(crate) fn is_image(text: &str) -> bool {
    text.starts_with(alphanumeric) && text.chars().all(|c| alphanumeric(c) || "./:@_-".contains(c))
}

pub(crate) fn is_host_and_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let fits = |c: char| alphanumeric(c) || ".:_-".contains(c);
        !host.is_empty() && host.chars().all(fits) && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

pub(crate) fn is_address(text: &str) -> bool {
    text == "*" || text.parse::<std::net::IpAddr>().is_ok()
}

/// Tests for a schedule with seconds: <https://pkg.go.dev/github.com/robfig/cron#hdr-CRON_Expression_Format>.
pub(crate) fn is_schedule(text: &str) -> bool {
    is_cron(text, 6)
}

/// Tests for fields of numbers, ranges, steps and names.
pub(crate) fn is_cron(text: &str, fields: usize) -> bool {
    let field =
        |text: &&str| !text.is_empty() && text.chars().all(|c| alphanumeric(c) || "*/,-?".contains(c));
    text.split(' ').filter(field).count() == fields && text.split(' ').count() == fields
}

pub(crate) fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match address.parse::<std::net::IpAddr>() {
        Ok(address) if address.is_ipv4() => 32,
        Ok(_) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_distinguished_as_in_a_cluster() {
        let assert_accepts = |good: fn(&str) -> bool, yes: &[&str], no: &[&str]| {
            yes.iter().for_each(|text| assert!(good(text), "{text}"));
            no.iter().for_each(|text| assert!(!good(text), "{text}"));
        };
        assert_accepts(is_label, &["shop", "a-1"], &["", "Shop", "-a", "a_b", "a.b"]);
        assert_accepts(is_label_value, &["", "a", "A_b.c-d"], &["-a", "a b", "a/b"]);
        assert_accepts(is_label_key, &["app", "app.kubernetes.io/name"], &["", "a/", "/a", "a b", "A!/b"]);
        assert_accepts(is_quantity, &["1", "500m", "1.5Gi", "10G"], &["", "Gi", "1 Gi", "1Q", "1.2.3", "-1"]);
        assert_accepts(is_image, &["postgres:18", "r:5000/a/b:1@sha256:00"], &["", "a b", "$X", "-a"]);
        assert_accepts(is_address, &["*", "10.0.0.5", "::"], &["", "localhost", "10.0.0.5/8", "*;x"]);
        assert_accepts(
            is_schedule,
            &["0 0 2 * * *", "0 */15 * * * MON-FRI"],
            &["", "0 2 * * *", "0 0 2 * * * *", "0 0 2 * * $"],
        );
        assert_accepts(is_cidr, &["10.0.0.0/8", "fd00::/8"], &["10.0.0.0", "10.0.0.0/33", "x/8"]);
    }
}
