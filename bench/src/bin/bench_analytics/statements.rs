//! SQL as people write it, in words that both understand.

use crate::made::Made;
use crate::peer::Row;
use chrono::TimeDelta;
use datafusion::arrow::json::ArrayWriter;
use millstream_analytics_engine::Session;
use millstream_analytics_engine::sql::Answer;
use serde_json::{Map, Value};

/// The statements, by name.
pub(crate) fn all(made: &Made) -> Vec<(&'static str, String)> {
    let lately = made.now - TimeDelta::days(90);
    let lately = lately.format("%Y-%m-%dT%H:%M:%SZ");
    let task = made.task;
    vec![
        // What a question costs by itself: to look who asks, and to make the views.
        ("nothing", "select 1 as n".into()),
        (
            "events by kind",
            "select kind, count(*) as n from events group by kind order by n desc, kind".into(),
        ),
        (
            "busiest people",
            format!(
                "select actor, count(*) as n from events
                 where kind = 'task.updated' and \"at\" >= cast('{lately}' as timestamp with time zone)
                 group by actor order by n desc, actor limit 10"
            ),
        ),
        (
            "people per project",
            "select project_id, count(distinct actor) as people, count(*) as n from events
             where project_id is not null group by project_id order by n desc, project_id limit 20"
                .into(),
        ),
        (
            "history of a task",
            format!("select seq, kind, actor from events where task_id = '{task}' order by seq"),
        ),
        (
            "words in titles",
            "select count(*) as n from tasks where title like '%wheel%'".into(),
        ),
        (
            "reopened per project",
            "select p.name, count(*) as n, count(distinct i.task_id) as tasks
             from task_intervals i join projects p on p.id = i.project_id
             where i.reopening group by p.name order by n desc, p.name limit 20"
                .into(),
        ),
    ]
}

/// The rows of ours, values left out that are not there.
pub(crate) async fn rows(session: &Session, sql: &str) -> Value {
    let found = session.context().sql(sql).await.unwrap();
    let found = found.collect().await.unwrap();
    let mut writer = ArrayWriter::new(Vec::new());
    let batches = found.iter().filter(|batch| batch.num_rows() > 0);
    writer.write_batches(&batches.collect::<Vec<_>>()).unwrap();
    writer.finish().unwrap();
    serde_json::from_slice(&writer.into_inner()).unwrap()
}

/// The same of a child's answer.
pub(crate) fn by_name(answer: &Answer) -> Value {
    let row = |values: &Vec<Value>| {
        let names = answer.columns.iter().map(|column| column.name.clone());
        without_null(names.zip(values.iter().cloned()).collect())
    };
    answer.rows.iter().map(row).collect()
}

/// The same of the peer's rows.
pub(crate) fn without_nulls(mut answers: Vec<Vec<Row>>) -> Value {
    answers
        .swap_remove(0)
        .into_iter()
        .map(without_null)
        .collect()
}

fn without_null(row: Map<String, Value>) -> Value {
    row.into_iter()
        .filter(|(_, value)| !value.is_null())
        .collect()
}
