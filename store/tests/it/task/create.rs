//! A task is made.

use super::{Workshop, fields};
use millstream_domain::ids::{ProjectId, TaskId};
use millstream_domain::policy::Refusal;
use millstream_domain::task::Status;
use millstream_store::StoreError;
use millstream_store::task::TaskRef;
use millstream_store::testing::TaskBuilder;
use millstream_store::testing::builders::{id_of, origin, page};
use std::collections::BTreeSet;

#[tokio::test]
async fn a_task_is_named_after_its_project_and_found_by_that_name() {
    let shop = Workshop::new().await;
    let task = shop.made("Fix the mill wheel").await;
    assert_eq!(
        (
            task.state.name.as_str(),
            task.state.number,
            task.state.version
        ),
        ("ENG-1", 1, 1)
    );
    for name in ["ENG-1", "eng-1"] {
        let found = shop
            .store
            .store
            .task(&shop.joan, &TaskRef::Name(name.parse().unwrap()))
            .await
            .unwrap();
        assert_eq!(found, task);
    }
    let absent = shop
        .store
        .store
        .task(&shop.joan, &TaskRef::Name("ENG-2".parse().unwrap()))
        .await;
    assert!(matches!(absent, Err(StoreError::NotFound)));
}

#[tokio::test]
async fn numbers_have_no_gaps_whoever_comes_at_once_and_whoever_fails() {
    let shop = Workshop::new().await;
    let at_once = (0..60).map(|n| {
        let (store, joan) = (shop.store.store.clone(), shop.joan.clone());
        let mut task = shop
            .task(&format!("{n}"))
            .tag(&format!("tag {}", n % 7))
            .assignee(&shop.ada);
        if n % 3 == 0 {
            // Refused late: by the check of a parent that does not exist.
            task = task.parent(TaskId(uuid::Uuid::nil()));
        }
        let task = task.by(&joan);
        tokio::spawn(async move { store.write(&origin(&joan), task).await })
    });
    let mut numbers = BTreeSet::new();
    for done in futures::future::join_all(at_once).await {
        match done.unwrap() {
            Ok(written) => assert!(numbers.insert(written.output.state.number)),
            Err(StoreError::Fields(_)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(numbers, (1..=40).collect());
    let tags = shop
        .store
        .store
        .tags(&shop.joan, None, &page(50, None))
        .await
        .unwrap()
        .items;
    assert_eq!(tags.len(), 7);
}

#[tokio::test]
async fn tasks_are_ranked_in_the_order_in_which_they_were_made() {
    let shop = Workshop::new().await;
    let rows = (0..130)
        .map(|n| shop.task(&format!("{n}")).by(&shop.ada))
        .collect::<Vec<_>>();
    let made = shop.store.done(&shop.ada, rows).await;
    assert!(
        made.windows(2)
            .all(|pair| pair[0].state.rank < pair[1].state.rank)
    );
}

#[tokio::test]
async fn wrong_references_are_all_told_at_once_and_name_their_fields() {
    let shop = Workshop::new().await;
    let task = shop
        .task("x")
        .assignee(&shop.joan)
        .assignee(&shop.eve)
        .assignee(&shop.joan)
        .parent(TaskId(uuid::Uuid::nil()));
    let refused = fields(shop.store.write(&shop.ada, task.by(&shop.ada)).await);
    assert_eq!(
        refused,
        [
            r#"assignees[1].user_id "not_found""#,
            r#"assignees[2].user_id "invalid""#,
            r#"parent_id "not_found""#
        ]
    );
}

#[tokio::test]
async fn a_foreign_project_or_parent_answers_like_an_absent_one() {
    let mut shop = Workshop::new().await;
    let theirs = shop.store.with_team(&mut shop.eve, "Bakers").await;
    let foreign = shop.store.with_project(&shop.eve, theirs, "BAK").await.id;
    let secret = shop
        .store
        .done(&shop.eve, TaskBuilder::new(foreign, "secret").by(&shop.eve))
        .await
        .state
        .id;
    let write = async |task: TaskBuilder| {
        let result = shop.store.write(&shop.joan, task.by(&shop.joan)).await;
        format!("{:?}", result.unwrap_err())
    };
    let absent = ProjectId(uuid::Uuid::nil());
    assert_eq!(
        write(TaskBuilder::new(foreign, "x")).await,
        write(TaskBuilder::new(absent, "x")).await
    );
    let nil = TaskId(uuid::Uuid::nil());
    assert_eq!(
        write(shop.task("x").parent(secret)).await,
        write(shop.task("x").parent(nil)).await
    );
}

#[tokio::test]
async fn viewers_see_and_do_not_write() {
    let shop = Workshop::new().await;
    let refused = shop
        .store
        .write(&shop.viewer, shop.task("x").by(&shop.viewer))
        .await;
    assert!(
        matches!(refused, Err(StoreError::Refused(Refusal::Forbidden))),
        "{refused:?}"
    );
    let task = shop.made("y").await.state.id;
    assert!(
        shop.store
            .store
            .task(&shop.viewer, &TaskRef::Id(task))
            .await
            .is_ok()
    );
    let hidden = shop.store.store.task(&shop.eve, &TaskRef::Id(task)).await;
    assert!(
        matches!(hidden, Err(StoreError::Refused(Refusal::Hidden))),
        "{hidden:?}"
    );
}

#[tokio::test]
async fn unknown_tags_are_made_once_for_the_team_in_any_case() {
    let shop = Workshop::new().await;
    let first = shop
        .store
        .done(
            &shop.ada,
            shop.task("x")
                .tag("Wheel")
                .tag("wheel")
                .tag("Öl")
                .by(&shop.ada),
        )
        .await;
    let second = shop
        .store
        .done(&shop.joan, shop.task("y").tag("WHEEL").by(&shop.joan))
        .await;
    assert_eq!(first.state.tags.len(), 2);
    assert_eq!(
        (second.state.tags.len(), second.state.tags[0].name.as_str()),
        (1, "Wheel")
    );
}

#[tokio::test]
async fn many_who_make_the_same_tags_in_another_order_do_not_block_each_other() {
    let shop = Workshop::new().await;
    let at_once = (0..24).map(|n| {
        let (store, joan) = (shop.store.store.clone(), shop.joan.clone());
        // A batch holds the project from its first row on, and makes tags later.
        let names = |row: usize| {
            [
                format!("t{}", (n + row) % 5),
                format!("t{}", (n * 3 + row) % 11),
            ]
        };
        let rows = (0..4).map(|row| {
            let [one, two] = names(row);
            shop.task("x").tag(&one).tag(&two).by(&joan)
        });
        let rows = rows.collect::<Vec<_>>();
        tokio::spawn(async move { store.write(&origin(&joan), rows).await })
    });
    for done in futures::future::join_all(at_once).await {
        done.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_row_of_an_import_is_known_by_where_it_came_from() {
    let shop = Workshop::new().await;
    let long = "x".repeat(9_000);
    let from = |source: &str| {
        let metadata = serde_json::json!({"imported_from": source});
        shop.task("row")
            .metadata(metadata.as_object().unwrap().clone())
            .by(&shop.ada)
    };
    let one = shop.store.done(&shop.ada, from("tracker:1")).await.state.id;
    shop.store.done(&shop.ada, from(&long)).await;
    for again in ["tracker:1", &long] {
        let again = shop.store.write(&shop.ada, from(again)).await;
        assert!(
            matches!(
                again,
                Err(StoreError::Taken {
                    field: "metadata.imported_from"
                })
            ),
            "{again:?}"
        );
    }
    let known = shop
        .store
        .store
        .imported(shop.project, &["tracker:1".into(), "tracker:2".into()])
        .await
        .unwrap();
    assert_eq!(
        known.into_iter().collect::<Vec<_>>(),
        [("tracker:1".to_owned(), one)]
    );
}

#[tokio::test]
async fn a_task_that_is_made_done_has_been_finished_then() {
    let shop = Workshop::new().await;
    let task = shop
        .store
        .done(&shop.ada, shop.task("x").status(Status::Done).by(&shop.ada))
        .await;
    assert_eq!(task.state.completed_at, Some(task.state.created_at));
    assert_eq!(task.state.created_by, Some(id_of(&shop.ada)));
}
