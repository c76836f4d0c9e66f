//! Rights that end while connections are open: what is taken is not told any more, and who is nobody any more is let go.

use super::Mill;
use crate::app::{Live, PASSWORD, TestApp};
use chrono::TimeDelta;
use millstream_ingest_api::settings::LiveLimits;
use serde_json::{Value, json};
use std::time::Duration;

const ENDED: u16 = 4401;
const GONE: u16 = 4404;

/// Two connections of grace's, one of each kind.
async fn connections(mill: &Mill) -> (Live, Live) {
    let mut live = Live::open(&mill.server, &mill.grace).await;
    live.subscribe(&[&mill.task_topic(), &mill.project_topic()])
        .await;
    let talk = Live::talk(&mill.server, &mill.grace, "ENG-1").await;
    (live, talk)
}

async fn both_end(mill: &Mill, (live, talk): (Live, Live)) {
    assert_eq!(live.code().await, ENDED);
    assert_eq!(talk.code().await, ENDED);
    // Others are not let go with them.
    let mut ada = Live::open(&mill.server, &mill.ada).await;
    ada.subscribe(&[&mill.task_topic()]).await;
    mill.rename("Still turning").await;
    assert_eq!(ada.next_of().await.0, "changed");
}

#[tokio::test]
async fn whoever_logs_out_hears_nothing_more() {
    let mill = Mill::new().await;
    let open = connections(&mill).await;
    let log_out = mill.app.post("/auth/logout", json!({})).by(&mill.grace);
    log_out.send().await.expect(204);
    both_end(&mill, open).await;
}

#[tokio::test]
async fn another_session_that_is_ended_hears_nothing_more_and_this_one_does() {
    let mill = Mill::new().await;
    let open = connections(&mill).await;
    let here = mill.app.log_in("grace").await;
    let mut of_here = Live::open(&mill.server, &here).await;
    of_here.subscribe(&[&mill.task_topic()]).await;
    let end = mill.app.delete("/auth/sessions").by(&here);
    end.send().await.expect(204);
    both_end(&mill, open).await;
    assert_eq!(of_here.next_of().await.0, "changed");
}

#[tokio::test]
async fn a_password_that_is_changed_ends_the_other_sessions() {
    let mill = Mill::new().await;
    let open = connections(&mill).await;
    let here = mill.app.log_in("grace").await;
    let body = json!({"current_password": PASSWORD, "new_password": "another horse battery"});
    let change = mill.app.post("/auth/password", body).by(&here);
    change.send().await.expect(204);
    both_end(&mill, open).await;
}

#[tokio::test]
async fn an_account_that_is_deactivated_hears_nothing_more() {
    let mill = Mill::new().await;
    let open = connections(&mill).await;
    let path = format!("/users/{}", mill.grace.id);
    mill.app
        .delete(&path)
        .by(&mill.ada)
        .send()
        .await
        .expect(204);
    both_end(&mill, open).await;
}

#[tokio::test]
async fn an_api_token_that_is_revoked_hears_nothing_more() {
    let mill = Mill::new().await;
    let token = mill.token(json!(["read", "write"])).await;
    let secret = token["token"].as_str().unwrap();
    let mut live = Live::with_token(&mill.server, "/live", secret).await;
    live.subscribe(&[&mill.task_topic()]).await;
    let path = "/ws/tasks/ENG-1/comments";
    let talk = Live::with_token(&mill.server, path, secret).await;
    let revoke = format!("/auth/tokens/{}", token["id"].as_str().unwrap());
    mill.app
        .delete(&revoke)
        .by(&mill.grace)
        .send()
        .await
        .expect(204);
    both_end(&mill, (live, talk)).await;
}

#[tokio::test]
async fn an_access_token_that_has_run_out_hears_nothing_more() {
    let app = TestApp::with_settings(|settings| {
        settings.live = LiveLimits {
            ping_every: Duration::from_millis(50),
            ..LiveLimits::default()
        }
    })
    .await;
    let mill = Mill::of(app).await;
    let open = connections(&mill).await;
    mill.app.clock.advance(TimeDelta::minutes(16));
    assert_eq!(open.0.code().await, ENDED);
    assert_eq!(open.1.code().await, ENDED);
}

#[tokio::test]
async fn a_token_that_has_run_out_writes_nothing_more() {
    let mill = Mill::new().await;
    let mut talk = Live::talk(&mill.server, &mill.grace, "ENG-1").await;
    mill.app.clock.advance(TimeDelta::minutes(16));
    talk.say(json!({"body": "One more thing"})).await;
    let (code, messages) = talk.closed().await;
    assert_eq!((code, messages), (ENDED, Vec::new()));
}

/// What was heard of a task is gone, and nothing more comes of it.
async fn is_gone(live: &mut Live, topics: &[&str]) {
    let mut gone = Vec::new();
    while gone.len() < topics.len() {
        let message = live.next().await;
        // What was told before it was taken away.
        if message["type"] == "gone" {
            gone.push(message["topic"].as_str().unwrap().to_owned());
        } else {
            assert_eq!(message["type"], "changed", "{message}");
        }
    }
    gone.sort();
    let mut topics = topics.to_vec();
    topics.sort_unstable();
    assert_eq!(gone, topics);
}

#[tokio::test]
async fn whoever_left_the_team_hears_no_more_of_its_things() {
    let mill = Mill::new().await;
    let (mut live, talk) = connections(&mill).await;
    let path = format!("/teams/{}/members/{}", mill.team, mill.grace.id);
    mill.app
        .delete(&path)
        .by(&mill.ada)
        .send()
        .await
        .expect(204);
    mill.comment("Among ourselves").await;
    is_gone(&mut live, &[&mill.task_topic(), &mill.project_topic()]).await;
    let (code, messages) = talk.closed().await;
    assert_eq!((code, messages), (GONE, Vec::new()));
    // The connection itself stays: there is more to hear of.
    live.subscribe(&["notifications"]).await;
}

#[tokio::test]
async fn a_manager_who_is_one_no_more_hears_of_their_own_teams_alone() {
    let mill = Mill::new().await;
    let linus = mill.app.user("linus").await;
    let path = format!("/users/{}", linus.id);
    let role = |role: &str| {
        let request = mill.app.patch(&path, json!({"role": role}));
        request.by(&mill.ada).send()
    };
    role("manager").await.expect(200);
    let mut live = Live::open(&mill.server, &linus).await;
    live.subscribe(&[&mill.task_topic()]).await;
    role("member").await.expect(200);
    is_gone(&mut live, &[&mill.task_topic()]).await;
}

#[tokio::test]
async fn a_member_who_becomes_a_viewer_listens_and_does_not_write() {
    let mill = Mill::new().await;
    let mut talk = Live::talk(&mill.server, &mill.grace, "ENG-1").await;
    let path = format!("/teams/{}/members/{}", mill.team, mill.grace.id);
    let viewer = mill.app.put(&path, json!({"role": "viewer"}));
    viewer.by(&mill.ada).send().await.expect(200);
    talk.say(json!({"body": "May I?"})).await;
    let answer = talk.next().await;
    assert_eq!(answer["problem"]["error"]["code"], "forbidden", "{answer}");
    mill.comment("You may listen").await;
    assert_eq!(talk.next().await["comment"]["body"], "You may listen");
}

#[tokio::test]
async fn a_task_that_moves_to_another_team_takes_its_comments_along() {
    let mill = Mill::new().await;
    let (mut live, talk) = connections(&mill).await;
    let team = mill.app.team(&mill.ada, "Bakers").await;
    let project = mill.app.project(&mill.ada, &team, "OVEN").await;
    let away = mill
        .app
        .post("/tasks/ENG-1/move", json!({"project_id": project}));
    away.by(&mill.ada).send().await.expect(200);
    mill.comment("Among bakers").await;
    is_gone(&mut live, &[&mill.task_topic()]).await;
    let (code, messages) = talk.closed().await;
    assert_eq!((code, messages), (GONE, Vec::new()));
    // The project that it left is heard of still.
    let more = mill.app.task(&mill.ada, &mill.project, "Another").await;
    assert_eq!(more["name"], "ENG-2");
    let mut heard: Value = live.next().await;
    while heard["topic"] != mill.project_topic() {
        heard = live.next().await;
    }
}

#[tokio::test]
async fn a_task_in_the_trash_is_gone() {
    let mill = Mill::new().await;
    let (mut live, talk) = connections(&mill).await;
    let trash = mill.app.delete("/tasks/ENG-1").by(&mill.ada);
    trash.send().await.expect(204);
    is_gone(&mut live, &[&mill.task_topic()]).await;
    assert_eq!(talk.code().await, GONE);
}

#[tokio::test]
async fn a_project_that_is_deleted_is_gone() {
    let mill = Mill::new().await;
    let empty = mill.app.project(&mill.ada, &mill.team, "EMPTY").await;
    let topic = format!("project:{empty}");
    let mut live = Live::open(&mill.server, &mill.grace).await;
    live.subscribe(&[&topic]).await;
    let path = format!("/projects/{empty}");
    mill.app
        .delete(&path)
        .by(&mill.ada)
        .send()
        .await
        .expect(204);
    is_gone(&mut live, &[&topic]).await;
}
