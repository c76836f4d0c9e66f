//! The server behind the router: real connections.

use crate::app::TestApp;
use millstream_ingest_api::serve;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

async fn start(app: &TestApp, servers: &mut JoinSet<std::io::Result<()>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    servers.spawn(serve(listener, app.router(), app.stop.clone()));
    address
}

fn client() -> reqwest::Client {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(30));
    client.build().unwrap()
}

/// Reads until the text is there; what was read.
async fn until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut text = String::new();
    while !text.contains(wanted) {
        let mut bytes = [0; 4096];
        let read = stream.read(&mut bytes).await.unwrap();
        assert!(read > 0, "the connection ended after: {text}");
        text.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
    text
}

#[tokio::test]
async fn a_request_that_is_under_way_is_answered_before_the_server_stops() {
    let (app, mut servers) = (TestApp::new().await, JoinSet::new());
    let address = start(&app, &mut servers).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: mill\r\nContent-Type: application/json\r\n\
                Content-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    until(&mut client, "100 Continue").await;
    app.stop.cancel();
    client.write_all(b"{}").await.unwrap();
    let answer = until(&mut client, "\"login\"").await;
    assert!(answer.contains("HTTP/1.1 422"), "{answer}");
    servers.join_next().await.unwrap().unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn connections_are_kept_for_the_next_request() {
    let (app, mut servers) = (TestApp::new().await, JoinSet::new());
    let address = start(&app, &mut servers).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    for _ in 0..3 {
        let head = "GET /health/live HTTP/1.1\r\nHost: mill\r\n\r\n";
        client.write_all(head.as_bytes()).await.unwrap();
        let answer = until(&mut client, "{\"status\":\"live\"}").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_the_next_client_served() {
    let (app, mut servers) = (TestApp::new().await, JoinSet::new());
    let address = start(&app, &mut servers).await;
    let mut odd = TcpStream::connect(address).await.unwrap();
    odd.write_all(b"GRIND\0\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    odd.read_to_end(&mut answer).await.unwrap();
    assert!(
        answer.starts_with(b"HTTP/1.1 400"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    let live = client().get(format!("http://{address}/health/live"));
    assert_eq!(live.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_address_of_the_client_is_kept_and_a_claimed_one_is_not_believed() {
    let (app, mut servers) = (TestApp::new().await, JoinSet::new());
    let ada = app.user("ada").await;
    let address = start(&app, &mut servers).await;
    let url = format!("http://{address}/api/v1/auth/login");
    let body = serde_json::json!({"login": "ada", "password": crate::app::PASSWORD}).to_string();
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
