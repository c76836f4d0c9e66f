//! The index on disk: opening it, and committing changes together with the cut.
//!
//! *Invariant:* one writer per folder (a lock of Tantivy's, given up when the process ends), and of several owners in one
//! process only the newest generation commits.

use crate::document::{Change, Source, key};
use crate::error::SearchError;
use crate::fold::{Fold, Folded};
use crate::folder::{current, remove, remove_others, whole};
use crate::rebuilt::Current;
use crate::schema::{Fields, analyzers, schema};
use crate::stored;
use millstream_domain::cause::in_full;
use serde::{Deserialize, Serialize};
use std::fmt::{self, Debug};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tantivy::directory::MmapDirectory;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::{DocAddress, IndexReader, IndexWriter, ReloadPolicy, Searcher, Term};

/// Memory in which documents are indexed before they go to disk: a rebuild's batches fit, and an idle server keeps little.
const WRITER_BYTES: usize = 32 << 20;
/// Threads that index: one, so that the same changes give the same index.
const WRITER_THREADS: usize = 1;
/// Threads that merge segments behind the commits: one, because the machine has other work.
const MERGE_THREADS: usize = 1;
/// Documents above which a segment is not merged any more: bounds how long a merge takes, and its disk.
const MERGE_DOCS_MAX: usize = 1_000_000;
/// The part of a segment's documents that may be dead before it is merged for that alone: tasks are rewritten often.
const DEAD_RATIO_MAX: f32 = 0.3;
/// The file that says that the folder next to it is to be rebuilt.
const DAMAGED: &str = "damaged";

/// The search index. Cheap to clone; everything in it blocks, so call it off the async threads.
#[derive(Clone)]
pub struct Index(Arc<Shared>);

struct Shared {
    /// The folder that holds the version's.
    folder: PathBuf,
    /// What is searched: replaced whole, when the index was made anew.
    opened: RwLock<Current>,
    fields: Fields,
    writing: Mutex<Writing>,
    cut: AtomicU64,
}

/// What is open of one folder.
pub(crate) struct Opened {
    pub(crate) path: PathBuf,
    index: tantivy::Index,
    reader: IndexReader,
}

pub(crate) struct Writing {
    /// The newest owner.
    pub(crate) generation: i64,
    /// What the last commit said of itself.
    pub(crate) mark: Mark,
    pub(crate) writer: Option<IndexWriter>,
    /// Committed, and not readable yet.
    pub(crate) stale: bool,
}

/// What a commit says of itself: its payload.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) cut: u64,
    generation: i64,
}

impl Index {
    /// Opens the index in a folder, and makes it where there is none. One that is damaged, or that another version made,
    /// is deleted: it begins anew at cut 0.
    pub fn open(folder: &Path) -> Result<Self, SearchError> {
        std::fs::create_dir_all(folder)?;
        remove_others(folder)?;
        let current = current(folder);
        if folder.join(DAMAGED).exists() {
            remove(&current, "it was found damaged")?;
            std::fs::remove_file(folder.join(DAMAGED))?;
        }
        match Self::open_version(folder, &current) {
            Err(SearchError::Damaged(error)) => {
                remove(&current, &error.to_string())?;
                Self::open_version(folder, &current)
            }
            other => other,
        }
    }

    pub(crate) fn open_version(folder: &Path, current: &Path) -> Result<Self, SearchError> {
        std::fs::create_dir_all(current)?;
        let directory = MmapDirectory::open(current).map_err(tantivy::TantivyError::from)?;
        let (schema, fields) = schema();
        let index = tantivy::Index::builder()
            .schema(schema)
            .tokenizers(analyzers())
            .open_or_create(directory)?;
        whole(&index)?;
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()?;
        let mark = match index.load_metas()?.payload {
            Some(payload) => serde_json::from_str(&payload)
                .map_err(|error| SearchError::Damaged(Box::new(error)))?,
            None => Mark::default(),
        };
        let writing = Writing {
            generation: mark.generation,
            mark,
            writer: None,
            stale: false,
        };
        Ok(Self(Arc::new(Shared {
            folder: folder.to_owned(),
            opened: RwLock::new(Arc::new(Opened {
                path: current.to_owned(),
                index,
                reader,
            })),
            fields,
            writing: Mutex::new(writing),
            cut: AtomicU64::new(mark.cut),
        })))
    }

    /// How far the index is that searches see.
    #[must_use]
    pub fn cut(&self) -> u64 {
        self.0.cut.load(Ordering::Acquire)
    }

    /// The newest owner's generation.
    #[must_use]
    pub fn generation(&self) -> i64 {
        self.writing().generation
    }

    /// Takes the index over for an owner of this generation, and answers with its cut. From then on no older owner can
    /// commit.
    pub fn claim(&self, generation: i64) -> Result<u64, SearchError> {
        let mut writing = self.writing();
        if generation < writing.generation {
            return Err(SearchError::Fenced);
        }
        if writing.writer.is_none() {
            writing.writer = Some(self.new_writer()?);
        }
        writing.generation = generation;
        Ok(writing.mark.cut)
    }

    /// Commits changes, each with its place in the log, and the cut behind them: all of it or nothing. What an earlier
    /// commit has already written is left out. When this returns, searches see it.
    pub fn commit(
        &self,
        generation: i64,
        cut: u64,
        changes: impl IntoIterator<Item = (u64, Change)>,
    ) -> Result<(), SearchError> {
        let mut writing = self.writing();
        if generation < writing.generation {
            return Err(SearchError::Fenced);
        }
        // First, because changes are made to what the reader sees.
        self.show(&mut writing)?;
        let done = writing.mark.cut;
        if cut > done {
            let mark = Mark { cut, generation };
            // A panic, or a rollback that fails, leaves no writer behind, and the next commit makes a new one.
            let mut writer = match writing.writer.take() {
                Some(writer) => writer,
                None => self.new_writer()?,
            };
            let fresh = changes
                .into_iter()
                .filter(|(seq, _)| *seq > done)
                .map(|(_, change)| change);
            if let Err(error) = self.write(&mut writer, mark, fresh) {
                if writer.rollback().is_ok() {
                    writing.writer = Some(writer);
                }
                return Err(self.noted(error));
            }
            writing.writer = Some(writer);
            writing.mark = mark;
            writing.stale = true;
        }
        self.show(&mut writing)
    }

    /// Has searches see what is committed.
    fn show(&self, writing: &mut Writing) -> Result<(), SearchError> {
        if writing.stale {
            self.opened()
                .reader
                .reload()
                .map_err(|error| self.noted(error.into()))?;
            writing.stale = false;
            self.set_cut(writing.mark.cut);
        }
        Ok(())
    }

    fn write(
        &self,
        writer: &mut IndexWriter,
        mark: Mark,
        changes: impl Iterator<Item = Change>,
    ) -> Result<(), SearchError> {
        let (searcher, fields) = (self.searcher(), self.fields());
        let mut fold = Fold::new(|key: &str| stored::source(&searcher, fields, key));
        for change in changes {
            fold.apply(change)?;
        }
        let folded = fold.finish();
        for (key, source) in &folded.touched {
            writer.delete_term(Term::from_field_text(fields.key, key));
            if let Some(source) = source {
                writer.add_document(document(source, fields, key)?)?;
            }
        }
        self.rename_tags(writer, &searcher, &folded)?;
        let payload = serde_json::to_string(&mark).expect("two numbers have a JSON form");
        let mut prepared = writer.prepare_commit()?;
        prepared.set_payload(&payload);
        prepared.commit()?;
        Ok(())
    }

    /// Writes the documents anew that carry a renamed tag and were not touched otherwise, one after the other: a tag may be
    /// on very many.
    fn rename_tags(
        &self,
        writer: &IndexWriter,
        searcher: &Searcher,
        folded: &Folded,
    ) -> Result<(), SearchError> {
        let fields = self.fields();
        for tag in folded.renamed.keys() {
            stored::each(
                searcher,
                fields,
                fields.tag_id,
                &tag.to_string(),
                |mut source| {
                    let Source::Task(task) = &source else {
                        return Ok(());
                    };
                    let key = key::task(task.task.id);
                    let mut renamed = source
                        .tags()
                        .iter()
                        .filter(|t| folded.renamed.contains_key(&t.id));
                    // One with two such tags is written once.
                    let is_first = renamed.next().is_some_and(|first| first.id == *tag);
                    if folded.touched.contains_key(&key) || !is_first {
                        return Ok(());
                    }
                    source.rename_tags(&folded.renamed);
                    writer.delete_term(Term::from_field_text(fields.key, &key));
                    writer.add_document(document(&source, fields, &key)?)?;
                    Ok(())
                },
            )?;
        }
        Ok(())
    }

    fn new_writer(&self) -> Result<IndexWriter, SearchError> {
        let options = IndexWriterOptions::builder()
            .memory_budget_per_thread(WRITER_BYTES)
            .num_worker_threads(WRITER_THREADS)
            .num_merge_threads(MERGE_THREADS)
            .build();
        let writer = self.opened().index.writer_with_options(options)?;
        let mut merging = LogMergePolicy::default();
        merging.set_max_docs_before_merge(MERGE_DOCS_MAX);
        merging.set_del_docs_ratio_before_merge(DEAD_RATIO_MAX);
        writer.set_merge_policy(Box::new(merging));
        Ok(writer)
    }

    /// Gives up writing, and waits until merges that are under way have ended: from then on nobody changes the folder.
    /// Without it they end by themselves, and what they were about to do is done another time.
    pub fn close(&self) -> Result<(), SearchError> {
        let writer = self.writing().writer.take();
        if let Some(writer) = writer {
            writer.wait_merging_threads()?;
        }
        Ok(())
    }

    /// What every document is made of, as JSON and in order: for comparing an index with a rebuilt one.
    pub fn sources(&self) -> Result<Vec<String>, SearchError> {
        let (searcher, mut all) = (self.searcher(), Vec::new());
        for (ordinal, segment) in (0..).zip(searcher.segment_readers()) {
            for doc in segment.doc_ids_alive() {
                let source = stored::read(&searcher, self.fields(), DocAddress::new(ordinal, doc))?;
                all.push(serde_json::to_string(&source).expect("it was read from JSON"));
            }
        }
        all.sort_unstable();
        Ok(all)
    }

    /// The index as the last commit left it.
    pub(crate) fn searcher(&self) -> Searcher {
        self.opened().reader.searcher()
    }

    /// What is searched now.
    pub(crate) fn opened(&self) -> Current {
        let opened = self.0.opened.read();
        Arc::clone(&opened.unwrap_or_else(PoisonError::into_inner))
    }

    /// Has something else be searched; what it was until now.
    pub(crate) fn put(&self, opened: Current) -> Current {
        let mut place = self
            .0
            .opened
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *place, opened)
    }

    pub(crate) fn set_cut(&self, cut: u64) {
        self.0.cut.store(cut, Ordering::Release);
    }

    /// Gives up writing for good: how far it is, for whoever writes the folder from now on.
    pub(crate) fn given_up(&self) -> Result<Mark, SearchError> {
        let mut writing = self.writing();
        self.show(&mut writing)?;
        writing.generation = i64::MAX;
        if let Some(writer) = writing.writer.take() {
            writer.wait_merging_threads()?;
        }
        Ok(writing.mark)
    }

    pub(crate) fn fields(&self) -> &Fields {
        &self.0.fields
    }

    /// Remembers that the index is damaged, so that the next start rebuilds it.
    pub(crate) fn noted(&self, error: SearchError) -> SearchError {
        if matches!(error, SearchError::Damaged(_)) {
            let written = std::fs::write(self.0.folder.join(DAMAGED), b"");
            tracing::error!(
                error = in_full(&error),
                noted = written.is_ok(),
                "the search index is damaged"
            );
        }
        error
    }

    pub(crate) fn writing(&self) -> MutexGuard<'_, Writing> {
        // Whoever panicked had taken the writer out; what is left is as of the last commit.
        self.0
            .writing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn document(
    source: &Source,
    fields: &Fields,
    key: &str,
) -> Result<tantivy::TantivyDocument, SearchError> {
    source
        .document(fields, key)
        .map_err(|error| SearchError::Damaged(Box::new(error)))
}

impl Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index")
            .field("folder", &self.0.folder)
            .field("cut", &self.cut())
            .finish_non_exhaustive()
    }
}
