//! Jiva's log lines: the forms that one line can have, and what each message means.

mod controller;
mod entry;
mod noise;
mod replica;
mod scan;

pub(super) use entry::{Form, entry};

use super::event::Parsed;

/// What a message of Jiva's says.
pub(super) fn message(text: &str) -> Parsed {
    if let Some(event) = controller::event(text).or_else(|| replica::event(text)) {
        return Parsed::Says(event);
    }
    if noise::is_known(text) { Parsed::Known } else { Parsed::Unknown }
}
