//! Passwords in texts of a database. The texts themselves are not kept: together they are longer than everything else
//! in it, and one of them may hold a secret.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::connection_strings::users_with_passwords;
use super::decode::bytes_of_hex;
use super::rows::CatalogRow;
use crate::error::Result;

/// Says whose password of the secret store a text holds: a service's.
pub type KnownPasswords<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// What the search found, and what it left out.
#[derive(Debug, Clone, Default)]
pub struct SearchedTexts {
    pub leaks: Vec<Leak>,
    /// Texts that were not searched to their end, by owner.
    pub unsearched: BTreeMap<Option<String>, Unsearched>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leak {
    pub object: String,
    /// The one role that can read it; `None` for every login that may connect.
    pub reader: Option<String>,
    pub secret: LeakedSecret,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeakedSecret {
    /// A password of the secret store, of this service.
    Stored(String),
    /// Something in the form of a connection string with a password, for this user.
    ConnectionString(String),
}

/// Texts of one owner that were not searched to their end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unsearched {
    pub texts: u64,
    pub bytes: u64,
    pub first: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TextForm {
    Text,
    /// The constants of a parsed expression, each as the server writes it: a length, and bytes as numbers.
    Tree,
    /// Bytes in hexadecimal.
    Hex,
}

#[derive(Deserialize)]
struct ReadableText {
    object: String,
    form: TextForm,
    reader: Option<String>,
    /// Its beginning.
    text: String,
    /// Number of texts that the row stands for.
    texts: u64,
    /// Bytes that follow.
    left_out: u64,
    /// Known only of texts that were cut.
    owner: Option<String>,
}

impl SearchedTexts {
    pub fn take(&mut self, row: &CatalogRow, known: KnownPasswords<'_>) -> Result<()> {
        match row.section.as_str() {
            "text" => self.search(row.parse()?, known),
            _ => return row.unknown(),
        }
        Ok(())
    }

    fn search(&mut self, found: ReadableText, known: KnownPasswords<'_>) {
        let text = match found.form {
            TextForm::Text => found.text,
            TextForm::Tree => constants(&found.text),
            TextForm::Hex => lossy(&bytes_of_hex(&found.text).unwrap_or_default()),
        };
        let stored = known(&text).map(LeakedSecret::Stored);
        let strings = users_with_passwords(&text).into_iter().map(LeakedSecret::ConnectionString);
        let leak = |secret| Leak { object: found.object.clone(), reader: found.reader.clone(), secret };
        self.leaks.extend(stored.into_iter().chain(strings).map(leak));
        if found.left_out > 0 {
            let of_owner = self.unsearched.entry(found.owner).or_default();
            of_owner.bytes = of_owner.bytes.saturating_add(found.left_out);
            if of_owner.first.is_none() && found.texts == 1 {
                of_owner.first = Some(found.object);
            }
            of_owner.texts = of_owner.texts.saturating_add(found.texts);
        }
    }

    pub fn sort(&mut self) {
        self.leaks.sort();
        self.leaks.dedup();
    }
}

/// The texts of constants, one in a line. A value of variable length begins with its length in four bytes, which
/// could look like letters of the text: each is told with them and without.
fn constants(list: &str) -> String {
    let bytes = list.split(';').map(|one| one.split_once('[').map_or(vec![], |(_, bytes)| numbers(bytes)));
    bytes.map(|bytes| format!("{}\n{}\n", lossy(&bytes), lossy(bytes.get(4..).unwrap_or_default()))).collect()
}

/// The server writes bytes as signed numbers.
fn numbers(text: &str) -> Vec<u8> {
    let byte = |word: &str| word.parse::<i16>().ok().map(|number| number.to_le_bytes()[0]);
    text.split_ascii_whitespace().filter_map(byte).collect()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn searched(form: &str, text: &str) -> Vec<LeakedSecret> {
        let text = serde_json::json!({
            "object": "view v", "form": form, "reader": null, "text": text, "texts": 1, "left_out": 0, "owner": null,
        });
        let row = CatalogRow { section: "text".into(), text: text.to_string() };
        let mut found = SearchedTexts::default();
        let known = |text: &str| text.contains("swordfish").then(|| "blue".to_owned());
        found.take(&row, &known).unwrap();
        found.leaks.into_iter().map(|leak| leak.secret).collect()
    }

    #[test]
    fn each_form_of_a_text_is_read() {
        let stored = [LeakedSecret::Stored("blue".into())];
        let tree = "13 [ 52 0 0 0 115 119 111 114 100 102 105 115 104 ;5 [ 20 0 0 0 -61 ";
        assert_eq!(searched("text", "say swordfish"), stored);
        assert_eq!(searched("tree", tree), stored);
        assert_eq!(searched("hex", "73776f72646669736800"), stored);
        assert_eq!(searched("hex", "zz"), []);
        assert_eq!(searched("tree", "9999999999 [ 70000 x ;;["), []);
    }
}
