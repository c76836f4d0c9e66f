//! Which entries of the audit are shown: the fields of the filter, as they were typed and as the database is asked.

use crate::error::ApiError;
use crate::extract::Params;
use crate::extract::params::{Q_CHARACTERS_MAX, bounded};
use crate::pages::show::day::begin;
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use chrono::{Days, NaiveDate};
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
        // What is no day narrows nothing: browsers send none.
        let day = |text: &str, later| {
            let day: NaiveDate = text.parse().ok()?;
            begin(day.checked_add_days(Days::new(later))?, viewer.zone())
        };
        Ok(Some(AuditFilter {
            actor,
            action: given(&self.action),
            entity: given(&self.entity),
            entity_id: None,
            from: day(&self.from, 0),
            to: day(&self.to, 1),
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
