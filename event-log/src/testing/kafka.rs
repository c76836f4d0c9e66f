//! For tests, here and in other crates: topics of their own on a Kafka that tests share, or a broker of their own that they
//! may kill and wipe.
//!
//! `cargo xtask test` starts a real broker. Where there is none, the one that comes with librdkafka stands in: it lives in
//! the process, and cannot do everything.

use crate::backends::kafka::client::{self, Told};
use crate::backends::kafka::message::Form;
use crate::backends::kafka::place::Probe;
use crate::backends::kafka::{Kafka, topics as mirror_topics};
use crate::error::MirrorError;
use crate::record::Record;
use crate::topic::Topic;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::{Offset, TopicPartitionList};
use std::ffi::OsString;
use std::fmt::{self, Debug};
use std::hash::{BuildHasher, RandomState};
use std::net::{TcpListener, TcpStream};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a broker of a test may take to answer, on the slowest machine.
const START_TIME_MAX: Duration = Duration::from_mins(1);
/// How often it is asked meanwhile.
const POLL: Duration = Duration::from_millis(50);

/// How long a broker may take to deliver what it has.
const DELIVERY_MAX: Duration = Duration::from_secs(10);

/// Kills the broker when its own input ends: when the test does it, and when the test dies.
const KEEP: &str = "\"$@\" </dev/null & cat >/dev/null; kill -s KILL $!; wait $!";

/// The topics of one test.
pub struct TestKafka {
    /// Where they are.
    pub kafka: Kafka,
    /// The broker, where it is in this process.
    mock: Option<MockCluster<'static, DefaultProducerContext>>,
}

impl Debug for TestKafka {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestKafka")
            .field("kafka", &self.kafka)
            .field("is_real", &self.is_real())
            .finish_non_exhaustive()
    }
}

impl TestKafka {
    /// A prefix of the test's own, on the broker that tests share. There are no topics yet, on a real one.
    ///
    /// # Panics
    /// When not even the broker in this process can be started.
    #[must_use]
    pub fn new(partitions: u16) -> Self {
        let partitions = NonZeroU16::new(partitions).expect("a topic has partitions");
        let shared = std::env::var("TEST_KAFKA_BROKERS")
            .ok()
            .filter(|it| !it.is_empty());
        let mock = shared
            .is_none()
            .then(|| MockCluster::new(1).expect("it needs no more than memory"));
        let brokers = mock.as_ref().map(MockCluster::bootstrap_servers);
        let brokers = shared.or(brokers).expect("there is one of them");
        let prefix = format!("test-{:016x}.", RandomState::new().hash_one(()));
        let kafka = Kafka::at(&brokers, &prefix, partitions);
        if let Some(mock) = &mock {
            for topic in Topic::ALL {
                mock.create_topic(&kafka.topic(topic), partitions.get().into(), 1)
                    .expect("the name is free");
            }
        }
        Self { kafka, mock }
    }

    /// Whether the broker is a real one.
    #[must_use]
    pub fn is_real(&self) -> bool {
        self.mock.is_none()
    }
}

/// Topics of the test's own.
///
/// # Panics
/// When the broker does not make them.
pub async fn topics(partitions: u16) -> TestKafka {
    let topics = TestKafka::new(partitions);
    mirror_topics::make_missing(&topics.kafka)
        .await
        .expect("the broker makes topics");
    topics
}

/// Every record in the topics, each partition in its order, as often as it is there. It waits for the broker, which may be away,
/// or about to remove what is asked for.
///
/// # Errors
/// When the broker does not answer, or a message is none of ours.
pub fn held(kafka: &Kafka) -> Result<Vec<Record>, MirrorError> {
    let ends = Probe::new(kafka, || false)?.ends()?;
    let mut places = TopicPartitionList::new();
    for end in &ends {
        places
            .add_partition_offset(&end.topic, end.partition, Offset::Offset(end.low))
            .map_err(client::unavailable)?;
    }
    let mut config = client::any(kafka);
    config.set("group.id", "a-test");
    let consumer: BaseConsumer<Told> = config
        .create_with_context(Told)
        .map_err(client::unavailable)?;
    consumer.assign(&places).map_err(client::unavailable)?;
    let form = Form::of(kafka.clone());
    let mut missing: i64 = ends.iter().map(|end| end.high - end.low).sum();
    let mut held = Vec::new();
    while missing > 0 {
        let silence = KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut);
        let message = consumer.poll(DELIVERY_MAX).unwrap_or(Err(silence));
        held.push(form.read(&message.map_err(client::unavailable)?)?);
        missing -= 1;
    }
    Ok(held)
}

/// What broker a test wants: one that lets everybody in, or one that asks for a user and a password.
#[derive(Debug, Clone, Copy)]
pub enum Door {
    /// Everybody comes in.
    Open,
    /// Who has this name and this password; they travel as they are.
    Login(&'static str, &'static str),
}

impl Door {
    fn protocol(self) -> &'static str {
        match self {
            Self::Open => "PLAINTEXT",
            Self::Login(..) => "SASL_PLAINTEXT",
        }
    }

    /// What the broker is told of who may come in.
    fn settings(self) -> String {
        match self {
            Self::Open => String::new(),
            Self::Login(name, password) => format!(
                "sasl.enabled.mechanisms=PLAIN\n\
                 sasl.mechanism.inter.broker.protocol=PLAIN\n\
                 listener.name.sasl_plaintext.plain.sasl.jaas.config=\
                 org.apache.kafka.common.security.plain.PlainLoginModule required \
                 username=\"{name}\" password=\"{password}\" user_{name}=\"{password}\";\n"
            ),
        }
    }
}

/// A broker that belongs to one test. It takes some seconds to start.
#[derive(Debug)]
pub struct OwnBroker {
    door: Door,
    port: u16,
    controller: u16,
    libraries: PathBuf,
    folder: PathBuf,
    process: Option<Child>,
}

impl OwnBroker {
    /// Starts one; `None`, and a line on standard error, where Kafka is not to be had.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::behind(Door::Open)
    }

    /// The same with a door.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn behind(door: Door) -> Option<Self> {
        let Some(libraries) = std::env::var_os("TEST_KAFKA_LIBRARIES") else {
            eprintln!(
                "left out: this test kills a broker of its own, and TEST_KAFKA_LIBRARIES (set by `cargo xtask test`) does \
                 not say where Kafka's jars are"
            );
            return None;
        };
        let folder = std::env::temp_dir().join(format!(
            "millstream-kafka-{:016x}",
            RandomState::new().hash_one(())
        ));
        std::fs::create_dir(&folder).expect("a folder for the broker");
        let mut broker = Self {
            door,
            port: free_port(),
            controller: free_port(),
            libraries: libraries.into(),
            folder,
            process: None,
        };
        broker.wipe();
        broker.restart();
        Some(broker)
    }

    /// Its address, the same after a restart.
    #[must_use]
    pub fn brokers(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Kills it, without a chance to say good-bye.
    ///
    /// # Panics
    /// When the system does not let us.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            drop(process.stdin.take());
            process.wait().expect("it ends");
        }
    }

    /// Empties it, once it was killed: what starts next is a new cluster.
    ///
    /// # Panics
    /// When the folder cannot be written to.
    pub fn wipe(&mut self) {
        assert!(self.process.is_none(), "it was killed");
        // There is nothing before the first start.
        let _ = std::fs::remove_dir_all(self.folder.join("data"));
        let (port, controller) = (self.port, self.controller);
        let (protocol, door) = (self.door.protocol(), self.door.settings());
        let settings = format!(
            "process.roles=broker,controller\n\
             node.id=1\n\
             controller.quorum.voters=1@127.0.0.1:{controller}\n\
             listeners={protocol}://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
             advertised.listeners={protocol}://127.0.0.1:{port}\n\
             controller.listener.names=CONTROLLER\n\
             inter.broker.listener.name={protocol}\n\
             listener.security.protocol.map={protocol}:{protocol},CONTROLLER:PLAINTEXT\n\
             {door}\
             log.dirs={data}\n\
             offsets.topic.num.partitions=1\n\
             offsets.topic.replication.factor=1\n",
            data = self.folder.join("data").display(),
        );
        std::fs::write(self.settings(), settings).expect("the folder is ours");
        // Twenty-two letters and digits: an id of sixteen bytes, as Kafka writes them.
        let id = format!("{:016x}abcdeA", RandomState::new().hash_one(()));
        let call = self.java("kafka.tools.StorageTool");
        let mut format = Command::new(&call[0]);
        format.args(&call[1..]).args(["format", "-t", &id, "-c"]);
        let formatted = format.arg(self.settings()).output();
        let formatted = formatted.expect("java is in PATH");
        assert!(formatted.status.success(), "{formatted:?}");
    }

    /// Starts it again, with what it still has, and waits until it answers.
    ///
    /// # Panics
    /// When it does not.
    pub fn restart(&mut self) {
        self.kill();
        let mut server = Command::new("sh");
        server.args(["-c", KEEP, "broker"]);
        server.args(self.java("kafka.Kafka")).arg(self.settings());
        server.stdin(Stdio::piped());
        let quiet = server.stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(quiet.spawn().expect("there is a shell"));
        let until = Instant::now() + START_TIME_MAX;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < until, "the broker does not start");
            std::thread::sleep(POLL);
        }
    }

    fn settings(&self) -> PathBuf {
        self.folder.join("server.properties")
    }

    /// A call of one of Kafka's programs.
    fn java(&self, program: &str) -> Vec<OsString> {
        let words = ["java", "-Xmx384m", "-XX:TieredStopAtLevel=1", "-cp"];
        let mut call: Vec<OsString> = words.map(OsString::from).into();
        call.push(self.libraries.join("*").into());
        call.push(program.into());
        call
    }
}

impl Drop for OwnBroker {
    fn drop(&mut self) {
        self.kill();
        // What stays lies in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
    listener.local_addr().expect("it has an address").port()
}
