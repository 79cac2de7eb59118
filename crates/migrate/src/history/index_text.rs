//! Parts of the text of an index, as the server prints it.

/// Returns the table of an index, and the definition from its access method on:
/// `CREATE INDEX i ON public.t USING btree (a)`.
pub(crate) fn table_and_method(definition: &str) -> Option<(&str, &str)> {
    let (_, rest) = definition.split_once(" ON ")?;
    let rest = rest.strip_prefix("ONLY ").unwrap_or(rest);
    let (table, _) = rest.split_once(" USING ")?;
    Some((table, &rest[table.len() + 1..]))
}

/// Returns the table of an index.
pub(super) fn on_table(definition: &str) -> Option<&str> {
    table_and_method(definition).map(|(table, _)| table)
}
