//! The policy's table, tried on every kind of person.

use super::*;
use uuid::Uuid;

pub(super) const TEAM: TeamId = TeamId(Uuid::from_u128(1));
const OTHER: TeamId = TeamId(Uuid::from_u128(2));
pub(super) const ME: UserId = UserId(Uuid::from_u128(10));
pub(super) const SHE: UserId = UserId(Uuid::from_u128(11));

pub(super) fn person(role: Role, team_role: Option<TeamRole>) -> Actor {
    let teams = team_role.map(|r| (TEAM, r)).into_iter().collect();
    Actor::User(Person {
        id: ME,
        role,
        teams,
    })
}

pub(super) fn member(role: TeamRole) -> Actor {
    person(Role::Member, Some(role))
}

#[test]
fn team_roles_reach_exactly_as_far_as_their_row_says() {
    for (action, need) in TABLE {
        let Need::TeamRole(least) = *need else {
            continue;
        };
        for role in TeamRole::ALL {
            let expected = if *role >= least {
                Ok(())
            } else {
                Err(Refusal::Forbidden)
            };
            assert_eq!(
                decide(&member(*role), *action, Target::team(TEAM)),
                expected,
                "{action:?} {role}"
            );
        }
    }
}

#[test]
fn a_foreign_team_is_hidden_whatever_is_asked() {
    for (action, _) in TABLE {
        let answer = decide(
            &member(TeamRole::Owner),
            *action,
            Target::authored(OTHER, ME),
        );
        assert_eq!(answer, Err(Refusal::Hidden), "{action:?}");
    }
}

#[test]
fn a_manager_reads_every_team_and_writes_by_team_role() {
    let manager = person(Role::Manager, None);
    assert_eq!(
        decide(&manager, Action::ReadTeam, Target::team(OTHER)),
        Ok(())
    );
    assert_eq!(
        decide(&manager, Action::WriteTasks, Target::team(OTHER)),
        Err(Refusal::Forbidden)
    );
    let member_too = person(Role::Manager, Some(TeamRole::Member));
    assert_eq!(
        decide(&member_too, Action::WriteTasks, Target::team(TEAM)),
        Ok(())
    );
}

#[test]
fn an_admin_may_do_everything() {
    let admin = person(Role::Admin, None);
    for (action, _) in TABLE {
        assert_eq!(
            decide(&admin, *action, Target::authored(OTHER, SHE)),
            Ok(()),
            "{action:?}"
        );
    }
}

#[test]
fn nobody_and_the_system() {
    for (action, _) in TABLE {
        let refused = Err(Refusal::Unauthenticated);
        assert_eq!(decide(&Actor::Anonymous, *action, Target::SYSTEM), refused);
        assert_eq!(decide(&Actor::System, *action, Target::SYSTEM), Ok(()));
    }
}

#[test]
fn a_comment_is_edited_by_its_author_and_deleted_by_maintainers_too() {
    let mine = Target::authored(TEAM, ME);
    let hers = Target::authored(TEAM, SHE);
    let me = member(TeamRole::Member);
    let maintainer = member(TeamRole::Maintainer);
    assert_eq!(decide(&me, Action::EditComment, mine), Ok(()));
    assert_eq!(
        decide(&maintainer, Action::EditComment, hers),
        Err(Refusal::Forbidden)
    );
    assert_eq!(decide(&maintainer, Action::DeleteComment, hers), Ok(()));
    assert_eq!(
        decide(&me, Action::DeleteComment, hers),
        Err(Refusal::Forbidden)
    );
    let demoted = member(TeamRole::Viewer);
    assert_eq!(
        decide(&demoted, Action::EditComment, mine),
        Err(Refusal::Forbidden)
    );
}

#[test]
fn a_job_is_seen_by_its_owner_and_by_admins_and_operated_by_admins() {
    let (owner, manager) = (person(Role::Member, None), person(Role::Manager, None));
    let admin = person(Role::Admin, None);
    let (mine, hers) = (Target::personal(ME), Target::personal(SHE));
    let nobodys = Target::SYSTEM;
    for who in [&owner, &manager] {
        assert_eq!(decide(who, Action::ReadJob, mine), Ok(()));
        for other in [hers, nobodys] {
            let hidden = Err(Refusal::Hidden);
            assert_eq!(decide(who, Action::ReadJob, other), hidden);
        }
        let refused = Err(Refusal::Forbidden);
        assert_eq!(decide(who, Action::OperateJobs, Target::SYSTEM), refused);
    }
    for target in [mine, hers, nobodys] {
        assert_eq!(decide(&admin, Action::ReadJob, target), Ok(()));
    }
    assert_eq!(decide(&admin, Action::OperateJobs, Target::SYSTEM), Ok(()));
}

#[test]
fn what_is_seen_in_lists_is_what_may_be_read() {
    for actor in [
        member(TeamRole::Viewer),
        person(Role::Manager, None),
        person(Role::Admin, None),
    ] {
        for team in [TEAM, OTHER] {
            let read = decide(&actor, Action::ReadTeam, Target::team(team)).is_ok();
            assert_eq!(actor.visible_teams().includes(team), read);
        }
    }
}

#[test]
fn the_teams_where_somebody_may_do_something_are_those_where_the_table_says_yes() {
    let everybody = TeamRole::ALL.iter().map(|role| member(*role)).chain([
        Actor::Anonymous,
        Actor::System,
        person(Role::Member, None),
        person(Role::Manager, None),
        person(Role::Manager, Some(TeamRole::Member)),
        person(Role::Admin, None),
    ]);
    for actor in everybody {
        for (action, need) in TABLE {
            if !matches!(need, Need::SeeTeam | Need::TeamRole(_)) {
                continue;
            }
            for team in [TEAM, OTHER] {
                let may = decide(&actor, *action, Target::team(team)).is_ok();
                let listed = actor.teams_for(*action).includes(team);
                assert_eq!(listed, may, "{actor:?} {action:?}");
            }
        }
    }
}
