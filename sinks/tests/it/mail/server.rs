//! A mail server for tests: does what its script says, one line for each conversation, and remembers what it was told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// How a conversation goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Script {
    /// Takes the mail.
    Accept,
    /// Answers this to the command that begins so; `DATA.` is the end of the mail.
    Answer(&'static str, &'static str),
    /// Says nothing any more from this command on.
    Hang(&'static str),
    /// Says nothing at all.
    Silent,
    /// Takes the mail, and breaks off before it says so.
    BreakOff,
}

/// What was said in one conversation.
#[derive(Debug, Default, Clone)]
pub(crate) struct Heard {
    /// The commands.
    pub(crate) commands: Vec<String>,
    /// The mail, as it came, without the dots that the transfer adds.
    pub(crate) mail: Option<String>,
    /// Whether it was taken.
    pub(crate) is_taken: bool,
}

/// The server.
#[derive(Debug)]
pub(crate) struct TestServer {
    port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
    _tasks: JoinSet<()>,
}

impl TestServer {
    /// A server whose conversations go so, one after the other; after those it takes everything.
    pub(crate) async fn new(scripts: &[Script]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        let mut scripts: VecDeque<Script> = scripts.iter().copied().collect();
        let all = Arc::clone(&heard);
        tasks.spawn(async move {
            let mut conversations = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let script = scripts.pop_front().unwrap_or(Script::Accept);
                let place = {
                    let mut all = all.lock().unwrap();
                    all.push(Heard::default());
                    all.len() - 1
                };
                conversations.spawn(talk(stream, script, Arc::clone(&all), place));
            }
        });
        Self {
            port,
            heard,
            _tasks: tasks,
        }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}?tls=none", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// All conversations so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// The mails that it has taken.
    pub(crate) fn mails(&self) -> Vec<String> {
        let taken = self.heard().into_iter().filter(|heard| heard.is_taken);
        taken.map(|heard| heard.mail.unwrap()).collect()
    }
}

async fn talk(stream: TcpStream, script: Script, all: Arc<Mutex<Vec<Heard>>>, place: usize) {
    let mut stream = BufReader::new(stream);
    let note = |write: &dyn Fn(&mut Heard)| write(&mut all.lock().unwrap()[place]);
    if matches!(script, Script::Silent) {
        std::future::pending::<()>().await;
    }
    say(&mut stream, "220 mill.test ready").await;
    while let Some(line) = line(&mut stream).await {
        note(&|heard| heard.commands.push(line.clone()));
        let mut answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => "250-mill.test\r\n250 8BITMIME",
            "DATA" => "354 go on",
            "QUIT" => "221 good-bye",
            _ => "250 fine",
        };
        match script {
            Script::Hang(command) if line.starts_with(command) => std::future::pending().await,
            Script::Answer(command, other) if line.starts_with(command) => answer = other,
            _ => {}
        }
        say(&mut stream, answer).await;
        if answer.starts_with("354") {
            let mail = mail(&mut stream).await;
            note(&|heard| heard.mail = Some(mail.clone()));
            let answer = match script {
                Script::BreakOff => return,
                Script::Answer("DATA.", other) => other,
                _ => "250 taken",
            };
            note(&|heard| heard.is_taken = answer.starts_with("250"));
            say(&mut stream, answer).await;
        }
    }
}

async fn say(stream: &mut BufReader<TcpStream>, text: &str) {
    let line = format!("{text}\r\n");
    // A client that has gone hears nothing.
    let _ = stream.write_all(line.as_bytes()).await;
}

async fn line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    match stream.read_line(&mut line).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(line.trim_end().to_owned()),
    }
}

/// The mail up to the dot that stands alone.
async fn mail(stream: &mut BufReader<TcpStream>) -> String {
    let mut mail = String::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        assert!(line.ends_with("\r\n"), "a line that does not end: {line:?}");
        if line == ".\r\n" {
            return mail;
        }
        mail.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
