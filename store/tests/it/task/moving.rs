//! A task is moved on its board, and to another project.

use super::{Workshop, fields};
use millstream_domain::ids::{ProjectId, TaskId};
use millstream_domain::policy::{Actor, Refusal};
use millstream_domain::task::Status;
use millstream_domain::team::TeamRole;
use millstream_store::StoreError;
use millstream_store::task::{MoveTask, Sort, SortField, TaskFilter, TaskRef};
use millstream_store::testing::TaskBuilder;
use millstream_store::testing::builders::{origin, page};

fn moving(actor: &Actor, id: TaskId) -> MoveTask {
    MoveTask {
        actor: actor.clone(),
        task: TaskRef::Id(id),
        expected_version: None,
        status: None,
        after: None,
        before: None,
        project: None,
    }
}

async fn board(shop: &Workshop) -> String {
    let sort = Sort {
        field: SortField::Rank,
        descending: false,
    };
    let tasks = shop
        .store
        .store
        .tasks(&shop.joan, &TaskFilter::default(), sort, &page(100, None))
        .await
        .unwrap();
    tasks
        .items
        .into_iter()
        .map(|task| task.state.title)
        .collect()
}

async fn four(shop: &Workshop) -> [TaskId; 4] {
    let mut ids = Vec::new();
    for title in ["a", "b", "c", "d"] {
        ids.push(shop.made(title).await.state.id);
    }
    ids.try_into().unwrap()
}

#[tokio::test]
async fn a_task_goes_where_it_is_put() {
    let shop = Workshop::new().await;
    let [a, b, c, d] = four(&shop).await;
    let cases = [
        (
            MoveTask {
                after: Some(c),
                ..moving(&shop.joan, a)
            },
            "bcad",
        ),
        (
            MoveTask {
                before: Some(b),
                ..moving(&shop.joan, d)
            },
            "dbca",
        ),
        (
            MoveTask {
                after: Some(d),
                before: Some(b),
                ..moving(&shop.joan, a)
            },
            "dabc",
        ),
        (
            MoveTask {
                after: Some(c),
                ..moving(&shop.joan, d)
            },
            "abcd",
        ),
        (
            MoveTask {
                after: Some(c),
                ..moving(&shop.joan, a)
            },
            "bcad",
        ),
        (
            MoveTask {
                after: Some(d),
                ..moving(&shop.joan, a)
            },
            "bcda",
        ),
    ];
    for (change, expected) in cases {
        shop.store.done(&shop.joan, change).await;
        assert_eq!(board(&shop).await, expected);
    }
    // What comes next comes last, behind what was moved to the end.
    shop.made("e").await;
    assert_eq!(board(&shop).await, "bcdae");
    let kinds = shop.store.kinds().await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "task.moved").count(), 6);
}

#[tokio::test]
async fn moving_may_be_repeated_and_says_so_once() {
    let shop = Workshop::new().await;
    let [a, _, c, _] = four(&shop).await;
    let change = || MoveTask {
        after: Some(c),
        status: Some(Status::Done),
        ..moving(&shop.joan, a)
    };
    let moved = shop.store.done(&shop.joan, change()).await;
    assert_eq!(moved.state.completed_at, Some(moved.state.updated_at));
    let again = shop.store.write(&shop.joan, change()).await.unwrap();
    assert_eq!((again.position, again.output), (None, moved));
}

#[tokio::test]
async fn a_neighbour_must_be_another_task_of_the_project() {
    let shop = Workshop::new().await;
    let [a, ..] = four(&shop).await;
    let other = shop
        .store
        .with_project(&shop.ada, shop.team, "OPS")
        .await
        .id;
    let elsewhere = shop
        .store
        .done(&shop.ada, TaskBuilder::new(other, "x").by(&shop.ada))
        .await
        .state
        .id;
    for neighbour in [a, elsewhere, TaskId(uuid::Uuid::nil())] {
        let change = MoveTask {
            after: Some(neighbour),
            ..moving(&shop.joan, a)
        };
        assert_eq!(
            fields(shop.store.write(&shop.joan, change).await),
            [r#"after "not_found""#]
        );
    }
}

#[tokio::test]
async fn two_who_move_to_the_same_place_at_once_get_places_of_their_own() {
    let shop = Workshop::new().await;
    let [a, b, c, d] = four(&shop).await;
    let into_gap = [b, c, d].map(|id| {
        let (store, joan) = (shop.store.store.clone(), shop.joan.clone());
        let change = MoveTask {
            before: Some(a),
            ..moving(&joan, id)
        };
        tokio::spawn(async move {
            store
                .write(&origin(&joan), change)
                .await
                .unwrap()
                .output
                .state
                .rank
        })
    });
    let mut ranks = Vec::new();
    for rank in into_gap {
        ranks.push(rank.await.unwrap());
    }
    ranks.sort();
    ranks.dedup();
    assert_eq!(ranks.len(), 3);
    assert!(board(&shop).await.ends_with('a'));
}

#[tokio::test]
async fn a_moved_task_keeps_its_old_names() {
    let shop = Workshop::new().await;
    let id = shop.made("x").await.state.id;
    let mut projects: Vec<ProjectId> = Vec::new();
    for key in ["OPS", "LAB"] {
        projects.push(shop.store.with_project(&shop.ada, shop.team, key).await.id);
    }
    shop.store
        .done(
            &shop.ada,
            TaskBuilder::new(projects[0], "first").by(&shop.ada),
        )
        .await;
    for project in projects {
        let change = MoveTask {
            project: Some(project),
            ..moving(&shop.joan, id)
        };
        shop.store.done(&shop.joan, change).await;
    }
    for name in ["ENG-1", "OPS-2", "LAB-1"] {
        let found = shop
            .store
            .store
            .task(&shop.joan, &TaskRef::Name(name.parse().unwrap()))
            .await
            .unwrap();
        assert_eq!(
            (found.state.id, found.state.name.as_str()),
            (id, "LAB-1"),
            "{name}"
        );
    }
    let last = shop.store.events().await.pop().unwrap();
    assert!(
        last.data.get().contains(r#""name":"OPS-2""#)
            && last.data.get().contains(r#""name":"LAB-1""#)
    );
}

#[tokio::test]
async fn in_another_team_a_task_keeps_what_belongs_there_too() {
    let mut shop = Workshop::new().await;
    let other = shop.store.with_team(&mut shop.joan, "Bakers").await;
    let project = shop.store.with_project(&shop.joan, other, "BAK").await.id;
    let parent = shop.made("whole").await.state.id;
    let task = shop
        .task("part")
        .parent(parent)
        .tag("oven")
        .assignee(&shop.ada)
        .assignee(&shop.joan);
    let task = shop.store.done(&shop.ada, task.by(&shop.ada)).await.state;
    let change = |actor: &Actor, id| MoveTask {
        project: Some(project),
        ..moving(actor, id)
    };
    let unseen = shop
        .store
        .write(&shop.ada, change(&shop.ada, task.id))
        .await;
    assert_eq!(fields(unseen), [r#"project_id "not_found""#]);
    let whole = shop
        .store
        .write(&shop.joan, change(&shop.joan, parent))
        .await;
    assert_eq!(fields(whole), [r#"project_id "invalid""#]);
    let moved = shop
        .store
        .done(&shop.joan, change(&shop.joan, task.id))
        .await
        .state;
    assert_eq!(
        (moved.team_id, moved.parent_id, moved.name.as_str()),
        (other, None, "BAK-1")
    );
    assert_eq!(
        moved
            .assignees
            .iter()
            .map(|a| a.username.as_str())
            .collect::<Vec<_>>(),
        ["joan"]
    );
    assert_eq!(moved.tags[0].name, "oven");
    assert_ne!(moved.tags[0].id, task.tags[0].id);
    assert_eq!(shop.store.task(&shop.joan, task.id).await.state, moved);
    // Who is only in the old team does not see it any more, by neither name.
    let gone = shop
        .store
        .store
        .task(&shop.ada, &TaskRef::Name(task.name.parse().unwrap()))
        .await;
    assert!(
        matches!(gone, Err(StoreError::Refused(Refusal::Hidden))),
        "{gone:?}"
    );
}

#[tokio::test]
async fn a_project_in_which_one_only_reads_takes_no_task() {
    let mut shop = Workshop::new().await;
    let other = shop.store.with_team(&mut shop.eve, "Bakers").await;
    let project = shop.store.with_project(&shop.eve, other, "BAK").await.id;
    let mut joan = shop.joan.clone();
    shop.store
        .with_member(&shop.eve, other, &mut joan, TeamRole::Viewer)
        .await;
    let id = shop.made("x").await.state.id;
    let refused = shop
        .store
        .write(
            &joan,
            MoveTask {
                project: Some(project),
                ..moving(&joan, id)
            },
        )
        .await;
    assert!(
        matches!(refused, Err(StoreError::Refused(Refusal::Forbidden))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_place_next_to_a_task_that_stays_and_the_top_are_never_used_up() {
    let shop = Workshop::new().await;
    let [a, b, c, d] = four(&shop).await;
    let mut first = a;
    for n in 0..600 {
        let moved = [b, c, d][n % 3];
        let behind = MoveTask {
            after: Some(a),
            ..moving(&shop.joan, moved)
        };
        let task = shop.store.done(&shop.joan, behind).await;
        assert!(task.state.rank.len() <= 8, "{}", task.state.rank);
    }
    for n in 0..600 {
        let moved = [b, c, d][n % 3];
        let to_top = MoveTask {
            before: Some(first),
            ..moving(&shop.joan, moved)
        };
        let task = shop.store.done(&shop.joan, to_top).await;
        assert!(task.state.rank.len() <= 8, "{}", task.state.rank);
        first = moved;
    }
    assert_eq!(board(&shop).await, "dcba");
}
