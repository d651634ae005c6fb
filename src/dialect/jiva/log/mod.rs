//! Jiva's log lines: the forms that one line can have, and what each message means.

mod address;
mod controller;
mod entry;
mod event;
mod noise;
mod replica;
mod scan;
mod time;

pub use address::Address;
pub(crate) use entry::{Form, Request, entry};
pub(crate) use event::Parsed;
pub use event::{Chain, End, Event, Mode, Refusal, Registered, Role};
pub use time::Moment;

/// What a message of Jiva's says.
pub(crate) fn message(text: &str) -> Parsed {
    if let Some(event) = controller::event(text).or_else(|| replica::event(text)) {
        return Parsed::Says(event);
    }
    if noise::is_known(text) { Parsed::Known } else { Parsed::Unknown }
}
