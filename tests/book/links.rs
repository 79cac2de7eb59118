//! Targets of the links between pages.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::page::{Page, all, root};

/// `a/../b` as `b`.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut so_far, part| {
        match part {
            Component::ParentDir => drop(so_far.pop()),
            Component::CurDir => {}
            part => so_far.push(part),
        }
        so_far
    })
}

#[test]
fn every_link_and_anchor_resolves() {
    let pages = all();
    let mut wrong = vec![];
    for page in &pages {
        for link in &page.links {
            if let Some(why) = broken(page, link, &pages) {
                wrong.push(format!("{}: {link}: {why}", page.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn broken(page: &Page, link: &str, pages: &[Page]) -> Option<String> {
    if let Some((scheme, rest)) = link.split_once("://") {
        return (scheme != "https" || rest.is_empty()).then(|| "not https".into());
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if file.is_empty() { page.path.clone() } else { plain(&page.folder().join(file)) };
    if !root().join(&target).exists() {
        return Some("no such file".into());
    }
    // The book is published without the rest of the repository.
    if page.path.starts_with("docs") && !target.starts_with("docs") {
        return Some("leads out of the book".into());
    }
    let found = pages.iter().find(|page| page.path == target);
    let known = |page: &Page| page.anchors.iter().any(|one| one == anchor);
    (!anchor.is_empty() && !found.is_some_and(known)).then(|| "no such heading".into())
}

#[test]
fn the_summary_names_every_page_once() {
    let summary = Page::read(Path::new("docs/SUMMARY.md"));
    let named: Vec<PathBuf> = summary.links.iter().map(|link| plain(&Path::new("docs").join(link))).collect();
    let once: BTreeSet<&PathBuf> = named.iter().collect();
    assert_eq!(once.len(), named.len(), "a page stands twice in docs/SUMMARY.md");
    let pages = all().into_iter().map(|page| page.path);
    let missing: Vec<PathBuf> = pages
        .filter(|path| path.starts_with("docs") && !path.ends_with("SUMMARY.md") && !once.contains(path))
        .collect();
    assert!(missing.is_empty(), "not in docs/SUMMARY.md: {missing:?}");
}
