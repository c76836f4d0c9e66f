//! What a connection is told of what it asked for.

use super::{Mill, what};
use crate::app::{Live, TestApp};
use serde_json::json;

#[tokio::test]
async fn whoever_subscribes_is_told_and_of_nothing_else() {
    let mill = Mill::new().await;
    let (task, project) = (mill.task_topic(), mill.project_topic());
    let mut of_task = Live::open(&mill.server, &mill.grace).await;
    of_task.subscribe(&[&task]).await;
    let mut of_project = Live::open(&mill.server, &mill.ada).await;
    of_project.subscribe(&[&project]).await;
    mill.app.task(&mill.ada, &mill.project, "Another").await;
    mill.rename("Grease the wheel well").await;
    let message = of_task.next().await;
    assert_eq!(message["type"], "changed");
    assert_eq!(message["topic"], *task);
    assert!(message["position"].is_string() && message["comment"].is_null());
    for _ in 0..2 {
        assert_eq!(
            of_project.next_of().await,
            ("changed".into(), project.clone())
        );
    }
}

#[tokio::test]
async fn a_list_of_topics_replaces_the_one_before() {
    let mill = Mill::new().await;
    let (task, project) = (mill.task_topic(), mill.project_topic());
    let mut live = Live::open(&mill.server, &mill.grace).await;
    live.subscribe(&[&task, &project]).await;
    live.subscribe(&[&project]).await;
    mill.rename("Once").await;
    assert_eq!(live.next_of().await, ("changed".into(), project.clone()));
    live.subscribe(&[]).await;
    mill.rename("Twice").await;
    live.subscribe(&[&task]).await;
    mill.rename("Thrice").await;
    assert_eq!(live.next_of().await, ("changed".into(), task.clone()));
}

#[tokio::test]
async fn a_comment_is_sent_to_those_who_hear_of_its_task() {
    let mill = Mill::new().await;
    let (task, project) = (mill.task_topic(), mill.project_topic());
    let mut live = Live::open(&mill.server, &mill.grace).await;
    live.subscribe(&[&project, &task]).await;
    mill.comment("It *squeaks*.").await;
    let messages = [live.next().await, live.next().await, live.next().await];
    let expected = [
        ("changed", &*task),
        ("changed", &*project),
        ("comment", &*task),
    ];
    assert_eq!(what(&messages), expected);
    let comment = &messages[2]["comment"];
    assert_eq!(comment["body"], "It *squeaks*.");
    assert_eq!(comment["author"]["username"], "ada");
    assert_eq!(comment["body_html"], "<p>It <em>squeaks</em>.</p>\n");
}

#[tokio::test]
async fn what_does_not_exist_and_what_may_not_be_seen_are_refused_alike() {
    let mill = Mill::new().await;
    let stranger = mill.app.user("mallory").await;
    let mut live = Live::open(&mill.server, &stranger).await;
    let nobodys = "00000000-0000-0000-0000-000000000001";
    let own = [mill.task_topic(), mill.project_topic()];
    for (foreign, absent) in [
        (&own[0], format!("task:{nobodys}")),
        (&own[1], format!("project:{nobodys}")),
    ] {
        let mut answers = Vec::new();
        for topic in [foreign, &absent] {
            live.say(json!({"subscribe": [topic]})).await;
            let refused = live.next().await;
            assert_eq!(refused["type"], "error");
            answers.push(
                refused["message"]
                    .as_str()
                    .unwrap()
                    .replace(topic.as_str(), "…"),
            );
            assert_eq!(live.next().await["type"], "ready");
        }
        assert_eq!(answers[0], answers[1]);
    }
    // Nothing is heard of what was refused, and the rest of the list counts.
    live.say(json!({"subscribe": [own[0], "notifications"]}))
        .await;
    assert_eq!(live.next().await["type"], "error");
    assert_eq!(live.next().await["type"], "ready");
    mill.rename("Secret").await;
    live.say(json!({"subscribe": []})).await;
    assert_eq!(live.next().await["type"], "ready");
}

#[tokio::test]
async fn nobody_hears_anything_without_showing_who_they_are() {
    let mill = Mill::new().await;
    let talk = format!("/ws/tasks/{}/comments", mill.task);
    for path in ["/live", &talk] {
        for headers in [
            &[][..],
            &[("authorization", "Bearer x.y.z")],
            &[("sec-websocket-protocol", "millstream.v1, bearer.x.y.z")],
            &[("cookie", "millstream_session=x")],
        ] {
            let answer = Live::ask(&mill.server, path, headers).await.unwrap_err();
            let answer = answer.expect(401, "unauthenticated");
            assert!(answer.header("www-authenticate").is_some());
        }
    }
    let answer = mill.app.get("/notifications/stream").send().await;
    answer.expect_error(401, "unauthenticated");
}

#[tokio::test]
async fn a_token_comes_in_a_subprotocol_where_there_can_be_no_header() {
    let mill = Mill::new().await;
    let offered = format!("millstream.v1, bearer.{}", mill.grace.access_token);
    let headers = [("sec-websocket-protocol", &*offered)];
    let mut live = Live::ask(&mill.server, "/live", &headers).await.unwrap();
    live.subscribe(&[&mill.task_topic()]).await;
}

#[tokio::test]
async fn parameters_that_nobody_knows_are_refused() {
    let mill = Mill::new().await;
    let bearer = format!("Bearer {}", mill.grace.access_token);
    let headers = [("authorization", &*bearer)];
    let talk = format!("/ws/tasks/{}/comments?after=1", mill.task);
    for path in ["/live?topics=x", &talk] {
        let answer = Live::ask(&mill.server, path, &headers).await;
        answer.unwrap_err().expect(400, "bad_request");
    }
    let answer = mill.app.get("/notifications/stream?since=1");
    let answer = answer.by(&mill.grace).send().await;
    answer.expect_error(400, "bad_request");
}

#[tokio::test]
async fn everybody_is_let_go_when_the_server_stops() {
    let mill = Mill::new().await;
    let mut live = Live::open(&mill.server, &mill.grace).await;
    live.subscribe(&["notifications"]).await;
    let talk = Live::talk(&mill.server, &mill.grace, "ENG-1").await;
    mill.app.stop.cancel();
    assert_eq!(live.code().await, 1001);
    assert_eq!(talk.code().await, 1001);
}

#[tokio::test]
async fn a_page_of_another_site_cannot_use_the_cookie() {
    let app = TestApp::new().await.live().await;
    let server = crate::app::Server::start(&app).await;
    let headers = [
        ("cookie", "millstream_session=x"),
        ("origin", "https://evil.example"),
    ];
    let answer = Live::ask(&server, "/live", &headers).await.unwrap_err();
    answer.expect(403, "forbidden");
}
