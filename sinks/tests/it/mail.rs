//! Mails on their way: a real conversation with a small server on this machine, from the intent to the last word.

mod mailbox;
mod refused;
mod reset;
mod sent;
mod server;
mod work;

use chrono::TimeDelta;
use millstream_domain::ids::EventId;
use millstream_sinks::delivery::mail::MailDelivery;
use millstream_sinks::delivery::mail::post::Post;
use millstream_sinks::delivery::mail::smtp::SmtpServer;
use millstream_store::mail::{Composed, MailContent, NewMail, intend};
use millstream_store::testing::TestStore;
use server::TestServer;
use sqlx::FromRow;
use std::time::Duration;

/// Longer than any pause between tries.
const A_WHILE: TimeDelta = TimeDelta::hours(9);

/// A mail as it is stored.
#[derive(Debug, FromRow)]
struct Stored {
    state: String,
    attempts: i32,
    error: Option<String>,
}

fn words(subject: &str, text: &str) -> Composed {
    Composed {
        subject: subject.parse().unwrap(),
        text: text.parse().unwrap(),
        html: None,
    }
}

async fn intended(store: &TestStore, to: &str, content: MailContent) {
    let mail = NewMail {
        event_id: EventId(store.store.ids().next()),
        kind: "test",
        to: to.parse().unwrap(),
        content,
        at: store.store.clock().now(),
    };
    let mut tx = store.store.pool().begin().await.unwrap();
    assert!(intend(&mut tx, &mail).await.unwrap());
    tx.commit().await.unwrap();
}

/// The delivery to a server, with little patience.
fn delivery(store: &TestStore, server: &TestServer) -> MailDelivery {
    let server = SmtpServer::from_url(&server.url()).unwrap();
    let server = server.within(Duration::from_millis(500));
    let post = Post::to_server(server, "Millstream <mill@example.org>").unwrap();
    MailDelivery::new(store.store.clone(), post)
}

async fn stored(store: &TestStore) -> Stored {
    sqlx::query_as("select state, attempts, error from app.mail order by id limit 1")
        .fetch_one(store.store.pool())
        .await
        .unwrap()
}
