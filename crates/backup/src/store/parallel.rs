//! Parallel calls of one function for many items, on a few threads.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::Mutex;

use martydb_model::error::Result;

/// Returns the results in the order of `items`, or the first error; items that have not begun by then are skipped.
pub(crate) fn each<T: Sync, R: Send>(
    threads: usize,
    items: &[T],
    work: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let answers: Vec<Mutex<Option<Result<R>>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let one_thread = || {
        while !failed.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return };
            let answer = work(item);
            failed.fetch_or(answer.is_err(), Ordering::Relaxed);
            *answers[at].lock() = Some(answer);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(items.len()) {
            scope.spawn(one_thread);
        }
        one_thread();
    });
    // Every item before the failed one has a result.
    let answers = answers.into_iter().map(Mutex::into_inner);
    let mut given: Vec<Result<R>> = answers.flatten().collect();
    match given.iter().position(Result::is_err) {
        Some(at) => given.swap_remove(at).map(|_| vec![]),
        None => given.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::error::Error;

    #[test]
    fn answers_keep_their_order_and_an_error_ends_it() {
        let items: Vec<u32> = (0..100).collect();
        for threads in [0, 1, 4, 200] {
            let doubled = each(threads, &items, |item| Ok(item * 2)).unwrap();
            assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
            let failed =
                each(
                    threads,
                    &items,
                    |item| {
                        if *item == 7 { Err(Error::operation("seven")) } else { Ok(()) }
                    },
                );
            assert_eq!(failed.unwrap_err().message, "seven");
        }
        assert!(each(2, &[0; 0], |_| Ok(())).unwrap().is_empty());
    }
}
