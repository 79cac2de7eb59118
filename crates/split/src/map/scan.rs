//! Names in the body of a routine, found without parsing it: everything that might be a name counts as one. A body that
//! builds its statements at run time can name anything.

/// Name in the spelling of the catalog, and the name before its dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ScannedName {
    pub before: Option<String>,
    pub name: String,
}

/// Names in a body.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ScannedNames {
    pub names: Vec<ScannedName>,
    /// Names of relations that it may write into.
    pub written: Vec<ScannedName>,
    /// `true` if it contains the word EXECUTE outside of strings.
    pub executes: bool,
}

/// Scans a body. Comments are skipped; strings are not, because they may be statements or names of tables.
pub(super) fn scan(body: &str) -> ScannedNames {
    let mut scanner =
        Scanner { text: body, at: 0, in_string: false, found: ScannedNames::default(), qualifier: None };
    while scanner.step() {}
    let mut found = scanner.found;
    found.written = written(&found.names, found.executes);
    found.names.sort();
    found.names.dedup();
    found
}

/// Words of statements that write. In one that is built at run time, its table may be any name.
const WRITES: &[&str] = &["insert", "update", "delete", "truncate", "merge", "copy"];

/// Returns the names of relations that a body may write into; `names` are in the order of the body.
fn written(names: &[ScannedName], executes: bool) -> Vec<ScannedName> {
    let contains = |word: &&str| names.iter().any(|one| one.name == *word);
    if contains(&"truncate") || executes && WRITES.iter().any(contains) {
        return names.to_vec();
    }
    let is_written = |at: &usize| {
        // The schema of a name is a name of its own.
        let schemas = usize::from(names[*at].before.is_some());
        let words = names[..*at].iter().rev().skip(schemas).map(|one| one.name.as_str());
        let mut words = words.filter(|word| *word != "only");
        match words.next() {
            Some("update" | "copy") => true,
            Some("into") => matches!(words.next(), Some("insert" | "merge")),
            Some("from") => words.next() == Some("delete"),
            _ => false,
        }
    };
    (0..names.len()).filter(is_written).map(|at| names[at].clone()).collect()
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
                    return self.add(name);
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
        self.add(word);
    }

    fn add(&mut self, name: String) {
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

    fn shown(names: &[ScannedName]) -> Vec<String> {
        let shown = |one: &ScannedName| match &one.before {
            Some(before) => format!("{before}.{}", one.name),
            None => one.name.clone(),
        };
        names.iter().map(shown).collect()
    }

    fn names(body: &str) -> Vec<String> {
        shown(&scan(body).names)
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

    /// A word of the language among them is the name of no relation.
    #[test]
    fn written_and_read_names_are_distinguished() {
        for (body, expected) in [
            ("INSERT INTO a SELECT * FROM b", &["a"][..]),
            ("insert into public.a values (1)", &["public", "public.a"]),
            ("UPDATE ONLY \"A\" SET x = 1 FROM b", &["only", "A"]),
            ("DELETE FROM ONLY s.a USING b", &["only", "s", "s.a"]),
            ("WITH x AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM x", &["a", "b"]),
            ("MERGE INTO a USING b ON true WHEN MATCHED THEN DELETE", &["a"]),
            ("SELECT n INTO a FROM b FOR UPDATE OF b", &["of"]),
            ("SELECT max(n) FROM a", &[]),
            ("-- INSERT INTO a\nSELECT 1", &[]),
            ("INSERT INTO a VALUES (1) ON CONFLICT DO UPDATE SET n = 2", &["a", "set"]),
        ] {
            assert_eq!(shown(&scan(body).written), expected, "{body}");
        }
        for any in ["TRUNCATE a, b", "EXECUTE 'INSERT INTO ' || 'b'"] {
            assert!(shown(&scan(any).written).contains(&"b".to_owned()), "{any}");
        }
        assert!(scan("EXECUTE 'SELECT * FROM ' || 'b'").written.is_empty());
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
