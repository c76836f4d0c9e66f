//! Kafka's jars: fetched with Maven into the cache folder, so that each version is fetched once.

use crate::process;
use crate::python;
use crate::services::{TEST_KAFKA_BROKERS, packages};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// The version of the broker.
const VERSION: &str = "4.1.1";
/// What Debian calls Java and Maven.
const PACKAGES: [&str; 2] = ["openjdk-17-jre-headless", "maven"];
/// Written last: a folder without it was not finished.
const FINISHED: &str = "fetched.txt";

/// The broker, and what it says its log with.
const POM: &str = r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>millstream</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>VERSION</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"#;

/// The jars, and what runs them.
pub(crate) struct Jars {
    pub(crate) java: PathBuf,
    folder: PathBuf,
}

impl Jars {
    /// The jars; fetched first where they are not there yet.
    pub(crate) fn find_or_fetch() -> Result<Self> {
        let jars = Self {
            java: find_or_install("java")?,
            folder: python::cache()?.join(format!("kafka-{VERSION}")),
        };
        if !jars.folder.join(FINISHED).is_file() {
            jars.fetch()?;
        }
        Ok(jars)
    }

    /// What Java is told of where they are.
    pub(crate) fn class_path(&self) -> OsString {
        self.folder.join("*").into_os_string()
    }

    /// The folder that they are in.
    pub(crate) fn folder(&self) -> String {
        self.folder.display().to_string()
    }

    fn fetch(&self) -> Result<()> {
        let maven = find_or_install("mvn")?;
        let folder = &self.folder;
        // What an attempt left that did not get far.
        fs::remove_dir_all(folder).ok();
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make \"{}\"", folder.display()))?;
        eprintln!("fetching Kafka {VERSION} into {}", folder.display());
        let pom = folder.join("pom.xml");
        fs::write(&pom, POM.replace("VERSION", VERSION))?;
        let mut copy = Command::new(maven);
        copy.args(["--batch-mode", "--quiet", "--file"]).arg(&pom);
        copy.arg("dependency:copy-dependencies");
        copy.arg(format!("-DoutputDirectory={}", folder.display()));
        process::output(&mut copy).context("Kafka could not be fetched from Maven's registry")?;
        fs::write(folder.join(FINISHED), VERSION)?;
        Ok(())
    }
}

/// A program of Java's; installed first where that takes nothing but root on Debian.
fn find_or_install(program: &str) -> Result<PathBuf> {
    if let Some(file) = process::in_path(program) {
        return Ok(file);
    }
    packages::install_where_we_may("Java", &PACKAGES)?;
    let Some(file) = process::in_path(program) else {
        bail!(
            "`{program}` is needed for Kafka and was not found in PATH. Install Java 17 or newer and Maven (Debian, \
             Ubuntu: `apt-get install {}` as root), or set {TEST_KAFKA_BROKERS} to the address of a broker that tests \
             may make topics on",
            PACKAGES.join(" ")
        );
    };
    Ok(file)
}
