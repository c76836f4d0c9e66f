//! Settings: those that are wrong are told with what to do and exit code 2, before anything is made.

use crate::installation::{Ended, Installation, ended};
use crate::server::Server;
use millstream_store::testing::TestDatabase;

const USAGE: i32 = 2;

/// What comes of one setting in the environment.
async fn with(name: &str, value: &str) -> Ended {
    let installation = Installation::embedded();
    let mut command = installation.command::<&str>(&[]);
    command.env(name, value);
    let ended = ended(command).await;
    let postgres = installation.data().join("postgres");
    assert!(!postgres.exists(), "a database was made");
    ended
}

#[tokio::test]
async fn a_mistyped_setting_is_told_with_the_right_one() {
    let ended = with("MILLSTREAM_SETUP_SECERT", "hunter2").await;
    ended
        .expect(USAGE)
        .complains(
            "there is no setting MILLSTREAM_SETUP_SECERT: did you mean MILLSTREAM_SETUP_SECRET?",
        )
        .conceals("hunter2");
}

#[tokio::test]
async fn a_mistyped_flag_is_told_with_the_right_one() {
    let ended = Installation::embedded()
        .run(&["--lisen", "127.0.0.1:0"])
        .await;
    ended
        .expect(USAGE)
        .complains("'--listen'")
        .complains("--help");
}

#[tokio::test]
async fn an_address_that_is_none_is_told_with_its_setting() {
    let ended = with("MILLSTREAM_LISTEN", "localhost").await;
    ended
        .expect(USAGE)
        .complains("--listen")
        .complains("'localhost'")
        .complains("such as 127.0.0.1:8080");
}

#[tokio::test]
async fn a_public_url_that_no_browser_could_open_is_told_with_what_it_should_be() {
    for url in ["nope", "javascript:alert(1)", "https://example.org/tasks"] {
        let ended = with("MILLSTREAM_PUBLIC_URL", url).await;
        ended
            .expect(USAGE)
            .complains("--public-url")
            .complains("such as https://tasks.example.org");
    }
}

#[tokio::test]
async fn a_setup_secret_that_is_soon_guessed_is_refused_and_not_repeated() {
    let ended = with("MILLSTREAM_SETUP_SECRET", "hunter2").await;
    ended
        .expect(USAGE)
        .complains("at least 12 characters")
        .conceals("hunter2");
}

#[tokio::test]
async fn the_help_of_a_command_is_without_the_settings_of_the_server() {
    let commands: [&[&str]; 3] = [
        &["audit", "verify", "--help"],
        &["import", "--help"],
        &["keys", "list", "--help"],
    ];
    for command in commands {
        Installation::embedded()
            .run(command)
            .await
            .expect(0)
            .says("--data-dir")
            .says("--database-url")
            .says("--log")
            .conceals("--listen")
            .conceals("--rate-limit")
            .conceals("--smtp-url");
    }
}

#[tokio::test]
async fn a_value_that_there_is_not_is_told_with_those_that_there_are() {
    let ended = with("MILLSTREAM_REGISTRATION", "opne").await;
    ended
        .expect(USAGE)
        .complains("[possible values: open, closed]");
}

#[tokio::test]
async fn a_network_that_is_none_is_told_with_an_example() {
    let ended = with("MILLSTREAM_TRUSTED_PROXIES", "10.0.0.0/8,proxy").await;
    ended
        .expect(USAGE)
        .complains("\"proxy\"")
        .complains("10.0.0.0/8");
}

#[tokio::test]
async fn a_mail_server_that_is_none_is_told_without_the_password_in_it() {
    for name in ["SMTP_URL", "MILLSTREAM_SMTP_URL"] {
        let url = "https://ada:hunter2@mail.example.org";
        let ended = with(name, url).await;
        ended
            .expect(USAGE)
            .complains("SMTP_URL: it must begin with smtps://")
            .conceals("hunter2");
    }
}

#[tokio::test]
async fn a_site_that_is_none_is_told_with_an_example() {
    for wrong in ["*", "tools.example.org", "https://tools.example.org/app"] {
        let ended = with("MILLSTREAM_CORS_ORIGINS", wrong).await;
        ended
            .expect(USAGE)
            .complains(wrong)
            .complains("such as https://tools.example.org");
    }
}

#[tokio::test]
async fn a_quota_of_nothing_and_half_a_switch_are_told() {
    let none = with("MILLSTREAM_RATE_LIMIT_PERSON", "0").await;
    none.expect(USAGE).complains("--rate-limit-person");
    let half = with("RATE_LIMIT", "of").await;
    half.expect(USAGE).complains("[possible values: on, off]");
}

#[tokio::test]
async fn brokers_that_are_none_are_told_and_a_variable_of_nothing_is_not_set() {
    for wrong in ["::::", "kafka.example.org"] {
        let ended = with("KAFKA_BROKERS", wrong).await;
        ended
            .expect(USAGE)
            .complains(wrong)
            .complains("kafka-1.example.org:9092");
    }
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    let mut command = installation.command(&["migrate"]);
    for setting in [
        "KAFKA_BROKERS",
        "KAFKA_PARTITIONS",
        "REDIS_URL",
        "REDIS_MIRROR",
        "MIGRATE_DATABASE_URL",
        "MILLSTREAM_PUBLIC_URL",
        "MILLSTREAM_RATE_LIMIT_PERSON",
        "LOG_FORMAT",
    ] {
        command.env(setting, " ");
    }
    ended(command).await.expect(0);
}

#[tokio::test]
async fn a_log_filter_that_is_none_is_told_with_an_example() {
    let ended = with("RUST_LOG", "millstream=everything").await;
    ended
        .expect(USAGE)
        .complains("millstream=everything")
        .complains("`info`");
}

#[tokio::test]
async fn a_database_url_that_is_none_is_told_without_the_password_in_it() {
    for url in [
        "hunter2",
        "",
        "mysql://ada:hunter2@127.0.0.1/tasks",
        "postgres://ada:hunter2@127.0.0.1:port/tasks",
        "postgres//ada:hunter2@127.0.0.1/tasks",
    ] {
        let ended = with("DATABASE_URL", url).await;
        ended
            .expect(USAGE)
            .complains("DATABASE_URL")
            .complains("such as postgres://")
            .conceals("hunter2");
    }
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_told_with_the_reason_and_without_the_password() {
    // Nobody listens on a port that was just free.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("postgres://ada:hunter2@127.0.0.1:{port}/tasks");
    let ended = with("DATABASE_URL", &url).await;
    ended
        .expect(1)
        .complains("the database does not answer yet; waiting for it")
        .complains("DATABASE_URL cannot be reached")
        .complains("refused")
        .conceals("hunter2");
}

#[tokio::test]
async fn the_help_names_every_setting_and_shows_no_secret() {
    let installation = Installation::embedded();
    let mut command = installation.command(&["--help"]);
    command.env("MILLSTREAM_SETUP_SECRET", "hunter2");
    command.env("DATABASE_URL", "postgres://ada:hunter2@127.0.0.1/tasks");
    let ended = ended(command).await;
    ended
        .expect(0)
        .conceals("hunter2")
        .says("MILLSTREAM_DATA_DIR")
        .says("DATABASE_URL")
        .says("LOG_FORMAT");
}

#[tokio::test]
async fn a_setup_secret_that_was_set_counts_and_is_not_printed() {
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    let mut command = installation.command::<&str>(&[]);
    command.env("MILLSTREAM_SETUP_SECRET", "hunter2hunter2");
    let server = Server::start(command).await;
    let log = server.log();
    assert!(log.contains("the one of MILLSTREAM_SETUP_SECRET"), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
    let api = server.api();
    api.register("ada", None).await.expect(403);
    api.register("ada", Some("hunter2hunter2"))
        .await
        .expect(201);
}

#[tokio::test]
async fn where_registration_is_closed_only_the_first_may_register() {
    let database = TestDatabase::new().await;
    let server = Installation::on(&database)
        .start_with(&["--registration", "closed"])
        .await;
    server.found().await;
    server.api().register("grace", None).await.expect(403);
}
