//! A request as HTTP has it.

use percent_encoding::utf8_percent_encode;

use super::rest::Preferences;

/// Characters that stay as they are in a path and a query string (RFC 3986, section 2.3).
pub(crate) const UNRESERVED: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A request below `/{service}/rest/`.
#[derive(Debug, Clone, Default)]
pub struct RestRequest {
    pub method: String,
    /// Path of the face, such as `/shop/rest`.
    pub base: String,
    /// Path after `/rest/`, decoded.
    pub path: String,
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl RestRequest {
    /// Returns the first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns the path of a relation of the face.
    pub(crate) fn address(&self, name: &str) -> String {
        format!("{}/{}", self.base, utf8_percent_encode(name, UNRESERVED))
    }

    /// Returns the preferences of all its headers `Prefer`.
    pub(crate) fn preferences(&self, may_roll_back: bool) -> Preferences {
        let prefer =
            self.headers.iter().filter(|(name, _)| name == "prefer").map(|(_, value)| value.as_str());
        Preferences::parse(prefer, may_roll_back)
    }

    /// Returns `true` if it may change rows.
    pub fn writes(&self) -> bool {
        !["GET", "HEAD", "OPTIONS"].contains(&self.method.as_str())
    }
}
