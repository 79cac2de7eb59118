//! Modules of all crates of the workspace, parsed, without their tests.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned;
use syn::{Attribute, Item, Visibility};

/// Path of a module: the name of its crate (`martydb` for the root package), then the modules.
pub(crate) type Names = Vec<String>;

/// One module that has a file of its own.
pub(crate) struct Module {
    /// The file, relative to the repository.
    pub file: PathBuf,
    pub text: String,
    /// Items without unit tests.
    pub items: Vec<Item>,
    /// Lines of the unit tests, counted from 1.
    pub tests: Vec<RangeInclusive<usize>>,
    /// Names that `use` brings in, with their path and whether they are re-exported.
    pub uses: BTreeMap<String, Use>,
    /// Modules whose names are all re-exported.
    pub globs: Vec<Names>,
    /// Names that the module defines.
    pub defined: Vec<String>,
}

/// One name of a `use` declaration.
pub(crate) struct Use {
    /// The whole path, from the crate.
    pub path: Names,
    /// `true` for a re-export.
    pub public: bool,
}

/// Returns the folders of sources by the names of their crates, as `use` writes them.
pub(crate) fn crates() -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::from([("martydb".to_owned(), PathBuf::from("src"))]);
    for entry in std::fs::read_dir("crates").unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_str().unwrap().replace('-', "_");
        found.insert(format!("martydb_{name}"), entry.join("src"));
    }
    found
}

/// Returns the crates of the workspace that a manifest depends on, without those that only its tests need.
pub(crate) fn depends_on(manifest: &Path) -> Vec<String> {
    let (mut found, mut section) = (Vec::new(), "");
    let text = std::fs::read_to_string(manifest).unwrap();
    for line in text.lines() {
        section = if line.starts_with('[') { line } else { section };
        if section == "[dependencies]" && line.starts_with("martydb-") {
            found.extend(line.split(['.', ' ']).next().map(|name| name.replace('-', "_")));
        }
    }
    found
}

/// Returns the `.rs` files of a folder and the folders below it.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Returns every module of the workspace by its path.
pub(crate) fn modules() -> BTreeMap<Names, Module> {
    let mut found = BTreeMap::new();
    for (name, folder) in crates() {
        read(&folder.join("lib.rs"), vec![name], &mut found);
    }
    found
}

fn read(file: &Path, names: Names, found: &mut BTreeMap<Names, Module>) {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let (tests, items): (Vec<Item>, Vec<Item>) =
        parsed.items.into_iter().partition(|item| for_tests(attributes(item)));
    for item in &items {
        if let Item::Mod(module) = item
            && module.content.is_none()
        {
            let name = module.ident.to_string();
            let below = match names.len() {
                1 => file.parent().unwrap().to_owned(),
                _ => file.with_extension(""),
            };
            let names = [names.clone(), vec![name.clone()]].concat();
            read(&below.join(format!("{name}.rs")), names, found);
        }
    }
    let mut module = Module {
        file: file.to_owned(),
        defined: items.iter().filter_map(defined).collect(),
        uses: BTreeMap::new(),
        globs: Vec::new(),
        tests: tests.iter().map(lines).collect(),
        items,
        text,
    };
    take_uses(&mut module, &names);
    found.insert(names, module);
}

fn take_uses(module: &mut Module, names: &[String]) {
    let mut leaves = Vec::new();
    for item in &module.items {
        if let Item::Use(item) = item {
            let public = !matches!(item.vis, Visibility::Inherited);
            collect(&item.tree, Vec::new(), public, &mut leaves);
        }
    }
    for (path, name, public) in leaves {
        let Some(path) = absolute(&path, names, &module.defined) else { continue };
        match name.as_str() {
            "*" => module.globs.push(path),
            _ => drop(module.uses.insert(name, Use { path, public })),
        }
    }
}

fn collect(tree: &syn::UseTree, before: Names, public: bool, leaves: &mut Vec<(Names, String, bool)>) {
    let with = |ident: &syn::Ident| [before.clone(), vec![ident.to_string()]].concat();
    match tree {
        syn::UseTree::Path(path) => collect(&path.tree, with(&path.ident), public, leaves),
        syn::UseTree::Name(name) if name.ident == "self" => {
            leaves.push((before.clone(), before.last().cloned().unwrap_or_default(), public));
        }
        syn::UseTree::Name(name) => leaves.push((with(&name.ident), name.ident.to_string(), public)),
        syn::UseTree::Rename(name) => leaves.push((with(&name.ident), name.rename.to_string(), public)),
        syn::UseTree::Glob(_) => leaves.push((before, "*".to_owned(), public)),
        syn::UseTree::Group(group) => {
            group.items.iter().for_each(|tree| collect(tree, before.clone(), public, leaves));
        }
    }
}

/// Returns the path with its crate, if it begins in the workspace.
pub(crate) fn absolute(path: &[String], module: &[String], defined: &[String]) -> Option<Names> {
    let ups = path.iter().take_while(|name| *name == "super").count();
    match path.first()?.as_str() {
        "crate" => Some([&module[..1], &path[1..]].concat()),
        name if name == "martydb" || name.starts_with("martydb_") => Some(path.to_vec()),
        "self" => Some([module, &path[1..]].concat()),
        "super" => Some([&module[..module.len().checked_sub(ups)?], &path[ups..]].concat()),
        first if defined.iter().any(|name| name == first) => Some([module, path].concat()),
        _ => None,
    }
}

fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = match &attribute.meta {
            syn::Meta::List(list) => list.tokens.to_string(),
            _ => return false,
        };
        attribute.path().is_ident("cfg") && text == "test"
    })
}

fn lines(item: &Item) -> RangeInclusive<usize> {
    let whole = item.span();
    whole.start().line..=whole.end().line
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn defined(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Mod(item) => &item.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        _ => return None,
    };
    Some(ident.to_string())
}
