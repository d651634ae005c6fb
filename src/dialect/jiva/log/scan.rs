//! Small steps through a message: words after words, never a regular expression.

use super::address::Address;
use super::event::Chain;
use crate::ident::DiskName;

/// More disks are in no chain: Jiva opens at most 1024, and a hostile line could name a million.
const LONGEST_CHAIN: usize = 4096;

/// The text after a prefix.
pub(super) fn after<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    text.strip_prefix(prefix)
}

/// The text between two marks, and the rest after the second.
pub(super) fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<(&'a str, &'a str)> {
    let (_, rest) = text.split_once(from)?;
    rest.split_once(to)
}

/// The first word as an address.
pub(super) fn address(text: &str) -> Option<Address> {
    Address::read(text.trim_start().split([' ', ',']).next()?)
}

/// The first word as a number.
pub(super) fn number(text: &str) -> Option<i64> {
    let word = text.trim_start();
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(word.len());
    word[..end].parse().ok()
}

/// An address with its port.
pub(super) fn endpoint(text: &str) -> Option<(Address, u16)> {
    let word = text.trim().split(' ').next()?;
    let port = word.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(0);
    Some((Address::read(word)?, port))
}

/// A list as Go prints it: `[a b c]`. A list that is cut is none.
pub(super) fn chain(text: &str) -> Option<Chain> {
    let (inner, _) = text.trim_start().strip_prefix('[')?.split_once(']')?;
    let names: Vec<DiskName> = inner.split_whitespace().take(LONGEST_CHAIN + 1).map(DiskName::from).collect();
    (!names.is_empty() && names.len() <= LONGEST_CHAIN).then(|| Chain(names.into()))
}
