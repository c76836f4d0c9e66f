//! The statements on file are those that the server sends: when a request comes to need another one, it shows in review.

use crate::operation::Operation;
use crate::record::Stage;
use crate::world::SMALL;
use std::fs;
use std::path::PathBuf;

#[tokio::test]
async fn the_statements_on_file_are_those_that_the_server_sends() {
    let stage = Stage::prepare(SMALL).await;
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/bench_web/statements");
    let mut recorded = Vec::new();
    for operation in Operation::API {
        recorded.push((operation, stage.record(operation).await.statements()));
    }
    stage.end().0.remove().await;
    for (operation, sent) in recorded {
        let file = folder.join(format!("{}.sql", operation.name()));
        if std::env::var_os("MILLSTREAM_ACCEPT").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&file, &sent).unwrap();
        }
        let on_file = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(
            on_file, sent,
            "{operation}: if this is right, `cargo xtask accept`"
        );
    }
}
