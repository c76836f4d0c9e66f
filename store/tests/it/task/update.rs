//! Fields of a task are changed.

use super::{Workshop, fields};
use chrono::TimeDelta;
use millstream_domain::ids::TaskId;
use millstream_domain::policy::{Actor, Refusal};
use millstream_domain::task::{AssigneeRole, Hours, Status};
use millstream_event_log::changes::changes;
use millstream_store::StoreError;
use millstream_store::task::{AssignTask, AssigneeSpec, MoveTask, TaskEdit, TaskRef, UpdateTask};
use millstream_store::testing::builders::{id_of, origin};

fn edit(shop: &Workshop, id: TaskId, edit: TaskEdit) -> UpdateTask {
    UpdateTask {
        actor: shop.joan.clone(),
        task: TaskRef::Id(id),
        expected_version: None,
        edit,
    }
}

fn part_of(parent: TaskId) -> TaskEdit {
    TaskEdit {
        parent_id: Some(Some(parent)),
        ..TaskEdit::default()
    }
}

#[tokio::test]
async fn nothing_happens_when_nothing_changes() {
    let shop = Workshop::new().await;
    let task = shop
        .store
        .done(
            &shop.ada,
            shop.task("x").tag("a").assignee(&shop.joan).by(&shop.ada),
        )
        .await;
    let before = shop.store.kinds().await;
    let same = TaskEdit {
        title: Some("x".parse().unwrap()),
        status: Some(Status::Todo),
        tags: Some(vec!["A".parse().unwrap()]),
        assignees: Some(vec![AssigneeSpec {
            user_id: id_of(&shop.joan),
            role: AssigneeRole::Owner,
        }]),
        due_at: Some(None),
        ..TaskEdit::default()
    };
    for edit_of in [TaskEdit::default(), same] {
        let written = shop
            .store
            .write(&shop.joan, edit(&shop, task.state.id, edit_of))
            .await
            .unwrap();
        assert_eq!((written.position, &written.output), (None, &task));
    }
    assert_eq!(shop.store.kinds().await, before);
}

#[tokio::test]
async fn the_version_that_one_knows_must_be_the_newest() {
    let shop = Workshop::new().await;
    let id = shop.made("x").await.state.id;
    let at = |expected_version, title: &str| UpdateTask {
        expected_version,
        ..edit(
            &shop,
            id,
            TaskEdit {
                title: Some(title.parse().unwrap()),
                ..TaskEdit::default()
            },
        )
    };
    assert_eq!(
        shop.store
            .done(&shop.joan, at(Some(1.into()), "y"))
            .await
            .state
            .version,
        2
    );
    let stale = shop.store.write(&shop.joan, at(Some(1.into()), "z")).await;
    assert!(
        matches!(stale, Err(StoreError::Stale { now: 2 })),
        "{stale:?}"
    );
    assert_eq!(shop.now(id).await.state.title, "y");
}

#[tokio::test]
async fn changes_at_once_are_all_made_and_each_tells_what_it_found() {
    let shop = Workshop::new().await;
    let id = shop.made("0").await.state.id;
    let at_once = (1..=20).map(|n| {
        let (store, joan) = (shop.store.store.clone(), shop.joan.clone());
        let change = edit(
            &shop,
            id,
            TaskEdit {
                title: Some(format!("{n}").parse().unwrap()),
                ..TaskEdit::default()
            },
        );
        tokio::spawn(async move { store.write(&origin(&joan), change).await.unwrap() })
    });
    futures::future::join_all(at_once).await;
    assert_eq!(shop.now(id).await.state.version, 21);
    let mut known = None;
    for record in shop.store.events().await {
        if let millstream_event_log::Event::Task(event) = record.event().unwrap() {
            assert_eq!(
                event.before(),
                known.as_ref(),
                "each begins where the one before ended"
            );
            known = event.after().cloned();
        }
    }
    assert_eq!(known.unwrap(), shop.now(id).await.state);
}

#[tokio::test]
async fn a_task_is_finished_when_it_becomes_done_and_not_when_it_leaves() {
    let shop = Workshop::new().await;
    let id = shop.made("x").await.state.id;
    let to = |status| {
        edit(
            &shop,
            id,
            TaskEdit {
                status: Some(status),
                ..TaskEdit::default()
            },
        )
    };
    shop.store.clock.advance(TimeDelta::hours(1));
    let done = shop.store.done(&shop.joan, to(Status::Done)).await.state;
    assert_eq!(done.completed_at, Some(done.updated_at));
    shop.store.clock.advance(TimeDelta::hours(1));
    let hours = TaskEdit {
        actual_hours: Some(Some(Hours::new(2.5).unwrap())),
        ..TaskEdit::default()
    };
    assert_eq!(
        shop.store
            .done(&shop.joan, edit(&shop, id, hours))
            .await
            .state
            .completed_at,
        done.completed_at
    );
    assert_eq!(
        shop.store
            .done(&shop.joan, to(Status::Blocked))
            .await
            .state
            .completed_at,
        None
    );
}

#[tokio::test]
async fn tags_and_assignees_replace_the_whole_set() {
    let shop = Workshop::new().await;
    let task = shop
        .store
        .done(
            &shop.ada,
            shop.task("x")
                .tag("a")
                .tag("b")
                .assignee(&shop.ada)
                .by(&shop.ada),
        )
        .await;
    let change = TaskEdit {
        tags: Some(vec!["c".parse().unwrap(), "b".parse().unwrap()]),
        assignees: Some(vec![
            AssigneeSpec {
                user_id: id_of(&shop.viewer),
                role: AssigneeRole::Collaborator,
            },
            AssigneeSpec {
                user_id: id_of(&shop.joan),
                role: AssigneeRole::Owner,
            },
        ]),
        ..TaskEdit::default()
    };
    let changed = shop
        .store
        .done(&shop.joan, edit(&shop, task.state.id, change))
        .await;
    let tags: Vec<_> = changed.state.tags.iter().map(|t| t.name.as_str()).collect();
    let people: Vec<_> = changed
        .state
        .assignees
        .iter()
        .map(|a| a.username.as_str())
        .collect();
    assert_eq!((tags, people), (vec!["b", "c"], vec!["joan", "vera"]));
    assert_eq!(shop.now(task.state.id).await, changed);
}

#[tokio::test]
async fn assigning_is_an_act_of_its_own_and_may_be_repeated() {
    let shop = Workshop::new().await;
    let id = shop.made("x").await.state.id;
    let assign = |who| AssignTask {
        actor: shop.ada.clone(),
        task: TaskRef::Id(id),
        assignees: vec![AssigneeSpec {
            user_id: id_of(who),
            role: AssigneeRole::Owner,
        }],
    };
    shop.store.done(&shop.ada, assign(&shop.joan)).await;
    assert_eq!(
        shop.store
            .write(&shop.ada, assign(&shop.joan))
            .await
            .unwrap()
            .position,
        None
    );
    assert_eq!(shop.store.kinds().await.last().unwrap(), "task.assigned");
    let stranger = shop.store.write(&shop.ada, assign(&shop.eve)).await;
    assert_eq!(fields(stranger), [r#"assignees[0].user_id "not_found""#]);
    assert_eq!(shop.now(id).await.state.assignees[0].username, "joan");
}

#[tokio::test]
async fn no_task_is_a_part_of_itself() {
    let shop = Workshop::new().await;
    let ids = [
        shop.made("a").await.state.id,
        shop.made("b").await.state.id,
        shop.made("c").await.state.id,
    ];
    shop.store
        .done(&shop.joan, edit(&shop, ids[1], part_of(ids[0])))
        .await;
    shop.store
        .done(&shop.joan, edit(&shop, ids[2], part_of(ids[1])))
        .await;
    for parent in ids {
        let refused = shop
            .store
            .write(&shop.joan, edit(&shop, ids[0], part_of(parent)))
            .await;
        assert_eq!(fields(refused), [r#"parent_id "invalid""#]);
    }
}

#[tokio::test]
async fn two_tasks_that_become_each_others_parent_at_once_do_not() {
    let shop = Workshop::new().await;
    for round in 0..10 {
        let (a, b) = (shop.made("a").await.state.id, shop.made("b").await.state.id);
        let (one, two) = tokio::join!(
            shop.store.write(&shop.joan, edit(&shop, a, part_of(b))),
            shop.store.write(&shop.joan, edit(&shop, b, part_of(a))),
        );
        assert!(one.is_ok() != two.is_ok(), "{round}: {one:?} {two:?}");
        assert_eq!(
            fields(if one.is_ok() { two } else { one }),
            [r#"parent_id "invalid""#]
        );
    }
}

#[tokio::test]
async fn parts_of_parts_end_somewhere() {
    let shop = Workshop::new().await;
    let mut parent = shop.made("0").await.state.id;
    for depth in 1.. {
        let made = shop
            .store
            .write(&shop.ada, shop.task("deeper").parent(parent).by(&shop.ada))
            .await;
        match made {
            Ok(made) => parent = made.output.state.id,
            refused => {
                assert_eq!(
                    (fields(refused), depth),
                    (vec![r#"parent_id "out_of_range""#.to_owned()], 20)
                );
                break;
            }
        }
    }
}

#[tokio::test]
async fn strangers_change_nothing_and_viewers_neither() {
    let shop = Workshop::new().await;
    let id = shop.made("x").await.state.id;
    let by = |actor: &millstream_domain::policy::Actor, edit_of| UpdateTask {
        actor: actor.clone(),
        ..edit(&shop, id, edit_of)
    };
    for edit_of in [
        TaskEdit {
            status: Some(Status::Done),
            ..TaskEdit::default()
        },
        part_of(id),
    ] {
        let hidden = shop
            .store
            .write(&shop.eve, by(&shop.eve, edit_of.clone()))
            .await;
        assert!(
            matches!(hidden, Err(StoreError::Refused(Refusal::Hidden))),
            "{hidden:?}"
        );
        let forbidden = shop
            .store
            .write(&shop.viewer, by(&shop.viewer, edit_of))
            .await;
        assert!(
            matches!(forbidden, Err(StoreError::Refused(Refusal::Forbidden))),
            "{forbidden:?}"
        );
    }
    assert_eq!(shop.now(id).await.state.version, 1);
}

#[tokio::test]
async fn whoever_assigned_somebody_and_when_stays_though_their_role_changes() {
    let shop = Workshop::new().await;
    let id = shop.made("x").await.state.id;
    let assign = |by: &Actor, role| AssignTask {
        actor: by.clone(),
        task: TaskRef::Id(id),
        assignees: vec![AssigneeSpec {
            user_id: id_of(&shop.joan),
            role,
        }],
    };
    let first = assign(&shop.ada, AssigneeRole::Collaborator);
    let first = shop.store.done(&shop.ada, first).await.state;
    shop.store.clock.advance(TimeDelta::hours(1));
    let second = assign(&shop.joan, AssigneeRole::Owner);
    let second = shop.store.done(&shop.joan, second).await.state;
    assert_eq!(second, shop.now(id).await.state);
    let (was, is) = (&first.assignees[0], &second.assignees[0]);
    assert_eq!(is.role, AssigneeRole::Owner);
    assert_eq!(is.assigned_by, Some(id_of(&shop.ada)));
    assert_eq!(
        (is.assigned_by, is.assigned_at),
        (was.assigned_by, was.assigned_at)
    );
    let record = shop.store.events().await.pop().unwrap();
    let changes = changes(&record.event().unwrap());
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(changes[0].from[0]["role"], "collaborator");
    assert_eq!(changes[0].to[0]["role"], "owner");
}

#[tokio::test]
async fn parts_of_parts_end_somewhere_also_when_a_whole_tree_is_moved() {
    let shop = Workshop::new().await;
    let chain = async |length: usize| {
        let mut ids = vec![shop.made("0").await.state.id];
        for _ in 1..length {
            let part = shop.task("deeper").parent(*ids.last().unwrap());
            ids.push(
                shop.store
                    .done(&shop.ada, part.by(&shop.ada))
                    .await
                    .state
                    .id,
            );
        }
        ids
    };
    let (long, short) = (chain(12).await, chain(9).await);
    let below = |parent| edit(&shop, short[0], part_of(parent));
    let refused = shop.store.write(&shop.joan, below(long[11])).await;
    assert_eq!(fields(refused), [r#"parent_id "out_of_range""#]);
    shop.store.done(&shop.joan, below(long[10])).await;
}

#[tokio::test]
async fn a_part_and_its_whole_stay_in_one_team_whoever_moves_the_whole_meanwhile() {
    let mut shop = Workshop::new().await;
    let other = shop.store.with_team(&mut shop.joan, "Bakers").await;
    let project = shop.store.with_project(&shop.joan, other, "BAK").await.id;
    for round in 0..12 {
        let (whole, part) = (shop.made("a").await.state.id, shop.made("b").await.state.id);
        let moved = MoveTask {
            actor: shop.joan.clone(),
            task: TaskRef::Id(whole),
            expected_version: None,
            status: None,
            after: None,
            before: None,
            project: Some(project),
        };
        let child = shop.task("c").parent(whole).by(&shop.joan);
        let (moved, joined, made) = tokio::join!(
            shop.store.write(&shop.joan, moved),
            shop.store
                .write(&shop.joan, edit(&shop, part, part_of(whole))),
            shop.store.write(&shop.joan, child),
        );
        for refused in [joined.as_ref().err(), made.as_ref().err()]
            .into_iter()
            .flatten()
        {
            assert!(
                matches!(refused, StoreError::Fields(_)),
                "{round}: {refused:?}"
            );
        }
        let has_parts = joined.is_ok() || made.is_ok();
        assert_ne!(
            moved.is_ok(),
            has_parts,
            "{round}: {moved:?} {joined:?} {made:?}"
        );
    }
}
