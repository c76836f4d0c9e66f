//! Views that nothing of a statement comes into: its conditions and expressions see rows only once those that the asker may
//! not see are gone.
//!
//! An optimizer moves conditions to where the rows are. `cast(title as int) = 1` would be tried on a row of another team before
//! that row is taken away, and its error tells the title.

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties as _};
use futures::{StreamExt as _, stream};
use std::sync::Arc;

/// A view of which a statement sees nothing but the rows.
#[derive(Debug)]
pub(super) struct Sealed {
    plan: LogicalPlan,
    schema: SchemaRef,
}

impl Sealed {
    pub(super) fn new(plan: LogicalPlan) -> Self {
        let schema = Arc::clone(plan.schema().inner());
        Self { plan, schema }
    }
}

#[async_trait]
impl TableProvider for Sealed {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    /// Which columns are wanted goes inside, conditions do not.
    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut rows = LogicalPlanBuilder::from(self.plan.clone());
        if let Some(columns) = projection {
            rows = rows.select(columns.iter().copied())?;
        }
        let plan = state.create_physical_plan(&rows.build()?).await?;
        let parts = 0..plan.output_partitioning().partition_count();
        let schema = plan.schema();
        let part = |part| -> Arc<dyn PartitionStream> {
            Arc::new(Part {
                plan: Arc::clone(&plan),
                schema: plan.schema(),
                number: part,
            })
        };
        let parts = parts.map(part).collect();
        let sealed = StreamingTableExec::try_new(schema, parts, None, [], false, limit)?;
        Ok(Arc::new(sealed))
    }
}

/// One part of the rows of a view.
#[derive(Debug)]
struct Part {
    plan: Arc<dyn ExecutionPlan>,
    schema: SchemaRef,
    number: usize,
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        match self.plan.execute(self.number, context) {
            Ok(rows) => rows,
            Err(error) => Box::pin(RecordBatchStreamAdapter::new(
                Arc::clone(&self.schema),
                stream::once(async { Err(error) }).boxed(),
            )),
        }
    }
}
