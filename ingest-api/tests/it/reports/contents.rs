//! What stands in the files.

use super::{made, tasks};
use crate::app::{TestApp, User};
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

fn parquet(bytes: Vec<u8>) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(axum::body::Bytes::from(bytes)).unwrap();
    reader.build().unwrap().map(Result::unwrap).collect()
}

/// A row of numbers as CSV has it.
fn lines(batch: &RecordBatch) -> Vec<String> {
    let text = |column: usize, row| {
        let column = batch.column(column).as_string::<i32>();
        if column.is_null(row) {
            ""
        } else {
            column.value(row)
        }
        .to_owned()
    };
    let values = batch.column(4).as_primitive::<Int64Type>();
    (0..batch.num_rows())
        .map(|row| {
            let value = (!values.is_null(row)).then(|| values.value(row).to_string());
            let texts = [0, 1, 2, 3].map(|column| text(column, row));
            format!("{},{}", texts.join(","), value.unwrap_or_default())
        })
        .collect()
}

/// Two tasks, one of them done by somebody, in a team of two.
async fn busy(app: &TestApp) -> (User, String, String) {
    let (ada, team, project) = app.with_project().await;
    let body = json!({
        "project_id": project, "title": "Mend the sails", "tags": ["wind", "+urgent"],
        "assignees": [{"user_id": ada.id}], "estimated_hours": 2.5, "due_at": "2026-01-02T00:00:00Z",
    });
    let task = app.post("/tasks", body).by(&ada).send().await.expect(201);
    let path = format!("/tasks/{}", task.id());
    for status in ["in_progress", "done"] {
        let patch = app.patch(&path, json!({"status": status})).by(&ada);
        patch.send().await.expect(200);
    }
    app.task(&ada, &project, "=HYPERLINK(\"http://evil\")")
        .await;
    (ada, team, project)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_comes_in_every_format_with_the_numbers_of_the_api() {
    let app = TestApp::with_lake().await.making_reports();
    let (ada, team, project) = busy(&app).await;
    let me = &ada.id;
    for (kind, params, twin) in [
        (
            "dashboard",
            json!({"days": 7}),
            "dashboard?days=7".to_owned(),
        ),
        (
            "dashboard",
            json!({"team": team, "project": project}),
            format!("dashboard?team={team}&project={project}"),
        ),
        (
            "distribution",
            json!({"by": "assignee"}),
            "tasks/distribution?by=assignee".to_owned(),
        ),
        (
            "distribution",
            json!({"team": team}),
            format!("tasks/distribution?team={team}"),
        ),
        ("stats", json!({"user": me}), format!("users/{me}/stats")),
        (
            "performance",
            json!({"team": team, "days": 2}),
            format!("teams/{team}/performance?days=2"),
        ),
        (
            "flow",
            json!({"project": project, "days": 3}),
            format!("projects/{project}/flow?days=3"),
        ),
    ] {
        let order = |format| json!({"kind": kind, "format": format, "params": params});
        let told = made(&app, &ada, order("json")).await;
        assert_eq!(told.header("content-type"), Some("application/json"));
        let told = told.json();
        assert_eq!(told["kind"], kind);
        let twin = app.get(&format!("/analytics/{twin}")).by(&ada).send().await;
        assert_eq!(
            plain(&told["data"]),
            plain(&twin.expect(200).data()),
            "{kind}"
        );

        let csv = made(&app, &ada, order("csv")).await.text();
        let mut csv = csv.lines();
        assert_eq!(csv.next(), Some("part,key,label,measure,value"));
        let rows = parquet(made(&app, &ada, order("parquet")).await.body);
        let rows: Vec<_> = rows.iter().flat_map(lines).collect();
        assert!(rows.len() > 1, "{kind}");
        assert_eq!(csv.collect::<Vec<_>>(), rows, "{kind}");
        if kind == "flow" {
            assert!(
                rows.contains(&"throughput,,,completed,1".to_owned()),
                "{rows:?}"
            );
            assert!(rows.contains(&"cumulative,2026-01-01,,done,1".to_owned()));
            assert!(rows.contains(&"project,,ENG,key,".to_owned()));
        }
        for row in app.get("/reports").by(&ada).send().await.each("id") {
            let gone = app.delete(&format!("/reports/{row}")).by(&ada);
            gone.send().await.expect(204);
        }
    }
}

/// Without how far the lake was: to order a report is an event, too.
fn plain(told: &Value) -> Value {
    let mut told = told.clone();
    told.as_object_mut().unwrap().remove("as_of");
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_come_one_in_a_row_and_no_sheet_computes_what_they_are_called() {
    let app = TestApp::with_lake().await.making_reports();
    let (ada, team, project) = busy(&app).await;
    let trashed = app.task(&ada, &project, "Never mind").await;
    let path = format!("/tasks/{}", trashed["id"].as_str().unwrap());
    app.delete(&path).by(&ada).send().await.expect(204);
    let other = app.project(&ada, &team, "OVEN").await;
    app.task(&ada, &other, "Bake").await;

    let csv = made(&app, &ada, tasks("csv")).await.text();
    let rows: Vec<_> = csv.lines().collect();
    assert_eq!(rows.len(), 4, "{csv}");
    assert!(rows[0].starts_with("id,name,title,status,priority,team,project,"));
    assert!(
        rows[1].contains(",ENG-1,Mend the sails,done,medium,Millers,ENG,"),
        "{csv}"
    );
    assert!(rows[1].contains(",2026-01-02T00:00:00Z,2.5,,ada,"), "{csv}");
    assert!(rows[1].contains(",\"'+urgent, wind\","), "{csv}");
    assert!(
        rows[2].contains(",ENG-2,\"'=HYPERLINK(\"\"http://evil\"\")\","),
        "{csv}"
    );
    assert!(rows[3].contains(",OVEN-1,Bake,"), "{csv}");

    let told = made(&app, &ada, tasks("json")).await.json();
    assert_eq!(told["as_of"], "2026-01-01T00:00:00.000000Z");
    assert_eq!(
        told["params"],
        json!({"team": null, "project": null, "assignee": null})
    );
    let first = &told["data"][0];
    assert_eq!(first["name"], "ENG-1");
    assert_eq!(first["assignees"], json!([ada.id]));
    assert_eq!(first["assignee_names"], json!(["ada"]));
    assert_eq!(told["data"][1]["title"], "=HYPERLINK(\"http://evil\")");
    assert_eq!(told["data"][1]["due_at"], Value::Null);

    let rows = parquet(made(&app, &ada, tasks("parquet")).await.body);
    let titles = rows[0].column_by_name("title").unwrap().as_string::<i32>();
    let titles: Vec<_> = titles.iter().flatten().collect();
    assert_eq!(
        titles,
        ["Mend the sails", "=HYPERLINK(\"http://evil\")", "Bake"]
    );

    for (params, names) in [
        (json!({"project": other}), vec!["OVEN-1"]),
        (json!({"assignee": ada.id}), vec!["ENG-1"]),
        (
            json!({"team": team, "assignee": ada.id, "project": other}),
            vec![],
        ),
    ] {
        let order = json!({"kind": "tasks", "format": "json", "params": params});
        let told = made(&app, &ada, order).await.json();
        let rows = told["data"].as_array().unwrap().iter();
        let found: Vec<_> = rows.map(|row| row["name"].as_str().unwrap()).collect();
        assert_eq!(found, names, "{params}");
        for format in ["csv", "parquet"] {
            let order = json!({"kind": "tasks", "format": format, "params": params});
            let file = made(&app, &ada, order).await;
            let rows = if format == "csv" {
                file.text().lines().count() - 1
            } else {
                parquet(file.body).iter().map(RecordBatch::num_rows).sum()
            };
            assert_eq!(rows, names.len(), "{format} {params}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_before_the_order_is_in_the_file() {
    let app = TestApp::with_lake().await.making_reports();
    let (ada, _, project) = app.with_project().await;
    for count in 1..=5 {
        app.task(&ada, &project, "Turn").await;
        let told = made(&app, &ada, tasks("json")).await.json();
        assert_eq!(told["data"].as_array().unwrap().len(), count);
    }
}
