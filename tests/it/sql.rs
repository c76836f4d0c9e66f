//! SQL that members write: what it shows, what is refused, and that nothing of it harms the server.

mod recorded;

use crate::api::{Answer, Session};
use crate::installation::{Installation, PATIENCE};
use crate::server::Server;
use millstream_store::testing::TestDatabase;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// What the server may hold more after everything than before it. A single one of the statements below would take ten times
/// as much, if it were answered there.
const GROWTH_KB_MAX: u64 = 200 * 1024;

/// A server on which ada has a team with a secret, and grace, a mere member, one of her own.
struct Ground {
    server: Server,
    ada: Session,
    grace: Session,
    _installation: Installation,
    _database: TestDatabase,
}

impl Ground {
    /// On which nobody is held up for asking often.
    async fn new() -> Self {
        Self::with(&["--rate-limit", "off"]).await
    }

    async fn with(settings: &[&str]) -> Self {
        let database = TestDatabase::new().await;
        let installation = Installation::on(&database);
        let server = installation.start_with(settings).await;
        let ada = server.found().await;
        let grace = server.api().register("grace", None).await.expect(201);
        let team = ada.team("Millers").await;
        ada.join(&team, &grace).await;
        let grace = server.api().log_in("grace").await;
        let project = ada.project_in(&team, "ENG").await;
        ada.task(&project, "42").await;
        let secrets = ada.team("Secrets").await;
        let secret = ada.project_in(&secrets, "SEC").await;
        let last = ada.task(&secret, "a hidden wheel").await.position();
        let board = grace.get_after("/analytics/dashboard", &last).await;
        board.expect(200);
        Self {
            server,
            ada,
            grace,
            _installation: installation,
            _database: database,
        }
    }

    async fn ask(&self, sql: &str) -> Answer {
        ask(&self.grace, sql).await
    }

    async fn rows(&self, sql: &str) -> Value {
        rows(&self.grace, sql).await
    }

    /// What the server holds in memory.
    fn memory_kb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        line.unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .parse()
            .unwrap()
    }

    /// Waits until the process that answers a statement is confined: it writes no file, whatever it tries, and has lost the
    /// right to gain others.
    async fn confined(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            for child in children_of(self.server.id()) {
                let told = |file: &str| std::fs::read_to_string(format!("/proc/{child}/{file}"));
                let (Ok(limits), Ok(status)) = (told("limits"), told("status")) else {
                    continue;
                };
                let is_limited = limits.contains("Max file size             0 ");
                // What the kernel asks of whoever fences itself in.
                if is_limited && status.contains("NoNewPrivs:\t1") {
                    return;
                }
            }
            assert!(Instant::now() < deadline, "no process is confined");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The processes that a process has started.
fn children_of(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap();
    let ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_child = |id: &u32| {
        let status = std::fs::read_to_string(format!("/proc/{id}/status"));
        status.is_ok_and(|status| {
            status
                .lines()
                .any(|line| line == format!("PPid:\t{parent}"))
        })
    };
    ids.filter(is_child).collect()
}

async fn ask(who: &Session, sql: &str) -> Answer {
    who.post("/analytics/sql", &json!({ "sql": sql })).await
}

async fn rows(who: &Session, sql: &str) -> Value {
    ask(who, sql).await.expect(200).data()["rows"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_answers_with_what_its_writer_may_see() {
    let ground = Ground::new().await;
    let sql = "select name, number, archived, due_at from tasks order by name";
    let answer = ground.ask(sql).await.expect(200);
    assert_eq!(answer.data()["rows"], json!([["ENG-1", 1, false, null]]));
    let columns = json!([
        {"name": "name", "type": "text"}, {"name": "number", "type": "integer"},
        {"name": "archived", "type": "boolean"}, {"name": "due_at", "type": "timestamp"},
    ]);
    assert_eq!(answer.data()["columns"], columns);
    let meta = &answer.json()["meta"];
    assert_eq!(
        (&meta["row_count"], &meta["truncated"]),
        (&json!(1), &json!(false))
    );
    assert!(meta["took_ms"].is_u64() && !answer.position().is_empty());

    let all = rows(&ground.ada, "select name from tasks order by name").await;
    assert_eq!(all, json!([["ENG-1"], ["SEC-1"]]));
    for (sql, seen) in [
        ("select name from teams", json!([["Millers"]])),
        ("select key from projects", json!([["ENG"]])),
        ("select count(*) from task_intervals", json!([[1]])),
        (
            "select username from users order by 1",
            json!([["ada"], ["grace"]]),
        ),
        (
            "select count(distinct team_id) from memberships",
            json!([[1]]),
        ),
        ("select count(distinct team_id) from events", json!([[1]])),
        (
            "select count(*) from events where data like '%hidden%'",
            json!([[0]]),
        ),
        (
            "select count(*) from events where team_id is null",
            json!([[0]]),
        ),
        ("select 1 as one, 'a' as letter", json!([[1, "a"]])),
    ] {
        assert_eq!(ground.rows(sql).await, seen, "{sql}");
    }
}

/// A condition that fails on a row tells something of it, if it is tried on it at all.
#[tokio::test(flavor = "multi_thread")]
async fn no_condition_is_tried_on_rows_of_another_team() {
    let ground = Ground::new().await;
    for sql in [
        "select count(*) from tasks where cast(title as bigint) > 0",
        "select count(*) from tasks where 1 / (case when title like '%hidden%' then 0 else 1 end) = 1",
        "select sum(1) from (select cast(title as bigint) as n from tasks) where n > 0",
        "select count(*) from tasks t join teams on cast(t.title as bigint) = 42",
    ] {
        assert_eq!(ground.rows(sql).await, json!([[1]]), "{sql}");
    }
    let told = ask(&ground.ada, "select cast(title as bigint) from tasks").await;
    told.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_nothing_to_be_named_but_the_tables() {
    let ground = Ground::new().await;
    let sql =
        "select table_name from information_schema.tables where table_schema = 'public' order by 1";
    let tables = json!([
        ["events"],
        ["memberships"],
        ["projects"],
        ["task_intervals"],
        ["tasks"],
        ["teams"],
        ["users"],
    ]);
    assert_eq!(ground.rows(sql).await, tables);
    let answer = ground.ask("select limit_me from tasks").await.expect(422);
    assert!(answer.text().contains("limit_me"), "{answer:?}");
    assert!(answer.text().contains("at line 1, column 8"), "{answer:?}");
    let limited = json!({"sql": "select * from generate_series(1, 5000)", "limit": 3});
    let limited = ground
        .grace
        .post("/analytics/sql", &limited)
        .await
        .expect(200);
    assert_eq!(limited.data()["rows"], json!([[1], [2], [3]]));
    assert_eq!(limited.json()["meta"]["truncated"], true);
    for body in [
        json!({}),
        json!({"sql": ""}),
        json!({"sql": "select 1", "limit": 0}),
        json!({"sql": "select 1", "limit": 10_001}),
        json!({"sql": "select 1", "mood": 1}),
    ] {
        let refused = ground.grace.post("/analytics/sql", &body).await.expect(422);
        assert_eq!(refused.json()["error"]["code"], "validation_failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_does_more_than_read_the_tables_is_refused() {
    let ground = Ground::new().await;
    for sql in [
        "drop table tasks",
        "create table a (b int)",
        "create view a as select 1",
        "create external table a stored as csv location '/etc/passwd'",
        "select 1 as a into b",
        "alter table tasks add column a int",
        "insert into tasks select * from tasks",
        "update tasks set title = 'x'",
        "delete from tasks",
        "truncate table tasks",
        "copy tasks to '/tmp/tasks.csv'",
        "copy (select 1) to '/tmp/one.parquet'",
        "set datafusion.execution.target_partitions = 1",
        "reset datafusion.execution.target_partitions",
        "show all",
        "explain select 1",
        "explain analyze insert into tasks select * from tasks",
        "explain analyze verbose select * from tasks",
        "describe tasks",
        "prepare a as select 1",
        "begin",
        "call something()",
        "select 1; select 2",
        "select 1; drop table tasks",
        "select * from '/etc/passwd'",
        "select * from \"/etc/passwd\"",
        "select * from 'file:///etc/passwd'",
        "select * from read_csv('/etc/passwd')",
        "select * from read_parquet('../lake/tasks')",
        "select * from parquet_metadata('/etc/passwd')",
        "select pg_read_file('/etc/passwd')",
        "select * from app.users",
        "select * from pg_catalog.pg_tables",
        "with recursive r(n) as (select 1 union all select n + 1 from r) select * from r",
        "select * from (with recursive r as (select 1 as n union all select n from r) select n from r)",
        "select",
        "select 1 +",
        "\u{0}",
        "ünsinn",
        "💥\u{202e}\u{fffd}",
        "select '💥\u{202e}",
        "select 99999999999999999999999999999999999999999999999999 + tasks",
        "select cast('NaN' as bigint)",
        "select 1 / 0",
    ] {
        let refused = ground.ask(sql).await.expect(422);
        let error = &refused.json()["error"];
        assert_eq!(error["code"], "sql_refused", "{sql}: {refused:?}");
        assert!(!refused.text().contains("root:"), "{sql}: {refused:?}");
    }
    let placed = ground
        .ask("select 1\n  from tasks where )")
        .await
        .expect(422);
    assert!(placed.text().contains("Line: 2"), "{placed:?}");
    assert_eq!(
        ground.rows("select count(*) from tasks").await,
        json!([[1]])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_more_than_it_may_ends_and_the_server_does_not_feel_it() {
    let ground = Ground::new().await;
    let before = ground.memory_kb();
    let additions = |count| format!("select 1{}", "+1".repeat(count));
    let brackets = format!("select {}1{}", "(".repeat(4_000), ")".repeat(4_000));
    let six = "from events a, events b, events c, events d, events e, events f";
    for (sql, limit) in [
        (additions(50_000), "bytes"),
        (additions(10_000), "words and signs"),
        (additions(4_000), "deep"),
        (brackets, "nested"),
        ("select generate_series(9876543210)".to_owned(), "at most 1000000"),
        ("select * from generate_series(9876543210)".to_owned(), "at most 1000000"),
        ("select sum(value) from range(0, 9876543210)".to_owned(), "at most 1000000"),
        ("select generate_series(98765 * 100000)".to_owned(), "memory"),
        (format!("select * {six}"), "join"),
        (format!("select count(*) {six}"), "join"),
        ("select repeat('x', 2000000000)".to_owned(), "memory"),
        (
            "select array_agg(a.value || repeat('x', 1000)) from range(0, 1000000) a, range(0, 1000) b"
                .to_owned(),
            "memory",
        ),
    ] {
        let begins: String = sql.chars().take(60).collect();
        let told = ground.ask(&sql).await.expect(422);
        assert_eq!(told.json()["error"]["code"], "sql_limit", "{begins}: {told:?}");
        assert!(told.text().contains(limit), "{begins}: {told:?}");
    }
    assert_eq!(ground.rows("select 1").await, json!([[1]]));
    let grown = ground.memory_kb().saturating_sub(before);
    assert!(grown < GROWTH_KB_MAX, "{grown} kB");
}

/// Sooner than an endless statement would reach the limit of its time on the processor.
const ORPHANED_MAX: Duration = Duration::from_secs(6);

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_ends_when_the_server_that_asks_is_killed() {
    let ground = Ground::new().await;
    let endless =
        "select count(*) from range(0, 1000000) a, range(0, 1000000) b where a.value + b.value < 0";
    let children = tokio::select! {
        told = ground.ask(endless) => panic!("{told:?}"),
        children = async {
            ground.confined().await;
            children_of(ground.server.id())
        } => children,
    };
    assert!(!children.is_empty());
    ground.server.kill();
    let deadline = Instant::now() + ORPHANED_MAX;
    while children.iter().any(|child| is_alive(*child)) {
        assert!(Instant::now() < deadline, "{children:?} go on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whether a process is there, and not only its end that nobody has heard of.
fn is_alive(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"));
    status.is_ok_and(|status| !status.contains("\nState:\tZ"))
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_statements_end_and_keep_nobody_else_waiting() {
    let ground = Ground::new().await;
    let endless =
        "select count(*) from range(0, 1000000) a, range(0, 1000000) b where a.value + b.value < 0";
    let others = async {
        ground.confined().await;
        // Until both are under way.
        let deadline = Instant::now() + PATIENCE;
        let busy = loop {
            let third = ground.ask("select 1").await;
            if third.status() == 503 {
                break third;
            }
            assert!(Instant::now() < deadline, "{third:?}");
        };
        assert!(busy.header("retry-after").is_some(), "{busy:?}");
        for path in ["/tasks", "/analytics/dashboard", "/auth/me"] {
            ground.grace.get(path).await.expect(200);
        }
    };
    let (first, second, ()) = tokio::join!(ground.ask(endless), ground.ask(endless), others);
    for ended in [first, second] {
        let ended = ended.expect(422);
        assert_eq!(ended.json()["error"]["code"], "sql_limit");
        assert!(ended.text().contains("longer than 10 s"), "{ended:?}");
    }
    assert_eq!(ground.rows("select 1").await, json!([[1]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_what_was_found_or_what_is_wrong_beside_what_was_typed() {
    let ground = Ground::new().await;
    let (api, path) = (ground.server.api(), "/analytics/sql");
    let sql = "select name, title as \"a <b>\" from tasks";
    let page = api.send_form("grace", path, ("sql", sql)).await.expect(200);
    assert!(
        page.text().contains("<td>ENG-1</td><td>42</td>"),
        "{page:?}"
    );
    assert!(page.text().contains("a &#60;b&#62;</th>"), "{page:?}");
    assert!(!page.text().contains("SEC-1") && page.text().contains("task_intervals"));
    let page = api
        .send_form("grace", path, ("sql", "drop table tasks"))
        .await;
    let page = page.expect(422);
    assert!(page.text().contains("only queries can be run"), "{page:?}");
    assert!(
        page.text().contains("drop table tasks</textarea>"),
        "{page:?}"
    );
    // What is wrong is pointed at, whether the parser finds it or the planner.
    for (sql, place) in [
        (
            "select 1\nfrom tasks where )",
            "from tasks where )\n                 ^</pre>",
        ),
        (
            "select name,\n  limit_me\nfrom tasks",
            "  limit_me\n  ^</pre>",
        ),
    ] {
        let page = api.send_form("grace", path, ("sql", sql)).await;
        let page = page.expect(422);
        assert!(page.text().contains(place), "{page:?}");
    }
}
