//! `ssh-keygen -Y`: signs a statement, and checks its signature.
//! <https://man.openbsd.org/ssh-keygen.1#Y>

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use crate::app::App;
use martydb_model::error::{Error, Result};
use martydb_os::program::{Output, ProgramCall, call};

/// Separates these signatures from those that a key makes for other purposes.
const NAMESPACE: &str = "martydb-evidence";

/// A key on a token waits for a finger.
const LIMIT: Duration = Duration::from_secs(60);

/// Returns the path of a file's signature, which `ssh-keygen` chooses.
pub(crate) fn signature_of(file: &Path) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(".sig");
    path.into()
}

/// Signs a file.
///
/// # Errors
/// The program's message, such as one about a key that it cannot read.
pub(crate) async fn sign(app: &App, file: &Path, key: &Path) -> Result<()> {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let output = keygen(app, &["sign", "-f", &shown(key), "-n", NAMESPACE, &shown(&file)], None).await?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::operation(format!("cannot sign {}", file.display()))
        .cause(output.complaint("ssh-keygen", None)))
}

/// Returns the program's message if the text is not signed by this identity.
pub(crate) async fn refusal(
    app: &App,
    text: &str,
    signature: &Path,
    signers: &Path,
    identity: &str,
) -> Result<Option<String>> {
    let arguments =
        ["verify", "-f", &shown(signers), "-I", identity, "-n", NAMESPACE, "-s", &shown(signature)];
    let output = keygen(app, &arguments, Some(&SecretString::from(text))).await?;
    // It prints why a signature is wrong on its standard output.
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let why =
        if said.is_empty() { output.complaint("ssh-keygen", None) } else { format!("ssh-keygen: {said}") };
    Ok((!output.status.success()).then_some(why))
}

async fn keygen(app: &App, arguments: &[&str], input: Option<&SecretString>) -> Result<Output> {
    let arguments: Vec<String> =
        ["ssh-keygen", "-Y"].iter().chain(arguments).map(|&one| one.into()).collect();
    let withheld = app.password_variables();
    let output = call(ProgramCall {
        purpose: "the program of OpenSSH",
        arguments: &arguments,
        withheld: &withheld,
        variables: &[],
        limit: LIMIT,
        input,
    });
    output.await.map_err(|error| error.hint("install OpenSSH 8.1 or later, whose ssh-keygen signs files"))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
