//! The binary: hand the arguments to the library, end with its status.

use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The data service makes and drops many small values for each request, and musl's own allocator is slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    leave_no_core();
    ExitCode::from(martydb::main(std::env::args_os().collect()).code())
}

/// A core file would hold passwords. The hard limit stays, so that a server started from here may raise its own.
fn leave_no_core() {
    let maximum = getrlimit(Resource::Core).maximum;
    // If the system refuses, the run is as safe as any other program's.
    let _refused = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
}
