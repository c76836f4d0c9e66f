//! The summary of the day: for whom it is due, once a day, and what it tells.

use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::{ProjectId, TeamId};
use millstream_domain::mail::MailReason;
use millstream_domain::policy::Actor;
use millstream_domain::task::Status;
use millstream_domain::team::TeamRole;
use millstream_store::mail::preference::ChoosePreferences;
use millstream_store::summary::{Hour, Span};
use millstream_store::task::{SetTaskPlace, TaskEdit, TaskPlace, TaskRef, UpdateTask};
use millstream_store::team::RemoveMember;
use millstream_store::testing::builders::id_of;
use millstream_store::testing::{TaskBuilder, TestStore};
use millstream_store::user::{UpdateUser, UserEdit};
use std::collections::BTreeMap;

/// A team of two, in Vienna and in Kathmandu, at the start of 2026.
struct Shop {
    store: TestStore,
    team: TeamId,
    project: ProjectId,
    ada: Actor,
    joan: Actor,
}

impl Shop {
    async fn new() -> Self {
        let store = TestStore::new().await;
        let mut ada = store.with_user("ada").await;
        let team = store.with_team(&mut ada, "Millers").await;
        let mut joan = store.with_user("joan").await;
        store
            .with_member(&ada, team, &mut joan, TeamRole::Member)
            .await;
        let project = store.with_project(&ada, team, "ENG").await.id;
        let shop = Self {
            store,
            team,
            project,
            ada,
            joan,
        };
        shop.lives(&shop.ada, "Europe/Vienna").await;
        shop.lives(&shop.joan, "Asia/Kathmandu").await;
        shop
    }

    async fn lives(&self, who: &Actor, zone: &str) {
        let edit = UserEdit {
            time_zone: Some(zone.parse().unwrap()),
            ..UserEdit::default()
        };
        let change = UpdateUser {
            user_id: id_of(who),
            expected_version: None,
            edit,
        };
        self.store.done(who, change).await;
    }

    async fn task(&self, title: &str, of: &Actor, due: Option<DateTime<Utc>>) -> TaskRef {
        let task = TaskBuilder::new(self.project, title).assignee(of);
        let task = due.into_iter().fold(task, TaskBuilder::due);
        TaskRef::Id(
            self.store
                .done(&self.ada, task.by(&self.ada))
                .await
                .state
                .id,
        )
    }

    /// Moves the clock to this time, and says for how many a summary was intended.
    async fn at(&self, time: &str) -> u64 {
        let time: DateTime<Utc> = time.parse().unwrap();
        self.store
            .clock
            .advance(time - self.store.store.clock().now());
        let (count, rest) = self
            .store
            .store
            .summarize_some(Hour::default(), None)
            .await
            .unwrap();
        assert_eq!(rest, None);
        count
    }

    /// To whom a summary was intended, and the spans that they tell of.
    async fn intended(&self) -> Vec<(String, Span)> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "select recipient, content::text from app.mail where kind = 'daily_summary' order by created_at, recipient",
        )
        .fetch_all(self.store.store.pool())
        .await
        .unwrap();
        let span = |content: &str| {
            let content: serde_json::Value = serde_json::from_str(content).unwrap();
            serde_json::from_value(content["daily_summary"].clone()).unwrap()
        };
        rows.iter()
            .map(|(to, content)| (to.clone(), span(content)))
            .collect()
    }
}

#[tokio::test]
async fn everybody_is_told_at_eight_of_their_own_zone_and_once_a_day() {
    let shop = Shop::new().await;
    shop.task("for ada", &shop.ada, None).await;
    shop.task("for joan", &shop.joan, None).await;
    // Kathmandu is at a quarter to an hour of UTC.
    assert_eq!(shop.at("2026-01-02T02:00:00Z").await, 0);
    assert_eq!(shop.at("2026-01-02T02:15:00Z").await, 1);
    assert_eq!(shop.at("2026-01-02T02:30:00Z").await, 0);
    assert_eq!(shop.at("2026-01-02T06:45:00Z").await, 0);
    assert_eq!(shop.at("2026-01-02T07:00:00Z").await, 1);
    assert_eq!(shop.at("2026-01-02T07:15:00Z").await, 0);
    let told: Vec<_> = shop
        .intended()
        .await
        .into_iter()
        .map(|(to, span)| (to, span.day.to_string()))
        .collect();
    let both = [
        ("joan@example.org", "2026-01-02"),
        ("ada@example.org", "2026-01-02"),
    ];
    assert_eq!(told, both.map(|(to, day)| (to.to_owned(), day.to_owned())));
    // The next one tells what is new since this one.
    assert_eq!(shop.at("2026-01-03T02:15:00Z").await, 1);
    let last = shop.intended().await.pop().unwrap().1;
    assert_eq!(
        last.from,
        "2026-01-02T02:15:00Z".parse::<DateTime<Utc>>().unwrap()
    );
    assert_eq!(last.until, last.from + TimeDelta::days(1));
    // Nothing ran in the morning: noon is too late.
    assert_eq!(shop.at("2026-01-04T12:00:00Z").await, 0);
}

#[tokio::test]
async fn whoever_has_nothing_to_be_told_or_wants_nothing_gets_none() {
    let shop = Shop::new().await;
    assert_eq!(shop.at("2026-01-02T07:00:00Z").await, 0);
    shop.task("for ada", &shop.ada, None).await;
    let off = ChoosePreferences {
        user_id: id_of(&shop.ada),
        wanted: BTreeMap::from([(MailReason::DailySummary, false)]),
    };
    shop.store.done(&shop.ada, off).await;
    assert_eq!(shop.at("2026-01-03T07:00:00Z").await, 0);
    let on = ChoosePreferences {
        user_id: id_of(&shop.ada),
        wanted: BTreeMap::from([(MailReason::DailySummary, true)]),
    };
    shop.store.done(&shop.ada, on).await;
    assert_eq!(shop.at("2026-01-04T07:00:00Z").await, 1);
}

#[tokio::test]
async fn it_tells_what_is_new_done_late_and_to_do_of_what_its_reader_may_see() {
    let shop = Shop::new().await;
    let at = |text: &str| Some(text.parse::<DateTime<Utc>>().unwrap());
    shop.task("old", &shop.ada, None).await;
    shop.at("2026-01-02T07:00:00Z").await;
    shop.store.clock.advance(TimeDelta::hours(1));
    shop.task("late", &shop.ada, at("2026-01-02T10:00:00Z"))
        .await;
    shop.task("new", &shop.ada, at("2026-02-01T10:00:00Z"))
        .await;
    let done = shop.task("done", &shop.ada, None).await;
    let edit = TaskEdit {
        status: Some(Status::Done),
        ..TaskEdit::default()
    };
    let finish = UpdateTask {
        actor: shop.ada.clone(),
        task: done,
        expected_version: None,
        edit,
    };
    shop.store.done(&shop.ada, finish).await;
    let archived = shop.task("archived", &shop.ada, None).await;
    let put_away = SetTaskPlace {
        actor: shop.ada.clone(),
        task: archived,
        expected_version: None,
        place: TaskPlace::Archive,
    };
    shop.store.done(&shop.ada, put_away).await;
    assert_eq!(shop.at("2026-01-03T07:00:00Z").await, 1);
    let (to, span) = shop.intended().await.pop().unwrap();
    let told = shop.store.store.summary(&span, &to).await.unwrap().unwrap();
    let titles = |tasks: &millstream_store::summary::SummaryTasks| {
        let titles: Vec<_> = tasks.named.iter().map(|task| task.title.clone()).collect();
        assert_eq!(tasks.count, i64::try_from(titles.len()).unwrap());
        titles.join(" ")
    };
    assert_eq!(titles(&told.assigned), "late new");
    assert_eq!(titles(&told.completed), "done");
    assert_eq!(titles(&told.overdue), "late");
    assert_eq!(titles(&told.pending), "late new old");
    // To another address, or to one who is not in the team any more, it tells nothing.
    assert_eq!(
        shop.store
            .store
            .summary(&span, "eve@example.org")
            .await
            .unwrap(),
        None
    );
    shop.task("for joan", &shop.joan, None).await;
    assert_eq!(shop.at("2026-01-04T02:15:00Z").await, 1);
    let (to, span) = shop.intended().await.pop().unwrap();
    assert!(
        shop.store
            .store
            .summary(&span, &to)
            .await
            .unwrap()
            .is_some()
    );
    let leave = RemoveMember {
        actor: shop.ada.clone(),
        team_id: shop.team,
        user_id: id_of(&shop.joan),
        expected_version: None,
    };
    shop.store.done(&shop.ada, leave).await;
    assert_eq!(shop.store.store.summary(&span, &to).await.unwrap(), None);
}
