//! The addresses that a process is reached at. They are taken before anything is changed: one that is in use is the most
//! common reason not to start.

use crate::config::Settings;
use crate::lifecycle::Group;
use anyhow::{Context, Result};
use axum::Router;
use millstream_domain::cause::in_full;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use tokio::net::TcpListener;

/// Where everybody comes in, and where operators do.
#[derive(Debug)]
pub(crate) struct Doors {
    pub(crate) public: TcpListener,
    pub(crate) admin: TcpListener,
}

impl Doors {
    /// Takes both addresses.
    pub(crate) async fn open(settings: &Settings) -> Result<Self> {
        Ok(Self {
            public: listen(settings.listen).await?,
            admin: listen(settings.admin_listen).await?,
        })
    }

    /// The same doors once more, for what is answered there before the rest can be.
    pub(crate) fn again(&self) -> Result<Self> {
        Ok(Self {
            public: again(&self.public)?,
            admin: again(&self.admin)?,
        })
    }

    /// Where everybody comes in.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        Ok(self.public.local_addr()?)
    }
}

/// Takes an address.
pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("the address {address} cannot be listened on: is something else running there? --listen and --admin-listen choose others")
    })
}

fn again(listener: &TcpListener) -> Result<TcpListener> {
    let listener = listener.as_fd().try_clone_to_owned()?;
    Ok(TcpListener::from_std(listener.into())?)
}

/// Answers there what the router has.
pub(crate) fn serve(group: &mut Group, listener: TcpListener, router: Router) {
    let stop = group.stop_token();
    group.spawn(async move {
        if let Err(error) = millstream_ingest_api::serve(listener, router, stop).await {
            tracing::error!(error = in_full(&error), "a server broke");
        }
    });
}
