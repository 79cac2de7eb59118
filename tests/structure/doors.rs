//! Each item that leaves a crate is used outside it. A `pub` item that nothing outside names hides from the compiler's lint of dead code.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{ImplItem, Item, Visibility};

use crate::facts::{Facts, sources};
use crate::source::Names;
use crate::used_names::{names_in, used_outside};

/// Crates that unit tests alone use, which this test leaves out.
const OPEN: &[&str] = &["martydb_samples"];

/// One `pub` item, or one implementation.
pub(crate) struct Door {
    /// Name of the item; of an implementation, the name of its type.
    pub name: String,
    pub line: usize,
    /// `false` of an implementation, which only leads to other names.
    is_item: bool,
    /// Names that a use of this one uses without naming them: of a signature, of public fields, of an exported macro's body.
    leads_to: BTreeSet<String>,
}

/// Items that leave their crate under another name, or in a variant that a macro or an exported enumeration makes.
const BY_ANOTHER_NAME: &[&str] =
    &["ApplyReport", "Stopped", "StreamedValue", "admin_password", "attached", "database_url", "redis_url"];

#[test]
fn every_pub_item_is_used_outside_its_crate() {
    let mut crates = BTreeMap::<&str, Vec<(&Names, &Facts)>>::new();
    for (names, facts) in &sources().facts {
        crates.entry(&names[0]).or_default().push((names, facts));
    }
    let mut found = Vec::new();
    for (name, modules) in crates.into_iter().filter(|(name, _)| !OPEN.contains(name)) {
        let used = with_signatures(used_outside(name), &modules);
        for (_, facts) in &modules {
            let unused = facts.doors.iter().filter(|door| {
                door.is_item && !used.contains(&door.name) && !BY_ANOTHER_NAME.contains(&door.name.as_str())
            });
            found.extend(unused.map(|door| format!("{}:{}: {}", facts.file.display(), door.line, door.name)));
        }
    }
    let remedy = "nothing outside the crate names these: make them `pub(crate)` or private, and remove what is then unused";
    assert!(found.is_empty(), "{} items: {remedy}\n{}", found.len(), found.join("\n"));
}

/// Adds the names that the used ones lead to.
fn with_signatures(mut used: BTreeSet<String>, modules: &[(&Names, &Facts)]) -> BTreeSet<String> {
    let doors: Vec<&Door> = modules.iter().flat_map(|(_, facts)| &facts.doors).collect();
    loop {
        let before = used.len();
        for door in &doors {
            if used.contains(&door.name) {
                used.extend(door.leads_to.iter().cloned());
            }
        }
        if used.len() == before {
            return used;
        }
    }
}

pub(crate) fn doors(items: &[Item]) -> Vec<Door> {
    let mut doors = Vec::new();
    items.iter().for_each(|item| add(item, &mut doors));
    doors
}

fn add(item: &Item, doors: &mut Vec<Door>) {
    let (visibility, ident) = match item {
        Item::Const(item) => (&item.vis, &item.ident),
        Item::Enum(item) => (&item.vis, &item.ident),
        Item::Fn(item) => (&item.vis, &item.sig.ident),
        Item::Mod(item) => (&item.vis, &item.ident),
        Item::Static(item) => (&item.vis, &item.ident),
        Item::Struct(item) => (&item.vis, &item.ident),
        Item::Trait(item) => (&item.vis, &item.ident),
        Item::Type(item) => (&item.vis, &item.ident),
        Item::Impl(item) => return add_implementation(item, doors),
        Item::Macro(item) => return add_macro(item, doors),
        _ => return,
    };
    if is_public(visibility) {
        doors.push(door(ident, |interface| interface.visit_item(item)));
    }
}

/// Adds the methods of a type, and the types that an implementation of a trait associates with it.
fn add_implementation(item: &syn::ItemImpl, doors: &mut Vec<Door>) {
    for part in &item.items {
        match part {
            ImplItem::Fn(part) if is_public(&part.vis) => {
                doors.push(door(&part.sig.ident, |interface| interface.visit_signature(&part.sig)));
            }
            ImplItem::Const(part) if is_public(&part.vis) => {
                doors.push(door(&part.ident, |interface| interface.visit_type(&part.ty)));
            }
            ImplItem::Type(part) if item.trait_.is_some() => {
                for name in interface(|interface| interface.visit_type(&item.self_ty)) {
                    let leads_to = interface(|interface| interface.visit_type(&part.ty));
                    doors.push(Door { name, line: 0, is_item: false, leads_to });
                }
            }
            _ => {}
        }
    }
}

fn add_macro(item: &syn::ItemMacro, doors: &mut Vec<Door>) {
    let is_exported = item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export"));
    match &item.ident {
        Some(ident) if is_exported => {
            doors.push(door(ident, |interface| interface.take(item.mac.tokens.clone())))
        }
        // Such as `report_enum!`: the type that it declares comes first.
        None => doors.extend(declared(&item.mac.tokens)),
        Some(_) => {}
    }
}

/// Returns the type that the call of a macro declares, which leads to all names in it.
fn declared(tokens: &TokenStream) -> Option<Door> {
    let names = interface(|interface| interface.take(tokens.clone()));
    let first = tokens.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident != "pub" => Some(ident),
        _ => None,
    })?;
    Some(Door { name: first.to_string(), line: 0, is_item: false, leads_to: names })
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn door(ident: &syn::Ident, visit: impl FnOnce(&mut Interface)) -> Door {
    let line = ident.span().start().line;
    Door { name: ident.to_string(), line, is_item: true, leads_to: interface(visit) }
}

fn interface(visit: impl FnOnce(&mut Interface)) -> BTreeSet<String> {
    let mut interface = Interface::default();
    visit(&mut interface);
    interface.0
}

/// Names of an item's interface: of types in signatures and in public fields, not of bodies and values.
#[derive(Default)]
struct Interface(BTreeSet<String>);

impl Interface {
    fn take(&mut self, tokens: TokenStream) {
        self.0.extend(names_in(tokens));
    }
}

impl<'ast> Visit<'ast> for Interface {
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_block(&mut self, _: &'ast syn::Block) {}

    fn visit_expr(&mut self, _: &'ast syn::Expr) {}

    /// The items of a module have doors of their own.
    fn visit_item_mod(&mut self, _: &'ast syn::ItemMod) {}

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if is_public(&field.vis) {
            visit::visit_field(self, field);
        }
    }

    /// The fields of a variant are as public as the enumeration.
    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        variant.fields.iter().for_each(|field| visit::visit_type(self, &field.ty));
    }

    fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
        self.0.insert(segment.ident.to_string());
        visit::visit_path_segment(self, segment);
    }
}
