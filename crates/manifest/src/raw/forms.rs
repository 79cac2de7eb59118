//! Keys whose value has several forms, such as a word or a map.

/// Implements `Deserialize` for an enum with a variant for each form: `text => |text| …`, `bool => Enum::Variant`,
/// `map => Enum::Variant`, `list => Enum::Variant`, and `nothing => Enum::Variant` for an empty value. serde's `untagged` would
/// say of every mistake only that no variant matches.
macro_rules! forms {
    ($type:ident, $expected:literal, $($form:ident => $read:expr),+) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Forms;

                impl<'de> serde::de::Visitor<'de> for Forms {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expected)
                    }

                    $(forms!(@$form $read);)+
                }
                deserializer.deserialize_any(Forms)
            }
        }
    };
    (@text $read:expr) => {
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            let read: fn(&str) -> Result<Self::Value, E> = $read;
            read(text)
        }
    };
    (@bool $read:expr) => {
        fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Self::Value, E> {
            Ok($read(value))
        }
    };
    (@nothing $read:expr) => {
        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Ok($read)
        }
    };
    (@map $read:expr) => {
        fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            serde::Deserialize::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map($read)
        }
    };
    (@list $read:expr) => {
        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
            serde::Deserialize::deserialize(serde::de::value::SeqAccessDeserializer::new(list)).map($read)
        }
    };
}

pub(super) use forms;
