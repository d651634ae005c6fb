//! Facts that witnesses tell: logs, replies of the REST API, Kubernetes objects. Addresses are hosts, times are RFC 3339
//! in UTC.
//!
//! How they read stands in [`super::witnessed_words`].

use serde::Serialize;

use super::parts::Sighting;
use crate::ident::{Counter, DiskName, Label};

/// Whether a replica lives, as far as witnesses tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Alive {
    /// It answered pings.
    Alive,
    /// It had ended, or its host had vanished.
    Gone,
    /// Nothing tells.
    Unknown,
}

/// What proves that a replica lives or is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Proof {
    /// It was listed RW for longer than a dead entry is, while the controller answered.
    ListedTooLong,
    /// Its head rose with every replica that it refused.
    HeadRose,
    /// It was asked and answered.
    Answered,
    /// Its own log goes on.
    OwnLog,
    /// It did not answer pings.
    PingTimeout,
    /// It did not answer a read or a write.
    IoTimeout,
    /// Its directory was in use at another address.
    MovedOn,
    /// Nothing proves either.
    Nothing,
}

/// Why an entry left the controller's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RemovedBy {
    /// A request to delete it.
    Delete,
    /// Pings that were not answered.
    PingTimeout,
    /// A read or a write that was not answered.
    IoTimeout,
    /// An error that the replica reported.
    ReplicaError,
    /// Its process ended.
    ProcessEnded,
    /// Another replica took its place.
    Takeover,
    /// The controller ended.
    ControllerEnded,
    /// No line tells.
    Unknown,
}

/// A head of a replica that nobody supplied, and who saw it when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct HeadSeen {
    /// The head.
    pub head: DiskName,
    /// When it was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Who saw it: a replica, or the controller.
    pub seen_by: String,
}

impl HeadSeen {
    /// A head, when it was seen, and by whom.
    pub fn new(head: DiskName, at: Option<String>, seen_by: String) -> Self {
        Self { head, at, seen_by }
    }
}

/// One refused join, as far as its lines tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Attempt {
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The replica's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The RW side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rw_address: Option<String>,
    /// Its counter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rw_counter: Option<Counter>,
    /// Its head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rw_head: Option<DiskName>,
    /// Disks of its chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rw_chain_length: Option<usize>,
    /// The replica's own counter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_counter: Option<Counter>,
    /// Its own head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_head: Option<DiskName>,
}

/// Defines a public struct of facts with the derives that all of them have.
macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
            #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
            pub struct $name {
                $($(#[$field_doc])* pub $field: $type,)*
            }
        )*
    };
}

facts! {
    /// A replica that nobody supplied.
    Missing {
        /// Its address.
        address: String,
        /// Heads that were seen of it, by time.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        heads: Vec<HeadSeen>,
        /// Its newest head.
        #[serde(skip_serializing_if = "Option::is_none")]
        head: Option<DiskName>,
        /// Its newest chain, from the head down.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        chain: Vec<DiskName>,
        /// Its highest counter.
        #[serde(skip_serializing_if = "Option::is_none")]
        counter: Option<Counter>,
        /// Its Checkpoint.
        #[serde(skip_serializing_if = "Option::is_none")]
        checkpoint: Option<DiskName>,
        /// Since when it is known to have been ahead.
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<String>,
        /// When it was seen last.
        #[serde(skip_serializing_if = "Option::is_none")]
        last_seen: Option<String>,
        /// Whether it lived then.
        alive: Alive,
        /// What proves it.
        proof: Proof,
        /// Replicas that were being rebuilt from it when it was seen last.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        source_of: Vec<String>,
        /// Replicas that it refused.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        refused: Vec<String>,
        /// Whether a supplied directory holds its newest snapshot: it was rebuilt from it since.
        passed_on: bool,
        /// Whether a supplied replica met it, so that their histories are known to differ.
        met_supplied: bool,
    }
    /// An entry of the controller's list of which a running pod is not known, or that stayed listed after its end.
    Ghost {
        /// Its address.
        address: String,
        /// Whether it lived.
        state: Alive,
        /// What proves it.
        proof: Proof,
        /// The mode in which it was listed.
        mode: String,
        /// Since when it was listed.
        #[serde(skip_serializing_if = "Option::is_none")]
        listed_from: Option<String>,
        /// Until when.
        #[serde(skip_serializing_if = "Option::is_none")]
        listed_to: Option<String>,
        /// Why it left the list.
        #[serde(skip_serializing_if = "Option::is_none")]
        removed_by: Option<RemovedBy>,
        /// The replica whose directory it has.
        #[serde(skip_serializing_if = "Option::is_none")]
        directory: Option<String>,
        /// Who was refused in its place.
        #[serde(skip_serializing_if = "Option::is_none")]
        successor: Option<String>,
        /// The pod list that knows no pod at that address was taken no earlier than this.
        #[serde(skip_serializing_if = "Option::is_none")]
        pods_as_of: Option<String>,
        /// A finding about a missing replica names the same address.
        named_missing: bool,
    }
    /// An open replica that the controller no longer lists.
    Unlisted {
        /// Its address.
        address: String,
        /// Its replica.
        #[serde(skip_serializing_if = "Option::is_none")]
        directory: Option<String>,
        /// When it was pinged last.
        #[serde(skip_serializing_if = "Option::is_none")]
        last_ping: Option<String>,
        /// Until when it was open.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<String>,
        /// Why it left the list.
        removed_by: RemovedBy,
        /// Whether it was open for as long as an open replica waits for a ping, or nothing tells that it ended.
        lasting: bool,
    }
    /// A controller that answered nothing.
    Frozen {
        /// Since when.
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<String>,
        /// Until when; absent where it never answered again.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<String>,
        /// Whose answer it waited for.
        #[serde(skip_serializing_if = "Option::is_none")]
        waiting_for: Option<String>,
        /// The request that made it wait.
        #[serde(skip_serializing_if = "Option::is_none")]
        trigger: Option<String>,
        /// Whether it lasted longer than any write to a host that is gone.
        proven: bool,
    }
    /// A replica whose joins were refused.
    RefusedJoins {
        /// Which replica.
        replica: String,
        /// Why.
        reason: String,
        /// How often.
        count: u64,
        /// First time.
        #[serde(skip_serializing_if = "Option::is_none")]
        first: Option<String>,
        /// Last time.
        #[serde(skip_serializing_if = "Option::is_none")]
        last: Option<String>,
        /// The RW side that it was compared with.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        by: Vec<String>,
        /// The last of them.
        latest: Attempt,
        /// Whether the reason lies in the data.
        about_data: bool,
    }
    /// A rebuild that did not end.
    Interrupted {
        /// Who was rebuilt.
        joiner: String,
        /// From whom.
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<String>,
        /// When it ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<String>,
        /// Files that were copied.
        files_done: u64,
    }
    /// A rebuild that another replica ended by taking the place.
    TakenOver {
        /// Who was thrown out.
        victim: String,
        /// By whom.
        by: String,
        /// When.
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<String>,
    }
    /// The source of a rebuild that was removed while no other was RW.
    SourceRemoved {
        /// Who was rebuilt.
        joiner: String,
        /// From whom.
        source: String,
        /// When.
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<String>,
        /// Why it was removed.
        removed_by: RemovedBy,
    }
    /// A leader that holds nothing, elected after another had more.
    BlankLeads {
        /// Its address.
        address: String,
        /// Its counter.
        counter: Counter,
        /// When it was elected.
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<String>,
        /// What was registered: address and counter.
        registered: Vec<(String, Counter)>,
        /// Who is known to have had more before.
        more: String,
        /// The counter of that.
        more_counter: Counter,
    }
    /// A session that was open while no replica could serve reads.
    WithoutSource {
        /// Whose session.
        session_of: String,
        /// Since when.
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<String>,
        /// Until when.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<String>,
    }
    /// A session that kept other hosts out.
    HeldSession {
        /// Who holds it.
        holder: String,
        /// Who was rejected.
        rejected: Vec<String>,
        /// First rejection.
        #[serde(skip_serializing_if = "Option::is_none")]
        first: Option<String>,
        /// Last rejection.
        #[serde(skip_serializing_if = "Option::is_none")]
        last: Option<String>,
        /// How many.
        count: u64,
        /// The node that the holder is.
        #[serde(skip_serializing_if = "Option::is_none")]
        holder_node: Option<String>,
        /// What ended it; absent where nothing did.
        #[serde(skip_serializing_if = "Option::is_none")]
        cleared_by: Option<String>,
    }
    /// Two hosts that were logged in at once.
    TwoHosts {
        /// Their addresses.
        addresses: Vec<String>,
        /// Since when.
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<String>,
        /// Until when.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<String>,
    }
    /// A stretch of time.
    Stretch {
        /// Since when.
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<String>,
        /// Until when.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<String>,
        /// Replicas that were listed RW, or registered.
        replicas: u64,
    }
    /// A disk without room.
    FullDisk {
        /// Whose.
        replica: String,
        /// When.
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<String>,
        /// Its address.
        #[serde(skip_serializing_if = "Option::is_none")]
        address: Option<String>,
    }
    /// A process that ended again and again.
    Loop {
        /// Whose.
        replica: String,
        /// How many lives ended.
        lives: u64,
        /// End of the first.
        #[serde(skip_serializing_if = "Option::is_none")]
        first: Option<String>,
        /// End of the last.
        #[serde(skip_serializing_if = "Option::is_none")]
        last: Option<String>,
    }
    /// A directory that was made anew.
    MadeAnew {
        /// Whose.
        replica: String,
        /// When.
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<String>,
    }
    /// Two clocks that disagree.
    Skew {
        /// One.
        a: String,
        /// The other.
        b: String,
        /// By how many seconds the first is behind.
        seconds: i64,
    }
    /// What a file of the witnesses cannot tell.
    Incomplete {
        /// The file.
        file: String,
        /// In what respects.
        kinds: Vec<String>,
    }
}

impl Missing {
    /// Takes in what a head record in a supplied directory tells of it.
    pub(crate) fn saw(&mut self, peer: &Sighting, by: &Label) {
        self.met_supplied = true;
        self.counter = self.counter.max(peer.counter);
        let known = |one: &HeadSeen| one.head == peer.head && one.seen_by == by.as_str();
        if !self.heads.iter().any(known) {
            self.heads.push(HeadSeen::new(peer.head.clone(), peer.at.clone(), by.to_string()));
            self.heads.sort_by(|a, b| (&a.at, a).cmp(&(&b.at, b)));
        }
    }
}
