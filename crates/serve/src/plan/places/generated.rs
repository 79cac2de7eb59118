//! Requests of random sizes at random places, against limits of random sizes: each limit holds wherever its parts stand.

use std::fmt::Write;

use super::*;
use crate::catalog::ServedCatalog;
use crate::compile::read_statement;
use crate::face::rest::parse_query;
use crate::generated::Choices;
use crate::plan::plan_tree;
use crate::request::BodyForm;
use crate::settings::ServedExposure;

const REQUESTS: u64 = 1500;

const LIMITED: [ServeLimit; 6] = [
    ServeLimit::Conditions,
    ServeLimit::Values,
    ServeLimit::Depth,
    ServeLimit::Columns,
    ServeLimit::Steps,
    ServeLimit::Order,
];

/// Books, each of an author, with a document of each.
fn catalog() -> ServedCatalog {
    let column = |number: usize, name: &str, r#type: &str| serde_json::json!({ "number": number, "name": name, "type": r#type, "base": r#type, "builtin": true });
    let relation = |oid: u32, name: &str| {
        let columns = [
            column(1, "id", "int4"),
            column(2, "author_id", "int4"),
            column(3, "title", "text"),
            column(4, "doc", "jsonb"),
        ];
        serde_json::json!({
            "oid": oid, "schema": "public", "name": name, "is_view": false, "columns": columns, "is_plain": true,
            "insertable": true, "updatable": true, "deletable": true,
        })
    };
    let key = |name: &str, kind: &str, table: u32, column: u32, target: u32| {
        let target_columns: &[u32] = if target == 0 { &[] } else { &[1] };
        serde_json::json!({
            "name": name, "kind": kind, "table": table, "columns": [column], "target": target,
            "target_columns": target_columns,
        })
    };
    let raw = serde_json::json!({
        "relations": [relation(1, "author"), relation(2, "book")],
        "keys": [
            key("author_pkey", "p", 1, 1, 0), key("book_pkey", "p", 2, 1, 0), key("book_author", "f", 2, 2, 1),
        ],
        "rules": [], "types": [["text", "text", true]], "languages": [], "computed": [], "row_functions": [],
        "functions": [], "media": [], "version": 150_004,
    });
    ServedCatalog::parse(&raw.to_string(), &ServedExposure::default()).unwrap()
}

/// A request, and the parts that it has.
#[derive(Debug, Default)]
struct MadeRequest {
    query: String,
    columns: usize,
    steps: usize,
    conditions: usize,
    values: usize,
    depth: usize,
    terms: usize,
    relations: usize,
}

impl MadeRequest {
    fn new(choices: &mut Choices) -> MadeRequest {
        let mut made = MadeRequest::default();
        let mut paths = vec![];
        let select = made.select(choices, "", 0, &mut paths);
        made.query = format!("select={select}");
        for path in &paths {
            made.parameters(choices, path);
        }
        made
    }

    /// Returns a column, with steps into its value where it is a document.
    fn field(&mut self, choices: &mut Choices) -> String {
        if choices.happens(2) {
            return (*choices.one(&["id", "title"])).to_owned();
        }
        let most = if choices.happens(6) { 60 } else { 4 };
        let steps = choices.up_to(most);
        self.steps = self.steps.max(steps);
        format!("doc{}", "->k".repeat(steps))
    }

    fn select(&mut self, choices: &mut Choices, path: &str, level: usize, paths: &mut Vec<String>) -> String {
        paths.push(path.to_owned());
        self.relations += 1;
        self.depth = self.depth.max(level);
        let most = if choices.happens(8) { 200 } else { 4 };
        let number = choices.up_to(most);
        let mut entries: Vec<String> =
            (0..number).map(|at| format!("c{at}:{}", self.field(choices))).collect();
        self.columns += number;
        if level < 8 && !choices.happens(3) {
            let children = choices.up_to(2);
            for child in 0..children {
                let key = format!("r{child}");
                self.columns += 1;
                let target = if level.is_multiple_of(2) { "author" } else { "book" };
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let inner = self.select(choices, &below, level + 1, paths);
                entries.push(format!("{key}:{target}({inner})"));
            }
        }
        entries.join(",")
    }

    /// Adds filters, and an order, of the relation at a path.
    fn parameters(&mut self, choices: &mut Choices, path: &str) {
        let before = if path.is_empty() { String::new() } else { format!("{path}.") };
        for _ in 0..choices.below(3) {
            let (name, test) = self.condition(choices);
            write!(self.query, "&{before}{name}={test}").unwrap();
        }
        if choices.happens(3) {
            let tree = self.tree(choices, 3);
            write!(self.query, "&{before}{}={tree}", choices.one(&["or", "and"])).unwrap();
        }
        if choices.happens(3) {
            let number = choices.up_to(3);
            let terms: Vec<String> = (0..number).map(|_| self.field(choices)).collect();
            self.terms += number;
            write!(self.query, "&{before}order={}", terms.join(",")).unwrap();
        }
    }

    fn condition(&mut self, choices: &mut Choices) -> (String, String) {
        self.conditions += 1;
        let field = self.field(choices);
        let most = if choices.happens(6) { 300 } else { 3 };
        let number = choices.up_to(most);
        let list = vec!["1"; number].join(",");
        let not = if choices.happens(3) { "not." } else { "" };
        let test = match choices.below(6) {
            0 => format!("in.({list})"),
            1 => format!("{}(any).{{{list}}}", choices.one(&["eq", "gt", "like", "match"])),
            2 => format!("{}(all).{{{list}}}", choices.one(&["lte", "ilike"])),
            other => {
                self.values = self.values.max(1);
                return (field, format!("{not}{}", ["eq.1", "is.null", "isdistinct.1"][other - 3]));
            }
        };
        self.values = self.values.max(number);
        (field, format!("{not}{test}"))
    }

    fn tree(&mut self, choices: &mut Choices, depth: usize) -> String {
        let most = if choices.happens(8) { 30 } else { 3 };
        let number = choices.up_to(most);
        let trees = (0..number).map(|_| match depth > 0 && choices.happens(4) {
            true => {
                let word = *choices.one(&["and", "not.or"]);
                format!("{word}{}", self.tree(choices, depth - 1))
            }
            false => {
                let (name, test) = self.condition(choices);
                format!("{name}.{test}")
            }
        });
        format!("({})", trees.collect::<Vec<_>>().join(","))
    }

    fn size(&self, limit: ServeLimit) -> usize {
        match limit {
            ServeLimit::Conditions => self.conditions,
            ServeLimit::Values => self.values,
            ServeLimit::Depth => self.depth,
            ServeLimit::Columns => self.columns,
            ServeLimit::Order => self.terms,
            _ => self.steps,
        }
    }
}

/// Returns limits near the sizes of a request.
fn limits(choices: &mut Choices, made: &MadeRequest) -> RequestLimits {
    let mut limits = RequestLimits::default();
    for limit in LIMITED {
        let most = made.size(limit) + choices.below(40);
        let most = if choices.happens(6) { most.saturating_sub(choices.up_to(40)) } else { most };
        limits.most.set(limit, most.max(1) as u64);
    }
    limits
}

#[test]
fn a_request_is_refused_where_one_limit_is_passed_and_its_statement_is_no_longer_than_they_allow() {
    let catalog = catalog();
    let (mut accepted, mut refused) = (0, 0);
    for seed in 0..REQUESTS {
        let mut choices = Choices::new(seed);
        let made = MadeRequest::new(&mut choices);
        let limits = limits(&mut choices, &made);
        let query = parse_query(&made.query).unwrap_or_else(|error| panic!("{}: {error:?}", made.query)).rows;
        let relation = catalog.relation("public", "book").unwrap();
        let planned = plan_tree(&catalog, &limits, relation, &query, false);
        let passed: Vec<_> =
            LIMITED.into_iter().filter(|limit| made.size(*limit) > limits.most.size(*limit)).collect();
        let is_within = passed.is_empty();
        match planned {
            Ok(tree) => {
                assert!(is_within, "{seed}: {passed:?} passed by {}", made.query);
                let form = BodyForm::Rows { strip_nulls: false };
                let text = read_statement(&catalog, &tree, form, None).unwrap().statement;
                let parts = made.columns + made.conditions + made.terms + made.relations;
                let most = parts * (600 + 40 * limits.most.size(ServeLimit::Steps));
                assert!(text.exact().len() <= most, "{seed}: {} of {most}", text.exact().len());
                accepted += 1;
            }
            Err(error) => {
                assert_eq!(
                    (error.code.as_str(), is_within),
                    ("MDB009", false),
                    "{seed}: {error:?} {}",
                    made.query
                );
                refused += 1;
            }
        }
    }
    assert!(accepted > 300 && refused > 300, "{accepted} and {refused}");
}
