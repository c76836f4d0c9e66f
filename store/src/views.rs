//! Reading the views, a file each.

pub mod audit;
