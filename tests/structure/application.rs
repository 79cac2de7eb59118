//! The application's context, with its flags, prompt and output, belongs to `src`: a function of a crate takes the values that
//! it needs, so that it can be called without a command line.

use crate::facts::sources;

/// Names that the context has, or had.
const CONTEXT: &[&str] = &["App"];

#[test]
fn no_crate_imports_the_applications_context() {
    let is_crate = |name: &str| name != "martydb";
    let takes = |names: &[String]| names.iter().any(|name| CONTEXT.contains(&name.as_str()));
    let mut found = Vec::new();
    for ((from, to), names) in &sources().imports {
        let names: Vec<String> = names.iter().cloned().collect();
        if is_crate(&from[0]) && takes(&names) {
            found.push(format!("{} imports it from {}", from.join("::"), to.join("::")));
        }
    }
    for (names, facts) in &sources().facts {
        if is_crate(&names[0]) && takes(&facts.sizes.types) {
            found.push(format!("{} defines it", names.join("::")));
        }
    }
    assert!(found.is_empty(), "take values instead, such as `&Context` and options: {found:#?}");
}
