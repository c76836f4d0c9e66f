//! The network of a browser: there, gone, or slow.

use crate::chromium::Chromium;
use anyhow::Result;
use serde_json::json;

/// What the console says of a request that finds no network.
const GONE: &str = "net::ERR_INTERNET_DISCONNECTED";
/// The same of one that is not let through.
const BLOCKED: &str = "net::ERR_BLOCKED_BY_CLIENT";
/// No limit, as the protocol writes it.
const FULL: i64 = -1;

impl Chromium {
    /// The network goes away, or comes back.
    pub async fn set_offline(&self, offline: bool) -> Result<()> {
        self.expect_trouble(GONE);
        self.network(offline, 0, FULL).await
    }

    /// Requests for an address that ends like this fail from now on; with none, all go through again.
    pub async fn block(&self, end: Option<&str>) -> Result<()> {
        self.expect_trouble(BLOCKED);
        self.devtools("Network.enable", json!({})).await?;
        let urls: Vec<_> = end.map(|end| format!("*{end}")).into_iter().collect();
        self.devtools("Network.setBlockedURLs", json!({"urls": urls}))
            .await?;
        Ok(())
    }

    /// The network takes so many milliseconds there and back, and so many bytes a second.
    pub async fn slow_down(&self, latency_ms: u32, bytes_per_second: i64) -> Result<()> {
        self.network(false, latency_ms, bytes_per_second).await
    }

    async fn network(&self, offline: bool, latency_ms: u32, bytes_per_second: i64) -> Result<()> {
        self.devtools("Network.enable", json!({})).await?;
        let conditions = json!({
            "offline": offline,
            "latency": latency_ms,
            "downloadThroughput": bytes_per_second,
            "uploadThroughput": bytes_per_second,
        });
        self.devtools("Network.emulateNetworkConditions", conditions)
            .await?;
        Ok(())
    }
}
