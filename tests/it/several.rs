//! An installation of several processes on one database, as it runs on several machines: `millstream web`, `pipelines`,
//! `search` and `analytics`, each with a data folder of its own.

use crate::installation::{Ended, Installation, ended};
use crate::server::Server;
use millstream_store::testing::TestDatabase;
use reqwest::Url;
use sqlx::AssertSqlSafe;
use std::net::TcpListener;
use std::process::Command;
use tempfile::TempDir;

/// By which address people would come.
pub(crate) const PUBLIC_URL: &str = "https://tasks.example.org";

/// What the processes have in common.
#[derive(Debug)]
pub(crate) struct Several {
    pub(crate) database: TestDatabase,
    keys: TempDir,
    /// Settings of all of them.
    settings: Vec<(&'static str, String)>,
    /// Where the first `web` listens: others have to know it before it runs.
    web: String,
}

/// A process, and the data folder that it runs on.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) server: Server,
    pub(crate) installation: Installation,
}

impl Several {
    pub(crate) async fn new() -> Self {
        Self {
            database: TestDatabase::new().await,
            keys: TempDir::new().unwrap(),
            settings: Vec::new(),
            web: free_address(),
        }
    }

    /// With settings that all of them share.
    pub(crate) async fn with(settings: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self {
            settings: settings.into_iter().collect(),
            ..Self::new().await
        }
    }

    /// The first `web`, which others fetch the public keys from.
    pub(crate) async fn first_web(&self) -> Part {
        let address = self.web.clone();
        self.start("web", |command| {
            command.env("MILLSTREAM_LISTEN", address);
        })
        .await
    }

    /// Another one, which passes searches on.
    pub(crate) async fn web_with_search(&self, search: &Part) -> Part {
        self.web_with(&[("SEARCH_URL", search)]).await
    }

    /// Another one, which passes searches and questions to the lake on.
    pub(crate) async fn web_with_services(&self, search: &Part, analytics: &Part) -> Part {
        let services = [("SEARCH_URL", search), ("ANALYTICS_URL", analytics)];
        self.web_with(&services).await
    }

    async fn web_with(&self, services: &[(&str, &Part)]) -> Part {
        self.start("web", |command| {
            for (setting, service) in services {
                command.env(setting, service.server.told_address("Reached by web at"));
            }
        })
        .await
    }

    pub(crate) async fn pipelines(&self) -> Part {
        self.start("pipelines", |_| {}).await
    }

    pub(crate) async fn search(&self) -> Part {
        self.service("search").await
    }

    /// The same on the database as somebody else.
    pub(crate) async fn search_as(&self, database_url: &str) -> Part {
        let jwks = format!("http://{}/.well-known/jwks.json", self.web);
        self.start("search", |command| {
            command.env("MILLSTREAM_JWKS_URL", jwks);
            command.env("DATABASE_URL", database_url);
        })
        .await
    }

    /// Makes a role that reads and writes the stream and may do nothing else; the URL of the database for it.
    pub(crate) async fn role_of_the_stream(&self) -> String {
        let mut url = Url::parse(&self.database.url()).unwrap();
        let role = self.role();
        for sql in [
            format!("create role {role} login"),
            format!("grant usage on schema stream to {role}"),
            format!(
                "grant select, insert, update, delete on all tables in schema stream to {role}"
            ),
            format!("grant usage on all sequences in schema stream to {role}"),
            format!("grant select on _sqlx_migrations to {role}"),
        ] {
            sqlx::query(AssertSqlSafe(sql))
                .execute(self.database.pool())
                .await
                .unwrap();
        }
        url.set_username(&role).unwrap();
        url.to_string()
    }

    /// Roles are the server's, and stay when the database goes.
    pub(crate) async fn drop_role(&self) {
        let role = self.role();
        for sql in [format!("drop owned by {role}"), format!("drop role {role}")] {
            sqlx::query(AssertSqlSafe(sql))
                .execute(self.database.pool())
                .await
                .unwrap();
        }
    }

    fn role(&self) -> String {
        let url = Url::parse(&self.database.url()).unwrap();
        format!("{}_stream", url.path().trim_start_matches('/'))
    }

    pub(crate) async fn analytics(&self) -> Part {
        self.service("analytics").await
    }

    async fn service(&self, name: &str) -> Part {
        let jwks = format!("http://{}/.well-known/jwks.json", self.web);
        self.start(name, |command| {
            command.env("MILLSTREAM_JWKS_URL", jwks);
        })
        .await
    }

    /// Runs a command to its end, on a data folder of its own.
    pub(crate) async fn run(&self, command: &str, settings: &[(&str, &str)]) -> Ended {
        let installation = Installation::on(&self.database);
        let mut command = installation.command(&[command]);
        command
            .env("MILLSTREAM_PUBLIC_URL", PUBLIC_URL)
            .env("MILLSTREAM_KEYS_DIR", self.keys.path())
            .envs(settings.iter().copied());
        ended(command).await
    }

    async fn start(&self, role: &str, settings: impl FnOnce(&mut Command)) -> Part {
        let installation = Installation::on(&self.database);
        let mut command = installation.command(&[role]);
        command.env("MILLSTREAM_PUBLIC_URL", PUBLIC_URL);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        if matches!(role, "web" | "pipelines") {
            // Services of their own hold no key.
            command.env("MILLSTREAM_KEYS_DIR", self.keys.path());
        }
        settings(&mut command);
        let server = Server::start(command).await;
        Part {
            server,
            installation,
        }
    }
}

/// An address that nobody listens on.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}
