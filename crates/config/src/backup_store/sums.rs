//! `SHA256SUMS`: the SHA-256 of the manifest and of every file as it was before encryption, in the form that `sha256sum -c`
//! reads. Where the files are encrypted, so is this one: the store has nothing to write another one with that an
//! identity would open, and nothing in clear that a guess at the data could be compared with.

use super::digest::Digest;

pub const NAME: &str = "SHA256SUMS";

/// The first line, which is that of the manifest.
pub fn first_line(manifest: &Digest) -> String {
    line("manifest.json", manifest)
}

/// The whole text; `files` in the order of the manifest.
pub fn text<'a>(manifest: &Digest, files: impl IntoIterator<Item = (&'a str, &'a Digest)>) -> String {
    let files = files.into_iter().map(|(path, digest)| line(path, digest));
    std::iter::once(first_line(manifest)).chain(files).collect()
}

fn line(path: &str, digest: &Digest) -> String {
    format!("{}  {path}\n", digest.sha256)
}
