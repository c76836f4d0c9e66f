//! Whether the database's schema is the one that this program was built for.

mod grants;

pub use grants::Service;

use crate::{MIGRATOR, Store, StoreError};
use sqlx::PgPool;

/// How the schema stands to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaState {
    /// It has every step that this program knows. A newer program may have added more, which ours can live with.
    Current,
    /// Steps are missing: `millstream migrate` makes them.
    Behind,
}

/// A name for this database that no other one has, so that what is kept outside is not taken for another's.
pub async fn database_id(pool: &PgPool) -> Result<String, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select system_identifier::text || '-' || d.oid::text as "id!"
           from pg_control_system() cross join pg_database d where d.datname = current_database()"#
    )
    .fetch_one(pool)
    .await?)
}

impl Store {
    /// Looks at the steps that were made.
    pub async fn schema_state(&self) -> Result<SchemaState, StoreError> {
        // Not checked at compile time: the table is the migrator's own.
        let newest: Option<i64> =
            sqlx::query_scalar("select max(version) from _sqlx_migrations where success")
                .fetch_one(&self.pool)
                .await?;
        let wanted = MIGRATOR.iter().map(|step| step.version).max();
        Ok(if newest >= wanted {
            SchemaState::Current
        } else {
            SchemaState::Behind
        })
    }
}
