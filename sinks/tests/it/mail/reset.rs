//! The mail by which a password is set anew: asked for, sent, used.

use super::delivery;
use super::server::TestServer;
use millstream_domain::policy::Actor;
use millstream_sinks::email::ResetMails;
use millstream_store::session::TokenHash;
use millstream_store::testing::TestStore;
use millstream_store::testing::builders::id_of;
use millstream_store::user::reset::{AskReset, ResetPassword};
use millstream_store::user::{UpdateUser, UserEdit};
use std::sync::Arc;

async fn ask(store: &TestStore) {
    let email = "ada@example.org".parse().unwrap();
    store.done(&Actor::Anonymous, AskReset { email }).await;
}

async fn deliver(store: &TestStore, server: &TestServer) {
    let mails = ResetMails::new(store.store.clone(), "https://tasks.example.org/");
    let delivery = delivery(store, server).with_password_reset(Arc::new(mails));
    delivery.deliver_due().await.unwrap();
}

/// The secret in a mail, which stands in a link and by itself, in text and in HTML.
fn secret(mail: &str) -> String {
    // The ends of lines that only the encoding has put there.
    let mail = mail.replace("=\r\n", "");
    let link = "https://tasks.example.org/reset#";
    let (_, rest) = mail.split_once(link).unwrap();
    let secret: String = rest.chars().take(68).collect();
    assert!(secret.starts_with("msp_"), "{secret}");
    assert_eq!(
        mail.matches(&format!("{link}{secret}")).count(),
        2,
        "{mail}"
    );
    assert_eq!(mail.matches(&secret).count(), 4, "{mail}");
    secret
}

#[tokio::test]
async fn a_link_arrives_and_sets_a_new_password() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let server = TestServer::new(&[]).await;
    ask(&store).await;
    deliver(&store, &server).await;
    let mails = server.mails();
    let [mail] = &mails[..] else {
        panic!("{mails:?}");
    };
    assert!(
        mail.contains("Subject: Set a new password for Millstream\r\n"),
        "{mail}"
    );
    let secret = secret(mail);
    for table in ["app.mail", "app.password_reset", "stream.outbox"] {
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "select t::text from {table} t"
        )))
        .fetch_all(store.database().pool())
        .await
        .unwrap();
        assert!(!rows.concat().contains("msp_"), "{table}: {rows:?}");
    }
    let reset = ResetPassword {
        token: TokenHash::of(&secret),
        new_hash: "new hash".into(),
        revoke_api_tokens: false,
    };
    assert_eq!(store.done(&Actor::Anonymous, reset).await, id_of(&ada));
}

#[tokio::test]
async fn no_link_goes_to_an_address_that_somebody_has_left_and_it_is_told_so() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let server = TestServer::new(&[]).await;
    ask(&store).await;
    let moved = UpdateUser {
        user_id: id_of(&ada),
        expected_version: None,
        edit: UserEdit {
            email: Some("ada@new.example".parse().unwrap()),
            ..UserEdit::default()
        },
    };
    store.done(&ada, moved).await;
    deliver(&store, &server).await;
    let mails = server.mails();
    let [mail] = &mails[..] else {
        panic!("{mails:?}");
    };
    for line in [
        "To: ada@example.org\r\n",
        "Subject: Your e-mail address on Millstream was changed\r\n",
    ] {
        assert!(mail.contains(line), "{mail}");
    }
    // Where they are now is not told to whoever reads the old mailbox.
    assert!(
        mail.contains("\"ada\"") && !mail.contains("new.example"),
        "{mail}"
    );
    let states: Vec<(String, String)> =
        sqlx::query_as("select kind, state from app.mail order by kind")
            .fetch_all(store.store.pool())
            .await
            .unwrap();
    let state = |kind: &str, state: &str| (kind.to_owned(), state.to_owned());
    let expected = [
        state("email_changed", "delivered"),
        state("password_reset", "not_wanted"),
    ];
    assert_eq!(states, expected);
}
