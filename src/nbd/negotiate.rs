//! The negotiation: fixed newstyle, from the greeting to the export that a client chose.
//!
//! Nothing is believed of a client: each option has a limit of bytes and of time, and their number has one too.

use std::io::{self, ErrorKind};
use std::time::Instant;

use super::exports::{Export, Exports};
use super::peer::{MESSAGE, Peer, fill, pass_over};
use super::protocol::{
    Fields, HELLO, MAX_REQUEST, OPTION, cut, export, handshake, info, option, option_reply, reply,
};

/// Bytes of an option that are read. Names have at most 4096.
const MOST: u32 = 64 << 10;

/// Bytes of an option that are passed over before it is refused; a client that announces more is let go.
const PASSED_OVER: u32 = 1 << 20;

/// Bytes of a name, as the protocol has it.
const NAME: usize = 4096;

/// Options of one client.
const OPTIONS: usize = 1 << 14;

/// The one metadata context.
const ALLOCATION: &str = "base:allocation";

/// Its number.
pub(super) const ALLOCATION_ID: u32 = 1;

/// What a client chose.
#[derive(Debug)]
pub(super) struct Chosen {
    pub export: Export,
    /// Whether replies are structured.
    pub structured: bool,
    /// Whether `base:allocation` was asked for.
    pub allocation: bool,
}

/// Greets a client and answers its options, until it chooses an export; `None` if it leaves without.
pub(super) fn negotiate(peer: &mut impl Peer, exports: &dyn Exports) -> io::Result<Option<Chosen>> {
    let flags = (handshake::FIXED_NEWSTYLE | handshake::NO_ZEROES) as u16;
    let mut greeting = HELLO.to_vec();
    greeting.extend(flags.to_be_bytes());
    peer.write_all(&greeting)?;
    let mut answer = [0; 4];
    fill(peer, &mut answer, Instant::now() + MESSAGE)?;
    let answer = u32::from_be_bytes(answer);
    if answer & !(handshake::FIXED_NEWSTYLE | handshake::NO_ZEROES) != 0 {
        return Err(invalid("unknown flags"));
    }
    let no_zeroes = answer & handshake::NO_ZEROES != 0;
    let mut state = Negotiation { exports, structured: false, allocation: None, out: Vec::new() };
    for _ in 0..OPTIONS {
        let until = Instant::now() + MESSAGE;
        let mut head = [0; 16];
        match fill(peer, &mut head, until) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            done => done?,
        }
        let mut fields = Fields(&head);
        let (magic, option, length) = (fields.u64(), fields.u32().unwrap_or(0), fields.u32().unwrap_or(0));
        if magic != Some(OPTION) {
            return Err(invalid("not an option"));
        }
        let step = if length > MOST {
            if length > PASSED_OVER {
                return Err(invalid("the option is too long"));
            }
            pass_over(peer, u64::from(length), until)?;
            state.say(option, reply::ERR_TOO_BIG, "the option is too long");
            Step::On
        } else {
            let mut data = vec![0; length as usize];
            fill(peer, &mut data, until)?;
            state.option(option, &data, no_zeroes)?
        };
        peer.write_all(&state.out)?;
        state.out.clear();
        match step {
            Step::On => {}
            Step::Leave => return Ok(None),
            Step::Chosen(export) => {
                let allocation =
                    state.structured && state.allocation.as_deref() == Some(export.name.as_str());
                return Ok(Some(Chosen { export, structured: state.structured, allocation }));
            }
        }
    }
    Err(invalid("too many options"))
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

/// What comes after an option.
enum Step {
    On,
    Leave,
    Chosen(Export),
}

struct Negotiation<'a> {
    exports: &'a dyn Exports,
    structured: bool,
    /// The export for which `base:allocation` was set.
    allocation: Option<String>,
    /// What is to be sent.
    out: Vec<u8>,
}

impl Negotiation<'_> {
    fn option(&mut self, option: u32, data: &[u8], no_zeroes: bool) -> io::Result<Step> {
        match option {
            option::EXPORT_NAME => return self.export_name(data, no_zeroes),
            option::ABORT => {
                self.say(option, reply::ACK, "");
                return Ok(Step::Leave);
            }
            option::LIST if !data.is_empty() => self.say(option, reply::ERR_INVALID, "LIST takes nothing"),
            option::LIST => self.list(),
            option::INFO | option::GO => {
                if let Some(export) = self.info(option, data)
                    && option == option::GO
                {
                    return Ok(Step::Chosen(export));
                }
            }
            option::STRUCTURED_REPLY if !data.is_empty() => {
                self.say(option, reply::ERR_INVALID, "STRUCTURED_REPLY takes nothing");
            }
            option::STRUCTURED_REPLY => {
                self.structured = true;
                self.say(option, reply::ACK, "");
            }
            option::LIST_META_CONTEXT | option::SET_META_CONTEXT => self.contexts(option, data),
            _ => self.say(option, reply::ERR_UNSUP, "this option is not supported"),
        }
        Ok(Step::On)
    }

    fn say(&mut self, option: u32, kind: u32, text: &str) {
        option_reply(&mut self.out, option, kind, &[cut(text, NAME).as_bytes()]);
    }

    /// The old way to choose: there is no reply that could say no.
    fn export_name(&mut self, data: &[u8], no_zeroes: bool) -> io::Result<Step> {
        let export = self.open(data).map_err(|(_, why)| io::Error::new(ErrorKind::NotFound, why))?;
        self.out.extend(export.image.size().to_be_bytes());
        self.out.extend(self.flags().to_be_bytes());
        if !no_zeroes {
            self.out.extend([0; 124]);
        }
        Ok(Step::Chosen(export))
    }

    /// The flags of every export. All clients see the same bytes, so one may connect several times.
    fn flags(&self) -> u16 {
        let df = if self.structured { export::SEND_DF } else { 0 };
        export::HAS_FLAGS | export::READ_ONLY | export::CAN_MULTI_CONN | df
    }

    fn list(&mut self) {
        for (name, about) in self.exports.list() {
            // A longer one could not be asked for.
            if name.len() <= NAME {
                let length = (name.len() as u32).to_be_bytes();
                let about = cut(&about, NAME).as_bytes();
                option_reply(&mut self.out, option::LIST, reply::SERVER, &[&length, name.as_bytes(), about]);
            }
        }
        self.say(option::LIST, reply::ACK, "");
    }

    fn open(&self, name: &[u8]) -> Result<Export, (u32, String)> {
        let text = std::str::from_utf8(name).ok().filter(|name| name.len() <= NAME);
        let name = text.ok_or_else(|| (reply::ERR_INVALID, "this cannot be a name".to_owned()))?;
        self.exports.open(name).map_err(|why| (reply::ERR_UNKNOWN, why))
    }

    fn info(&mut self, option: u32, data: &[u8]) -> Option<Export> {
        let mut fields = Fields(data);
        let asked = (|| {
            let name = fields.text()?;
            let count = usize::from(fields.u16()?);
            (fields.0.len() == count * 2).then_some(name)
        })();
        let Some(name) = asked else {
            self.say(option, reply::ERR_INVALID, "the lengths do not fit");
            return None;
        };
        let export = match self.open(name) {
            Ok(export) => export,
            Err((kind, why)) => {
                self.say(option, kind, &why);
                return None;
            }
        };
        let wanted: Vec<u16> = std::iter::from_fn(|| fields.u16()).collect();
        let mut give = |kind: u16, parts: &[&[u8]]| {
            let kind = kind.to_be_bytes();
            let parts: Vec<&[u8]> = std::iter::once(&kind[..]).chain(parts.iter().copied()).collect();
            option_reply(&mut self.out, option, reply::INFO, &parts);
        };
        if wanted.contains(&info::NAME) {
            give(info::NAME, &[cut(&export.name, NAME).as_bytes()]);
        }
        if wanted.contains(&info::DESCRIPTION) {
            give(info::DESCRIPTION, &[cut(&export.description, NAME).as_bytes()]);
        }
        let sizes = [1u32, 4096, MAX_REQUEST].map(u32::to_be_bytes);
        give(info::BLOCK_SIZE, &[&sizes.concat()]);
        let flags = self.flags().to_be_bytes();
        let size = export.image.size().to_be_bytes();
        let kind = info::EXPORT.to_be_bytes();
        option_reply(&mut self.out, option, reply::INFO, &[&kind, &size, &flags]);
        self.say(option, reply::ACK, "");
        Some(export)
    }

    fn contexts(&mut self, option: u32, data: &[u8]) {
        let set = option == option::SET_META_CONTEXT;
        if set {
            // Whatever comes of it, what was set before is gone.
            self.allocation = None;
        }
        if !self.structured {
            self.say(option, reply::ERR_INVALID, "ask for structured replies first");
            return;
        }
        let mut fields = Fields(data);
        let asked = (|| {
            let name = fields.text()?;
            let count = fields.u32()?;
            let mut queries = Vec::new();
            for _ in 0..count {
                // Each takes four bytes of the data at least, so there are no more than fit.
                queries.push(fields.text()?);
            }
            fields.0.is_empty().then_some((name, queries))
        })();
        let Some((name, queries)) = asked else {
            self.say(option, reply::ERR_INVALID, "the lengths do not fit");
            return;
        };
        let export = match self.open(name) {
            Ok(export) => export,
            Err((kind, why)) => {
                self.say(option, kind, &why);
                return;
            }
        };
        let all = !set && (queries.is_empty() || queries.contains(&&b"base:"[..]));
        if all || queries.contains(&ALLOCATION.as_bytes()) {
            // The number means nothing where contexts are only listed.
            let id = (if set { ALLOCATION_ID } else { 0 }).to_be_bytes();
            option_reply(&mut self.out, option, reply::META_CONTEXT, &[&id, ALLOCATION.as_bytes()]);
            if set {
                self.allocation = Some(export.name);
            }
        }
        self.say(option, reply::ACK, "");
    }
}
