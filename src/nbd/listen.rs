//! Where a server waits for clients: a Unix socket that only its owner can use, or a TCP port.

use std::fmt;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, fchmod};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with};

use super::peer::Stream;
use crate::blocks::evidence_around;
use crate::evidence::spelled;

/// Clients that wait to be taken.
const WAITING: i32 = 128;

/// Why a server cannot wait there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The socket would change the evidence.
    #[error("{path}: belongs to the evidence ({input}), which is never written to", path = spelled(path), input = spelled(input))]
    Evidence {
        /// The socket.
        path: PathBuf,
        /// The part of the evidence that it would lie in.
        input: PathBuf,
    },
    /// There is something of that name.
    #[error("{path}: exists already", path = spelled(path))]
    Exists {
        /// The socket.
        path: PathBuf,
    },
    /// The system said no.
    #[error("{place}: cannot be listened on")]
    Io {
        /// Where.
        place: String,
        /// What the system said.
        source: io::Error,
    },
}

/// A place where clients can connect. Dropped, it removes its socket.
#[derive(Debug)]
pub struct Listener {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Unix { listener: UnixListener, path: PathBuf, made: Option<(u64, u64)> },
    Tcp { listener: TcpListener, address: SocketAddr },
}

impl Listener {
    /// A Unix socket at a path where nothing is. `evidence` are the directories and files that must not be touched.
    ///
    /// # Errors
    /// [`ListenError`], before anything is made.
    pub fn unix(path: &Path, evidence: &[PathBuf]) -> Result<Self, ListenError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => ListenError::Exists { path: path.to_owned() },
            _ => ListenError::Io { place: spelled(path), source },
        };
        if let Some(input) = evidence_around(path, evidence).map_err(failed)? {
            return Err(ListenError::Evidence { path: path.to_owned(), input });
        }
        let make = || -> io::Result<UnixListener> {
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
            // The file gets the mode that the socket has, so nobody else can connect in between.
            fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
            bind(&socket, &SocketAddrUnix::new(path)?)?;
            listen(&socket, WAITING)?;
            Ok(socket.into())
        };
        let listener = make().map_err(failed)?;
        let made = fs::symlink_metadata(path).ok().map(|made| (made.dev(), made.ino()));
        Ok(Self { kind: Kind::Unix { listener, path: path.to_owned(), made } })
    }

    /// A TCP port.
    ///
    /// # Errors
    /// [`ListenError::Io`].
    pub fn tcp(address: SocketAddr) -> Result<Self, ListenError> {
        let failed = |source| ListenError::Io { place: address.to_string(), source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        // Where port 0 was asked for, the system chose one.
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { kind: Kind::Tcp { listener, address } })
    }

    /// How an export is reached here, as `nbdinfo` and `qemu-img` take it.
    pub fn uri(&self, name: &str) -> String {
        let name = encoded(name.as_bytes());
        match &self.kind {
            Kind::Unix { path, .. } => {
                format!("nbd+unix:///{name}?socket={}", encoded(path.as_os_str().as_encoded_bytes()))
            }
            Kind::Tcp { address, .. } => format!("nbd://{address}/{name}"),
        }
    }

    pub(super) fn accept(&self) -> io::Result<Stream> {
        let stream = match &self.kind {
            Kind::Unix { listener, .. } => Stream::Unix(listener.accept()?.0),
            Kind::Tcp { listener, .. } => Stream::Tcp(listener.accept()?.0),
        };
        stream.prepared()
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Unix { path, .. } => f.write_str(&spelled(path)),
            Kind::Tcp { address, .. } => address.fmt(f),
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.kind {
            Kind::Unix { listener, .. } => listener.as_fd(),
            Kind::Tcp { listener, .. } => listener.as_fd(),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Kind::Unix { path, made, .. } = &self.kind {
            let there = fs::symlink_metadata(path).ok().map(|there| (there.dev(), there.ino()));
            // Somebody else's file of that name stays.
            if made.is_some() && there == *made {
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// For a part of a URI: what could mean something there is written `%XX`.
fn encoded(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'@' | b'/' => {
                out.push(char::from(*byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_holds_nothing_that_ends_it() {
        assert_eq!(
            encoded("rep-1@volume-snap a?b#c%é\n".as_bytes()),
            "rep-1@volume-snap%20a%3Fb%23c%25%C3%A9%0A"
        );
    }

    #[test]
    fn a_socket_is_its_owners_alone_and_goes_with_the_listener() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("s");
        let listener = Listener::unix(&path, &[]).expect("a socket");
        assert_eq!(fs::metadata(&path).expect("it is there").mode() & 0o777, 0o600);
        assert!(matches!(Listener::unix(&path, &[]), Err(ListenError::Exists { .. })));
        drop(listener);
        assert!(!path.exists());
        // A file that took the name in the meantime is somebody else's.
        let listener = Listener::unix(&path, &[]).expect("a socket");
        fs::remove_file(&path).expect("removed");
        fs::write(&path, "mine").expect("written");
        drop(listener);
        assert!(path.exists());
        let inside = dir.path().join("in/side");
        fs::create_dir(dir.path().join("in")).expect("a directory");
        let refused = Listener::unix(&inside, &[dir.path().join("in")]);
        assert!(matches!(refused, Err(ListenError::Evidence { .. })));
        assert!(!inside.exists());
    }
}
