//! Safe calls of squawk's parser, which recurses for every level of nesting and panics at some invalid SQL.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

const THREAD: &str = "lint";

/// Calls `work`, and returns `None` if squawk panicked. A panic must not end the run.
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

/// Stack size in bytes, because the file determines squawk's recursion depth. The system only allocates the
/// pages that are used.
const STACK: usize = 512 << 20;

/// Calls `work` on a stack for files of any depth.
pub fn with_deep_stack<T: Send>(work: impl Fn() -> T + Send + Sync) -> T {
    std::thread::scope(|scope| {
        match std::thread::Builder::new().name(THREAD.into()).stack_size(STACK).spawn_scoped(scope, &work) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            // The thread cannot be created: most files do not need it.
            Err(_) => work(),
        }
    })
}
