//! The server behind the router: real connections. What hostile clients do with them is in `hostile/`.

use crate::app::{PASSWORD, Server, TestApp};
use std::time::Duration;
use tokio::net::TcpStream;

fn client() -> reqwest::Client {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(30));
    client.build().unwrap()
}

#[tokio::test]
async fn a_request_that_is_under_way_is_answered_before_the_server_stops() {
    let app = TestApp::new().await;
    let server = Server::start(&app).await;
    let address = server.address;
    let mut wire = server.connect().await;
    wire.send(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: mill\r\nContent-Type: application/json\r\n\
         Content-Length: 2\r\nExpect: 100-continue\r\n\r\n",
    )
    .await;
    wire.until("100 Continue").await;
    app.stop.cancel();
    wire.send("{}").await;
    let answer = wire.until("\"login\"").await;
    assert!(answer.contains("HTTP/1.1 422"), "{answer}");
    server.ended().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn connections_are_kept_for_the_next_request() {
    let app = TestApp::new().await;
    let server = Server::start(&app).await;
    let mut wire = server.connect().await;
    for _ in 0..3 {
        wire.send("GET /health/live HTTP/1.1\r\nHost: mill\r\n\r\n")
            .await;
        let answer = wire.until("{\"status\":\"live\"}").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

#[tokio::test]
async fn the_address_of_the_client_is_kept_and_a_claimed_one_is_not_believed() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let server = Server::start(&app).await;
    let url = format!("http://{}/api/v1/auth/login", server.address);
    let body = serde_json::json!({"login": "ada", "password": PASSWORD}).to_string();
    let request = client().post(url).header("x-forwarded-for", "203.0.113.9");
    let request = request
        .header("content-type", "application/json")
        .body(body);
    assert_eq!(request.send().await.unwrap().status(), 200);
    let sessions = app.get("/auth/sessions").by(&ada).send().await.expect(200);
    let mut from = sessions.each("ip");
    from.sort();
    assert_eq!(from, ["127.0.0.1", "null"]);
}
