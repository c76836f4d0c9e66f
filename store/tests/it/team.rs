//! Teams and who belongs to them.

use millstream_domain::ids::TeamId;
use millstream_domain::policy::{Actor, Refusal};
use millstream_domain::team::TeamRole;
use millstream_store::StoreError;
use millstream_store::team::{DeleteTeam, PutMember, RemoveMember};
use millstream_store::testing::TestStore;
use millstream_store::testing::builders::{id_of, page};
use millstream_store::user::{UpdateUser, UserEdit};

struct Mill {
    store: TestStore,
    team: TeamId,
    owner: Actor,
    maintainer: Actor,
    member: Actor,
    stranger: Actor,
}

impl Mill {
    async fn new() -> Self {
        let store = TestStore::new().await;
        store.with_user("root").await;
        let mut owner = store.with_user("ada").await;
        let team = store.with_team(&mut owner, "Millers").await;
        let mut maintainer = store.with_user("grace").await;
        store
            .with_member(&owner, team, &mut maintainer, TeamRole::Maintainer)
            .await;
        let mut member = store.with_user("joan").await;
        store
            .with_member(&owner, team, &mut member, TeamRole::Member)
            .await;
        let stranger = store.with_user("eve").await;
        Self {
            store,
            team,
            owner,
            maintainer,
            member,
            stranger,
        }
    }

    fn put(&self, by: &Actor, whom: &Actor, role: TeamRole) -> PutMember {
        PutMember {
            actor: by.clone(),
            team_id: self.team,
            user_id: id_of(whom),
            role,
            expected_version: None,
        }
    }

    fn remove(&self, by: &Actor, whom: &Actor) -> RemoveMember {
        RemoveMember {
            actor: by.clone(),
            team_id: self.team,
            user_id: id_of(whom),
            expected_version: None,
        }
    }

    fn active(who: &Actor, active: bool) -> UpdateUser {
        UpdateUser {
            user_id: id_of(who),
            expected_version: None,
            edit: UserEdit {
                active: Some(active),
                ..UserEdit::default()
            },
        }
    }

    async fn refusal(&self, by: &Actor, change: impl millstream_store::Change) -> String {
        match self.store.write(by, change).await {
            Ok(_) => "done".to_owned(),
            Err(error) => format!("{error:?}"),
        }
    }
}

#[tokio::test]
async fn who_founds_a_team_owns_it_and_members_are_listed_by_name() {
    let mill = Mill::new().await;
    let members = mill
        .store
        .store
        .members(&mill.member, mill.team)
        .await
        .unwrap();
    let list: Vec<_> = members
        .iter()
        .map(|m| (m.username.as_str(), m.role))
        .collect();
    assert_eq!(
        list,
        [
            ("ada", TeamRole::Owner),
            ("grace", TeamRole::Maintainer),
            ("joan", TeamRole::Member)
        ]
    );
    assert!(matches!(
        mill.store.store.members(&mill.stranger, mill.team).await,
        Err(StoreError::Refused(Refusal::Hidden))
    ));
}

#[tokio::test]
async fn maintainers_manage_members_below_owner() {
    let mill = Mill::new().await;
    let forbidden = format!("{:?}", StoreError::Refused(Refusal::Forbidden));
    let hidden = format!("{:?}", StoreError::Refused(Refusal::Hidden));
    let change = mill.put(&mill.maintainer, &mill.stranger, TeamRole::Viewer);
    assert_eq!(mill.refusal(&mill.maintainer, change).await, "done");
    for change in [
        mill.put(&mill.maintainer, &mill.member, TeamRole::Owner),
        mill.put(&mill.maintainer, &mill.owner, TeamRole::Viewer),
        mill.put(&mill.member, &mill.stranger, TeamRole::Viewer),
    ] {
        let by = change.actor.clone();
        assert_eq!(mill.refusal(&by, change).await, forbidden);
    }
    let outside = mill.put(&mill.stranger, &mill.stranger, TeamRole::Owner);
    assert_eq!(mill.refusal(&mill.stranger, outside).await, hidden);
    let change = mill.remove(&mill.maintainer, &mill.owner);
    assert_eq!(mill.refusal(&mill.maintainer, change).await, forbidden);
}

#[tokio::test]
async fn a_new_role_keeps_the_day_of_joining_and_tells_the_old_one() {
    let mill = Mill::new().await;
    let before = mill
        .store
        .store
        .member(&mill.owner, mill.team, id_of(&mill.member))
        .await
        .unwrap();
    mill.store.clock.advance(chrono::TimeDelta::days(1));
    let put = mill
        .store
        .done(
            &mill.owner,
            mill.put(&mill.owner, &mill.member, TeamRole::Viewer),
        )
        .await;
    assert_eq!(
        (put.added, put.member.added_at, put.member.role),
        (false, before.added_at, TeamRole::Viewer)
    );
    let last = mill.store.events().await.pop().unwrap();
    assert_eq!(&*last.kind, "member.changed");
    assert!(
        last.data
            .get()
            .contains(r#""role":"viewer","role_before":"member""#),
        "{}",
        last.data.get()
    );
    let same = mill
        .store
        .write(
            &mill.owner,
            mill.put(&mill.owner, &mill.member, TeamRole::Viewer),
        )
        .await
        .unwrap();
    assert_eq!(same.position, None);
}

#[tokio::test]
async fn the_last_owner_cannot_go_even_when_two_go_at_once() {
    let mill = Mill::new().await;
    let alone = [
        mill.refusal(&mill.owner, mill.remove(&mill.owner, &mill.owner))
            .await,
        mill.refusal(
            &mill.owner,
            mill.put(&mill.owner, &mill.owner, TeamRole::Member),
        )
        .await,
    ];
    assert!(
        alone.iter().all(|refusal| refusal.starts_with("Conflict")),
        "{alone:?}"
    );
    for round in 0..5 {
        mill.store
            .done(
                &Actor::System,
                mill.put(&Actor::System, &mill.owner, TeamRole::Owner),
            )
            .await;
        mill.store
            .done(
                &Actor::System,
                mill.put(&Actor::System, &mill.maintainer, TeamRole::Owner),
            )
            .await;
        let (owner, other) = (
            mill.store.again(&mill.owner).await,
            mill.store.again(&mill.maintainer).await,
        );
        let (one, two) = tokio::join!(
            mill.store.write(&owner, mill.remove(&owner, &owner)),
            mill.store
                .write(&other, mill.put(&other, &other, TeamRole::Viewer)),
        );
        assert!(one.is_ok() != two.is_ok(), "{round}: {one:?} {two:?}");
    }
}

#[tokio::test]
async fn an_owner_who_cannot_log_in_is_not_one_who_is_left() {
    let mill = Mill::new().await;
    let system = Actor::System;
    let put = mill.put(&system, &mill.maintainer, TeamRole::Owner);
    mill.store.done(&system, put).await;
    mill.store
        .done(&system, Mill::active(&mill.maintainer, false))
        .await;
    let left = mill.remove(&mill.owner, &mill.owner);
    let refused = mill.refusal(&mill.owner, left).await;
    assert!(refused.starts_with("Conflict"), "{refused}");
    let deactivate = Mill::active(&mill.owner, false);
    let Err(StoreError::Conflict(why)) = mill.store.write(&system, deactivate).await else {
        panic!("the last owner was deactivated")
    };
    assert!(why.contains(r#"the last owner of "Millers""#), "{why}");
    // The one who is not active may go, as long as another stays.
    mill.store
        .done(&system, mill.remove(&system, &mill.maintainer))
        .await;
}

#[tokio::test]
async fn of_two_owners_who_are_deactivated_at_once_one_stays() {
    let mill = Mill::new().await;
    let system = Actor::System;
    let put = mill.put(&system, &mill.maintainer, TeamRole::Owner);
    mill.store.done(&system, put).await;
    for round in 0..5 {
        let (one, two) = tokio::join!(
            mill.store.write(&system, Mill::active(&mill.owner, false)),
            mill.store
                .write(&system, Mill::active(&mill.maintainer, false)),
        );
        assert!(one.is_ok() != two.is_ok(), "{round}: {one:?} {two:?}");
        for who in [&mill.owner, &mill.maintainer] {
            mill.store.done(&system, Mill::active(who, true)).await;
        }
    }
}

#[tokio::test]
async fn members_leave_by_themselves_and_see_nothing_afterwards() {
    let mill = Mill::new().await;
    mill.store
        .done(&mill.member, mill.remove(&mill.member, &mill.member))
        .await;
    let gone = mill.store.again(&mill.member).await;
    assert!(
        mill.store
            .store
            .teams(&gone, &page(10, None))
            .await
            .unwrap()
            .items
            .is_empty()
    );
    let again = mill
        .refusal(&mill.owner, mill.remove(&mill.owner, &mill.member))
        .await;
    assert_eq!(again, "NotFound");
}

#[tokio::test]
async fn a_team_goes_with_its_members_when_it_holds_no_project() {
    let mill = Mill::new().await;
    let delete = |by: &Actor| DeleteTeam {
        actor: by.clone(),
        id: mill.team,
        expected_version: Some(1.into()),
    };
    let refused = mill
        .refusal(&mill.maintainer, delete(&mill.maintainer))
        .await;
    assert_eq!(
        refused,
        format!("{:?}", StoreError::Refused(Refusal::Forbidden))
    );
    mill.store.done(&mill.owner, delete(&mill.owner)).await;
    let kinds = mill.store.kinds().await;
    assert_eq!(
        kinds[kinds.len() - 4..],
        [
            "member.removed",
            "member.removed",
            "member.removed",
            "team.deleted"
        ]
    );
    assert!(
        mill.store
            .store
            .teams(&Actor::System, &page(10, None))
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

#[tokio::test]
async fn an_unknown_or_inactive_person_cannot_be_added() {
    let mill = Mill::new().await;
    let change = PutMember {
        actor: mill.owner.clone(),
        team_id: mill.team,
        user_id: mill.team.0.into(),
        role: TeamRole::Member,
        expected_version: None,
    };
    assert_eq!(mill.refusal(&mill.owner, change).await, "NotFound");
}
