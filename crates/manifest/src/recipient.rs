//! Recipients of encrypted backups.

/// Checks a recipient of age.
///
/// # Errors
/// With the reason, if it is invalid.
#[cfg(feature = "encryption")]
pub(crate) fn check_recipient(text: &str) -> Result<(), &'static str> {
    text.parse::<age::x25519::Recipient>().map(drop)
}

/// # Errors
/// Always: there is nothing that could encrypt.
#[cfg(not(feature = "encryption"))]
pub(crate) fn check_recipient(_: &str) -> Result<(), &'static str> {
    Err("this build of martydb cannot encrypt: build it with the feature `encryption`")
}
