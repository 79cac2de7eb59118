//! Names in the body of a routine, found without parsing it: everything that might be a name counts as one. A body that
//! builds its statements at run time can name anything.

/// Name in the spelling of the catalog, and the name before its dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScannedName {
    pub before: Option<String>,
    pub name: String,
}

/// Names in a body.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ScannedNames {
    pub names: Vec<ScannedName>,
    /// `true` if it contains the word EXECUTE outside of strings.
    pub executes: bool,
}

/// Scans a body. Comments are skipped; strings are not, because they may be statements or names of tables.
pub fn scan(body: &str) -> ScannedNames {
    let mut scanner =
        Scanner { text: body, at: 0, in_string: false, found: ScannedNames::default(), qualifier: None };
    while scanner.step() {}
    let mut found = scanner.found;
    found.names.sort();
    found.names.dedup();
    found
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    in_string: bool,
    found: ScannedNames,
    /// Name before a dot.
    qualifier: Option<String>,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// Returns `true` if there is more.
    fn step(&mut self) -> bool {
        let Some(c) = self.rest().chars().next() else { return false };
        match c {
            '-' if !self.in_string && self.rest().starts_with("--") => {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            }
            '/' if !self.in_string && self.rest().starts_with("/*") => self.skip_comment(),
            '\'' => {
                self.in_string = !self.in_string;
                self.pass(c);
            }
            '"' => self.quoted(),
            c if c.is_alphabetic() || c == '_' => self.word(),
            // A number, and letters after it, are not a name.
            c if c.is_ascii_digit() => self.at += self.length_of_word(),
            c => self.pass(c),
        }
        true
    }

    fn pass(&mut self, c: char) {
        self.at += c.len_utf8();
        self.qualifier = None;
    }

    /// Skips a comment; comments may be nested.
    fn skip_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.text.len() {
            if self.rest().starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if self.rest().starts_with("*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return;
                }
            } else {
                self.at += self.rest().chars().next().map_or(1, char::len_utf8);
            }
        }
    }

    fn quoted(&mut self) {
        let mut name = String::new();
        let mut inside = &self.text[self.at + 1..];
        while let Some((before, after)) = inside.split_once('"') {
            name.push_str(before);
            match after.strip_prefix('"') {
                Some(more) => {
                    name.push('"');
                    inside = more;
                }
                None => {
                    self.at = self.text.len() - after.len();
                    return self.take(name);
                }
            }
        }
        // Unterminated, so not a name; the rest may contain some.
        self.at += 1;
    }

    fn length_of_word(&self) -> usize {
        let part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        self.rest().find(|c| !part(c)).unwrap_or(self.rest().len())
    }

    fn word(&mut self) {
        let length = self.length_of_word();
        let word = self.rest()[..length].to_lowercase();
        self.at += length;
        self.found.executes |= !self.in_string && word == "execute";
        self.take(word);
    }

    fn take(&mut self, name: String) {
        self.found.names.push(ScannedName { before: self.qualifier.take(), name: name.clone() });
        if self.rest().starts_with('.') {
            self.at += 1;
            self.qualifier = Some(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(body: &str) -> Vec<String> {
        let shown = |one: &ScannedName| match &one.before {
            Some(before) => format!("{before}.{}", one.name),
            None => one.name.clone(),
        };
        scan(body).names.iter().map(shown).collect()
    }

    #[test]
    fn names_are_found_wherever_they_stand() {
        for (body, expected) in [
            ("SELECT 1", vec!["select"]),
            ("SELECT * FROM Customer", vec!["customer", "from", "select"]),
            ("\"Order\"", vec!["Order"]),
            ("pkd.\"a\"\"b\"", vec!["pkd", "pkd.a\"b"]),
            ("nextval('shared_seq')", vec!["nextval", "shared_seq"]),
            ("x -- hidden\ny", vec!["x", "y"]),
            ("x /* a /* b */ c */ y", vec!["x", "y"]),
            ("'it -- is' t", vec!["is", "it", "t"]),
            ("1e5 2x \"open", vec!["open"]),
            ("'a''b'", vec!["a", "b"]),
            ("größe", vec!["größe"]),
        ] {
            assert_eq!(names(body), expected, "{body}");
        }
    }

    #[test]
    fn a_statement_that_is_built_at_run_time_is_seen() {
        assert!(scan("EXECUTE format('x')").executes);
        assert!(!scan("-- execute\n SELECT 'execute'").executes);
    }

    proptest::proptest! {
        #[test]
        fn every_body_is_read_to_its_end(body in "([a-c.'\"/*\\-\n]|--|é|/\\*|\\*/|\\$\\$){0,60}") {
            let _ends = scan(&body);
        }
    }
}
