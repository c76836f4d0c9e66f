//! The same with a mail server that is somebody else's program, and keeps what it takes in a folder: what is read there is
//! what arrived.

use super::work::Shop;
use millstream_domain::mail::MailReason;
use millstream_sinks::delivery::mail::MailDelivery;
use millstream_sinks::delivery::mail::post::Post;
use millstream_sinks::delivery::mail::smtp::SmtpServer;
use millstream_sinks::email::WorkMails;
use std::path::PathBuf;

/// Where the server is, and the folder of its mails.
fn server() -> (SmtpServer, PathBuf) {
    let variable = std::env::var("TEST_SMTP_URL");
    let address =
        variable.expect("TEST_SMTP_URL names a mail server; `cargo xtask test` starts one");
    let (url, folder) = address.split_once('#').expect("a folder behind the #");
    (SmtpServer::from_url(url).unwrap(), folder.into())
}

/// The mails that arrived for somebody, put together from their lines.
fn arrived(folder: &std::path::Path, recipient: &str) -> Vec<String> {
    let files = std::fs::read_dir(folder.join("new")).unwrap();
    let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let to_them = format!("X-RcptTo: {recipient}");
    texts
        .filter(|text| text.lines().any(|line| line == to_them))
        .map(|text| text.replace("=\n", "").replace("=3D", "="))
        .collect()
}

#[tokio::test]
async fn what_arrives_at_a_real_server_is_what_people_are_to_be_told_once() {
    let (server, folder) = server();
    // Others use the server, too: nobody of theirs has such a name.
    let reader = format!("grace-{}", std::process::id());
    let shop = Shop::with_reader(&reader).await;
    let post = Post::to_server(server, "Millstream <mill@example.org>").unwrap();
    let mails = WorkMails::new(shop.store.store.clone(), "https://mill.example.org");
    let delivery = MailDelivery::new(shop.store.store.clone(), post).with_work(mails);
    shop.assigned("Grease the wheel", &shop.grace).await;
    shop.wants(&shop.ada, MailReason::Commented, false).await;
    shop.told().await;
    shop.told().await;
    while delivery.deliver_due().await.unwrap() > 0 {}
    let mails = arrived(&folder, &format!("{reader}@example.org"));
    assert_eq!(mails.len(), 1, "{mails:?}");
    for part in [
        "From: Millstream <mill@example.org>",
        "Subject: ENG-1 Grease the wheel: assigned to you",
        "Auto-Submitted: auto-generated",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/html; charset=utf-8",
        "ada assigned ENG-1 to you.",
        "<a href=\"https://mill.example.org/tasks/ENG-1\"><strong>ENG-1</strong> Grease the wheel</a>",
    ] {
        assert!(mails[0].contains(part), "{part} is missing: {}", mails[0]);
    }
    let states = shop.states().await;
    assert!(
        states.iter().all(|(.., state)| state == "delivered"),
        "{states:?}"
    );
}
