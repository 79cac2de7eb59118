//! Finds the line and column of a path in a YAML text.
//!
//! The typed manifest is built from a merged tree that has lost its places. Rather than carry them through every
//! step, the text is read once more when an error needs one: a seed walks to the path and fails there on
//! purpose, and the parser's own error tells where that was.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A step into a YAML tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The value of a key.
    Key(String),
    /// An element of a list.
    Index(usize),
}

/// Line and column, both from 1.
pub type Position = (usize, usize);

/// Where the last step of `path` stands: its key, or its element. `None` if the text has no such path.
pub fn locate(text: &str, path: &[Step]) -> Option<Position> {
    let parser = serde_yaml::Deserializer::from_str(text);
    let error = Walk(path).deserialize(parser).err()?;
    if !error.to_string().contains(FOUND) {
        return None;
    }
    error.location().map(|place| (place.line(), place.column()))
}

const FOUND: &str = "martydb-found-the-path";

/// Every kind of scalar is treated alike.
macro_rules! every_scalar {
    () => {
        fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
            self.scalar()
        }

        fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
            self.scalar()
        }

        fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
            self.scalar()
        }

        fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
            self.scalar()
        }

        fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
            self.scalar()
        }

        fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
            self.scalar()
        }
    };
}

struct Walk<'a>(&'a [Step]);

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((Step::Key(wanted), rest)) = self.0.split_first() else {
            return if self.0.is_empty() { Err(A::Error::custom(FOUND)) } else { drain(map) };
        };
        while let Some(hit) = map.next_key_seed(Key { wanted, last: rest.is_empty() })? {
            match hit {
                true => map.next_value_seed(Walk(rest))?,
                false => map.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Some((Step::Index(wanted), rest)) = self.0.split_first() else {
            return if self.0.is_empty() {
                Err(A::Error::custom(FOUND))
            } else {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(())
            };
        };
        for _ in 0..*wanted {
            seq.next_element::<IgnoredAny>()?;
        }
        seq.next_element_seed(Walk(rest))?;
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    every_scalar!();
}

impl Walk<'_> {
    fn scalar<E: serde::de::Error>(self) -> Result<(), E> {
        if self.0.is_empty() { Err(E::custom(FOUND)) } else { Ok(()) }
    }
}

fn drain<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Says whether a key is the wanted one, and fails right there if it is the path's end.
struct Key<'a> {
    wanted: &'a str,
    last: bool,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<bool, E> {
        match (key == self.wanted, self.last) {
            (true, true) => Err(E::custom(FOUND)),
            (hit, _) => Ok(hit),
        }
    }
}

/// The first key that stands twice in one map, and where it stands again.
pub fn duplicate(text: &str) -> Option<Position> {
    let error = Unique.deserialize(serde_yaml::Deserializer::from_str(text)).err()?;
    error.to_string().contains(FOUND).then(|| error.location().map(|place| (place.line(), place.column())))?
}

struct Unique;

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while map.next_key_seed(NewKey(&mut seen))?.is_some() {
            map.next_value_seed(Unique)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Unique)?.is_some() {}
        Ok(())
    }

    every_scalar!();
}

impl Unique {
    fn scalar<E>(self) -> Result<(), E> {
        Ok(())
    }
}

struct NewKey<'a>(&'a mut BTreeSet<String>);

impl<'de> DeserializeSeed<'de> for NewKey<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for NewKey<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<(), E> {
        match self.0.insert(key.to_owned()) {
            true => Ok(()),
            false => Err(E::custom(FOUND)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Step {
        Step::Key(name.into())
    }

    #[test]
    fn paths_are_found_where_they_stand() {
        let text = "version: 1\nservices:\n  csca: { database: x }\n  pkd:\n    schemas: [a, b]\nallow:\n  - finding: z\n";
        let cases: Vec<(Vec<Step>, Option<Position>)> = vec![
            (vec![key("version")], Some((1, 1))),
            (vec![key("services"), key("csca")], Some((3, 3))),
            (vec![key("services"), key("csca"), key("database")], Some((3, 11))),
            (vec![key("services"), key("pkd"), key("schemas"), Step::Index(1)], Some((5, 18))),
            (vec![key("allow"), Step::Index(0), key("finding")], Some((7, 5))),
            (vec![key("services"), key("nobody")], None),
        ];
        for (path, expected) in cases {
            assert_eq!(locate(text, &path), expected, "{path:?}");
        }
    }
}
