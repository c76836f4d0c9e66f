//! Comments.

use millstream_domain::policy::{Actor, Refusal};
use millstream_domain::team::TeamRole;
use millstream_event_log::Event;
use millstream_store::StoreError;
use millstream_store::comment::{Comment, CommentEdit, CreateComment, UpdateComment};
use millstream_store::task::TaskRef;
use millstream_store::testing::builders::{id_of, page};
use millstream_store::testing::{TaskBuilder, TestStore};

struct Talk {
    store: TestStore,
    task: TaskRef,
    ada: Actor,
    joan: Actor,
    eve: Actor,
}

impl Talk {
    async fn new() -> Self {
        let store = TestStore::new().await;
        store.with_user("root").await;
        let mut ada = store.with_user("ada").await;
        let team = store.with_team(&mut ada, "Millers").await;
        let mut joan = store.with_user("joan").await;
        store
            .with_member(&ada, team, &mut joan, TeamRole::Member)
            .await;
        let eve = store.with_user("eve").await;
        let project = store.with_project(&ada, team, "ENG").await.id;
        let task = store
            .done(
                &ada,
                TaskBuilder::new(project, "Fix the mill wheel").by(&ada),
            )
            .await;
        Self {
            store,
            task: TaskRef::Id(task.state.id),
            ada,
            joan,
            eve,
        }
    }

    fn say(&self, who: &Actor, body: &str) -> CreateComment {
        CreateComment {
            actor: who.clone(),
            task: self.task.clone(),
            body: body.parse().unwrap(),
        }
    }

    fn edit(&self, who: &Actor, comment: &Comment, body: Option<&str>) -> UpdateComment {
        UpdateComment {
            actor: who.clone(),
            task: self.task.clone(),
            id: comment.id,
            expected_version: None,
            edit: body.map_or(CommentEdit::Delete, |body| {
                CommentEdit::Body(body.parse().unwrap())
            }),
        }
    }

    async fn count(&self) -> i64 {
        self.store
            .store
            .task(&self.ada, &self.task)
            .await
            .unwrap()
            .comments_count
    }

    async fn last_event(&self) -> millstream_event_log::events::CommentEvent {
        match self.store.events().await.pop().unwrap().event().unwrap() {
            Event::Comment(event) => event,
            other => panic!("not about a comment: {other:?}"),
        }
    }
}

#[tokio::test]
async fn only_people_who_see_the_task_are_mentioned() {
    let talk = Talk::new().await;
    // The admin sees it without belonging to the team.
    let root = talk
        .store
        .store
        .person_named("root")
        .await
        .unwrap()
        .unwrap();
    talk.store
        .done(
            &talk.ada,
            talk.say(&talk.ada, "@joan @eve @nobody @root @ada look"),
        )
        .await;
    let event = talk.last_event().await;
    assert_eq!(
        event.comment().mentions,
        [id_of(&talk.ada), id_of(&talk.joan), root.id]
    );
    assert_eq!(event.comment().task.name, "ENG-1");
}

#[tokio::test]
async fn comments_are_counted_and_a_deleted_one_leaves_a_mark() {
    let talk = Talk::new().await;
    let first = talk
        .store
        .done(&talk.joan, talk.say(&talk.joan, "one"))
        .await;
    talk.store.done(&talk.ada, talk.say(&talk.ada, "two")).await;
    assert_eq!(talk.count().await, 2);
    // A maintainer may delete, and nobody but the author edit.
    let refused = talk
        .store
        .write(&talk.ada, talk.edit(&talk.ada, &first, Some("not mine")))
        .await;
    assert!(
        matches!(refused, Err(StoreError::Refused(Refusal::Forbidden))),
        "{refused:?}"
    );
    talk.store
        .done(&talk.ada, talk.edit(&talk.ada, &first, None))
        .await;
    assert_eq!(talk.count().await, 1);
    let list = talk
        .store
        .store
        .comments(&talk.joan, &talk.task, &page(10, None))
        .await
        .unwrap()
        .items;
    assert_eq!(list.len(), 2);
    assert!(list[0].deleted_at.is_some() && list[0].body.is_empty());
    let again = talk
        .store
        .write(&talk.joan, talk.edit(&talk.joan, &first, Some("back")))
        .await;
    assert!(matches!(again, Err(StoreError::NotFound)), "{again:?}");
}

#[tokio::test]
async fn an_edit_tells_before_and_after_and_the_same_text_tells_nothing() {
    let talk = Talk::new().await;
    let said = talk
        .store
        .done(&talk.joan, talk.say(&talk.joan, "grease it, @ada"))
        .await;
    let edited = talk
        .store
        .done(&talk.joan, talk.edit(&talk.joan, &said, Some("oil it")))
        .await;
    assert_eq!((edited.version, edited.edited_at.is_some()), (2, true));
    let event = talk.last_event().await;
    let before = event.before().unwrap();
    assert_eq!(
        (before.body.as_str(), before.mentions.len()),
        ("grease it, @ada", 1)
    );
    assert_eq!(
        (
            event.comment().body.as_str(),
            event.comment().mentions.len()
        ),
        ("oil it", 0)
    );
    let same = talk
        .store
        .write(&talk.joan, talk.edit(&talk.joan, &said, Some("oil it")))
        .await
        .unwrap();
    assert_eq!((same.position, same.output.version), (None, 2));
}

#[tokio::test]
async fn strangers_find_neither_the_task_nor_its_comments() {
    let talk = Talk::new().await;
    let said = talk
        .store
        .done(&talk.joan, talk.say(&talk.joan, "secret"))
        .await;
    let hidden = |result: Result<(), StoreError>| {
        matches!(result, Err(StoreError::Refused(Refusal::Hidden)))
    };
    let store = &talk.store.store;
    assert!(hidden(
        store
            .comments(&talk.eve, &talk.task, &page(10, None))
            .await
            .map(drop)
    ));
    assert!(hidden(
        store
            .comment(&talk.eve, &talk.task, said.id)
            .await
            .map(drop)
    ));
    assert!(hidden(
        talk.store
            .write(&talk.eve, talk.say(&talk.eve, "hi"))
            .await
            .map(drop)
    ));
    assert!(hidden(
        talk.store
            .write(&talk.eve, talk.edit(&talk.eve, &said, None))
            .await
            .map(drop)
    ));
    assert_eq!(talk.count().await, 1);
}

#[tokio::test]
async fn comments_are_paged_oldest_first() {
    let talk = Talk::new().await;
    for n in 0..7 {
        talk.store
            .done(&talk.joan, talk.say(&talk.joan, &format!("{n}")))
            .await;
    }
    let (mut bodies, mut cursor) = (Vec::new(), None);
    loop {
        let found = talk
            .store
            .store
            .comments(&talk.ada, &talk.task, &page(3, cursor))
            .await
            .unwrap();
        bodies.extend(found.items.into_iter().map(|comment| comment.body));
        cursor = found.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(bodies, ["0", "1", "2", "3", "4", "5", "6"]);
}

/// As it was when it was read, its text must not be written back over somebody else's edit.
#[tokio::test]
async fn an_edit_of_nothing_is_decided_under_the_lock_and_changes_nothing() {
    let talk = Talk::new().await;
    let said = talk
        .store
        .done(&talk.joan, talk.say(&talk.joan, "one"))
        .await;
    let edited = talk.edit(&talk.joan, &said, Some("two"));
    talk.store.done(&talk.joan, edited).await;
    let nothing = |by: &Actor| UpdateComment {
        edit: CommentEdit::Nothing,
        ..talk.edit(by, &said, None)
    };
    let written = talk
        .store
        .write(&talk.joan, nothing(&talk.joan))
        .await
        .unwrap();
    assert_eq!(
        (written.output.body.as_str(), written.output.version),
        ("two", 2)
    );
    // Whether they may is asked all the same, and whether it is what they know.
    let foreign = talk.store.write(&talk.ada, nothing(&talk.ada)).await;
    assert!(
        matches!(foreign, Err(StoreError::Refused(_))),
        "{foreign:?}"
    );
    let stale = UpdateComment {
        expected_version: Some(1.into()),
        ..nothing(&talk.joan)
    };
    let stale = talk.store.write(&talk.joan, stale).await;
    assert!(
        matches!(stale, Err(StoreError::Stale { now: 2 })),
        "{stale:?}"
    );
}
