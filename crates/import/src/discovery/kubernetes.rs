//! Databases in Secrets of Kubernetes: <https://kubernetes.io/docs/concepts/configuration/secret/>.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_yaml::Value;

use super::names::named_by;
use super::url::{DatabaseLocation, place};
use martydb_model::ServiceName;

/// Ends of a Secret's name that do not name a service.
const ENDINGS: &[&str] = &["-secret", "-secrets", "-credentials", "-db", "-database", "-postgres"];

/// Returns the URLs of a Secret, in text or in base64, each with the service that its key, else the Secret's name, names.
pub(crate) fn urls_of_secret(root: &Value) -> Vec<(Option<ServiceName>, DatabaseLocation)> {
    let name = root.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Value::as_str);
    let bare =
        ENDINGS.iter().fold(name.unwrap_or_default(), |name, end| name.strip_suffix(end).unwrap_or(name));
    let mut found = vec![];
    for (section, is_encoded) in [("stringData", false), ("data", true)] {
        let entries = root.get(section).and_then(Value::as_mapping).into_iter().flatten();
        for (key, value) in entries {
            let (Some(key), Some(value)) = (key.as_str(), value.as_str()) else { continue };
            let text = if is_encoded { decoded(value) } else { Some(value.to_owned()) };
            let service = named_by([bare, key].into_iter());
            found.extend(text.and_then(|text| place(&text)).map(|place| (service, place)));
        }
    }
    found
}

fn decoded(text: &str) -> Option<String> {
    String::from_utf8(BASE64_STANDARD.decode(text.trim()).ok()?).ok()
}
