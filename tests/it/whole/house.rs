//! An installation that is started in one of the ways in which Millstream runs: as one process, or as six.

use crate::api::Api;
use crate::installation::{Ended, Installation, ended, until};
use crate::server::Server;
use crate::several::{Part, Several, free_address};
use millstream_store::testing::TestDatabase;
use std::process::Command;
use tempfile::TempDir;

/// What each process is given.
pub(super) type Settings = Vec<(&'static str, String)>;

/// Settings that no way to run goes without: a mail server; and nobody is told to wait, because four people of a test do what
/// hundreds do.
fn settings(more: Settings) -> Settings {
    let mail = super::mails::server_url();
    let always = [("SMTP_URL", mail), ("RATE_LIMIT", "off".to_owned())];
    always.into_iter().chain(more).collect()
}

/// What runs.
#[derive(Debug)]
pub(super) enum House {
    One(Box<One>),
    Six(Box<Six>),
}

/// Everything in one process.
#[derive(Debug)]
pub(super) struct One {
    database: TestDatabase,
    installation: Installation,
    settings: Settings,
    operators: String,
    server: Server,
}

/// Two `web`, two `pipelines`, a `search` and an `analytics`.
#[derive(Debug)]
pub(super) struct Six {
    several: Several,
    /// The first one, and one that passes searches and reports on.
    webs: [Part; 2],
    pipelines: Vec<Part>,
    services: [Part; 2],
    /// Where checkpoints of the audit are kept.
    _objects: TempDir,
}

impl House {
    pub(super) async fn one(more: Settings) -> Self {
        let database = TestDatabase::new().await;
        let installation = Installation::on(&database);
        let (settings, operators) = (settings(more), free_address());
        let mut command = installation.command::<&str>(&[]);
        command.env("MILLSTREAM_ADMIN_LISTEN", &operators);
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        let server = Server::start(command).await;
        Self::One(Box::new(One {
            database,
            installation,
            settings,
            operators,
            server,
        }))
    }

    pub(super) async fn six(more: Settings) -> Self {
        let objects = TempDir::new().unwrap();
        let mut settings = settings(more);
        let url = format!("file://{}", objects.path().display());
        settings.push(("OBJECT_STORE_URL", url));
        let several = Several::with(settings).await;
        let web = several.first_web().await;
        let pipelines = vec![several.pipelines().await, several.pipelines().await];
        let services = [several.search().await, several.analytics().await];
        let other = several.web_with_services(&services[0], &services[1]).await;
        Self::Six(Box::new(Six {
            several,
            webs: [web, other],
            pipelines,
            services,
            _objects: objects,
        }))
    }

    pub(super) fn database(&self) -> &TestDatabase {
        match self {
            Self::One(one) => &one.database,
            Self::Six(six) => &six.several.database,
        }
    }

    /// Where the first person registers.
    pub(super) fn first(&self) -> &Server {
        match self {
            Self::One(one) => &one.server,
            Self::Six(six) => &six.webs[0].server,
        }
    }

    /// Where people come in; the last one answers searches and reports.
    pub(super) fn doors(&self) -> Vec<Api> {
        match self {
            Self::One(one) => vec![one.server.api().clone()],
            Self::Six(six) => six
                .webs
                .iter()
                .map(|web| web.server.api().clone())
                .collect(),
        }
    }

    /// The addresses at which operators ask those processes for metrics that run pipelines.
    fn operators(&self) -> Vec<Api> {
        let six = match self {
            Self::One(one) => return vec![Api::new(&format!("http://{}", one.operators))],
            Self::Six(six) => six,
        };
        let parts = six.pipelines.iter().chain(&six.services);
        let addresses = parts.map(|part| part.server.told_address("Health and metrics"));
        addresses.map(|address| Api::new(&address)).collect()
    }

    /// Waits until each process that reads the log has read some of it in this mirror.
    pub(super) async fn reads_in(&self, mirror: &str) {
        let read = format!("millstream_log_records_total{{log=\"{mirror}\",from=\"mirror\"}}");
        for operators in self.operators() {
            let has_read = async || {
                let metrics = operators.get("/metrics").await.expect(200);
                metrics.text().contains(&read)
            };
            let what = format!("a process reads the log in {mirror}");
            until(&what, has_read).await;
        }
    }

    /// Waits until the first door tells this of a part of it.
    pub(super) async fn tells(&self, part: &str, state: &str) {
        let tells = async || {
            let ready = self.first().api().get("/health/ready").await.expect(200);
            ready.json()["parts"][part] == state
        };
        until(&format!("{part} is told to be {state}"), tells).await;
    }

    /// Kills one of the processes that share the pipelines, once they do share them.
    pub(super) async fn kill_pipelines(&mut self) {
        let Self::Six(six) = self else {
            panic!("one process cannot do without its pipelines");
        };
        let shared = async || six.several.owners().await.len() == 2;
        until("both processes run pipelines", shared).await;
        six.pipelines.remove(0).server.kill();
    }

    /// Whether one of its processes was killed.
    pub(super) fn has_lost_one(&self) -> bool {
        matches!(self, Self::Six(six) if six.pipelines.len() < 2)
    }

    /// Stops everything as a service manager does, and has the audit verified that stays.
    pub(super) async fn stop(self) {
        let verified = match self {
            Self::One(one) => one.stop().await,
            Self::Six(six) => six.stop().await,
        };
        let verified = verified.expect(0).says("Nothing was changed.");
        verified.conceals("There is no checkpoint");
    }
}

impl One {
    async fn stop(self) -> Ended {
        assert_eq!(self.server.stop().await.code(), Some(0));
        let mut verify: Command = self.installation.command(&["audit", "verify"]);
        verify.envs(self.settings);
        ended(verify).await
    }
}

impl Six {
    async fn stop(self) -> Ended {
        let (webs, services) = (self.webs.into_iter(), self.services.into_iter());
        let mut installations = Vec::new();
        for part in webs.chain(services).chain(self.pipelines) {
            assert_eq!(part.server.stop().await.code(), Some(0));
            installations.push(part.installation);
        }
        // Of a process that held the keys, as the first one did.
        let verify = ["audit", "verify"];
        self.several.run_on(&installations[0], &verify, &[]).await
    }
}
