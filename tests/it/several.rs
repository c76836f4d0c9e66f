//! An installation of several processes on one database, as it runs on several machines: `millstream web`, `pipelines`,
//! `search` and `analytics`, each with a data folder of its own.

use crate::installation::{Ended, Installation, ended};
use crate::server::Server;
use millstream_store::testing::TestDatabase;
use reqwest::Url;
use sqlx::AssertSqlSafe;
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::process::Command;
use tempfile::TempDir;

/// By which address people would come.
pub(crate) const PUBLIC_URL: &str = "https://tasks.example.org";

/// Where the statements stand that make a role for services.
const OPERATIONS: &str = include_str!("../../docs/OPERATIONS.md");
/// How many of them are for every service, and for `analytics`.
pub(crate) const OF_ALL: usize = 5;
pub(crate) const OF_ANALYTICS: usize = 7;

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

    /// Another one, which passes searches and questions to the lake on.
    pub(crate) async fn web_with_services(&self, search: &Part, analytics: &Part) -> Part {
        let services = [("SEARCH_URL", search), ("ANALYTICS_URL", analytics)];
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

    /// One that has a mail server.
    pub(crate) async fn pipelines_with_server(&self, smtp_url: &str) -> Part {
        self.start("pipelines", |command| {
            command.env("SMTP_URL", smtp_url);
        })
        .await
    }

    /// A service that is launched and not waited for, at this address.
    pub(crate) fn launched(&self, name: &str, database_url: &str, address: &str) -> Part {
        let (installation, mut command) = self.command(name);
        command
            .env(
                "MILLSTREAM_JWKS_URL",
                format!("http://{}/.well-known/jwks.json", self.web),
            )
            .env("DATABASE_URL", database_url)
            .env("MILLSTREAM_LISTEN", address);
        Part {
            server: Server::launch(command),
            installation,
        }
    }

    /// A search that believes that people come by another address.
    pub(crate) async fn search_elsewhere(&self, public_url: &str) -> Part {
        let jwks = format!("http://{}/.well-known/jwks.json", self.web);
        self.start("search", |command| {
            command.env("MILLSTREAM_JWKS_URL", jwks);
            command.env("MILLSTREAM_PUBLIC_URL", public_url);
        })
        .await
    }

    pub(crate) async fn search(&self) -> Part {
        self.service("search").await
    }

    /// A service on the database as somebody else.
    pub(crate) async fn service_as(&self, name: &str, database_url: &str) -> Part {
        let jwks = format!("http://{}/.well-known/jwks.json", self.web);
        self.start(name, |command| {
            command.env("MILLSTREAM_JWKS_URL", jwks);
            command.env("DATABASE_URL", database_url);
        })
        .await
    }

    /// Makes a role with the first of the statements that the documentation has for services; the URL of the database for it.
    pub(crate) async fn role_with(&self, statements: usize) -> String {
        self.grant(0, statements).await;
        let mut url = Url::parse(&self.database.url()).unwrap();
        url.set_username(&self.role()).unwrap();
        url.to_string()
    }

    /// Gives the role some more of them.
    pub(crate) async fn grant(&self, first: usize, end: usize) {
        let (_, section) = OPERATIONS.split_once("### Roles of the services").unwrap();
        let (_, block) = section.split_once("```sql\n").unwrap();
        let (block, _) = block.split_once("```").unwrap();
        let sql: Vec<_> = block.split(';').map(str::trim).collect();
        // What stands behind the last semicolon is none.
        assert_eq!(sql.len(), OF_ANALYTICS + 1, "{sql:?}");
        for statement in &sql[first..end] {
            let sql = statement.replace("millstream_service", &self.role());
            sqlx::query(AssertSqlSafe(sql))
                .execute(self.database.pool())
                .await
                .unwrap();
        }
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
    pub(crate) async fn run(&self, args: &[&str], settings: &[(&str, &str)]) -> Ended {
        let installation = Installation::on(&self.database);
        self.run_on(&installation, args, settings).await
    }

    /// The same on the data folder of one of the processes.
    pub(crate) async fn run_on(
        &self,
        installation: &Installation,
        args: &[&str],
        settings: &[(&str, &str)],
    ) -> Ended {
        let mut command = installation.command(args);
        command
            .env("MILLSTREAM_PUBLIC_URL", PUBLIC_URL)
            .env("MILLSTREAM_KEYS_DIR", self.keys.path())
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .envs(settings.iter().copied());
        ended(command).await
    }

    /// Who runs the pipelines that processes share.
    pub(crate) async fn owners(&self) -> BTreeSet<String> {
        let owners =
            "select owner from stream.pipeline where name not like '%@%' and owner is not null";
        let owners: Vec<String> = sqlx::query_scalar(owners)
            .fetch_all(self.database.pool())
            .await
            .unwrap();
        owners.into_iter().collect()
    }

    async fn start(&self, role: &str, settings: impl FnOnce(&mut Command)) -> Part {
        let (installation, mut command) = self.command(role);
        settings(&mut command);
        Part {
            server: Server::start(command).await,
            installation,
        }
    }

    fn command(&self, role: &str) -> (Installation, Command) {
        let installation = Installation::on(&self.database);
        let mut command = installation.command(&[role]);
        command.env("MILLSTREAM_PUBLIC_URL", PUBLIC_URL);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        if matches!(role, "web" | "pipelines") {
            // Services of their own hold no key.
            command.env("MILLSTREAM_KEYS_DIR", self.keys.path());
        }
        (installation, command)
    }
}

/// An address that nobody listens on.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}
