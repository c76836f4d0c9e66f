//! Many tasks at once beside moves and other batches: nobody waits for ever, and nobody is told to try again.

use super::Workshop;
use super::batch::{batch, create, edit, part_of};
use millstream_domain::ids::TaskId;
use millstream_store::task::{MoveTask, TaskRef};
use millstream_store::testing::TaskBuilder;
use millstream_store::testing::builders::origin;
use sqlx::PgConnection;

/// Waits until so many of the test's database's sessions wait for a lock.
async fn until_waiting(db: &mut PgConnection, sessions: i64) {
    loop {
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        )
        .fetch_one(&mut *db)
        .await
        .unwrap();
        if waiting >= sessions {
            return;
        }
        tokio::task::yield_now().await;
    }
}

fn moved(shop: &Workshop, task: TaskId, project: millstream_domain::ids::ProjectId) -> MoveTask {
    MoveTask {
        actor: shop.joan.clone(),
        task: TaskRef::Id(task),
        expected_version: None,
        status: None,
        after: None,
        before: None,
        project: Some(project),
    }
}

/// The second of two new tasks is a part of a task that somebody moves into the project of both. The project is held until
/// the new tasks wait for it, and then the move: taken first, it would be held while they wait for the parent.
#[tokio::test]
async fn new_tasks_with_a_parent_and_its_move_do_not_wait_for_each_other() {
    let shop = Workshop::new().await;
    let parent = shop.made("whole").await.state.id;
    let project = shop
        .store
        .with_project(&shop.ada, shop.team, "OPS")
        .await
        .id;
    let mut watching = shop.store.database().pool().acquire().await.unwrap();
    for in_a_batch in [false, true] {
        let mut holding = shop.store.database().pool().begin().await.unwrap();
        sqlx::query("select from app.project where id = $1 for update")
            .bind(project.0)
            .execute(&mut *holding)
            .await
            .unwrap();
        let tasks = [
            TaskBuilder::new(project, "one"),
            TaskBuilder::new(project, "two").parent(parent),
        ];
        let (store, joan) = (shop.store.store.clone(), shop.joan.clone());
        let making = tokio::spawn(async move {
            if in_a_batch {
                let items = tasks.map(|task| create(task, &joan)).to_vec();
                let done = store.write(&origin(&joan), batch(&joan, items)).await;
                done.map(|done| done.output.iter().filter(|task| task.is_ok()).count())
            } else {
                let rows = tasks.map(|task| task.by(&joan));
                let done = store.write(&origin(&joan), Vec::from(rows)).await;
                done.map(|done| done.output.len())
            }
        });
        until_waiting(&mut watching, 1).await;
        let (store, joan) = (shop.store.store.clone(), shop.joan.clone());
        let change = moved(&shop, parent, project);
        let moving = tokio::spawn(async move { store.write(&origin(&joan), change).await });
        until_waiting(&mut watching, 2).await;
        holding.rollback().await.unwrap();
        assert_eq!(making.await.unwrap().unwrap(), 2, "{in_a_batch}");
        moving.await.unwrap().unwrap();
        // Back, for the next round.
        let back = moved(&shop, parent, shop.project);
        shop.store.done(&shop.joan, back).await;
    }
}

#[tokio::test]
async fn batches_in_any_order_moves_and_new_parents_all_come_to_an_end() {
    let shop = Workshop::new().await;
    let other = shop
        .store
        .with_project(&shop.ada, shop.team, "OPS")
        .await
        .id;
    let mut ids = Vec::new();
    for n in 0..8 {
        ids.push(shop.made(&format!("{n}")).await.state.id);
    }
    let mut all = Vec::new();
    for round in 0..24_usize {
        let (store, joan) = (shop.store.store.clone(), shop.joan.clone());
        let mut order = ids.clone();
        order.rotate_left(round % 8);
        if round % 2 == 0 {
            order.reverse();
        }
        let change = match round % 3 {
            0 => Err(moved(
                &shop,
                order[0],
                if round % 2 == 0 { other } else { shop.project },
            )),
            1 => Ok(order
                .windows(2)
                .map(|pair| edit(pair[0], part_of(pair[1])))
                .collect()),
            _ => {
                let new = |parent: &TaskId| {
                    let project = if round % 2 == 0 { other } else { shop.project };
                    let task = TaskBuilder::new(project, "part").parent(*parent);
                    create(task.tag(&format!("t{}", round % 5)), &joan)
                };
                Ok(order.iter().map(new).collect::<Vec<_>>())
            }
        };
        all.push(tokio::spawn(async move {
            match change {
                Ok(items) => store
                    .write(&origin(&joan), batch(&joan, items))
                    .await
                    .map(drop),
                Err(change) => store.write(&origin(&joan), change).await.map(drop),
            }
        }));
    }
    for one in futures::future::join_all(all).await {
        one.unwrap().unwrap();
    }
    // Nobody has become a part of itself.
    for id in ids {
        let (mut at, mut depth) = (Some(id), 0);
        while let Some(task) = at {
            at = shop.now(task).await.state.parent_id;
            depth += 1;
            assert!(depth <= 20, "a circle above {id}");
        }
    }
}
