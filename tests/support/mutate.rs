//! Breaks replica directories at random, always in the same way for the same seed.
#![allow(dead_code, reason = "every test file uses its own part")]

use jivascope::evidence::{Kind, MemorySource, Source};

/// A small generator of numbers (splitmix64): no dependency, the same everywhere.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub fn one<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }
}

/// What stands at a name.
#[derive(Debug, Clone)]
pub enum Body {
    File(Vec<u8>),
    Image(u64, Vec<(u64, Vec<u8>)>),
    Other(Kind),
}

/// A directory as a list that can be changed.
#[derive(Debug, Clone)]
pub struct Listing(pub Vec<(String, Body)>);

impl Listing {
    /// Takes everything over from a source; logs are left out.
    pub fn of(source: &dyn Source) -> Self {
        let mut out = Vec::new();
        for entry in source.entries().iter().filter(|entry| !entry.name.ends_with(".log")) {
            let body = if entry.kind != Kind::File {
                Body::Other(entry.kind)
            } else if entry.name.ends_with(".img") {
                let runs = source.extents(entry).unwrap().runs;
                let read = |run: &jivascope::ident::Run| {
                    let mut bytes = vec![0; run.len() as usize];
                    source.read_at(entry, run.start, &mut bytes).unwrap();
                    (run.start, bytes)
                };
                Body::Image(entry.size, runs.iter().map(read).collect())
            } else {
                Body::File(source.read(entry).unwrap().into_owned())
            };
            out.push((entry.name.clone(), body));
        }
        Self(out)
    }

    pub fn source(&self) -> MemorySource {
        self.0.iter().fold(MemorySource::new(), |source, (name, body)| match body {
            Body::File(bytes) => source.file(name, bytes.clone()),
            Body::Image(size, stored) => source.image(name, *size, stored.clone()),
            Body::Other(kind) => source.other(name, *kind),
        })
    }

    /// Breaks it in one way; tells which.
    pub fn break_once(&mut self, random: &mut Random) -> String {
        if self.0.is_empty() {
            return "nothing is left".to_owned();
        }
        let at = random.below(self.0.len());
        let name = self.0[at].0.clone();
        match random.below(11) {
            0 => {
                self.0.remove(at);
                format!("{name} is gone")
            }
            1 => {
                let other = random.below(self.0.len());
                self.0[at].1 = self.0[other].1.clone();
                format!("{name} holds what {} does", self.0[other].0)
            }
            2 => {
                let to = random.one(&[
                    "volume-head-007.img",
                    "volume-snap-x.img",
                    "volume.meta",
                    "x",
                    "revision.counter",
                ]);
                self.0.retain(|(other, _)| other == &name || other != to);
                let at = self.0.iter().position(|(other, _)| *other == name).unwrap();
                self.0[at].0 = to.to_owned();
                format!("{name} is called {to}")
            }
            3 => {
                let kinds = [Kind::Directory, Kind::Symlink, Kind::Fifo, Kind::Socket, Kind::Device];
                self.0[at].1 = Body::Other(random.one(&kinds));
                format!("{name} is no file")
            }
            _ => match &mut self.0[at].1 {
                Body::File(bytes) => break_bytes(&name, bytes, random),
                Body::Image(size, stored) => break_image(&name, size, stored, random),
                Body::Other(_) => "as it was".to_owned(),
            },
        }
    }
}

fn break_bytes(name: &str, bytes: &mut Vec<u8>, random: &mut Random) -> String {
    if bytes.is_empty() {
        bytes.extend_from_slice(b"{");
        return format!("{name} is no longer empty");
    }
    let place = random.below(bytes.len());
    match random.below(7) {
        0 => {
            bytes[place] ^= 1 << random.below(8);
            format!("{name}: a bit of byte {place}")
        }
        1 => {
            bytes.truncate(place);
            format!("{name} ends at {place}")
        }
        2 => {
            bytes.fill(0);
            format!("{name} is zeros")
        }
        3 => {
            bytes.clear();
            format!("{name} is empty")
        }
        4 => {
            let hostile = [
                "\u{1b}[2J",
                "\\u0000",
                "99999999999999999999",
                "-1",
                "null",
                "{{{{{{{{",
                "\u{202e}",
                "../../../etc/passwd",
                "volume-head-999999999999999999999.img",
                "\"",
                "1e400",
            ];
            let text = random.one(&hostile);
            bytes.splice(place..place, text.bytes());
            format!("{name}: {text:?} at {place}")
        }
        5 => {
            let copy = bytes.clone();
            bytes.extend_from_slice(&copy);
            format!("{name} twice")
        }
        _ => {
            for byte in bytes.iter_mut().filter(|byte| byte.is_ascii_digit()) {
                *byte = b'0' + random.below(10) as u8;
            }
            format!("{name}: other digits")
        }
    }
}

fn break_image(name: &str, size: &mut u64, stored: &mut Vec<(u64, Vec<u8>)>, random: &mut Random) -> String {
    match random.below(5) {
        0 => {
            *size = random.one(&[0, 1, 511, 512, 4095, 4097, 1 << 20, 1 << 43, *size / 2, *size * 2]);
            stored.retain(|(at, _)| at < size);
            format!("{name} has {size} bytes")
        }
        1 => {
            stored.clear();
            format!("{name} stores nothing")
        }
        2 if !stored.is_empty() => {
            let at = random.below(stored.len());
            stored.remove(at);
            format!("{name} lost a range")
        }
        3 if !stored.is_empty() => {
            let at = random.below(stored.len());
            stored[at].1.fill(0);
            format!("{name}: a range of zeros")
        }
        _ => {
            for (_, bytes) in stored.iter_mut() {
                let at = random.below(bytes.len());
                bytes[at] ^= 0x55;
            }
            format!("{name}: a byte of each range")
        }
    }
}
