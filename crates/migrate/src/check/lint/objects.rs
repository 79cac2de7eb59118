//! Objects that pending migrations create, rename, move, drop and create again, statement by statement, by kind, schema and name.

mod blocks;
mod existing;
mod kinds;
mod path;
mod reader;
mod state;
mod words;

use std::ops::Range;

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{Parse, SourceFile};

pub(crate) use blocks::query as executed_query;
use blocks::{InnerStatement, inner_statements};
pub(crate) use existing::ExistingObjects;
pub(crate) use reader::name as written_name;
use squawk_syntax::SyntaxKind::{ATTACH_PARTITION, DETACH_PARTITION, PARTITION_OF};
pub(crate) use state::{Object, Objects};
pub(crate) use words::Sentence;
use words::outer_words;

/// A statement and the objects it changes.
#[derive(Debug)]
pub(crate) struct LintedStatement {
    /// Range in the text that was parsed.
    pub range: Range<usize>,
    /// Byte of the file at which it begins.
    pub at: usize,
    pub statement: ast::Stmt,
    /// The changed objects; of an index its table.
    pub targets: Vec<Object>,
    /// The table after PARTITION OF, or the partition that is attached or detached.
    pub other: Option<Object>,
    /// Set if pending migrations create all of them.
    pub is_new: bool,
    /// Set if pending migrations create them unless they exist.
    pub may_be_new: bool,
    /// Dropped objects, by their names at the file's beginning.
    dropped: Vec<Object>,
    /// Set if it drops an object that the same file recreates under the same name.
    pub is_recreated: bool,
    /// Its first two words, in lower case.
    pub verb: String,
    /// Its words outside parentheses, in lower case unless they are quoted.
    pub words: Vec<String>,
}

/// Text that is parsed on its own: a file, or the statements of a DO block.
pub(crate) struct LintedText {
    /// Set for the file itself: places in it are places in the text.
    pub is_file: bool,
    pub text: String,
    pub parsed: Parse<SourceFile>,
    pub statements: Vec<LintedStatement>,
}

impl Objects {
    /// Processes the statements of a file: first those of the file itself, then those of each DO block in it.
    pub(crate) fn follow(&mut self, text: &str, parsed: Parse<SourceFile>) -> Vec<LintedText> {
        self.begin_file();
        let mut file = LintedText { is_file: true, text: text.into(), statements: vec![], parsed };
        let mut blocks = vec![];
        for statement in file.parsed.tree().stmts() {
            let seen = self.one(&statement, None, true);
            file.statements.push(seen);
            if let ast::Stmt::Do(block) = &statement {
                blocks.extend(self.follow_block(&inner_statements(block)));
            }
        }
        let mut all = vec![file];
        all.append(&mut blocks);
        for seen in all.iter_mut().flat_map(|text| &mut text.statements) {
            seen.is_recreated = self.recreates(&seen.dropped);
        }
        self.end_file();
        all
    }

    fn follow_block(&mut self, inner: &[InnerStatement]) -> Option<LintedText> {
        // An expression that is not a statement on its own, or one that only the server can build.
        let is_whole = |one: &&InnerStatement| SourceFile::parse(&one.text).errors().is_empty();
        let inner: Vec<_> = inner.iter().filter(is_whole).collect();
        let text: String = inner.iter().map(|one| format!("{};\n", one.text)).collect();
        let parsed = SourceFile::parse(&text);
        let lengths =
            inner.iter().scan(0, |start, one| Some(std::mem::replace(start, *start + one.text.len() + 2)));
        let starts: Vec<usize> = lengths.collect();
        let mut statements = vec![];
        for statement in parsed.tree().stmts() {
            let begin = usize::from(statement.syntax().text_range().start());
            let source = inner.get(starts.partition_point(|start| *start <= begin).checked_sub(1)?)?;
            statements.push(self.one(&statement, Some(source.at), source.is_certain));
        }
        (!statements.is_empty()).then_some(LintedText { is_file: false, text, parsed, statements })
    }

    /// `at` is the place of a statement inside a block, `is_certain` is set if it runs in any case.
    fn one(&mut self, statement: &ast::Stmt, at: Option<usize>, is_certain: bool) -> LintedStatement {
        let node = statement.syntax();
        let text = node.text().to_string();
        let range = usize::from(node.text_range().start())..usize::from(node.text_range().end());
        let words = outer_words(&text);
        let verb = words.iter().take(2).map(String::as_str).collect::<Vec<_>>().join(" ");
        let other = reader::other_table(node, &[PARTITION_OF, ATTACH_PARTITION, DETACH_PARTITION]);
        let other = other.map(|name| self.table(&name));
        // INTO of PL/pgSQL names a variable.
        let is_variable = at.is_some() && matches!(statement, ast::Stmt::SelectInto(_));
        let effects = if is_variable { vec![] } else { reader::effects(node) };
        let targets =
            match reader::table_of_index(node).filter(|_| matches!(statement, ast::Stmt::CreateIndex(_))) {
                Some(table) => vec![self.table(&table)],
                None => effects.iter().map(|(written, effect)| self.target(written, effect)).collect(),
            };
        let is_new = !targets.is_empty() && targets.iter().all(|target| self.is_new(target));
        let dropped = if verb.starts_with("drop ") { self.former(&targets) } else { vec![] };
        let may_be_new =
            !is_new && !targets.is_empty() && targets.iter().all(|target| self.may_be_new(target));
        for (written, effect) in &effects {
            self.apply(written, effect, is_certain, is_new);
        }
        self.path.follow(&text);
        let at = at.unwrap_or(range.start);
        let statement = statement.clone();
        let is_recreated = false;
        LintedStatement {
            range,
            at,
            statement,
            targets,
            other,
            is_new,
            may_be_new,
            dropped,
            is_recreated,
            verb,
            words,
        }
    }
}
