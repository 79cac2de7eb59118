//! `SHA256SUMS`: the SHA-256 of the manifest and of every file before encryption, in the format of `sha256sum -c`. If the
//! files are encrypted, so is this one: the store lacks what is needed to write another one that an identity would open, and
//! has no plain digest that a guess at the data could be compared with.

use crate::store::cipher::digest::Digest;

pub(crate) const NAME: &str = "SHA256SUMS";

/// Returns the first line, which is that of the manifest.
pub(crate) fn first_line(manifest: &Digest) -> String {
    line("manifest.json", manifest)
}

/// Returns the whole text; `files` in the order of the manifest.
pub(crate) fn text<'a>(manifest: &Digest, files: impl IntoIterator<Item = (&'a str, &'a Digest)>) -> String {
    let files = files.into_iter().map(|(path, digest)| line(path, digest));
    std::iter::once(first_line(manifest)).chain(files).collect()
}

fn line(path: &str, digest: &Digest) -> String {
    format!("{}  {path}\n", digest.sha256)
}
