//! Names of a service's objects in statements: no other file of the compiler writes one. Each name tells whether code of the service
//! may run where it stands, so that no fragment can forget it.

use martydb_model::sql::{Qualified, ServerText, Statement, stmt};

use super::values::StatementValues;
use crate::catalog::{CatalogName, ExposedColumn, ExposedFunction, ExposedRelation, ServedCatalog};
use crate::error::HttpResult;

impl StatementValues {
    /// Returns the name of a relation that is read.
    pub(super) fn read(&mut self, relation: &ExposedRelation) -> Statement {
        self.note_code(!relation.is_plain);
        named(&relation.schema, &relation.name)
    }

    /// Returns the name of a catalog relation that is read in addition to those of the request.
    pub(super) fn read_beside(&mut self, catalog: &ServedCatalog, (schema, name): &CatalogName) -> Statement {
        self.note_code(!catalog.relation(schema, name).is_ok_and(|relation| relation.is_plain));
        named(schema, name)
    }

    /// Returns the name of a relation that is written.
    pub(super) fn written(&mut self, relation: &ExposedRelation) -> Statement {
        self.note_code(!relation.is_plain || !relation.is_plain_to_write);
        named(&relation.schema, &relation.name)
    }

    /// Returns the name of a function or of an aggregate.
    pub(super) fn function(&mut self, schema: &str, name: &str) -> Statement {
        self.note_code(true);
        named(schema, name)
    }

    /// Returns the name of a function that a request calls.
    pub(super) fn called_function(&mut self, function: &ExposedFunction) -> Statement {
        self.function(&function.schema, &function.name)
    }

    /// Returns the name of the type of a relation's rows, which is not code itself.
    pub(super) fn row_type(&mut self, (schema, name): &CatalogName) -> Statement {
        named(schema, name)
    }

    /// Returns a call of a function, with its name as the server quotes it.
    pub(super) fn called(&mut self, function: &str, value: &Statement) -> Statement {
        self.note_code(true);
        let function = ServerText::quoted_by_server(function.to_owned());
        stmt!("{function}({value})")
    }

    /// Returns the name of a function's parameter's type, as the server quotes it.
    pub(super) fn parameter_type(&mut self, name: &str) -> ServerText {
        self.note_code(true);
        ServerText::quoted_by_server(name.to_owned())
    }

    /// Returns the type of a column of a relation that is written.
    pub(super) fn column_type(&mut self, column: &ExposedColumn) -> ServerText {
        let is_parsed = column.from_json.is_some();
        self.note_code(is_parsed);
        ServerText::quoted_by_server(if is_parsed { "json" } else { column.r#type.as_str() }.to_owned())
    }

    /// Returns the default of a column, whose relation is written: see [`written`](StatementValues::written).
    pub(super) fn default_of(&mut self, column: &ExposedColumn) -> Option<ServerText> {
        column.default.clone().map(ServerText::quoted_by_server)
    }

    /// Returns a cast of a value.
    pub(super) fn cast(
        &mut self,
        catalog: &ServedCatalog,
        value: Statement,
        r#type: Option<&String>,
    ) -> HttpResult<Statement> {
        let Some(name) = r#type else { return Ok(value) };
        let found = catalog.cast(name)?;
        self.note_code(!found.is_harmless);
        let target = ServerText::quoted_by_server(found.name.clone());
        Ok(stmt!("CAST({value} AS {target})"))
    }
}

fn named(schema: &str, name: &str) -> Statement {
    stmt!("{name}", name = Qualified([schema, name]))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in folder.read_dir().unwrap().flatten() {
            match entry.path() {
                path if path.is_dir() => sources(&path, found),
                path => {
                    let text = std::fs::read_to_string(&path).unwrap();
                    found.push((path.display().to_string(), text));
                }
            }
        }
    }

    #[test]
    fn no_other_file_of_the_compiler_names_an_object() {
        let mut found = vec![];
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/compile"), &mut found);
        assert!(found.len() > 15);
        for (path, text) in found.iter().filter(|(path, _)| !path.ends_with("objects.rs")) {
            for way in ["quoted_by_server", "ServerText", ".schema", "CatalogName"] {
                assert!(!text.contains(way), "{path} has {way}: the name is written by objects.rs");
            }
        }
    }
}
