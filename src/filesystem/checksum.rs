//! CRC-32C without the final inversion, as ext4 and its journal keep it; XFS keeps it inverted.

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut out = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut value = at as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { value >> 1 ^ 0x82F6_3B78 } else { value >> 1 };
            bit += 1;
        }
        out[at] = value;
        at += 1;
    }
    out
}

/// Goes on from `seed` over `bytes`.
pub(in crate::filesystem) fn crc32c(seed: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(seed, |sum, byte| TABLE[((sum ^ u32::from(*byte)) & 0xFF) as usize] ^ sum >> 8)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_check_value_of_the_catalogue() {
        assert_eq!(!super::crc32c(!0, b"123456789"), 0xE306_9283);
    }
}
