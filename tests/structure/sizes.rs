//! No file is longer than 400 lines and no function longer than 60: what grows past that is split.

use std::collections::BTreeMap;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::imports::sources;
use crate::source::modules;

const LONGEST_FILE: usize = 400;
const LONGEST_FUNCTION: usize = 60;

/// Modules may use a type name that another module uses too, but seldom: a reader should not have to ask which is meant.
const MOST_SHARED_NAMES: usize = 10;

#[test]
fn no_file_is_too_long() {
    let long: Vec<String> = sources()
        .files
        .values()
        .map(|file| (file.display(), std::fs::read_to_string(file).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(file, lines)| format!("{file}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn no_function_is_too_long() {
    let mut long = Functions::default();
    for module in modules().values() {
        long.file = module.file.display().to_string();
        module.items.iter().for_each(|item| long.visit_item(item));
    }
    assert!(long.found.is_empty(), "{:#?}", long.found);
}

#[test]
fn few_types_share_a_name() {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for module in modules().values() {
        for item in &module.items {
            let ident = match item {
                syn::Item::Enum(item) => &item.ident,
                syn::Item::Struct(item) => &item.ident,
                syn::Item::Trait(item) => &item.ident,
                syn::Item::Type(item) => &item.ident,
                _ => continue,
            };
            names.entry(ident.to_string()).or_default().push(module.file.display().to_string());
        }
    }
    // Each command has its own.
    names.retain(|name, files| files.len() > 1 && name != "Arguments");
    assert!(names.len() < MOST_SHARED_NAMES, "{} names: {names:#?}", names.len());
}

#[derive(Default)]
struct Functions {
    file: String,
    found: Vec<String>,
}

impl Functions {
    fn measure(&mut self, name: &syn::Ident, whole: proc_macro2::Span) {
        let lines = whole.end().line + 1 - name.span().start().line;
        if lines > LONGEST_FUNCTION {
            self.found.push(format!("{}: {name}: {lines} lines", self.file));
        }
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
