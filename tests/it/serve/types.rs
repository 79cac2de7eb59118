//! Types of rows for programs: `serve types`, and the schemas of the OpenAPI document.

use serde_json::json;

use super::project;
use crate::support::{Admin, Server};

const TABLES: &str = "\
CREATE TYPE state AS ENUM ('open', 'done \"for now\"');
CREATE TYPE place AS (city text, floor int);
CREATE DOMAIN cents AS bigint;
CREATE TABLE ticket (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id bigint REFERENCES customer, state state NOT NULL DEFAULT 'open',
  former state[], place place, pieces int[] NOT NULL, \"odd name\" cents, any_json jsonb);
CREATE VIEW open_ticket AS SELECT DISTINCT id, state FROM ticket;
CREATE FUNCTION tickets_in(state state, most int DEFAULT 10) RETURNS SETOF ticket LANGUAGE sql STABLE AS 'SELECT * FROM ticket';
CREATE FUNCTION nothing() RETURNS void LANGUAGE sql AS '';
";

#[test]
fn types_follow_the_columns_and_the_privileges_of_the_caller() {
    let server = Server::start();
    let exposure = "{ hide: [secret, slow], limits: { functions: [tickets_in, nothing] } }";
    let project = project(&server, Admin::Super, "sry", exposure);
    project.write("sry_a/migrations/V2__types.sql", TABLES);
    project.write("sry_a/migrations/V2__types.down.sql", "SELECT 1;\n");
    project.run(&["upgrade", "--all"]).expect(0);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let types = |caller: &[&str]| {
        let all = [&["serve", "types", "-s", "sry_a", "--lang", "ts"], caller].concat();
        project.run(&all).expect(0).stdout
    };
    let own = types(&[]);
    for line in [
        "export type Database = {",
        "  public: {",
        "          id: number\n          customer_id: number | null\n          state: \"open\" | \"done \\\"for now\\\"\"\n          former: (\"open\" | \"done \\\"for now\\\"\")[] | null",
        "          place: { city: string | null; floor: number | null } | null\n          pieces: (number)[]\n          \"odd name\": number | null\n          any_json: Json\n",
        // A generated value cannot be given, and one with a default need not be.
        "        Insert: {\n          customer_id?: number | null\n          state?: \"open\"",
        "          pieces: (number)[]\n          \"odd name\"?: number | null",
        "        Update: {\n          customer_id?: number | null",
        "{ foreignKeyName: \"ticket_customer_id_fkey\"; columns: [\"customer_id\"]; isOneToOne: false; referencedRelation: \"customer\"; referencedColumns: [\"id\"] }",
        "      tickets_in: { Args: { state: \"open\" | \"done \\\"for now\\\"\" | null; most?: number | null }; Returns: ({ id: number | null;",
        "      nothing: { Args: never; Returns: undefined }",
        "    Enums: {\n      state: \"open\"",
        "    CompositeTypes: {\n      place: { city",
    ] {
        assert!(own.contains(line), "{line}\n{own}");
    }
    let view = own.split("    Views: {").nth(1).unwrap().split("    Functions").next().unwrap();
    assert!(view.contains("open_ticket") && !view.contains("Insert"), "{view}");
    let reader = types(&["--caller", "reader"]);
    assert!(reader.contains("Insert: never") && !reader.contains("nothing:"), "{reader}");
    project.run(&["serve", "types", "-s", "sry_a", "--lang", "ts", "--caller", "other"]).expect(2);

    let document = project.json(&["serve", "openapi", "-s", "sry_a", "--caller", "writer"], 0);
    let ticket = &document["components"]["schemas"]["ticket"];
    assert_eq!(ticket["required"].as_array().unwrap().len(), 8);
    let of = |name: &str| &ticket["properties"][name];
    assert_eq!(of("state")["enum"], json!(["open", "done \"for now\""]));
    assert_eq!(
        of("former"),
        &json!({ "type": ["array", "null"], "items": { "type": "string", "enum": ["open", "done \"for now\""] }, "description": "state[]" })
    );
    assert_eq!(of("place")["properties"]["floor"], json!({ "type": ["integer", "null"], "format": "int32" }));
    assert_eq!(of("pieces")["items"], json!({ "type": "integer", "format": "int32" }));
    assert_eq!(of("odd name")["type"], json!(["integer", "null"]));
    assert_eq!(document["components"]["schemas"]["ticket-new"]["required"], json!(["pieces"]));
}
