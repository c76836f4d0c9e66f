//! What people see in a browser. Whatever is looked for is waited for.

use crate::chromium::Chromium;
use crate::find;
use crate::wait::until;
use anyhow::Result;
use thirtyfour::{By, WebElement};

impl Chromium {
    /// The path of the page that is looked at, with what follows it.
    pub async fn path(&self) -> Result<String> {
        let url = self.driver().current_url().await?;
        let query = url.query().map(|query| format!("?{query}"));
        Ok(format!("{}{}", url.path(), query.unwrap_or_default()))
    }

    /// Waits until the page is one whose path begins so.
    pub async fn arrives_at(&self, start: &str) -> Result<String> {
        until(&format!("a page at {start}"), async || {
            let path = self.path().await?;
            Ok(path.starts_with(start).then_some(path))
        })
        .await
    }

    /// What stands in a field.
    pub async fn content_of(&self, label: &str) -> Result<String> {
        let field = self.element(&find::field(label), label).await?;
        Ok(field.prop("value").await?.unwrap_or_default())
    }

    /// Waits until a field says this.
    pub async fn field_says(&self, label: &str, text: &str) -> Result<()> {
        until(
            &format!("\"{text}\" in the field \"{label}\""),
            async || Ok((self.content_of(label).await? == text).then_some(())),
        )
        .await
    }

    /// Waits until the page says this, in letters that can be seen.
    pub async fn sees(&self, text: &str) -> Result<()> {
        until(&format!("the text \"{text}\""), async || {
            Ok(self.text().await?.contains(text).then_some(()))
        })
        .await
    }

    /// Waits until it no longer does.
    pub async fn no_longer_sees(&self, text: &str) -> Result<()> {
        until(&format!("the text \"{text}\" to go"), async || {
            Ok((!self.text().await?.contains(text)).then_some(()))
        })
        .await
    }

    /// All that the page says, with single blanks.
    pub async fn text(&self) -> Result<String> {
        let text = self.ask("return document.body.innerText").await?;
        let words: Vec<_> = text
            .as_str()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        Ok(words.join(" "))
    }

    /// Waits for the first thing of an `XPath` that can be seen.
    pub async fn element(&self, xpath: &str, what: &str) -> Result<WebElement> {
        until(what, async || self.shown(xpath).await).await
    }

    /// Waits until nothing of an `XPath` can be seen.
    pub async fn is_gone(&self, xpath: &str, what: &str) -> Result<()> {
        until(&format!("{what} to go"), async || {
            Ok(self.shown(xpath).await?.is_none().then_some(()))
        })
        .await
    }

    /// The first thing of an `XPath` that can be seen now.
    pub async fn shown(&self, xpath: &str) -> Result<Option<WebElement>> {
        for element in self.driver().find_all(By::XPath(xpath)).await? {
            if element.is_displayed().await? {
                return Ok(Some(element));
            }
        }
        Ok(None)
    }

    /// Waits until the page says that it is live.
    pub async fn is_live(&self) -> Result<()> {
        let live = "//*[@id='live'][contains(., 'Live')]";
        self.element(live, "the page to be live").await.map(drop)
    }
}
