//! What somebody may ask: the tables as views with row rights, as of one record, within limits of memory, number and time.
//!
//! *Invariant:* a name that SQL can say is a view that shows only what the asker may see. The tables themselves have no name.

pub(crate) mod views;

use crate::bounds::{
    PARTITIONS, QUERIES_AT_ONCE, QUERY_MEMORY_MAX, QUERY_TIME_MAX, SPILL_BYTES_MAX, TURN_WAIT_MAX,
    WHO_TIME_MAX,
};
use crate::days::Days;
use crate::error::LakeError;
use crate::lake::{Lake, Snapshot};
use crate::nearest_rank;
use crate::sql::Children;
use crate::tables::Table;
use crate::threads::Threads;
use arrow::array::RecordBatch;
use arrow::json::ArrayWriter;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use millstream_domain::ids::UserId;
use millstream_domain::policy::{Actor, Person, Visible};
use millstream_domain::team::TeamRole;
use millstream_domain::user::Role;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt::{self, Debug};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Who asks, and what the caller's own knowledge of them lets them see.
#[derive(Debug, Clone)]
pub struct Asker {
    /// Who.
    pub id: UserId,
    /// What they may see as far as is known outside the lake, which follows behind.
    pub visible: Visible,
}

/// What somebody may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// The person.
    pub id: UserId,
    /// The teams whose rows they see.
    pub teams: Visible,
    /// Whether they see what belongs to no team: log-ins, keys, jobs.
    pub sees_teamless: bool,
}

/// The lake and the engine that asks it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    lake: Lake,
    runtime: Arc<RuntimeEnv>,
    threads: Threads,
    turns: Arc<Semaphore>,
    children: Option<Children>,
}

impl Engine {
    /// An engine over this lake.
    pub fn new(lake: Lake) -> Result<Self, LakeError> {
        Ok(Self {
            lake,
            runtime: runtime(DiskManagerMode::OsTmpDirectory)?,
            threads: Threads::start()?,
            turns: Arc::new(Semaphore::new(QUERIES_AT_ONCE)),
            children: None,
        })
    }

    /// One whose questions spill to this folder, which is there and its own: what an earlier process left in it is removed.
    pub fn spilling_to(mut self, folder: &Path) -> Result<Self, LakeError> {
        for left in std::fs::read_dir(folder).map_err(LakeError::unavailable)? {
            let left = left.map_err(LakeError::unavailable)?.path();
            std::fs::remove_dir_all(left).map_err(LakeError::unavailable)?;
        }
        self.runtime = runtime(DiskManagerMode::Directories(vec![folder.to_owned()]))?;
        Ok(self)
    }

    /// With SQL, answered by children that run this program: see [`crate::sql`].
    #[must_use]
    pub fn with_sql(mut self, program: impl Into<PathBuf>) -> Self {
        self.children = Some(Children::of(program));
        self
    }

    /// The processes that answer SQL, where it is answered.
    pub(crate) fn children(&self) -> Option<&Children> {
        self.children.as_ref()
    }

    /// Where questions are computed.
    pub(crate) fn threads(&self) -> &Threads {
        &self.threads
    }

    /// The lake.
    #[must_use]
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// Answers a question when it is its turn, in the time that it may take.
    pub async fn answer<T, F>(
        &self,
        asker: &Asker,
        question: impl FnOnce(Session) -> F,
    ) -> Result<T, LakeError>
    where
        F: Future<Output = Result<T, LakeError>>,
    {
        let turn = tokio::time::timeout(TURN_WAIT_MAX, self.turns.acquire()).await;
        let _turn = turn
            .map_err(|_| LakeError::Busy)?
            .expect("the turns are never closed");
        let answered = async {
            let session = self.session(asker).await?;
            question(session).await
        };
        tokio::time::timeout(QUERY_TIME_MAX, answered)
            .await
            .map_err(|_| LakeError::TooSlow)?
    }

    /// A session of somebody, as of now.
    pub async fn session(&self, asker: &Asker) -> Result<Session, LakeError> {
        let (engine, asker) = (self.clone(), asker.clone());
        let made = async move {
            let snapshot = engine.lake.snapshot()?;
            let rights = engine.rights(&snapshot, &asker).await?;
            let context = engine.context();
            context.register_udaf(nearest_rank::function());
            views::register(&context, &snapshot, &rights).await?;
            Ok(Session {
                context,
                rights,
                cut: snapshot.cut,
                threads: engine.threads,
            })
        };
        self.threads.work(made).await
    }

    /// Somebody as the lake knows them: for services that know people from nowhere else. None for who never was.
    pub async fn person(&self, id: UserId) -> Result<Option<KnownPerson>, LakeError> {
        let engine = self.clone();
        let known = async move {
            let snapshot = engine.lake.snapshot()?;
            let context = engine.people(&snapshot).await?;
            Self::known(&context, id).await
        };
        self.who(known).await
    }

    /// Finds out about people, in the time that it may take: it has no turn to wait for, and stands before everything else.
    async fn who<T, W>(&self, work: W) -> Result<T, LakeError>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, LakeError>> + Send + 'static,
    {
        let found = tokio::time::timeout(WHO_TIME_MAX, self.threads.work(work)).await;
        found.map_err(|_| LakeError::Busy)?
    }

    /// A context with people and memberships alone, all of them.
    async fn people(&self, snapshot: &Snapshot) -> Result<SessionContext, LakeError> {
        let context = self.context();
        for table in [Table::Users, Table::Memberships] {
            let rows = views::unrestricted(&context, &snapshot.tables[&table], table).await?;
            context.register_table(table.name(), rows.into_view())?;
        }
        Ok(context)
    }

    async fn known(context: &SessionContext, id: UserId) -> Result<Option<KnownPerson>, LakeError> {
        let people = format!("select role, active, time_zone from users where id = '{id}'");
        let people: Vec<Known> = rows(context, &people).await?;
        let Some(known) = people.into_iter().next() else {
            return Ok(None);
        };
        let teams = format!("select team_id, role from memberships where user_id = '{id}'");
        let teams: Vec<Belongs> = rows(context, &teams).await?;
        Ok(Some(KnownPerson {
            person: Person {
                id,
                role: known.role,
                teams: teams.into_iter().map(|t| (t.team_id, t.role)).collect(),
            },
            time_zone: known.time_zone,
            active: known.active,
        }))
    }

    /// What there is now, and what somebody may see of it: for what is asked in another way than here.
    pub(crate) async fn seen_by(&self, asker: &Asker) -> Result<(Snapshot, Rights), LakeError> {
        let (engine, asker) = (self.clone(), asker.clone());
        let seen = async move {
            let snapshot = engine.lake.snapshot()?;
            let rights = engine.rights(&snapshot, &asker).await?;
            Ok((snapshot, rights))
        };
        self.who(seen).await
    }

    fn context(&self) -> SessionContext {
        let config = SessionConfig::new()
            .with_target_partitions(PARTITIONS)
            .with_information_schema(false);
        SessionContext::new_with_config_rt(config, Arc::clone(&self.runtime))
    }

    /// The policy's answer for who the asker is in this snapshot, narrowed to what the caller knows. Whoever is unknown or
    /// deactivated sees nothing.
    async fn rights(&self, snapshot: &Snapshot, asker: &Asker) -> Result<Rights, LakeError> {
        let context = self.people(snapshot).await?;
        let known = Self::known(&context, asker.id).await?;
        let Some(known) = known.filter(|known| known.active) else {
            return Ok(Rights {
                id: asker.id,
                teams: Visible::Teams(Vec::new()),
                sees_teamless: false,
            });
        };
        let is_admin = known.person.role == Role::Admin;
        let actor = Actor::User(known.person);
        Ok(Rights {
            id: asker.id,
            teams: both(actor.visible_teams(), &asker.visible),
            sees_teamless: is_admin && asker.visible == Visible::All,
        })
    }
}

/// What questions compute with: memory, and disk beyond it.
fn runtime(disk: DiskManagerMode) -> Result<Arc<RuntimeEnv>, LakeError> {
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(QUERY_MEMORY_MAX)))
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(disk))
        .with_max_temp_directory_size(SPILL_BYTES_MAX)
        .build_arc()?;
    Ok(runtime)
}

/// Somebody as the lake knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPerson {
    /// Who, with role and teams.
    pub person: Person,
    /// The name of their time zone.
    pub time_zone: String,
    /// Whether they may log in.
    pub active: bool,
}

/// What is visible both ways.
fn both(one: Visible, other: &Visible) -> Visible {
    match one {
        Visible::All => other.clone(),
        Visible::Teams(mut teams) => {
            teams.retain(|team| other.includes(*team));
            Visible::Teams(teams)
        }
    }
}

#[derive(Debug, Deserialize)]
struct Known {
    role: Role,
    active: bool,
    time_zone: String,
}

#[derive(Debug, Deserialize)]
struct Belongs {
    team_id: millstream_domain::ids::TeamId,
    role: TeamRole,
}

/// A session: the views of one snapshot, for one person.
pub struct Session {
    context: SessionContext,
    rights: Rights,
    cut: u64,
    threads: Threads,
}

impl Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("rights", &self.rights)
            .field("cut", &self.cut)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Up to which record it is.
    #[must_use]
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// What it shows.
    #[must_use]
    pub fn rights(&self) -> &Rights {
        &self.rights
    }

    /// `DataFusion`'s side of it: for what asks in another way than reports do, on threads of its own.
    #[must_use]
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// Makes `day_of(time)` mean these days, in everything that is asked of the session: its questions have one set of days.
    pub(crate) fn count_by(&self, days: &Days) {
        self.context.register_udf(days.function());
    }

    /// The rows of an answer.
    pub(crate) async fn rows<T>(&self, sql: &str) -> Result<Vec<T>, LakeError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let (context, sql) = (self.context.clone(), sql.to_owned());
        // Boxed: a report asks several at once, and all of it stands in the future of a request.
        let found = Box::pin(async move { rows(&context, &sql).await });
        self.threads.work(found).await
    }

    /// The only row of an answer without groups.
    pub(crate) async fn row<T>(&self, sql: &str) -> Result<T, LakeError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let row = self.rows(sql).await?.pop();
        Ok(row.expect("without groups there is one row"))
    }

    /// The rows of an answer that may be long, as they are found.
    pub(crate) async fn stream(&self, sql: &str) -> Result<SendableRecordBatchStream, LakeError> {
        let (context, sql) = (self.context.clone(), sql.to_owned());
        let found = async move { Ok(context.sql(&sql).await?.execute_stream().await?) };
        let found = self.threads.work(found).await?;
        Ok(self.threads.stream(found))
    }
}

async fn rows<T: DeserializeOwned>(
    context: &SessionContext,
    sql: &str,
) -> Result<Vec<T>, LakeError> {
    let batches = context.sql(sql).await?.collect().await?;
    read(&batches)
}

/// Rows as values; a column without a value is left out.
fn read<T: DeserializeOwned>(batches: &[RecordBatch]) -> Result<Vec<T>, LakeError> {
    let mut writer = ArrayWriter::new(Vec::new());
    let batches: Vec<_> = batches
        .iter()
        .filter(|batch| batch.num_rows() > 0)
        .collect();
    if batches.is_empty() {
        return Ok(Vec::new());
    }
    writer
        .write_batches(&batches)
        .map_err(LakeError::unavailable)?;
    writer.finish().map_err(LakeError::unavailable)?;
    serde_json::from_slice(&writer.into_inner()).map_err(LakeError::unavailable)
}

#[cfg(test)]
mod tests;
