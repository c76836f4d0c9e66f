//! Mails about the work, from the act to what the server was handed: who gets one, what stands in it, and who gets none.

use super::delivery;
use super::server::TestServer;
use chrono::TimeDelta;
use millstream_domain::ids::{ProjectId, TaskId, TeamId};
use millstream_domain::mail::MailReason;
use millstream_domain::policy::Actor;
use millstream_domain::task::Status;
use millstream_domain::team::TeamRole;
use millstream_event_log::Cut;
use millstream_event_log::{Origin, Via};
use millstream_pipelines::dataflows::mails;
use millstream_pipelines::sink::{Commit, Effect, Lease as _, Sink as _};
use millstream_pipelines::testing::Naked;
use millstream_sinks::email::WorkMails;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::mails::MailsView;
use millstream_sinks::postgres::PostgresSink;
use millstream_store::comment::CreateComment;
use millstream_store::mail::preference::ChoosePreferences;
use millstream_store::summary::Hour;
use millstream_store::task::{TaskEdit, TaskRef, UpdateTask};
use millstream_store::team::RemoveMember;
use millstream_store::testing::builders::{id_of, origin};
use millstream_store::testing::{TaskBuilder, TestStore};
use std::collections::BTreeMap;

/// A team of three.
pub(super) struct Shop {
    pub(super) store: TestStore,
    server: TestServer,
    team: TeamId,
    project: ProjectId,
    pub(super) ada: Actor,
    pub(super) grace: Actor,
    alan: Actor,
}

impl Shop {
    async fn new() -> Self {
        Self::with_reader("grace").await
    }

    /// The same, where Grace has another name.
    pub(super) async fn with_reader(name: &str) -> Self {
        let (store, server) = (TestStore::new().await, TestServer::new(&[]).await);
        let mut ada = store.with_user("ada").await;
        let team = store.with_team(&mut ada, "Millers").await;
        let mut grace = store.with_user(name).await;
        let mut alan = store.with_user("alan").await;
        for person in [&mut grace, &mut alan] {
            store
                .with_member(&ada, team, person, TeamRole::Member)
                .await;
        }
        let project = store.with_project(&ada, team, "ENG").await.id;
        Self {
            store,
            server,
            team,
            project,
            ada,
            grace,
            alan,
        }
    }

    pub(super) async fn assigned(&self, title: &str, to: &Actor) -> TaskId {
        let task = TaskBuilder::new(self.project, title).assignee(to);
        self.store
            .done(&self.ada, task.by(&self.ada))
            .await
            .state
            .id
    }

    async fn comment(&self, by: &Actor, task: TaskId, body: &str) {
        let comment = CreateComment {
            actor: by.clone(),
            task: TaskRef::Id(task),
            body: body.parse().unwrap(),
        };
        self.store.done(by, comment).await;
    }

    async fn status(&self, by: &Actor, task: TaskId, status: Status) {
        let edit = TaskEdit {
            status: Some(status),
            ..TaskEdit::default()
        };
        let update = UpdateTask {
            actor: by.clone(),
            task: TaskRef::Id(task),
            expected_version: None,
            edit,
        };
        self.store.done(by, update).await;
    }

    pub(super) async fn wants(&self, who: &Actor, reason: MailReason, wanted: bool) {
        let choose = ChoosePreferences {
            user_id: id_of(who),
            wanted: BTreeMap::from([(reason, wanted)]),
        };
        self.store.done(who, choose).await;
    }

    /// Runs all that has happened through the pipeline, from the start, as a new owner does.
    pub(super) async fn told(&self) {
        let records = self.store.events().await;
        let cut = Cut::at(records.last().unwrap().seq);
        let mut naked = Naked::new(&mails::pipeline(), Vec::new());
        let now = self.store.store.clock().now();
        naked.records(records, now);
        let effects = naked.settle().effects.into_iter();
        let effects = effects.map(|(seq, at, item)| Effect { seq, at, item });
        let commit = Commit {
            effects: effects.collect(),
            states: Vec::new(),
            dead: Vec::new(),
            taken: Vec::new(),
            cut,
        };
        let (pool, clock) = (
            self.store.store.pool().clone(),
            self.store.store.clock().clone(),
        );
        let mut lease = PostgresLease::new(pool.clone(), clock.clone(), mails::NAME, 1, "a");
        let generation = lease.acquire().await.unwrap().unwrap();
        let mut sink = PostgresSink::new(mails::NAME, pool, clock.clone(), MailsView::new(clock));
        sink.open(generation).await.unwrap();
        sink.commit(&commit).await.unwrap();
    }

    /// Delivers everything that is due; what the server took meanwhile, in the order of their recipients.
    async fn delivered(&self) -> Vec<String> {
        let before = self.server.mails().len();
        let mails = WorkMails::new(self.store.store.clone(), "https://mill.example.org/");
        let delivery = delivery(&self.store, &self.server).with_work(mails);
        while delivery.deliver_due().await.unwrap() > 0 {}
        let mut mails = self.server.mails().split_off(before);
        mails.sort_by_key(|mail| header(mail, "To"));
        mails
    }

    /// The states of the mails that were intended, by recipient.
    pub(super) async fn states(&self) -> Vec<(String, String, String)> {
        sqlx::query_as("select recipient, kind, state from app.mail order by recipient, kind")
            .fetch_all(self.store.store.pool())
            .await
            .unwrap()
    }
}

fn header(mail: &str, name: &str) -> String {
    let head = mail.split_once("\r\n\r\n").unwrap().0;
    let line = head
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("no {name}: {head}"))
        .to_owned()
}

/// To whom and with which subject.
fn briefly(mails: &[String]) -> Vec<(String, String)> {
    mails
        .iter()
        .map(|mail| (header(mail, "To"), header(mail, "Subject")))
        .collect()
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs
        .map(|(to, subject)| (to.to_owned(), subject.to_owned()))
        .into()
}

#[tokio::test]
async fn people_are_mailed_what_concerns_them_as_text_and_html_and_not_what_they_did() {
    let shop = Shop::new().await;
    let task = shop.assigned("Grease <the> wheel", &shop.grace).await;
    shop.told().await;
    let mails = shop.delivered().await;
    let subject = "ENG-1 Grease <the> wheel: assigned to you";
    assert_eq!(briefly(&mails), pairs([("grace@example.org", subject)]));
    let mail = mails[0].replace("=\r\n", "").replace("=3D", "=");
    for part in [
        "multipart/alternative",
        "ada assigned ENG-1 to you.",
        "https://mill.example.org/tasks/ENG-1",
        "https://mill.example.org/settings/mails",
        "Grease &#60;the&#62; wheel",
    ] {
        assert!(mail.contains(part), "{part} is missing: {mail}");
    }
    // Grace comments and mentions Alan, who takes no part yet; Ada made the task.
    shop.comment(&shop.grace, task, "Which *grease*, @alan?\nThe old one?")
        .await;
    shop.told().await;
    let mails = shop.delivered().await;
    let expected = [
        ("ada@example.org", "ENG-1 Grease <the> wheel: a comment"),
        (
            "alan@example.org",
            "ENG-1 Grease <the> wheel: you were mentioned",
        ),
    ];
    assert_eq!(briefly(&mails), pairs(expected));
    assert!(
        mails[1].contains("> Which *grease*, @alan?\r\n> The old one?\r\n"),
        "{}",
        mails[1]
    );
    shop.status(&shop.ada, task, Status::InProgress).await;
    shop.told().await;
    let mails = shop.delivered().await;
    let subject = "ENG-1 Grease <the> wheel: another status";
    assert_eq!(briefly(&mails), pairs([("grace@example.org", subject)]));
    assert!(mails[0].contains("ada changed the status of ENG-1. It is in progress now."));
}

#[tokio::test]
async fn whatever_is_worked_on_again_and_however_old_news_are_nobody_is_mailed_twice_or_late() {
    let shop = Shop::new().await;
    shop.assigned("One", &shop.grace).await;
    shop.told().await;
    shop.told().await;
    assert_eq!(shop.delivered().await.len(), 1);
    shop.told().await;
    assert_eq!(shop.delivered().await.len(), 0);
    shop.assigned("Two", &shop.grace).await;
    shop.store.clock.advance(TimeDelta::days(2));
    shop.told().await;
    assert_eq!(shop.delivered().await.len(), 0);
}

#[tokio::test]
async fn an_import_mails_nobody() {
    let shop = Shop::new().await;
    let task = TaskBuilder::new(shop.project, "From elsewhere").assignee(&shop.grace);
    let import = Origin {
        via: Via::Import,
        ..origin(&shop.ada)
    };
    shop.store
        .store
        .write(&import, task.by(&shop.ada))
        .await
        .unwrap();
    shop.told().await;
    assert_eq!(shop.states().await, []);
}

#[tokio::test]
async fn who_turned_it_off_or_may_not_see_the_task_any_more_when_it_is_sent_gets_none() {
    let shop = Shop::new().await;
    shop.wants(&shop.alan, MailReason::Assigned, false).await;
    shop.assigned("For Alan", &shop.alan).await;
    shop.told().await;
    assert_eq!(shop.states().await, [], "not even intended");
    // Between the reason and the sending: Grace leaves the team, Alan changes his mind.
    shop.assigned("For Grace", &shop.grace).await;
    shop.wants(&shop.alan, MailReason::Assigned, true).await;
    shop.assigned("For Alan again", &shop.alan).await;
    shop.told().await;
    shop.wants(&shop.alan, MailReason::Assigned, false).await;
    let leave = RemoveMember {
        actor: shop.ada.clone(),
        team_id: shop.team,
        user_id: id_of(&shop.grace),
        expected_version: None,
    };
    shop.store.done(&shop.ada, leave).await;
    assert_eq!(shop.delivered().await, [""; 0]);
    let states: Vec<_> = shop
        .states()
        .await
        .into_iter()
        .map(|(to, _, state)| (to, state))
        .collect();
    let both = [
        ("alan@example.org", "not_wanted"),
        ("alan@example.org", "not_wanted"),
        ("grace@example.org", "not_wanted"),
    ];
    assert_eq!(states, pairs(both));
}

#[tokio::test]
async fn a_summary_of_the_day_arrives_with_what_there_is_to_do() {
    let shop = Shop::new().await;
    for n in 1..=12 {
        shop.assigned(&format!("Sack {n}"), &shop.grace).await;
    }
    let due = shop.store.store.clock().now() + TimeDelta::hours(1);
    let late = TaskBuilder::new(shop.project, "Late")
        .assignee(&shop.grace)
        .due(due);
    shop.store.done(&shop.ada, late.by(&shop.ada)).await;
    shop.store.clock.advance(TimeDelta::hours(8));
    let (mails, _) = shop
        .store
        .store
        .summarize_some(Hour::default(), None)
        .await
        .unwrap();
    assert_eq!(mails, 1);
    let mails = shop.delivered().await;
    let subject = "Thursday, 1 January 2026: 1 overdue, 13 new, 13 to do";
    assert_eq!(briefly(&mails), pairs([("grace@example.org", subject)]));
    for part in [
        "Overdue (1)",
        "- ENG-13 Late (due Thu 1 Jan 2026, 01:00 UTC)",
        "To do (13)",
        "- and 3 more",
        "https://mill.example.org/tasks/ENG-13",
    ] {
        assert!(mails[0].contains(part), "{part} is missing: {}", mails[0]);
    }
}
