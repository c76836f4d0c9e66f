//! The child: reads what it is asked, answers it, and ends.

use super::bounds::{POOL_BYTES_MAX, READERS, STACK_BYTES, THREADS};
use super::check;
use super::confine::confine;
use super::rows::Rows;
use super::sealed::Sealed;
use super::wire::{self, Answer, Ask, Problem, Reply};
use crate::lake::{Files, Layer, Shown, Snapshot};
use crate::session::views;
use crate::tables::Table;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use futures::StreamExt as _;
use std::collections::BTreeMap;
use std::io::{self, Read, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// Runs the child over the lake in a folder. Must be called before the process has another thread.
#[must_use]
pub fn run(lake: &Path) -> ExitCode {
    if let Err(error) = confine(lake) {
        eprintln!("{error}: {:?}", std::error::Error::source(&error));
        return ExitCode::FAILURE;
    }
    // A stack of a size that we know, whatever the system gives a program.
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    let reply = thread.spawn(reply);
    let Ok(reply) = reply.map(std::thread::JoinHandle::join) else {
        eprintln!("the system gives no thread");
        return ExitCode::FAILURE;
    };
    // A panic has been told on standard error.
    let Ok(reply) = reply else {
        return ExitCode::from(101);
    };
    let told = serde_json::to_vec(&reply).map_err(io::Error::other);
    match told.and_then(|bytes| io::stdout().write_all(&bytes)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// What is asked, parsed, and the tails of the tables.
type Asked = (Ask, Statement, Vec<(Table, u64, Layer)>);

fn asked(input: &mut impl Read) -> Result<Asked, Problem> {
    let ask: Ask = wire::read(input).map_err(Problem::failed)?;
    let statement = check::parse(&ask.sql)?;
    let mut tails = Vec::new();
    for (name, version) in &ask.tables {
        let table = Table::ALL.into_iter().find(|table| table.name() == name);
        let table = table.ok_or_else(|| Problem::failed("there is no such table"))?;
        let tail = wire::read_tail(table, input).map_err(Problem::failed)?;
        tails.push((table, *version, tail));
    }
    Ok((ask, statement, tails))
}

/// Ends the process when its input does: whoever asks holds it open for as long as they wait, and dies without a word.
fn end_with_the_input() {
    while matches!(io::stdin().lock().read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::Interrupted)
    {
    }
    std::process::exit(1);
}

fn reply() -> Reply {
    let (ask, statement, tails) = asked(&mut io::stdin().lock())?;
    let watch = std::thread::Builder::new().spawn(end_with_the_input);
    watch.map_err(Problem::failed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .max_blocking_threads(READERS)
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()
        .map_err(Problem::failed)?;
    runtime.block_on(async {
        let mut tables = BTreeMap::new();
        for (table, version, tail) in tails {
            let files = Files::at(&ask.root, table, version);
            let files = files.await.map_err(Problem::failed)?;
            let tail = Arc::new(tail);
            tables.insert(table, Shown { files, tail });
        }
        // Which record that is, the parent knows.
        let snapshot = Snapshot { cut: 0, tables };
        answer(&ask, &snapshot, statement).await
    })
}

async fn answer(ask: &Ask, snapshot: &Snapshot, statement: Statement) -> Reply {
    let context = context()?;
    let rights = ask.rights();
    for table in snapshot.tables.keys() {
        let seen = views::seen(&context, snapshot, &rights, *table).await;
        let seen = seen.map_err(Problem::failed)?;
        let sealed = Sealed::new(seen.into_unoptimized_plan());
        let named = context.register_table(table.name(), Arc::new(sealed));
        named.map_err(|error| check::problem(&error))?;
    }
    let state = context.state();
    let plan = state.statement_to_plan(statement).await;
    let plan = plan.map_err(|error| check::problem(&error))?;
    check::only_reads(&plan)?;
    rows(&context, plan, ask.limit).await
}

/// Without files to spill to, and with nothing to be asked but what is named.
fn context() -> Result<SessionContext, Problem> {
    let nothing = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(POOL_BYTES_MAX)))
        .with_disk_manager_builder(nothing)
        .build_arc()
        .map_err(Problem::failed)?;
    let mut config = SessionConfig::new()
        .with_target_partitions(THREADS)
        .with_information_schema(true);
    // So that what is wrong with a name is told with its place.
    config.options_mut().sql_parser.collect_spans = true;
    Ok(SessionContext::new_with_config_rt(config, runtime))
}

async fn rows(
    context: &SessionContext,
    plan: datafusion::logical_expr::LogicalPlan,
    limit: usize,
) -> Result<Answer, Problem> {
    let problem = |error| check::problem(&error);
    let optimized = context.state().optimize(&plan).map_err(problem)?;
    check::multiplies_little(&optimized)?;
    let asked = context.execute_logical_plan(plan).await.map_err(problem)?;
    // One more tells whether there are more.
    let asked = asked.limit(0, Some(limit + 1)).map_err(problem)?;
    let mut found = asked.execute_stream().await.map_err(problem)?;
    let mut rows = Rows::new(&found.schema(), limit);
    while let Some(batch) = found.next().await {
        let batch = batch.map_err(problem)?;
        let more = rows.take(&batch)?;
        if !more {
            break;
        }
    }
    Ok(rows.done())
}
