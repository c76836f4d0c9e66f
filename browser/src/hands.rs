//! What people do in a browser. Each act waits until it can be done: pages change under the hand.

use crate::chromium::Chromium;
use crate::find;
use crate::wait::until;
use anyhow::Result;
use thirtyfour::error::WebDriverResult;
use thirtyfour::{By, Key, WebElement};

/// What the driver says when the page went while it was at work on it.
const LEFT: &str = "aborted by navigation";

impl Chromium {
    /// Goes to a page of the product.
    pub async fn visit(&self, path: &str) -> Result<()> {
        Ok(self.driver().goto(self.address(path)).await?)
    }

    /// Loads the page once more.
    pub async fn reload(&self) -> Result<()> {
        Ok(self.driver().refresh().await?)
    }

    /// Clicks a button, a link or the like, by its name.
    pub async fn click(&self, name: &str) -> Result<()> {
        self.click_at(&find::clickable(name), &format!("\"{name}\", to click it"))
            .await
    }

    /// Clicks something that leads to another page, and waits until that has come.
    pub async fn leave_by(&self, name: &str) -> Result<()> {
        let page = self.driver().find(By::Tag("html")).await?;
        self.click(name).await?;
        until("another page", async || {
            Ok((!page.is_present().await?).then_some(()))
        })
        .await
    }

    /// Clicks the first thing of an `XPath` that can be.
    pub async fn click_at(&self, xpath: &str, what: &str) -> Result<()> {
        self.act(xpath, what, async |element| match element.click().await {
            // It was clicked, and led elsewhere before the driver was done with it. A second time would be once too often.
            Err(error) if error.to_string().contains(LEFT) => Ok(()),
            clicked => clicked,
        })
        .await
    }

    /// Writes into a field, over what is in it.
    pub async fn fill(&self, label: &str, text: &str) -> Result<()> {
        let what = format!("the field \"{label}\", to fill it");
        self.act(&find::field(label), &what, async |field| {
            field.send_keys(Key::Control + "a").await?;
            field.send_keys(text).await
        })
        .await
    }

    /// Chooses from a field that offers some.
    pub async fn choose(&self, label: &str, option: &str) -> Result<()> {
        let what = format!("\"{option}\" in \"{label}\", to choose it");
        self.act(&find::field(label), &what, async |field| {
            let option = field.find(By::XPath(find::option(option))).await?;
            option.click().await
        })
        .await
    }

    /// The same inside a group of this name.
    pub async fn choose_in(&self, group: &str, label: &str, option: &str) -> Result<()> {
        let what = format!("\"{option}\" in \"{label}\" of \"{group}\", to choose it");
        let field = find::inside(group, &find::field(label));
        self.act(&field, &what, async |field| {
            let option = field.find(By::XPath(find::option(option))).await?;
            option.click().await
        })
        .await
    }

    /// Puts the focus on something that can be seen.
    pub async fn focus(&self, xpath: &str) -> Result<()> {
        self.act(xpath, "something to focus", async |element| {
            element.focus().await
        })
        .await
    }

    /// Ticks a box, or takes the tick away.
    pub async fn tick(&self, label: &str) -> Result<()> {
        let what = format!("the box \"{label}\", to tick it");
        self.click_at(&find::field(label), &what).await
    }

    /// Drags the one onto the other with the mouse.
    pub async fn drag(&self, from: &str, to: &str) -> Result<()> {
        let card = self.element(from, "what is dragged").await?;
        let place = self.element(to, "the place to drag it to").await?;
        self.driver()
            .action_chain()
            .click_and_hold_element(&card)
            .move_by_offset(5, 5)
            .move_to_element_center(&place)
            .move_by_offset(0, 3)
            .release()
            .perform()
            .await?;
        Ok(())
    }

    /// Does something with the first thing of an `XPath` that can be seen; again, if the page changed under the hand.
    async fn act(
        &self,
        xpath: &str,
        what: &str,
        mut hand: impl AsyncFnMut(WebElement) -> WebDriverResult<()>,
    ) -> Result<()> {
        until(what, async || {
            let Some(element) = self.shown(xpath).await? else {
                return Ok(None);
            };
            hand(element).await?;
            Ok(Some(()))
        })
        .await
    }
}
