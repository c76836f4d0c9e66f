//! Mails that arrive, and what stands in them.

use super::server::{Script, TestServer};
use super::{A_WHILE, delivery, intended, stored, words};
use futures::FutureExt;
use futures::future::BoxFuture;
use millstream_domain::ids::{MailId, UserId};
use millstream_sinks::delivery::mail::MailDelivery;
use millstream_sinks::delivery::mail::compose::PasswordResetMail;
use millstream_sinks::delivery::mail::post::Post;
use millstream_store::mail::{Composed, MailContent};
use millstream_store::testing::TestStore;
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;
use tracing::instrument::WithSubscriber;

#[tokio::test]
async fn a_mail_arrives_as_it_was_written_down() {
    let store = TestStore::new().await;
    let server = TestServer::new(&[]).await;
    let text = "Grace asks:\n\n.a line that begins with a dot\nBcc: eve@example.org\nGrüße\n";
    let content = MailContent::Composed(words("The wheel turns", text));
    intended(&store, "ada@example.org", content).await;
    assert_eq!(delivery(&store, &server).deliver_due().await.unwrap(), 1);
    let conversations = server.heard();
    let told: Vec<_> = conversations[0]
        .commands
        .iter()
        .map(String::as_str)
        .collect();
    assert_eq!(
        told,
        [
            "EHLO example.org",
            "MAIL FROM:<mill@example.org>",
            "RCPT TO:<ada@example.org>",
            "DATA",
            "QUIT",
        ]
    );
    let mail = &server.mails()[0];
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    let id: String = sqlx::query_scalar("select id::text from app.mail")
        .fetch_one(store.store.pool())
        .await
        .unwrap();
    for line in [
        "From: Millstream <mill@example.org>",
        "To: ada@example.org",
        "Subject: The wheel turns",
        &format!("Message-ID: <{id}@example.org>"),
        "Date: Thu, 01 Jan 2026 00:00:00 +0000",
        "Auto-Submitted: auto-generated",
        "Content-Type: text/plain; charset=utf-8",
    ] {
        assert!(head.lines().any(|l| l == line), "{line} is missing: {head}");
    }
    assert!(!head.contains("eve@"), "{head}");
    let body = body.replace("=C3=BC", "ü").replace("=C3=9F", "ß");
    assert_eq!(body.replace("\r\n", "\n").trim_end(), text.trim_end());
    let stored = stored(&store).await;
    assert_eq!((&*stored.state, stored.attempts), ("delivered", 1));
    assert_eq!(delivery(&store, &server).deliver_due().await.unwrap(), 0);
}

#[tokio::test]
async fn a_subject_in_any_language_is_one_header_and_html_stands_beside_the_text() {
    let store = TestStore::new().await;
    let server = TestServer::new(&[]).await;
    let html = "<p>Komm &amp; sieh</p>".parse().unwrap();
    let composed = Composed {
        html: Some(html),
        ..words("Überfällig: 水車 – „bald“", "Komm und sieh")
    };
    intended(
        &store,
        "jörg@müller.example",
        MailContent::Composed(composed),
    )
    .await;
    intended(
        &store,
        "ada@example.org",
        MailContent::Composed(words(&"ß".repeat(250), "x")),
    )
    .await;
    delivery(&store, &server).deliver_due().await.unwrap();
    let mails = server.mails();
    // The first needs a server that takes addresses beyond ASCII, which this one does not say of itself.
    assert_eq!(mails.len(), 1);
    let (head, _) = mails[0].split_once("\r\n\r\n").unwrap();
    assert!(
        head.is_ascii() && head.lines().all(|line| line.len() <= 998),
        "{head}"
    );
    assert_eq!(head.matches("Subject:").count(), 1);
}

#[tokio::test]
async fn text_and_html_go_together() {
    let store = TestStore::new().await;
    let server = TestServer::new(&[]).await;
    let html = "<p>Come &amp; see</p>".parse().unwrap();
    let composed = Composed {
        html: Some(html),
        ..words("Come", "Come and see")
    };
    intended(&store, "ada@example.org", MailContent::Composed(composed)).await;
    delivery(&store, &server).deliver_due().await.unwrap();
    let mail = &server.mails()[0];
    let at = |text: &str| mail.find(text).unwrap_or_else(|| panic!("{text}: {mail}"));
    // The richer form last, as the standard wants it.
    assert!(at("multipart/alternative") < at("text/plain"));
    assert!(at("Come and see") < at("text/html"));
    assert!(at("text/html") < at("<p>Come &amp; see</p>"));
}

#[tokio::test]
async fn a_mail_that_may_have_arrived_is_sent_again_as_the_same_mail() {
    let store = TestStore::new().await;
    let server = TestServer::new(&[Script::BreakOff]).await;
    let content = MailContent::Composed(words("Come", "Come and see"));
    intended(&store, "ada@example.org", content).await;
    let delivery = delivery(&store, &server);
    delivery.deliver_due().await.unwrap();
    assert_eq!(stored(&store).await.state, "waiting");
    store.clock.advance(A_WHILE);
    delivery.deliver_due().await.unwrap();
    assert_eq!(stored(&store).await.state, "delivered");
    let heard = server.heard();
    let id = |n: usize| {
        let mail = heard[n].mail.as_deref().unwrap();
        mail.lines()
            .find(|line| line.starts_with("Message-ID"))
            .unwrap()
    };
    assert_eq!((heard.len(), id(0)), (2, id(1)));
}

/// Counts its tokens.
#[derive(Debug, Default)]
struct Tokens(AtomicU32);

impl PasswordResetMail for Tokens {
    fn compose<'a>(
        &'a self,
        _: MailId,
        user: UserId,
        recipient: &'a str,
    ) -> BoxFuture<'a, Result<Option<Composed>, Box<dyn std::error::Error + Send + Sync>>> {
        let n = self.0.fetch_add(1, Ordering::Relaxed);
        let text = format!("{user} token-{n} for {recipient}");
        async move { Ok((n < 3).then(|| words("New password", &text))) }.boxed()
    }
}

#[tokio::test]
async fn a_secret_is_made_when_the_mail_is_sent_and_kept_nowhere() {
    let store = TestStore::new().await;
    let server = TestServer::new(&[Script::Answer("DATA.", "451 later")]).await;
    let user_id = UserId(store.store.ids().next());
    intended(
        &store,
        "ada@example.org",
        MailContent::PasswordReset { user_id },
    )
    .await;
    // Where nobody can make it, it waits for somebody who can.
    delivery(&store, &server).deliver_due().await.unwrap();
    assert!(server.heard().is_empty());
    let delivery = delivery(&store, &server).with_password_reset(Arc::new(Tokens::default()));
    for _ in 0..2 {
        store.clock.advance(A_WHILE);
        delivery.deliver_due().await.unwrap();
        let row: String = sqlx::query_scalar("select to_json(m)::text from app.mail m")
            .fetch_one(store.store.pool())
            .await
            .unwrap();
        assert!(!row.contains("token-"), "{row}");
    }
    let expected = format!("{user_id} token-1 for ada");
    let mails = server.mails();
    assert!(
        mails.len() == 1 && mails[0].contains(&expected),
        "{mails:?}"
    );
}

#[tokio::test]
async fn a_mail_that_nobody_wants_any_more_is_not_sent() {
    let store = TestStore::new().await;
    let server = TestServer::new(&[]).await;
    let user_id = UserId(store.store.ids().next());
    intended(
        &store,
        "ada@example.org",
        MailContent::PasswordReset { user_id },
    )
    .await;
    let tokens = Tokens(AtomicU32::new(3));
    let delivery = delivery(&store, &server).with_password_reset(Arc::new(tokens));
    delivery.deliver_due().await.unwrap();
    assert!(server.heard().is_empty());
    assert_eq!(stored(&store).await.state, "not_wanted");
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn without_a_server_the_whole_mail_is_one_line_of_the_log() {
    let store = TestStore::new().await;
    let text = "Go to\nhttps://mill.example/reset?token=a.b-c\n";
    let content = MailContent::Composed(words("New password", text));
    intended(&store, "ada@example.org", content).await;
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(move || writer.clone())
        .finish();
    let delivery = MailDelivery::new(store.store.clone(), Post::log());
    let delivered = delivery.deliver_due().with_subscriber(subscriber).await;
    assert_eq!(delivered.unwrap(), 1);
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let of_mail: Vec<_> = log.lines().filter(|line| line.contains("token=")).collect();
    assert_eq!(of_mail.len(), 1, "{log}");
    let line: serde_json::Value = serde_json::from_str(of_mail[0]).unwrap();
    let message = line["fields"]["message"].as_str().unwrap();
    for part in ["To: ada@example.org\n", "Subject: New password\n", text] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(stored(&store).await.state, "delivered");
}

#[tokio::test]
async fn the_delivery_is_told_by_the_commit_and_stops_when_asked() {
    let store = TestStore::new().await;
    let server = TestServer::new(&[]).await;
    let stop = CancellationToken::new();
    let running = delivery(&store, &server).run(stop.clone());
    let telling = async {
        for n in 0..9 {
            let content = MailContent::Composed(words(&format!("No. {n}"), "x"));
            intended(&store, &format!("ada{n}@example.org"), content).await;
        }
        store.store.mail_wake().wake();
        crate::jobs::eventually(async || server.mails().len() == 9).await;
        stop.cancel();
    };
    tokio::join!(running, telling);
    let left: i64 = sqlx::query_scalar("select count(*) from app.mail where state <> 'delivered'")
        .fetch_one(store.store.pool())
        .await
        .unwrap();
    assert_eq!(left, 0);
}
