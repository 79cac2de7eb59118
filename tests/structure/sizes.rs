//! No file is longer than 400 lines and no function longer than 60: what grows past that is split.

use std::collections::BTreeMap;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::facts::sources;
use crate::source::Module;

const LONGEST_FILE: usize = 400;
const LONGEST_FUNCTION: usize = 60;

/// Modules may use a type name that another module uses too, but seldom: a reader should not have to ask which is meant.
const MOST_SHARED_NAMES: usize = 10;

/// Sizes of one module.
pub(crate) struct Sizes {
    pub lines: usize,
    /// Lines that are neither blank, nor a comment, nor part of a unit test.
    pub code_lines: usize,
    /// Functions with their lines.
    pub functions: Vec<(String, usize)>,
    /// Types outside of functions.
    pub types: Vec<String>,
}

pub(crate) fn sizes(module: &Module) -> Sizes {
    let is_test = |number: usize| module.tests.iter().any(|lines| lines.contains(&(number + 1)));
    let is_code = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    let code = module.text.lines().enumerate().filter(|(number, line)| is_code(line) && !is_test(*number));
    let mut functions = Functions(Vec::new());
    module.items.iter().for_each(|item| functions.visit_item(item));
    Sizes {
        lines: module.text.lines().count(),
        code_lines: code.count(),
        functions: functions.0,
        types: module.items.iter().filter_map(type_name).collect(),
    }
}

fn type_name(item: &syn::Item) -> Option<String> {
    match item {
        syn::Item::Enum(item) => Some(item.ident.to_string()),
        syn::Item::Struct(item) => Some(item.ident.to_string()),
        syn::Item::Trait(item) => Some(item.ident.to_string()),
        syn::Item::Type(item) => Some(item.ident.to_string()),
        _ => None,
    }
}

#[test]
fn no_file_is_too_long() {
    let facts = sources().facts.values().filter(|facts| facts.sizes.lines > LONGEST_FILE);
    let long: Vec<String> =
        facts.map(|facts| format!("{}: {} lines", facts.file.display(), facts.sizes.lines)).collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn no_function_is_too_long() {
    let mut long = Vec::new();
    for facts in sources().facts.values() {
        for (name, lines) in facts.sizes.functions.iter().filter(|(_, lines)| *lines > LONGEST_FUNCTION) {
            long.push(format!("{}: {name}: {lines} lines", facts.file.display()));
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn few_types_share_a_name() {
    let mut names: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for facts in sources().facts.values() {
        for name in &facts.sizes.types {
            names.entry(name).or_default().push(facts.file.display().to_string());
        }
    }
    // Each command has its own.
    names.retain(|name, files| files.len() > 1 && *name != "Arguments");
    assert!(names.len() < MOST_SHARED_NAMES, "{} names: {names:#?}", names.len());
}

struct Functions(Vec<(String, usize)>);

impl Functions {
    fn measure(&mut self, name: &syn::Ident, whole: proc_macro2::Span) {
        self.0.push((name.to_string(), whole.end().line + 1 - name.span().start().line));
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.measure(&item.sig.ident, item.block.span());
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.measure(&item.sig.ident, item.block.span());
        visit::visit_impl_item_fn(self, item);
    }
}
