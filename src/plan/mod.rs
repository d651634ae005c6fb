//! Steps of a person: which are safe, and what each would destroy.
//!
//! Steps are [acts](Act). [`lint`] plays them through Jiva's own model, one after the other, and keeps a ledger of whose data
//! still lie where; the first act after which the data of some replica lie nowhere is the one that destroys something.
//! [`read`](steps) takes steps as a person writes them, or as the commands that would do them.

mod act;
mod holdings;
mod ledger;
mod lint;
mod make;
mod orders;
mod played;
mod player;
mod read;

pub use act::{Act, Who};
pub use holdings::Holdings;
pub use ledger::{Ledger, Loss};
pub use lint::{Linted, lint};
pub use make::{Choice, Plan, Reach, Task, choose};
pub use played::{Outcome, Played};
pub use read::{Line, Unread, steps};
