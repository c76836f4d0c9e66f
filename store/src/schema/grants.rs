//! What the database's role of a service may do, which reads the log and keeps a view of its own. `docs/OPERATIONS.md` has it as
//! statements, and a test runs services as a role with just these.

use crate::{Store, StoreError};

/// PostgreSQL's code of "permission denied".
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// A service of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// It keeps a search index.
    Search,
    /// It keeps a lake, and makes reports as jobs.
    Analytics,
}

/// A table, and what has to be allowed with it.
type Need = (&'static str, &'static str, &'static [&'static str]);

const READ: &[&str] = &["select"];
const APPEND: &[&str] = &["select", "insert"];
const KEEP: &[&str] = &["select", "insert", "update", "delete"];

/// What every service needs.
const OF_ALL: [Need; 8] = [
    ("stream", "log", READ),
    ("stream", "head", READ),
    // Refusals are told to the audit.
    ("stream", "outbox", APPEND),
    ("stream", "said", KEEP),
    ("stream", "pipeline", KEEP),
    ("stream", "pipeline_state", KEEP),
    ("stream", "dead_letter", KEEP),
    ("stream", "rebuild", KEEP),
];
/// What who makes reports needs beside that.
const OF_ANALYTICS: [Need; 3] = [
    ("jobs", "job", KEEP),
    ("jobs", "report", KEEP),
    ("jobs", "report_piece", KEEP),
];

impl Service {
    fn needs(self) -> impl Iterator<Item = &'static Need> {
        let more: &[Need] = match self {
            Self::Search => &[],
            Self::Analytics => &OF_ANALYTICS,
        };
        OF_ALL.iter().chain(more)
    }
}

impl StoreError {
    /// Whether the role of the connection may not do what was asked.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        let (Self::Unavailable(error) | Self::Internal(error)) = self else {
            return false;
        };
        let database = error.as_database_error();
        database.is_some_and(|error| error.code().as_deref() == Some(INSUFFICIENT_PRIVILEGE))
    }
}

impl Store {
    /// What our role lacks to be a service's, such as `insert on stream.outbox`. The schema has to be up to date.
    pub async fn missing_grants(&self, service: Service) -> Result<Vec<String>, StoreError> {
        let (mut schemas, mut tables, mut privileges) = (Vec::new(), Vec::new(), Vec::new());
        for (schema, table, needed) in service.needs() {
            for privilege in *needed {
                schemas.push(*schema);
                tables.push(*table);
                privileges.push(*privilege);
            }
        }
        // By the ids of the tables: a name in a schema that may not be used would be an error. Not checked at compile time,
        // because the catalogue's functions have no parameters that could be.
        let sql = "select 'usage on schema ' || n.nspname from pg_namespace n
                   where n.nspname = any($1) and not has_schema_privilege(n.oid, 'usage')
                   union all
                   select string_agg(w.privilege, ', ' order by w.place) || ' on ' || n.nspname || '.' || c.relname
                   from unnest($1::text[], $2::text[], $3::text[]) with ordinality as w (schema, name, privilege, place)
                   join pg_namespace n on n.nspname = w.schema
                   join pg_class c on c.relnamespace = n.oid and c.relname = w.name
                   where not has_table_privilege(c.oid, w.privilege)
                   group by n.nspname, c.relname";
        let missing: Vec<String> = sqlx::query_scalar(sql)
            .bind(schemas)
            .bind(tables)
            .bind(privileges)
            .fetch_all(&self.pool)
            .await?;
        Ok(missing)
    }
}
