//! A page as Markdown's parser reads it: headings, links, and the commands for its reader.

use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A page of the book, or another one of the repository.
pub(crate) struct Page {
    /// Below the repository's root.
    pub path: PathBuf,
    /// Anchors that links name: one for each heading.
    pub anchors: Vec<String>,
    pub links: Vec<String>,
    pub blocks: Vec<Block>,
}

/// Contents of a fenced block, or of a comment that begins with `test`.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// The line of its first fence.
    pub line: usize,
    pub info: String,
    pub text: String,
}

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page of the repository that people read: those at the root, the book, the examples.
pub(crate) fn all() -> Vec<Page> {
    let mut files = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].map(PathBuf::from).to_vec();
    for folder in ["docs", "examples", "services"] {
        collect(Path::new(folder), &mut files);
    }
    files.iter().map(|file| Page::read(file)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    for name in names {
        let path = folder.join(&name);
        if root().join(&path).is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
}

impl Page {
    /// Reads one by its path below the root.
    pub(crate) fn read(path: &Path) -> Page {
        let text = std::fs::read_to_string(root().join(path)).unwrap();
        let mut page = Page { path: path.into(), anchors: vec![], links: vec![], blocks: vec![] };
        page.walk(&text);
        page
    }

    fn walk(&mut self, text: &str) {
        let (mut heading, mut comment): (Option<String>, Option<Block>) = (None, None);
        let mut block: Option<Block> = None;
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            let line = || text[..range.start].matches('\n').count() + 1;
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => self.anchor(&heading.take().unwrap_or_default()),
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    self.links.push(dest_url.into_string());
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    block = Some(Block { line: line(), info: info.into_string(), text: String::new() });
                }
                Event::End(TagEnd::CodeBlock) => self.blocks.extend(block.take()),
                Event::Html(html) => {
                    if let Some(begun) = html.strip_prefix("<!-- test") {
                        comment = Some(Block {
                            line: line(),
                            info: "test".into(),
                            text: begun.trim_start().into(),
                        });
                    } else if let Some(comment) = &mut comment {
                        comment.text += &html;
                    }
                }
                Event::End(TagEnd::HtmlBlock) => {
                    self.blocks.extend(comment.take().map(|one| Block {
                        text: one.text.replace("-->", "").trim().to_owned() + "\n",
                        ..one
                    }));
                }
                Event::Text(part) | Event::Code(part) => {
                    if let Some(block) = &mut block {
                        block.text += &part;
                    } else if let Some(heading) = &mut heading {
                        *heading += &part;
                    }
                }
                _ => {}
            }
        }
    }

    /// As mdBook and GitHub name them.
    fn anchor(&mut self, heading: &str) {
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let plain: String = heading.to_lowercase().chars().filter(kept).collect();
        let plain = plain.trim().replace(' ', "-");
        let taken = self.anchors.iter().filter(|anchor| **anchor == plain).count();
        self.anchors.push(plain.clone());
        if taken > 0 {
            self.anchors.push(format!("{plain}-{taken}"));
        }
    }

    /// The folder that its links start from.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap()
    }
}
