//! Which entries of the audit are shown: the fields of the filter, as they were typed and as the database is asked.

use crate::error::ApiError;
use crate::extract::Params;
use crate::extract::params::{Q_CHARACTERS_MAX, bounded};
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use chrono::{DateTime, Days, NaiveDate, TimeZone, Utc};
use chrono_tz::Tz;
use millstream_store::views::audit::AuditFilter;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// The fields, by name; all may be empty.
pub(super) const FIELDS: [&str; 6] = ["q", "actor", "action", "entity", "from", "to"];

/// What was typed.
#[derive(Debug, Default)]
pub(super) struct TypedFilter {
    pub(super) q: String,
    /// A username.
    pub(super) actor: String,
    pub(super) action: String,
    pub(super) entity: String,
    /// The first day.
    pub(super) from: String,
    /// The last day.
    pub(super) to: String,
}

impl TypedFilter {
    /// Takes the fields.
    pub(super) fn take(params: &mut Params) -> Self {
        let [q, actor, action, entity, from, to] = FIELDS.map(|name| {
            let typed = params.one(name, |text| bounded(text, Q_CHARACTERS_MAX));
            typed.unwrap_or_default().trim().to_owned()
        });
        Self {
            q,
            actor,
            action,
            entity,
            from,
            to,
        }
    }

    /// What the database is asked; `None` when it can be nothing, because there is no such person.
    pub(super) async fn read(
        &self,
        app: &AppState,
        viewer: &Viewer,
    ) -> Result<Option<AuditFilter>, ApiError> {
        let actor = match self.actor.trim_start_matches('@') {
            "" => None,
            "me" => Some(viewer.caller.id.0),
            name => match app.store().person_named(&name.to_lowercase()).await? {
                Some(person) => Some(person.id.0),
                None => return Ok(None),
            },
        };
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let zone = viewer.zone();
        Ok(Some(AuditFilter {
            actor,
            action: given(&self.action),
            entity: given(&self.entity),
            entity_id: None,
            from: begin(&self.from, zone, 0),
            to: begin(&self.to, zone, 1),
            q: given(&self.q),
        }))
    }

    /// The same as a query, without the fields that are empty.
    pub(super) fn query(&self) -> String {
        let values = [
            &self.q,
            &self.actor,
            &self.action,
            &self.entity,
            &self.from,
            &self.to,
        ];
        let pairs = FIELDS
            .iter()
            .zip(values)
            .filter(|(_, value)| !value.is_empty());
        let pairs: Vec<_> = pairs
            .map(|(name, value)| {
                let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
                format!("{name}={value}")
            })
            .collect();
        pairs.join("&")
    }

    pub(super) fn is_empty(&self) -> bool {
        self.query().is_empty()
    }
}

/// When a day begins where the viewer is, or one so many days later. What is no day narrows nothing: browsers send none.
fn begin(text: &str, zone: Tz, later: u64) -> Option<DateTime<Utc>> {
    let day: NaiveDate = text.parse().ok()?;
    let midnight = day
        .checked_add_days(Days::new(later))?
        .and_hms_opt(0, 0, 0)?;
    // Where clocks skip midnight, the day begins at the first time there is: an hour later will do.
    let local = zone.from_local_datetime(&midnight).earliest();
    let local = local.or_else(|| {
        let one = midnight.checked_add_signed(chrono::TimeDelta::hours(1))?;
        zone.from_local_datetime(&one).earliest()
    });
    local.map(|at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_where_the_viewer_is() {
        let said = |text, zone, later| begin(text, zone, later).map(|at| at.to_rfc3339());
        let vienna = said("2026-11-21", Tz::Europe__Vienna, 0);
        assert_eq!(vienna.as_deref(), Some("2026-11-20T23:00:00+00:00"));
        let after = said("2026-11-21", Tz::UTC, 1);
        assert_eq!(after.as_deref(), Some("2026-11-22T00:00:00+00:00"));
        // Clocks went from 23:59 to 1:00.
        let skipped = said("2018-11-04", Tz::America__Sao_Paulo, 0);
        assert_eq!(skipped.as_deref(), Some("2018-11-04T03:00:00+00:00"));
        assert_eq!(said("soon", Tz::UTC, 0), None);
    }
}
