//! A view whose rebuild the test stops where it wants, and lets go wrong.

use millstream_event_log::Seq;
use millstream_pipelines::Pipeline;
use millstream_pipelines::sink::Sink;
use millstream_sinks::rebuild::{HELD_MAX, Hold, RebuildError, Rebuilt, Told};
use millstream_store::pipeline::rebuild::{Found, Wish};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Longest time a test waits for what must happen.
const SOON: Duration = Duration::from_mins(1);
/// How often it is looked whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Where a rebuild is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The shadow is empty.
    Begun,
    /// The view is held, and the shadow is where it is.
    Comparing,
    /// They were compared.
    Swapping,
}

/// Where a rebuild waits for the test.
#[derive(Debug, Clone, Default)]
pub(super) struct Gate {
    reached: Arc<AtomicBool>,
    open: Arc<AtomicBool>,
    cleared: Arc<AtomicBool>,
}

impl Gate {
    /// Waits until the rebuild waits.
    pub(super) async fn is_reached(&self) {
        soon(&self.reached).await;
    }

    /// Waits until the rebuild has given the shadow's room back, or left it.
    pub(super) async fn is_cleared(&self) {
        soon(&self.cleared).await;
    }

    /// Lets it go on.
    pub(super) fn opens(&self) {
        self.open.store(true, Ordering::SeqCst);
    }
}

async fn soon(flag: &AtomicBool) {
    let set = async {
        while !flag.load(Ordering::SeqCst) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(SOON, set)
        .await
        .expect("it comes so far");
}

/// The view.
pub(super) struct Staged<V> {
    view: V,
    stage: Option<Stage>,
    gate: Gate,
    /// Whether the whole process sleeps at the gate, and tells nothing meanwhile.
    is_asleep: bool,
    /// Whether people write faster than the shadow reads: how often it was asked how far the view is.
    outrun: Option<AtomicU64>,
    /// How often what is left to do after the exchange fails.
    unsettled: u32,
}

impl<V> Staged<V> {
    pub(super) fn of(view: V) -> Self {
        Self {
            view,
            stage: None,
            gate: Gate::default(),
            is_asleep: false,
            outrun: None,
            unsettled: 0,
        }
    }

    pub(super) fn stopped_at(self, stage: Stage) -> Self {
        let stage = Some(stage);
        Self { stage, ..self }
    }

    pub(super) fn asleep(self) -> Self {
        let is_asleep = true;
        Self { is_asleep, ..self }
    }

    pub(super) fn outrun(self) -> Self {
        let outrun = Some(AtomicU64::new(0));
        Self { outrun, ..self }
    }

    pub(super) fn unsettled(self, unsettled: u32) -> Self {
        Self { unsettled, ..self }
    }

    pub(super) fn gate(&self) -> Gate {
        self.gate.clone()
    }

    async fn reaches(&self, stage: Stage) {
        if self.stage != Some(stage) {
            return;
        }
        self.gate.reached.store(true, Ordering::SeqCst);
        let is_open = || self.gate.open.load(Ordering::SeqCst);
        while !is_open() {
            if self.is_asleep {
                tokio::task::block_in_place(|| std::thread::sleep(LOOK_EVERY));
            } else {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }
}

impl<V: Rebuilt> Rebuilt for Staged<V> {
    type Sink = V::Sink;

    fn pipeline(&self) -> Pipeline<<V::Sink as Sink>::Item> {
        self.view.pipeline()
    }

    async fn begin(&mut self, wish: &Wish) -> Result<V::Sink, RebuildError> {
        let sink = self.view.begin(wish).await?;
        self.reaches(Stage::Begun).await;
        Ok(sink)
    }

    /// Who is outrun finds the view far away each time it has come to where the view was.
    async fn cut(&self) -> Result<Seq, RebuildError> {
        let cut = self.view.cut().await?;
        let asked = self.outrun.as_ref();
        let asked = asked.map_or(0, |asked| asked.fetch_add(1, Ordering::SeqCst));
        Ok(cut + (asked % 2) * (HELD_MAX + 1))
    }

    async fn fence(&self, hold: Hold) -> Result<Seq, RebuildError> {
        self.view.fence(hold).await
    }

    async fn compare(&mut self, wish: &Wish, at: Seq, told: &Told) -> Result<Found, RebuildError> {
        self.reaches(Stage::Comparing).await;
        self.view.compare(wish, at, told).await
    }

    async fn swap(
        &mut self,
        wish: &Wish,
        hold: Hold,
        at: Seq,
        found: &Found,
    ) -> Result<(), RebuildError> {
        self.reaches(Stage::Swapping).await;
        self.view.swap(wish, hold, at, found).await
    }

    async fn settle(&mut self, wish: &Wish, at: Seq) -> Result<(), RebuildError> {
        if self.unsettled > 0 {
            self.unsettled -= 1;
            return Err(RebuildError::Broken("the database is away".into()));
        }
        self.view.settle(wish, at).await
    }

    async fn clear(&mut self, wish: &Wish) -> Result<(), RebuildError> {
        let cleared = self.view.clear(wish).await;
        self.gate.cleared.store(true, Ordering::SeqCst);
        cleared
    }
}
