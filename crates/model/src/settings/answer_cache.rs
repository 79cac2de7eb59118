//! Objects by which the data service notices writes of a table whose answers it keeps: a sequence that counts them, and a trigger
//! that counts. Function and sequence are the admin's, in its schema `martydb_serve`; the trigger belongs to the table.

use serde::Deserialize;

use crate::{SERVE_SCHEMA, SchemaName};

/// Name of the trigger on each table whose answers are kept. The name is martydb's: a service's own trigger of this name is replaced, and not restored.
pub const CACHE_TRIGGER: &str = "martydb_cache";

/// Beginnings of the names of sequences and functions in the schema.
const SEQUENCE: &str = "cache_";
const FUNCTION: &str = "count_";

/// Counter of one table's writes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WriteCounter {
    number: String,
}

impl WriteCounter {
    /// Returns the counter of a table. Schema and name together are longer than a name may be, so a number stands for them. Of two
    /// tables with one number the counter belongs to the one that `apply` made last: no answer of the other one is kept, and it
    /// stays in the plan.
    pub fn new(schema: &str, table: &str) -> WriteCounter {
        let bytes = schema.bytes().chain([0]).chain(table.bytes());
        // FNV-1a (https://datatracker.ietf.org/doc/html/draft-eastlake-fnv-17): the names are the same for every version.
        let number = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        WriteCounter { number: format!("{number:016x}") }
    }

    /// Returns the counter to which a function or a sequence of the schema belongs.
    pub fn named(object: &str) -> Option<WriteCounter> {
        let number = object.strip_prefix(SEQUENCE).or_else(|| object.strip_prefix(FUNCTION))?;
        let is_number = number.len() == 16 && number.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_number.then(|| WriteCounter { number: number.to_owned() })
    }

    /// Returns the name of its sequence.
    pub fn sequence(&self) -> String {
        format!("{SEQUENCE}{}", self.number)
    }

    /// Returns the name of its function.
    pub fn function(&self) -> String {
        format!("{FUNCTION}{}", self.number)
    }

    /// Returns the body of its function. It reads nothing that a service can write: the sequence is a constant.
    pub fn source(&self) -> String {
        let sequence = self.sequence();
        format!(
            "BEGIN PERFORM pg_catalog.nextval('{SERVE_SCHEMA}.{sequence}'::pg_catalog.regclass); RETURN NULL; END"
        )
    }
}

/// Returns `true` for the name of a sequence of a counter.
pub(crate) fn is_counting_sequence(name: &str) -> bool {
    name.starts_with(SEQUENCE) && WriteCounter::named(name).is_some()
}

/// A function of a counter, and the triggers that call it, as the catalogs have them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ActualCounter {
    pub name: String,
    pub source: String,
    /// `true` if it is made as `apply` makes it, but for its body.
    pub well_made: bool,
    /// Schema, table, and `true` for a trigger as `apply` makes it.
    pub triggers: Vec<(SchemaName, String, bool)>,
}

impl ActualCounter {
    /// Returns `true` if it counts the writes of this table, and of no other.
    pub fn counts(&self, counter: &WriteCounter, schema: &SchemaName, table: &str) -> bool {
        let own =
            |(in_schema, of, fit): &(SchemaName, String, bool)| in_schema == schema && of == table && *fit;
        self.well_made
            && self.source == counter.source()
            && matches!(self.triggers.as_slice(), [one] if own(one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_known_by_its_names() {
        let counter = WriteCounter::new("public", "orders");
        assert_eq!(WriteCounter::named(&counter.function()), Some(counter.clone()));
        assert_eq!(WriteCounter::named(&counter.sequence()), Some(counter.clone()));
        assert_ne!(counter, WriteCounter::new("publico", "rders"));
        for other in ["audit", "cache_", "count_1", "cache_zzzzzzzzzzzzzzzz"] {
            assert_eq!(WriteCounter::named(other), None, "{other}");
        }
        assert!(is_counting_sequence(&counter.sequence()) && !is_counting_sequence(&counter.function()));
    }

    #[test]
    fn another_body_or_trigger_does_not_count() {
        let counter = WriteCounter::new("public", "orders");
        let schema = SchemaName::public();
        let fit = ActualCounter {
            name: counter.function(),
            source: counter.source(),
            well_made: true,
            triggers: vec![(schema.clone(), "orders".into(), true)],
        };
        assert!(fit.counts(&counter, &schema, "orders"));
        assert!(!fit.counts(&counter, &schema, "others"));
        assert!(
            !ActualCounter { source: "BEGIN END".into(), ..fit.clone() }.counts(&counter, &schema, "orders")
        );
        assert!(!ActualCounter { well_made: false, ..fit.clone() }.counts(&counter, &schema, "orders"));
        let off = vec![(schema.clone(), "orders".into(), false)];
        assert!(!ActualCounter { triggers: off, ..fit }.counts(&counter, &schema, "orders"));
    }
}
