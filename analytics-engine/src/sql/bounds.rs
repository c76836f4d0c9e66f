//! What a statement may take, each limit with its reason.

use std::time::Duration;

/// Most bytes of a statement: people write less, and programs can ask twice.
pub const SQL_BYTES_MAX: usize = 32 * 1024;
/// Rows of an answer, when nobody says how many.
pub const ROWS_DEFAULT: usize = 1_000;
/// Most rows of an answer. Whoever wants more wants a report or the lake itself.
pub const ROWS_MAX: usize = 10_000;

/// Most words and signs of a statement: what the parser makes of each stays in memory until the end.
pub(super) const TOKENS_MAX: usize = 8_192;
/// How deep brackets, subqueries and the like may stand in one another: each level is a frame on the parser's stack.
pub(super) const NESTING_MAX: usize = 64;
/// How deep an expression may be, brackets or not: `1+1+1` is a level for each sign. Each is a frame on the planner's stack.
pub(super) const EXPRESSION_DEPTH_MAX: usize = 256;
/// Joins without a condition: each multiplies the rows by those of a table.
pub(super) const CROSS_JOINS_MAX: usize = 2;
/// Most values of a series that is made up: no calendar is longer, and it is made in one piece.
pub(super) const SERIES_MAX: f64 = 1_000_000.0;

/// Bytes of the rows of an answer, as JSON: a page of them is made in memory, here and in `web`.
pub(super) const ROW_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of what a child may say: its rows, and some for names of columns.
pub(super) const ANSWER_BYTES_MAX: u64 = 2 * ROW_BYTES_MAX as u64;
/// Bytes that are read of what a child complains about: a panic's first lines.
pub(super) const COMPLAINT_BYTES_MAX: u64 = 4 * 1024;
/// Characters of a message of the engine that are passed on.
pub(super) const MESSAGE_CHARS_MAX: usize = 500;

/// Statements that are answered at once. Each has a process with a memory of its own, and reports go on beside them.
pub(super) const CHILDREN_MAX: usize = 2;
/// How long a statement may take, its process's start included: what somebody waits for a page.
pub(super) const TIME_MAX: Duration = Duration::from_secs(10);
/// Seconds on the processor: the same on every thread.
pub(super) const CPU_SECONDS_MAX: u64 = TIME_MAX.as_secs() * THREADS as u64;
/// Threads that compute.
pub(super) const THREADS: usize = 2;
/// Threads that read files.
pub(super) const READERS: usize = 4;
/// What a stack of a thread may grow to: the planner works on expressions by calling itself.
pub(super) const STACK_BYTES: usize = 16 * 1024 * 1024;

/// Memory that the engine may plan with: beyond it a query is told so.
pub(super) const POOL_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Memory of the whole child: the pool, what the tail of the lake takes, stacks, and what the engine does not count.
pub(super) const DATA_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Addresses of the whole child: its memory and the program itself, which is large where it was built for debugging.
pub(super) const ADDRESS_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// Files that may be open: some for each table, read at once.
pub(super) const OPEN_FILES_MAX: u64 = 256;
