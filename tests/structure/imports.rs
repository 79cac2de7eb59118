//! Imports between files, with the imported names: re-exports are followed to the file that defines the name.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use crate::source::{Module, Names, absolute};

/// The names that each module takes from each other one.
pub(crate) type Imports = BTreeMap<(Names, Names), BTreeSet<String>>;

/// Returns all imports between the modules.
pub(crate) fn imports(modules: &BTreeMap<Names, Module>) -> Imports {
    let mut imports = Imports::new();
    for (names, module) in modules {
        let uses = module.uses.values().filter(|one| !one.public).map(|one| one.path.clone());
        for path in paths(names, module).into_iter().chain(uses) {
            let (target, name) = resolve(modules, &path, 0);
            // An exported macro is at the crate's root, wherever it is written; a macro crate has no module.
            let exported =
                target.len() <= 1 && modules.get(&target).is_none_or(|root| !root.defined.contains(&name));
            if target != *names && !exported {
                imports.entry((names.clone(), target)).or_default().insert(name);
            }
        }
    }
    imports
}

/// Returns the names that each crate takes from each other one: of modules, of re-exports, and of exported macros.
pub(crate) fn between_crates(
    modules: &BTreeMap<Names, Module>,
) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut names = BTreeMap::<_, BTreeSet<String>>::new();
    for (module_names, module) in modules {
        let uses = module.uses.values().map(|one| one.path.clone());
        for path in paths(module_names, module).into_iter().chain(uses) {
            let (target, name) = resolve(modules, &path, 0);
            if let Some(other) = target.first().filter(|other| **other != module_names[0]) {
                names.entry((module_names[0].clone(), other.clone())).or_default().insert(name);
            }
        }
    }
    names
}

/// Returns the paths in a module's items that begin in the workspace.
fn paths(names: &Names, module: &Module) -> BTreeSet<Names> {
    let mut paths = Paths { module, names, found: BTreeSet::new() };
    module.items.iter().for_each(|item| paths.visit_item(item));
    paths.found
}

/// Returns the module that defines the item of a path, and the item's name.
fn resolve(modules: &BTreeMap<Names, Module>, path: &[String], depth: usize) -> (Names, String) {
    assert!(depth < 20, "{path:?} leads in a circle of re-exports");
    let depth_of_module = (0..=path.len()).rev().find(|length| modules.contains_key(&path[..*length]));
    let (module, rest) = path.split_at(depth_of_module.expect("each crate's root is a module"));
    let Some(name) = rest.first() else {
        return (module.to_vec(), module.last().cloned().unwrap_or_default());
    };
    let found = &modules[module];
    if let Some(one) = found.uses.get(name).filter(|_| !found.defined.contains(name)) {
        return resolve(modules, &[&one.path, &rest[1..]].concat(), depth + 1);
    }
    let handed =
        found.globs.iter().find(|glob| modules.get(*glob).is_some_and(|one| one.defined.contains(name)));
    match handed {
        Some(glob) if !found.defined.contains(name) => (glob.clone(), name.clone()),
        _ => (module.to_vec(), name.clone()),
    }
}

struct Paths<'a> {
    module: &'a Module,
    names: &'a Names,
    found: BTreeSet<Names>,
}

impl Paths<'_> {
    fn take(&mut self, path: &[String]) {
        let Some(first) = path.first() else { return };
        if let Some(one) = self.module.uses.get(first) {
            self.found.insert([&one.path, &path[1..]].concat());
        } else if let Some(path) = absolute(path, self.names, &self.module.defined) {
            self.found.insert(path);
        }
    }

    /// Adds the paths among the tokens of a macro.
    fn take_tokens(&mut self, tokens: TokenStream) {
        let mut path: Names = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.take(&std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.take(&std::mem::take(&mut path));
                    self.take_tokens(group.stream());
                }
                _ => self.take(&std::mem::take(&mut path)),
            }
        }
        self.take(&path);
    }
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item_use(&mut self, _: &'ast syn::ItemUse) {}

    /// `pub(super)` names no import.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.take(&names);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.take_tokens(mac.tokens.clone());
        visit::visit_macro(self, mac);
    }
}
