//! `docs/glossary.md` has one word for each idea. Its column *not* has the words that mean the same, and the column
//! *wrong in* the places where they are not used.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use crate::facts::{Text, texts};
use crate::test_names::test_names;

/// Phrases in which a word has another meaning, PostgreSQL's or another program's.
const EXCEPTIONS: &[&str] = &[
    // PostgreSQL's.
    "foreign data",
    "foreign key",
    "foreign server",
    "foreign table",
    // Gaps in the bits of a network mask.
    "mask with holes",
    // Branch in the address of the image's documentation.
    "blob master",
    // Keys of the sums in a backup's record, read from backups that exist.
    "rights on",
    // Key of TLS, beside those of age.
    "the private key can be read by others",
    // Servers of a CI job, which are containers.
    "a job starts its own servers",
    // Server of a split's source, with that name.
    "server old database",
];

/// Places that the column *wrong in* may name.
const PLACES: [&str; 3] = ["type names", "comments", "messages"];

/// Openings of a clause: a comment names its item by a noun, or a function's action by a verb.
pub(crate) const CLAUSES: &[&str] = &["What", "Whether", "Where", "Which", "How", "Who"];

/// Word of the column *not*, with the word of its row and the places.
struct Wrong {
    word: String,
    better: String,
    places: Vec<String>,
}

fn wrong_words() -> Vec<Wrong> {
    let text = std::fs::read_to_string("docs/glossary.md").unwrap();
    let rows = text.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let mut words = Vec::new();
    for row in rows.filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [better, _, not, places] = cells.as_slice() else { panic!("four cells: {row}") };
        assert_eq!(not.is_empty(), places.is_empty(), "words and their places: {row}");
        let places = list(places);
        assert!(places.iter().all(|place| PLACES.contains(&place.as_str())), "{row}");
        words.extend(list(not).into_iter().map(|word| Wrong {
            word,
            better: (*better).to_owned(),
            places: places.clone(),
        }));
    }
    words
}

fn list(cell: &str) -> Vec<String> {
    cell.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}

#[test]
fn the_sources_use_the_words_of_the_glossary() {
    let (words, mut found, mut used) = (wrong_words(), Vec::new(), BTreeSet::new());
    assert!(words.len() > 20, "the glossary has words to avoid");
    for text in texts() {
        for (place, said) in places(&text) {
            let said = plain(&said, &mut used);
            for wrong in words.iter().filter(|wrong| wrong.places.iter().any(|one| one == place)) {
                if mentions(&said, &wrong.word) {
                    let file = text.file.display();
                    found.push(format!("{file}: \"{}\" ({}):{said}", wrong.word, wrong.better));
                }
            }
        }
    }
    assert!(found.is_empty(), "{} places:\n{}", found.len(), found.join("\n"));
    let idle: Vec<_> = EXCEPTIONS.iter().filter(|phrase| !used.contains(*phrase)).collect();
    assert!(idle.is_empty(), "exceptions without a use: {idle:?}");
}

#[test]
fn no_comment_begins_with_a_clause() {
    let mut found = Vec::new();
    for text in texts() {
        let openings = text.words.openings.iter().filter(|(_, line)| begins_with_clause(line));
        for (number, line) in openings {
            found.push(format!("{}:{number}: {line}", text.file.display()));
        }
    }
    assert!(found.is_empty(), "begin with a noun or a verb:\n{}", found.join("\n"));
}

fn begins_with_clause(line: &str) -> bool {
    let first = line.trim_start_matches(['/', '!']).split_whitespace().next().unwrap_or_default();
    CLAUSES.contains(&first)
}

/// Words of one file.
pub(crate) struct Words {
    /// Names of tests.
    pub tests: Vec<String>,
    pub types: Vec<String>,
    pub literals: Vec<String>,
    pub comments: Vec<String>,
    /// First line of each comment that has a line of its own, with its number.
    pub openings: Vec<(usize, String)>,
}

/// Returns the words of a file's items, and of its text.
pub(crate) fn words(items: &[syn::Item], text: &str) -> Words {
    let mut reader = Reader::default();
    items.iter().for_each(|item| reader.visit_item(item));
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let (mut openings, mut within) = (Vec::new(), false);
    for (number, line) in text.lines().map(str::trim_start).enumerate() {
        if !within && line.starts_with("//") {
            openings.push((number + 1, line.to_owned()));
        }
        within = line.starts_with("//");
    }
    Words {
        tests: test_names(items),
        types: reader.types,
        literals: reader.literals,
        comments: code.lines().filter_map(comment).map(str::to_owned).collect(),
        openings,
    }
}

/// Returns names of types, lines of comments, literals and names of tests, each with its place.
fn places(text: &Text) -> impl Iterator<Item = (&'static str, String)> {
    let words = text.words;
    let types = words.types.iter().map(|name| ("type names", camel_words(name)));
    let messages = words.literals.iter().map(|text| ("messages", text.clone()));
    let names = words.tests.iter().filter(|_| text.is_test).map(|name| ("messages", name.replace('_', " ")));
    types.chain(messages).chain(names).chain(words.comments.iter().map(|text| ("comments", text.clone())))
}

fn comment(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix("//").or_else(|| line.split_once("; // ").map(|(_, comment)| comment))
}

/// Returns the words of a name such as `SourceCatalog`.
fn camel_words(name: &str) -> String {
    name.chars().flat_map(|c| c.is_uppercase().then_some(' ').into_iter().chain([c])).collect()
}

/// Returns the words in lower case between single spaces, without code between backquotes and without exceptions. A word may
/// have hyphens and underscores: such a word is an identifier.
fn plain(text: &str, used: &mut BTreeSet<&'static str>) -> String {
    let prose: String = text.split('`').step_by(2).collect::<Vec<_>>().join(" . ");
    let words: Vec<&str> = prose
        .split(|c: char| !c.is_alphanumeric() && !"_-'".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    let mut text = format!(" {} ", words.join(" ").to_lowercase());
    for phrase in EXCEPTIONS {
        let (one, several) = (format!(" {phrase} "), format!(" {phrase}s "));
        if text.contains(&one) || text.contains(&several) {
            used.insert(*phrase);
            text = text.replace(&one, " ").replace(&several, " ");
        }
    }
    text
}

/// Returns a template without the names of its values.
fn without_placeholders(template: &str) -> String {
    template.split('{').map(|part| part.split_once('}').map_or(part, |(_, after)| after)).collect()
}

fn mentions(text: &str, word: &str) -> bool {
    text.contains(&format!(" {word} ")) || text.contains(&format!(" {word}s "))
}

/// Names of types and literals of a module.
#[derive(Default)]
struct Reader {
    types: Vec<String>,
    literals: Vec<String>,
}

impl Reader {
    fn take(&mut self, literal: String) {
        let text = without_placeholders(&literal);
        // A single word is a key or a name.
        if text.trim().contains(' ') {
            self.literals.push(text);
        }
    }

    fn take_tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.take_tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    if let syn::Lit::Str(text) = syn::Lit::new(literal) {
                        self.take(text.value());
                    }
                }
                _ => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    /// Documentation is read as comments.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.types.push(item.ident.to_string());
        visit::visit_item_enum(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.types.push(item.ident.to_string());
        visit::visit_item_struct(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.types.push(item.ident.to_string());
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.types.push(item.ident.to_string());
        visit::visit_item_type(self, item);
    }

    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        self.take(literal.value());
    }

    /// SQL has PostgreSQL's words.
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        if !mac.path.is_ident("stmt") {
            self.take_tokens(mac.tokens.clone());
        }
    }
}
