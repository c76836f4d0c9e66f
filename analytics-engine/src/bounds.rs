//! The limits of the lake and of questions, each with its reason.

use std::time::Duration;

/// Rows of a data file of a table whose rows change: what a change of one of them writes anew at most.
pub(crate) const FILE_ROWS_MAX: usize = 65_536;
/// Bytes of a data file of the events up to which it is small: small ones are put together.
pub(crate) const SMALL_FILE_BYTES: u64 = 16 * 1024 * 1024;
/// Small files of one table before they are put together: each costs every question an opening.
pub(crate) const SMALL_FILES_MAX: usize = 12;
/// Rows in a row group: what a writer holds in memory, and what a reader can skip.
pub(crate) const ROW_GROUP_ROWS: usize = 65_536;
/// Bytes in a row group, for the same reason: payloads of events can be large.
pub(crate) const ROW_GROUP_BYTES: usize = 32 * 1024 * 1024;
/// How long files stay that are no longer part of a table: longer than any question takes that may still be reading them,
/// and long enough for other tools to read a version that they have just opened.
pub(crate) const FILES_KEPT: Duration = Duration::from_hours(1);

/// Memory that all questions together may hold before they spill or are refused.
pub(crate) const QUERY_MEMORY_MAX: usize = 256 * 1024 * 1024;
/// Disk that they may use beyond it.
pub(crate) const SPILL_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Questions that are answered at once: each uses all of the engine's threads, and holds some of its memory. A report is one,
/// however many statements it asks at once.
pub(crate) const QUERIES_AT_ONCE: usize = 4;
/// Threads that compute questions. They are the engine's own: requests, pipelines and writers of the lake have others.
pub(crate) const THREADS: usize = 2;
/// Threads that read files for them. Each reads one piece at a time, and there is one disk.
pub(crate) const READERS: usize = 8;
/// Batches of a long answer that are found before somebody takes them: one is written while the next is found.
pub(crate) const BATCHES_AHEAD: usize = 2;
/// How far these threads stand back where others want the processor: those get about nine tenths of it.
pub(crate) const NICENESS: i32 = 10;
/// How long a question waits for its turn before it is told to come later.
pub(crate) const TURN_WAIT_MAX: Duration = Duration::from_secs(10);
/// How long a question may take: what somebody waits for a page.
pub(crate) const QUERY_TIME_MAX: Duration = Duration::from_secs(20);
/// How long it may take to find out who asks: two small questions, which wait for threads beside large ones.
pub(crate) const WHO_TIME_MAX: Duration = Duration::from_secs(10);
/// Into how many parts a question is split: one for each thread.
pub(crate) const PARTITIONS: usize = THREADS;
