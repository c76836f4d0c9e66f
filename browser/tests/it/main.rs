//! Walks through the product in a real Chromium. Each has a product of its own, and a browser for everybody who takes part.

mod board;
mod bulk;
mod drafts;
mod every_page;
mod first_steps;
mod forms;
mod inbox;
mod live;
mod offline;
mod search;
mod without_scripts;
