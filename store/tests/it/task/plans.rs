//! How the database finds its way through 100,000 tasks: told by what it counts itself, so that no plan is written down here
//! which another version of it would rather make otherwise.

use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::{ProjectId, TaskId, TeamId, UserId};
use millstream_domain::policy::{Actor, Person};
use millstream_domain::task::{Priority, Status};
use millstream_domain::team::TeamRole;
use millstream_domain::user::Role;
use millstream_store::task::{Sort, SortField, TaskFilter};
use millstream_store::testing::TestStore;
use millstream_store::testing::builders::page;
use uuid::Uuid;

/// Rows that a page of 50 may touch where an index has its order: the page twice (found, and read whole), and what lies
/// between, because a third is archived.
const PAGE_ROWS_MAX: i64 = 500;
/// Rows that may be looked through where a filter is rare, or an order no index of the team's: what three teams have.
const SOME_ROWS_MAX: i64 = 6_500;
/// How often each list is asked for: from the sixth time on the database may settle on one plan for all values.
const REPEATS: i64 = 8;

/// 50 teams with 4 projects of 500 tasks each, made by 100 people.
const FILL: &str = "
    create function pg_temp.id(noun integer, n integer) returns uuid immutable language sql as
        $$ select (lpad(to_hex(noun), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;
    insert into app.user
        (id, username, email, display_name, password_hash, role, time_zone, locale, created_at, updated_at)
    select pg_temp.id(1, n), 'u' || n, 'u' || n || '@example.org', 'u' || n, '-', 'member', 'UTC', 'en', now(), now()
    from generate_series(0, 99) n;
    insert into app.team (id, name, created_at, updated_at)
    select pg_temp.id(2, n), 't' || n, now(), now() from generate_series(0, 49) n;
    insert into app.project (id, team_id, key, name, last_number, created_at, updated_at)
    select pg_temp.id(3, n), pg_temp.id(2, n % 50), 'P' || n, 'p' || n, 500, now(), now()
    from generate_series(0, 199) n;
    insert into app.tag (id, team_id, name, created_at, updated_at)
    select pg_temp.id(4, t * 10 + n), pg_temp.id(2, t), 'tag ' || n, now(), now()
    from generate_series(0, 49) t, generate_series(0, 9) n;
    insert into app.task (id, project_id, team_id, number, title, status, priority, due_at, archived, trashed_at, rank,
                          parent_id, created_by, created_at, updated_at)
    select pg_temp.id(5, n), pg_temp.id(3, n % 200), pg_temp.id(2, n % 50), 1 + n / 200, 'Task ' || md5(n::text),
           case when n / 200 % 10 < 6 then 'done' else (array['todo', 'in_progress', 'blocked'])[1 + n / 7 % 3] end,
           (array['low', 'medium', 'high', 'urgent'])[1 + n / 3 % 4],
           case when n % 3 > 0 then timestamptz '2026-01-01' + (n::bigint * 7919 % 40000 - 20000) * interval '1 minute' end,
           n / 200 % 10 < 3, case when n % 97 = 0 then timestamptz '2025-12-31' end, 'V' || lpad(n::text, 6, '0') || 'V',
           case when n % 11 = 0 and n > 2000 then pg_temp.id(5, n - 2000) end, pg_temp.id(1, n * 7 % 100),
           timestamptz '2025-01-01' + n * interval '5 minutes',
           timestamptz '2025-06-01' + (n::bigint * 104729 % 100000) * interval '3 minutes'
    from generate_series(0, 99999) n;
    insert into app.task_assignee (task_id, user_id, role, assigned_at)
    select pg_temp.id(5, n), pg_temp.id(1, n * 3 % 100), 'owner', now() from generate_series(0, 99999) n;
    insert into app.task_tag (task_id, tag_id)
    select pg_temp.id(5, n), pg_temp.id(4, n % 50 * 10 + n / 13 % 10) from generate_series(0, 99999, 3) n;
    analyze app.user, app.team, app.project, app.tag, app.task, app.task_assignee, app.task_tag;
";

fn id(noun: u128, n: u128) -> Uuid {
    Uuid::from_u128(noun << 96 | 0x7000_8000 << 48 | n)
}

/// Somebody who is in the first so many teams.
fn member(teams: u128) -> Actor {
    Actor::User(Person {
        id: UserId(id(1, 0)),
        role: Role::Member,
        teams: (0..teams)
            .map(|n| (TeamId(id(2, n)), TeamRole::Member))
            .collect(),
    })
}

fn admin() -> Actor {
    Actor::User(Person {
        id: UserId(id(1, 1)),
        role: Role::Admin,
        teams: [].into(),
    })
}

/// The tasks of an installation that has been in use for a year.
struct Year(TestStore);

/// What the database has counted.
#[derive(Debug, Clone, Copy)]
struct Counted {
    sequential_scans: i64,
    rows: i64,
}

impl Year {
    async fn new() -> Self {
        // One connection: what it counts is told before the next question is answered.
        let store = TestStore::single_connection().await;
        sqlx::raw_sql(FILL)
            .execute(store.database().pool())
            .await
            .unwrap();
        Self(store)
    }

    async fn counted(&self) -> Counted {
        let pool = self.0.database().pool();
        sqlx::query("select pg_stat_force_next_flush()")
            .execute(pool)
            .await
            .unwrap();
        let (sequential_scans, rows) = sqlx::query_as(
            "select seq_scan, seq_tup_read + idx_tup_fetch from pg_stat_user_tables
             where schemaname = 'app' and relname = 'task'",
        )
        .fetch_one(pool)
        .await
        .unwrap();
        Counted {
            sequential_scans,
            rows,
        }
    }

    /// Two pages, again and again: without reading the whole table, and without touching more rows than are allowed.
    async fn check(
        &self,
        what: &str,
        actor: &Actor,
        filter: &TaskFilter,
        (field, descending): (SortField, bool),
        rows_max: i64,
    ) {
        let (store, sort) = (&self.0.store, Sort { field, descending });
        let list = async |cursor| {
            let found = store.tasks(actor, filter, sort, &page(50, cursor)).await;
            found.unwrap()
        };
        let before = self.counted().await;
        let mut found = 0;
        for _ in 0..REPEATS {
            let first = list(None).await;
            found = first.items.len();
            if first.next_cursor.is_some() {
                list(first.next_cursor).await;
            }
        }
        let after = self.counted().await;
        let scans = after.sequential_scans - before.sequential_scans;
        let rows = (after.rows - before.rows) / REPEATS / 2;
        assert!(found > 0, "{what}: the test's own data has nothing of it");
        assert_eq!(scans, 0, "{what}: the whole table was read");
        assert!(
            rows <= rows_max,
            "{what}: {rows} rows were touched for a page"
        );
    }
}

fn now() -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

const NEWEST: (SortField, bool) = (SortField::CreatedAt, true);

/// As the API asks for it, when nothing else is said.
fn open() -> TaskFilter {
    TaskFilter {
        archived: Some(false),
        ..TaskFilter::default()
    }
}

#[tokio::test]
async fn no_list_reads_all_of_a_hundred_thousand_tasks() {
    let year = Year::new().await;
    let (root, one, three) = (admin(), member(1), member(3));
    for field in SortField::ALL {
        for descending in [false, true] {
            let sort = (field, descending);
            let what = format!("all by {}, {descending}", field.as_str());
            year.check(&what, &root, &open(), sort, PAGE_ROWS_MAX).await;
            let project = TaskFilter {
                project: vec![ProjectId(id(3, 7))],
                ..open()
            };
            let what = format!("a project's by {}, {descending}", field.as_str());
            year.check(&what, &root, &project, sort, SOME_ROWS_MAX)
                .await;
            let what = format!("a team's by {}, {descending}", field.as_str());
            year.check(&what, &one, &open(), sort, SOME_ROWS_MAX).await;
            let what = format!("three teams' by {}, {descending}", field.as_str());
            year.check(&what, &three, &open(), sort, SOME_ROWS_MAX)
                .await;
        }
    }
}

#[tokio::test]
async fn what_a_page_shows_is_found_without_looking_through_the_rest() {
    let year = Year::new().await;
    let (root, one, three) = (admin(), member(1), member(3));
    let project = |n| vec![ProjectId(id(3, n))];
    let board = TaskFilter {
        project: project(7),
        ..open()
    };
    let rank = (SortField::Rank, false);
    year.check("a board", &root, &board, rank, PAGE_ROWS_MAX)
        .await;
    year.check("a project's newest", &root, &board, NEWEST, PAGE_ROWS_MAX)
        .await;
    year.check("a team's newest", &one, &open(), NEWEST, PAGE_ROWS_MAX)
        .await;
    let cases = [
        (
            "what a person works on",
            TaskFilter {
                assignee: vec![UserId(id(1, 42))],
                ..open()
            },
            SOME_ROWS_MAX,
        ),
        (
            "what a person made",
            TaskFilter {
                created_by: vec![UserId(id(1, 42))],
                ..open()
            },
            PAGE_ROWS_MAX,
        ),
        (
            "the parts of a task",
            TaskFilter {
                parent: Some(TaskId(id(5, 1102))),
                ..open()
            },
            PAGE_ROWS_MAX,
        ),
        (
            "the trash",
            TaskFilter {
                trashed: true,
                ..TaskFilter::default()
            },
            SOME_ROWS_MAX,
        ),
        (
            "what was due today",
            TaskFilter {
                due_after: Some(now()),
                due_before: Some(now() + TimeDelta::days(1)),
                status: vec![Status::Todo, Status::InProgress, Status::Blocked],
                ..open()
            },
            SOME_ROWS_MAX,
        ),
        (
            "a project's done ones, which are mostly put away",
            TaskFilter {
                project: project(7),
                status: vec![Status::Done],
                priority: vec![Priority::Urgent, Priority::High],
                ..open()
            },
            SOME_ROWS_MAX,
        ),
        (
            "one tag in a project",
            TaskFilter {
                project: project(7),
                tag: vec!["TAG 3".into()],
                ..open()
            },
            SOME_ROWS_MAX,
        ),
    ];
    for (what, filter, rows_max) in cases {
        year.check(what, &root, &filter, NEWEST, rows_max).await;
    }
    let overdue = TaskFilter {
        overdue: Some((true, now())),
        ..open()
    };
    let due = (SortField::DueAt, false);
    year.check("a team's overdue", &one, &overdue, due, SOME_ROWS_MAX)
        .await;
    year.check("what is overdue", &three, &overdue, due, SOME_ROWS_MAX)
        .await;
}
