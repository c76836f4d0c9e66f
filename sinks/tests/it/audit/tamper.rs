//! What somebody can do who is superuser of the database, and what the verification says to each.

use super::world::{World, recomputed};
use millstream_sinks::audit::finding::Finding;
use millstream_store::views::audit::rows::Row;

#[tokio::test]
async fn an_audit_that_nobody_touched_holds_and_the_report_says_how_it_knows() {
    let world = World::signed().await;
    let report = world.verify().await;
    assert!(report.holds(), "{report}");
    assert_eq!(
        (report.entries, report.checkpoints, report.holding),
        (27, 2, 2)
    );
    assert_eq!((report.compared.from, report.compared.entries), (20, 7));
    assert_eq!(
        report.to_string(),
        "The audit has 27 entries.\n\
         2 of 2 checkpoints hold; the last one was signed over 20 entries.\n\
         No checkpoint that holds covers entry 20 and younger ones: 7 entries were compared with the event log.\n\
         Nothing was changed."
    );
}

#[tokio::test]
async fn without_a_checkpoint_the_log_speaks_for_all() {
    let mut world = World::new().await;
    let empty = world.verify().await;
    assert!(empty.holds() && empty.entries == 0, "{empty}");
    world.happen(5).await;
    let report = world.verify().await;
    assert!(report.holds(), "{report}");
    assert_eq!((report.last_checkpoint, report.compared.entries), (None, 5));
}

#[tokio::test]
async fn the_trigger_refuses_to_change_or_remove_anything() {
    let world = World::signed().await;
    for sql in [
        "update app.audit set reason = 'other' where index = 3",
        "update app.audit set reason = 'other' where false",
        "delete from app.audit",
        "truncate app.audit",
        "set session_replication_role = replica; delete from app.audit",
    ] {
        let error = sqlx::raw_sql(sql).execute(&world.pool).await.unwrap_err();
        assert!(
            error.to_string().contains("the audit is append only"),
            "{sql}: {error}"
        );
    }
    assert!(world.verify().await.holds());
}

#[tokio::test]
async fn an_edited_field_is_named_with_its_entry() {
    let world = World::signed().await;
    let whole = world.rows().await;
    for (field, value) in [
        ("at", "at + interval '1 microsecond'"),
        ("actor", "gen_random_uuid()"),
        ("via", "'system'"),
        ("action", "'task.archived'"),
        ("entity", "'teams'"),
        ("entity_id", "gen_random_uuid()"),
        ("entity_name", "'ENG-43'"),
        ("ip", "'192.0.2.7'"),
        ("user_agent", "''"),
        ("request_id", "'r'"),
        ("before", "'{}'"),
        ("after", "coalesce(after, '') || ' '"),
        (
            "outcome",
            "case outcome when 'failed' then 'refused' else 'failed' end",
        ),
        ("reason", "'because'"),
    ] {
        for index in [1, 14, 24] {
            world.replace(&whole).await;
            world
                .edit(&format!(
                    "update app.audit set {field} = {value} where index = {index}"
                ))
                .await;
            let report = world.verify().await;
            assert_eq!(report.first_bad_entry(), Some(index), "{field}: {report}");
            assert_eq!(
                report.first_bad_checkpoint(),
                None,
                "its hash is still the one that was signed"
            );
            let Finding::Edited { fields, .. } = &report.findings[0] else {
                panic!("{report}")
            };
            assert_eq!(fields, &[field], "the log knows better");
        }
    }
}

#[tokio::test]
async fn an_edited_hash_is_named_with_its_entry() {
    let world = World::signed().await;
    let whole = world.rows().await;
    for column in [
        "leaf_hash = sha256('x')",
        "nodes = sha256('x')",
        "nodes = ''",
        "form = 9",
    ] {
        world.replace(&whole).await;
        // Entry 5 completes one node.
        world
            .edit(&format!("update app.audit set {column} where index = 5"))
            .await;
        let report = world.verify().await;
        assert_eq!(report.first_bad_entry(), Some(5), "{column}: {report}");
    }
}

#[tokio::test]
async fn a_deleted_entry_is_named() {
    let world = World::signed().await;
    let whole = world.rows().await;
    for index in [0, 5, 19, 22] {
        world.replace(&whole).await;
        world
            .edit(&format!("delete from app.audit where index = {index}"))
            .await;
        let report = world.verify().await;
        let missing = Finding::Missing {
            first: index,
            last: index,
        };
        assert!(report.findings.contains(&missing), "{report}");
        assert_eq!(report.first_bad_entry(), Some(index), "{report}");
    }
}

#[tokio::test]
async fn a_deleted_entry_is_found_when_all_hashes_are_recomputed() {
    let world = World::signed().await;
    let whole = world.rows().await;
    for (index, checkpoint) in [(0, 12), (5, 12), (15, 20)] {
        let mut rows = whole.clone();
        let seq = rows.remove(index).seq;
        world.replace_and_recompute(&rows).await;
        let report = world.verify().await;
        assert_eq!(report.first_bad_checkpoint(), Some(checkpoint), "{report}");
        let seq = u64::try_from(seq).unwrap();
        let missing = Finding::NoEntry {
            first: seq,
            last: seq,
        };
        assert!(
            report.findings.contains(&missing),
            "and the log names it: {report}"
        );
    }
}

#[tokio::test]
async fn an_edited_entry_is_found_when_all_hashes_are_recomputed() {
    let world = World::signed().await;
    let whole = world.rows().await;
    for (index, checkpoint) in [(0, Some(12)), (11, Some(12)), (12, Some(20)), (24, None)] {
        let mut rows = whole.clone();
        rows[index].entity_name = Some("forged".into());
        world.replace_and_recompute(&rows).await;
        let report = world.verify().await;
        assert_eq!(report.first_bad_checkpoint(), checkpoint, "{report}");
        let (index, seq) = (index as u64, rows[index].seq);
        let differs = Finding::DiffersFromLog {
            index,
            seq,
            fields: vec!["entity_name"],
        };
        assert!(
            report.findings.contains(&differs),
            "and the log names it: {report}"
        );
    }
}

#[tokio::test]
async fn an_inserted_entry_is_found() {
    let world = World::signed().await;
    let whole = world.rows().await;
    for (index, checkpoint) in [(5, Some(12)), (15, Some(20)), (24, None), (27, None)] {
        let mut rows = whole.clone();
        let mut forged = rows[3].clone();
        forged.seq = 1_000;
        forged.entity_name = Some("forged".into());
        rows.insert(index, forged);
        world.replace_and_recompute(&rows).await;
        let report = world.verify().await;
        assert_eq!(report.first_bad_checkpoint(), checkpoint, "{report}");
        let not_in_log = Finding::NotInLog {
            index: index as u64,
            seq: 1_000,
        };
        assert!(report.findings.contains(&not_in_log), "{report}");
    }
}

#[tokio::test]
async fn a_second_entry_at_one_place_is_named() {
    let world = World::signed().await;
    let mut rows = world.rows().await;
    let mut forged = rows[3].clone();
    forged.seq = 1_000;
    rows.push(forged);
    world
        .edit("alter table app.audit drop constraint audit_pkey, drop constraint audit_seq_key")
        .await;
    world.replace(&rows).await;
    let report = world.verify().await;
    assert_eq!(report.first_bad_entry(), Some(3), "{report}");
    assert!(
        report.findings.contains(&Finding::Duplicate { index: 3 }),
        "{report}"
    );
}

#[tokio::test]
async fn an_entry_at_an_impossible_place_is_found() {
    let world = World::signed().await;
    let forged = world.rows().await[3].clone();
    world
        .edit("alter table app.audit drop constraint audit_index_check")
        .await;
    for (index, finding) in [
        (-1, Finding::NoPlace { index: -1 }),
        // Nobody waits for a walk to there.
        (
            i64::MAX - 1,
            Finding::Missing {
                first: 27,
                last: i64::MAX as u64 - 2,
            },
        ),
    ] {
        world.edit("delete from app.audit where seq = 1000").await;
        let mut rows = world.rows().await;
        rows.push(Row {
            index,
            seq: 1_000,
            ..forged.clone()
        });
        world.replace(&rows).await;
        let report = world.verify().await;
        assert!(report.findings.contains(&finding), "{report}");
    }
}

#[tokio::test]
async fn a_time_that_no_calendar_has_is_found() {
    let world = World::signed().await;
    for at in ["infinity", "-infinity", "294276-12-31"] {
        world
            .edit(&format!("update app.audit set at = '{at}' where index = 3"))
            .await;
        assert_eq!(world.verify().await.first_bad_entry(), Some(3), "{at}");
    }
}

#[tokio::test]
async fn swapped_entries_are_found() {
    let world = World::signed().await;
    let whole = world.rows().await;
    for (a, b, checkpoint) in [(3, 4, Some(12)), (5, 15, Some(12)), (22, 24, None)] {
        // Only the places.
        let mut rows = whole.clone();
        (rows[a].index, rows[b].index) = (rows[b].index, rows[a].index);
        world.replace(&rows).await;
        let report = world.verify().await;
        assert_eq!(report.first_bad_entry(), Some(a as u64), "{report}");

        // And everything recomputed: the order of the records gives it away, and so does the checkpoint.
        rows.swap(a, b);
        world.replace_and_recompute(&rows).await;
        let report = world.verify().await;
        assert_eq!(report.first_bad_entry(), Some(a as u64 + 1), "{report}");
        assert_eq!(report.first_bad_checkpoint(), checkpoint, "{report}");

        // And the records exchanged, too.
        (rows[a].seq, rows[b].seq) = (rows[b].seq, rows[a].seq);
        world.replace_and_recompute(&rows).await;
        let report = world.verify().await;
        assert_eq!(report.first_bad_entry(), Some(a as u64), "{report}");
        assert_eq!(report.first_bad_checkpoint(), checkpoint, "{report}");
    }
}

#[tokio::test]
async fn a_cut_tail_is_found() {
    let world = World::signed().await;
    let whole = world.rows().await;
    for (left, expected) in [
        (
            24,
            Finding::NoEntry {
                first: 25,
                last: 27,
            },
        ),
        (
            20,
            Finding::NoEntry {
                first: 21,
                last: 27,
            },
        ),
        (
            19,
            Finding::Shorter {
                size: 20,
                entries: 19,
            },
        ),
        (
            0,
            Finding::Shorter {
                size: 12,
                entries: 0,
            },
        ),
    ] {
        world.replace(&whole).await;
        world
            .edit(&format!("delete from app.audit where index >= {left}"))
            .await;
        let report = world.verify().await;
        assert!(report.findings.contains(&expected), "{left}: {report}");
        assert!(!report.holds());
    }
}

#[tokio::test]
async fn an_older_backup_is_found_whatever_happened_since() {
    let mut world = World::new().await;
    world.happen(12).await;
    world.sign().await;
    for table in ["app.audit", "stream.log", "stream.head", "stream.pipeline"] {
        let backup = table.replace('.', "_backup_");
        world
            .superuser(&format!("create table {backup} as table {table}"))
            .await;
    }
    world.happen(8).await;
    world.sign().await;
    world
        .superuser("alter table app.audit disable trigger all")
        .await;
    for table in ["app.audit", "stream.log", "stream.head", "stream.pipeline"] {
        let backup = table.replace('.', "_backup_");
        world
            .superuser(&format!(
                "delete from {table}; insert into {table} table {backup}"
            ))
            .await;
    }
    world
        .superuser("alter table app.audit enable trigger all")
        .await;

    let report = world.verify().await;
    assert_eq!(
        report.findings,
        [Finding::Shorter {
            size: 20,
            entries: 12
        }],
        "{report}"
    );
    assert_eq!(report.holding, 1);

    // Life went on, and the audit is long enough again: the checkpoint is of another history.
    world.happen(30).await;
    let report = world.verify().await;
    assert_eq!(
        report.findings,
        [Finding::Checkpoint { size: 20, held: 12 }],
        "{report}"
    );
}

#[tokio::test]
async fn a_checkpoint_kept_elsewhere_convicts_even_whoever_has_the_key() {
    let world = World::signed().await;
    let kept = world.checkpoints.latest().await.unwrap().unwrap();
    assert!(world.verify_with(Some(&kept)).await.holds());

    // Everything of this installation is made anew: entries, log, checkpoints.
    let mut forged = World::new().await;
    forged.key = world.key.clone();
    forged.log(1).await;
    forged.happen(26).await;
    forged.sign().await;
    assert!(
        forged.verify().await.holds(),
        "on its own it is without a flaw"
    );
    forged
        .edit("update app.audit set request_id = 'forged' where index = 2")
        .await;
    let rows = recomputed(&forged.rows().await);
    forged.replace(&rows).await;
    forged
        .superuser("update stream.log set request_id = 'forged' where seq = 3")
        .await;
    forged.checkpoints = World::new().await.checkpoints;
    forged.sign().await;
    assert!(
        forged.verify().await.holds(),
        "on its own it is without a flaw"
    );
    let report = forged.verify_with(Some(&kept)).await;
    assert_eq!(report.first_bad_checkpoint(), Some(20), "{report}");
}

#[tokio::test]
async fn a_checkpoint_of_somebody_else_does_not_count() {
    let (world, other) = (World::signed().await, World::signed().await);
    let theirs = other.checkpoints.latest().await.unwrap().unwrap();
    let report = world.verify_with(Some(&theirs)).await;
    assert!(
        matches!(&report.findings[..], [Finding::BadCheckpoint { name, .. }] if name == "given"),
        "{report}"
    );
    let report = world.verify_with(Some("hello")).await;
    assert!(!report.holds() && report.holding == 2, "{report}");
}

#[tokio::test]
async fn a_changed_record_of_the_log_is_told_for_young_entries() {
    let world = World::signed().await;
    world
        .superuser("update stream.log set client_ip = '192.0.2.9' where seq = 25")
        .await;
    let report = world.verify().await;
    let differs = Finding::DiffersFromLog {
        index: 24,
        seq: 25,
        fields: vec!["ip"],
    };
    assert_eq!(report.findings, [differs], "{report}");
}

#[tokio::test]
async fn a_log_that_was_trimmed_is_said_and_no_fault() {
    let world = World::signed().await;
    world
        .superuser("delete from stream.log where seq <= 23")
        .await;
    let report = world.verify().await;
    assert!(report.holds(), "{report}");
    assert_eq!(
        (report.compared.log_begins, report.compared.entries),
        (Some(24), 4)
    );
    assert!(
        report
            .to_string()
            .contains("The event log begins at record 24"),
        "{report}"
    );
}

#[tokio::test]
async fn many_bad_entries_are_counted_and_do_not_hide_the_checkpoint() {
    let world = World::signed().await;
    let mut rows = world.rows().await;
    rows.truncate(15);
    for row in &mut rows {
        row.reason = Some("forged".into());
    }
    world.replace(&rows).await;
    let report = world.verify().await;
    assert_eq!(report.first_bad_entry(), Some(0));
    assert_eq!(report.first_bad_checkpoint(), Some(20));
    assert!(
        report.to_string().contains("And 5 findings more."),
        "{report}"
    );
}
