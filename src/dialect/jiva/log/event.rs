//! What one line of a log says: typed, of any process.

use std::sync::Arc;

use super::address::Address;
use super::time::Moment;
use crate::ident::DiskName;

/// Which process writes such a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The controller.
    Controller,
    /// A replica.
    Replica,
}

/// Mode of an entry of the controller's list, or of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Reads and writes.
    Rw,
    /// Writes only: being rebuilt.
    Wo,
    /// Thrown out in a moment.
    Err,
    /// Any other word.
    Other,
}

impl Mode {
    /// Reads the word that Jiva prints.
    pub fn read(text: &str) -> Self {
        match text.trim() {
            "RW" => Self::Rw,
            "WO" => Self::Wo,
            "ERR" => Self::Err,
            _ => Self::Other,
        }
    }
}

/// A chain as a log or a dump shows it, from the head down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain(pub Arc<[DiskName]>);

impl Chain {
    /// The disk that is written to.
    pub fn head(&self) -> Option<&DiskName> {
        self.0.first()
    }

    /// The newest sealed disk.
    pub fn newest_snapshot(&self) -> Option<&DiskName> {
        self.0.get(1)
    }
}

/// Why a join was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The replica's Checkpoint is not in the chain of the RW side.
    CheckpointUnknown,
    /// Another replica is being rebuilt.
    WoSlotTaken,
    /// As many replicas are listed as the factor allows.
    FactorReached,
    /// The address is listed already.
    AlreadyListed,
    /// A replica that was asked did not answer.
    PeerGone,
    /// The joiner's own sync agent was not up, or it was thrown out meanwhile.
    NotReady,
    /// Anything else.
    Other,
}

impl Refusal {
    /// Its name in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::CheckpointUnknown => "checkpoint-unknown",
            Self::WoSlotTaken => "wo-slot-taken",
            Self::FactorReached => "replication-factor-reached",
            Self::AlreadyListed => "already-listed",
            Self::PeerGone => "peer-gone",
            Self::NotReady => "not-ready",
            Self::Other => "other",
        }
    }

    /// Tells the reason by Jiva's message.
    pub fn of(message: &str) -> Self {
        let says = |words: &str| message.contains(words);
        if says("checkpoint not present in rwReplica chain") {
            Self::CheckpointUnknown
        } else if says("one WO replica") {
            Self::WoSlotTaken
        } else if says("replication factor:") {
            Self::FactorReached
        } else if says("is already added") {
            Self::AlreadyListed
        } else if says("Failed to find target replica") || says(":9504/") {
            Self::NotReady
        } else if says("connection refused") || says("no route to host") || says("timed out") || says("EOF") {
            Self::PeerGone
        } else {
            Self::Other
        }
    }
}

/// How a replica's process ended, by its last line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The controller did not let it join.
    Refused(Refusal),
    /// The controller had not pinged it for so many seconds.
    NoPing(i64),
    /// The controller's end of the connection was closed.
    Closed,
    /// Any other fatal line.
    Other,
}

/// A registered replica as the controller prints it when it elects one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Its address.
    pub address: Address,
    /// Its counter.
    pub counter: i64,
}

/// What one line says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A process began: its first line. The second value says whether it is the first line for certain.
    Start(Role),
    /// A replica's process began, and says how long a chain may be: `MAX_CHAIN_LENGTH`, if that is set.
    ChainLimit(Option<usize>),
    /// The controller's addresses: its pod's and that of the service.
    ControllerAt(Address, Address),
    /// The replication factor of the controller.
    Factor(usize),
    /// The controller forgot everything.
    Reset,
    /// A replica registered.
    Register {
        /// Its address.
        address: Address,
        /// UUID of its directory, from 2.6.0 on.
        uuid: Option<Box<str>>,
        /// Its counter.
        counter: i64,
    },
    /// The controller elected a leader.
    Elected {
        /// The leader.
        leader: Address,
        /// Everything registered.
        registered: Vec<Registered>,
    },
    /// Too few replicas are registered.
    TooFew(usize),
    /// A replica asks to join.
    Asked(Address),
    /// An entry was added to the list.
    Listed(Address),
    /// The mode of an entry changed.
    SetMode(Address, Mode),
    /// An entry was removed from the list; the mode is the last one.
    Removed(Address, Mode),
    /// Somebody asked the controller to delete an entry.
    Delete(Address),
    /// A ping was not answered.
    PingTimeout(Address),
    /// The controller acts on what its monitoring found.
    MonitoringFailed(Address),
    /// A read or a write was not answered.
    IoTimeout(Address, bool),
    /// An entry was given up for an error of the replica itself.
    ReplicaError(Address, Box<str>),
    /// The connection to a replica ended.
    WireEnd(Address),
    /// A request was refused, with the reason.
    RequestError(Refusal, Option<Address>),
    /// The counters of a replica that asks and of the one that is being rebuilt.
    Compared {
        /// Who asks.
        asks: Address,
        /// Its counter.
        counter: i64,
        /// Who is being rebuilt.
        rebuilt: Address,
    },
    /// A replica takes the place of the one that is being rebuilt.
    TakesOver(Address),
    /// How many replicas the list holds, and how many of them are RW; and whether the volume is read-only.
    Volume {
        /// Entries.
        listed: usize,
        /// Entries that are RW.
        rw: usize,
        /// Whether writes are refused.
        read_only: bool,
    },
    /// The Checkpoint of the volume; none where full health was lost.
    Checkpoint(Option<DiskName>),
    /// A file goes from one replica to another.
    Copy {
        /// The file.
        file: Box<str>,
        /// From whom, where the line says so.
        from: Option<Address>,
        /// To whom.
        to: Address,
        /// Whether it is done.
        done: bool,
    },
    /// A chain that was shown when a rebuild was verified.
    Verified(Address, Chain),
    /// A replica's counter as the controller read it.
    CounterOf(Address, i64),
    /// A TCP connection of an initiator; the text holds the port too.
    Connected(Address, u16),
    /// A login; whether the session is a normal one, and the volume of the target.
    Login(bool, Option<Box<str>>),
    /// A logout.
    Logout(Address, u16),
    /// An iSCSI connection ended. The line does not say whose it was.
    Disconnected,
    /// A connection ended because the initiator's host no longer answers.
    InitiatorGone(Address),
    /// A connection was rejected: whose, and who holds the target.
    Rejected(Address, Address),
    /// The target serves.
    TargetUp,
    /// The target stopped; with the volume.
    TargetDown,
    /// The controller ends.
    Stopping,
    /// Somebody asked for `/v1/stats`, and a replica could not be reached.
    NoInfo(Address),
    /// A snapshot on one replica, with the time that the controller gave it.
    Snapshot {
        /// Where; absent in the replica's own log.
        on: Option<Address>,
        /// Its name.
        name: Box<str>,
        /// The controller's clock.
        created: Option<Moment>,
    },
    /// A request to the REST API; the time of the entry is when it came.
    Request {
        /// Who asked.
        client: Address,
        /// Whether it was a DELETE of an entry, and of which.
        deletes: Option<Address>,
        /// Whether the replica asks for the Checkpoint, as an open one does once a minute.
        checkpoint: bool,
        /// The volume named in the path.
        volume: Option<Box<str>>,
    },
    /// The replica's own address.
    OwnAddress(Address),
    /// The directory was made anew.
    Created,
    /// The directory was opened.
    Opened,
    /// The counter at an opening, written into the record of a disk that had none.
    Filled(i64, DiskName),
    /// The replica went back to an earlier snapshot.
    Reverted,
    /// Whom the replica is rebuilt from.
    Source(Address),
    /// Both counters at a join.
    Counters {
        /// The RW side.
        rw: Address,
        /// Its counter.
        rw_counter: i64,
        /// The replica itself.
        own: Address,
        /// Its counter.
        own_counter: i64,
    },
    /// Both chains at a join.
    Chains {
        /// The RW side's.
        rw: Chain,
        /// The replica's own.
        own: Chain,
    },
    /// The mode that the controller gave the replica.
    OwnMode(Mode),
    /// The counter that the replica took over: the rebuild was verified.
    Adopted(i64),
    /// The replica was elected.
    Leads,
    /// A write failed; whether for want of space.
    WriteFailed(bool),
    /// The controller refused the join.
    Refused(Refusal),
    /// The process ended.
    Fatal(End),
}

impl Event {
    /// Whose first line it is, if it is one.
    pub fn starts(&self) -> Option<Role> {
        match self {
            Self::Start(role) => Some(*role),
            Self::ChainLimit(_) => Some(Role::Replica),
            _ => None,
        }
    }
}

/// What a line is to the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// It says something.
    Says(Event),
    /// It is a line of Jiva's that says nothing of use here.
    Known,
    /// It is no line that is known.
    Unknown,
}
