//! The lists of one task in a form of boxes: who works on it, its tags. A form brings what it showed beside what was chosen,
//! and only the difference is done: whoever was added meanwhile stays, and so does who cannot be shown because they left.

use crate::extract::Params;
use crate::pages::texts::ENGLISH;
use millstream_domain::field::{FieldCode, Invalid};
use millstream_domain::ids::UserId;
use millstream_domain::task::{ASSIGNEES_MAX, AssigneeRole, TAGS_MAX, TagName};
use millstream_store::task::{Adjustment, AssigneeSpec};

/// What a form showed.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// Ids of those who worked on it.
    assignees: Vec<String>,
    /// Ids of those among them who answered for it.
    owners: Vec<String>,
    /// Its tags, after an empty text that says that these are boxes.
    tags: Vec<String>,
}

/// A field of a form, and what is wrong with it.
type WrongField = (&'static str, Invalid);

impl Lists {
    pub(super) fn of(params: &mut Params) -> Self {
        let mut shown = |name| params.many(name, |text| Ok(text.to_owned()));
        Self {
            assignees: shown("was_assignee"),
            owners: shown("was_owner"),
            tags: shown("was_tag"),
        }
    }

    /// Whether the tags were boxes: without, a text says all of them.
    pub(super) fn has_tags(&self) -> bool {
        !self.tags.is_empty()
    }

    /// What is another choice than was shown.
    pub(super) fn adjustment(
        &self,
        assignees: &[String],
        owners: &[String],
        tags: &str,
    ) -> Result<Adjustment, WrongField> {
        let (assign, unassign) = self.people(assignees, owners)?;
        let (tag, untag) = self.tags(tags)?;
        Ok(Adjustment {
            assign,
            unassign,
            tag,
            untag,
        })
    }

    fn people(
        &self,
        chosen: &[String],
        owners: &[String],
    ) -> Result<(Vec<AssigneeSpec>, Vec<UserId>), WrongField> {
        let is_other = |id: &&String| {
            !self.assignees.contains(id) || self.owners.contains(id) != owners.contains(id)
        };
        // One more than there may be is enough to be refused.
        let come = chosen.iter().filter(is_other).take(ASSIGNEES_MAX + 1);
        let assign = come.map(|id| {
            Ok(AssigneeSpec {
                user_id: person(id)?,
                role: if owners.contains(id) {
                    AssigneeRole::Owner
                } else {
                    AssigneeRole::Collaborator
                },
            })
        });
        // Whoever is to be something else goes as what they were.
        let go = self.assignees.iter();
        let go = go.filter(|id| !chosen.contains(id) || is_other(id));
        let unassign = go.map(|id| person(id));
        Ok((
            assign.collect::<Result<_, _>>()?,
            unassign.collect::<Result<_, _>>()?,
        ))
    }

    fn tags(&self, text: &str) -> Result<(Vec<TagName>, Vec<TagName>), WrongField> {
        if !self.has_tags() {
            return Ok(Default::default());
        }
        let chosen: Vec<_> = text.split(',').map(str::trim).collect();
        let come = chosen.iter().copied();
        let come = come.filter(|name| !name.is_empty() && !self.tags.iter().any(|tag| tag == name));
        let shown = self.tags.iter().map(String::as_str);
        let go = shown.filter(|name| !name.is_empty() && !chosen.contains(name));
        Ok((
            come.take(TAGS_MAX + 1).map(tag).collect::<Result<_, _>>()?,
            go.map(tag).collect::<Result<_, _>>()?,
        ))
    }
}

fn person(id: &str) -> Result<UserId, WrongField> {
    let wrong = |_| Invalid::new(FieldCode::Invalid, ENGLISH.not_members);
    let id = id.parse::<uuid::Uuid>().map_err(wrong);
    id.map(UserId).map_err(|invalid| ("assignees", invalid))
}

fn tag(name: &str) -> Result<TagName, WrongField> {
    TagName::new(name).map_err(|invalid| ("tags", invalid))
}
