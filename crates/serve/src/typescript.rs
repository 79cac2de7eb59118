//! Type `Database` of TypeScript for clients of PostgREST: rows, new rows and changes of each relation, and functions, as a caller may
//! use them. Pure. The form is the one that `@supabase/postgrest-js` takes as its type parameter.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::catalog::value_types::ValueShape;
use crate::catalog::{Cardinality, ExposedFunction, ExposedRelation, Relationship};
use crate::openapi::{DescribedColumn, DocumentSource};

/// Types before the one of the database.
const HEAD: &str = "\
export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]

export type Database = {
";

/// An object without members.
const NOTHING: &str = "{ [_ in never]: never }";

/// Returns the whole text for these schemas.
pub(crate) fn database(schemas: &[DocumentSource<'_>]) -> String {
    let members = schemas.iter().map(|one| (key(one.schema), one.typescript()));
    format!("{HEAD}{}}}\n", members.map(|(name, text)| format!("  {name}: {text}\n")).collect::<String>())
}

/// Returns an object of named members, each on a line of its own, at a depth.
fn object(members: impl IntoIterator<Item = (String, String)>, depth: usize) -> String {
    let mut text = String::new();
    for (name, value) in members {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{:indent$}{name}: {value}", "", indent = 2 * depth + 2);
    }
    if text.is_empty() {
        NOTHING.to_owned()
    } else {
        format!("{{\n{text}{:indent$}}}", "", indent = 2 * depth)
    }
}

/// Returns the name of a member; one that is no identifier is quoted.
fn key(name: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    match name.chars().all(is_word) && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty() {
        true => name.to_owned(),
        false => literal(name),
    }
}

fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn of_shape(shape: &ValueShape<'_>) -> String {
    match shape {
        ValueShape::Any => "Json".into(),
        ValueShape::Boolean => "boolean".into(),
        ValueShape::Integer(_) | ValueShape::Number(_) => "number".into(),
        ValueShape::Text(_) => "string".into(),
        ValueShape::Enum([]) => "never".into(),
        ValueShape::Enum(labels) => labels.iter().map(|label| literal(label)).collect::<Vec<_>>().join(" | "),
        ValueShape::List(element) => format!("({})[]", of_shape(element)),
        ValueShape::Object(fields) => {
            let fields =
                fields.iter().map(|(name, shape)| format!("{}: {} | null", key(name), of_shape(shape)));
            format!("{{ {} }}", fields.collect::<Vec<_>>().join("; "))
        }
    }
}

fn nullable(text: String, is_nullable: bool) -> String {
    // Any JSON value may be null already.
    if is_nullable && text != "Json" { format!("{text} | null") } else { text }
}

impl DocumentSource<'_> {
    fn typescript(&self) -> String {
        let own = || self.catalog.relations().filter(|one| one.schema == self.schema);
        let relations = |views: bool| {
            let shown = own().filter(move |one| one.is_view == views);
            object(shown.filter_map(|one| Some((key(&one.name), self.relation_type(one)?))), 2)
        };
        let enums = self.types.of_schema(self.schema, "e").into_iter();
        let composites = self.types.of_schema(self.schema, "c").into_iter();
        let shape = |oid| of_shape(&self.types.shape(oid));
        let parts = [
            ("Tables", relations(false)),
            ("Views", relations(true)),
            ("Functions", self.function_types()),
            ("Enums", object(enums.map(|one| (key(&one.name), shape(one.oid))), 2)),
            ("CompositeTypes", object(composites.map(|one| (key(&one.name), shape(one.oid))), 2)),
        ];
        object(parts.map(|(name, text)| (name.to_owned(), text)), 1)
    }

    /// Returns the type of a relation, if the caller may do something with it.
    fn relation_type(&self, relation: &ExposedRelation) -> Option<String> {
        let held = |privilege| self.privileges.columns(relation.oid, privilege).collect::<Vec<_>>();
        let (read, new, changed) = (held("SELECT"), held("INSERT"), held("UPDATE"));
        if read.is_empty() && new.is_empty() && changed.is_empty() {
            return None;
        }
        let column = |one: &&DescribedColumn, is_optional: bool| {
            let oid = relation.column(&one.name).map_or(0, |column| column.type_oid);
            let optional = if is_optional { "?" } else { "" };
            (
                format!("{}{optional}", key(&one.name)),
                nullable(of_shape(&self.types.shape(oid)), one.nullable),
            )
        };
        let given = |columns: &[&DescribedColumn], is_new: bool| {
            let given = columns.iter().filter(|one| !one.generated);
            // A view does not say which columns of its table need a value.
            let is_optional =
                |one: &&DescribedColumn| !is_new || relation.is_view || one.nullable || one.default;
            object(given.map(|one| column(one, is_optional(one))), 4)
        };
        let mut parts = vec![("Row", object(read.iter().map(|one| column(one, false)), 4))];
        let (inserts, updates) =
            (relation.insertable && !new.is_empty(), relation.updatable && !changed.is_empty());
        if inserts || updates || !relation.is_view {
            parts.push(("Insert", if inserts { given(&new, true) } else { "never".into() }));
            parts.push(("Update", if updates { given(&changed, false) } else { "never".into() }));
        }
        parts.push(("Relationships", self.relationships(relation)));
        Some(object(parts.into_iter().map(|(name, text)| (name.to_owned(), text)), 3))
    }

    /// Returns the foreign keys of a relation.
    fn relationships(&self, relation: &ExposedRelation) -> String {
        let all = self.catalog.relationships_of(&relation.schema, &relation.name);
        let own = all.filter(|one| one.is_own_key && one.target.0 == self.schema);
        let names =
            |names: Vec<&String>| names.iter().map(|name| literal(name)).collect::<Vec<_>>().join(", ");
        let one = |one: &Relationship| {
            let (from, to) = one.columns.iter().map(|(own, other)| (own, other)).unzip();
            format!(
                "          {{ foreignKeyName: {}; columns: [{}]; isOneToOne: {}; referencedRelation: {}; referencedColumns: [{}] }},\n",
                literal(&one.constraint),
                names(from),
                one.cardinality == Cardinality::OneToOne,
                literal(&one.target.1),
                names(to),
            )
        };
        let text: String = own.map(one).collect();
        if text.is_empty() { "[]".into() } else { format!("[\n{text}        ]") }
    }

    fn function_types(&self) -> String {
        let mut named: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for function in self.callable() {
            named.entry(&function.name).or_default().push(self.function_type(function));
        }
        object(named.into_iter().map(|(name, overloads)| (key(name), overloads.join(" | "))), 2)
    }

    fn function_type(&self, function: &ExposedFunction) -> String {
        let parameters = function.parameters.iter().filter(|one| !one.name.is_empty());
        let argument = |one: &crate::catalog::FunctionParameter| {
            let optional = if one.required { "" } else { "?" };
            format!(
                "{}{optional}: {}",
                key(&one.name),
                nullable(of_shape(&self.types.shape(one.type_oid)), true)
            )
        };
        let arguments: Vec<String> = parameters.map(argument).collect();
        let arguments = match (arguments.is_empty(), function.unnamed()) {
            (true, Some(one)) => of_shape(&self.types.shape(one.type_oid)),
            (true, None) => "never".into(),
            _ => format!("{{ {} }}", arguments.join("; ")),
        };
        let columns = || {
            let columns = function.row.columns.iter();
            let one = |column: &crate::catalog::ExposedColumn| {
                format!(
                    "{}: {}",
                    key(&column.name),
                    nullable(of_shape(&self.types.shape(column.type_oid)), true)
                )
            };
            format!("{{ {} }}", columns.map(one).collect::<Vec<_>>().join("; "))
        };
        let value = match function {
            one if one.is_void => "undefined".into(),
            one if one.is_composite => columns(),
            one => of_shape(&self.types.shape(one.returned)),
        };
        let returned = if function.returns_set { format!("({value})[]") } else { value };
        format!("{{ Args: {arguments}; Returns: {returned} }}")
    }
}
