//! Tags: made, renamed, deleted, and what becomes of the tasks that carry them.

use millstream_domain::ids::{ProjectId, TagId, TeamId};
use millstream_domain::policy::{Actor, Refusal};
use millstream_domain::team::TeamRole;
use millstream_event_log::Event;
use millstream_event_log::events::tag::TagState;
use millstream_store::StoreError;
use millstream_store::project::DeleteProject;
use millstream_store::tag::{CreateTag, TAKEN_OFF_PER_TRANSACTION, UpdateTag};
use millstream_store::task::{PurgeTask, SetTaskPlace, TaskEdit, TaskPlace, TaskRef, UpdateTask};
use millstream_store::team::DeleteTeam;
use millstream_store::testing::builders::{origin, page};
use millstream_store::testing::{TaskBuilder, TestStore};

/// A team of an owner, a maintainer, a member and a viewer, and somebody who does not belong to it.
struct Shop {
    store: TestStore,
    team: TeamId,
    project: ProjectId,
    root: Actor,
    ada: Actor,
    max: Actor,
    joan: Actor,
    vera: Actor,
    eve: Actor,
}

impl Shop {
    async fn new() -> Self {
        let store = TestStore::new().await;
        let root = store.with_user("root").await;
        let mut ada = store.with_user("ada").await;
        let team = store.with_team(&mut ada, "Millers").await;
        let mut others = Vec::new();
        for (name, role) in [
            ("max", TeamRole::Maintainer),
            ("joan", TeamRole::Member),
            ("vera", TeamRole::Viewer),
        ] {
            let mut other = store.with_user(name).await;
            store.with_member(&ada, team, &mut other, role).await;
            others.push(other);
        }
        let [max, joan, vera] = others.try_into().unwrap();
        let eve = store.with_user("eve").await;
        let project = store.with_project(&ada, team, "ENG").await.id;
        Self {
            store,
            team,
            project,
            root,
            ada,
            max,
            joan,
            vera,
            eve,
        }
    }

    fn make(&self, by: &Actor, name: &str) -> CreateTag {
        CreateTag {
            actor: by.clone(),
            team_id: self.team,
            name: name.parse().unwrap(),
            color: "teal".parse().unwrap(),
        }
    }

    async fn made(&self, name: &str) -> TagState {
        self.store.done(&self.max, self.make(&self.max, name)).await
    }

    fn rename(by: &Actor, id: TagId, name: &str) -> UpdateTag {
        UpdateTag {
            actor: by.clone(),
            id,
            expected_version: None,
            name: Some(name.parse().unwrap()),
            color: None,
        }
    }

    async fn delete(&self, by: &Actor, id: TagId) -> Result<(), StoreError> {
        let deleted = self.store.store.delete_tag(&origin(by), by, id, None).await;
        deleted.map(|written| written.output)
    }

    async fn names(&self) -> Vec<String> {
        let page = page(50, None);
        let tags = self
            .store
            .store
            .tags(&self.vera, None, &page)
            .await
            .unwrap();
        tags.items.into_iter().map(|tag| tag.name).collect()
    }

    async fn tagged(&self, title: &str, tags: &[&str]) -> TaskRef {
        let task = tags
            .iter()
            .fold(TaskBuilder::new(self.project, title), |task, tag| {
                task.tag(tag)
            });
        let task = self.store.done(&self.joan, task.by(&self.joan)).await;
        TaskRef::Id(task.state.id)
    }
}

#[tokio::test]
async fn maintainers_make_tags_and_change_them_and_nobody_else() {
    let shop = Shop::new().await;
    let tag = shop.made("oil").await;
    assert_eq!(
        (tag.name.as_str(), tag.color.as_str(), tag.version),
        ("oil", "teal", 1)
    );
    for (person, expected) in [
        (&shop.joan, Refusal::Forbidden),
        (&shop.vera, Refusal::Forbidden),
    ] {
        let made = shop.store.write(person, shop.make(person, "x")).await;
        assert!(
            matches!(made, Err(StoreError::Refused(r)) if r == expected),
            "{made:?}"
        );
        let renamed = shop
            .store
            .write(person, Shop::rename(person, tag.id, "x"))
            .await;
        assert!(
            matches!(renamed, Err(StoreError::Refused(r)) if r == expected),
            "{renamed:?}"
        );
        let deleted = shop.delete(person, tag.id).await;
        assert!(
            matches!(deleted, Err(StoreError::Refused(r)) if r == expected),
            "{deleted:?}"
        );
        assert_eq!(shop.store.store.tag(person, tag.id).await.unwrap(), tag);
    }
    // To a stranger the team and the tag are not there.
    let made = shop.store.write(&shop.eve, shop.make(&shop.eve, "x")).await;
    assert!(matches!(made, Err(StoreError::Fields(f)) if f[0].field == "team_id"));
    let hidden = shop.store.store.tag(&shop.eve, tag.id).await;
    assert!(
        matches!(hidden, Err(StoreError::Refused(Refusal::Hidden))),
        "{hidden:?}"
    );
    let deleted = shop.delete(&shop.eve, tag.id).await;
    assert!(
        matches!(deleted, Err(StoreError::Refused(Refusal::Hidden))),
        "{deleted:?}"
    );
    let absent = shop.delete(&shop.max, TagId(uuid::Uuid::nil())).await;
    assert!(matches!(absent, Err(StoreError::NotFound)), "{absent:?}");
    let listed = shop
        .store
        .store
        .tags(&shop.eve, None, &page(50, None))
        .await;
    assert!(listed.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_tag_that_comes_with_a_task_is_told_before_the_task() {
    let shop = Shop::new().await;
    shop.tagged("x", &["oil", "Wheel"]).await;
    let kinds = shop.store.kinds().await;
    let last = &kinds[kinds.len() - 3..];
    assert_eq!(last, ["tag.created", "tag.created", "task.created"]);
    shop.tagged("y", &["OIL"]).await;
    assert_eq!(shop.store.kinds().await.len(), kinds.len() + 1);
}

#[tokio::test]
async fn a_renamed_tag_stays_on_its_tasks_and_leaves_them_as_they_are() {
    let shop = Shop::new().await;
    let task = shop.tagged("x", &["oil", "wheel"]).await;
    let tags = shop
        .store
        .store
        .tags(&shop.max, Some(shop.team), &page(9, None))
        .await;
    let oil = tags
        .unwrap()
        .items
        .into_iter()
        .find(|tag| tag.name == "oil")
        .unwrap();
    let before = shop.store.kinds().await.len();
    let taken = shop
        .store
        .write(&shop.max, Shop::rename(&shop.max, oil.id, "WHEEL"))
        .await;
    assert!(
        matches!(taken, Err(StoreError::Taken { field: "name" })),
        "{taken:?}"
    );
    let renamed = shop
        .store
        .done(&shop.max, Shop::rename(&shop.max, oil.id, "Grease"))
        .await;
    assert_eq!((renamed.name.as_str(), renamed.version), ("Grease", 2));
    shop.store
        .done(&shop.max, Shop::rename(&shop.max, oil.id, "grease"))
        .await;
    let again = shop
        .store
        .write(&shop.max, Shop::rename(&shop.max, oil.id, "grease"))
        .await;
    assert_eq!(again.unwrap().position, None);
    let task = shop
        .store
        .store
        .task(&shop.joan, &task)
        .await
        .unwrap()
        .state;
    let names: Vec<_> = task.tags.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!((names, task.version), (vec!["grease", "wheel"], 1));
    assert_eq!(
        shop.store.kinds().await[before..],
        ["tag.updated", "tag.updated"]
    );
    let stale = UpdateTag {
        expected_version: Some(1.into()),
        ..Shop::rename(&shop.max, oil.id, "x")
    };
    let stale = shop.store.write(&shop.max, stale).await;
    assert!(
        matches!(stale, Err(StoreError::Stale { now: 3 })),
        "{stale:?}"
    );
}

#[tokio::test]
async fn a_deleted_tag_is_taken_from_every_task_and_each_of_them_says_so() {
    let shop = Shop::new().await;
    let many = usize::try_from(TAKEN_OFF_PER_TRANSACTION).unwrap() + 3;
    let rows: Vec<_> = (0..many)
        .map(|n| {
            let task = TaskBuilder::new(shop.project, &format!("{n}")).tag("oil");
            task.tag("wheel").by(&shop.joan)
        })
        .collect();
    let made = shop.store.done(&shop.joan, rows).await;
    let trash = SetTaskPlace {
        actor: shop.joan.clone(),
        task: TaskRef::Id(made[0].state.id),
        expected_version: None,
        place: TaskPlace::Trash,
    };
    shop.store.done(&shop.joan, trash).await;
    let oil = made[0]
        .state
        .tags
        .iter()
        .find(|tag| tag.name == "oil")
        .unwrap()
        .id;
    let before = shop.store.events().await.len();
    shop.delete(&shop.max, oil).await.unwrap();
    let events = shop.store.events().await;
    let (last, taken) = events[before..].split_last().unwrap();
    assert!(matches!(last.event().unwrap(), Event::Tag(_)) && &*last.kind == "tag.deleted");
    assert_eq!(taken.len(), many);
    for record in taken {
        let Event::Task(event) = record.event().unwrap() else {
            panic!("{record:?}")
        };
        let (was, is) = (event.before().unwrap(), event.after().unwrap());
        assert_eq!(
            (was.tags.len(), is.tags.len(), is.version),
            (2, 1, was.version + 1)
        );
    }
    assert_eq!(shop.names().await, ["wheel"]);
    let task = shop.store.task(&shop.joan, made[1].state.id).await.state;
    assert_eq!((task.tags[0].name.as_str(), task.tags.len()), ("wheel", 1));
    let again = shop.delete(&shop.max, oil).await;
    assert!(matches!(again, Err(StoreError::NotFound)), "{again:?}");
}

#[tokio::test]
async fn a_tag_is_deleted_while_others_put_it_on_tasks_and_nobody_is_held_up() {
    let shop = Shop::new().await;
    let tag = shop.made("oil").await.id;
    let mut tasks = Vec::new();
    for n in 0..12 {
        tasks.push(shop.tagged(&format!("{n}"), &["wheel"]).await);
    }
    let at_once = tasks.iter().map(|task| {
        let (store, joan, task) = (shop.store.store.clone(), shop.joan.clone(), task.clone());
        let edit = TaskEdit {
            tags: Some(vec!["oil".parse().unwrap()]),
            ..TaskEdit::default()
        };
        tokio::spawn(async move {
            let update = UpdateTask {
                actor: joan.clone(),
                task,
                expected_version: None,
                edit,
            };
            store.write(&origin(&joan), update).await
        })
    });
    let at_once: Vec<_> = at_once.collect();
    shop.delete(&shop.max, tag).await.unwrap();
    for done in at_once {
        // Who came too late has made a new tag of that name, or is told.
        match done.await.unwrap() {
            Ok(_) | Err(StoreError::Conflict(_)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    let gone = shop.store.store.tag(&shop.max, tag).await;
    assert!(matches!(gone, Err(StoreError::NotFound)), "{gone:?}");
    for task in &tasks {
        let task = shop.store.store.task(&shop.joan, task).await.unwrap();
        assert!(task.state.tags.iter().all(|carried| carried.id != tag));
    }
}

#[tokio::test]
async fn tags_go_with_their_team() {
    let shop = Shop::new().await;
    let task = shop.tagged("x", &["oil"]).await;
    shop.made("wheel").await;
    let purge = PurgeTask {
        actor: shop.root.clone(),
        task,
        expected_version: None,
    };
    shop.store.done(&shop.root, purge).await;
    let project = DeleteProject {
        actor: shop.ada.clone(),
        id: shop.project,
        expected_version: None,
    };
    shop.store.done(&shop.ada, project).await;
    let team = DeleteTeam {
        actor: shop.ada.clone(),
        id: shop.team,
        expected_version: None,
    };
    shop.store.done(&shop.ada, team).await;
    let kinds = shop.store.kinds().await;
    assert_eq!(
        kinds.iter().filter(|kind| *kind == "tag.deleted").count(),
        2
    );
    assert_eq!(kinds.last().unwrap(), "team.deleted");
}
