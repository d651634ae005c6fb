//! The `jivascope` program.
fn main() {}
