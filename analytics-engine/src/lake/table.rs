//! One Delta table: its files, and up to which record it is.

use super::file;
use super::hot::{Key, Layer, keys};
use super::stats;
use crate::bounds::{FILE_ROWS_MAX, FILES_KEPT, SMALL_FILE_BYTES, SMALL_FILES_MAX};
use crate::error::LakeError;
use crate::tables::Table;
use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::SortColumn;
use arrow::compute::{concat_batches, filter_record_batch, lexsort_to_indices, take_record_batch};
use arrow::datatypes::Int64Type;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel as _;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add, LogicalFileView, StructType, Transaction};
use deltalake::logstore::LogStoreRef;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::table::state::DeltaTableState;
use deltalake::{DeltaTable, DeltaTableBuilder, TableProperty};
use millstream_domain::clock::{Clock, IdSource};
use object_store::path::Path;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use url::Url;

/// Whose position it is, in the application transactions of every table.
pub(super) const APP: &str = "millstream.lake";
/// How long the log of a table is kept: as long as somebody may want to look at how it was yesterday.
const LOG_KEPT: &str = "interval 2 days";

/// What files and commits are made with.
#[derive(Debug, Clone)]
pub(super) struct Makers {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
}

/// A table as of one version.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    pub(super) table: Table,
    log_store: LogStoreRef,
    state: DeltaTableState,
    position: u64,
}

impl Files {
    /// Opens the table below `root`, or makes it.
    pub(super) async fn open(root: &Url, table: Table) -> Result<Self, LakeError> {
        let url = root
            .join(&format!("{}/", table.name()))
            .expect("names of tables can stand in addresses");
        let builder = DeltaTableBuilder::from_url(url).map_err(LakeError::unavailable)?;
        let mut delta = builder.build().map_err(LakeError::unavailable)?;
        let exists = delta.verify_deltatable_existence().await;
        if exists.map_err(LakeError::unavailable)? {
            delta.load().await.map_err(LakeError::unavailable)?;
        } else {
            delta = create(&delta, table).await?;
        }
        let state = delta.snapshot().map_err(LakeError::unavailable)?.clone();
        Self::of(table, delta.log_store(), state).await
    }

    async fn of(
        table: Table,
        log_store: LogStoreRef,
        state: DeltaTableState,
    ) -> Result<Self, LakeError> {
        let mut files = Self {
            table,
            log_store,
            state,
            position: 0,
        };
        files.position = files.position_of(APP).await?;
        Ok(files)
    }

    /// The table below `root` as of a version, to be read.
    pub(crate) async fn at(root: &Url, table: Table, version: u64) -> Result<Self, LakeError> {
        let url = root
            .join(&format!("{}/", table.name()))
            .expect("names of tables can stand in addresses");
        let builder = DeltaTableBuilder::from_url(url).map_err(LakeError::unavailable)?;
        let delta = builder.with_version(version).load().await;
        let delta = delta.map_err(LakeError::unavailable)?;
        let state = delta.snapshot().map_err(LakeError::unavailable)?.clone();
        Self::of(table, delta.log_store(), state).await
    }

    /// Which version it is.
    pub(crate) fn version(&self) -> u64 {
        self.state.version()
    }

    /// Everything up to this record is in it.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// What a transaction of this table says of the application.
    pub(super) async fn position_of(&self, app: &str) -> Result<u64, LakeError> {
        let version = self.state.transaction_version(&*self.log_store, app).await;
        let version = version.map_err(LakeError::unavailable)?;
        Ok(version.and_then(|at| u64::try_from(at).ok()).unwrap_or(0))
    }

    /// The table as Delta knows it.
    pub(crate) fn delta(&self) -> DeltaTable {
        let mut delta = DeltaTable::new(Arc::clone(&self.log_store));
        delta.state = Some(self.state.clone());
        delta
    }

    /// How many files it has.
    pub(crate) fn count(&self) -> usize {
        self.state.log_data().num_files()
    }

    /// The same table as somebody may have left it by now.
    pub(super) async fn newest(&self) -> Result<Self, LakeError> {
        let mut state = self.state.clone();
        let updated = state.update(&*self.log_store, None).await;
        updated.map_err(LakeError::unavailable)?;
        Self::of(self.table, Arc::clone(&self.log_store), state).await
    }

    /// Writes a layer, after which the table is up to `to`; in a commit of its own. Rows that are in it already are left out.
    pub(super) async fn write(
        &self,
        layer: &Layer,
        to: u64,
        others: &[Transaction],
        makers: &Makers,
    ) -> Result<Self, LakeError> {
        let mut writing = Writing::new(self, makers, true);
        if self.table.is_append_only() {
            for batch in layer.current(self.table)? {
                writing.add(beyond(&batch, self.position)?).await?;
            }
        } else {
            self.replace(layer, &mut writing).await?;
        }
        writing.finish().await?;
        let position = Transaction::new(APP, i64::try_from(to).unwrap_or(i64::MAX));
        let mut transactions = vec![position];
        transactions.extend(others.iter().cloned());
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: None,
            predicate: None,
        };
        let actions = writing.actions;
        self.commit(actions, transactions, operation).await
    }

    /// Rewrites the files that hold rows on whose keys there is a newer word, and writes the newer ones.
    async fn replace(&self, layer: &Layer, writing: &mut Writing<'_>) -> Result<(), LakeError> {
        let views: Vec<_> = self.state.log_data().iter().collect();
        let small: BTreeSet<String> = views
            .iter()
            .filter(|view| {
                view.num_records()
                    .is_some_and(|rows| rows < FILE_ROWS_MAX / 4)
            })
            .map(|view| view.path().into_owned())
            .collect();
        let joins_small = small.len() > SMALL_FILES_MAX;
        for view in &views {
            let joined = joins_small && small.contains(&*view.path());
            if !joined && !may_hold(view, self.table, layer.keys()) {
                continue;
            }
            let batches = self.read(view).await?;
            let kept: Result<Vec<_>, _> = batches
                .iter()
                .map(|batch| without(self.table, batch, layer.keys()))
                .collect();
            let kept = kept?;
            let rows = |batches: &[RecordBatch]| batches.iter().map(RecordBatch::num_rows).sum();
            let (had, has): (usize, usize) = (rows(&batches), rows(&kept));
            if joined || had != has {
                writing.remove(view);
                for batch in kept {
                    writing.add(batch).await?;
                }
            }
        }
        for batch in layer.current(self.table)? {
            writing.add(batch).await?;
        }
        Ok(())
    }

    /// Puts small files of events together; `None` where there are few.
    pub(super) async fn compacted(&self, makers: &Makers) -> Result<Option<Self>, LakeError> {
        let size = |view: &LogicalFileView| u64::try_from(view.size()).unwrap_or(0);
        let mut small: Vec<_> = self
            .state
            .log_data()
            .iter()
            .filter(|view| size(view) < SMALL_FILE_BYTES)
            .collect();
        if !self.table.is_append_only() || small.len() <= SMALL_FILES_MAX {
            return Ok(None);
        }
        // Their names begin with the record up to which they are.
        small.sort_by_key(|view| view.path().into_owned());
        let mut writing = Writing::new(self, makers, false);
        let mut bytes = 0;
        for view in &small {
            for batch in self.read(view).await? {
                writing.add(batch).await?;
            }
            writing.remove(view);
            bytes += size(view);
            if bytes >= SMALL_FILE_BYTES {
                writing.finish().await?;
                bytes = 0;
            }
        }
        writing.finish().await?;
        let operation = DeltaOperation::Optimize {
            predicate: None,
            target_size: i64::try_from(SMALL_FILE_BYTES).unwrap_or(i64::MAX),
        };
        let actions = writing.actions;
        self.commit(actions, Vec::new(), operation).await.map(Some)
    }

    /// Removes files that are no longer part of the table, and those that a process left behind that died.
    pub(super) async fn vacuumed(&self) -> Result<Self, LakeError> {
        let kept = chrono::Duration::from_std(FILES_KEPT).expect("a constant within range");
        let done = self.delta().vacuum().with_retention_period(kept);
        let done = done.with_enforce_retention_duration(false).await;
        done.map_err(LakeError::unavailable)?;
        self.newest().await
    }

    async fn read(&self, view: &LogicalFileView) -> Result<Vec<RecordBatch>, LakeError> {
        let store = self.log_store.object_store(None);
        file::read(&store, &view.object_store_path()).await
    }

    async fn commit(
        &self,
        actions: Vec<Action>,
        transactions: Vec<Transaction>,
        operation: DeltaOperation,
    ) -> Result<Self, LakeError> {
        // Without retries: whoever is overtaken has to look at what the table holds by now.
        let properties = CommitProperties::default()
            .with_max_retries(0)
            .with_application_transactions(transactions);
        let done = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(&self.state), Arc::clone(&self.log_store), operation)
            .await
            .map_err(|error| LakeError::of_commit(self.table.name(), error))?;
        Self::of(self.table, Arc::clone(&self.log_store), done.snapshot()).await
    }
}

async fn create(delta: &DeltaTable, table: Table) -> Result<DeltaTable, LakeError> {
    let schema: StructType = table
        .schema()
        .as_ref()
        .try_into_kernel()
        .expect("columns of the lake are of types that Delta has");
    let kept = format!("interval {} seconds", FILES_KEPT.as_secs());
    delta
        .create()
        .with_table_name(table.name())
        .with_columns(schema.fields().cloned())
        // Another process may have made it a moment ago.
        .with_save_mode(SaveMode::Ignore)
        .with_configuration_property(TableProperty::DeletedFileRetentionDuration, Some(kept))
        .with_configuration_property(TableProperty::LogRetentionDuration, Some(LOG_KEPT))
        .await
        .map_err(LakeError::unavailable)
}

/// Files that are being written, and the actions that make them part of the table.
struct Writing<'a> {
    files: &'a Files,
    makers: &'a Makers,
    changes_data: bool,
    batches: Vec<RecordBatch>,
    rows: usize,
    actions: Vec<Action>,
}

impl<'a> Writing<'a> {
    fn new(files: &'a Files, makers: &'a Makers, changes_data: bool) -> Self {
        Self {
            files,
            makers,
            changes_data,
            batches: Vec::new(),
            rows: 0,
            actions: Vec::new(),
        }
    }

    fn remove(&mut self, view: &LogicalFileView) {
        let remove = view.remove_action(self.changes_data);
        self.actions.push(Action::Remove(remove));
    }

    async fn add(&mut self, batch: RecordBatch) -> Result<(), LakeError> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let fits = self.rows + batch.num_rows() <= FILE_ROWS_MAX;
        if !fits && !self.files.table.is_append_only() {
            self.finish().await?;
        }
        self.rows += batch.num_rows();
        self.batches.push(batch);
        Ok(())
    }

    /// Writes what there is into a file.
    async fn finish(&mut self) -> Result<(), LakeError> {
        if self.batches.is_empty() {
            return Ok(());
        }
        let table = self.files.table;
        let (batches, rows) = (std::mem::take(&mut self.batches), self.rows);
        self.rows = 0;
        let batch = file::away(move || in_order(table, &batches)).await?;
        let stats = stats::of(table, &batch);
        let name = format!(
            "{:016x}-{}.parquet",
            self.files.position,
            self.makers.ids.next()
        );
        let store = self.files.log_store.object_store(None);
        let path = Path::from(name.as_str());
        let size = file::write(&store, &path, table.schema(), vec![batch]).await?;
        metrics::counter!("millstream_lake_written_bytes_total", "table" => table.name())
            .increment(size);
        metrics::counter!("millstream_lake_written_rows_total", "table" => table.name())
            .increment(rows as u64);
        self.actions.push(Action::Add(Add {
            path: name,
            size: i64::try_from(size).unwrap_or(i64::MAX),
            modification_time: self.makers.clock.now().timestamp_millis(),
            data_change: self.changes_data,
            stats: Some(stats.to_string()),
            ..Add::default()
        }));
        Ok(())
    }
}

/// One batch in the order of the table's key, so that a file can be passed over by it.
fn in_order(table: Table, batches: &[RecordBatch]) -> Result<RecordBatch, LakeError> {
    let all = concat_batches(&table.schema(), batches).map_err(LakeError::unavailable)?;
    let columns: Vec<_> = table
        .key()
        .iter()
        .filter_map(|name| all.column_by_name(name))
        .map(|values| SortColumn {
            values: Arc::clone(values),
            options: None,
        })
        .collect();
    let order = lexsort_to_indices(&columns, None).map_err(LakeError::unavailable)?;
    take_record_batch(&all, &order).map_err(LakeError::unavailable)
}

/// Whether a file may hold a row with one of the keys.
fn may_hold<V>(view: &LogicalFileView, table: Table, keys: &BTreeMap<Key, V>) -> bool {
    let stats: Option<Value> = view
        .stats()
        .and_then(|text| serde_json::from_str(&text).ok());
    let bound = |which: &str| {
        let value = &stats.as_ref()?[which][table.key()[0]];
        value.as_str().map(str::to_owned)
    };
    let (Some(least), Some(greatest)) = (bound("minValues"), bound("maxValues")) else {
        return true;
    };
    // A key of several columns is longer than its first one, and behind it in order.
    let next = keys.range(least..).next();
    next.is_some_and(|(key, _)| key[..key.len().min(greatest.len())] <= *greatest)
}

/// The rows on whose keys there is no newer word.
fn without<V>(
    table: Table,
    batch: &RecordBatch,
    newer: &BTreeMap<Key, V>,
) -> Result<RecordBatch, LakeError> {
    let keep = keys(table, batch)
        .into_iter()
        .map(|key| !newer.contains_key(&key));
    let keep: BooleanArray = keep.map(Some).collect();
    filter_record_batch(batch, &keep).map_err(LakeError::unavailable)
}

/// The events behind this place.
fn beyond(batch: &RecordBatch, position: u64) -> Result<RecordBatch, LakeError> {
    let seqs = batch.column_by_name("seq").expect("events have a place");
    let position = i64::try_from(position).unwrap_or(i64::MAX);
    let keep = seqs.as_primitive::<Int64Type>().iter();
    let keep: BooleanArray = keep.map(|seq| seq.map(|seq| seq > position)).collect();
    filter_record_batch(batch, &keep).map_err(LakeError::unavailable)
}
