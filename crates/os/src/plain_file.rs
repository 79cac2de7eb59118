//! Reading of files that a command is given, or that other people put into a folder: a pipe would never end and a device never be read
//! to the end, and a link in a folder could name any file that this account can read.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// Maximum size of a file in bytes: data of more is not for a migration.
const MAX_BYTES: u64 = 64 << 20;

/// Reason why a file was not read.
#[derive(Debug)]
pub enum UnreadFile {
    Failed(io::Error),
    LeadsOut,
    NotPlain,
    TooLarge,
}

impl UnreadFile {
    /// Returns the reason, as the rest of a sentence that starts with the file's name, and the fix. A failure has no
    /// words of its own.
    pub fn words(&self) -> Option<(&'static str, &'static str)> {
        match self {
            UnreadFile::Failed(_) => None,
            UnreadFile::LeadsOut => {
                Some(("is a link that leads out of the folder", "put the file itself in its place"))
            }
            UnreadFile::NotPlain => Some(("is not a plain file", "remove it")),
            UnreadFile::TooLarge => {
                Some(("is larger than 64 MiB", "split it, or load the data in another way"))
            }
        }
    }
}

impl From<io::Error> for UnreadFile {
    fn from(error: io::Error) -> UnreadFile {
        UnreadFile::Failed(error)
    }
}

impl From<UnreadFile> for io::Error {
    fn from(unread: UnreadFile) -> io::Error {
        match (unread.words(), unread) {
            (_, UnreadFile::Failed(error)) => error,
            (words, _) => io::Error::other(format!("it {}", words.unwrap_or_default().0)),
        }
    }
}

/// Reads a plain file; a link to it must not lead out of `root`.
pub fn read_plain(path: &Path, root: &Path) -> Result<Vec<u8>, UnreadFile> {
    let named = fs::symlink_metadata(path)?;
    if named.is_symlink() && !path.canonicalize()?.starts_with(root.canonicalize()?) {
        return Err(UnreadFile::LeadsOut);
    }
    read_bounded(path)
}

/// Reads a plain file that the user names, or a link to one.
pub fn read_named(path: &Path) -> io::Result<Vec<u8>> {
    Ok(read_bounded(path)?)
}

/// Reads such a file as text.
pub fn read_named_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read_named(path)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, UnreadFile> {
    if !fs::metadata(path)?.is_file() {
        return Err(UnreadFile::NotPlain);
    }
    // It may be exchanged meanwhile: to open a pipe would wait for its writer.
    let unblocked = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(unblocked).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(UnreadFile::NotPlain);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(found.len().min(MAX_BYTES)).unwrap_or_default());
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES { Err(UnreadFile::TooLarge) } else { Ok(bytes) }
}

/// Reads a plain file in its folder as text.
pub fn read_text(path: &Path) -> io::Result<String> {
    let bytes = read_plain(path, path.parent().unwrap_or(Path::new("/")))?;
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_plain_files_of_the_folder_are_read() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |name: &str| folder.path().join(name);
        let read = |name: &str| read_plain(&at(name), folder.path());
        fs::write(at("a"), "text").unwrap();
        symlink("a", at("within")).unwrap();
        assert_eq!((read("a").unwrap(), read("within").unwrap()), (b"text".to_vec(), b"text".to_vec()));
        fs::write(outside.path().join("secret"), "secret").unwrap();
        symlink(outside.path().join("secret"), at("out")).unwrap();
        assert!(matches!(read("out"), Err(UnreadFile::LeadsOut)));
        symlink("/dev/zero", at("zero")).unwrap();
        assert!(matches!(read("zero"), Err(UnreadFile::LeadsOut)));
        assert!(matches!(read_plain(Path::new("/dev/zero"), Path::new("/")), Err(UnreadFile::NotPlain)));
        assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        assert!(matches!(read("pipe"), Err(UnreadFile::NotPlain)));
        fs::File::create(at("large")).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert!(matches!(read("large"), Err(UnreadFile::TooLarge)));
        for refused in ["zero", "pipe", "large"] {
            assert!(read_named(&at(refused)).is_err(), "{refused}");
        }
        assert_eq!(read_named_text(&at("out")).unwrap(), "secret");
        symlink("none", at("dangling")).unwrap();
        assert!(matches!(read("dangling"), Err(UnreadFile::Failed(_))));
    }
}
