//! Projects.

use millstream_domain::policy::Refusal;
use millstream_domain::team::TeamRole;
use millstream_store::StoreError;
use millstream_store::project::{CreateProject, DeleteProject, ProjectFilter, UpdateProject};
use millstream_store::task::{MoveTask, TaskRef};
use millstream_store::testing::builders::page;
use millstream_store::testing::{TaskBuilder, TestStore};

#[tokio::test]
async fn a_key_is_taken_once_in_the_whole_system() {
    let store = TestStore::new().await;
    store.with_user("root").await;
    let (mut ada, mut eve) = (store.with_user("ada").await, store.with_user("eve").await);
    let (mine, theirs) = (
        store.with_team(&mut ada, "Millers").await,
        store.with_team(&mut eve, "Bakers").await,
    );
    let create = |actor, team_id| CreateProject {
        actor,
        team_id,
        key: "ENG".parse().unwrap(),
        name: "Engine".parse().unwrap(),
        description: None,
        archived: false,
    };
    store.done(&ada, create(ada.clone(), mine)).await;
    let taken = store.write(&eve, create(eve.clone(), theirs)).await;
    assert!(
        matches!(taken, Err(StoreError::Taken { field: "key" })),
        "{taken:?}"
    );
    // A team that one does not see is no team: told at the field, as a reference in the body.
    let foreign = store.write(&eve, create(eve.clone(), mine)).await;
    let absent = store
        .write(&eve, create(eve.clone(), uuid::Uuid::nil().into()))
        .await;
    assert_eq!(format!("{foreign:?}"), format!("{absent:?}"));
    assert!(matches!(foreign, Err(StoreError::Fields(fields)) if fields[0].field == "team_id"));
}

#[tokio::test]
async fn members_see_a_project_and_maintainers_change_it() {
    let store = TestStore::new().await;
    store.with_user("root").await;
    let mut ada = store.with_user("ada").await;
    let team = store.with_team(&mut ada, "Millers").await;
    let mut joan = store.with_user("joan").await;
    store
        .with_member(&ada, team, &mut joan, TeamRole::Member)
        .await;
    let project = store.with_project(&ada, team, "ENG").await;
    assert_eq!(
        store.store.project(&joan, project.id).await.unwrap(),
        project
    );
    assert_eq!(
        store
            .store
            .project_with_key(&joan, &"ENG".parse().unwrap())
            .await
            .unwrap(),
        project
    );
    let archive = |actor, expected_version| UpdateProject {
        actor,
        id: project.id,
        expected_version,
        name: None,
        description: None,
        archived: Some(true),
    };
    let refused = store.write(&joan, archive(joan.clone(), None)).await;
    assert!(
        matches!(refused, Err(StoreError::Refused(Refusal::Forbidden))),
        "{refused:?}"
    );
    let put_away = store.done(&ada, archive(ada.clone(), Some(1.into()))).await;
    assert_eq!((put_away.archived, put_away.version), (true, 2));
    let into = store
        .write(&joan, TaskBuilder::new(project.id, "late").by(&joan))
        .await;
    assert!(matches!(into, Err(StoreError::Fields(fields)) if fields[0].field == "project_id"));
    let shown = store
        .store
        .projects(
            &joan,
            ProjectFilter {
                team: None,
                archived: Some(false),
            },
            &page(10, None),
        )
        .await;
    assert!(shown.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_project_goes_only_when_it_holds_no_task() {
    let store = TestStore::new().await;
    let mut ada = store.with_user("ada").await;
    let team = store.with_team(&mut ada, "Millers").await;
    let (full, empty) = (
        store.with_project(&ada, team, "ENG").await,
        store.with_project(&ada, team, "OPS").await,
    );
    store
        .done(&ada, TaskBuilder::new(full.id, "keep me").by(&ada))
        .await;
    let delete = |id| DeleteProject {
        actor: ada.clone(),
        id,
        expected_version: None,
    };
    assert!(matches!(
        store.write(&ada, delete(full.id)).await,
        Err(StoreError::Conflict(_))
    ));
    store.done(&ada, delete(empty.id)).await;
    assert!(matches!(
        store.store.project(&ada, empty.id).await,
        Err(StoreError::NotFound)
    ));
}

/// The task is made, or the project is deleted: never a task without a project, never an error of the database.
#[tokio::test]
async fn deleting_a_project_while_a_task_is_made_in_it_lets_one_of_them_win() {
    let store = TestStore::new().await;
    let mut ada = store.with_user("ada").await;
    let team = store.with_team(&mut ada, "Millers").await;
    for round in 0..10 {
        let project = store
            .with_project(&ada, team, &format!("P{round}"))
            .await
            .id;
        let delete = DeleteProject {
            actor: ada.clone(),
            id: project,
            expected_version: None,
        };
        let (made, deleted) = tokio::join!(
            store.write(&ada, TaskBuilder::new(project, "now").by(&ada)),
            store.write(&ada, delete)
        );
        match (made, deleted) {
            (Ok(_), Err(StoreError::Conflict(_))) => {}
            (Err(StoreError::Fields(fields)), Ok(_)) => assert_eq!(fields[0].field, "project_id"),
            other => panic!("{round}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_key_stays_taken_while_tasks_answer_to_names_with_it() {
    let store = TestStore::new().await;
    store.with_user("root").await;
    let mut ada = store.with_user("ada").await;
    let team = store.with_team(&mut ada, "Millers").await;
    let (old, new) = (
        store.with_project(&ada, team, "OLD").await.id,
        store.with_project(&ada, team, "NEW").await.id,
    );
    let task = store.done(&ada, TaskBuilder::new(old, "x").by(&ada)).await;
    let moved = MoveTask {
        actor: ada.clone(),
        task: TaskRef::Id(task.state.id),
        expected_version: None,
        status: None,
        after: None,
        before: None,
        project: Some(new),
    };
    store.done(&ada, moved).await;
    let delete = DeleteProject {
        actor: ada.clone(),
        id: old,
        expected_version: None,
    };
    store.done(&ada, delete).await;
    let create = |key: &str| CreateProject {
        actor: ada.clone(),
        team_id: team,
        key: key.parse().unwrap(),
        name: key.parse().unwrap(),
        description: None,
        archived: false,
    };
    let again = store.write(&ada, create("OLD")).await;
    assert!(
        matches!(again, Err(StoreError::Taken { field: "key" })),
        "{again:?}"
    );
    store.done(&ada, create("OLDER")).await;
    let named = store
        .store
        .task(&ada, &TaskRef::Name("OLD-1".parse().unwrap()))
        .await;
    assert_eq!(named.unwrap().state.name, "NEW-1");
}
