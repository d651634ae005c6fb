//! A file system that fits into two blocks of a volume: ext2 of eight blocks of 1 KiB, made by hand, so that tests need no tool.

/// The image: one file of the given name and content, at most 1 KiB of it, in the root.
pub fn image(name: &[u8], content: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 1024;
    assert!(name.len() < 200 && content.len() <= BLOCK);
    let mut out = vec![0; 8 * BLOCK];
    let mut put = |at: usize, bytes: &[u8]| out[at..at + bytes.len()].copy_from_slice(bytes);
    let superblock: &[(usize, u32)] = &[
        (0x00, 8),             // inodes
        (0x04, 8),             // blocks
        (0x14, 1),             // first data block
        (0x18, 0),             // blocks of 1 KiB
        (0x20, 8192),          // blocks in a group
        (0x24, 8192),          // clusters in a group
        (0x28, 8),             // inodes in a group
        (0x2c, 1_774_000_000), // mounted
        (0x30, 1_774_000_100), // written
        (0x38, 0x0001_EF53),   // magic; unmounted cleanly
        (0x4c, 1),             // with fields of their own for what follows
        (0x54, 11),            // first inode that is free to use
        (0x58, 128),           // size of inodes
        (0x60, 2),             // kinds of files in directories
    ];
    for (at, value) in superblock {
        put(BLOCK + at, &value.to_le_bytes());
    }
    put(BLOCK + 0x68, &[7; 16]);
    put(BLOCK + 0x78, b"made-by-hand");
    for (at, block) in [3_u32, 4, 5].into_iter().enumerate() {
        put(2 * BLOCK + at * 4, &block.to_le_bytes());
    }
    put(3 * BLOCK, &[0xFF]);
    put(4 * BLOCK, &[0x06]);
    let mut inode = |number: usize, mode: u16, links: u16, size: u32, block: u32| {
        let at = 5 * BLOCK + (number - 1) * 128;
        put(at, &mode.to_le_bytes());
        put(at + 4, &size.to_le_bytes());
        for time in [8, 0xc, 0x10] {
            put(at + time, &1_774_000_050_u32.to_le_bytes());
        }
        put(at + 0x1a, &links.to_le_bytes());
        put(at + 0x1c, &2_u32.to_le_bytes());
        put(at + 0x28, &block.to_le_bytes());
    };
    inode(2, 0o40755, 2, BLOCK as u32, 6);
    inode(3, 0o100_644, 1, content.len() as u32, 7);
    let mut at = 6 * BLOCK;
    for (inode, len, kind, name) in [(2_u32, 12, 2, &b"."[..]), (2, 12, 2, b".."), (3, BLOCK - 24, 1, name)] {
        put(at, &inode.to_le_bytes());
        put(at + 4, &(len as u16).to_le_bytes());
        put(at + 6, &[name.len() as u8, kind]);
        put(at + 8, name);
        at += len;
    }
    put(7 * BLOCK, content);
    out
}
