//! What one process says, others hear; and when Redis dies, they know that they do not.

use millstream_event_log::Cut;
use millstream_event_log::mover::Tail;
use millstream_event_log::redis::Redis;
use millstream_event_log::signals::exchange::Exchange;
use millstream_event_log::signals::{Signals, Work};
use millstream_event_log::testing::redis::{self, OwnServer};
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};

/// More than any machine takes; only a test that fails waits for it.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a process has.
struct Process {
    signals: Signals,
    tail: Tail,
    redis: Redis,
    _stop: DropGuard,
}

impl Process {
    /// One that hears.
    async fn at(url: &str, prefix: &str) -> Self {
        let redis = Redis::at(url, prefix).unwrap();
        let (signals, tail) = (Signals::default(), Tail::default());
        let exchange = Exchange::new(redis.clone(), signals.clone(), tail.clone());
        let stop = CancellationToken::new();
        tokio::spawn(redis.clone().run(stop.clone()));
        tokio::spawn(exchange.run(stop.clone()));
        let process = Self {
            signals,
            tail,
            redis,
            _stop: stop.drop_guard(),
        };
        process.hears(true).await;
        within(process.redis.arrived()).await;
        process
    }

    async fn hears(&self, wanted: bool) {
        let mut hears = self.signals.hears();
        within(hears.wait_for(|hears| *hears == wanted))
            .await
            .unwrap();
    }
}

async fn within<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(PATIENCE, what)
        .await
        .expect("it comes")
}

#[tokio::test]
async fn what_one_process_says_every_other_one_hears() {
    let (url, prefix) = (redis::url(), redis::prefix());
    let says = Process::at(&url, &prefix).await;
    let (one, another) = tokio::join!(Process::at(&url, &prefix), Process::at(&url, &prefix));
    says.signals.committed("activity", Cut::at(7));
    says.tail.heard(9);
    says.signals.wanted(Work::Jobs);
    for hears in [&one, &another] {
        assert_eq!(
            within(hears.signals.reached("activity", 7)).await,
            Cut::at(7)
        );
        assert_eq!(within(hears.tail.beyond(8)).await, 9);
        within(hears.signals.wake(Work::Jobs).woken()).await;
    }
    says.signals.restarted("activity", Cut::at(2));
    says.signals.committed("search", Cut::at(9));
    within(one.signals.reached("search", 9)).await;
    assert_eq!(one.signals.cut("activity"), Some(Cut::at(2)));
}

#[tokio::test]
async fn who_says_something_under_another_prefix_is_not_heard() {
    let (url, prefix) = (redis::url(), redis::prefix());
    let (hears, says, stranger) = tokio::join!(
        Process::at(&url, &prefix),
        Process::at(&url, &prefix),
        async { Process::at(&url, &redis::prefix()).await },
    );
    stranger.signals.committed("activity", Cut::at(1_000));
    // The stranger's word would have come by the time that it hears itself, and that ours came.
    within(stranger.signals.reached("activity", 1_000)).await;
    says.signals.committed("activity", Cut::at(3));
    within(hears.signals.reached("activity", 3)).await;
    assert_eq!(hears.signals.cut("activity"), Some(Cut::at(3)));
}

#[tokio::test]
async fn a_server_that_is_killed_is_noticed_and_found_again_when_it_is_back() {
    let mut server = OwnServer::start();
    let (url, prefix) = (server.url(), redis::prefix());
    let (says, hears) = tokio::join!(Process::at(&url, &prefix), Process::at(&url, &prefix));
    for round in 1..=3 {
        server.kill();
        says.hears(false).await;
        hears.hears(false).await;
        within(says.redis.left()).await;
        // Nobody hears this, and nobody is held up by it.
        says.signals.committed("activity", Cut::at(10 * round));
        assert!(says.redis.ask::<()>(&::redis::cmd("PING")).await.is_err());
        server.restart();
        says.hears(true).await;
        hears.hears(true).await;
        within(says.redis.arrived()).await;
        let next = 10 * round + 1;
        says.signals.committed("activity", Cut::at(next));
        within(hears.signals.reached("activity", next)).await;
    }
}
