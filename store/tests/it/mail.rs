//! Mails: intended with their reason, once; sent by one at a time, and never kept with a secret.

use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::{EventId, UserId};
use millstream_domain::policy::Actor;
use millstream_event_log::Event;
use millstream_event_log::events::{AccessEvent, Payload};
use millstream_store::mail::deliver::{ATTEMPTS_MAX, Delivery, LEASE, Outgoing, SERVED_FOR};
use millstream_store::mail::{Composed, MailContent, NewMail, intend};
use millstream_store::node::Node;
use millstream_store::testing::TestStore;
use millstream_store::{Change, Changed, Changing, StoreError};

fn now(store: &TestStore) -> DateTime<Utc> {
    store.store.clock().now()
}

fn composed() -> MailContent {
    MailContent::Composed(Composed {
        subject: "The wheel turns".parse().unwrap(),
        text: "Come and see.\n".parse().unwrap(),
        html: None,
    })
}

fn mail(store: &TestStore, event_id: EventId, kind: &'static str, to: &str) -> NewMail {
    NewMail {
        event_id,
        kind,
        to: to.parse().unwrap(),
        content: composed(),
        at: now(store),
    }
}

fn event(store: &TestStore) -> EventId {
    store.store.ids().next().into()
}

async fn intended(store: &TestStore, mail: &NewMail) -> bool {
    let mut tx = store.store.pool().begin().await.unwrap();
    let is_new = intend(&mut tx, mail).await.unwrap();
    tx.commit().await.unwrap();
    is_new
}

async fn claimed(store: &TestStore) -> Vec<Outgoing> {
    store.store.claim_mails("example.org", 99).await.unwrap()
}

async fn state(store: &TestStore, mail: &Outgoing) -> (String, Option<String>, bool) {
    sqlx::query_as("select state, error, content is null from app.mail where id = $1")
        .bind(mail.id.0)
        .fetch_one(store.store.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_mail_is_intended_once_for_each_event_kind_and_person() {
    let store = TestStore::new().await;
    let (first, second) = (event(&store), event(&store));
    let ada = "ada@example.org";
    assert!(intended(&store, &mail(&store, first, "mentioned", ada)).await);
    assert!(!intended(&store, &mail(&store, first, "mentioned", ada)).await);
    assert!(!intended(&store, &mail(&store, first, "mentioned", "ADA@example.org")).await);
    assert!(intended(&store, &mail(&store, first, "assigned", ada)).await);
    assert!(
        intended(
            &store,
            &mail(&store, first, "mentioned", "joan@example.org")
        )
        .await
    );
    assert!(intended(&store, &mail(&store, second, "mentioned", ada)).await);
    assert_eq!(claimed(&store).await.len(), 4);
    // Still known when it has been sent.
    assert!(!intended(&store, &mail(&store, first, "mentioned", ada)).await);
}

#[tokio::test]
async fn a_mail_whose_reason_is_rolled_back_is_none() {
    let store = TestStore::new().await;
    let mut tx = store.store.pool().begin().await.unwrap();
    let wanted = mail(&store, event(&store), "mentioned", "ada@example.org");
    assert!(intend(&mut tx, &wanted).await.unwrap());
    tx.rollback().await.unwrap();
    assert!(claimed(&store).await.is_empty());
}

#[tokio::test]
async fn who_could_only_print_mails_leaves_them_to_who_had_a_server_within_a_day() {
    let store = TestStore::new().await;
    let wanted = mail(&store, event(&store), "mentioned", "ada@example.org");
    intended(&store, &wanted).await;
    let mut node = Node {
        name: "there".into(),
        issuer: "https://tasks.example.org".into(),
        token_keys: Vec::new(),
        audit_key: String::new(),
        mail_server: Some(true),
    };
    let printed = async || {
        let claimed = store.store.claim_mails_to_print("example.org", 9).await;
        claimed.unwrap().len()
    };
    store.store.meet_nodes(&node).await.unwrap();
    assert_eq!(printed().await, 0);
    // It may be starting anew.
    store.store.leave_nodes("there").await.unwrap();
    store.clock.advance(SERVED_FOR);
    assert_eq!(printed().await, 0);
    store.clock.advance(TimeDelta::seconds(1));
    assert_eq!(printed().await, 1);

    // What it says now counts.
    let other = mail(&store, event(&store), "mentioned", "ada@example.org");
    intended(&store, &other).await;
    store.store.meet_nodes(&node).await.unwrap();
    assert_eq!(printed().await, 0);
    node.mail_server = Some(false);
    store.store.meet_nodes(&node).await.unwrap();
    assert_eq!(printed().await, 1);
}

#[tokio::test]
async fn a_mail_is_sent_by_one_at_a_time_and_keeps_its_message_id() {
    let store = TestStore::new().await;
    let event = event(&store);
    intended(&store, &mail(&store, event, "mentioned", "ada@example.org")).await;
    let first = claimed(&store).await.pop().unwrap();
    assert_eq!(first.message_id, format!("{}@example.org", first.id));
    assert_eq!(first.content().unwrap(), composed());
    assert!(claimed(&store).await.is_empty());
    store.clock.advance(LEASE + TimeDelta::seconds(1));
    let elsewhere = store
        .store
        .claim_mails("elsewhere.example", 9)
        .await
        .unwrap();
    let second = &elsewhere[0];
    assert_eq!((second.id, second.attempt), (first.id, 2));
    assert_eq!(second.message_id, first.message_id);
    assert!(
        !store
            .store
            .end_mail(&first, &Delivery::Delivered)
            .await
            .unwrap()
    );
    assert!(
        store
            .store
            .end_mail(second, &Delivery::Delivered)
            .await
            .unwrap()
    );
    assert_eq!(
        state(&store, second).await,
        ("delivered".into(), None, true)
    );
}

#[tokio::test]
async fn a_mail_that_is_put_off_waits_and_one_that_failed_stays_to_be_looked_at() {
    let store = TestStore::new().await;
    intended(
        &store,
        &mail(&store, event(&store), "mentioned", "ada@example.org"),
    )
    .await;
    let mail = claimed(&store).await.pop().unwrap();
    let until = now(&store) + TimeDelta::minutes(3);
    let error = String::from("451 come\0 again");
    let put_off = Delivery::PutOff { until, error };
    assert!(store.store.end_mail(&mail, &put_off).await.unwrap());
    assert!(claimed(&store).await.is_empty());
    store.clock.advance(TimeDelta::minutes(3));
    let mail = claimed(&store).await.pop().unwrap();
    let error = String::from("550 no such person");
    let failed = Delivery::Failed {
        error: error.clone(),
    };
    assert!(store.store.end_mail(&mail, &failed).await.unwrap());
    assert_eq!(
        state(&store, &mail).await,
        ("failed".into(), Some(error), false)
    );
    store.clock.advance(TimeDelta::days(1));
    assert!(claimed(&store).await.is_empty());
}

#[tokio::test]
async fn a_mail_that_takes_its_senders_with_it_is_given_up() {
    let store = TestStore::new().await;
    intended(
        &store,
        &mail(&store, event(&store), "mentioned", "ada@example.org"),
    )
    .await;
    for attempt in 1..=ATTEMPTS_MAX {
        let mail = claimed(&store).await.pop().unwrap();
        assert_eq!(mail.attempt, attempt);
        assert_eq!(mail.is_last_attempt(), attempt == ATTEMPTS_MAX);
        store.clock.advance(LEASE + TimeDelta::seconds(1));
    }
    assert!(claimed(&store).await.is_empty());
}

#[tokio::test]
async fn no_secret_is_kept_with_a_mail_for_a_new_password() {
    let store = TestStore::new().await;
    let user_id = UserId(store.store.ids().next());
    let mut reset = mail(&store, event(&store), "password_reset", "ada@example.org");
    reset.content = MailContent::PasswordReset { user_id };
    intended(&store, &reset).await;
    let row: String = sqlx::query_scalar("select to_json(m)::text from app.mail m")
        .fetch_one(store.store.pool())
        .await
        .unwrap();
    let kept = format!("\"content\":{{\"password_reset\":{{\"user_id\":\"{user_id}\"}}}}");
    assert!(row.contains(&kept), "{row}");
    let mail = claimed(&store).await.pop().unwrap();
    assert_eq!(mail.content().unwrap(), reset.content);
}

#[tokio::test]
async fn mails_that_were_sent_are_forgotten_after_their_time() {
    let store = TestStore::new().await;
    for end in [Delivery::Delivered, Delivery::Failed { error: "no".into() }] {
        intended(
            &store,
            &mail(&store, event(&store), "mentioned", "ada@example.org"),
        )
        .await;
        let mail = claimed(&store).await.pop().unwrap();
        assert!(store.store.end_mail(&mail, &end).await.unwrap());
    }
    let later = NewMail {
        at: now(&store) + TimeDelta::days(99),
        ..mail(&store, event(&store), "mentioned", "ada@example.org")
    };
    intended(&store, &later).await;
    for (days, left) in [(30, 3), (1, 1), (60, 1)] {
        store.clock.advance(TimeDelta::days(days));
        store.store.keep_house_once().await.unwrap();
        let count: i64 = sqlx::query_scalar("select count(*) from app.mail")
            .fetch_one(store.store.pool())
            .await
            .unwrap();
        assert_eq!(count, left, "{days}");
    }
}

/// Two things happen, and a mail tells of the second.
struct Tell(&'static str);

impl Change for Tell {
    type Output = EventId;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<EventId>, StoreError> {
        let event_id = cx.event_id(1);
        let mail = NewMail {
            event_id,
            kind: "told",
            to: self.0.parse().unwrap(),
            content: composed(),
            at: cx.now,
        };
        cx.intend_mail(&mail).await?;
        assert_eq!(cx.event_id(1), event_id, "asked again, it is the same");
        let events = AccessEvent::samples().into_iter().cycle().take(2);
        Ok(Changed {
            output: event_id,
            events: events.map(Event::from).collect(),
        })
    }
}

#[tokio::test]
async fn a_mail_refers_to_the_event_that_its_change_tells_and_the_commit_wakes_delivery() {
    let store = TestStore::new().await;
    let changes = vec![Tell("ada@example.org"), Tell("joan@example.org")];
    let told = store.done(&Actor::System, changes).await;
    store.store.mail_wake().woken().await;
    let events: Vec<_> = store.events().await.iter().map(|event| event.id).collect();
    assert_eq!(events.len(), 4);
    assert_eq!(told, [events[1], events[3]]);
    let of: Vec<uuid::Uuid> =
        sqlx::query_scalar("select event_id from app.mail order by recipient")
            .fetch_all(store.store.pool())
            .await
            .unwrap();
    assert_eq!(of, [events[1].0, events[3].0]);
}
