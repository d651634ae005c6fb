//! The words of the field, as a screen uses them.

use super::{Category, Term, term};

/// Every word, in the order in which a reader meets them.
pub(super) const TERMS: &[Term] = &[
    term(
        Category::Word,
        "evidence",
        "The inputs as given: directories, archives, logs, dumps. jivascope only reads them.",
    ),
    term(Category::Word, "volume", "What the replicas are copies of."),
    term(
        Category::Word,
        "replica",
        "One data directory of a volume, with a label: the name that you gave, or the shortest part of the path that tells it from the others.",
    ),
    term(Category::Word, "label", "The name of a replica in a report. LABEL=PATH sets it."),
    term(Category::Word, "disk", "One layer of a replica: an image file (NAME) and its record (NAME.meta)."),
    term(
        Category::Word,
        "image",
        "The file that stores the blocks of a disk. Blocks that it does not store are holes.",
    ),
    term(
        Category::Word,
        "record",
        "The JSON file beside an image: Name, Parent, Removed, UserCreated, Created, RevisionCounter.",
    ),
    term(
        Category::Word,
        "head",
        "The disk that is written to. Its name carries a number that grows with each snapshot.",
    ),
    term(
        Category::Word,
        "snapshot",
        "A sealed disk. Users create snapshots; Jiva creates one on each rebuild.",
    ),
    term(Category::Word, "base", "The oldest disk of a chain."),
    term(
        Category::Word,
        "chain",
        "The disks of a replica from head to base, by Parent. On the screen: how many there are.",
    ),
    term(Category::Word, "parent", "The disk below another one."),
    term(
        Category::Word,
        "off-chain",
        "A disk that no chain reaches. It may hold data that nothing else holds.",
    ),
    term(Category::Word, "view", "The bytes of the volume as seen from a disk down to the base."),
    term(
        Category::Word,
        "block",
        "4096 bytes, the unit in which Jiva stores data and jivascope compares it.",
    ),
    term(
        Category::Word,
        "extent",
        "A range of an image that is stored, as the file system or the archive says.",
    ),
    term(
        Category::Word,
        "hole",
        "A range that an image does not store. The layer below shows there, or zeros.",
    ),
    term(Category::Word, "hard link", "Two names of one file."),
    term(
        Category::Word,
        "counter",
        "The number of writes that a replica has applied while it was RW (revision.counter). Two counters can be compared only if both replicas ran together until one stopped.",
    ),
    term(
        Category::Word,
        "Checkpoint",
        "The snapshot at which the controller last saw all replicas RW. A rebuild is refused where the replica's Checkpoint is not in the chain of the RW side.",
    ),
    term(Category::Word, "RW", "The mode of a replica that serves the volume."),
    term(
        Category::Word,
        "WO",
        "The mode of a replica that is being rebuilt: it takes writes and serves no reads.",
    ),
    term(Category::Word, "leader", "The replica that the controller starts first. The others rejoin it."),
    term(
        Category::Word,
        "election",
        "The choice of the leader: of the first replicas to register, the one with the highest counter.",
    ),
    term(
        Category::Word,
        "register",
        "What a replica does when its process starts: it tells the controller that it is there.",
    ),
    term(
        Category::Word,
        "replication factor",
        "How many replicas the volume is meant to have. It is not recorded in the replica directories: 3 unless --replication-factor says otherwise.",
    ),
    term(
        Category::Word,
        "join",
        "A replica comes back: both sides take a snapshot of one name, then files are copied over. Also called a rebuild.",
    ),
    term(Category::Word, "rebuild", "See join."),
    term(
        Category::Word,
        "last rebuild",
        "How the last rebuild of a replica ended: none, finished, interrupted or refused.",
    ),
    term(Category::Word, "state", "Whether Jiva can open a replica: usable, broken or blank (empty)."),
    term(
        Category::Word,
        "refused",
        "A rebuild that stopped before anything was copied. It leaves a snapshot of the same name and other content on both sides.",
    ),
    term(
        Category::Word,
        "interrupted",
        "A rebuild that stopped while files were copied. The view of the replica is then a mixture.",
    ),
    term(
        Category::Word,
        "clean tip",
        "The newest view that is the replica's own, before blocks that it received in a rebuild that did not end.",
    ),
    term(
        Category::Word,
        "timeline",
        "A stretch of history in which one set of replicas saw the same writes.",
    ),
    term(
        Category::Word,
        "common ancestor",
        "The newest snapshot that two replicas share with the same content.",
    ),
    term(Category::Word, "diverged after", "The snapshot after which a replica's history is its own."),
    term(Category::Word, "lineage", "Replicas of the same data that no other replica exceeds."),
    term(Category::Word, "ways", "Into how many lineages the data are split."),
    term(Category::Word, "holder", "A replica that holds everything that any replica here holds."),
    term(
        Category::Word,
        "keep",
        "The holder to keep. The others may be rebuilt from it, except those that must not be wiped.",
    ),
    term(
        Category::Word,
        "witness",
        "Anything that shows a replica without being its directory: a head record of a peer, a log line, an API dump.",
    ),
    term(Category::Word, "missing replica", "A replica that nobody supplied and that a witness shows."),
    term(
        Category::Word,
        "candidate",
        "A chain that can be built from the files of a replica that Jiva cannot open: LABEL@candidate-N.",
    ),
    term(
        Category::Word,
        "capsule",
        "What `collect` takes from a node instead of the images: records, logs, extents and a sum of every stored block, and no data.",
    ),
    term(Category::Word, "quality", "What a copy is worth: attested, faithful, unknown or defective."),
    term(
        Category::Word,
        "reconstruction",
        "A copy whose all-zero blocks are treated as holes (--holes zeros). The verdict is then at most weak.",
    ),
    term(
        Category::Word,
        "as found",
        "A defective copy that is taken for what lies on the node, because you said so (--as-found LABEL).",
    ),
    term(
        Category::Word,
        "sample",
        "A comparison of a share of the blocks (--sample). The verdict is then at most weak.",
    ),
    term(
        Category::Word,
        "start",
        "Whether it is safe to start the volume as it is: safe, unsafe, stuck or unknown.",
    ),
    term(Category::Word, "rule", "What gave the verdict: R-… ."),
    term(
        Category::Word,
        "finding",
        "Something noticed, with a code JV0nn: what was seen, what it means, what to do.",
    ),
    term(
        Category::Word,
        "power cut",
        "A node that lost power. Acknowledged writes may be missing from every copy.",
    ),
];
