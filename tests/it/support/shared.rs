//! Set-up that tests share while they run at the same time; the last one that ends drops it.

use std::sync::{Arc, Mutex, PoisonError, Weak};

pub(crate) struct Shared<T>(Mutex<Weak<T>>);

impl<T> Shared<T> {
    pub(crate) const fn new() -> Shared<T> {
        Shared(Mutex::new(Weak::new()))
    }

    /// Returns the set-up of another test, or makes it. A static is never dropped, so it keeps no set-up itself.
    pub(crate) fn get(&self, make: impl FnOnce() -> T) -> Arc<T> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.upgrade().unwrap_or_else(|| {
            let made = Arc::new(make());
            *last = Arc::downgrade(&made);
            made
        })
    }
}
