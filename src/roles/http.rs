//! What the settings say about HTTP, as `ingest-api` understands it.

use crate::config::{RateLimit, Registration, Settings, check_setup_secret};
use crate::data_dir::DataDir;
use crate::usage::Usage;
use anyhow::{Context, Result};
use millstream_ingest_api::settings::{CorsOrigin, IpNet, LiveLimits, RateLimits, Secret};
use millstream_ingest_api::{Service, Services};
use std::net::{IpAddr, SocketAddr};

/// Of a process that people come to, at this address unless the settings know another one.
pub(super) fn of_web(
    settings: &Settings,
    data: &DataDir,
    address: SocketAddr,
) -> Result<millstream_ingest_api::Settings> {
    let setup_secret = match &settings.setup_secret {
        Some(secret) => {
            check_setup_secret(secret).map_err(Usage::because)?;
            secret.clone()
        }
        None => data.setup_secret()?,
    };
    let public_url = match &settings.public_url {
        Some(url) => url.clone(),
        None => format!("http://{address}"),
    };
    Ok(millstream_ingest_api::Settings {
        setup_secret: Secret::new(setup_secret),
        ..of_part(settings, public_url)?
    })
}

/// Of a process that people do not come to: nobody registers there.
pub(super) fn of_part(
    settings: &Settings,
    public_url: String,
) -> Result<millstream_ingest_api::Settings> {
    Ok(millstream_ingest_api::Settings {
        public_url,
        public_url_given: settings.public_url.is_some(),
        setup_secret: Secret::new(""),
        registration_open: settings.registration == Registration::Open,
        trusted_proxies: trusted_proxies(settings)?,
        rate_limits: rate_limits(settings),
        live: live_limits(settings),
        cors_origins: cors_origins(settings)?,
    })
}

/// The services that run elsewhere.
pub(super) fn services(settings: &Settings) -> Result<Services> {
    let service = |name, url: &Option<String>| {
        let service = url.as_ref().map(|url| Service::at(name, url));
        service.transpose().context("a client for the services")
    };
    Ok(Services {
        search: service("search", &settings.search_url)?,
        analytics: service("analytics", &settings.analytics_url)?,
    })
}

/// How often people may ask; `None` where nobody is held up.
fn rate_limits(settings: &Settings) -> Option<RateLimits> {
    let switch = settings.rate_limit.or(settings.millstream_rate_limit);
    if switch == Some(RateLimit::Off) {
        return None;
    }
    let usual = RateLimits::default();
    Some(RateLimits {
        person: settings.rate_limit_person.unwrap_or(usual.person),
        address: settings.rate_limit_address.unwrap_or(usual.address),
        log_in: settings.rate_limit_log_in.unwrap_or(usual.log_in),
        ..usual
    })
}

/// How many live connections somebody may have.
fn live_limits(settings: &Settings) -> LiveLimits {
    let usual = LiveLimits::default();
    LiveLimits {
        person: settings.live_person.unwrap_or(usual.person),
        address: settings.live_address.unwrap_or(usual.address),
        ..usual
    }
}

/// The sites whose scripts may use the API.
fn cors_origins(settings: &Settings) -> Result<Vec<CorsOrigin>> {
    let origin = |text: &String| {
        text.trim()
            .parse()
            .map_err(|error| Usage::because(format!("--cors-origins: \"{text}\" {error}")))
    };
    settings.cors_origins.iter().map(origin).collect()
}

/// The proxies that say where requests come from: networks, or single addresses.
fn trusted_proxies(settings: &Settings) -> Result<Vec<IpNet>> {
    let network = |text: &String| {
        let text = text.trim();
        let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
        let network = text.parse().ok().or_else(address);
        network.ok_or_else(|| {
            let error = format!(
                "--trusted-proxies: \"{text}\" is not a network such as 10.0.0.0/8, nor an address"
            );
            Usage::because(error)
        })
    };
    settings.trusted_proxies.iter().map(network).collect()
}
