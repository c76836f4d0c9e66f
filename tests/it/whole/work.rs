//! A day's work: what each of several people at once does, again and again, with a task of their own each time.

use super::desk::{Desk, New};
use super::ledger::{Ledger, Who};
use super::office::{Office, SHARED_TAG};
use super::words::WORDS_MAX;
use futures::future::join_all;
use std::time::Duration;
use tokio::time::sleep;

/// How many work at once.
const WRITERS: usize = 4;
/// How many rounds each of them works at least: every sort of round comes.
const ROUNDS: usize = 6;
/// How many at most: a round takes some five words, so that there are enough.
const ROUNDS_MAX: usize = WORDS_MAX / WRITERS / 5;
/// How long a writer rests between rounds beyond [`ROUNDS`], in which there is only to be something going on.
const REST: Duration = Duration::from_millis(50);

/// Works until the office closes; what was acknowledged.
pub(super) async fn work(office: &Office) -> Ledger {
    let writers = (0..WRITERS).map(async |writer| {
        let mut desk = Desk::new(office);
        for n in 0..ROUNDS_MAX {
            if n >= ROUNDS {
                if office.is_closing() {
                    break;
                }
                sleep(REST).await;
            }
            Box::pin(round(&mut desk, writer, n)).await;
        }
        desk.ledger
    });
    let mut all = Ledger::default();
    for ledger in join_all(writers).await {
        all.take_in(ledger);
    }
    all
}

/// The life of a task. What is done to it is done in one order, whoever does it, so that it is known who is told what.
async fn round(desk: &mut Desk<'_>, writer: usize, n: usize) {
    let own_tag = format!("{writer} in round {n}");
    let tags = vec![SHARED_TAG.to_owned(), own_tag.clone()];
    let to_grace = New {
        assignees: vec![Who::Grace],
        tags,
        is_late: false,
    };
    let mut task = desk.make(Who::Ada, &to_grace).await;
    desk.brought_tag(Who::Ada, &own_tag);
    let comment = desk.comment(Who::Grace, &mut task, Who::Linus).await;
    if n.is_multiple_of(3) {
        desk.finds(Who::Grace, &task).await;
    }
    desk.set(Who::Ada, &mut task, "in_progress").await;
    desk.watch(Who::Linus, &mut task).await;
    match n % 6 {
        0 => {
            desk.drag(Who::Grace, &mut task, "done").await;
            desk.edit(Who::Grace, &task, &comment, Who::Ada).await;
        }
        1 => {
            desk.set(Who::Ada, &mut task, "done").await;
            desk.drag(Who::Linus, &mut task, "todo").await;
        }
        2 => {
            desk.trash(Who::Ada, &mut task).await;
            desk.restore(Who::Grace, &mut task).await;
            desk.set(Who::Grace, &mut task, "blocked").await;
        }
        3 => {
            desk.archive(Who::Grace, &mut task).await;
            let late = New {
                assignees: vec![Who::Linus],
                is_late: true,
                ..New::default()
            };
            let late = desk.make(Who::Grace, &late).await;
            desk.ledger.sheets.push(late);
        }
        4 => {
            let both = [Who::Grace, Who::Linus];
            desk.assign(Who::Ada, &mut task, &both).await;
            desk.carry(Who::Linus, &mut task).await;
            desk.unsay(Who::Grace, &mut task, &comment).await;
        }
        _ => {
            let mut gone = desk.make(Who::Linus, &New::default()).await;
            let to_linus = New {
                assignees: vec![Who::Linus],
                ..New::default()
            };
            let made = desk.batch(Who::Ada, &to_linus, &task, &mut gone).await;
            desk.ledger.sheets.extend(made);
            desk.ledger.sheets.push(gone);
        }
    }
    desk.ledger.sheets.push(task);
}
