//! A pipeline as a value: what is read, what is made of it, and how strict to be.

use crate::dataflow::output::Output;
use crate::dataflow::{Clockwork, Input, keyed, plain};
use crate::operator::{Operator, Reject};
use millstream_event_log::Record;
use std::fmt::{self, Debug};
use std::sync::Arc;
use timely::dataflow::{Scope, StreamVec};

/// What happens to a pipeline when a record cannot be processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnReject {
    /// The record becomes a dead letter, and the pipeline goes on.
    #[default]
    DeadLetter,
    /// The pipeline commits what came before the record and waits for a person.
    Halt,
}

/// A pipeline over the log whose effects are `Item`s.
#[derive(Clone)]
pub struct Pipeline<Item> {
    name: &'static str,
    version: u32,
    workers: usize,
    on_reject: OnReject,
    graph: Arc<dyn Graph<Item>>,
}

/// What can be an effect. In one process effects are moved, never encoded; in a cluster they travel as JSON.
pub trait Item:
    Clone + Debug + Send + Sync + serde::Serialize + serde::de::DeserializeOwned + 'static
{
}
impl<T: Clone + Debug + Send + Sync + serde::Serialize + serde::de::DeserializeOwned + 'static> Item
    for T
{
}

/// Builds the middle of the dataflow, from what the source emits to what the committer takes. The same on every worker.
pub(crate) trait Graph<I>: Send + Sync {
    fn build<'s>(
        &self,
        scope: Scope<'s, Clockwork>,
        input: StreamVec<'s, Clockwork, Input>,
    ) -> StreamVec<'s, Clockwork, Output<I>>;
}

/// The function that makes effects of a record, where no state is needed.
pub type Map<I> = fn(&Record) -> Result<Vec<I>, Reject>;
/// The function that says which keys a record concerns, and as what.
pub type Route<O> = fn(&Record) -> Result<Vec<(<O as Operator>::Key, <O as Operator>::In)>, Reject>;

impl<I: Item> Pipeline<I> {
    /// A pipeline without state: each record becomes some effects.
    #[must_use]
    pub fn each(name: &'static str, map: Map<I>) -> Self {
        Self::of(name, Arc::new(plain::Plain(map)))
    }

    /// A pipeline with state per key: `route` says which keys a record concerns, `operator` does the rest.
    #[must_use]
    pub fn keyed<O: Operator<Out = I>>(name: &'static str, route: Route<O>, operator: O) -> Self {
        Self::of(
            name,
            Arc::new(keyed::Keyed {
                name,
                route,
                operator,
            }),
        )
    }

    fn of(name: &'static str, graph: Arc<dyn Graph<I>>) -> Self {
        Self {
            name,
            version: 1,
            workers: 1,
            on_reject: OnReject::default(),
            graph,
        }
    }

    /// The version of its logic: raised when old state or effects no longer fit. A lower one refuses to start.
    #[must_use]
    pub fn version(self, version: u32) -> Self {
        Self { version, ..self }
    }

    /// The same under another name: what makes a view anew beside the one that people see.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// How many threads compute; 1 unless the operator is heavy, because small work costs more to exchange than to do.
    #[must_use]
    pub fn workers(self, workers: usize) -> Self {
        Self {
            workers: workers.max(1),
            ..self
        }
    }

    /// How strict it is.
    #[must_use]
    pub fn on_reject(self, on_reject: OnReject) -> Self {
        Self { on_reject, ..self }
    }

    /// Its name: file, metric label, row of `stream.pipeline`, all the same.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn strictness(&self) -> OnReject {
        self.on_reject
    }

    pub(crate) fn worker_count(&self) -> usize {
        self.workers
    }

    pub(crate) fn graph(&self) -> &Arc<dyn Graph<I>> {
        &self.graph
    }

    /// The version of its logic.
    #[must_use]
    pub fn logic_version(&self) -> u32 {
        self.version
    }
}

impl<I> Debug for Pipeline<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("name", &self.name)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
