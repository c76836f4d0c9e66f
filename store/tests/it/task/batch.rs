//! Many tasks at once: what each item comes to, what is written, and how many statements it takes.

use super::Workshop;
use crate::statements::counted;
use millstream_domain::field::FieldCode;
use millstream_domain::ids::TaskId;
use millstream_domain::policy::{Actor, Refusal};
use millstream_domain::task::{AssigneeRole, Hours, Priority, Status};
use millstream_domain::team::TeamRole;
use millstream_store::StoreError;
use millstream_store::task::{
    Adjustment, AssigneeSpec, BATCH_MAX, BatchEdit, BatchItem, BatchTasks, ItemRefused, Task,
    TaskEdit, TaskPlace, TaskRef,
};
use millstream_store::testing::TaskBuilder;
use millstream_store::testing::builders::id_of;

pub(super) fn batch(actor: &Actor, items: Vec<BatchItem>) -> BatchTasks {
    let actor = actor.clone();
    BatchTasks { actor, items }
}

pub(super) fn create(task: TaskBuilder, by: &Actor) -> BatchItem {
    BatchItem::Create(Box::new(task.by(by).task))
}

fn changed(id: TaskId, edit: TaskEdit) -> BatchEdit {
    BatchEdit {
        task: TaskRef::Id(id),
        expected_version: None,
        edit,
        adjust: Adjustment::default(),
    }
}

pub(super) fn edit(id: TaskId, edit: TaskEdit) -> BatchItem {
    BatchItem::Edit(Box::new(changed(id, edit)))
}

fn adjust(id: TaskId, adjust: Adjustment) -> BatchItem {
    BatchItem::Edit(Box::new(BatchEdit {
        adjust,
        ..changed(id, TaskEdit::default())
    }))
}

fn place(id: TaskId, place: TaskPlace) -> BatchItem {
    BatchItem::Place {
        task: TaskRef::Id(id),
        expected_version: None,
        place,
    }
}

fn titled(title: &str) -> TaskEdit {
    TaskEdit {
        title: Some(title.parse().unwrap()),
        ..TaskEdit::default()
    }
}

pub(super) fn part_of(parent: TaskId) -> TaskEdit {
    TaskEdit {
        parent_id: Some(Some(parent)),
        ..TaskEdit::default()
    }
}

/// The outcomes, in a few words each.
fn told(outcomes: &[Result<Task, ItemRefused>]) -> Vec<String> {
    let told = outcomes.iter().map(|outcome| match outcome {
        Ok(task) => format!("{} {}", task.state.name, task.state.version),
        Err(ItemRefused::Fields(fields)) => {
            let fields: Vec<_> = fields
                .iter()
                .map(|f| format!("{} {:?}", f.field, f.code))
                .collect();
            fields.join(", ")
        }
        Err(other) => format!("{other:?}"),
    });
    told.collect()
}

#[tokio::test]
async fn each_item_succeeds_or_fails_by_itself() {
    let mut shop = Workshop::new().await;
    let team = shop.store.with_team(&mut shop.eve, "Bakers").await;
    let foreign = shop.store.with_project(&shop.eve, team, "BAK").await.id;
    let unseen = shop
        .store
        .done(&shop.eve, TaskBuilder::new(foreign, "dough").by(&shop.eve))
        .await;
    let mut ids = Vec::new();
    for title in ["a", "b", "c"] {
        ids.push(shop.made(title).await.state.id);
    }
    let (joan, nobody) = (&shop.joan, TaskId(uuid::Uuid::nil()));
    let stale = BatchEdit {
        expected_version: Some(7.into()),
        ..changed(ids[2], titled("stale"))
    };
    let items = vec![
        create(shop.task("new").tag("wheel"), joan),
        edit(ids[0], titled("better")),
        edit(nobody, titled("x")),
        place(unseen.state.id, TaskPlace::Trash),
        create(TaskBuilder::new(foreign, "theirs"), joan),
        create(shop.task("lost").parent(nobody).assignee(&shop.eve), joan),
        BatchItem::Edit(Box::new(stale)),
        place(ids[1], TaskPlace::Archive),
        place(ids[2], TaskPlace::Trash),
        create(shop.task("last"), joan),
    ];
    let done = shop.store.done(joan, batch(joan, items)).await;
    assert_eq!(
        told(&done),
        [
            "ENG-4 1",
            "ENG-1 2",
            "NotFound",
            "Refused(Hidden)",
            "project_id NotFound",
            "assignees[0].user_id NotFound, parent_id NotFound",
            "Stale { now: 1 }",
            "ENG-2 2",
            "ENG-3 2",
            "ENG-5 1",
        ]
    );
    let kinds = shop.store.kinds().await;
    assert_eq!(
        kinds[kinds.len() - 6..],
        [
            "tag.created",
            "task.created",
            "task.updated",
            "task.archived",
            "task.trashed",
            "task.created"
        ]
    );
    let foreign = shop.store.task(&shop.eve, unseen.state.id).await;
    assert_eq!(foreign, unseen);
}

#[tokio::test]
async fn what_a_batch_answers_is_what_is_kept() {
    let shop = Workshop::new().await;
    let whole = shop.made("whole").await.state.id;
    let old = shop.task("old").tag("a").tag("b").assignee(&shop.ada);
    let old = shop.store.done(&shop.ada, old.by(&shop.ada)).await.state.id;
    let metadata = serde_json::json!({"deep": [1, 2.5, null, {"ä": "\"\\ \u{1f600}"}]});
    let new = shop
        .task("new ‘quoted’ \\ line")
        .tag("b")
        .tag("C")
        .assignee(&shop.joan)
        .parent(whole)
        .due("2026-12-24T17:00:00.123456Z".parse().unwrap())
        .metadata(metadata.as_object().unwrap().clone());
    let everything = TaskEdit {
        title: Some("other".parse().unwrap()),
        description: Some("# head\n\ttext".parse().unwrap()),
        status: Some(Status::Done),
        priority: Some(Priority::Urgent),
        due_at: Some(Some("2027-01-01T00:00:00Z".parse().unwrap())),
        estimated_hours: Some(Some(Hours::new(0.1).unwrap())),
        actual_hours: Some(Some(Hours::new(99_999.99).unwrap())),
        assignees: Some(vec![AssigneeSpec {
            user_id: id_of(&shop.joan),
            role: AssigneeRole::Owner,
        }]),
        tags: Some(vec!["B".parse().unwrap(), "fresh".parse().unwrap()]),
        parent_id: Some(Some(whole)),
        metadata: Some(metadata.as_object().cloned()),
        recurrence: None,
    };
    let items = vec![create(new, &shop.ada), edit(old, everything)];
    let done = shop.store.done(&shop.ada, batch(&shop.ada, items)).await;
    for task in done {
        let task = task.unwrap();
        assert_eq!(shop.now(task.state.id).await, task);
    }
    let told = shop.store.events().await;
    let last = told.last().unwrap().data.get();
    assert!(last.contains(r#""name":"fresh""#) && last.contains(r#""title":"old""#));
}

#[tokio::test]
async fn one_task_may_stand_in_a_batch_more_than_once() {
    let shop = Workshop::new().await;
    let id = shop.made("x").await.state.id;
    let named = BatchEdit {
        task: TaskRef::Name("ENG-1".parse().unwrap()),
        expected_version: Some(2.into()),
        ..changed(id, titled("z"))
    };
    let first = BatchEdit {
        expected_version: Some(1.into()),
        ..changed(id, titled("late"))
    };
    let items = vec![
        edit(id, titled("y")),
        BatchItem::Edit(Box::new(named)),
        edit(id, titled("z")),
        BatchItem::Edit(Box::new(first)),
        place(id, TaskPlace::Trash),
        edit(id, titled("gone")),
        place(id, TaskPlace::Open),
    ];
    let done = shop.store.done(&shop.joan, batch(&shop.joan, items)).await;
    assert_eq!(
        told(&done),
        [
            "ENG-1 2",
            "ENG-1 3",
            "ENG-1 3",
            "Stale { now: 3 }",
            "ENG-1 4",
            "NotFound",
            "ENG-1 5"
        ]
    );
    let now = shop.now(id).await.state;
    assert_eq!((now.title.as_str(), now.version), ("z", 5));
    let kinds = shop.store.kinds().await;
    assert_eq!(
        kinds[kinds.len() - 4..],
        [
            "task.updated",
            "task.updated",
            "task.trashed",
            "task.restored"
        ]
    );
}

#[tokio::test]
async fn what_only_the_database_refuses_fails_alone() {
    let shop = Workshop::new().await;
    let from = |source: &str| {
        let metadata = serde_json::json!({"imported_from": source});
        let row = shop.task(source);
        create(
            row.tag(source)
                .metadata(metadata.as_object().unwrap().clone()),
            &shop.ada,
        )
    };
    let items = ["a", "b", "a", "c", "b", "d", "e"].map(from).to_vec();
    let done = shop.store.done(&shop.ada, batch(&shop.ada, items)).await;
    let taken = r#"Taken { field: "metadata.imported_from" }"#;
    assert_eq!(
        told(&done),
        [
            "ENG-1 1", "ENG-2 1", taken, "ENG-3 1", taken, "ENG-4 1", "ENG-5 1"
        ]
    );
    let kinds = shop.store.kinds().await;
    let created = |kind: &str| kinds.iter().filter(|k| *k == kind).count();
    assert_eq!((created("task.created"), created("tag.created")), (5, 5));
}

#[tokio::test]
async fn a_circle_that_a_batch_would_close_is_refused() {
    let shop = Workshop::new().await;
    let [a, b, c] = [
        shop.made("a").await.state.id,
        shop.made("b").await.state.id,
        shop.made("c").await.state.id,
    ];
    let items = vec![
        edit(a, part_of(b)),
        edit(b, part_of(c)),
        edit(c, part_of(a)),
        edit(c, part_of(c)),
        place(a, TaskPlace::Trash),
        create(shop.task("d").parent(a), &shop.joan),
    ];
    let done = shop.store.done(&shop.joan, batch(&shop.joan, items)).await;
    assert_eq!(
        told(&done),
        [
            "ENG-1 2",
            "ENG-2 2",
            "parent_id Invalid",
            "parent_id Invalid",
            "ENG-1 3",
            "parent_id NotFound"
        ]
    );
}

#[tokio::test]
async fn tasks_are_nested_no_deeper_than_one_by_one() {
    let shop = Workshop::new().await;
    let mut ids = Vec::new();
    for n in 0..21 {
        ids.push(shop.made(&format!("{n}")).await.state.id);
    }
    let nest = |pair: &[TaskId]| edit(pair[1], part_of(pair[0]));
    let items = ids.windows(2).map(nest).collect();
    let done = shop.store.done(&shop.joan, batch(&shop.joan, items)).await;
    assert!(done[..19].iter().all(Result::is_ok));
    assert_eq!(told(&done[19..]), ["parent_id OutOfRange"]);
}

#[tokio::test]
async fn people_and_tags_come_and_go_whatever_else_is_there() {
    let shop = Workshop::new().await;
    let task = shop.task("x").tag("keep").tag("drop").assignee(&shop.ada);
    let id = shop
        .store
        .done(&shop.ada, task.by(&shop.ada))
        .await
        .state
        .id;
    let assign = |who: &Actor| AssigneeSpec {
        user_id: id_of(who),
        role: AssigneeRole::Collaborator,
    };
    let items = vec![
        adjust(
            id,
            Adjustment {
                assign: vec![assign(&shop.joan), assign(&shop.ada)],
                tag: vec!["KEEP".parse().unwrap(), "new".parse().unwrap()],
                ..Adjustment::default()
            },
        ),
        adjust(
            id,
            Adjustment {
                unassign: vec![id_of(&shop.ada), id_of(&shop.eve)],
                untag: vec!["Drop".parse().unwrap(), "never".parse().unwrap()],
                ..Adjustment::default()
            },
        ),
        adjust(
            id,
            Adjustment {
                assign: vec![assign(&shop.eve)],
                ..Adjustment::default()
            },
        ),
    ];
    let done = shop.store.done(&shop.joan, batch(&shop.joan, items)).await;
    assert_eq!(told(&done), ["ENG-1 2", "ENG-1 3", "assign NotFound"]);
    let now = shop.now(id).await.state;
    let people: Vec<_> = now.assignees.iter().map(|a| a.username.as_str()).collect();
    let tags: Vec<_> = now.tags.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!((people, tags), (vec!["joan"], vec!["keep", "new"]));
    assert_eq!(now.assignees[0].assigned_by, shop.joan.user_id());
    // A twenty-first has no place, and is not made.
    let many = |n: usize| format!("t{n}").parse().unwrap();
    let full = Adjustment {
        tag: (0..19).map(many).collect(),
        ..Adjustment::default()
    };
    let items = vec![adjust(id, full)];
    let done = shop.store.done(&shop.joan, batch(&shop.joan, items)).await;
    assert_eq!(told(&done), ["tags TooLong"]);
    let kinds = shop.store.kinds().await;
    assert_eq!(kinds.iter().filter(|k| *k == "tag.created").count(), 3);
}

#[tokio::test]
async fn who_only_reads_changes_nothing() {
    let shop = Workshop::new().await;
    let id = shop.made("x").await.state.id;
    let before = shop.store.kinds().await;
    let items = vec![
        create(shop.task("y"), &shop.viewer),
        edit(id, titled("z")),
        place(id, TaskPlace::Archive),
    ];
    let written = shop
        .store
        .write(&shop.viewer, batch(&shop.viewer, items))
        .await
        .unwrap();
    assert_eq!(written.position, None);
    for outcome in written.output {
        assert!(
            matches!(outcome, Err(ItemRefused::Refused(Refusal::Forbidden))),
            "{outcome:?}"
        );
    }
    assert_eq!(shop.store.kinds().await, before);
}

#[tokio::test]
async fn more_than_fits_is_refused_as_a_whole() {
    let shop = Workshop::new().await;
    let items = vec![create(shop.task("x"), &shop.ada); BATCH_MAX + 1];
    let refused = shop.store.write(&shop.ada, batch(&shop.ada, items)).await;
    let Err(StoreError::Fields(fields)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(fields[0].code, FieldCode::TooLong);
}

#[tokio::test]
async fn many_items_take_as_many_statements_as_few() {
    let shop = Workshop::new().await;
    let parent = shop.made("parent").await.state.id;
    let mut taken = Vec::new();
    for count in [3, BATCH_MAX] {
        let new = |n: usize| {
            let task = shop.task("x").parent(parent).assignee(&shop.joan);
            create(task.tag(&format!("{count}-{}", n % 7)), &shop.ada)
        };
        let creates = batch(&shop.ada, (0..count).map(new).collect());
        let (made, creating) = counted(shop.store.done(&shop.ada, creates)).await;
        let edits = made.into_iter().enumerate().map(|(n, task)| {
            let everything = TaskEdit {
                status: Some(Status::Done),
                assignees: Some(Vec::new()),
                tags: Some(vec![format!("{count}+{}", n % 7).parse().unwrap()]),
                parent_id: Some(None),
                ..TaskEdit::default()
            };
            edit(task.unwrap().state.id, everything)
        });
        let edits = batch(&shop.ada, edits.collect());
        let (made, editing) = counted(shop.store.done(&shop.ada, edits)).await;
        assert!(made.iter().all(Result::is_ok));
        taken.push((creating, editing));
    }
    // But for the outbox, which takes 500 events at a time: the tags are told, too.
    let [few, many] = [taken[0], taken[1]];
    assert_eq!((few.0 + 1, few.1 + 1), many);
    assert!(many.0 <= 20 && many.1 <= 20, "{taken:?}");
}

#[tokio::test]
async fn a_member_of_two_teams_works_in_both_at_once() {
    let mut shop = Workshop::new().await;
    let other = shop.store.with_team(&mut shop.eve, "Bakers").await;
    shop.store
        .with_member(&shop.eve, other, &mut shop.joan, TeamRole::Viewer)
        .await;
    let project = shop.store.with_project(&shop.eve, other, "BAK").await.id;
    let theirs = TaskBuilder::new(project, "dough").by(&shop.eve);
    let theirs = shop.store.done(&shop.eve, theirs).await.state.id;
    let ours = shop.made("wheel").await.state.id;
    let items = vec![
        edit(theirs, titled("x")),
        edit(ours, part_of(theirs)),
        edit(ours, titled("y")),
        create(TaskBuilder::new(project, "z"), &shop.joan),
    ];
    let done = shop.store.done(&shop.joan, batch(&shop.joan, items)).await;
    assert_eq!(
        told(&done),
        [
            "Refused(Forbidden)",
            "parent_id NotFound",
            "ENG-1 2",
            "Refused(Forbidden)"
        ]
    );
}
