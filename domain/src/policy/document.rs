//! `docs/PERMISSIONS.md` is made of the policy's table here, and compared with what is on file.

use super::tests::{ME, SHE, TEAM, member, person};
use super::*;
use std::fmt::Write;
use std::path::Path;

#[test]
fn the_document_of_permissions_is_what_the_code_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/PERMISSIONS.md");
    let text = document();
    if std::env::var_os("MILLSTREAM_ACCEPT").is_some() {
        std::fs::write(&file, &text).expect("docs can be written");
    }
    let stored = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        stored == text,
        "docs/PERMISSIONS.md is stale: run `cargo xtask accept -p millstream-domain`"
    );
}

/// The columns: everybody whom the policy tells apart. The stranger owns a team, but not this one; the manager has no
/// role in it.
fn columns() -> Vec<(&'static str, Actor)> {
    let mut columns = vec![
        ("anonymous", Actor::Anonymous),
        ("stranger", person(Role::Member, None)),
    ];
    columns.extend(
        TeamRole::ALL
            .iter()
            .map(|role| (role.as_str(), member(*role))),
    );
    columns.push(("manager", person(Role::Manager, None)));
    columns.push(("admin", person(Role::Admin, None)));
    columns
}

const HEAD: &str = "# Permissions\n\n\
    Generated from `domain/src/policy/table.rs` by `cargo xtask accept`; do not edit. What each route answers to whom \
    is in [PERMISSIONS_ROUTES.md](PERMISSIONS_ROUTES.md), found by trying.\n\n\
    Every way in (REST, pages, live connections, search, exports) asks this one table. **Viewer** to **owner** are \
    roles in the team that the thing belongs to; the **stranger** has none in it, whatever they are elsewhere; the \
    **manager** and the **admin** have those roles in the whole system and none in the team. Millstream's own parts \
    (timers, clean-up) may do everything. What is personal (profile, sessions, tokens, inbox) is not in it: those \
    addresses name nobody, and lead to what is one's own.\n\n\
    | sign | means |\n| --- | --- |\n\
    | yes | may do it |\n\
    | own | may do it to what they wrote, or what is theirs |\n\
    | 403 | sees it, and may not do this |\n\
    | 404 | may not see it: it answers like what does not exist (a reference to it in a body: 422) |\n\
    | 401 | must log in first |\n";

fn document() -> String {
    let columns = columns();
    let mut text = HEAD.to_owned();
    let mut room = "";
    for (action, _) in TABLE {
        if action.room() != room {
            room = action.room();
            write!(text, "\n## {room}\n\n| |").expect("memory");
            for (name, _) in &columns {
                write!(text, " {name} |").expect("memory");
            }
            text.push_str("\n| ---");
            text.push_str(&" | ---".repeat(columns.len()));
            text.push_str(" |\n");
        }
        write!(text, "| `{action:?}`: {} |", action.about()).expect("memory");
        for (_, actor) in &columns {
            write!(text, " {} |", cell(actor, *action)).expect("memory");
        }
        text.push('\n');
    }
    text
}

/// What one kind of person is told: about what is theirs, and about what is another's.
fn cell(actor: &Actor, action: Action) -> &'static str {
    let theirs = decide(actor, action, target(action, ME));
    let another = decide(actor, action, target(action, SHE));
    match (theirs, another) {
        (Ok(()), Ok(())) => "yes",
        (Ok(()), Err(_)) => "own",
        (Err(refusal), _) => match refusal {
            Refusal::Unauthenticated => "401",
            Refusal::Hidden => "404",
            Refusal::Forbidden => "403",
        },
    }
}

/// What the act is done to: something of the team, of the system, or personal.
fn target(action: Action, owner: UserId) -> Target {
    match (action.need(), action.room()) {
        (Need::OwnOrAdmin, _) => Target::personal(owner),
        (Need::LoggedIn, _) | (_, "People" | "The system") => Target::SYSTEM,
        _ => Target::authored(TEAM, owner),
    }
}
