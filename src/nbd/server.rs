//! Many clients at once: a thread each, and a limit of how many.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::exports::Exports;
use super::listen::Listener;
use super::negotiate::negotiate;
use super::peer::{Peer, Stream};
use super::transmit::transmit;

/// Connections at once. More wait until one ends.
pub const MAX_CLIENTS: usize = 128;

/// Where the limit is reached, or the system is out of something, it is looked again so often.
const AGAIN: Duration = Duration::from_millis(20);

/// Serves images to clients of a listener until `stop` can be read, or its other end is closed. Then every connection is
/// ended, and the function returns when all have.
///
/// # Errors
/// Where the system cannot wait for clients at all. What a client does wrong ends that client alone.
pub fn serve(listener: &Listener, exports: &dyn Exports, stop: impl AsFd) -> io::Result<()> {
    let clients = Clients::default();
    thread::scope(|scope| {
        let served = loop {
            let full = clients.locked().len() >= MAX_CLIENTS;
            match wait(listener, &stop, full) {
                Ok(Ready::Stop) => break Ok(()),
                Ok(Ready::Client) => {}
                Ok(Ready::Nobody) => continue,
                Err(error) => break Err(error),
            }
            let stream = match listener.accept() {
                Ok(stream) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(_) => {
                    // The client is gone already, or there is no room for one more.
                    thread::sleep(AGAIN);
                    continue;
                }
            };
            let Ok(number) = clients.add(&stream) else { continue };
            let clients = &clients;
            let client = thread::Builder::new().spawn_scoped(scope, move || {
                let mut stream = stream;
                // A defect that one client meets is not the others'.
                let _ = catch_unwind(AssertUnwindSafe(|| converse(&mut stream, exports)));
                stream.shut();
                clients.locked().remove(&number);
            });
            if client.is_err() {
                clients.locked().remove(&number);
            }
        };
        clients.locked().values().for_each(Stream::shut);
        served
    })
}

/// Serves one client from its greeting to its end.
///
/// # Errors
/// What ended it: the system, the protocol, or time.
pub fn converse(peer: &mut impl Peer, exports: &dyn Exports) -> io::Result<()> {
    match negotiate(peer, exports)? {
        Some(chosen) => transmit(peer, &chosen),
        None => Ok(()),
    }
}

enum Ready {
    Stop,
    Client,
    Nobody,
}

fn wait(listener: &Listener, stop: &impl AsFd, full: bool) -> io::Result<Ready> {
    let mut places = [PollFd::new(stop, PollFlags::IN), PollFd::new(listener, PollFlags::IN)];
    let (places, time) = if full {
        let again = Timespec { tv_sec: 0, tv_nsec: AGAIN.as_nanos() as i64 };
        (&mut places[..1], Some(again))
    } else {
        (&mut places[..], None)
    };
    match poll(places, time.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(if !places[0].revents().is_empty() {
        Ready::Stop
    } else if places.get(1).is_some_and(|listener| !listener.revents().is_empty()) {
        Ready::Client
    } else {
        Ready::Nobody
    })
}

/// The connections that there are, so that all can be ended.
#[derive(Debug, Default)]
struct Clients(Mutex<Connections>);

#[derive(Debug, Default)]
struct Connections {
    next: u64,
    list: BTreeMap<u64, Stream>,
}

impl Connections {
    fn len(&self) -> usize {
        self.list.len()
    }

    fn remove(&mut self, number: &u64) {
        self.list.remove(number);
    }

    fn values(&self) -> impl Iterator<Item = &Stream> {
        self.list.values()
    }
}

impl Clients {
    fn locked(&self) -> MutexGuard<'_, Connections> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, stream: &Stream) -> io::Result<u64> {
        let handle = stream.try_clone()?;
        let mut all = self.locked();
        all.next += 1;
        let number = all.next;
        all.list.insert(number, handle);
        Ok(number)
    }
}
