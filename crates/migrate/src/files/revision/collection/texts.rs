//! Texts of the migration of a collection: the template, with what the schema adds. Pure.

use martydb_model::sql::{Ident, List, Literal, Statement, stmt};
use serde_json::{Map, Value};

use super::checks::{check, condition, place};
use super::schema::{CollectionIndex, CollectionSchema, PartitioningStrategy};
use crate::files::revision::MigrationTemplate;

/// Name of the table in the template.
const TABLE: &str = "{{service}}_document";

/// Last constraint of the template's table.
const LAST: &str = "CHECK (jsonb_typeof(doc) = 'object')";

/// Returns the migration and the file that undoes it.
pub(crate) fn write(
    schema: &CollectionSchema,
    message: &str,
    template: &MigrationTemplate,
) -> Result<(String, String), String> {
    check(schema)?;
    let table = stmt!("{table}", table = ident(&schema.name)?);
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let filled = |text: &str| {
        let text =
            text.replace("{{message}}", &message).replace(&format!("{TABLE}_"), &format!("{}_", schema.name));
        text.replace(TABLE, table.exact()).replace("{{service}}", &schema.name)
    };
    let mut up = with_columns(schema, &filled(template.up))?;
    for statement in further(schema, &table)? {
        up += &format!("\n{};\n", statement.exact());
    }
    let mut down = filled(template.down);
    if !defaults(schema).is_empty() {
        down += &format!("DROP FUNCTION {}_defaults();\n", schema.name);
    }
    Ok((up, down))
}

fn ident(name: &str) -> Result<Ident, String> {
    Ident::new(name).map_err(|error| format!("the name \"{name}\" {error}"))
}

/// Adds constraints, the column of words, and the partitioning to the table.
fn with_columns(schema: &CollectionSchema, template: &str) -> Result<String, String> {
    let mut last = LAST.to_owned();
    for field in &schema.fields {
        let name = ident(&format!("{}_{}_check", schema.name, field.name.replace('.', "_")))?;
        let one = stmt!("CONSTRAINT {name} CHECK ({condition})", condition = condition(field));
        last += &format!(",\n    {}", one.exact());
    }
    let mut text = template.replacen(LAST, &last, 1);
    if let Some(search) = &schema.search {
        let language = Literal(search.language.clone().unwrap_or_else(|| "simple".into()));
        // concat_ws is not immutable, and `||` of a text that is missing would be missing.
        let word = |name: &String| stmt!("COALESCE({place} #>> '{{}}', '')", place = place(name));
        let words = search.fields.iter().map(word).reduce(|all, one| stmt!("{all} || ' ' || {one}"));
        let words = words.unwrap_or_default();
        let column =
            stmt!("search tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector({language}, {words})) STORED");
        let key = format!("    CONSTRAINT {}_pkey", schema.name);
        text = text.replacen(&key, &format!("    {},\n{key}", column.exact()), 1);
    }
    let Some(partitioning) = &schema.partitioning else { return Ok(text) };
    let (clause, column) = match partitioning.strategy {
        PartitioningStrategy::Hash => (" PARTITION BY HASH (id)", "id"),
        PartitioningStrategy::Range => (" PARTITION BY RANGE (created)", "created"),
    };
    if partitioning.key != column {
        return Err(format!("the key of this partitioning is {column}, and not {}", partitioning.key));
    }
    if column == "created" && partitioning.partitions.is_some() {
        return Err("ranges of time have no number of partitions".into());
    }
    if let Some(index) = schema.indexes.iter().find(|index| index.unique) {
        let fields = index.fields.join(", ");
        return Err(format!(
            "a partitioned collection has no unique index on {fields}: it would hold in each partition alone"
        ));
    }
    if column == "created" {
        text = text.replacen("PRIMARY KEY (id)", "PRIMARY KEY (id, created)", 1);
    }
    Ok(text.replacen("\n);\n", &format!("\n){clause};\n"), 1))
}

/// Returns the statements behind those of the template.
fn further(schema: &CollectionSchema, table: &Statement) -> Result<Vec<Statement>, String> {
    let mut all = vec![];
    if let Some(partitioning) = &schema.partitioning
        && partitioning.strategy == PartitioningStrategy::Hash
    {
        let number = i64::from(partitioning.partitions.unwrap_or(4));
        if !(1..=256).contains(&number) {
            return Err("a hash has 1 to 256 partitions".into());
        }
        for remainder in 0..number {
            let name = ident(&format!("{}_{remainder}", schema.name))?;
            all.push(stmt!(
                "CREATE TABLE {name} PARTITION OF {table} FOR VALUES WITH (MODULUS {number}, REMAINDER {remainder})"
            ));
        }
    }
    for index in &schema.indexes {
        all.push(created(schema, index, table)?);
    }
    if schema.search.is_some() {
        let name = ident(&format!("{}_search_idx", schema.name))?;
        all.push(stmt!("CREATE INDEX {name} ON {table} USING gin (search)"));
    }
    let defaults = defaults(schema);
    if !defaults.is_empty() {
        let name = ident(&format!("{}_defaults", schema.name))?;
        all.push(stmt!(
            "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n    \
             NEW.doc := TG_ARGV[0]::jsonb OPERATOR(pg_catalog.||) NEW.doc;\n    RETURN NEW;\nEND\n$$"
        ));
        let values = Literal(Value::Object(defaults).to_string());
        all.push(stmt!(
            "CREATE TRIGGER {name} BEFORE INSERT ON {table}\n    FOR EACH ROW EXECUTE FUNCTION {name}({values})"
        ));
    }
    Ok(all)
}

fn created(
    schema: &CollectionSchema,
    index: &CollectionIndex,
    table: &Statement,
) -> Result<Statement, String> {
    let usual = || format!("{}_{}_idx", schema.name, index.fields.join("_").replace('.', "_"));
    let name = ident(&index.name.clone().unwrap_or_else(usual))?;
    let fields = List(index.fields.iter().map(|name| stmt!("({place})", place = place(name))).collect());
    Ok(match index.unique {
        true => stmt!("CREATE UNIQUE INDEX {name} ON {table} ({fields})"),
        false => stmt!("CREATE INDEX {name} ON {table} ({fields})"),
    })
}

/// Returns the object of the fields' defaults.
fn defaults(schema: &CollectionSchema) -> Map<String, Value> {
    let given =
        schema.fields.iter().filter_map(|field| Some((field.name.clone(), field.default_value.clone()?)));
    given.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(yaml: &str) -> Result<(String, String), String> {
        let template = MigrationTemplate {
            name: "collection",
            up: include_str!("../../../../../../templates/collection.sql"),
            down: include_str!("../../../../../../templates/collection.down.sql"),
        };
        write(&serde_yaml::from_str(yaml).map_err(|error| error.to_string())?, "m", &template)
    }

    #[test]
    fn values_of_a_schema_are_quoted() {
        let (up, down) = texts(
            "name: order\nfields:\n- { name: a.b, type: string, required: true, constraints: [{ pattern: \"it's\" }, { max_length: 9 }] }\n\
             - { name: n, type: integer, default_value: 3, constraints: [{ minimum: -1.5 }, { one_of: [1, 2] }] }\n\
             indexes: [{ fields: [n, a.b] }, { fields: [a.b], unique: true, name: own }]\nsearch: { fields: [a.b], language: english }\n",
        )
        .unwrap();
        for part in [
            "CREATE TABLE \"order\" (",
            "CONSTRAINT \"order_a_b_check\" CHECK (CASE jsonb_typeof(doc #> '{a,b}') WHEN 'string' THEN ((doc #> '{a,b}') #>> '{}') ~ 'it''s' AND",
            "(doc #> '{n}')::numeric >= '-1.5'::numeric AND (doc #> '{n}') IN ('1'::jsonb, '2'::jsonb)",
            "CREATE INDEX \"order_n_a_b_idx\" ON \"order\" (((doc #> '{n}')), ((doc #> '{a,b}')))",
            "CREATE UNIQUE INDEX \"own\"",
            "search tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('english', COALESCE((doc #> '{a,b}') #>> '{}', ''))) STORED,\n    CONSTRAINT order_pkey",
            "EXECUTE FUNCTION \"order_defaults\"('{\"n\":3}')",
        ] {
            assert!(up.contains(part), "{part}\n{up}");
        }
        assert!(
            !up.contains("{{") && !down.contains("{{") && down.contains("DROP FUNCTION order_defaults()"),
            "{down}"
        );
        let (up, _) = texts("name: log\npartitioning: { strategy: range, key: created }\n").unwrap();
        assert!(
            up.contains("PRIMARY KEY (id, created)") && up.contains("\n) PARTITION BY RANGE (created);\n"),
            "{up}"
        );
    }

    #[test]
    fn an_invalid_schema_is_refused() {
        for wrong in [
            "name: 'x; DROP TABLE y'",
            "name: x\nkeys: []",
            "name: x\nfields: [{ name: \"a'b\", type: string }]",
            "name: x\nfields: [{ name: a, type: uuid }]",
            "name: x\nfields: [{ name: a, type: string }, { name: a, type: number }]",
            "name: x\nfields: [{ name: a, type: string, default_value: 1 }]",
            "name: x\nfields: [{ name: a.b, type: string, default_value: x }]",
            "name: x\nfields: [{ name: a, type: string, constraints: [{ minimum: 1 }] }]",
            "name: x\nfields: [{ name: a, type: string, constraints: [{ sql: y }] }]",
            "name: x\nfields: [{ name: doc, type: string }]",
            "name: x\nfields: [{ name: a.b, type: string }, { name: a_b, type: string }]",
            "name: x\nfields: [{ name: a, type: string, constraints: [{ one_of: [] }] }]",
            "name: x\nfields: [{ name: search, type: string }]\nindexes: [{ fields: [search] }]\nsearch: { fields: [search] }",
            "name: x\npartitioning: { strategy: range, key: created, partitions: 4 }",
            "name: x\nindexes: [{ fields: [a] }]",
            "name: x\nindexes: [{ fields: [] }]",
            "name: x\nsearch: { fields: [a] }",
            "name: x\npartitioning: { strategy: hash, key: created }",
            "name: x\npartitioning: { strategy: list, key: id }",
            "name: x\npartitioning: { strategy: hash, key: id, partitions: 1000 }",
            "name: x\nfields: [{ name: a, type: string }]\nindexes: [{ fields: [a], unique: true }]\npartitioning: { strategy: hash, key: id }",
        ] {
            assert!(texts(wrong).is_err(), "{wrong}");
        }
    }
}
