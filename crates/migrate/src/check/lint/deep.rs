//! Calling squawk's parser: it calls itself for every level of nesting, and panics at some of what is no SQL.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

const THREAD: &str = "lint";

/// Works, and answers `None` where squawk panicked. That is no reason to stop.
pub fn survived<T>(work: impl FnOnce() -> T) -> Option<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().name() != Some(THREAD) {
                before(panic);
            }
        }));
    });
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// squawk calls itself for every level of nesting, and the file decides how many levels there are. Only what is used
/// of this is ever taken from the system.
const STACK: usize = 512 << 20;

/// Works on a stack for files of any depth.
pub fn with_deep_stack<T: Send>(work: impl Fn() -> T + Send + Sync) -> T {
    std::thread::scope(|scope| {
        match std::thread::Builder::new().name(THREAD.into()).stack_size(STACK).spawn_scoped(scope, &work) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            // No room for it: most files need none.
            Err(_) => work(),
        }
    })
}
