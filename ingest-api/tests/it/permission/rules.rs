//! What must hold for every answer, whatever the table says.

use super::pages;
use super::route::{Place, Slot};
use super::trial::Ask;
use super::who::{Of, Who};
use super::world::{ABROAD, HEARTH, World};
use crate::app::Answer;
use crate::openapi::OPEN;
use serde_json::Value;

/// What changes nothing but what is the caller's own: a viewer may do it, like everybody who is logged in.
const OF_ONES_OWN: [&str; 19] = [
    "POST /api/v1/auth/register",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/refresh",
    "POST /api/v1/auth/reset",
    "POST /api/v1/auth/reset/confirm",
    "POST /api/v1/auth/logout",
    "POST /api/v1/auth/password",
    "PATCH /api/v1/auth/me",
    "DELETE /api/v1/auth/sessions",
    "DELETE /api/v1/auth/sessions/{id}",
    "POST /api/v1/auth/tokens",
    "DELETE /api/v1/auth/tokens/{id}",
    "POST /api/v1/notifications/read",
    "PUT /api/v1/notifications/preferences",
    "POST /api/v1/reports",
    "DELETE /api/v1/reports/{id}",
    // What one watches is one's own, like the notifications that come of it.
    "POST /api/v1/tasks/{id}/watch",
    "POST /api/v1/tasks/{id}/unwatch",
    // Whoever founds a team owns it, and is a viewer only elsewhere.
    "POST /api/v1/teams",
];
/// What is personal and shown to admins all the same.
const ADMINS_SEE: [&str; 2] = ["job", "report"];
/// Where the id of anybody may be given: members are made of people who are in no team of the caller's yet.
const OF_ANYBODY: [(&str, &str); 1] = [("PUT /api/v1/teams/{id}/members/{user_id}", "user")];

/// Whether the request may have changed something.
pub(super) fn may_change(ask: Ask<'_>, found: &Answer) -> bool {
    let viewer = ask.who == Who::Viewer && !of_ones_own(ask);
    is_good(ask, found) && !viewer
}

/// The rules that an answer breaks.
pub(super) fn broken(world: &World, ask: Ask<'_>, found: &Answer) -> Vec<String> {
    let mut broken = Vec::new();
    if found.status >= 500 {
        broken.push("a fault".to_owned());
    }
    if is_good(ask, found) {
        if ask.who == Who::Anonymous && !is_open(ask) {
            broken.push("nobody is logged in".to_owned());
        }
        if let Some((slot, _)) = ask.sent().find(|(slot, of)| is_barred(ask, slot, *of)) {
            broken.push(format!("the {} is foreign", slot.thing));
        }
    }
    broken.extend(leaked(world, ask, found));
    broken
}

/// Whether an id keeps a request from being answered well.
fn is_barred(ask: Ask<'_>, slot: &Slot, of: Of) -> bool {
    let is_filter = matches!(slot.place, Place::Filter(_));
    let other_parent = of == Of::Sibling && !slot.sibling;
    is_foreign(ask, slot, of) && !is_filter || other_parent && !of_anybody(ask, "user")
}

/// Whether whoever asks may know nothing of what an id names; for a manager, who sees everything, do nothing to it.
fn is_foreign(ask: Ask<'_>, slot: &Slot, of: Of) -> bool {
    if of_anybody(ask, &slot.thing) {
        return false;
    }
    match ask.who {
        _ if slot.is_open() => false,
        Who::Admin if ADMINS_SEE.contains(&&*slot.thing) => false,
        _ if slot.is_personal() => of != Of::Home,
        Who::Anonymous => true,
        Who::Stranger => of != Of::Away,
        Who::Manager => ask.route.writes() && !of_ones_own(ask),
        Who::Admin => false,
        Who::Viewer | Who::Member | Who::Maintainer | Who::Owner => of == Of::Away,
    }
}

fn of_anybody(ask: Ask<'_>, thing: &str) -> bool {
    OF_ANYBODY.contains(&(&*name(ask), thing))
}

/// The same request with nothing where there was something foreign; `None` if nothing was, or if it is not for hiding.
pub(super) fn with_nothing_foreign(ask: Ask<'_>) -> Option<Vec<Option<Of>>> {
    let hides = matches!(ask.who, Who::Stranger | Who::Viewer | Who::Owner);
    let slots = ask.route.slots.iter().zip(&ask.variant.ids);
    let ids: Vec<_> = slots
        .map(|(slot, of)| match of {
            Some(of) if is_foreign(ask, slot, *of) => Some(Of::Absent),
            other => *other,
        })
        .collect();
    (hides && ids != ask.variant.ids).then_some(ids)
}

/// How what is foreign can be told from what does not exist.
pub(super) fn told_apart(
    world: &World,
    ask: Ask<'_>,
    found: &Answer,
    absent: &Answer,
) -> Option<String> {
    if found.status != absent.status {
        return Some(format!("what is absent answers {}", absent.status));
    }
    let names = |answer: &Answer| -> Vec<_> { answer.headers.keys().cloned().collect() };
    if names(found) != names(absent) {
        return Some(format!("what is absent has headers {:?}", absent.headers));
    }
    let (found, absent) = (plain(world, ask, found), plain(world, ask, absent));
    (found != absent).then(|| format!("what is absent answers {absent}"))
}

/// An answer's text without the ids that were sent, and without what differs each time.
fn plain(world: &World, ask: Ask<'_>, answer: &Answer) -> String {
    let mut text = pages::plain(answer);
    for (slot, of) in ask.sent() {
        for of in [of, Of::Absent] {
            text = text.replace(&world.id(ask.who, &slot.thing, of), "…");
        }
    }
    match serde_json::from_str::<Value>(&text) {
        Ok(mut json) => {
            json["meta"] = Value::Null;
            json.to_string()
        }
        Err(_) => text,
    }
}

/// What an answer shows of a team that whoever asks is not in.
fn leaked(world: &World, ask: Ask<'_>, found: &Answer) -> Option<String> {
    let hidden: &[(Of, &str)] = match ask.who {
        Who::Anonymous => &[(Of::Home, HEARTH), (Of::Away, ABROAD)],
        Who::Stranger => &[(Of::Home, HEARTH)],
        who if who.is_at_home() => &[(Of::Away, ABROAD)],
        _ => &[],
    };
    if ask.sent().any(|(slot, _)| of_anybody(ask, &slot.thing)) {
        return None;
    }
    let mut text = found.text();
    for (slot, of) in ask.sent() {
        text = text.replace(&world.id(ask.who, &slot.thing, of), "…");
    }
    let shows =
        |(of, mark): &(Of, &str)| text.contains(mark) || world.ids(*of).any(|id| text.contains(id));
    hidden
        .iter()
        .find(|side| shows(side))
        .map(|(_, mark)| format!("shows something of {mark}"))
}

/// Whether the answer is what was asked for. A form of a page that went well leads on, though not to the log-in.
fn is_good(ask: Ask<'_>, answer: &Answer) -> bool {
    let good = if ask.route.is_page() {
        200..400
    } else {
        200..300
    };
    good.contains(&pages::status(answer))
}

fn of_ones_own(ask: Ask<'_>) -> bool {
    let name = name(ask);
    OF_ONES_OWN.contains(&&*name) || pages::OF_ONES_OWN.contains(&&*name)
}

fn is_open(ask: Ask<'_>) -> bool {
    let name = name(ask);
    OPEN.contains(&&*name) || pages::OPEN.contains(&&*name)
}

fn name(ask: Ask<'_>) -> String {
    format!("{} {}", ask.route.method, ask.route.path)
}
