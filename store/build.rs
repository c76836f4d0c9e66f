//! Tells cargo that the schema is part of the program: a new migration file alone makes the crate be built again.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
