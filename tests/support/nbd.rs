//! A client of network block devices that says what it likes, right or wrong.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

pub const LIST: u32 = 3;
pub const INFO: u32 = 6;
pub const GO: u32 = 7;
pub const STRUCTURED: u32 = 8;
pub const SET_CONTEXT: u32 = 10;

pub const ACK: u32 = 1;

pub const READ: u16 = 0;
pub const WRITE: u16 = 1;
pub const TRIM: u16 = 4;
pub const WRITE_ZEROES: u16 = 6;
pub const BLOCK_STATUS: u16 = 7;

/// Replies to an option: the kind and the data of each.
pub type Replies = Vec<(u32, Vec<u8>)>;

/// A part of a structured reply: its kind, and what stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub kind: u16,
    pub data: Vec<u8>,
}

impl Part {
    /// The number of an error.
    pub fn error(&self) -> Option<u32> {
        (self.kind >= 0x8000).then(|| u32::from_be_bytes(self.data[..4].try_into().unwrap()))
    }
}

pub struct Client {
    pub stream: UnixStream,
    pub size: u64,
    pub flags: u16,
}

impl Client {
    /// Connects and greets.
    pub fn greet(socket: &Path) -> io::Result<Self> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        let mut greeting = [0; 18];
        stream.read_exact(&mut greeting)?;
        assert_eq!(&greeting, b"NBDMAGICIHAVEOPT\0\x03");
        stream.write_all(&3u32.to_be_bytes())?;
        Ok(Self { stream, size: 0, flags: 0 })
    }

    /// Connects and opens an export.
    pub fn open(socket: &Path, name: &str, structured: bool) -> io::Result<Self> {
        let mut client = Self::greet(socket)?;
        if structured {
            assert_eq!(client.option(STRUCTURED, &[])?.0, ACK);
            let query = b"base:allocation";
            let data = [&text(name)[..], &1u32.to_be_bytes(), &(query.len() as u32).to_be_bytes(), query];
            assert_eq!(client.option(SET_CONTEXT, &data.concat())?.0, ACK);
        }
        let (end, replies) = client.option(GO, &[text(name), vec![0, 0]].concat())?;
        assert_eq!(end, ACK, "{name}: {}", String::from_utf8_lossy(&replies.last().unwrap().1));
        let export = replies.iter().map(|(_, data)| data).find(|data| data.starts_with(&[0, 0])).unwrap();
        client.size = u64::from_be_bytes(export[2..10].try_into().unwrap());
        client.flags = u16::from_be_bytes(export[10..12].try_into().unwrap());
        Ok(client)
    }

    /// Sends an option, with a true length, and gives the last reply's kind and every reply.
    pub fn option(&mut self, option: u32, data: &[u8]) -> io::Result<(u32, Replies)> {
        self.send_option(option, data.len() as u32, data)?;
        let mut replies = Vec::new();
        loop {
            let mut head = [0; 20];
            self.stream.read_exact(&mut head)?;
            assert_eq!(head[..8], 0x0003_e889_0455_65a9_u64.to_be_bytes());
            assert_eq!(head[8..12], option.to_be_bytes());
            let kind = u32::from_be_bytes(head[12..16].try_into().unwrap());
            let mut data = vec![0; u32::from_be_bytes(head[16..].try_into().unwrap()) as usize];
            self.stream.read_exact(&mut data)?;
            replies.push((kind, data));
            if kind == ACK || kind >> 31 == 1 {
                return Ok((kind, replies));
            }
        }
    }

    /// Sends an option with any length.
    pub fn send_option(&mut self, option: u32, length: u32, data: &[u8]) -> io::Result<()> {
        let head = [&b"IHAVEOPT"[..], &option.to_be_bytes(), &length.to_be_bytes()].concat();
        self.stream.write_all(&[&head[..], data].concat())
    }

    /// Sends a request.
    pub fn request(&mut self, flags: u16, command: u16, offset: u64, length: u32) -> io::Result<()> {
        self.stream.write_all(&request(flags, command, 7, offset, length))
    }

    /// A simple reply: its data, or its error.
    pub fn simple(&mut self, length: u32) -> io::Result<Result<Vec<u8>, u32>> {
        let mut head = [0; 16];
        self.stream.read_exact(&mut head)?;
        assert_eq!((&head[..4], head[15]), (&0x6744_6698_u32.to_be_bytes()[..], 7));
        match u32::from_be_bytes(head[4..8].try_into().unwrap()) {
            0 => {
                let mut data = vec![0; length as usize];
                self.stream.read_exact(&mut data)?;
                Ok(Ok(data))
            }
            error => Ok(Err(error)),
        }
    }

    /// Every part of a structured reply.
    pub fn parts(&mut self) -> io::Result<Vec<Part>> {
        let mut out = Vec::new();
        loop {
            let mut head = [0; 20];
            self.stream.read_exact(&mut head)?;
            assert_eq!((&head[..4], head[15]), (&0x668e_33ef_u32.to_be_bytes()[..], 7));
            let mut data = vec![0; u32::from_be_bytes(head[16..].try_into().unwrap()) as usize];
            self.stream.read_exact(&mut data)?;
            out.push(Part { kind: u16::from_be_bytes([head[6], head[7]]), data });
            if head[5] == 1 {
                return Ok(out);
            }
        }
    }

    /// Reads with structured replies, and puts the parts together; or the number of the error.
    pub fn read(&mut self, offset: u64, length: u32) -> io::Result<Result<Vec<u8>, u32>> {
        self.request(0, READ, offset, length)?;
        let parts = self.parts()?;
        if let Some(error) = parts.iter().find_map(Part::error) {
            return Ok(Err(error));
        }
        let mut data = vec![0xEE; length as usize];
        let mut filled = 0;
        for Part { kind, data: part } in parts {
            let at = (u64::from_be_bytes(part[..8].try_into().unwrap()) - offset) as usize;
            let len = match kind {
                1 => part.len() - 8,
                2 => u32::from_be_bytes(part[8..12].try_into().unwrap()) as usize,
                kind => panic!("a part of kind {kind} in a read"),
            };
            match kind {
                1 => data[at..at + len].copy_from_slice(&part[8..]),
                _ => data[at..at + len].fill(0),
            }
            filled += len;
        }
        assert_eq!(filled, length as usize, "a read is answered in full, nothing twice");
        Ok(Ok(data))
    }

    /// Whether the server has ended the connection.
    pub fn is_ended(&mut self) -> bool {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => true,
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }
}

/// A request as bytes.
pub fn request(flags: u16, command: u16, cookie: u64, offset: u64, length: u32) -> Vec<u8> {
    [
        &0x2560_9513_u32.to_be_bytes()[..],
        &flags.to_be_bytes(),
        &command.to_be_bytes(),
        &cookie.to_be_bytes(),
        &offset.to_be_bytes(),
        &length.to_be_bytes(),
    ]
    .concat()
}

/// A text behind its length.
pub fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_be_bytes()[..], text.as_bytes()].concat()
}
