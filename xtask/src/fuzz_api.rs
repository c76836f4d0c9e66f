//! `fuzz-api`: tries out the whole API with schemathesis (`PyPI`), from the document that the server itself gives out: every
//! check, single requests and chains of them, as anonymous, viewer, member and admin. Each role gets a product of its own,
//! with a fresh database and the same small world in it (`world.py`); what schemathesis cannot know (who asks, which ids
//! there are, which refusals are right) stands in `hooks.py`.
//!
//! Fails on any 5xx, any status, content type or form of an answer that is not in the document, any route that answers
//! without the log-in it wants, and any request that is taken or refused against its schema. Everything is kept in
//! `target/fuzz-api`.

mod product;
mod report;

use crate::fuzz_api::product::{Product, program};
use crate::fuzz_api::report::{Findings, Report};
use crate::process::{self, Leashed};
use crate::python::{Python, Tool};
use crate::repo::Repo;
use crate::services::{Durability, POSTGRES, Private};
use crate::steps::Outcome;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Examples of each operation in the short form: with those that schemathesis makes of the document itself, some
/// thousands of requests in a quarter of a minute.
const EXAMPLES_SHORT: u32 = 5;
/// The short form tries the same cases every time.
const SEED_SHORT: u128 = 1;
/// Whom the short form asks as: nobody, and somebody who may read and write.
const ROLES_SHORT: [Role; 2] = [Role::Anonymous, Role::Member];
/// What is no exchange of a request and an answer: web sockets, and streams that never end.
const LEFT_OUT: &str = "/ws/|/(live|stream)$";
/// How much of what schemathesis says about failures is shown.
const SHOWN_LINES: usize = 200;

/// Every package with its version: a run next year tries the same cases.
const SCHEMATHESIS: Tool = Tool {
    name: "schemathesis",
    requirements: include_str!("fuzz_api/requirements.txt"),
    options: &[],
};

/// What can be chosen.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Examples per operation.
    #[arg(long, default_value_t = 300)]
    examples: u32,
    /// As whom to ask; all of them, one after the other, if none is named.
    #[arg(long = "role", value_enum)]
    roles: Vec<Role>,
    /// Try the cases of an earlier run again.
    #[arg(long)]
    seed: Option<u128>,
    /// Passed on to `schemathesis run`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    /// Nobody.
    Anonymous,
    /// Sees two teams.
    Viewer,
    /// Writes in two teams.
    Member,
    /// May everything.
    Admin,
}

/// Runs it; the last line sums up.
pub(crate) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    let python = Python::find_or_install(&SCHEMATHESIS)?;
    process::run(&mut repo.cargo(["build", "--package", "millstream"]))?;
    let services = Private::start(&[POSTGRES], Durability::None)?;
    let roles = match options.roles.as_slice() {
        [] => Role::value_variants(),
        some => some,
    };
    let findings = fuzz(repo, &python, &services, roles, options)?;
    findings.print();
    println!("\nreports are in {}", repo.show(&folder(repo)?));
    println!("fuzz-api: {}", findings.summary());
    Ok(if findings.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The short form, a part of `test`: with the program that the tests have just built, on their services.
pub(crate) fn short(repo: &Repo, services: &Private) -> Result<Outcome> {
    let python = match Python::find_or_install(&SCHEMATHESIS) {
        Ok(python) => python,
        Err(missing) => return Ok(Outcome::LeftOut(format!("{missing:#}"))),
    };
    let options = Options {
        examples: EXAMPLES_SHORT,
        roles: Vec::new(),
        seed: Some(SEED_SHORT),
        args: Vec::new(),
    };
    let findings = fuzz(repo, &python, services, &ROLES_SHORT, &options)?;
    if findings.is_clean() {
        return Ok(Outcome::Ok(findings.summary()));
    }
    findings.print();
    Ok(Outcome::Failed(findings.summary()))
}

fn fuzz(
    repo: &Repo,
    python: &Python,
    services: &Private,
    roles: &[Role],
    options: &Options,
) -> Result<Findings> {
    let program = program(repo, &folder(repo)?)?;
    let mut findings = Findings::default();
    for role in roles {
        let run = Run {
            repo,
            python,
            options,
            role: role
                .to_possible_value()
                .context("a role has a name")?
                .get_name()
                .to_owned(),
            folder: folder(repo)?,
        };
        let mut product = Product::start(&program, services, &run.file("log"))?;
        run.tried(&mut product, &mut findings)?;
    }
    Ok(findings)
}

fn folder(repo: &Repo) -> Result<PathBuf> {
    let folder = repo.target()?.join("fuzz-api");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// One role's run.
struct Run<'a> {
    repo: &'a Repo,
    python: &'a Python,
    options: &'a Options,
    role: String,
    folder: PathBuf,
}

impl Run<'_> {
    /// A file of this run.
    fn file(&self, extension: &str) -> PathBuf {
        self.folder.join(format!("{}.{extension}", self.role))
    }

    fn source(&self, name: &str) -> PathBuf {
        self.repo.path("xtask/src/fuzz_api").join(name)
    }

    fn tried(&self, product: &mut Product, findings: &mut Findings) -> Result<()> {
        let world = self.file("world.json");
        let mut make = self.python.command("python");
        make.arg(self.source("world.py"))
            .arg(product.url())
            .arg(&world);
        process::output(&mut make).context("the world could not be made")?;
        let (text, report) = (self.file("txt"), self.file("report.json"));
        fs::remove_file(&report).ok();
        self.schemathesis(product.url(), &world, &text, &report)?;
        let report = Report::read(&report).with_context(|| shown(&text))?;
        findings.add(&self.role, report);
        if !findings.is_clean() {
            eprintln!("{}", shown(&text));
        }
        if !product.is_up()? {
            findings.trouble(&self.role, "the server died");
            bail!(
                "the server died, see \"{}\"",
                self.repo.show(&self.file("log"))
            );
        }
        Ok(())
    }

    fn schemathesis(&self, url: &str, world: &Path, text: &Path, report: &Path) -> Result<()> {
        let mut command = self.python.command("schemathesis");
        command
            .current_dir(&self.folder)
            .env("SCHEMATHESIS_HOOKS", self.source("hooks.py"))
            .env("MILLSTREAM_FUZZ_WORLD", world)
            .env("MILLSTREAM_FUZZ_ROLE", &self.role)
            .env("MILLSTREAM_FUZZ_URL", url)
            .arg("--config-file")
            .arg(self.source("schemathesis.toml"))
            .arg("run")
            .arg(format!("{url}/api/v1/openapi.json"))
            .args(["--exclude-path-regex", LEFT_OUT])
            .args(["--no-color", "--report", "json", "--report-json-path"])
            .arg(report)
            .arg("--max-examples")
            .arg(self.options.examples.to_string());
        if let Some(seed) = self.options.seed {
            command.arg("--seed").arg(seed.to_string());
        }
        command.args(&self.options.args);
        let output = File::create(text)?;
        command.stdout(output.try_clone()?).stderr(output);
        // What it found is in its report; its status says no more.
        Leashed::spawn(&mut command)?.wait().map(drop)
    }
}

/// The part of its output that is about failures, or all of it.
fn shown(text: &Path) -> String {
    let text = fs::read_to_string(text).unwrap_or_default();
    let start = text
        .find("= FAILURES =")
        .or_else(|| text.find("= ERRORS ="));
    let lines: Vec<_> = text[start.unwrap_or(0)..].lines().collect();
    let more = match lines.len().saturating_sub(SHOWN_LINES) {
        0 => String::new(),
        more => format!("\n… and {more} lines more"),
    };
    lines[..lines.len().min(SHOWN_LINES)].join("\n") + &more
}
