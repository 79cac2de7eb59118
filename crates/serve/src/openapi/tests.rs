use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;
use crate::settings::{ExposedFunctions, RequestLimits};

fn types() -> ValueTypes {
    let one = |oid: u32, name: &str, element: u32| json!({ "oid": oid, "schema": "pg_catalog", "name": name, "kind": "b", "element": element, "base": 0, "labels": [], "fields": [], "casts": false });
    let all = json!([one(20, "int8", 0), one(25, "text", 0), one(1009, "_text", 25), one(3802, "jsonb", 0)]);
    serde_json::from_value::<Vec<_>>(all).unwrap().into_iter().collect()
}

/// A name that would end texts of JSON, leave its segment of the path, and become the name of another.
const HOSTILE: &str = "a\"/{id}?#.-\\ü";

fn catalog(exposure: &ServedExposure) -> ServedCatalog {
    let oid = |base: &str| match base {
        "int8" => 20,
        "text" => 25,
        "_text" => 1009,
        _ => 3802,
    };
    let column = |number: i16, name: &str, base: &str| json!({ "type_oid": oid(base), "number": number, "name": name, "type": base, "base": base, "builtin": true });
    let relation = |oid: u32, name: &str| {
        json!({
            "oid": oid, "schema": "public", "name": name, "is_view": false, "insertable": true, "updatable": true, "deletable": true,
            "columns": [column(1, "id", "int8"), column(2, "state", "text"), column(3, "tags", "_text"), column(4, "order", "jsonb")],
        })
    };
    let function = |oid: u32, volatility: &str| {
        json!({
            "oid": oid, "schema": "public", "name": "total", "volatility": volatility, "as_owner": false, "returns_set": false,
            "is_void": false, "is_composite": false, "media_type": null, "returns_bytes": false,
            "parameters": [{ "name": format!("a{oid}"), "type": "bigint", "required": true, "variadic": false }],
            "row": { "oid": 0, "schema": "public", "name": "total", "is_view": false, "insertable": false, "updatable": false, "deletable": false, "columns": [] },
        })
    };
    let key = |oid: u32| json!({ "name": format!("key{oid}"), "kind": "p", "table": oid, "columns": [1], "target": 0, "target_columns": [] });
    let raw = json!({
        "relations": [relation(1, "orders"), relation(2, HOSTILE), relation(3, "unseen"), relation(4, "stats")],
        "keys": [key(1), key(2), key(4)], "rules": [], "types": [], "languages": [], "computed": [], "row_functions": [],
        "functions": [function(10, "v"), function(11, "s"), function(12, "s")], "media": [], "version": 150000,
    });
    ServedCatalog::parse(&raw.to_string(), exposure).unwrap()
}

fn described(oid: u32, privileges: &[&str]) -> (u32, DescribedRelation) {
    let column = |name: &str, nullable: bool, default: bool| json!({ "name": name, "type": "bigint", "comment": null, "nullable": nullable, "default": default, "generated": false, "privileges": privileges });
    let columns = [
        column("id", false, true),
        column("state", false, false),
        column("tags", true, false),
        column("order", true, false),
    ];
    let relation =
        json!({ "oid": oid, "comment": "Orders of \"shops\"", "privileges": privileges, "columns": columns });
    (oid, serde_json::from_value(relation).unwrap())
}

fn written(right: CallerRight) -> Value {
    let exposure = ServedExposure {
        schemas: vec!["public".into()],
        functions: ExposedFunctions::All,
        limits: RequestLimits { cost: Some(9), ..RequestLimits::default() },
        transactions: Some(martydb_model::TransactionTimes {
            idle: std::time::Duration::from_secs(1),
            total: std::time::Duration::from_secs(2),
        }),
        ..ServedExposure::default()
    };
    let catalog = catalog(&exposure);
    let all = ["SELECT", "INSERT", "UPDATE", "DELETE"];
    let writes = right == CallerRight::Write;
    let privileges = CallerPrivileges {
        read: BTreeMap::from([described(1, &all), described(2, &all), described(4, &["SELECT"])]),
        write: if writes { BTreeMap::from([described(1, &["INSERT"])]) } else { BTreeMap::new() },
        callable: BTreeSet::from([10, 11]),
    };
    let caller = ServeCaller {
        name: "billing".into(),
        service: "shop".into(),
        right,
        login: None,
        rate: Some(7),
        cost: None,
        share: crate::CallerShare::default(),
    };
    let source = DocumentSource {
        service: "shop",
        caller: &caller,
        exposure: &exposure,
        catalog: &catalog,
        schema: "public",
        privileges: &privileges,
        types: &types(),
        monitored: false,
    };
    serde_json::from_str(&source.document().unwrap()).unwrap()
}

fn methods(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().unwrap();
    let of = |(path, item): (&String, &Value)| {
        let path = path.clone();
        let methods: Vec<String> = item.as_object().unwrap().keys().cloned().collect();
        methods.into_iter().map(move |method| format!("{method} {path}"))
    };
    paths.iter().flat_map(of).collect()
}

#[test]
fn a_document_has_what_the_caller_may_do_and_no_more() {
    let reader = methods(&written(CallerRight::Read));
    let read = [
        "get /rest/orders", "get /api/db/orders", "get /api/db/orders/{id}", "get /api/db/orders/count",
        "post /api/db/orders/query", "get /api/db/schema/orders", "get /rest/rpc/total",
        "post /api/db/transaction", "get /rest/stats", "get /api/db/health", "get /api/db/migrations",
    ];
    for path in read {
        assert!(reader.contains(path), "{path}: {reader:?}");
    }
    let writes =
        ["post /rest/orders", "patch /rest/orders", "post /api/db/orders", "post /api/db/transactions"];
    for path in
        writes.iter().chain(&["get /api/db/stats", "get /rest/unseen", "post /api/db/orders/aggregate"])
    {
        assert!(!reader.contains(*path), "{path}: {reader:?}");
    }
    let writer = methods(&written(CallerRight::Write));
    for path in ["post /rest/orders", "post /api/db/orders", "post /api/db/transactions"] {
        assert!(writer.contains(path), "{path}: {writer:?}");
    }
    for path in ["patch /rest/orders", "put /rest/orders", "delete /api/db/orders/{id}"] {
        assert!(!writer.contains(path), "{path}: {writer:?}");
    }
}

#[test]
fn a_document_is_whole_whatever_the_names_are() {
    for right in [CallerRight::Read, CallerRight::Write] {
        let document = written(right);
        references(&document, &document);
        let path = "/api/db/a%22%2F%7Bid%7D%3F%23.-%5C%C3%BC";
        assert!(document["paths"][path]["get"]["parameters"].is_array(), "{document}");
        assert!(
            document["paths"].get(path.replace("/api/db", "/rest")).is_none(),
            "one segment alone is a name there"
        );
    }
    let document = written(CallerRight::Write);
    assert_eq!(document["components"]["schemas"]["orders-new"]["required"], json!(["state"]));
    assert_eq!(document["info"]["x-limits"]["requests_per_second"], 7);
    assert_eq!(
        document["components"]["schemas"]["orders"]["required"],
        json!(["id", "state", "tags", "order"])
    );
    let tags = &document["components"]["schemas"]["orders"]["properties"]["tags"];
    assert_eq!(tags["type"], json!(["array", "null"]));
    assert_eq!(tags["items"], json!({ "type": "string" }));
    let body = &document["paths"]["/rest/rpc/total"]["post"]["requestBody"]["content"]["application/json"];
    assert_eq!(body["schema"]["anyOf"].as_array().unwrap().len(), 2, "{body}");
    // A column that is named like a parameter is not filtered by it.
    assert!(document["components"]["parameters"].get("orders-order").is_none());
}

/// Checks that each reference means something.
fn references(document: &Value, value: &Value) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get("$ref") {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{reference}");
            }
            object.values().for_each(|value| references(document, value));
        }
        Value::Array(list) => list.iter().for_each(|value| references(document, value)),
        _ => {}
    }
}
