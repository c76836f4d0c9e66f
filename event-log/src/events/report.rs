//! Events of reports: what people ask of the data as a whole, as files. That one is made or expires is no event: its job, and
//! the time that it was given, say so.

use super::events;
use crate::testing::at;
use crate::topic::Topic;
use chrono::{DateTime, Utc};
use millstream_domain::ids::{ProjectId, ReportId, UserId};
use millstream_domain::report::{ReportFormat, ReportOrder};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A report as events carry it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportState {
    /// Which; the job that makes it has the same id.
    pub report_id: ReportId,
    /// What it is about.
    #[serde(flatten)]
    pub order: ReportOrder,
    /// In which form it is.
    pub format: ReportFormat,
    /// Whose it is.
    pub owner: UserId,
    /// Until when its file is kept.
    pub expires_at: DateTime<Utc>,
}

events! {
    /// What happened to a report.
    ReportEvent ("report", Topic::AnalyticsEvents, version 1) {
        /// Somebody ordered it.
        Ordered(ReportState) = "report.ordered",
        /// Somebody removed it before its time.
        Deleted(ReportState) = "report.deleted",
    }
    key(event) event.report().report_id.0;
    subject(event) format!("report/{}", event.report().report_id);
    samples samples();
}

impl ReportEvent {
    /// The report.
    #[must_use]
    pub fn report(&self) -> &ReportState {
        match self {
            Self::Ordered(report) | Self::Deleted(report) => report,
        }
    }
}

fn samples() -> Vec<ReportEvent> {
    let report = ReportState {
        report_id: ReportId(Uuid::from_u128(0xa0)),
        order: ReportOrder::Flow {
            project: ProjectId(Uuid::from_u128(0x20)),
            days: 30,
        },
        format: ReportFormat::Csv,
        owner: UserId(Uuid::from_u128(1)),
        expires_at: at(604_800),
    };
    vec![
        ReportEvent::Ordered(report.clone()),
        ReportEvent::Deleted(report),
    ]
}
