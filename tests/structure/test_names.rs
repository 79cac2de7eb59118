//! The name of a test is a sentence about behaviour: it begins with the thing, and uses the words of the glossary.

use proc_macro2::TokenTree;
use syn::visit::{self, Visit};

use crate::facts::texts;
use crate::glossary::CLAUSES;

#[test]
fn no_test_name_begins_with_a_clause() {
    let (mut found, mut count) = (Vec::new(), 0);
    for text in texts() {
        count += text.words.tests.len();
        let begins = |name: &&String| {
            name.split('_')
                .next()
                .is_some_and(|first| CLAUSES.iter().any(|word| word.to_lowercase() == first))
        };
        let names = text.words.tests.iter().filter(begins);
        found.extend(names.map(|name| format!("{}: {name}", text.file.display())));
    }
    assert!(count > 1000, "{count} tests");
    assert!(
        found.is_empty(),
        "begin with the thing, as in \"reports_a_missing_service\":\n{}",
        found.join("\n")
    );
}

/// Returns the names of the tests among a file's items.
pub(crate) fn test_names(items: &[syn::Item]) -> Vec<String> {
    let mut reader = Reader(Vec::new());
    items.iter().for_each(|item| reader.visit_item(item));
    reader.0
}

struct Reader(Vec<String>);

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let is_test = |attribute: &syn::Attribute| {
            attribute.path().segments.last().is_some_and(|segment| segment.ident == "test")
        };
        if item.attrs.iter().any(is_test) {
            self.0.push(item.sig.ident.to_string());
        }
        visit::visit_item_fn(self, item);
    }

    /// The macro makes two tests, as a superuser and as a limited admin.
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        if mac.path.is_ident("as_both_admins")
            && let Some(TokenTree::Ident(name)) = mac.tokens.clone().into_iter().next()
        {
            self.0.push(name.to_string());
        }
    }
}
