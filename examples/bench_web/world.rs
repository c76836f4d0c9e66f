//! What is measured on: teams, projects and tasks with ids that both sides can compute, written straight into the tables,
//! and one member who asks.

use crate::operation::Operation;
use crate::server::{SETUP_SECRET, Server};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

/// How much there is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) projects: u32,
}

impl Size {
    pub(crate) fn tasks(self) -> u32 {
        self.projects * TASKS_PER_PROJECT
    }
}

/// 50,000 tasks in 1,000 projects.
pub(crate) const LARGE: Size = Size { projects: 1_000 };
/// Enough to see that it works.
pub(crate) const SMALL: Size = Size { projects: 100 };

/// One page and some more.
pub(crate) const TASKS_PER_PROJECT: u32 = 60;
/// The one who asks belongs to all of them.
pub(crate) const TEAMS: u32 = 10;

/// The password of everybody.
const PASSWORD: &str = "seven grey millstones";

/// The ids of what there is, and the words in it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) size: Size,
    people: Vec<Uuid>,
    teams: Vec<Uuid>,
    projects: Vec<Uuid>,
    tasks: Vec<Uuid>,
}

impl World {
    /// Makes it.
    pub(crate) async fn make(pool: &PgPool, server: &Server, size: Size) -> Self {
        let ada = server.register("ada", Some(SETUP_SECRET)).await;
        let grace = server.register("grace", None).await;
        fill(pool, size, grace).await;
        Self {
            size,
            people: vec![ada, grace],
            teams: ids(pool, "team", TEAMS).await,
            projects: ids(pool, "project", size.projects).await,
            tasks: ids(pool, "task", size.tasks()).await,
        }
    }

    /// Logs the member in who asks, as a program or as a browser.
    pub(crate) async fn log_in(&self, server: &Server, operation: Operation) -> Credential {
        if operation.is_page() {
            let form = [("login", "grace"), ("password", PASSWORD)];
            return Credential::Cookie(server.cookie("/login", &form).await);
        }
        let who = json!({"login": "grace", "password": PASSWORD});
        let answer = server.post("/api/v1/auth/login", &who).await;
        let token = answer["data"]["access_token"].as_str();
        Credential::Bearer(token.unwrap_or_else(|| panic!("{answer}")).to_owned())
    }

    /// Who there is.
    pub(crate) fn people(&self) -> &[Uuid] {
        &self.people
    }

    pub(crate) fn team(&self, n: u32) -> Uuid {
        self.teams[n as usize - 1]
    }

    pub(crate) fn project(&self, n: u32) -> Uuid {
        self.projects[n as usize - 1]
    }

    pub(crate) fn task(&self, n: u32) -> Uuid {
        self.tasks[n as usize - 1]
    }
}

/// What proves who asks.
#[derive(Debug, Clone)]
pub(crate) enum Credential {
    /// An access token.
    Bearer(String),
    /// A browser's cookie.
    Cookie(String),
    /// The server asks for nothing.
    None,
}

/// The key of the `n`th project.
pub(crate) fn project_key(n: u32) -> String {
    format!("P{n}")
}

impl Server {
    async fn register(&self, name: &str, setup_secret: Option<&str>) -> Uuid {
        let account = json!({"username": name, "email": format!("{name}@example.org"),
            "password": PASSWORD, "setup_secret": setup_secret});
        let answer = self.post("/api/v1/auth/register", &account).await;
        let id = answer["data"]["id"].as_str();
        id.unwrap_or_else(|| panic!("{answer}")).parse().unwrap()
    }
}

/// A description, as long as one usually is.
pub(crate) const TEXT: &str = "The wheel squeaks when the river is high, and stops when it is low. Grease the axle, clean the gate, \
                    count the sacks, and write down what the miller says about it. If he says nothing, ask his wife, who \
                    has kept the books for thirty years and knows what every plank of it has cost.";

/// The SQL of an id: the same in the tables, in the scripts, and here.
pub(crate) fn id_sql(kind: &str, n: &str) -> String {
    format!("md5('{kind}' || {n})::uuid")
}

async fn ids(pool: &PgPool, kind: &str, count: u32) -> Vec<Uuid> {
    let sql = format!(
        "select {} from generate_series(1, {count}) n order by n",
        id_sql(kind, "n")
    );
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_all(pool)
        .await
        .unwrap()
}

/// Fills the tables. The pipelines learn nothing of it: their views start empty, and the log as well.
async fn fill(pool: &PgPool, size: Size, member: Uuid) {
    let (team, project) = (id_sql("team", "n"), id_sql("project", "n"));
    let team_of = id_sql("team", &format!("(n % {TEAMS} + 1)"));
    let (task, per) = (id_sql("task", "n"), TASKS_PER_PROJECT);
    let of = format!("((n - 1) / {per} + 1)");
    let (project_of, tag) = (id_sql("project", &of), id_sql("tag", "n"));
    let team_of_task = id_sql("team", &format!("({of} % {TEAMS} + 1)"));
    let tag_of = id_sql("tag", &format!("({of} % {TEAMS} + 1)"));
    let tasks = size.tasks();
    let statements = [
        format!(
            "insert into app.team (id, name, created_at, updated_at)
             select {team}, 'Team ' || n, now(), now() from generate_series(1, {TEAMS}) n"
        ),
        format!(
            "insert into app.membership (team_id, user_id, role, added_at)
             select id, '{member}', 'member', now() from app.team"
        ),
        format!(
            "insert into app.tag (id, team_id, name, color, created_at, updated_at)
             select {tag}, {team}, 'river', '#336699', now(), now() from generate_series(1, {TEAMS}) n"
        ),
        format!(
            "insert into app.project (id, team_id, key, name, last_number, created_at, updated_at)
             select {project}, {team_of}, 'P' || n, 'Project ' || n, {per}, now(), now()
             from generate_series(1, {}) n",
            size.projects
        ),
        format!(
            "insert into app.task (id, project_id, team_id, number, title, description, status, priority, rank,
                                   created_by, created_at, updated_at)
             select {task}, {project_of}, {team_of_task}, (n - 1) % {per} + 1,
                    'Look after part ' || n || ' of the mill', '{TEXT}', 'todo', 'medium',
                    'a' || lpad(to_hex(n), 8, '0'), '{member}', now() - n * interval '1 second', now()
             from generate_series(1, {tasks}) n"
        ),
        format!(
            "insert into app.task_assignee (task_id, user_id, role, assigned_by, assigned_at)
             select {task}, '{member}', 'owner', '{member}', now() from generate_series(1, {tasks}) n"
        ),
        format!(
            "insert into app.task_tag (task_id, tag_id)
             select {task}, {tag_of} from generate_series(1, {tasks}) n"
        ),
        "vacuum analyze".to_owned(),
    ];
    for statement in statements {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
            .execute(pool)
            .await
            .unwrap();
    }
}
