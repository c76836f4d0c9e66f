//! The commands, a file each. To add one: its file, a line here, a variant of `config::Command`, an arm in `main.rs`.

pub(crate) mod audit;
pub(crate) mod migrate;
