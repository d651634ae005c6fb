//! The other end of a connection, and how long it is waited for.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// A message that has begun ends within this, payload and all. So does each option of the negotiation, from the moment in
/// which it is waited for: who connects and says nothing is let go.
pub(super) const MESSAGE: Duration = Duration::from_secs(20);

/// The other end takes something within this, or it is given up.
const TAKING: Duration = Duration::from_secs(60);

/// A stream with patience.
pub trait Peer: Read + Write {
    /// A read that begins from now on ends within this time, or fails; `None` waits for ever.
    ///
    /// # Errors
    /// As the system says.
    fn patience(&mut self, time: Option<Duration>) -> io::Result<()>;
}

impl Peer for UnixStream {
    fn patience(&mut self, time: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(time)
    }
}

impl Peer for TcpStream {
    fn patience(&mut self, time: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(time)
    }
}

/// A connection of either kind.
#[derive(Debug)]
pub(super) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Stream {
    /// Makes it ready: an end that takes nothing does not hold a thread for ever, and small replies leave at once.
    pub fn prepared(self) -> io::Result<Self> {
        match &self {
            Self::Unix(stream) => stream.set_write_timeout(Some(TAKING))?,
            Self::Tcp(stream) => {
                stream.set_write_timeout(Some(TAKING))?;
                stream.set_nodelay(true)?;
                // A machine that is gone says nothing; the system asks it now and then.
                rustix::net::sockopt::set_socket_keepalive(stream, true)?;
            }
        }
        Ok(self)
    }

    pub fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Unix(stream) => stream.try_clone().map(Self::Unix),
            Self::Tcp(stream) => stream.try_clone().map(Self::Tcp),
        }
    }

    /// Ends it in both directions, also for a thread that waits on it.
    pub fn shut(&self) {
        // It may have ended already.
        let _ = match self {
            Self::Unix(stream) => stream.shutdown(std::net::Shutdown::Both),
            Self::Tcp(stream) => stream.shutdown(std::net::Shutdown::Both),
        };
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.read(buf),
            Self::Tcp(stream) => stream.read(buf),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.write(buf),
            Self::Tcp(stream) => stream.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Peer for Stream {
    fn patience(&mut self, time: Option<Duration>) -> io::Result<()> {
        match self {
            Self::Unix(stream) => stream.patience(time),
            Self::Tcp(stream) => stream.patience(time),
        }
    }
}

/// Fills a buffer before a moment.
pub(super) fn fill(peer: &mut impl Peer, mut buf: &mut [u8], until: Instant) -> io::Result<()> {
    while !buf.is_empty() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        peer.patience(Some(left))?;
        match peer.read(buf) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => buf = &mut buf[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Fills a buffer whose first byte may take as long as it likes; whether anything came before the other end left.
pub(super) fn fill_when_it_comes(peer: &mut impl Peer, buf: &mut [u8]) -> io::Result<bool> {
    peer.patience(None)?;
    let count = loop {
        match peer.read(buf) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => break done?,
        }
    };
    if count == 0 {
        return Ok(false);
    }
    if count < buf.len() {
        fill(peer, &mut buf[count..], Instant::now() + MESSAGE)?;
    }
    Ok(true)
}

/// Reads bytes that nobody wants before a moment.
pub(super) fn pass_over(peer: &mut impl Peer, mut count: u64, until: Instant) -> io::Result<()> {
    let mut buf = [0; 8192];
    while count > 0 {
        let step = buf.len().min(usize::try_from(count).unwrap_or(usize::MAX));
        fill(peer, &mut buf[..step], until)?;
        count -= step as u64;
    }
    Ok(())
}
