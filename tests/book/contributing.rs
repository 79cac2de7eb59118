//! CONTRIBUTING.md is a copy of the book's page, in the place where people and forges look for it.

use crate::page::root;

/// The page, with links that lead from the root.
fn copy() -> String {
    let page = std::fs::read_to_string(root().join("docs/contributing.md")).unwrap();
    let text =
        page.replace("](", "](docs/").replace("](docs/https://", "](https://").replace("](docs/#", "](#");
    format!("<!-- A copy of docs/contributing.md: edit that page, and run scripts/update. -->\n\n{text}")
}

#[test]
fn contributing_is_the_page_of_the_book() {
    let path = root().join("CONTRIBUTING.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, copy()).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == copy(), "CONTRIBUTING.md is out of date: run `scripts/update`");
}
