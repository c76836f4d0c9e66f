//! How people come and go.

use crate::chromium::Chromium;
use crate::find;
use crate::product::{PASSWORD, Product, SETUP_SECRET};
use crate::wait::until;
use anyhow::{Context, Result, ensure};

impl Chromium {
    /// The first person registers, with the set-up secret.
    pub async fn set_up(&self, name: &str) -> Result<()> {
        self.visit("/register").await?;
        self.fill("Set-up secret", SETUP_SECRET).await?;
        self.register(name).await
    }

    /// Fills the form in which people register, and sends it.
    pub async fn register(&self, name: &str) -> Result<()> {
        self.fill("Username", name).await?;
        self.fill("E-mail", &format!("{name}@example.org")).await?;
        self.fill("Password", PASSWORD).await?;
        self.click("Create account").await
    }

    /// Somebody logs in.
    pub async fn log_in(&self, name: &str, password: &str) -> Result<()> {
        self.visit("/login").await?;
        self.fill("Username or e-mail", name).await?;
        self.fill("Password", password).await?;
        self.click("Log in").await?;
        until("the log-in", async || {
            Ok((!self.path().await?.starts_with("/login")).then_some(()))
        })
        .await
        .with_context(|| format!("{name} cannot log in"))
    }

    /// Somebody logs out.
    pub async fn log_out(&self, name: &str) -> Result<()> {
        self.click(&format!("Log out {name}")).await?;
        let door = find::clickable("Log in");
        self.element(&door, "the way back in").await.map(drop)
    }

    /// Somebody of the demo logs in.
    pub async fn log_in_to_demo(&self, product: &Product, name: &str) -> Result<()> {
        let password = product.demo_password()?;
        ensure!(!password.is_empty(), "the demo has no password");
        self.log_in(name, &password).await
    }
}
