//! Writes tar archives member by member, well formed or not, as no honest tool would.
#![allow(dead_code, reason = "every test file uses its own part")]

/// An archive under construction.
#[derive(Default, Clone)]
pub struct Tar {
    pub bytes: Vec<u8>,
}

/// Offset and length of stored ranges.
pub type Map<'a> = &'a [(u64, u64)];

impl Tar {
    pub fn new() -> Self {
        Self::default()
    }

    /// A member with a correct header.
    pub fn member(self, name: &str, kind: u8, payload: &[u8]) -> Self {
        self.edited(name, kind, payload, |_| {})
    }

    pub fn file(self, name: &str, payload: &[u8]) -> Self {
        self.member(name, b'0', payload)
    }

    pub fn link(self, name: &str, target: &str) -> Self {
        self.edited(name, b'1', b"", |header| {
            header[157..157 + target.len()].copy_from_slice(target.as_bytes())
        })
    }

    /// A member whose header is changed before its checksum is made.
    pub fn edited(mut self, name: &str, kind: u8, payload: &[u8], edit: impl FnOnce(&mut [u8; 512])) -> Self {
        let mut header = header(name, kind, payload.len() as u64);
        edit(&mut header);
        seal(&mut header);
        self.bytes.extend_from_slice(&header);
        self.payload(payload)
    }

    /// A member that claims a size, without any payload.
    pub fn claiming(mut self, name: &str, kind: u8, size: u64) -> Self {
        self.bytes.extend_from_slice(&header(name, kind, size));
        self
    }

    /// Raw bytes, padded to a block.
    pub fn payload(mut self, payload: &[u8]) -> Self {
        self.bytes.extend_from_slice(payload);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        self
    }

    pub fn pax(self, kind: u8, records: &[(&str, &str)]) -> Self {
        let bytes: Vec<u8> = records.iter().flat_map(|(key, value)| record(key, value)).collect();
        self.member("PaxHeaders/x", kind, &bytes)
    }

    /// A sparse member of the old GNU form, with as many extension blocks as it takes.
    pub fn old_sparse(self, name: &str, real: u64, map: Map<'_>, payload: &[u8]) -> Self {
        let mut extensions = Vec::new();
        let rest: Vec<_> = map.iter().skip(4).collect();
        let chunks = rest.chunks(21);
        let count = chunks.len();
        for (n, chunk) in chunks.enumerate() {
            let mut block = [0; 512];
            for (i, entry) in chunk.iter().enumerate() {
                sparse_entry(&mut block[24 * i..], **entry);
            }
            block[504] = u8::from(n + 1 < count);
            extensions.extend_from_slice(&block);
        }
        let mut this = self.edited(name, b'S', b"", |header| {
            number(&mut header[124..136], payload.len() as u64);
            header[257..265].copy_from_slice(b"ustar  \0");
            for (i, entry) in map.iter().take(4).enumerate() {
                sparse_entry(&mut header[386 + 24 * i..], *entry);
            }
            header[482] = u8::from(count > 0);
            number(&mut header[483..495], real);
        });
        this.bytes.extend_from_slice(&extensions);
        this.payload(payload)
    }

    /// A sparse member as star writes it: the map in blocks of its own, which count as payload, and the real size
    /// in a PAX record where eleven digits cannot hold it. Where the map is `in_header`, as old versions write it.
    pub fn star_sparse(self, name: &str, real: u64, map: Map<'_>, payload: &[u8], in_header: bool) -> Self {
        let (first, rest) = map.split_at(if in_header { map.len().min(4) } else { 0 });
        let mut all = Vec::new();
        let blocks = if in_header { rest.len().div_ceil(21) } else { rest.len().div_ceil(21).max(1) };
        for n in 0..blocks {
            let mut block = [0; 512];
            for (i, entry) in rest.iter().skip(21 * n).take(21).enumerate() {
                sparse_entry(&mut block[24 * i..], *entry);
            }
            block[504] = u8::from(n + 1 < blocks);
            all.extend_from_slice(&block);
        }
        all.extend_from_slice(payload);
        let large = real >= 1 << 33;
        let this = if large { self.pax(b'x', &[("SCHILY.realsize", &real.to_string())]) } else { self };
        this.edited(name, b'S', &all, |header| {
            for (i, entry) in first.iter().enumerate() {
                sparse_entry(&mut header[356 + 24 * i..], *entry);
            }
            header[355] = u8::from(in_header && blocks > 0);
            // Eleven digits of a larger number are its last ones.
            number(&mut header[452..464], real % (1 << 33));
            // The times of access and of change; by their blanks others tell star's headers.
            header[476..488].copy_from_slice(b"14000000000 ");
            header[488..500].copy_from_slice(b"14000000000 ");
        })
    }

    pub fn pax_sparse_00(self, name: &str, real: u64, map: Map<'_>, payload: &[u8]) -> Self {
        let mut records =
            vec![("GNU.sparse.size", real.to_string()), ("GNU.sparse.numblocks", map.len().to_string())];
        for (offset, len) in map {
            records.push(("GNU.sparse.offset", offset.to_string()));
            records.push(("GNU.sparse.numbytes", len.to_string()));
        }
        self.pax(b'x', &borrowed(&records)).file(name, payload)
    }

    pub fn pax_sparse_01(self, name: &str, real: u64, map: Map<'_>, payload: &[u8]) -> Self {
        let pairs: Vec<String> = map.iter().map(|(offset, len)| format!("{offset},{len}")).collect();
        let mut records = vec![
            ("GNU.sparse.size", real.to_string()),
            ("GNU.sparse.numblocks", map.len().to_string()),
            ("GNU.sparse.name", name.to_owned()),
        ];
        if !map.is_empty() {
            records.push(("GNU.sparse.map", pairs.join(",")));
        }
        self.pax(b'x', &borrowed(&records)).file("GNUSparseFile.1/x", payload)
    }

    pub fn pax_sparse_10(self, name: &str, real: u64, map: Map<'_>, payload: &[u8]) -> Self {
        let mut text = format!("{}\n", map.len());
        for (offset, len) in map {
            text.push_str(&format!("{offset}\n{len}\n"));
        }
        self.pax_sparse_10_text(name, real, &text, payload)
    }

    pub fn pax_sparse_10_text(self, name: &str, real: u64, text: &str, payload: &[u8]) -> Self {
        let mut all = text.as_bytes().to_vec();
        all.resize(all.len().next_multiple_of(512), 0);
        all.extend_from_slice(payload);
        let records = [
            ("GNU.sparse.major", "1"),
            ("GNU.sparse.minor", "0"),
            ("GNU.sparse.name", name),
            ("GNU.sparse.realsize", &real.to_string()),
        ];
        self.pax(b'x', &records).file("GNUSparseFile.1/x", &all)
    }

    /// Ends the archive as it should.
    pub fn end(mut self) -> Vec<u8> {
        self.bytes.resize(self.bytes.len() + 1024, 0);
        self.bytes
    }
}

fn borrowed<'a>(records: &'a [(&'a str, String)]) -> Vec<(&'a str, &'a str)> {
    records.iter().map(|(key, value)| (*key, value.as_str())).collect()
}

/// A record, whose length counts its own digits.
pub fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut len = rest + 1;
    while len != rest + len.to_string().len() {
        len = rest + len.to_string().len();
    }
    format!("{len} {key}={value}\n").into_bytes()
}

pub fn header(name: &str, kind: u8, size: u64) -> [u8; 512] {
    let mut header = [0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..107].copy_from_slice(b"0000644");
    number(&mut header[124..136], size);
    header[136..147].copy_from_slice(b"14000000000");
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar\x0000");
    seal(&mut header);
    header
}

/// Octal where it fits, base 256 otherwise.
pub fn number(field: &mut [u8], value: u64) {
    field.fill(0);
    let len = field.len();
    if value < 1 << 33 {
        let text = format!("{value:0width$o}", width = len - 1);
        field[..text.len()].copy_from_slice(text.as_bytes());
    } else {
        field[len - 8..].copy_from_slice(&value.to_be_bytes());
        field[0] = 0x80;
    }
}

fn sparse_entry(field: &mut [u8], (offset, len): (u64, u64)) {
    number(&mut field[..12], offset);
    number(&mut field[12..24], len);
}

/// Makes the checksum right.
pub fn seal(header: &mut [u8; 512]) {
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|&b| u32::from(b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}
