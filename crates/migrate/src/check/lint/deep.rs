//! Safe calls of squawk's parser, which recurses for every level of nesting and panics at some invalid SQL.
//!
//! A panic cannot be caught in the released program, where it aborts. So the parser runs on a thread of its own, which stops there
//! for good in the panic hook, and the work is done again without the file.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once, mpsc};

/// Stack size in bytes, because the file determines squawk's recursion depth. The system only allocates the
/// pages that are used.
const STACK_BYTES: usize = 512 << 20;

thread_local! {
    /// Told by the panic hook, on a thread of the parser.
    static PANICKED: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

/// One attempt at all files.
pub(crate) struct ParserAttempt {
    /// Numbers of the files at which squawk panicked.
    panicked: BTreeSet<usize>,
    current: Arc<AtomicUsize>,
}

impl ParserAttempt {
    /// Calls `work` with a file, by its number, and returns `None` if squawk panicked at it.
    pub(crate) fn survived<T>(&self, file: usize, work: impl FnOnce() -> T) -> Option<T> {
        if self.panicked.contains(&file) {
            return None;
        }
        self.current.store(file, Ordering::Release);
        Some(work())
    }
}

/// Calls `work` on a stack for files of any depth, and again without each file at which squawk panics.
pub(crate) fn with_deep_stack<T: Send + 'static>(
    work: impl Fn(&ParserAttempt) -> T + Send + Sync + 'static,
) -> T {
    stop_panicking_parsers();
    let work = Arc::new(work);
    let mut panicked = BTreeSet::new();
    loop {
        let current = Arc::new(AtomicUsize::new(0));
        let attempt = ParserAttempt { panicked: panicked.clone(), current: current.clone() };
        let (ended, result) = mpsc::channel();
        let on_thread = {
            let work = work.clone();
            move || {
                let sender = ended.clone();
                PANICKED.set(Some(Box::new(move || drop(sender.send(None)))));
                drop(ended.send(Some(work(&attempt))));
            }
        };
        if std::thread::Builder::new().name("lint".into()).stack_size(STACK_BYTES).spawn(on_thread).is_err() {
            // The thread cannot be created: most files do not need it.
            return work(&ParserAttempt { panicked, current });
        }
        if let Ok(Some(done)) = result.recv() {
            return done;
        }
        if !panicked.insert(current.load(Ordering::Acquire)) {
            // No file was the reason: the panic is reported like any other.
            return work(&ParserAttempt { panicked, current });
        }
    }
}

/// Makes a thread of the parser stop where it panics, and print nothing. Where a panic aborts, it waits in the hook, which no other
/// may replace from then on; elsewhere it unwinds.
fn stop_panicking_parsers() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if let Some(tell) = PANICKED.take() {
                tell();
                while cfg!(panic = "abort") {
                    std::thread::park();
                }
                return;
            }
            before(panic);
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_at_which_it_panics_are_left_out() {
        let files = [1, 0, 2, 0, 4];
        let done = with_deep_stack(move |attempt| {
            let one = |(number, file): (usize, &i32)| attempt.survived(number, || 8 / file);
            files.iter().enumerate().map(one).collect::<Vec<_>>()
        });
        assert_eq!(done, [Some(8), None, Some(4), None, Some(2)]);
    }

    #[test]
    #[should_panic(expected = "of no file")]
    fn a_panic_of_no_file_is_not_tried_again_and_again() {
        with_deep_stack(|attempt| {
            attempt.survived(0, || ());
            panic!("of no file");
        })
    }
}
