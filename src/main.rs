//! The binary: hand the arguments to the library, end with its status.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(martydb::main(std::env::args_os()).code())
}
