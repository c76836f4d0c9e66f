//! What the settings say about HTTP, as `ingest-api` understands it.

use crate::config::{RateLimit, Settings};
use crate::usage::Usage;
use anyhow::Result;
use millstream_ingest_api::settings::{CorsOrigin, IpNet, LiveLimits, RateLimits};
use std::net::IpAddr;

/// How often people may ask; `None` where nobody is held up.
pub(super) fn rate_limits(settings: &Settings) -> Option<RateLimits> {
    let switch = settings.rate_limit.or(settings.millstream_rate_limit);
    if switch == Some(RateLimit::Off) {
        return None;
    }
    let usual = RateLimits::default();
    Some(RateLimits {
        person: settings.rate_limit_person.unwrap_or(usual.person),
        address: settings.rate_limit_address.unwrap_or(usual.address),
        log_in: settings.rate_limit_log_in.unwrap_or(usual.log_in),
    })
}

/// How many live connections somebody may have.
pub(super) fn live_limits(settings: &Settings) -> LiveLimits {
    let usual = LiveLimits::default();
    LiveLimits {
        person: settings.live_person.unwrap_or(usual.person),
        address: settings.live_address.unwrap_or(usual.address),
        ..usual
    }
}

/// The sites whose scripts may use the API.
pub(super) fn cors_origins(settings: &Settings) -> Result<Vec<CorsOrigin>> {
    let origin = |text: &String| {
        text.trim()
            .parse()
            .map_err(|error| Usage::because(format!("--cors-origins: \"{text}\" {error}")))
    };
    settings.cors_origins.iter().map(origin).collect()
}

/// The proxies that say where requests come from: networks, or single addresses.
pub(super) fn trusted_proxies(settings: &Settings) -> Result<Vec<IpNet>> {
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
