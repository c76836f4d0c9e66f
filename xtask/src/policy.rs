//! The part of deny.toml that can be held with nothing but cargo: licences, banned crates, sources.
//! It stands in where cargo-deny is not installed, so that a fresh machine checks them too.
//! Advisories need cargo-deny and the network.

mod deny_toml;
mod licence;

use crate::policy::deny_toml::Policy;
use crate::process;
use crate::repo::Repo;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// How cargo names the one registry that dependencies may come from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// A package as `cargo metadata` tells it.
#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    /// None for our own.
    source: Option<String>,
    license: Option<String>,
    /// Who brings it.
    #[serde(skip)]
    brought_by: BTreeSet<String>,
}

/// Says what is against the policy, a line each.
pub(crate) fn check(repo: &Repo) -> Result<Vec<String>> {
    let path = repo.path("deny.toml");
    let text = std::fs::read_to_string(&path).context("cannot read deny.toml")?;
    let policy = Policy::read(&text)?;
    let packages = dependencies(repo)?;
    Ok(packages
        .iter()
        .flat_map(|package| against(&policy, package))
        .collect())
}

/// What is built on this machine; as deny.toml's `[graph]` says for the platforms that are
/// supported.
fn dependencies(repo: &Repo) -> Result<Vec<Package>> {
    let version = process::output(&mut repo.cargo(["-vV"]))?;
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("`cargo -vV` does not say what machine this is")?;
    let metadata = repo.metadata(&[
        "metadata",
        "--format-version=1",
        "--locked",
        "--all-features",
        "--filter-platform",
        host,
    ])?;
    let graph = metadata.resolve.unwrap_or_default();
    let mut packages: Vec<Package> = metadata.packages;
    let names: BTreeMap<_, _> = packages
        .iter()
        .map(|it| (it.id.clone(), it.name.clone()))
        .collect();
    let mut brought: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (by, id) in graph.edges() {
        brought
            .entry(id)
            .or_default()
            .extend(names.get(by).cloned());
    }
    for package in &mut packages {
        package.brought_by = brought.remove(&*package.id).unwrap_or_default();
    }
    packages.retain(|package| package.source.is_some());
    Ok(packages)
}

fn against(policy: &Policy, package: &Package) -> Vec<String> {
    let mut lines = Vec::new();
    let mut complain = |what: &str| {
        lines.push(format!("{} {}: {what}", package.name, package.version));
    };
    let is_banned = policy
        .banned
        .get(&package.name)
        .is_some_and(|wrappers| wrappers.is_empty() || !package.brought_by.is_subset(wrappers));
    if is_banned {
        complain("banned in deny.toml, [bans]; `cargo tree -i` tells who brings it");
    }
    if package.source.as_deref() != Some(REGISTRY) {
        complain("does not come from the registry");
    }
    let clarified = policy.clarified.get(&package.name);
    match clarified.or(package.license.as_ref()) {
        None => complain("names no licence; find out, and add it to [[licenses.clarify]]"),
        Some(expression) if licence::is_allowed(expression, &policy.licences) => {}
        Some(expression) => {
            complain(&format!(
                "its licence \"{expression}\" is not in deny.toml, [licenses] allow"
            ));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{Package, Policy, REGISTRY, against};

    const POLICY: &str = "[licenses]\nallow = [\"MIT\"]\n[bans]\ndeny = [\n\
                          { crate = \"bad\" },\n\
                          { crate = \"odd\", wrappers = [\"good\"] },\n]\n";

    fn check(name: &str, source: &str, license: Option<&str>, complaints: usize) {
        check_brought(name, "good", source, license, complaints);
    }

    fn check_brought(name: &str, by: &str, source: &str, license: Option<&str>, complaints: usize) {
        let package = Package {
            id: name.into(),
            brought_by: [by.to_owned()].into(),
            name: name.into(),
            version: "1.0.0".into(),
            source: Some(source.into()),
            license: license.map(Into::into),
        };
        let policy = Policy::read(POLICY).unwrap();
        assert_eq!(against(&policy, &package).len(), complaints, "{name}");
    }

    #[test]
    fn each_rule_is_held() {
        check("good", REGISTRY, Some("MIT OR GPL-3.0"), 0);
        check("bad", REGISTRY, Some("MIT"), 1);
        check("odd", REGISTRY, Some("MIT"), 0);
        check_brought("odd", "another", REGISTRY, Some("MIT"), 1);
        check("good", "git+https://example.org/good", Some("MIT"), 1);
        check("good", REGISTRY, Some("GPL-3.0"), 1);
        check("good", REGISTRY, None, 1);
    }
}
