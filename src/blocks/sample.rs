//! Which parts are read where not all are: by their number alone, so that every run reads the same ones, and mixed, so that no
//! pattern that a tool leaves falls in with them.

/// Whether a window belongs to a sample of that share, from 0 to 1.
pub(super) fn is_chosen(window: u64, share: f64) -> bool {
    ((mixed(window) >> 11) as f64 / (1u64 << 53) as f64) < share
}

/// One block for each stretch of `step` blocks: the one of the stretch `turn`.
pub(super) fn one_of(turn: u64, step: u64) -> u64 {
    // The upper bits are the better mixed ones.
    turn * step + (mixed(turn) >> 32) % step
}

/// Neighbours get numbers far from each other.
fn mixed(number: u64) -> u64 {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}
