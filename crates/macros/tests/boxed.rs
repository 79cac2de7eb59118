//! The attribute `boxed` on the forms of functions that it knows.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use martydb_macros::boxed;

struct Words(Vec<String>);

struct Part<'w>(&'w str);

impl<'w> Part<'w> {
    /// A lifetime of the type that the function belongs to.
    #[boxed]
    async fn of(words: &'w Words, number: &usize) -> Option<Part<'w>> {
        words.0.get(*number).map(|word| Part(word))
    }
}

impl Words {
    /// Two references, one of them mutable, and a tuple.
    #[boxed]
    async fn add(&mut self, words: (&str, &[&str])) -> Result<usize, std::num::ParseIntError> {
        let first: usize = words.0.parse()?;
        self.0.extend(words.1.iter().map(|word| (*word).to_owned()));
        Ok(first + self.0.len())
    }

    #[boxed]
    async fn longest<'a>(&'a self, least: &'a str) -> &'a str {
        self.0.iter().map(String::as_str).max_by_key(|word| word.len()).unwrap_or(least)
    }
}

/// One that awaits itself.
#[boxed(?Send)]
async fn depth(n: u32) -> u32 {
    if n == 0 { 0 } else { depth(n - 1).await + 1 }
}

#[boxed]
pub(crate) async fn fill(buffer: &mut [u8; 4096]) {
    buffer.fill(1);
}

fn done<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing here waits"),
    }
}

#[test]
fn a_boxed_function_gives_what_its_body_gives() {
    let mut words = Words(vec![]);
    assert_eq!(done(words.add(("1", &["a", "bcd"]))), Ok(3));
    assert!(done(words.add(("x", &[]))).is_err());
    assert_eq!(done(words.longest("")), "bcd");
    assert_eq!(done(Part::of(&words, &0)).map(|part| part.0), Some("a"));
    assert_eq!(done(depth(100)), 100);
}

#[test]
fn a_boxed_future_is_a_pointer_and_may_change_threads() {
    fn sent<T: Send>(future: T) -> usize {
        size_of_val(&future)
    }
    let mut buffer = [0; 4096];
    assert_eq!(sent(fill(&mut buffer)), 2 * size_of::<usize>());
    done(fill(&mut buffer));
    assert_eq!(buffer, [1; 4096]);
}
