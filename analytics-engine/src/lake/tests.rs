//! What the tail shows, whatever came in which layer. What stands in files is tried where records are made into rows, in
//! `sinks/tests/it/lake`.

use super::{Changes, Layer, RowChange};
use crate::error::LakeError;
use crate::tables::Table;
use arrow::array::AsArray;
use serde::Serialize;

#[derive(Serialize)]
struct Member {
    team_id: &'static str,
    user_id: &'static str,
    role: &'static str,
}

fn put(user_id: &'static str, role: &'static str) -> RowChange<Member> {
    RowChange::Put(Member {
        team_id: "t",
        user_id,
        role,
    })
}

fn gone(user_id: &str) -> RowChange<Member> {
    RowChange::Remove(vec!["t".to_owned(), user_id.to_owned()])
}

fn layer(commits: Vec<Vec<RowChange<Member>>>) -> Layer {
    let mut layer = Layer::default();
    for changes in commits {
        layer.put(Changes::of(Table::Memberships, changes).expect("rows of the table"));
    }
    layer
}

/// User and role of each row.
fn shown(layer: &Layer) -> Vec<(String, String)> {
    let batches = layer.current(Table::Memberships).expect("rows");
    let mut rows = Vec::new();
    for batch in batches {
        let (users, roles) = (batch.column(1), batch.column(2));
        let pairs = users
            .as_string::<i32>()
            .iter()
            .zip(roles.as_string::<i32>());
        rows.extend(pairs.map(|(user, role)| (user.unwrap().to_owned(), role.unwrap().to_owned())));
    }
    rows
}

fn rows(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter()
        .map(|(user, role)| ((*user).to_owned(), (*role).to_owned()))
        .collect()
}

#[test]
fn the_last_word_on_a_key_counts() {
    let layer = layer(vec![
        vec![
            put("ada", "member"),
            put("grace", "viewer"),
            put("ada", "owner"),
        ],
        vec![gone("grace"), put("alan", "member")],
        vec![gone("alan"), put("alan", "viewer"), gone("edsger")],
    ]);
    assert_eq!(shown(&layer), rows(&[("ada", "owner"), ("alan", "viewer")]));
    assert_eq!(layer.keys().len(), 4, "who is gone is known to be");
}

#[test]
fn the_newer_layer_lies_over_the_older_one() {
    let older = layer(vec![vec![put("ada", "member"), put("grace", "viewer")]]);
    let newer = layer(vec![
        vec![gone("ada")],
        vec![put("grace", "owner"), put("alan", "member")],
    ]);
    let both = older.under(&newer);
    assert_eq!(
        shown(&both),
        rows(&[("alan", "member"), ("grace", "owner")])
    );
}

#[test]
fn a_row_that_is_not_what_its_table_needs_is_refused() {
    #[derive(Serialize)]
    struct Other {
        team_id: &'static str,
        mood: &'static str,
    }
    let other = Other {
        team_id: "t",
        mood: "calm",
    };
    let refused = Changes::of(Table::Memberships, [RowChange::Put(other)]);
    assert!(matches!(refused, Err(LakeError::Misfit { .. })));
}
