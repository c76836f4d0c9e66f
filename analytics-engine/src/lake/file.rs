//! Data files: Parquet, written whole and read whole, away from the async threads.

use crate::bounds::{ROW_GROUP_BYTES, ROW_GROUP_ROWS};
use crate::error::LakeError;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use std::sync::Arc;

/// Level 1: most of the gain for a fraction of the work.
const LEVEL: i32 = 1;

/// Does work that computes where it does not stand in others' way.
pub(super) async fn away<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LakeError> + Send + 'static,
) -> Result<T, LakeError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(LakeError::unavailable)?
}

/// Writes a file; its size.
pub(super) async fn write(
    store: &Arc<dyn ObjectStore>,
    path: &Path,
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
) -> Result<u64, LakeError> {
    let bytes = away(move || encode(schema, &batches)).await?;
    let size = bytes.len() as u64;
    let put = store.put(path, bytes.into()).await;
    put.map_err(LakeError::unavailable)?;
    Ok(size)
}

fn encode(schema: SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>, LakeError> {
    let level = ZstdLevel::try_new(LEVEL).expect("a level that there is");
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties))
        .map_err(LakeError::unavailable)?;
    for batch in batches {
        writer.write(batch).map_err(LakeError::unavailable)?;
    }
    writer.into_inner().map_err(LakeError::unavailable)
}

/// Reads a file.
pub(super) async fn read(
    store: &Arc<dyn ObjectStore>,
    path: &Path,
) -> Result<Vec<RecordBatch>, LakeError> {
    let got = store.get(path).await.map_err(LakeError::unavailable)?;
    let bytes = got.bytes().await.map_err(LakeError::unavailable)?;
    away(move || {
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)
            .and_then(|builder| builder.with_batch_size(ROW_GROUP_ROWS).build())
            .map_err(LakeError::unavailable)?;
        let batches: Result<Vec<_>, _> = reader.collect();
        batches.map_err(LakeError::unavailable)
    })
    .await
}
