//! Keys, pressed in the browser itself, wherever the focus is.
//!
//! Not through the driver's own way, which looks for the focused element first and afterwards, and fails when the key has
//! led to another page meanwhile.

use crate::chromium::Chromium;
use anyhow::Result;
use serde_json::{Value, json};

/// A key that writes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Sends what was typed.
    Enter,
    /// Leaves what was begun.
    Escape,
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// Up.
    Up,
    /// Down.
    Down,
}

impl Key {
    /// Its name as scripts see it, and its number.
    const fn name(self) -> (&'static str, u8) {
        match self {
            Self::Enter => ("Enter", 13),
            Self::Escape => ("Escape", 27),
            Self::Left => ("ArrowLeft", 37),
            Self::Up => ("ArrowUp", 38),
            Self::Right => ("ArrowRight", 39),
            Self::Down => ("ArrowDown", 40),
        }
    }
}

impl Chromium {
    /// Types, a key after the other.
    pub async fn press(&self, text: &str) -> Result<()> {
        for letter in text.chars() {
            self.key(json!({"key": letter, "text": letter})).await?;
        }
        Ok(())
    }

    /// Presses a key that writes nothing.
    pub async fn press_key(&self, key: Key) -> Result<()> {
        let (name, number) = key.name();
        let mut event = json!({"key": name, "code": name, "windowsVirtualKeyCode": number});
        if key == Key::Enter {
            // Without a text it sends no form.
            event["text"] = "\r".into();
        }
        self.key(event).await
    }

    async fn key(&self, mut event: Value) -> Result<()> {
        event["type"] = "keyDown".into();
        self.devtools("Input.dispatchKeyEvent", event.clone())
            .await?;
        if let Some(event) = event.as_object_mut() {
            event.remove("text");
        }
        event["type"] = "keyUp".into();
        self.devtools("Input.dispatchKeyEvent", event).await?;
        Ok(())
    }
}
