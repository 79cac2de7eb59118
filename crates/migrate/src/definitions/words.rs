//! Words about a schema that was changed by hand.

use super::{SchemaChange, SchemaDrift};
use martydb_model::text::printable;
use martydb_model::units::first_of;

/// Most objects that a sentence names.
const MAX_NAMED: usize = 5;

impl SchemaDrift {
    /// Returns the object with its change, such as `column public.orders.note (added)`.
    pub fn label(&self) -> String {
        let change = match self.change {
            SchemaChange::Added => "added",
            SchemaChange::Changed => "changed",
            SchemaChange::Removed => "removed",
        };
        format!("{} ({change})", printable(&self.object))
    }
}

/// Returns the sentence about the changes of a service.
pub fn drift_in_words(all: &[SchemaDrift]) -> String {
    let names: Vec<String> = all.iter().map(SchemaDrift::label).collect();
    format!("its schema was changed by hand: {}", first_of(&names, MAX_NAMED))
}

/// Returns the ways out.
pub fn drift_hint(service: &str) -> String {
    format!(
        "write a migration that makes the same change, and undo it by hand; or accept it with \
         `martydb repair --service {service} --schema --reason …`"
    )
}
