//! XFS inside views, against what mkfs.xfs was given and what xfs_db and xfs_repair say: lists, contents, maps, whose a block is,
//! the state of the log; and file systems that are broken at random.
// Nothing of it depends on a feature, so one run is enough.
#![cfg(feature = "cli")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::filesystem::{all_of, broken_at_random, by_kind, differ};
use crate::support::e2fs::{ran, tool};
use crate::support::mutate::Random;
use crate::support::stepping::{have, left_out};
use crate::support::xfs::{Given, Put, asked, given, image, kept, made, numbers};
use jivascope::filesystem::{Contents, FileKind, Files, How, Tree, in_files};
use jivascope::ident::{Run, Runs};

const TOOLS: &[&str] = &["mkfs.xfs", "xfs_db", "xfs_repair"];

/// Everything that our reader finds, in the form of what was given.
fn found(files: &Files<'_>, tree: &Tree) -> Given {
    assert!(tree.complete, "{:?}", tree.remarks);
    let one = |entry: &jivascope::filesystem::FileEntry| match entry.kind {
        FileKind::Directory => Put::Directory,
        FileKind::Link => Put::Link(String::from_utf8(entry.target.clone().unwrap()).unwrap()),
        FileKind::Pipe => Put::Pipe,
        _ => Put::File(content(files, entry)),
    };
    let named = tree.entries.iter().filter(|entry| !entry.path.is_empty());
    named.map(|entry| (entry.name(), one(entry))).collect()
}

fn content(files: &Files<'_>, entry: &jivascope::filesystem::FileEntry) -> Vec<u8> {
    let mut content = Vec::new();
    let mut take = |bytes: &[u8]| {
        content.extend_from_slice(bytes);
        Ok(())
    };
    files.reader(entry).unwrap().visit(&mut take).unwrap();
    content
}

/// One way of making: options of mkfs.xfs, names in the largest directory, bytes of the largest file, of the longest target.
type Way = (&'static [&'static str], usize, usize, usize);

const WAYS: &[Way] = &[
    (&[], 2500, 200_000, 300),
    (&["-b", "size=1024"], 1500, 200_000, 300),
    (&["-m", "crc=0"], 1200, 200_000, 900),
    (&["-m", "crc=0", "-n", "ftype=0", "-b", "size=512"], 300, 200_000, 300),
    (&["-m", "crc=0", "-b", "size=1024"], 300, 200_000, 300),
    (&["-i", "nrext64=1"], 40, 20_000, 300),
    (&["-m", "reflink=0,bigtime=0,finobt=0", "-i", "sparse=0"], 120, 200_000, 300),
    (&["-m", "rmapbt=1", "-b", "size=2048"], 120, 200_000, 300),
    (&["-s", "size=4096", "-n", "size=16384", "-i", "size=1024"], 900, 200_000, 700),
];

#[test]
fn images_hold_what_mkfs_was_given() {
    if !have("images_hold_what_mkfs_was_given", TOOLS) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for (at, (options, names, large, target)) in WAYS.iter().enumerate() {
        let what = options.join(" ");
        // This mkfs runs out of its own reservations where two groups and large counts come together.
        let size = if what.contains("nrext64") { 24 } else { 32 };
        let mut truth = given(&mut Random(at as u64 + 3), *names, *large, *target);
        let path = dir.path().join(format!("{at}.img"));
        made(&path, size << 20, &[options, &["-L", "made"][..]].concat(), &truth);
        let bytes = fs::read(&path).unwrap();
        let contents = Contents::of(&bytes);
        let system = contents.only().unwrap();
        assert_eq!((system.kind, system.label.as_deref()), ("XFS", Some("made")), "{what}");
        let state = system.state.as_ref().unwrap();
        assert!(state.clean && !state.is_broken() && !state.needs_recovery, "{what}: {state:?}");
        let files = Files::open(&bytes, system).unwrap();
        let tree = files.all().unwrap();
        let mine = found(&files, &tree);
        assert_eq!(mine.keys().collect::<Vec<_>>(), truth.keys().collect::<Vec<_>>(), "{what}");
        for (path, put) in &mine {
            assert!(truth.remove(path).as_ref() == Some(put), "{what}: {path}");
        }
        cores(&path, &tree, &what);
        owners_add_up(&path, &files, &tree, &what);
        let sound =
            tool("xfs_repair").args(["-n", "-f", "-o", "force_geometry"]).arg(&path).output().unwrap();
        assert!(sound.status.success(), "{what}: {}", String::from_utf8_lossy(&sound.stderr));
    }
}

/// Size, mode, owner, names and times of some inodes, as xfs_db reads them.
fn cores(image: &Path, tree: &Tree, what: &str) {
    for path in ["", "many", "large", "empty", "link", "deep/long-link", "deep/er/app.db"] {
        let entry = tree.find(path.as_bytes()).unwrap();
        let inode = format!("inode {}", entry.inode);
        let fields = ["core.mode", "core.uid", "core.gid", "core.nlinkv2", "core.size"];
        let requests: Vec<String> = fields.iter().map(|field| format!("p {field}")).collect();
        let text = asked(
            image,
            &[&[inode.as_str()], &requests.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat(),
        );
        let values: Vec<&str> = text.lines().filter_map(|line| line.split(" = ").nth(1)).collect();
        assert_eq!(u16::from_str_radix(values[0], 8).unwrap() & 0o7777, entry.mode, "{what}: {path}: {text}");
        let mine = [u64::from(entry.uid), u64::from(entry.gid), u64::from(entry.links), entry.size];
        assert_eq!(
            values[1..].iter().map(|value| value.parse().unwrap()).collect::<Vec<u64>>(),
            mine,
            "{what}: {path}"
        );
        let now =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
        assert!((now - 600..=now).contains(&entry.modified.seconds), "{what}: {path}: {}", entry.modified);
    }
}

/// Every block is somebody's: free as the groups count it, and each file has what xfs_db gives it.
fn owners_add_up(image: &Path, files: &Files<'_>, tree: &Tree, what: &str) {
    let size = fs::metadata(image).unwrap().len();
    let mut all = Runs::new();
    all.push(0, size);
    let owned = files.owners(&all, tree).unwrap();
    let superblock = numbers(
        image,
        &["sb 0", "p blocksize", "p dblocks", "p agcount", "p agblocks", "p agblklog", "p logblocks"],
    );
    let [block, count, groups, in_group, group_log, log] = superblock[..] else { panic!("{superblock:?}") };
    let free: u64 = (0..groups).map(|at| numbers(image, &[&format!("agf {at}"), "p freeblks"])[0]).sum();
    assert_eq!(owned.free, free * block, "{what}: {owned:?}");
    assert_eq!(owned.journal, log * block, "{what}: {owned:?}");
    let sum = owned.data() + owned.directories + owned.journal + owned.tables + owned.free;
    assert_eq!((sum, owned.unnamed, owned.unknown), (count * block, 0, 0), "{what}: {owned:?}");
    assert_eq!(owned.outside, size - count * block, "{what}: {owned:?}");
    for path in ["deep/er/app.db", "large"] {
        let at = tree.entries.iter().position(|entry| entry.path == path.as_bytes()).unwrap();
        let text = asked(image, &[&format!("inode {}", tree.entries[at].inode), "bmap"]);
        let mut pieces = Vec::new();
        for line in text.lines() {
            // data offset 0 startblock 24 (0/24) count 22 flag 0
            let words: Vec<&str> = line.split_whitespace().collect();
            let (start, blocks): (u64, u64) = (words[4].parse().unwrap(), words[7].parse().unwrap());
            let first = (start >> group_log) * in_group + (start & ((1 << group_log) - 1));
            pieces.push(Run { start: first * block, end: (first + blocks) * block });
        }
        let pieces = Runs::from_unsorted(pieces);
        let own = files.owners(&pieces, tree).unwrap();
        assert_eq!(own.files.keys().copied().collect::<Vec<_>>(), [at], "{what}: {path}: {own:?}");
        assert_eq!(
            (own.data(), owned.files[&at]),
            (pieces.bytes(), pieces.bytes()),
            "{what}: {path}: {own:?}"
        );
    }
}

#[test]
fn what_differs_between_two_images_is_named() {
    if !have("what_differs_between_two_images_is_named", TOOLS) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut truth = given(&mut Random(5), 60, 50_000, 300);
    let (one, two) = (dir.path().join("one.img"), dir.path().join("two.img"));
    made(&one, 24 << 20, &[], &truth);
    truth.insert("deep/er/app.db".to_owned(), Put::File(vec![9; 90_000]));
    truth.insert("short/new".to_owned(), Put::File(vec![1; 10]));
    truth.insert("link".to_owned(), Put::Link("elsewhere".to_owned()));
    truth.remove("block/a-name-of-middle-length-7");
    made(&two, 24 << 20, &[], &truth);
    let (a, b) = (fs::read(&one).unwrap(), fs::read(&two).unwrap());
    let beside = in_files(("a", &a), ("b", &b), None, &differ(&a, &b));
    assert_eq!(beside.without, Vec::<String>::new());
    let [apart] = &beside.apart[..] else { panic!("{beside:?}") };
    let expected = [
        (How::OnlyA, "block/a-name-of-middle-length-7"),
        (How::OnlyB, "short/new"),
        (How::Kind, "link"),
        (How::Content, "deep/er/app.db"),
    ];
    let expected = expected.map(|(how, path)| (how, BTreeSet::from([path.to_owned()])));
    assert_eq!(by_kind(&apart.changes), expected.into(), "{:?}", apart.remarks);
    assert!(apart.complete && apart.owned.iter().all(|owned| owned.unknown == 0), "{apart:?}");
}

/// What the kernel wrote is listed as the kernel lists it: trees of extents, holes, blocks that were set aside and not written,
/// shared blocks, long targets, large attributes, times before 1970 and after 2038. Of a dirty one, what lies on the disk.
#[test]
fn what_the_kernel_wrote_is_what_the_kernel_shows() {
    for name in ["clean", "dirty"] {
        let bytes = kept(name);
        let contents = Contents::of(&bytes);
        let system = contents.only().unwrap();
        let state = system.state.as_ref().unwrap();
        assert_eq!((state.clean, state.needs_recovery), (name == "clean", name == "dirty"), "{state:?}");
        assert!(!state.is_broken(), "{state:?}");
        let files = Files::open(&bytes, system).unwrap();
        let tree = files.all().unwrap();
        assert_eq!(tree.complete, name == "clean", "{:?}", tree.remarks);
        let kind = |kind: FileKind| kind.name().rsplit(' ').next().unwrap().to_owned();
        let row = |entry: &jivascope::filesystem::FileEntry| {
            let value = match entry.kind {
                FileKind::File => files.sha256(entry).unwrap(),
                FileKind::Link => String::from_utf8(entry.target.clone().unwrap()).unwrap(),
                _ => "-".to_owned(),
            };
            let time = i128::from(entry.modified.seconds) * 1_000_000_000 + i128::from(entry.modified.nanos);
            let (kind, mode, links, size) = (kind(entry.kind), entry.mode, entry.links, entry.size);
            format!(
                "{kind} {mode:04o} {} {} {links} {size} {time} {value} {}",
                entry.uid,
                entry.gid,
                entry.name()
            )
        };
        let mine: BTreeSet<String> = tree.entries.iter().map(row).collect();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/xfs").join(format!("{name}.txt"));
        let text = fs::read_to_string(path).unwrap();
        let truth: BTreeSet<String> = text.lines().map(str::to_owned).collect();
        assert_eq!(mine.symmetric_difference(&truth).collect::<Vec<_>>(), Vec::<&String>::new(), "{name}");
        assert!(truth.len() > 270);
    }
}

/// A block that a log can still give away is not called free, and what is said of the list says so.
#[test]
fn a_dirty_log_is_said_and_nothing_is_called_free() {
    let owned = ["clean", "dirty"].map(|name| {
        let bytes = kept(name);
        let contents = Contents::of(&bytes);
        let files = Files::open(&bytes, contents.only().unwrap()).unwrap();
        let tree = files.all().unwrap();
        let said = "the log of XFS is dirty and was not replayed";
        assert_eq!(
            tree.remarks.iter().any(|remark| remark.starts_with(said)),
            name == "dirty",
            "{:?}",
            tree.remarks
        );
        let mut all = Runs::new();
        all.push(0, bytes.len() as u64);
        files.owners(&all, &tree).unwrap()
    });
    let [clean, dirty] = &owned;
    assert!(clean.free > 1 << 20 && clean.unknown == 0 && clean.unnamed == 0, "{clean:?}");
    assert!(dirty.unknown > 1 << 20 && dirty.free == 0, "{dirty:?}");
    let (a, b) = (kept("clean"), kept("dirty"));
    let beside = in_files(("a", &a), ("b", &b), None, &differ(&a, &b));
    let [apart] = &beside.apart[..] else { panic!("{beside:?}") };
    assert_eq!(by_kind(&apart.changes), [(How::Content, ["config/app.db".to_owned()].into())].into());
    assert!(!apart.complete && apart.remarks[0].is_empty() && apart.remarks[1].len() == 1, "{apart:?}");
}

#[test]
fn a_file_system_made_by_hand_is_read() {
    let bytes = image(b"name", b"content");
    let contents = Contents::of(&bytes);
    let system = contents.only().unwrap();
    assert_eq!((system.kind, system.size, system.used_inodes), ("XFS", Some(64 << 10), Some(3)));
    assert!(system.state.as_ref().unwrap().clean);
    let files = Files::open(&bytes, system).unwrap();
    let tree = files.all().unwrap();
    assert_eq!(found(&files, &tree), [("name".to_owned(), Put::File(b"content".to_vec()))].into());
    let mut all = Runs::new();
    all.push(0, 64 << 10);
    let owned = files.owners(&all, &tree).unwrap();
    let (kib, sums) = (1024, [owned.free, owned.journal, owned.tables, owned.data(), owned.unnamed]);
    assert_eq!(sums, [26 * kib, 16 * kib, 21 * kib, kib, 0], "{owned:?}");
}

#[test]
fn file_systems_broken_at_random_end_in_an_answer() {
    let mut seeds =
        vec![image(b"../../name", b"content"), image(b"x", &[7; 1024]), kept("clean"), kept("dirty")];
    let dir = tempfile::tempdir().unwrap();
    if have("xfs_broken_at_random", TOOLS) {
        for (at, (options, ..)) in WAYS.iter().enumerate() {
            let path = dir.path().join(format!("{at}.img"));
            made(&path, 20 << 20, options, &given(&mut Random(1), 40, 20_000, 300));
            seeds.push(fs::read(&path).unwrap());
        }
    }
    broken_at_random(&mut seeds, Random(12));
}

/// Names never lead out of the target.
#[test]
fn hostile_names_stay_in_the_target() {
    for name in [&b"../../../x"[..], b"/etc/x", b"a/b", b"..\0", b"\xff\xfe", b"\x1b[2J", b".."] {
        let bytes = image(name, b"content");
        let contents = Contents::of(&bytes);
        let files = Files::open(&bytes, contents.only().unwrap()).unwrap();
        let tree = files.all().unwrap();
        assert_eq!(tree.complete, !name.contains(&b'/') && !name.contains(&0), "{name:?}");
        assert!(all_of(&bytes, true));
    }
}

/// Lives of a file system with a small log: mounted, changed, then unmounted or shut down. The state of the log is what xfs_logprint
/// says, and the files are those that the kernel shows without recovery. For root alone, where JIVASCOPE_XFS_MOUNTS says how many.
#[test]
fn lives_of_a_file_system_are_seen_as_the_kernel_sees_them() {
    let wanted = std::env::var("JIVASCOPE_XFS_MOUNTS").ok().and_then(|lives| lives.parse::<u64>().ok());
    let Some(lives) = wanted else {
        return left_out("lives of XFS against the kernel", "JIVASCOPE_XFS_MOUNTS is not set");
    };
    let dir = tempfile::tempdir().unwrap();
    let mounted = dir.path().join("mounted");
    fs::create_dir(&mounted).unwrap();
    let mount = |image: &Path, options: &str| {
        ran(tool("mount").args(["-o", options]).arg(image).arg(&mounted));
    };
    let (mut dirty, mut later_rounds) = (0, 0);
    for seed in 0..lives {
        let mut random = Random(seed + 1);
        // Kernels of today read no version 4.
        let ways: Vec<_> = WAYS.iter().filter(|(options, ..)| !options.contains(&"crc=0")).collect();
        let (options, ..) = ways[seed as usize % ways.len()];
        let path = dir.path().join("image");
        made(&path, 24 << 20, options, &given(&mut random, 40, 20_000, 300));
        for life in 0..6 {
            mount(&path, "loop");
            // Some write so much that the log goes round.
            for _ in 0..random.next() % if seed % 10 == 9 { 5000 } else { 60 } {
                let at = mounted.join(format!("many/file-{}", random.next() % 200));
                match random.next() % 4 {
                    0 => _ = fs::remove_file(&at),
                    1 => _ = fs::rename(mounted.join(format!("many/file-{}", random.next() % 200)), &at),
                    _ => fs::write(&at, vec![random.next() as u8; random.next() as usize % 20_000]).unwrap(),
                }
                if random.next().is_multiple_of(8) {
                    ran(tool("sync").arg("-f").arg(&mounted));
                }
            }
            let end = random.next() % 3;
            if end > 0 {
                let how = if end == 1 { "shutdown" } else { "shutdown -f" };
                ran(tool("xfs_io").args(["-x", "-c", how]).arg(&mounted));
            }
            ran(tool("umount").arg(&mounted));
            let bytes = fs::read(&path).unwrap();
            let contents = Contents::of(&bytes);
            let system = contents.only().unwrap();
            let state = system.state.as_ref().unwrap();
            let said = ran(tool("xfs_logprint").arg("-t").arg(&path));
            let what = format!("{seed}, {life}: {said}");
            assert_eq!(
                (state.clean, state.needs_recovery),
                (said.contains("<CLEAN>"), said.contains("<DIRTY>")),
                "{what}"
            );
            dirty += usize::from(state.needs_recovery);
            later_rounds += usize::from(state.needs_recovery && !said.contains("LSN cycle 1 "));
            let files = Files::open(&bytes, system).unwrap();
            let mut tree = files.all().unwrap();
            mount(&path, "loop,ro,norecovery");
            let mut shown = Given::new();
            for entry in walkdir::WalkDir::new(&mounted).min_depth(1) {
                let Ok(entry) = entry else { continue };
                let name = entry.path().strip_prefix(&mounted).unwrap().to_str().unwrap().to_owned();
                let put = match entry.file_type() {
                    kind if kind.is_dir() => Put::Directory,
                    kind if kind.is_symlink() => {
                        Put::Link(fs::read_link(entry.path()).unwrap().to_str().unwrap().to_owned())
                    }
                    kind if kind.is_file() => match fs::read(entry.path()) {
                        Ok(content) => Put::File(content),
                        Err(_) => continue,
                    },
                    _ => Put::Pipe,
                };
                shown.insert(name, put);
            }
            ran(tool("umount").arg(&mounted));
            tree.complete = true;
            let mine = found(&files, &tree);
            assert_eq!(mine.keys().collect::<Vec<_>>(), shown.keys().collect::<Vec<_>>(), "{what}");
            assert!(mine == shown, "{what}");
        }
    }
    assert!(dirty > 0, "no log was dirty: nothing was tested");
    assert!(lives < 10 || later_rounds > 0, "no log went round");
}

/// Trees that lead back to themselves, counts and sizes that lie: an answer or an error, soon.
#[test]
fn trees_without_an_end_and_counts_that_lie_end_soon() {
    const BLOCK: usize = 1024;
    const FILE: usize = 8 * BLOCK + 256;
    let whole = image(b"name", b"content");
    let put = |image: &mut [u8], at: usize, bytes: &[u8]| image[at..at + bytes.len()].copy_from_slice(bytes);
    // A tree of extents: in the inode one pointer of a level, then blocks with 62 pointers to one block each.
    let tree = |levels: &[(usize, u16, usize)], root: u16| {
        let mut out = whole.clone();
        put(&mut out, FILE + 5, &[3]);
        put(&mut out, FILE + 100, &root.to_be_bytes());
        put(&mut out, FILE + 102, &1_u16.to_be_bytes());
        put(&mut out, FILE + 104 + 9 * 8, &40_u64.to_be_bytes());
        for (block, level, child) in levels {
            put(&mut out, block * BLOCK, b"BMAP");
            put(&mut out, block * BLOCK + 4, &level.to_be_bytes());
            put(&mut out, block * BLOCK + 6, &62_u16.to_be_bytes());
            for at in 0..62 {
                put(&mut out, block * BLOCK + 24 + 62 * 8 + at * 8, &(*child as u64).to_be_bytes());
            }
        }
        out
    };
    let with = |at: usize, bytes: &[u8]| {
        let mut out = whole.clone();
        put(&mut out, at, bytes);
        out
    };
    let levels: Vec<_> = (40..48).map(|block| (block, 48 - block as u16, block + 1)).collect();
    let mut wide = tree(&levels, 9);
    put(&mut wide, 48 * BLOCK, b"BMAP\0\0\0\0");
    let images = [
        // To itself; in a ring; ever wider: 62 to the seventh blocks to visit.
        tree(&[(40, 1, 40)], 2),
        tree(&[(40, 2, 41), (41, 1, 40)], 3),
        wide,
        // Sizes, extents, names, free space, inodes.
        with(FILE + 56, &u64::MAX.to_be_bytes()),
        with(FILE + 76, &u32::MAX.to_be_bytes()),
        with(FILE + 108, &u64::MAX.to_be_bytes()),
        with(8 * BLOCK + 100, &[255, 255]),
        with(2 * BLOCK + 6, &[255, 255]),
        with(4 * BLOCK + 6, &[255, 255]),
        with(512 + 16, &[0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 9]),
        // A log that ends nowhere, and one beyond the end.
        with(24 * BLOCK, &[0, 0, 0, 1]),
        with(48, &[255; 8]),
        with(96, &[255; 4]),
    ];
    for (number, image) in images.iter().enumerate() {
        let began = std::time::Instant::now();
        assert!(all_of(image, true), "{number} was not opened");
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "{number}: {:?}", began.elapsed());
    }
    // What is in no group's sure list of free space is not called free.
    for number in [7, 9] {
        let contents = Contents::of(&images[number]);
        let files = Files::open(&images[number], contents.only().unwrap()).unwrap();
        let mut all = Runs::new();
        all.push(0, 64 << 10);
        let owned = files.owners(&all, &files.all().unwrap()).unwrap();
        assert!(owned.free == 0 && owned.unknown >= 20 << 10, "{number}: {owned:?}");
    }
    // What is not read is named.
    let refused =
        |image: Vec<u8>| Files::open(&image, Contents::of(&image).only().unwrap()).unwrap_err().to_string();
    assert!(refused(with(100, &[0x80, 0x84])).contains("directories of the first version"));
    assert!(refused(with(100, &[0xA0, 0x83])).contains("a superblock of version 3"));
    let mut newer = with(100, &[0xA0, 0x85]);
    put(&mut newer, 216, &0x8000_0700_u32.to_be_bytes());
    let said = refused(newer);
    assert!(said.contains("metadir") && said.contains("zoned") && said.contains("0x80000000"), "{said}");
    let realtime = with(FILE + 90, &[0, 1]);
    let contents = Contents::of(&realtime);
    let files = Files::open(&realtime, contents.only().unwrap()).unwrap();
    let entry = files.find(b"name").unwrap();
    assert!(files.sha256(&entry).unwrap_err().to_string().contains("realtime device"));
}
