//! Warnings of the server. sqlx hands them to `tracing` and to nobody else, so a layer picks them up there and
//! gives them to whoever is waiting for a statement in the same task.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// The target that sqlx sends the server's notices to.
pub const TARGET: &str = "sqlx::postgres::notice";

tokio::task_local! {
    static WARNINGS: RefCell<Vec<String>>;
}

/// Runs a future and returns the server's warnings that arrived during it.
///
/// Without [`Collector`] in the subscriber nothing arrives; the binary and the tests install it.
pub async fn collect<T>(future: impl Future<Output = T>) -> (T, Vec<String>) {
    WARNINGS
        .scope(RefCell::default(), async {
            let value = future.await;
            (value, WARNINGS.with(|warnings| warnings.take()))
        })
        .await
}

/// The layer that hears the warnings.
pub struct Collector;

impl<S: Subscriber> Layer<S> for Collector {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let warning = event.metadata().target() == TARGET && *event.metadata().level() <= Level::WARN;
        if warning {
            let mut text = Message(String::new());
            event.record(&mut text);
            let _outside_any_statement = WARNINGS.try_with(|warnings| warnings.borrow_mut().push(text.0));
        }
    }
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.0 = value.into();
        }
    }
}
