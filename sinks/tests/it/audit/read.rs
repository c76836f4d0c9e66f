//! Reading the audit: who sees what, and what can be asked.

use super::world::run_pipeline;
use millstream_domain::clock::{MockClock, SeededIds};
use millstream_domain::ids::{TeamId, UserId};
use millstream_domain::policy::{Actor, Refusal};
use millstream_domain::task::{Metadata, Priority, Status, Title};
use millstream_domain::team::TeamRole;
use millstream_event_log::mover::{Moved, Mover};
use millstream_event_log::testing::at;
use millstream_event_log::{Origin, Via};
use millstream_store::project::CreateProject;
use millstream_store::task::{CreateTask, NewTask};
use millstream_store::team::{CreateTeam, PutMember};
use millstream_store::testing::TestDatabase;
use millstream_store::user::Register;
use millstream_store::views::audit::{AuditEntry, AuditFilter};
use millstream_store::{Change, PageRequest, Store, StoreError};
use std::sync::Arc;
use uuid::Uuid;

/// A mill: an admin, a team with two people and a task, and somebody else.
struct Mill {
    database: TestDatabase,
    store: Store,
    admin: Actor,
    ada: Actor,
    bob: Actor,
    stranger: Actor,
    task: Uuid,
}

/// Somebody does something, from an address.
async fn done<C: Change>(store: &Store, by: &Actor, change: C) -> C::Output {
    let origin = Origin {
        actor: by.user_id(),
        via: Via::Token,
        client_ip: Some("192.0.2.1".into()),
        ..Origin::default()
    };
    store.write(&origin, change).await.unwrap().output
}

async fn register(store: &Store, username: &str) -> Actor {
    let register = Register {
        username: username.parse().unwrap(),
        email: format!("{username}@example.org").parse().unwrap(),
        display_name: None,
        password_hash: "no password has this hash".into(),
        has_setup_secret: true,
    };
    done(store, &Actor::Anonymous, register).await;
    actor(store, username).await
}

/// Somebody, with the roles that they have now.
async fn actor(store: &Store, username: &str) -> Actor {
    Actor::User(store.person_named(username).await.unwrap().unwrap())
}

fn id_of(actor: &Actor) -> UserId {
    actor.user_id().unwrap()
}

/// Ada's team and its task; Bob looks on.
async fn work(store: &Store, ada: &Actor, bob: &Actor) -> Uuid {
    let name = "Millers".parse().unwrap();
    let team = CreateTeam {
        actor: ada.clone(),
        name,
        description: None,
    };
    let team: TeamId = done(store, ada, team).await.id;
    let ada = actor(store, "ada").await;
    let member = PutMember {
        actor: ada.clone(),
        team_id: team,
        user_id: id_of(bob),
        role: TeamRole::Viewer,
        expected_version: None,
    };
    done(store, &ada, member).await;
    let project = CreateProject {
        actor: ada.clone(),
        team_id: team,
        key: "ENG".parse().unwrap(),
        name: "Engine".parse().unwrap(),
        description: None,
        archived: false,
    };
    let project = done(store, &ada, project).await;
    let task = NewTask {
        project_id: project.id,
        title: Title::new("Fix the wheel").unwrap(),
        description: None,
        status: Status::Todo,
        priority: Priority::Medium,
        due_at: None,
        estimated_hours: None,
        actual_hours: None,
        assignees: Vec::new(),
        tags: Vec::new(),
        parent_id: None,
        metadata: Metadata::default(),
        recurrence: None,
    };
    done(
        store,
        &ada,
        CreateTask {
            actor: ada.clone(),
            task,
        },
    )
    .await
    .state
    .id
    .0
}

impl Mill {
    async fn new() -> Self {
        let database = TestDatabase::new().await;
        let (clock, ids) = (Arc::new(MockClock::default()), Arc::new(SeededIds::new(1)));
        let poke = Mover::new(database.pool().clone()).poke();
        let store = Store::new(database.pool().clone(), poke, clock, ids);
        let admin = register(&store, "grace").await;
        let (ada, bob) = (register(&store, "ada").await, register(&store, "bob").await);
        let stranger = register(&store, "eve").await;
        let task = work(&store, &ada, &bob).await;
        let (ada, bob) = (actor(&store, "ada").await, actor(&store, "bob").await);
        let mill = Self {
            database,
            store,
            admin,
            ada,
            bob,
            stranger,
            task,
        };
        mill.pipeline().await;
        mill
    }

    async fn pipeline(&self) {
        let mover = Mover::new(self.database.pool().clone());
        while mover.move_once().await.unwrap() != Moved::Events(0) {}
        run_pipeline(self.database.pool()).await;
    }

    async fn audit(&self, who: &Actor, filter: AuditFilter) -> Result<Vec<AuditEntry>, StoreError> {
        let page = PageRequest::default();
        Ok(self.store.audit(who, &filter, &page).await?.items)
    }

    fn task(&self) -> AuditFilter {
        AuditFilter {
            entity: Some("task".into()),
            entity_id: Some(self.task),
            ..AuditFilter::default()
        }
    }
}

fn actions(entries: &[AuditEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.action.as_str()).collect()
}

#[tokio::test]
async fn an_admin_reads_everything_newest_first() {
    let mill = Mill::new().await;
    let all = mill
        .audit(&mill.admin, AuditFilter::default())
        .await
        .unwrap();
    let newest = [
        "task.created",
        "project.created",
        "member.added",
        "member.added",
        "team.created",
    ];
    assert_eq!(actions(&all)[..5], newest);
    assert!(all.iter().rev().map(|entry| entry.index).eq(0..9));
    let task = &all[0];
    assert_eq!(task.actor_username.as_deref(), Some("ada"));
    assert_eq!(task.entity_name.as_deref(), Some("ENG-1"));
    assert_eq!(task.ip.as_deref(), Some("192.0.2.1"));
    assert!(task.after.as_ref().unwrap().contains("Fix the wheel") && task.before.is_none());
}

#[tokio::test]
async fn others_read_the_audit_of_a_task_that_they_see_without_addresses() {
    let mill = Mill::new().await;
    let entries = mill.audit(&mill.bob, mill.task()).await.unwrap();
    assert_eq!(actions(&entries), ["task.created"]);
    assert_eq!((&entries[0].ip, &entries[0].user_agent), (&None, &None));
    let by_address = AuditFilter {
        q: Some("192.0.2.1".into()),
        ..mill.task()
    };
    assert!(
        mill.audit(&mill.bob, by_address.clone())
            .await
            .unwrap()
            .is_empty(),
        "nor ask for them"
    );
    assert_eq!(mill.audit(&mill.admin, by_address).await.unwrap().len(), 1);
}

#[tokio::test]
async fn anything_else_is_refused_to_others_and_a_foreign_task_like_an_absent_one() {
    let mill = Mill::new().await;
    let absent = AuditFilter {
        entity_id: Some(Uuid::from_u128(9)),
        ..mill.task()
    };
    let project = AuditFilter {
        entity: Some("project".into()),
        ..mill.task()
    };
    for (who, filter) in [
        (&mill.ada, AuditFilter::default()),
        (
            &mill.ada,
            AuditFilter {
                entity_id: None,
                ..mill.task()
            },
        ),
        (&mill.ada, project),
        (&mill.stranger, mill.task()),
        (&mill.stranger, absent),
    ] {
        let refused = mill.audit(who, filter.clone()).await.unwrap_err();
        assert!(
            matches!(refused, StoreError::Refused(Refusal::Forbidden)),
            "{filter:?}: {refused}"
        );
        assert!(mill.store.audit_export(who, filter).await.is_err());
    }
    let nobody = mill
        .audit(&Actor::Anonymous, mill.task())
        .await
        .unwrap_err();
    assert!(
        matches!(nobody, StoreError::Refused(Refusal::Unauthenticated)),
        "{nobody}"
    );
}

/// A filter made of nothing but this.
fn only(set: impl FnOnce(&mut AuditFilter)) -> AuditFilter {
    let mut filter = AuditFilter::default();
    set(&mut filter);
    filter
}

#[tokio::test]
async fn each_filter_lets_through_what_it_says() {
    let mill = Mill::new().await;
    let (start, later) = (at(0), at(1));
    for (filter, expected) in [
        (only(|f| f.actor = Some(id_of(&mill.ada).0)), 5),
        (only(|f| f.action = Some("member.added".into())), 2),
        (only(|f| f.action = Some("member.".into())), 0),
        (only(|f| f.entity = Some("user".into())), 4),
        (only(|f| f.entity_id = Some(mill.task)), 1),
        (only(|f| f.q = Some("eng-1".into())), 1),
        (only(|f| f.q = Some("%".into())), 0),
        (only(|f| (f.from, f.to) = (Some(start), Some(later))), 9),
        (only(|f| f.from = Some(later)), 0),
        (only(|f| f.to = Some(start)), 0),
    ] {
        let found = mill.audit(&mill.admin, filter.clone()).await.unwrap();
        assert_eq!(found.len(), expected, "{filter:?}: {:?}", actions(&found));
    }
}

#[tokio::test]
async fn pages_follow_each_other_while_entries_arrive() {
    let mill = Mill::new().await;
    let (mut cursor, mut seen) = (None, Vec::new());
    loop {
        let request = PageRequest { limit: 2, cursor };
        let all = AuditFilter::default();
        let page = mill.store.audit(&mill.admin, &all, &request).await.unwrap();
        seen.extend(page.items.iter().map(|entry| entry.index));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
        register(&mill.store, &format!("user{}", seen.len())).await;
        mill.pipeline().await;
    }
    assert!(seen.iter().copied().eq((0..9).rev()), "{seen:?}");
    let forged = PageRequest {
        limit: 2,
        cursor: Some("hello".into()),
    };
    let refused = mill
        .store
        .audit(&mill.admin, &AuditFilter::default(), &forged)
        .await;
    assert!(matches!(refused, Err(StoreError::Fields(_))));
}

#[tokio::test]
async fn an_export_brings_all_that_was_there_at_its_beginning() {
    let mill = Mill::new().await;
    let all = AuditFilter::default();
    let mut export = mill.store.audit_export(&mill.admin, all).await.unwrap();
    let mut seen = Vec::new();
    loop {
        let page = export.next().await.unwrap();
        if page.is_empty() {
            break;
        }
        seen.extend(page.into_iter().map(|entry| entry.index));
    }
    assert!(seen.into_iter().eq((0..9).rev()));
}

#[tokio::test]
async fn no_entry_carries_an_address_or_a_hash_of_a_password() {
    let mill = Mill::new().await;
    for entry in mill
        .audit(&mill.admin, AuditFilter::default())
        .await
        .unwrap()
    {
        let text = format!("{entry:?}");
        for secret in ["@example.org", "no password has this hash"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
