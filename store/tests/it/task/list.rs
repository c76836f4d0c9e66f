//! Lists of tasks: filters, orders, pages, and what they cost.

use super::Workshop;
use crate::statements::counted;
use chrono::TimeDelta;
use millstream_domain::policy::Actor;
use millstream_domain::task::{Priority, Status};
use millstream_event_log::testing::{at, epoch};
use millstream_store::StoreError;
use millstream_store::task::{
    SetTaskPlace, Sort, SortField, TaskEdit, TaskFilter, TaskPlace, TaskRef, UpdateTask,
};
use millstream_store::testing::TaskBuilder;
use millstream_store::testing::builders::{id_of, page};

async fn titles(shop: &Workshop, actor: &Actor, filter: &TaskFilter, sort: Sort) -> Vec<String> {
    let (mut titles, mut cursor) = (Vec::new(), None);
    loop {
        // Pages of two, so that every order is also paged.
        let found = shop
            .store
            .store
            .tasks(actor, filter, sort, &page(2, cursor))
            .await
            .unwrap();
        assert!(found.items.len() <= 2);
        titles.extend(found.items.into_iter().map(|task| task.state.title));
        cursor = found.next_cursor;
        if cursor.is_none() {
            return titles;
        }
    }
}

fn by(field: SortField, descending: bool) -> Sort {
    Sort { field, descending }
}

async fn filled() -> Workshop {
    let shop = Workshop::new().await;
    let tasks = [
        shop.task("alpha")
            .priority(Priority::High)
            .due(at(300))
            .tag("red")
            .assignee(&shop.joan),
        shop.task("Bravo")
            .priority(Priority::Low)
            .due(at(100))
            .tag("Red")
            .tag("blue")
            .status(Status::Done),
        shop.task("charlie wheel")
            .priority(Priority::Urgent)
            .assignee(&shop.ada)
            .assignee(&shop.joan),
        shop.task("delta Wheel")
            .due(at(200))
            .status(Status::Blocked),
    ];
    for task in tasks {
        shop.store.clock.advance(TimeDelta::seconds(1));
        shop.store.done(&shop.ada, task.by(&shop.ada)).await;
    }
    shop
}

#[tokio::test]
async fn every_order_is_paged_in_both_directions() {
    let shop = filled().await;
    let cases = [
        (
            SortField::CreatedAt,
            "alpha Bravo charlie delta",
            "delta charlie Bravo alpha",
        ),
        (
            SortField::UpdatedAt,
            "alpha Bravo charlie delta",
            "delta charlie Bravo alpha",
        ),
        (
            SortField::Rank,
            "alpha Bravo charlie delta",
            "delta charlie Bravo alpha",
        ),
        (
            SortField::Title,
            "alpha Bravo charlie delta",
            "delta charlie Bravo alpha",
        ),
        (
            SortField::DueAt,
            "Bravo delta alpha charlie",
            "alpha delta Bravo charlie",
        ),
        (
            SortField::Priority,
            "Bravo delta alpha charlie",
            "charlie alpha delta Bravo",
        ),
    ];
    for (field, ascending, descending) in cases {
        for (order, expected) in [(by(field, false), ascending), (by(field, true), descending)] {
            let found = titles(&shop, &shop.joan, &TaskFilter::default(), order).await;
            let first: Vec<_> = found
                .iter()
                .map(|title| title.split(' ').next().unwrap())
                .collect();
            assert_eq!(first.join(" "), expected, "{order:?}");
        }
    }
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let shop = filled().await;
    let now = epoch() + TimeDelta::seconds(250);
    let any = TaskFilter::default;
    let cases = [
        (any(), "abcd"),
        (
            TaskFilter {
                status: vec![Status::Todo, Status::Blocked],
                ..any()
            },
            "acd",
        ),
        (
            TaskFilter {
                priority: vec![Priority::Urgent],
                ..any()
            },
            "c",
        ),
        (
            TaskFilter {
                assignee: vec![id_of(&shop.joan)],
                ..any()
            },
            "ac",
        ),
        (
            TaskFilter {
                created_by: vec![id_of(&shop.joan)],
                ..any()
            },
            "",
        ),
        (
            TaskFilter {
                project: vec![shop.project],
                team: vec![shop.team],
                ..any()
            },
            "abcd",
        ),
        (
            TaskFilter {
                tag: vec!["RED".into()],
                ..any()
            },
            "ab",
        ),
        (
            TaskFilter {
                tag: vec!["red".into(), "blue".into()],
                ..any()
            },
            "b",
        ),
        (
            TaskFilter {
                due_before: Some(at(200)),
                ..any()
            },
            "b",
        ),
        (
            TaskFilter {
                due_after: Some(at(200)),
                ..any()
            },
            "ad",
        ),
        (
            TaskFilter {
                overdue: Some((true, now)),
                ..any()
            },
            "d",
        ),
        (
            TaskFilter {
                overdue: Some((false, now)),
                ..any()
            },
            "abc",
        ),
        (
            TaskFilter {
                archived: Some(true),
                ..any()
            },
            "",
        ),
        (
            TaskFilter {
                q: Some("WHEEL".into()),
                ..any()
            },
            "cd",
        ),
        (
            TaskFilter {
                q: Some("wheel delta".into()),
                ..any()
            },
            "d",
        ),
        (
            TaskFilter {
                q: Some("100%_".into()),
                ..any()
            },
            "",
        ),
    ];
    for (filter, expected) in cases {
        let found = titles(&shop, &shop.joan, &filter, by(SortField::CreatedAt, false)).await;
        let letters: String = found
            .iter()
            .map(|title| title.to_lowercase().chars().next().unwrap())
            .collect();
        assert_eq!(letters, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn only_tasks_of_ones_own_teams_are_listed() {
    let mut shop = filled().await;
    let other = shop.store.with_team(&mut shop.eve, "Bakers").await;
    let project = shop.store.with_project(&shop.eve, other, "BAK").await.id;
    shop.store
        .done(&shop.eve, TaskBuilder::new(project, "bread").by(&shop.eve))
        .await;
    let any = TaskFilter::default();
    assert_eq!(
        titles(&shop, &shop.eve, &any, Sort::default()).await,
        ["bread"]
    );
    assert_eq!(
        titles(&shop, &shop.root, &any, Sort::default()).await.len(),
        5
    );
    assert!(
        titles(&shop, &Actor::Anonymous, &any, Sort::default())
            .await
            .is_empty()
    );
    let foreign = TaskFilter {
        project: vec![shop.project],
        ..any
    };
    assert!(
        titles(&shop, &shop.eve, &foreign, Sort::default())
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn pages_neither_repeat_nor_skip_while_others_write() {
    let shop = Workshop::new().await;
    let mut all = Vec::new();
    for n in 0..10 {
        // Half of them share a time, so that ties matter.
        shop.store.clock.advance(TimeDelta::seconds(n % 2));
        all.push(shop.made(&format!("{n}")).await.state.id);
    }
    let (mut seen, mut cursor, any) = (Vec::new(), None, TaskFilter::default());
    loop {
        let page = page(3, cursor);
        let found = shop
            .store
            .store
            .tasks(&shop.joan, &any, Sort::default(), &page)
            .await
            .unwrap();
        seen.extend(found.items.into_iter().map(|task| task.state.id));
        cursor = found.next_cursor;
        if cursor.is_none() {
            break;
        }
        // A newer one appears before the first page, and one that was seen goes.
        shop.store.clock.advance(TimeDelta::seconds(1));
        shop.made("new").await;
        let task = TaskRef::Id(seen[0]);
        let trash = SetTaskPlace {
            actor: shop.ada.clone(),
            task,
            expected_version: None,
            place: TaskPlace::Trash,
        };
        let _ = shop.store.write(&shop.ada, trash).await;
    }
    all.reverse();
    seen.sort();
    all.sort();
    assert_eq!(seen, all);
}

#[tokio::test]
async fn a_cursor_that_is_made_up_or_of_another_order_is_refused() {
    let shop = filled().await;
    let store = &shop.store.store;
    let list = async |sort: Sort, cursor: &str| {
        store
            .tasks(
                &shop.joan,
                &TaskFilter::default(),
                sort,
                &page(1, Some(cursor.to_owned())),
            )
            .await
    };
    let due = by(SortField::DueAt, false);
    let good = store
        .tasks(&shop.joan, &TaskFilter::default(), due, &page(1, None))
        .await
        .unwrap()
        .next_cursor
        .unwrap();
    assert!(list(due, &good).await.is_ok());
    // The bytes of a cursor whose key is no time, no number, or holds what no text may.
    let forged = |key: &str| {
        let json = format!(
            r#"{{"sort":{{"field":"due_at","descending":false}},"key":"{key}","id":"{}"}}"#,
            uuid::Uuid::nil()
        );
        base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, json)
    };
    let bad = [
        "",
        "x",
        "e30",
        "%%%",
        &forged("yesterday-ish"),
        &forged(r"a\u0000"),
        &forged("999999-01-01"),
    ];
    for cursor in bad {
        let refused = list(due, cursor).await;
        let refused = matches!(&refused, Err(StoreError::Fields(f)) if f[0].field == "cursor");
        assert!(refused, "{cursor}");
    }
    let other = list(Sort::default(), &good).await;
    assert!(matches!(other, Err(StoreError::Fields(_))), "{other:?}");
}

#[tokio::test]
async fn cursors_stay_below_their_limit_of_a_kibibyte() {
    let shop = Workshop::new().await;
    for last in ["a", "b"] {
        shop.made(&format!("{}{last}", "\u{10ffff}".repeat(199)))
            .await;
        shop.made(&format!("{}{last}", "\"".repeat(199))).await;
    }
    for field in SortField::ALL {
        for descending in [false, true] {
            let (mut cursor, mut count) = (None, 0);
            loop {
                let sort = by(field, descending);
                let found = shop
                    .store
                    .store
                    .tasks(&shop.ada, &TaskFilter::default(), sort, &page(1, cursor))
                    .await;
                let found = found.unwrap();
                count += found.items.len();
                cursor = found.next_cursor;
                match &cursor {
                    Some(cursor) => assert!(cursor.len() <= 1024, "{field:?}: {}", cursor.len()),
                    None => break,
                }
            }
            assert_eq!(count, 4, "{field:?}");
        }
    }
}

#[tokio::test]
async fn a_word_is_looked_for_once_and_no_more_than_sixteen_are() {
    let shop = filled().await;
    let found = async |q: String| {
        let filter = TaskFilter {
            q: Some(q),
            ..TaskFilter::default()
        };
        let store = &shop.store.store;
        store
            .tasks(&shop.ada, &filter, Sort::default(), &page(9, None))
            .await
            .map(|tasks| tasks.items.len())
    };
    assert_eq!(found("wheel ".repeat(2_000)).await.unwrap(), 2);
    let words = |count: u8| -> String {
        {
            let words: Vec<_> = (0..count).map(|n| format!("w{n}")).collect();
            words.join(" ")
        }
    };
    assert_eq!(found(words(16)).await.unwrap(), 0);
    let refused = found(words(17)).await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::Fields(fields) if fields[0].field == "q"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_nul_in_the_words_is_refused() {
    let shop = Workshop::new().await;
    for filter in [
        TaskFilter {
            q: Some("a\0b".into()),
            ..TaskFilter::default()
        },
        TaskFilter {
            tag: vec!["a\0b".into()],
            ..TaskFilter::default()
        },
    ] {
        let refused = shop
            .store
            .store
            .tasks(&shop.ada, &filter, Sort::default(), &page(1, None))
            .await;
        assert!(matches!(refused, Err(StoreError::Fields(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_list_costs_two_statements_however_long_it_is() {
    let shop = filled().await;
    let store = &shop.store.store;
    for limit in [1, 4] {
        let (page, any) = (page(limit, None), TaskFilter::default());
        let list = store.tasks(&shop.joan, &any, Sort::default(), &page);
        let (found, statements) = counted(list).await;
        assert_eq!(
            (found.unwrap().items.len(), statements),
            (limit as usize, 2)
        );
    }
}

#[tokio::test]
async fn a_task_costs_few_statements_to_read_to_make_and_to_change() {
    let shop = filled().await;
    let store = &shop.store.store;
    let id = shop.made("x").await.state.id;
    let (_, read) = counted(store.task(&shop.joan, &TaskRef::Id(id))).await;
    // Project, number, task, outbox; and the commit, which is counted too.
    let (_, made) = counted(shop.made("y")).await;
    // Lock, load, task, outbox.
    let edit = TaskEdit {
        title: Some("z".parse().unwrap()),
        ..TaskEdit::default()
    };
    let change = UpdateTask {
        actor: shop.joan.clone(),
        task: TaskRef::Id(id),
        expected_version: None,
        edit,
    };
    let (_, changed) = counted(shop.store.done(&shop.joan, change)).await;
    assert_eq!((read, made, changed), (1, 5, 5));
}
