//! Finding out how far other processes are, where nobody hears them.

use chrono::TimeDelta;
use millstream_domain::clock::Clock;
use millstream_event_log::mover::Tail;
use millstream_event_log::signals::Signals;
use millstream_event_log::{Cut, Event, outbox, testing};
use millstream_store::pipeline;
use millstream_store::pipeline::lookout::Lookout;
use millstream_store::testing::TestStore;

const TTL: TimeDelta = TimeDelta::seconds(15);

/// What one process sees of the others.
struct Seeing {
    store: TestStore,
    signals: Signals,
    tail: Tail,
    lookout: Lookout,
}

impl Seeing {
    async fn new() -> Self {
        let store = TestStore::new().await;
        let (signals, tail) = (Signals::default(), Tail::default());
        let lookout = Lookout::new(store.store.clone(), signals.clone(), tail.clone(), "here");
        Self {
            store,
            signals,
            tail,
            lookout,
        }
    }

    /// Somebody takes a pipeline, which is at this cut.
    async fn taken(&self, name: &str, owner: &str, cut: i64) -> i64 {
        let (pool, now) = (self.store.store.pool(), self.store.clock.now());
        let generation = pipeline::acquire(pool, name, 1, owner, now, TTL)
            .await
            .unwrap()
            .expect("nobody else has it");
        self.commit(name, generation, cut).await;
        generation
    }

    async fn commit(&self, name: &str, generation: i64, cut: i64) {
        let mut db = self.store.store.pool().acquire().await.unwrap();
        let now = self.store.clock.now();
        assert!(
            pipeline::move_cut(&mut db, name, generation, cut, now)
                .await
                .unwrap()
        );
    }

    fn cut(&self, view: &str) -> Option<u64> {
        self.signals.cut(view).map(|cut| cut.seq)
    }
}

#[tokio::test]
async fn what_others_have_committed_is_found_in_their_rows() {
    let mut seeing = Seeing::new().await;
    assert!(
        !seeing.lookout.look().await.unwrap(),
        "nobody else is there"
    );
    let generation = seeing.taken("activity", "there", 7).await;
    seeing.taken("timers", "here", 5).await;
    seeing.taken("search@there", "there", 6).await;
    assert!(seeing.lookout.look().await.unwrap());
    assert_eq!(seeing.cut("activity"), Some(7));
    assert_eq!(seeing.cut("timers"), None, "known first-hand, if at all");
    assert_eq!(seeing.cut("search@there"), None, "nobody else's business");
    seeing.commit("activity", generation, 9).await;
    seeing.lookout.look().await.unwrap();
    assert_eq!(seeing.cut("activity"), Some(9));
}

#[tokio::test]
async fn a_row_that_is_older_than_what_was_heard_moves_no_view_back() {
    let mut seeing = Seeing::new().await;
    seeing.taken("activity", "there", 7).await;
    seeing.lookout.look().await.unwrap();
    seeing.signals.committed("activity", Cut::at(12));
    seeing.lookout.look().await.unwrap();
    assert_eq!(seeing.cut("activity"), Some(12));
    // Whoever takes over goes on from the row.
    seeing.store.clock.advance(TimeDelta::minutes(1));
    seeing.taken("activity", "elsewhere", 8).await;
    seeing.lookout.look().await.unwrap();
    assert_eq!(seeing.cut("activity"), Some(8));
}

#[tokio::test]
async fn how_far_the_log_goes_is_found_without_a_mover() {
    let mut seeing = Seeing::new().await;
    let mut tx = seeing.store.store.pool().begin().await.unwrap();
    let event = testing::new_event(1, Event::samples().swap_remove(0));
    outbox::append(&mut tx, &[event]).await.unwrap();
    tx.commit().await.unwrap();
    seeing.store.mover.move_once().await.unwrap();
    assert_eq!(seeing.tail.newest(), 0);
    seeing.lookout.look().await.unwrap();
    assert_eq!(seeing.tail.newest(), 1);
}
