//! Databases in Secrets of Kubernetes: <https://kubernetes.io/docs/concepts/configuration/secret/>.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_yaml::Value;

use super::environments::{PRODUCTION, environment_of};
use super::names::named_by;
use super::settings::{DiscoveredDatabase, ProjectFindings};
use super::tree::ProjectFile;
use super::url::place;

/// Ends of a Secret's name that do not name a service.
const ENDINGS: &[&str] = &["-secret", "-secrets", "-credentials", "-db", "-database", "-postgres"];

/// Reads the URLs of a Secret, in text or in base64. Its key, else its name, names the service.
pub fn read_secret(found: &mut ProjectFindings, file: &ProjectFile, root: &Value) {
    let name = root.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Value::as_str);
    let bare =
        ENDINGS.iter().fold(name.unwrap_or_default(), |name, end| name.strip_suffix(end).unwrap_or(name));
    for (section, is_encoded) in [("stringData", false), ("data", true)] {
        let entries = root.get(section).and_then(Value::as_mapping).into_iter().flatten();
        for (key, value) in entries {
            let (Some(key), Some(value)) = (key.as_str(), value.as_str()) else { continue };
            let text = if is_encoded { decoded(value) } else { Some(value.to_owned()) };
            found.databases.extend(text.and_then(|text| place(&text)).map(|place| DiscoveredDatabase {
                service: named_by([bare, key].into_iter()),
                place,
                source: file.path.clone(),
                environment: environment_of(&file.path).or(Some(PRODUCTION)),
                whole: false,
            }));
        }
    }
}

fn decoded(text: &str) -> Option<String> {
    String::from_utf8(BASE64_STANDARD.decode(text.trim()).ok()?).ok()
}
