//! A mirror in memory, whose partitions can be lost, damaged and brought back, in front of a log in memory.

use super::{GAP_WAIT, Mirror, Mirrored, Opened, Opening, Source};
use crate::backends::memory::MemoryLog;
use crate::backends::merge::Merge;
use crate::testing::{new_event, record};
use crate::{Budget, Cut, Event, Log, LogError, MirrorError, Record, Seq};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::sync::watch;

/// What is in the mirror, and whether it answers. Clones are one mirror.
#[derive(Debug, Clone)]
struct Partitions(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    records: Mutex<Vec<Vec<Record>>>,
    away: Mutex<bool>,
    written: watch::Sender<usize>,
}

#[derive(Debug)]
struct Following {
    of: Partitions,
    at: Vec<usize>,
    written: watch::Receiver<usize>,
}

impl Partitions {
    fn new(count: usize) -> Self {
        Self(Arc::new(Shared {
            records: Mutex::new(vec![Vec::new(); count]),
            away: Mutex::new(false),
            written: watch::Sender::new(0),
        }))
    }

    fn write(&self, records: &[Record]) {
        let mut partitions = self.0.records.lock().unwrap();
        let count = partitions.len();
        for record in records {
            let at = usize::try_from(record.seq).unwrap() % count;
            partitions[at].push(record.clone());
        }
        self.0.written.send_modify(|times| *times += 1);
    }

    fn wipe(&self) {
        for partition in self.0.records.lock().unwrap().iter_mut() {
            partition.clear();
        }
    }

    fn set_away(&self, away: bool) {
        *self.0.away.lock().unwrap() = away;
        self.0.written.send_modify(|times| *times += 1);
    }

    fn answers(&self) -> Result<(), MirrorError> {
        let away = *self.0.away.lock().unwrap();
        let error = || MirrorError::Unavailable("away".into());
        if away { Err(error()) } else { Ok(()) }
    }
}

impl Mirror for Partitions {
    type Source = Following;
    const NAME: &'static str = "test";

    fn open(&self, from: Cut) -> Opening<Following> {
        let of = self.clone();
        Box::pin(async move {
            of.answers()?;
            let (at, newest) = {
                let partitions = of.0.records.lock().unwrap();
                let behind = |records: &Vec<Record>| {
                    let is_behind = |record: &Record| record.seq > from.seq;
                    records.iter().position(is_behind).unwrap_or(records.len())
                };
                let newest = partitions.iter().flatten().max_by_key(|it| it.seq);
                (
                    partitions.iter().map(behind).collect(),
                    newest.map(|record| (record.seq, record.id)),
                )
            };
            let written = of.0.written.subscribe();
            let source = Following { of, at, written };
            Ok(Opened { source, newest })
        })
    }
}

impl Source for Following {
    async fn more(&mut self, merge: &mut Merge) -> Result<(), MirrorError> {
        loop {
            self.of.answers()?;
            let mut came = false;
            for (partition, records) in self.of.0.records.lock().unwrap().iter().enumerate() {
                for record in records.iter().skip(self.at[partition]) {
                    if merge.room(partition) == 0 {
                        break;
                    }
                    merge.offer(partition, record.clone());
                    self.at[partition] += 1;
                    came = true;
                }
            }
            if came {
                return Ok(());
            }
            let _ = self.written.changed().await;
        }
    }
}

const PLENTY: Budget = Budget {
    records: 10_000,
    bytes: 1 << 30,
};

/// A log, its mirror, and the log as it is read from there.
struct World {
    truth: MemoryLog,
    mirror: Partitions,
    log: Mirrored<Partitions>,
}

impl World {
    fn new(partitions: usize) -> Self {
        let (truth, mirror) = (MemoryLog::default(), Partitions::new(partitions));
        let log = Mirrored::new(mirror.clone(), Log::Memory(truth.clone()));
        Self { truth, mirror, log }
    }

    /// Some more records, in the log alone.
    fn append(&self, count: u64) -> Vec<Record> {
        let from = self.truth.bounds().tail;
        let event = Event::samples().swap_remove(0);
        let events = (1..=count).map(|n| new_event(from + n, event.clone()));
        self.truth.append(events);
        self.truth.read(Cut::at(from), PLENTY).unwrap().records
    }

    async fn read(&self, from: Seq) -> Vec<Seq> {
        let batch = self.log.read(Cut::at(from), PLENTY).await.unwrap();
        batch.records.iter().map(|record| record.seq).collect()
    }

    /// Reads to the end from a cut on.
    async fn read_all(&self, from: Seq) -> Vec<Seq> {
        let mut all = Vec::new();
        loop {
            let more = self.read(all.last().copied().unwrap_or(from)).await;
            if more.is_empty() {
                return all;
            }
            all.extend(more);
        }
    }
}

#[tokio::test]
async fn what_the_mirror_has_is_read_from_it() {
    let world = World::new(3);
    world.mirror.write(&world.append(100));
    assert_eq!(world.read(0).await, (1..=100).collect::<Vec<_>>());
    assert_eq!(world.log.brought(), (100, 0));
}

#[tokio::test]
async fn whoever_looks_back_keeps_the_place_in_the_mirror() {
    let world = World::new(3);
    world.mirror.write(&world.append(100));
    assert_eq!(world.read(0).await.len(), 100);
    assert_eq!(world.read(40).await, (41..=100).collect::<Vec<_>>());
    world.mirror.write(&world.append(10));
    assert_eq!(world.read(100).await, (101..=110).collect::<Vec<_>>());
    assert_eq!(world.log.brought(), (110, 60));
}

#[tokio::test]
async fn a_gap_is_filled_from_the_log_and_the_rest_comes_from_the_mirror() {
    let world = World::new(3);
    let records = world.append(30);
    world.mirror.write(&records[..10]);
    world.mirror.write(&records[14..]);
    assert_eq!(world.read_all(0).await, (1..=30).collect::<Vec<_>>());
    assert_eq!(world.log.brought(), (26, 4));
}

#[tokio::test]
async fn a_mirror_that_is_away_is_waited_for_once_and_used_again_when_it_has_caught_up() {
    let world = World::new(2);
    let first = world.append(5);
    world.mirror.write(&first);
    assert_eq!(world.read(0).await.len(), 5);
    let late = world.append(5);
    assert_eq!(world.read(5).await, [6, 7, 8, 9, 10]);
    let started = Instant::now();
    let later = world.append(5);
    assert_eq!(world.read(10).await.len(), 5);
    assert!(started.elapsed() < GAP_WAIT, "it is not waited for again");
    assert_eq!(world.log.brought(), (5, 10));
    world.mirror.write(&late);
    world.mirror.write(&later);
    world.mirror.write(&world.append(5));
    assert_eq!(world.read(15).await.len(), 5);
    assert_eq!(world.log.brought(), (10, 10));
}

#[tokio::test]
async fn a_mirror_that_breaks_off_and_is_wiped_loses_nothing_for_its_reader() {
    let world = World::new(2);
    world.mirror.write(&world.append(5));
    assert_eq!(world.read(0).await.len(), 5);
    world.mirror.set_away(true);
    world.append(5);
    assert_eq!(world.read(5).await.len(), 5);
    world.mirror.wipe();
    world.mirror.set_away(false);
    world.append(5);
    assert_eq!(world.read_all(10).await, [11, 12, 13, 14, 15]);
    let anew = world.log.clone().read(Cut::START, PLENTY).await.unwrap();
    assert_eq!(anew.records.len(), 15);
}

#[tokio::test]
async fn a_mirror_of_another_history_is_not_read() {
    let world = World::new(1);
    world.append(3);
    let event = Event::samples().swap_remove(0);
    let mut foreign: Vec<_> = (1..=5).map(|seq| record(seq, event.clone())).collect();
    for record in &mut foreign {
        record.id.0 = uuid::Uuid::from_u128(record.id.0.as_u128() + 1_000);
    }
    world.mirror.write(&foreign);
    assert_eq!(world.read(0).await, [1, 2, 3]);
    world.append(7);
    let batch = world.log.read(Cut::at(3), PLENTY).await.unwrap();
    let truth = world.truth.read(Cut::at(3), PLENTY).unwrap();
    assert_eq!(batch, truth);
    assert_eq!(world.log.brought(), (0, 10));
}

#[tokio::test]
async fn nothing_is_given_out_that_the_log_does_not_have() {
    let world = World::new(1);
    let records = world.append(3);
    world.mirror.write(&records);
    assert_eq!(world.read(0).await, [1, 2, 3]);
    world
        .mirror
        .write(&[record(4, Event::samples().swap_remove(0))]);
    world.log.wait(Cut::at(3)).await;
    assert_eq!(world.read(3).await, [0; 0]);
    let ahead = world.log.read(Cut::at(4), PLENTY).await;
    assert!(matches!(ahead, Err(LogError::Ahead { cut: 4, tail: 3 })));
}

#[tokio::test]
async fn whoever_waits_is_woken_by_the_mirror() {
    let world = World::new(2);
    world.mirror.write(&world.append(3));
    assert_eq!(world.read(0).await, [1, 2, 3]);
    let more = world.append(1);
    let woken = async {
        world.log.wait(Cut::at(3)).await;
        world.read(3).await
    };
    let (seen, ()) = tokio::join!(woken, async { world.mirror.write(&more) });
    assert_eq!(seen, [4]);
    assert_eq!(world.log.brought(), (4, 0));
}

#[tokio::test]
async fn a_clone_reads_from_a_place_of_its_own() {
    let world = World::new(2);
    world.mirror.write(&world.append(10));
    let other = world.log.clone();
    assert_eq!(world.read(0).await.len(), 10);
    let batch = other.read(Cut::at(8), PLENTY).await.unwrap();
    assert_eq!(batch.records.len(), 2);
    assert_eq!(world.log.brought(), (12, 0));
}
