//! The lake: seven Delta tables and the hot tail over them.
//!
//! *Invariant:* a snapshot shows every table as of one and the same record. The tables are committed one after the other;
//! until the last of them is, the rows stand in the tail and the files of before are shown.
//!
//! *Invariant:* a table's files hold exactly what its changes up to its position make. The position is in the commit that adds
//! them, and what is not beyond it is never written again.

mod file;
mod hot;
mod stats;
mod table;
#[cfg(test)]
mod tests;

pub use hot::{Changes, RowChange};

use crate::error::LakeError;
use crate::tables::Table;
use deltalake::kernel::Transaction;
pub(crate) use hot::Layer;
use millstream_domain::clock::{Clock, IdSource};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
pub(crate) use table::Files;
use table::{APP, Makers};
use tokio::sync::Mutex;
use url::Url;

/// What some records change, and up to which record that is.
#[derive(Debug)]
pub struct Batch {
    /// The last record.
    pub cut: u64,
    /// The changes, per table.
    pub changes: Vec<Changes>,
}

/// The lake. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lake(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    root: Url,
    makers: Makers,
    state: RwLock<State>,
    /// Held by whoever writes files: one at a time.
    writing: Mutex<Written>,
}

/// Tables that are written, but not shown yet, because others are still to be.
type Written = BTreeMap<Table, Files>;

#[derive(Debug)]
struct State {
    /// The last record that the tail has seen.
    cut: u64,
    /// Up to which record the lower layers are, where there are any.
    frozen: Option<u64>,
    tables: BTreeMap<Table, Held>,
}

/// A table, and its tail.
#[derive(Debug, Clone)]
struct Held {
    files: Files,
    frozen: Layer,
    growing: Layer,
    /// Both, until there is more.
    both: Option<Arc<Layer>>,
}

/// Every table as of one record.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) cut: u64,
    pub(crate) tables: BTreeMap<Table, Shown>,
}

/// A table as a snapshot shows it.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) files: Files,
    pub(crate) tail: Arc<Layer>,
}

/// How much is in no file yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tail {
    /// Rows.
    pub rows: usize,
    /// Memory.
    pub bytes: usize,
}

impl Lake {
    /// Opens the lake at an address that ends with a slash, and makes the tables that are missing.
    pub async fn open(
        root: Url,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Result<Self, LakeError> {
        let mut tables = BTreeMap::new();
        for table in Table::ALL {
            tables.insert(table, Held::new(Files::open(&root, table).await?));
        }
        Ok(Self(Arc::new(Inner {
            root,
            makers: Makers { clock, ids },
            state: RwLock::new(State {
                cut: 0,
                frozen: None,
                tables,
            }),
            writing: Mutex::default(),
        })))
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Url {
        &self.0.root
    }

    /// Begins anew from what is in the files. Says whether everything is there that was written down up to `cut`: if not, the
    /// records have to be read again from the first.
    pub async fn begin(&self, cut: u64) -> Result<bool, LakeError> {
        let mut writing = self.0.writing.lock().await;
        writing.clear();
        let mut tables = BTreeMap::new();
        for table in Table::ALL {
            tables.insert(table, Files::open(&self.0.root, table).await?);
        }
        let events = &tables[&Table::Events];
        let mut whole = events.position() >= cut;
        for (table, files) in &tables {
            let expected = events.position_of(&app_of(*table)).await?;
            whole &= files.position() >= expected;
        }
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        state.cut = if whole { cut } else { 0 };
        state.frozen = None;
        state.tables = tables
            .into_iter()
            .map(|(table, files)| (table, Held::new(files)))
            .collect();
        Ok(whole)
    }

    /// Whether a table has seen a record already.
    #[must_use]
    pub fn holds(&self, table: Table, seq: u64) -> bool {
        self.read(|state| seq <= state.tables[&table].files.position())
    }

    /// Shows changes. They are in memory only.
    pub fn show(&self, batch: Batch) {
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        for changes in batch.changes {
            let held = state.tables.get_mut(&changes.table());
            let held = held.expect("the lake has every table");
            held.growing.put(changes);
            held.both = None;
        }
        state.cut = state.cut.max(batch.cut);
    }

    /// The last record that it has seen.
    #[must_use]
    pub fn cut(&self) -> u64 {
        self.read(|state| state.cut)
    }

    /// How much is in memory only.
    #[must_use]
    pub fn tail(&self) -> Tail {
        self.read(|state| {
            let layers = state.tables.values().flat_map(|t| [&t.frozen, &t.growing]);
            layers.fold(Tail::default(), |sum, layer| Tail {
                rows: sum.rows + layer.rows(),
                bytes: sum.bytes + layer.bytes(),
            })
        })
    }

    /// What is in memory by now is what the next [`Lake::write`] writes; up to which record that is. Does nothing as long as
    /// something waits to be written.
    pub fn freeze(&self) -> u64 {
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(frozen) = state.frozen {
            return frozen;
        }
        for held in state.tables.values_mut() {
            held.frozen = std::mem::take(&mut held.growing);
        }
        state.frozen = Some(state.cut);
        state.cut
    }

    /// Writes what was frozen: each table in a commit of its own, the events last. Tried again after an error, it goes on
    /// where it was.
    pub async fn write(&self) -> Result<(), LakeError> {
        let mut written = self.0.writing.lock().await;
        let Some(to) = self.read(|state| state.frozen) else {
            return Ok(());
        };
        for table in Table::ALL {
            if !written.contains_key(&table) {
                let files = self.write_table(table, to, &written).await?;
                written.insert(table, files);
            }
        }
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        for (table, files) in std::mem::take(&mut *written) {
            let held = state.tables.get_mut(&table);
            let held = held.expect("the lake has every table");
            held.files = files;
            held.frozen = Layer::default();
            held.both = None;
        }
        state.frozen = None;
        Ok(())
    }

    async fn write_table(
        &self,
        table: Table,
        to: u64,
        written: &Written,
    ) -> Result<Files, LakeError> {
        let held = self.read(|state| state.tables[&table].clone());
        let is_last = table == Table::Events;
        let nothing = held.frozen.is_empty() && !(is_last && held.files.position() < to);
        if nothing {
            return Ok(held.files);
        }
        // Most often nobody has been there; after an error it may have been ourselves.
        let files = held.files.newest().await?;
        if files.position() >= to {
            return Ok(files);
        }
        let others: Vec<_> = if is_last {
            written
                .iter()
                .map(|(table, files)| stand(*table, files))
                .collect()
        } else {
            Vec::new()
        };
        files.write(&held.frozen, to, &others, &self.0.makers).await
    }

    /// Puts small files together, where there are many.
    pub async fn compact(&self) -> Result<(), LakeError> {
        let _writing = self.0.writing.lock().await;
        for table in Table::ALL {
            let files = self.read(|state| state.tables[&table].files.clone());
            if let Some(compacted) = files.compacted(&self.0.makers).await? {
                self.replace(table, compacted);
            }
        }
        Ok(())
    }

    /// Removes files that nobody needs any more.
    pub async fn vacuum(&self) -> Result<(), LakeError> {
        let _writing = self.0.writing.lock().await;
        for table in Table::ALL {
            let files = self.read(|state| state.tables[&table].files.clone());
            self.replace(table, files.vacuumed().await?);
        }
        Ok(())
    }

    /// The same rows in other files.
    fn replace(&self, table: Table, files: Files) {
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = state.tables.get_mut(&table) {
            held.files = files;
        }
    }

    /// Every table as of one record.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, LakeError> {
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        let cut = state.cut;
        let ahead = |held: &Held| held.files.position() > cut;
        if state.tables.values().any(ahead) {
            return Err(LakeError::CatchingUp);
        }
        let shown = state.tables.iter_mut().map(|(table, held)| {
            let shown = Shown {
                files: held.files.clone(),
                tail: held.tail(),
            };
            (*table, shown)
        });
        let tables = shown.collect();
        Ok(Snapshot { cut, tables })
    }

    /// How many files the lake has.
    #[must_use]
    pub fn files(&self) -> usize {
        self.read(|state| state.tables.values().map(|held| held.files.count()).sum())
    }

    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.0.state.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Held {
    fn new(files: Files) -> Self {
        Self {
            files,
            frozen: Layer::default(),
            growing: Layer::default(),
            both: None,
        }
    }

    fn tail(&mut self) -> Arc<Layer> {
        let (frozen, growing) = (&self.frozen, &self.growing);
        let both = self
            .both
            .get_or_insert_with(|| Arc::new(frozen.clone().under(growing)));
        Arc::clone(both)
    }
}

/// Under which name the table of events says how far another one was.
fn app_of(table: Table) -> String {
    format!("{APP}/{}", table.name())
}

fn stand(table: Table, files: &Files) -> Transaction {
    let position = i64::try_from(files.position()).unwrap_or(i64::MAX);
    Transaction::new(app_of(table), position)
}
