//! All state in the database, kept aside: compared with, and put back, between one request and the next.

use sqlx::{AssertSqlSafe, PgPool, Row};
use std::fmt::Write;

/// The schemas that hold state.
const SCHEMAS: [&str; 2] = ["app", "jobs"];
/// Written by pipelines alone, which stand still; and it refuses to be put back.
const NEVER_CHANGED: [&str; 1] = ["app.audit"];
/// Not compared: what is written about requests, and not because of what they ask for.
const ABOUT_REQUESTS: [&str; 5] = [
    "app.session",
    "app.refusal",
    "app.idempotency",
    "app.last_seen",
    OUTBOX,
];
/// Compared by the number of its events.
const OUTBOX: &str = "stream.outbox";
/// Events that tell of a refusal: no change, but what comes of one.
const REFUSALS: &str =
    "array['access.refused', 'session.login_failed', 'session.login_refused', 'statement.refused']";

pub(super) struct Saved {
    pool: PgPool,
    /// The statement that digests every table.
    digest: String,
    /// The statements that put everything back.
    restore: String,
    before: String,
}

impl Saved {
    /// Keeps what there is now.
    pub(super) async fn new(pool: PgPool) -> Self {
        let (mut save, mut digests) = ("create schema saved;".to_owned(), Vec::new());
        let (mut empty, mut fill) = (String::new(), String::new());
        let tables = tables(&pool).await.into_iter();
        let tables = tables.filter(|(table, _)| !NEVER_CHANGED.contains(&&**table));
        for (at, (table, columns)) in tables.enumerate() {
            let kept = format!("saved.t{at}");
            write!(
                save,
                "create table {kept} as select {columns} from {table};"
            )
            .unwrap();
            write!(empty, "delete from {table};").unwrap();
            write!(
                fill,
                "insert into {table} ({columns}) overriding system value select {columns} from {kept};"
            )
            .unwrap();
            if !ABOUT_REQUESTS.contains(&&*table) {
                digests.push(format!(
                    "(select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {table} t)"
                ));
            }
        }
        sqlx::raw_sql(AssertSqlSafe(save))
            .execute(&pool)
            .await
            .unwrap();
        digests.push(format!(
            "(select count(*) from stream.outbox where kind <> all ({REFUSALS}))"
        ));
        let digest = format!("select concat_ws(' ', {})", digests.join(", "));
        // Without triggers and foreign keys, so that the order of tables does not matter.
        let restore =
            format!("begin; set local session_replication_role = replica; {empty} {fill} commit;");
        let mut saved = Self {
            pool,
            digest,
            restore,
            before: String::new(),
        };
        saved.before = saved.now().await;
        saved
    }

    /// Whether everything is as it was kept.
    pub(super) async fn is_unchanged(&self) -> bool {
        self.now().await == self.before
    }

    /// Puts everything back.
    pub(super) async fn restore(&self) {
        let restore = AssertSqlSafe(self.restore.clone());
        sqlx::raw_sql(restore).execute(&self.pool).await.unwrap();
    }

    async fn now(&self) -> String {
        let digest = sqlx::query_scalar(AssertSqlSafe(self.digest.clone()));
        digest.fetch_one(&self.pool).await.unwrap()
    }
}

/// Every table with state, and its columns that are stored as given.
async fn tables(pool: &PgPool) -> Vec<(String, String)> {
    let rows = sqlx::query(
        "select format('%s.%I', n.nspname, c.relname) as name,
                string_agg(quote_ident(a.attname), ', ' order by a.attnum) filter (where a.attgenerated = '') as columns
         from pg_class c
         join pg_namespace n on n.oid = c.relnamespace
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where (n.nspname = any($1) or c.oid = 'stream.outbox'::regclass) and c.relkind = 'r'
         group by 1 order by 1",
    );
    let rows = rows
        .bind(SCHEMAS.map(str::to_owned))
        .fetch_all(pool)
        .await
        .unwrap();
    rows.iter()
        .map(|row| (row.get("name"), row.get("columns")))
        .collect()
}
