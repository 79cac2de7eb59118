//! Locations of paths and of duplicate keys in a YAML text.
//!
//! The typed manifest is built from a merged tree without locations, and the YAML library reports a location only in its
//! errors. So the text is read again when an error needs a location, by a visitor that fails there.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Line and column, both from 1.
pub(crate) type LineColumn = (usize, usize);

/// Returns the location of the last step of `path`: its key, or its element by number. `None` if there is no such path.
pub(crate) fn locate(text: &str, path: &[&str]) -> Option<LineColumn> {
    first_place(text, |place| place == path)
}

/// Returns the location of the first key that repeats another one of its map.
pub(crate) fn duplicate(text: &str) -> Option<LineColumn> {
    let mut seen = BTreeSet::new();
    first_place(text, |place| !seen.insert(place.to_vec()))
}

/// Returns the location of the first key or element whose path is `wanted`.
fn first_place(text: &str, mut wanted: impl FnMut(&[String]) -> bool) -> Option<LineColumn> {
    let walk = Walk { path: &mut vec![], wanted: &mut wanted, part: Part::Value };
    let error = walk.deserialize(serde_yaml::Deserializer::from_str(text)).err()?;
    let place = error.location().filter(|_| error.to_string().contains(FOUND))?;
    Some((place.line(), place.column()))
}

const FOUND: &str = "martydb-found-the-path";

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Key,
    Element,
    /// The value of a key; its location is that of the key.
    Value,
}

struct Walk<'a> {
    path: &'a mut Vec<String>,
    wanted: &'a mut dyn FnMut(&[String]) -> bool,
    part: Part,
}

impl Walk<'_> {
    fn inner(&mut self, part: Part) -> Walk<'_> {
        Walk { path: self.path, wanted: self.wanted, part }
    }

    fn arrive<E: Error>(&mut self) -> Result<(), E> {
        let found = self.part != Part::Value && (self.wanted)(self.path);
        if found { Err(E::custom(FOUND)) } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.part == Part::Key {
            deserializer.deserialize_str(self)
        } else {
            deserializer.deserialize_any(self)
        }
    }
}

macro_rules! visit_scalars {
    ($($visit:ident($type:ty))*) => {
        $(fn $visit<E: Error>(mut self, _: $type) -> Result<(), E> {
            self.arrive()
        })*
    };
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.arrive()?;
        while map.next_key_seed(self.inner(Part::Key))?.is_some() {
            map.next_value_seed(self.inner(Part::Value))?;
            self.path.pop();
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        self.arrive()?;
        for index in 0.. {
            self.path.push(index.to_string());
            let element = seq.next_element_seed(self.inner(Part::Element))?;
            self.path.pop();
            if element.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<(), E> {
        if self.part == Part::Key {
            self.path.push(text.to_owned());
        }
        self.arrive()
    }

    visit_scalars! { visit_bool(bool) visit_i64(i64) visit_u64(u64) visit_f64(f64) }

    fn visit_unit<E: Error>(mut self) -> Result<(), E> {
        self.arrive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_where_they_stand() {
        let text = "version: 1\nservices:\n  csca: { database: x }\n  pkd:\n    schemas: [a, b]\nallow:\n  - finding: z\n";
        for (path, expected) in [
            (&["version"][..], Some((1, 1))),
            (&["services", "csca"], Some((3, 3))),
            (&["services", "csca", "database"], Some((3, 11))),
            (&["services", "pkd", "schemas", "1"], Some((5, 18))),
            (&["allow", "0"], Some((7, 5))),
            (&["allow", "0", "finding"], Some((7, 5))),
            (&["services", "absent"], None),
            (&[], None),
        ] {
            assert_eq!(locate(text, path), expected, "{path:?}");
        }
    }

    #[test]
    fn the_second_of_two_equal_keys_is_found_in_its_own_map_only() {
        for (text, expected) in [
            ("a: { x: 1 }\nb: { x: 2 }\n", None),
            ("a: 1\nb: 2\na: 3\n", Some((3, 1))),
            ("l:\n  - { x: 1 }\n  - { x: 1, y: 2, x: 3 }\n", Some((3, 19))),
        ] {
            assert_eq!(duplicate(text), expected, "{text}");
        }
    }
}
