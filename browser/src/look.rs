//! How the product is looked at: through which window, in which colours, with scripts or without.

/// One way to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The page's width in CSS pixels.
    pub width: u32,
    /// Its height.
    pub height: u32,
    /// A finger instead of a mouse.
    pub phone: bool,
    /// What the system asks for: dark or light.
    pub dark: bool,
    /// Whether pages may run scripts.
    pub scripts: bool,
}

impl Look {
    /// A window on a desk.
    pub const DESKTOP: Self = Self {
        width: 1280,
        height: 900,
        phone: false,
        dark: false,
        scripts: true,
    };
    /// A phone, upright.
    pub const PHONE: Self = Self {
        width: 390,
        height: 844,
        phone: true,
        ..Self::DESKTOP
    };

    /// The same in the dark.
    #[must_use]
    pub const fn dark(self) -> Self {
        Self { dark: true, ..self }
    }

    /// The same for somebody whose browser runs no scripts.
    #[must_use]
    pub const fn without_scripts(self) -> Self {
        Self {
            scripts: false,
            ..self
        }
    }

    /// What it is called in names of files.
    #[must_use]
    pub fn name(self) -> String {
        let size = if self.phone { "phone" } else { "desktop" };
        let colours = if self.dark { "dark" } else { "light" };
        format!("{size}-{colours}")
    }
}
