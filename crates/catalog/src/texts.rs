//! Passwords in texts of a database. The texts are not kept: together they are longer than everything else in
//! it, and any of them may contain a secret.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, Match};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::connection_strings::users_with_passwords;
use super::rows::CatalogRow;
use super::token_shapes::secret_of_known_shape;
use martydb_model::error::Result;
use martydb_model::hex;

/// Returns the service whose stored password a text contains.
pub type KnownPasswords<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// Shortest password searched for: shorter ones occur in many words. Ours have 32 characters; an operator's may
/// be short.
const MIN_PASSWORD_LENGTH: usize = 6;

/// Length from which a password occurs in no text by chance; texts do not always separate their values by spaces.
const UNMISTAKABLE: usize = 16;

/// Passwords of the secret store that texts are searched for, all in one pass. Its `Debug` shows nothing.
#[derive(Clone, Default)]
pub struct StoredPasswords {
    /// Service of each password, in the order of the search's patterns.
    services: Vec<String>,
    /// The search; `None` without passwords.
    search: Option<AhoCorasick>,
}

impl std::fmt::Debug for StoredPasswords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoredPasswords")
    }
}

impl StoredPasswords {
    /// Keeps passwords that are long enough to be distinguished from words. If several services share one, the first counts.
    pub fn new(all: impl IntoIterator<Item = (String, SecretString)>) -> StoredPasswords {
        let all: Vec<(String, SecretString)> = all.into_iter().collect();
        let mut known = BTreeSet::new();
        let (mut services, mut passwords) = (vec![], vec![]);
        for (service, password) in &all {
            let password = password.expose_secret();
            if password.len() >= MIN_PASSWORD_LENGTH && known.insert(password) {
                services.push(service.clone());
                passwords.push(password);
            }
        }
        let search = (!passwords.is_empty()).then(|| AhoCorasick::new(passwords));
        StoredPasswords { services, search: search.map(|search| search.expect("passwords are short")) }
    }

    /// Returns the services of all passwords in the text, as they are or in the Base64 of an Authorization header.
    pub(crate) fn owners_in(&self, text: &str) -> BTreeSet<String> {
        let encoded = encoded(text).flat_map(|plain| self.owners_of_plain(&plain));
        self.owners_of_plain(text).into_iter().chain(encoded).map(|at| self.services[at].clone()).collect()
    }

    /// Returns the service of the first password.
    pub(crate) fn owner_in(&self, text: &str) -> Option<String> {
        let first = |text: &str| self.owners_of_plain(text).first().map(|at| self.services[*at].clone());
        first(text).or_else(|| encoded(text).find_map(|plain| first(&plain)))
    }

    fn owners_of_plain(&self, text: &str) -> BTreeSet<usize> {
        let found = self.search.iter().flat_map(|search| search.find_overlapping_iter(text));
        found.filter(|found| is_apart(text, found)).map(|found| found.pattern().as_usize()).collect()
    }

    /// Returns the search as the audit's rules take it.
    pub fn search(&self) -> impl Fn(&str) -> Option<String> + Sync + '_ {
        |text| self.owner_in(text)
    }
}

/// Base64 that allows trailing bits: the last digit of a word that was cut may contain some.
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, NO_PAD.with_decode_allow_trailing_bits(true));

/// Returns `true` if a match is a word of its own: `postgres` is also in `postgresql`.
fn is_apart(text: &str, found: &Match) -> bool {
    let apart = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
    found.len() >= UNMISTAKABLE
        || apart(text[..found.start()].chars().next_back()) && apart(text[found.end()..].chars().next())
}

/// Decodes the Base64 words of a text (RFC 4648), in the standard and the URL alphabet, padded or not.
fn encoded(text: &str) -> impl Iterator<Item = String> + '_ {
    let is_digit = |c: char| c.is_ascii_alphanumeric() || "+/-_".contains(c);
    let words = text.split(move |c| !is_digit(c)).filter(|word| word.len() >= UNMISTAKABLE);
    words.filter_map(|word| {
        let word = word.replace('-', "+").replace('_', "/");
        BASE64.decode(word).ok().map(|bytes| lossy(&bytes))
    })
}

/// Findings of the search, and the texts that it left out.
#[derive(Debug, Clone, Default)]
pub struct SearchedTexts {
    pub leaks: Vec<Leak>,
    /// Texts that were not searched to their end, by owner.
    pub unsearched: BTreeMap<Option<String>, Unsearched>,
    /// Tables with rows that have the columns of pg_authid or pg_shadow.
    pub copies: Vec<VerifierCopy>,
    /// Large objects that were not searched to their end.
    pub unsearched_objects: u64,
    /// `true` if the admin lacks the privilege to read large objects.
    pub closed_objects: bool,
}

/// Table that looks like a copy of the server's verifiers.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct VerifierCopy {
    pub table: String,
    /// Roles that can read it, its owner included; `None` is PUBLIC.
    pub readers: Vec<Option<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leak {
    pub object: String,
    /// The only role that can read it; `None` for every login that may connect.
    pub reader: Option<String>,
    pub secret: LeakedSecret,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeakedSecret {
    /// A password of the secret store, with its service.
    Stored(String),
    /// A connection string with a password, with its user.
    ConnectionString(String),
    /// A secret of a known shape, with the name of the shape.
    Shape(String),
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
    /// Constants of a parsed expression, as the server prints them: a length, and bytes as numbers.
    Tree,
    /// Bytes in hexadecimal.
    Hex,
}

#[derive(Deserialize)]
struct ReadableText {
    object: String,
    form: TextForm,
    reader: Option<String>,
    /// Beginning of the text.
    text: String,
    /// Number of texts that the row is for.
    texts: u64,
    /// Bytes that follow.
    left_out: u64,
    /// Owner, read only for texts that were cut.
    owner: Option<String>,
}

impl SearchedTexts {
    pub fn add_row(&mut self, row: &CatalogRow, known: &StoredPasswords) -> Result<()> {
        match row.section.as_str() {
            "text" => self.search(row.parse()?, known),
            "copy" => self.copies.push(row.parse()?),
            "unsearched" => self.unsearched_objects = row.parse()?,
            _ => return row.unknown(),
        }
        Ok(())
    }

    fn search(&mut self, found: ReadableText, known: &StoredPasswords) {
        let text = match found.form {
            TextForm::Text => found.text,
            TextForm::Tree => constants(&found.text),
            TextForm::Hex => lossy(&hex::decode(&found.text).unwrap_or_default()),
        };
        let stored = known.owners_in(&text);
        let strings = users_with_passwords(&text).into_iter().map(LeakedSecret::ConnectionString);
        let shape = secret_of_known_shape(&text).filter(|_| stored.is_empty());
        let stored = stored.into_iter().map(LeakedSecret::Stored);
        let shape = shape.map(|name| LeakedSecret::Shape(name.into()));
        let leak = |secret| Leak { object: found.object.clone(), reader: found.reader.clone(), secret };
        self.leaks.extend(stored.chain(strings).chain(shape).map(leak));
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
        self.copies.sort();
    }
}

/// Returns the texts of constants, one per line. A value of variable length begins with its length in four
/// bytes, which could look like letters; each text is returned with them and without.
fn constants(list: &str) -> String {
    let bytes = list.split(';').map(|one| one.split_once('[').map_or(vec![], |(_, bytes)| numbers(bytes)));
    bytes.map(|bytes| format!("{}\n{}\n", lossy(&bytes), lossy(bytes.get(4..).unwrap_or_default()))).collect()
}

/// Parses bytes, which the server prints as signed numbers.
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
        let passwords = [("blue", "swordfish"), ("red", "red-herring")];
        let passwords =
            passwords.map(|(service, password)| (service.to_owned(), SecretString::from(password)));
        let known = StoredPasswords::new(passwords);
        found.add_row(&row, &known).unwrap();
        found.leaks.into_iter().map(|leak| leak.secret).collect()
    }

    #[test]
    fn each_form_of_a_text_is_read() {
        let stored = [LeakedSecret::Stored("blue".into())];
        let tree = "13 [ 52 0 0 0 115 119 111 114 100 102 105 115 104 ;5 [ 20 0 0 0 -61 ";
        assert_eq!(searched("text", "say swordfish"), stored);
        assert_eq!(searched("tree", tree), stored);
        let both = ["blue", "red"].map(|service| LeakedSecret::Stored(service.into()));
        assert_eq!(searched("text", "red-herring and swordfish"), both);
        assert_eq!(searched("hex", "73776f72646669736800"), stored);
        assert_eq!(searched("hex", "zz"), []);
        // blue_app:swordfish
        assert_eq!(searched("text", "Authorization: Basic Ymx1ZV9hcHA6c3dvcmRmaXNo"), stored);
        assert_eq!(searched("text", "token=eDpzd29yZGZpc2g_Pz8_"), stored);
        assert_eq!(searched("tree", "9999999999 [ 70000 x ;;["), []);
    }
}
