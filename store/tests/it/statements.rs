//! Counting the statements that a future sends to the database, by what sqlx logs.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};
use tracing::instrument::WithSubscriber;
use tracing::{Event, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

struct Counter(Arc<AtomicUsize>);

impl<S: Subscriber> Layer<S> for Counter {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Lets a statement be told whichever test sends the first one: what a thread without a subscriber meets first is
/// otherwise switched off for all.
static LISTENING: Once = Once::new();

/// What the future gives, and how many statements it took.
pub(crate) async fn counted<F: Future>(future: F) -> (F::Output, usize) {
    LISTENING.call_once(|| {
        tracing::subscriber::set_global_default(Registry::default())
            .expect("nothing else sets one");
    });
    let count = Arc::new(AtomicUsize::new(0));
    let subscriber = Registry::default().with(Counter(Arc::clone(&count)));
    let output = future.with_subscriber(subscriber).await;
    (output, count.load(Ordering::Relaxed))
}
