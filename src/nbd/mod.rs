//! Views as read-only network block devices (NBD), so that they can be opened without being copied.
//!
//! Fixed newstyle negotiation, structured replies, `base:allocation`. Nothing that a client sends is believed: lengths,
//! places and times have limits, a client that breaks the protocol is let go, and nothing can be written.

mod exports;
mod image;
mod listen;
mod negotiate;
mod peer;
mod protocol;
mod server;
mod transmit;
mod views;

pub use exports::{Export, Exports};
pub use image::{Image, Unreadable, ViewImage};
pub use listen::{ListenError, Listener};
pub use peer::Peer;
pub use protocol::MAX_REQUEST;
pub use server::{MAX_CLIENTS, converse, serve};
pub use views::Views;
