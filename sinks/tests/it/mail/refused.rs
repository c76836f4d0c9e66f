//! Mails that do not arrive, or not at once.

use super::server::{Script, TestServer};
use super::{A_WHILE, delivery, intended, stored, words};
use millstream_sinks::delivery::mail::MailDelivery;
use millstream_sinks::delivery::mail::post::Post;
use millstream_sinks::delivery::mail::smtp::SmtpServer;
use millstream_store::mail::MailContent;
use millstream_store::mail::deliver::ATTEMPTS_MAX;
use millstream_store::testing::TestStore;
use std::time::Duration;

async fn with_mail() -> TestStore {
    let store = TestStore::new().await;
    let content = MailContent::Composed(words("Come", "Come and see"));
    intended(&store, "ada@example.org", content).await;
    store
}

#[tokio::test]
async fn what_a_server_puts_off_is_sent_later() {
    for step in ["MAIL", "RCPT", "DATA", "DATA."] {
        let store = with_mail().await;
        let server = TestServer::new(&[Script::Answer(step, "451 4.7.1 greylisted")]).await;
        let delivery = delivery(&store, &server);
        delivery.deliver_due().await.unwrap();
        let waiting = stored(&store).await;
        assert_eq!(
            (&*waiting.state, waiting.attempts),
            ("waiting", 1),
            "{step}"
        );
        assert!(waiting.error.unwrap().contains("greylisted"));
        store.clock.advance(A_WHILE);
        delivery.deliver_due().await.unwrap();
        let sent = stored(&store).await;
        assert_eq!(
            (&*sent.state, sent.attempts, sent.error),
            ("delivered", 2, None)
        );
        assert_eq!(server.mails().len(), 1);
    }
}

#[tokio::test]
async fn what_a_server_refuses_for_good_ends_with_its_reason() {
    for step in ["MAIL", "RCPT", "DATA", "DATA."] {
        let store = with_mail().await;
        let refusal = Script::Answer(step, "550 5.1.1 no such person here");
        let server = TestServer::new(&[refusal]).await;
        let delivery = delivery(&store, &server);
        delivery.deliver_due().await.unwrap();
        let failed = stored(&store).await;
        assert_eq!((&*failed.state, failed.attempts), ("failed", 1), "{step}");
        assert!(failed.error.unwrap().contains("no such person here"));
        store.clock.advance(A_WHILE);
        assert_eq!(delivery.deliver_due().await.unwrap(), 0);
        assert!(server.mails().is_empty());
    }
}

#[tokio::test]
async fn what_is_about_our_log_in_waits_until_the_settings_are_right() {
    let store = with_mail().await;
    let server = TestServer::new(&[Script::Answer("MAIL", "530 5.7.0 log in first")]).await;
    delivery(&store, &server).deliver_due().await.unwrap();
    assert_eq!(stored(&store).await.state, "waiting");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_and_asked_again() {
    for script in [
        Script::Silent,
        Script::Hang("EHLO"),
        Script::Hang("RCPT"),
        Script::Hang("DATA"),
    ] {
        let store = with_mail().await;
        let server = TestServer::new(&[script]).await;
        let delivery = delivery(&store, &server);
        delivery.deliver_due().await.unwrap();
        let waiting = stored(&store).await;
        assert_eq!(waiting.state, "waiting", "{script:?}");
        assert!(waiting.error.unwrap().contains("in time"));
        store.clock.advance(A_WHILE);
        delivery.deliver_due().await.unwrap();
        assert_eq!(stored(&store).await.state, "delivered");
    }
}

#[tokio::test]
async fn a_server_that_does_not_say_good_bye_has_the_mail_all_the_same() {
    let store = with_mail().await;
    let server = TestServer::new(&[Script::Hang("QUIT")]).await;
    delivery(&store, &server).deliver_due().await.unwrap();
    assert_eq!(stored(&store).await.state, "delivered");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_until_the_mail_is_given_up() {
    let store = with_mail().await;
    let server = TestServer::new(&[]).await;
    let url = server.url();
    drop(server);
    let server = SmtpServer::from_url(&url).unwrap();
    let post = Post::to_server(server, "mill@example.org").unwrap();
    let delivery = MailDelivery::new(store.store.clone(), post);
    for attempt in 1..=ATTEMPTS_MAX {
        assert_eq!(delivery.deliver_due().await.unwrap(), 1, "{attempt}");
        store.clock.advance(A_WHILE);
    }
    let failed = stored(&store).await;
    assert_eq!((&*failed.state, failed.attempts), ("failed", ATTEMPTS_MAX));
    assert_eq!(delivery.deliver_due().await.unwrap(), 0);
}

#[tokio::test]
async fn nothing_is_sent_in_the_open_to_a_server_that_offers_no_tls() {
    let store = with_mail().await;
    let server = TestServer::new(&[]).await;
    let url = format!("smtp://ada:secret@127.0.0.1:{}", server.port());
    let smtp = SmtpServer::from_url(&url).unwrap();
    let post = Post::to_server(smtp.within(Duration::from_millis(500)), "mill@example.org");
    let delivery = MailDelivery::new(store.store.clone(), post.unwrap());
    delivery.deliver_due().await.unwrap();
    assert_eq!(stored(&store).await.state, "waiting");
    for heard in server.heard() {
        assert!(
            heard.commands.iter().all(|line| line.starts_with("EHLO")),
            "{heard:?}"
        );
    }
}

/// What no type of ours lets through, written into the table by somebody who can.
#[tokio::test]
async fn a_header_that_was_smuggled_into_a_subject_is_not_sent() {
    let store = with_mail().await;
    let server = TestServer::new(&[]).await;
    let forged =
        r#"{"composed": {"subject": "Hi\r\nBcc: eve@example.org", "text": "x", "html": null}}"#;
    sqlx::query("update app.mail set content = $1::json")
        .bind(forged)
        .execute(store.store.pool())
        .await
        .unwrap();
    delivery(&store, &server).deliver_due().await.unwrap();
    assert_eq!(stored(&store).await.state, "waiting");
    sqlx::query("update app.mail set recipient = E'ada@example.org>\\r\\nRCPT TO:<eve@example.org', content = $1::json")
        .bind(r#"{"composed": {"subject": "Hi", "text": "x", "html": null}}"#)
        .execute(store.store.pool())
        .await
        .unwrap();
    store.clock.advance(A_WHILE);
    delivery(&store, &server).deliver_due().await.unwrap();
    assert_eq!(stored(&store).await.state, "failed");
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn one_mail_that_hangs_holds_up_no_other() {
    let store = TestStore::new().await;
    for n in 0..3 {
        let content = MailContent::Composed(words("Come", "x"));
        intended(&store, &format!("ada{n}@example.org"), content).await;
    }
    let server = TestServer::new(&[Script::Silent]).await;
    delivery(&store, &server).deliver_due().await.unwrap();
    assert_eq!(server.mails().len(), 2);
}
