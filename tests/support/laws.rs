//! Laws that hold for any bytes. The fuzz targets in `fuzz/` and `tests/laws.rs` call them; each panics where its law
//! is broken.
#![allow(dead_code, reason = "every user has its own part")]

use std::io::{self, Read, Write};
use std::sync::Arc;

use jivascope::analysis::{Options, analyze};

use jivascope::blocks::{ExportOptions, Format, MergedView, Target, ViewError, export};
use jivascope::dialect;
use jivascope::dialect::jiva::{CounterFile, LogInfo};
use jivascope::evidence::{self, Evidence, Found, Images, Input, InputPath, MemorySource, Source};
use jivascope::ident::{Label, Run, Runs};
use jivascope::nbd::{Export, Exports, Image, Peer, Unreadable, converse};
use jivascope::replica::{Record, VolumeMeta};
use jivascope::report::cluster::{ClusterDocument, openmetrics};
use jivascope::report::json::Document;
use jivascope::witness::{Cluster, Collection, Log};

/// A law and the name of its fuzz target.
pub type Law = (&'static str, fn(&[u8]));

pub const LAWS: &[Law] = &[
    ("volume_meta", volume_meta),
    ("disk_record", disk_record),
    ("counter", counter),
    ("log_info", log_info),
    ("tar_index", tar_index),
    ("decompression", decompression),
    ("lineage", lineage),
    ("merged_view", merged_view),
    ("runs", runs),
    ("qcow2", qcow2),
    ("witness", witness),
    ("nbd", nbd),
    ("file_system", file_system),
    ("xfs", xfs),
    #[cfg(feature = "capsule")]
    ("capsule", capsule),
];

/// Any bytes as a capsule, and any list behind any sections: an answer or an error.
#[cfg(feature = "capsule")]
pub fn capsule(bytes: &[u8]) {
    let begins = bytes.windows(9).position(|window| window == b"{\"schema\"").unwrap_or(0);
    let (sections, list) = bytes.split_at(begins);
    let dir = tempfile::tempdir().expect("a directory");
    for bytes in [bytes.to_vec(), evidence::capsule::sealed(sections, list)] {
        let path = dir.path().join("x.capsule");
        std::fs::write(&path, bytes).expect("it can be written");
        let input = Input { label: Some("x".to_owned()), path: InputPath::Path(path) };
        let evidence = evidence::gather(&[input], &evidence::Options::new(Images::Skip));
        if let Ok(evidence) = evidence {
            for found in &evidence.replicas {
                for entry in found.source.entries() {
                    let _ = found.source.read(entry);
                    let _ = found.source.extents(entry);
                    // The data of blocks that a second visit took.
                    let mut block = [0; 5000];
                    for at in (0..entry.size).step_by(4096).take(64) {
                        let _ = found.source.read_at(entry, at, &mut block);
                    }
                }
            }
            let _ = analyze(evidence, Options::default(), &());
        }
    }
}

/// What decodes is written and decoded again as the same; reading it leniently gives the same too.
pub fn volume_meta(bytes: &[u8]) {
    if let Ok(meta) = VolumeMeta::parse(bytes) {
        let text = meta.to_json();
        let again = VolumeMeta::parse(text.as_bytes()).expect("what is written decodes");
        assert_eq!(again.to_json(), text);
        let (lenient, error) = VolumeMeta::salvage(bytes);
        assert!(error.is_none());
        assert_eq!(lenient, meta);
    } else {
        assert!(VolumeMeta::salvage(bytes).1.is_some());
    }
}

/// As for `volume.meta`.
pub fn disk_record(bytes: &[u8]) {
    if let Ok(record) = Record::parse(bytes) {
        let text = record.to_json();
        let again = Record::parse(text.as_bytes()).expect("what is written decodes");
        assert_eq!(again.to_json(), text);
        let (lenient, error) = Record::salvage(bytes);
        assert!(error.is_none());
        assert_eq!(lenient, record);
    } else {
        assert!(Record::salvage(bytes).1.is_some());
    }
}

/// A number that is read is written so that it is read again; what stands behind 4096 bytes changes nothing.
pub fn counter(bytes: &[u8]) {
    let Ok(file) = CounterFile::parse(bytes) else { return };
    let again = CounterFile::parse(&CounterFile::write(file.counter)).expect("what is written is read");
    assert_eq!(again.counter, file.counter);
    assert!(again.remarks.is_empty());
    let mut longer = bytes.to_vec();
    longer.resize(longer.len().max(4096), 0);
    longer.extend_from_slice(b"17");
    assert_eq!(CounterFile::parse(&longer).expect("only the first block counts").counter, file.counter);
}

/// What decodes is written and decoded again as the same.
pub fn log_info(bytes: &[u8]) {
    if let Ok(info) = LogInfo::parse(bytes) {
        let text = info.to_json();
        assert_eq!(LogInfo::parse(text.as_bytes()).expect("what is written decodes").to_json(), text);
    }
}

/// The file must live as long as what is read from it.
fn gathered(bytes: &[u8]) -> Result<(Evidence, tempfile::NamedTempFile), String> {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("a temporary file");
    let input = Input { label: Some("x".to_owned()), path: InputPath::Path(file.path().to_owned()) };
    let images = Images::Spool { dir: None, limit: 64 << 20 };
    let place = file.path().display().to_string();
    evidence::gather(&[input], &evidence::Options::new(images))
        .map(|evidence| (evidence, file))
        .map_err(|error| error.to_string().replace(&place, "ARCHIVE"))
}

/// Everything that can be told of evidence from one archive.
fn story(evidence: Result<(Evidence, tempfile::NamedTempFile), String>) -> String {
    let (evidence, file) = match evidence {
        Ok(evidence) => evidence,
        Err(error) => return error,
    };
    let mut out = format!("{:?}\n", evidence.inputs[0].remarks);
    for found in &evidence.replicas {
        out += &format!("{:?}\n", found.damage);
        for entry in found.source.entries() {
            let extents = found.source.extents(entry).map(|extents| {
                let limit = entry.size.div_ceil(4096).saturating_mul(4096);
                assert!(extents.runs.end() <= limit, "{}: stored beyond its end", entry.name);
                extents.runs
            });
            out += &format!("{} {:?} {:?}", found.label, entry, extents.map_err(|error| error.to_string()));
            let mut buf = vec![0; 5000];
            let middle = entry.size / 2;
            let read = found.source.read_at(entry, middle, &mut buf).map_err(|error| error.to_string());
            if let Ok(count) = read {
                assert_eq!(count as u64, (entry.size - middle).min(5000), "{}: short read", entry.name);
            }
            out += &format!(" {read:?} {:?}\n", &buf[..16]);
        }
    }
    out.replace(&file.path().display().to_string(), "ARCHIVE")
}

/// Whether anything was read: what was given with a label is a replica also where nothing was.
fn is_read(evidence: &Evidence) -> bool {
    evidence.replicas.iter().any(|found| found.damage.is_empty() || !found.source.entries().is_empty())
}

/// An archive says the same plain and compressed. What is compressed already is packed twice then, which is no archive;
/// what is none is none in both, in different words.
pub fn tar_index(bytes: &[u8]) {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(bytes).expect("memory");
    let packed = gz.finish().expect("memory");
    let (plain, packed) = (gathered(bytes), gathered(&packed));
    let (one, other) = match (&plain, &packed) {
        (Ok((plain, _)), Ok((packed, _))) => (is_read(plain), is_read(packed)),
        _ => (plain.is_ok(), packed.is_ok()),
    };
    if MAGIC[1..].iter().any(|magic| bytes.starts_with(&magic[..3])) {
        assert!(!other, "an archive in two compressions was read");
        return;
    }
    assert_eq!(one, other, "read in one form alone");
    if one {
        assert_eq!(story(plain), story(packed));
    }
}

/// How compressed streams begin; the first is none.
const MAGIC: [&[u8]; 5] = [b"", b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00", b"BZh9"];

/// Any stream ends in evidence or an error, and twice in the same.
pub fn decompression(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let stream = [MAGIC[usize::from(*first) % MAGIC.len()], rest].concat();
    assert_eq!(story(gathered(&stream)), story(gathered(&stream)));
}

/// A stream of choices out of bytes; zeros when they run out.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn below(&mut self, end: u64) -> u64 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        u64::from(*first) % end
    }
}

const BLOCKS: u64 = 16;

/// A replica whose chain, records and blocks follow from choices; often a broken one.
fn drawn(choices: &mut Choices<'_>) -> MemorySource {
    let count = 1 + choices.below(4);
    let names: Vec<String> = (0..count)
        .map(|at| match at + 1 == count {
            true => format!("volume-head-00{}.img", choices.below(3)),
            false => format!("volume-snap-s{}.img", at + choices.below(2)),
        })
        .collect();
    let size = BLOCKS * 4096;
    let mut counter = 0;
    let mut source = MemorySource::new();
    for (at, name) in names.iter().enumerate() {
        counter += choices.below(3);
        let parent = if at == 0 { "" } else { &names[at - 1] };
        let parent = if choices.below(20) == 19 { "volume-snap-none.img" } else { parent };
        let record = format!(
            r#"{{"Name":"{name}","Parent":"{parent}","Removed":false,"UserCreated":false,"Created":"2026-01-01T00:00:00Z","RevisionCounter":{counter}}}"#
        );
        source = source.file(&format!("{name}.meta"), record);
        let stored: Vec<(u64, Vec<u8>)> = (0..BLOCKS)
            .filter_map(|block| {
                let fill = choices.below(8);
                (fill > 4).then(|| (block * 4096, vec![fill as u8 - 5; 4096]))
            })
            .collect();
        let short = if choices.below(16) == 15 { size / 2 } else { size };
        source = source.image(name, short, stored);
    }
    let (head, parent) = (names.last().expect("there is a head"), names.iter().rev().nth(1));
    let parent = parent.map_or("", String::as_str);
    let checkpoint = names.first().map_or("", String::as_str);
    let meta = format!(
        r#"{{"Size":{size},"Head":"{head}","Dirty":false,"Rebuilding":{},"Parent":"{parent}","SectorSize":512,"BackingFileName":"","CloneStatus":"NA","Checkpoint":"{checkpoint}","RevisionCounter":{counter}}}"#,
        choices.below(8) == 7
    );
    source
        .file("volume.meta", meta)
        .file("revision.counter", CounterFile::write(jivascope::ident::Counter(counter as i64)))
}

fn found(label: &str, source: &MemorySource) -> Found {
    let (label, path) = (Label::from(label), label.to_owned());
    Found {
        label,
        path,
        input: 0,
        source: Arc::new(source.clone()),
        labelled: true,
        volume: None,
        damage: Vec::new(),
    }
}

/// The answer does not depend on the order in which replicas were given, and turning two labels turns it likewise.
pub fn lineage(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let sources: Vec<MemorySource> = (0..3).map(|_| drawn(&mut choices)).collect();
    let judged = |labels: [&str; 3], order: [usize; 3]| {
        let replicas = order.iter().map(|at| found(labels[*at], &sources[*at])).collect();
        analyze(Evidence { inputs: Vec::new(), replicas }, Options::default(), &())
    };
    let labels = ["a", "b", "c"];
    let first = judged(labels, [0, 1, 2]);
    assert_eq!(Document::of(&first).to_text(), Document::of(&judged(labels, [2, 0, 1])).to_text());
    let turned = judged(["c", "b", "a"], [0, 1, 2]);
    let (one, other) = (&first.volumes[0].verdict, &turned.volumes[0].verdict);
    let swap = |label: &Label| {
        Label::from(match label.as_str() {
            "a" => "c",
            "c" => "a",
            other => other,
        })
    };
    let mut holders: Vec<Label> = other.holders.iter().map(swap).collect();
    holders.sort();
    assert_eq!((one.kind, one.confidence, &one.holders), (other.kind, other.confidence, &holders));
}

/// The merged view is what going through the layers block by block gives.
pub fn merged_view(bytes: &[u8]) {
    let source = drawn(&mut Choices(bytes));
    let replica = dialect::describe(&found("x", &source));
    let Ok(view) = MergedView::live(&replica) else { return };
    let base = replica
        .chain
        .last()
        .and_then(|name| replica.disk(name)?.image.as_ref())
        .map_or(0, |image| image.size);
    for block in 0..view.size() / 4096 {
        let mut wanted = None;
        for name in &replica.chain {
            let Some(image) = replica.disk(name).and_then(|disk| disk.image.as_ref()) else { continue };
            let stored = &image.extents.as_ref().expect("memory does not fail").runs;
            if stored.iter().any(|run| run.start <= block * 4096 && block * 4096 < run.end) {
                let mut bytes = [0; 4096];
                let entry = &source.entries()[image.entry];
                source.read_at(entry, block * 4096, &mut bytes).expect("memory does not fail");
                wanted = Some(bytes);
                break;
            }
        }
        let mut got = [9; 4096];
        match (view.read_at(block * 4096, &mut got), wanted) {
            (Ok(count), Some(wanted)) => assert!(count == 4096 && got == wanted, "block {block}"),
            (Ok(_), None) => assert!(got == [0; 4096] && block * 4096 < base, "block {block}"),
            (Err(ViewError::Eof { .. }), None) => assert!((block + 1) * 4096 > base, "block {block}"),
            (Err(error), _) => panic!("block {block}: {error}"),
        }
    }
}

/// Arithmetic of ranges is that of sets of bytes.
pub fn runs(bytes: &[u8]) {
    let (left, right) = bytes.split_at(bytes.len() / 2);
    let made = |bytes: &[u8]| {
        let pairs = bytes.chunks_exact(2);
        let list = pairs
            .map(|pair| Run { start: u64::from(pair[0]), end: u64::from(pair[0]) + u64::from(pair[1] % 16) });
        Runs::from_unsorted(list.filter(|run| run.start < run.end).collect())
    };
    let (a, b) = (made(left), made(right));
    let has = |runs: &Runs, at: u64| runs.iter().any(|run| run.start <= at && at < run.end);
    let (union, both, only) = (a.union(&b), a.intersection(&b), a.difference(&b));
    for at in 0..280 {
        let (x, y) = (has(&a, at), has(&b, at));
        assert_eq!((has(&union, at), has(&both, at), has(&only, at)), (x || y, x && y, x && !y), "{at}");
    }
    assert_eq!(union.bytes() + both.bytes(), a.bytes() + b.bytes());
}

/// A qcow2 image, read by its tables, is the view.
pub fn qcow2(bytes: &[u8]) {
    let source = drawn(&mut Choices(bytes));
    let replica = dialect::describe(&found("x", &source));
    let Ok(view) = MergedView::live(&replica) else { return };
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("image");
    let target = Target::create(&path, &[], false).expect("a temporary directory");
    if export(&view, target, &ExportOptions::new(Format::Qcow2), &()).is_err() {
        assert!(!path.exists(), "an export that failed left an image");
        return;
    }
    let image = std::fs::read(&path).expect("the image is there");
    let number = |at: usize| u64::from_be_bytes(image[at..at + 8].try_into().expect("eight bytes"));
    const PLACE: u64 = 0x00ff_ffff_ffff_fe00;
    assert_eq!((&image[..4], number(24)), (&b"QFI\xfb"[..], view.size()));
    let l1 = number(40) as usize;
    let l2 = (number(l1) & PLACE) as usize;
    let mut wanted = vec![0; view.size() as usize];
    view.read_at(0, &mut wanted).expect("the export could read it");
    for (at, cluster) in wanted.chunks(65536).enumerate() {
        let place = if l2 == 0 { 0 } else { (number(l2 + at * 8) & PLACE) as usize };
        let got =
            if place == 0 { vec![0; cluster.len()] } else { image[place..place + cluster.len()].to_vec() };
        assert!(got == cluster, "cluster {at}");
    }
}

/// Whatever a file of the witnesses holds: no line is lost, what is told of it fits the documents, and no byte of it moves a
/// cursor.
pub fn witness(bytes: &[u8]) {
    if let Ok(log) = Log::read(bytes) {
        assert!(log.unknown <= log.lines.max(1), "more unknown lines than lines");
        let lives = log.streams.iter().flat_map(|stream| &stream.lives);
        assert!(
            lives.clone().all(|life| life.first <= life.last || life.last.is_none()),
            "a life ends before it begins"
        );
        assert!(
            lives.map(|life| life.lines).sum::<u64>() <= log.lines.saturating_add(1),
            "lines from nowhere"
        );
    }
    let file = evidence::Testimony::of_bytes("a file", bytes);
    let collection = Collection::read(&[&file], &[]);
    let cluster = Cluster::of(&collection, 3);
    let harmless = |text: &str| !text.chars().any(|c| c.is_control() && c != '\n');
    assert!(harmless(&ClusterDocument::of(&cluster).to_text()), "a control character in JSON");
    assert!(harmless(&openmetrics(&cluster)), "a control character in OpenMetrics");
}

/// Whatever a client sends, a server answers in whole messages, ends, and gives no byte that is not the image's.
pub fn nbd(bytes: &[u8]) {
    let mut peer = Scripted { sends: bytes, gets: Vec::new() };
    // It ends with an error where the client breaks the protocol.
    let _ = converse(&mut peer, &Pattern);
    let mut got = &peer.gets[..];
    let mut take = |count: usize| -> Option<&[u8]> {
        let (front, rest) = got.split_at_checked(count)?;
        got = rest;
        Some(front)
    };
    assert_eq!(take(18).expect("a greeting"), b"NBDMAGICIHAVEOPT\0\x03");
    let number = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    while let Some(magic) = take(4) {
        match number(magic) {
            // A reply to an option.
            0x0003_e889 => {
                let head = take(16).expect("a whole head");
                let length = number(&head[12..]) as usize;
                assert!(length <= 4096 + 4 + 8, "a reply of {length} bytes");
                take(length).expect("a whole reply");
            }
            // A part of a structured reply.
            0x668e_33ef => {
                let head = take(16).expect("a whole head");
                let (kind, length) = (number(&head[2..4]), number(&head[12..]) as usize);
                let data = take(length).expect("a whole part");
                if matches!(kind, 1 | 2) {
                    let at = number(&data[..8]);
                    let len = if kind == 1 { length as u64 - 8 } else { number(&data[8..]) };
                    assert!(at + len <= Pattern::SIZE, "inside the image");
                    let mut wanted = vec![0; len as usize];
                    Pattern.read(at, &mut wanted).expect("what was sent can be read");
                    assert!(if kind == 1 {
                        data[8..] == wanted
                    } else {
                        wanted.iter().all(|byte| *byte == 0)
                    });
                }
            }
            // The export as it was asked for in the old way, or simple replies, whose length the request knows.
            _ => return,
        }
    }
}

/// A client that sends what it was given, and leaves.
struct Scripted<'a> {
    sends: &'a [u8],
    gets: Vec<u8>,
}

impl Read for Scripted<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.sends.read(buf)
    }
}

impl Write for Scripted<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.gets.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Peer for Scripted<'_> {
    fn patience(&mut self, _time: Option<std::time::Duration>) -> io::Result<()> {
        Ok(())
    }
}

/// An image of which each byte tells its place, with a hole, and with a place that cannot be read.
struct Pattern;

impl Pattern {
    const SIZE: u64 = 1 << 20;
    const HOLE: Run = Run { start: 200_000, end: 400_000 };
    const BAD: u64 = 700_000;
}

impl Image for Pattern {
    fn size(&self) -> u64 {
        Self::SIZE
    }

    fn read(&self, offset: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        let end = offset + buf.len() as u64;
        assert!(!buf.is_empty() && end <= Self::SIZE, "a read outside of the image");
        if (offset..end).contains(&Self::BAD) {
            return Err(Unreadable { why: "a bad sector".to_owned(), at: Some(Self::BAD) });
        }
        for (byte, at) in buf.iter_mut().zip(offset..) {
            *byte = if (Self::HOLE.start..Self::HOLE.end).contains(&at) { 0 } else { (at >> 9) as u8 | 1 };
        }
        Ok(())
    }

    fn parts(&self, run: Run, most: usize) -> Vec<(Run, bool)> {
        let Run { start, end } = Self::HOLE;
        let parts = [(0, start, true), (start, end, false), (end, Self::SIZE, true)];
        let parts = parts
            .map(|(from, to, stored)| (Run { start: from.max(run.start), end: to.min(run.end) }, stored));
        parts.into_iter().filter(|(part, _)| part.start < part.end).take(most).collect()
    }
}

impl Exports for Pattern {
    fn list(&self) -> Vec<(String, String)> {
        vec![("a".to_owned(), "an image".to_owned()), ("b".repeat(5000), String::new())]
    }

    fn open(&self, name: &str) -> Result<Export, String> {
        match name {
            "" | "a" => Ok(Export::new("a", "an image", Arc::new(Pattern))),
            other => Err(other.repeat(3)),
        }
    }
}

/// Whatever the bytes of a view are: what is inside is said, listed and summed up in bounded work; every entry has a path of
/// its own below the root, and no block is two owners' beyond what the view has.
pub fn file_system(bytes: &[u8]) {
    // The superblock begins where a file system of small blocks has it; the rest is the input's.
    inside(bytes, 1024);
}

/// The same of XFS, whose superblock comes first.
pub fn xfs(bytes: &[u8]) {
    inside(bytes, 0);
}

fn inside(bytes: &[u8], begin: usize) {
    use jivascope::filesystem::{Contents, FileKind, Files};
    let mut image = vec![0; 64 << 10];
    let len = bytes.len().min(image.len() - begin);
    image[begin..begin + len].copy_from_slice(&bytes[..len]);
    let contents = Contents::of(&image);
    for system in &contents.file_systems {
        for open in [Files::open(&image, system), Files::open_as_it_lies(&image, system)] {
            let Ok(files) = open.map(|files| files.with_holes(1 << 20)) else { continue };
            let Ok(tree) = files.all() else { continue };
            for entry in &tree.entries {
                let odd = |part: &[u8]| part.is_empty() || part == b"." || part == b".." || part.contains(&0);
                assert!(entry.path.is_empty() || !entry.path.split(|byte| *byte == b'/').any(odd));
                if entry.kind == FileKind::File {
                    let _ = files.sha256(entry);
                }
            }
            let mut all = Runs::new();
            all.push(0, image.len() as u64);
            if let Ok(owned) = files.owners(&all, &tree) {
                assert!(owned.free + owned.outside <= image.len() as u64);
            }
        }
    }
}
