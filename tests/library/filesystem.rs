//! Files inside views, against debugfs and e2fsck: lists, contents, differences, whose a block is, the journal; and file
//! systems that are broken at random.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::e2fs::{Dumped, KINDS, asked, burst, changed, dumped, lay, made, ran, tool};
use crate::support::mutate::Random;
use crate::support::stepping::have;
use jivascope::filesystem::{
    Bytes, Change, Contents, FileKind, Files, FilesAndTree, How, TargetDirectory, Tree, changes, in_files,
    take,
};
use jivascope::ident::{Run, Runs};

const TOOLS: &[&str] = &["mke2fs", "debugfs", "e2fsck"];

fn open(image: &[u8]) -> (Contents, Vec<u8>) {
    (Contents::of(&image.to_vec()), image.to_vec())
}

/// Everything that our reader finds, in the form of what debugfs dumped.
fn found(files: &Files<'_>, tree: &Tree) -> BTreeMap<String, Dumped> {
    assert!(tree.complete, "{:?}", tree.remarks);
    let one = |entry: &jivascope::filesystem::FileEntry| match entry.kind {
        FileKind::Directory => Dumped::Directory,
        FileKind::Link => Dumped::Link(entry.target.clone().unwrap()),
        _ => {
            let mut content = Vec::new();
            files
                .reader(entry)
                .unwrap()
                .visit(&mut |bytes| {
                    content.extend_from_slice(bytes);
                    Ok(())
                })
                .unwrap();
            Dumped::File(content)
        }
    };
    tree.entries
        .iter()
        .filter(|entry| !entry.path.is_empty())
        .map(|entry| (entry.name(), one(entry)))
        .collect()
}

/// Where two images differ, in blocks of a view.
pub(super) fn differ(a: &[u8], b: &[u8]) -> Runs {
    let mut out = Runs::new();
    for (at, (x, y)) in a.chunks(4096).zip(b.chunks(4096)).enumerate() {
        if x != y {
            out.push(at as u64 * 4096, at as u64 * 4096 + 4096);
        }
    }
    out
}

/// The paths of each kind of difference, as two dumps show them.
fn expected(a: &BTreeMap<String, Dumped>, b: &BTreeMap<String, Dumped>) -> BTreeMap<How, BTreeSet<String>> {
    let mut out: BTreeMap<How, BTreeSet<String>> = BTreeMap::new();
    for path in a.keys().chain(b.keys()) {
        let how = match (a.get(path), b.get(path)) {
            (Some(_), None) => How::OnlyA,
            (None, Some(_)) => How::OnlyB,
            (Some(Dumped::File(x)), Some(Dumped::File(y))) if x != y => How::Content,
            (Some(x), Some(y)) if x != y => How::Kind,
            _ => continue,
        };
        out.entry(how).or_default().insert(path.clone());
    }
    out
}

pub(super) fn by_kind(changes: &[Change]) -> BTreeMap<How, BTreeSet<String>> {
    let mut out: BTreeMap<How, BTreeSet<String>> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.how != How::Inode) {
        let path = String::from_utf8(change.path().to_vec()).unwrap();
        out.entry(change.how).or_default().insert(path);
    }
    out
}

#[test]
fn twenty_images_are_what_debugfs_says() {
    if !have("twenty_images_are_what_debugfs_says", TOOLS) {
        return;
    }
    let mut checked = 0;
    for seed in 0..2 * KINDS.len() {
        let (kind, what) = (seed % KINDS.len(), format!("{seed}: {:?}", KINDS[seed % KINDS.len()]));
        let mut random = Random(seed as u64 + 7);
        let dir = tempfile::tempdir().unwrap();
        lay(&dir.path().join("tree"), &mut random);
        let (one, two) = (dir.path().join("one.img"), dir.path().join("two.img"));
        made(&one, kind, "12M", &dir.path().join("tree"));
        fs::copy(&one, &two).unwrap();
        for (image, name) in [(&one, "one"), (&two, "two")] {
            changed(image, &burst(dir.path(), &mut random, name));
        }
        let truth = [&one, &two].map(|image| dumped(image, &dir.path().join("dump")));
        let images = [&one, &two].map(|image| fs::read(image).unwrap());
        let contents = images.each_ref().map(|image| Contents::of(image));
        let system = contents.each_ref().map(|contents| contents.only().unwrap());
        assert_eq!(system[0].kind, KINDS[kind].0, "{what}");
        let files: Vec<Files<'_>> =
            images.iter().zip(system).map(|(image, system)| Files::open(image, system).unwrap()).collect();
        let trees: Vec<Tree> = files.iter().map(|files| files.all().unwrap()).collect();
        for side in 0..2 {
            let (mine, truth) = (found(&files[side], &trees[side]), &truth[side]);
            assert_eq!(mine.keys().collect::<Vec<_>>(), truth.keys().collect::<Vec<_>>(), "{what}");
            for (path, content) in truth {
                assert!(mine[path] == *content, "{what}: {path}");
            }
        }
        let differ = differ(&images[0], &images[1]);
        let sides = [0, 1].map(|side| FilesAndTree::new(&files[side], &trees[side]));
        let said = changes(sides[0], sides[1], &differ);
        assert_eq!(by_kind(&said), expected(&truth[0], &truth[1]), "{what}");
        assert!(said.iter().any(|change| change.how == How::Inode && change.path() == b"tiny"), "{what}");
        for side in 0..2 {
            owners_add_up([&one, &two][side], &files[side], &trees[side], &what);
        }
        checked += 1;
    }
    assert_eq!(checked, 20);
}

/// Every block is somebody's: free as the file system counts it, and each file has what debugfs gives it.
fn owners_add_up(image: &Path, files: &Files<'_>, tree: &Tree, what: &str) {
    let size = fs::metadata(image).unwrap().len();
    let mut all = Runs::new();
    all.push(0, size);
    let owned = files.owners(&all, tree).unwrap();
    let stats = asked(image, "stats -h");
    let number = |name: &str| -> u64 {
        let line =
            stats.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {stats}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let (block, count) = (number("Block size:"), number("Block count:"));
    assert_eq!(owned.free, number("Free blocks:") * block, "{what}: {owned:?}");
    let sum = owned.data() + owned.directories + owned.journal + owned.tables + owned.free + owned.unnamed;
    assert_eq!((sum, owned.outside), (count * block, size - count * block), "{what}: {owned:?}");
    assert_eq!(owned.unnamed, 0, "{what}: {owned:?}");
    for path in ["config/app.db", "config/big", "sparse"] {
        let blocks: BTreeSet<u64> = asked(image, &format!("blocks {path}"))
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect();
        let at = tree.entries.iter().position(|entry| entry.path == path.as_bytes()).unwrap();
        let data = owned.files[&at] / block;
        let pieces = Runs::from_unsorted(
            blocks.iter().map(|at| Run { start: at * block, end: (at + 1) * block }).collect(),
        );
        let own = files.owners(&pieces, tree).unwrap();
        assert_eq!(own.files.keys().copied().collect::<Vec<_>>(), [at], "{what}: {path}: {own:?}");
        assert_eq!(own.files[&at] / block, data, "{what}: {path}");
        assert_eq!(own.files[&at] + own.tables, blocks.len() as u64 * block, "{what}: {path}: {own:?}");
    }
}

/// A journal with transactions that were not written back: what is shown is what e2fsck makes of it.
#[test]
fn a_dirty_journal_is_applied_as_e2fsck_applies_it() {
    if !have("a_dirty_journal_is_applied_as_e2fsck_applies_it", TOOLS) {
        return;
    }
    let mut replayed = 0;
    for (seed, kind, options) in [
        (1, 2, ""),
        (2, 3, ""),
        (3, 4, "-c -v 3"),
        (4, 5, "-c -v 3"),
        (5, 5, "-c -v 2"),
        (6, 7, ""),
        (7, 6, "-c -v 3"),
    ] {
        let what = format!("{seed}: {:?}, {options}", KINDS[kind]);
        let mut random = Random(seed);
        let dir = tempfile::tempdir().unwrap();
        lay(&dir.path().join("tree"), &mut random);
        let (before, after) = (dir.path().join("before.img"), dir.path().join("after.img"));
        made(&before, kind, "12M", &dir.path().join("tree"));
        fs::copy(&before, &after).unwrap();
        let mut burst = burst(dir.path(), &mut random, "after");
        // A block that begins like one of the journal's own.
        let escaped = dir.path().join("escaped");
        fs::write(&escaped, [&0xC03B_3998_u32.to_be_bytes()[..], &[5; 9000]].concat()).unwrap();
        burst.push(format!("write {} escaped", escaped.display()));
        changed(&after, &burst);
        // What changed becomes a transaction of the older image, but for the superblock, which debugfs writes itself.
        let (old, new) = (fs::read(&before).unwrap(), fs::read(&after).unwrap());
        let size = KINDS[kind].1 as usize;
        let superblock = 1024 / size;
        let blocks: Vec<usize> = (0..old.len() / size)
            .filter(|at| {
                *at != superblock && old[at * size..(at + 1) * size] != new[at * size..(at + 1) * size]
            })
            .collect();
        let mut commands = vec![format!("jo {options}")];
        for (at, part) in blocks.chunks(60).enumerate() {
            let data: Vec<u8> = part.iter().flat_map(|at| new[at * size..(at + 1) * size].to_vec()).collect();
            let file = dir.path().join(format!("data-{at}"));
            fs::write(&file, data).unwrap();
            let list: Vec<String> = part.iter().map(ToString::to_string).collect();
            commands.push(format!("jw -b {} {}", list.join(","), file.display()));
        }
        // Garbage over the first block that changed, in a transaction that a later one revokes.
        let garbage = dir.path().join("garbage");
        fs::write(&garbage, vec![0xAA; size]).unwrap();
        let unused = old.len() / size - 3;
        commands.push(format!("jw -b {unused} {}", garbage.display()));
        commands.push(format!("jw -r {unused}"));
        commands.push("jc".to_owned());
        changed(&before, &commands);
        let dirty = fs::read(&before).unwrap();
        let contents = Contents::of(&dirty);
        let system = contents.only().unwrap();
        assert!(system.state.as_ref().unwrap().needs_recovery, "{what}");
        let files = Files::open(&dirty, system).unwrap();
        let tree = files.all().unwrap();
        let done = files.replayed().unwrap();
        assert!(done.blocks > 10 && done.transactions > 2, "{what}: {done:?}");
        assert_eq!(done.blocks, blocks.len() as u64, "{what}: {done:?}");
        // What lies there is what the older image held.
        let lies = Files::open_as_it_lies(&dirty, system).unwrap();
        let older = lies.all().unwrap();
        assert!(older.entries.iter().all(|entry| entry.path != b"escaped"), "{what}");
        let recovered = dir.path().join("recovered.img");
        fs::copy(&before, &recovered).unwrap();
        let code = tool("e2fsck").args(["-y", "-E", "journal_only"]).arg(&recovered).output().unwrap();
        assert!(code.status.code().unwrap() < 4, "{what}: {}", String::from_utf8_lossy(&code.stdout));
        let truth = dumped(&recovered, &dir.path().join("dump"));
        let mine = found(&files, &tree);
        assert_eq!(mine.keys().collect::<Vec<_>>(), truth.keys().collect::<Vec<_>>(), "{what}");
        assert!(mine == truth, "{what}");
        replayed += 1;
        // Beside the image after e2fsck nothing differs in files, though most of the blocks do.
        let after = fs::read(&recovered).unwrap();
        let beside = in_files(("a", &dirty), ("b", &after), None, &differ(&dirty, &after));
        assert_eq!(by_kind(&beside.apart[0].changes), BTreeMap::new(), "{what}");
        let changed = beside.apart[0].recovered[0].as_ref().unwrap().changes.as_ref().unwrap();
        assert!(
            changed.iter().any(|change| change.path() == b"escaped" && change.how == How::OnlyB),
            "{what}"
        );
    }
    assert_eq!(replayed, 7);
}

/// Blocks of a file that was deleted while it was open are in use and have no name.
#[test]
fn orphans_are_in_use_without_a_name() {
    if !have("orphans_are_in_use_without_a_name", TOOLS) {
        return;
    }
    let mut random = Random(3);
    let dir = tempfile::tempdir().unwrap();
    lay(&dir.path().join("tree"), &mut random);
    let image = dir.path().join("image");
    made(&image, 5, "12M", &dir.path().join("tree"));
    let stat = asked(&image, "stat config/big");
    let inode = stat.split("Inode: ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    changed(
        &image,
        &[
            "unlink config/big".to_owned(),
            format!("set_inode_field <{inode}> links_count 0"),
            format!("set_super_value last_orphan {inode}"),
        ],
    );
    let bytes = fs::read(&image).unwrap();
    let contents = Contents::of(&bytes);
    let files = Files::open(&bytes, contents.only().unwrap()).unwrap();
    let tree = files.all().unwrap();
    let mut all = Runs::new();
    all.push(0, bytes.len() as u64);
    let owned = files.owners(&all, &tree).unwrap();
    assert_eq!(owned.unnamed, 400_000_u64.div_ceil(4096) * 4096, "{owned:?}");
}

/// A file of 100 GiB that stores two blocks is compared and taken apart by what it stores.
#[test]
fn a_sparse_file_costs_what_it_stores() {
    if !have("a_sparse_file_costs_what_it_stores", TOOLS) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let tree = dir.path().join("tree");
    fs::create_dir(&tree).unwrap();
    let file = fs::File::create(tree.join("huge")).unwrap();
    for place in [0, (100 << 30) - 4096] {
        std::os::unix::fs::FileExt::write_all_at(&file, &[1; 4096], place).unwrap();
    }
    let (one, two) = (dir.path().join("one.img"), dir.path().join("two.img"));
    made(&one, 5, "16M", &tree);
    std::os::unix::fs::FileExt::write_all_at(&file, &[2; 10], (100 << 30) - 10).unwrap();
    made(&two, 5, "16M", &tree);
    let (a, b) = (fs::read(&one).unwrap(), fs::read(&two).unwrap());
    let began = Instant::now();
    let beside = in_files(("a", &a), ("b", &b), None, &differ(&a, &b));
    assert_eq!(by_kind(&beside.apart[0].changes), [(How::Content, ["huge".to_owned()].into())].into());
    let contents = Contents::of(&a);
    let files = Files::open(&a, contents.only().unwrap()).unwrap();
    let huge = files.find(b"huge").unwrap();
    let reader = files.reader(&huge).unwrap();
    assert_eq!((reader.size(), reader.next_data(4096)), (100 << 30, Some((100 << 30) - 4096)));
    // More holes than are read are known before the first of them is.
    let (fewer, mut visited) = (files.with_holes(1 << 30), 0_u64);
    let visit = &mut |bytes: &[u8]| {
        visited += bytes.len() as u64;
        Ok(())
    };
    assert!(fewer.reader(&huge).unwrap().visit(visit).is_err());
    assert_eq!(visited, 0);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

/// Everything that the room does, with a file system of any bytes.
pub(super) fn all_of(image: &[u8], taking: bool) -> bool {
    let image = &image;
    let contents = Contents::of(image);
    let mut opened = false;
    for system in &contents.file_systems {
        let Ok(files) = Files::open(image, system).map(|files| files.with_holes(1 << 20)) else { continue };
        let Ok(tree) = files.all() else { continue };
        opened = true;
        let mut all = Runs::new();
        all.push(0, image.len() as u64);
        let _ = files.owners(&all, &tree);
        if !taking {
            tree.entries.iter().for_each(|entry| _ = files.reader(entry));
            continue;
        }
        let outside = tempfile::tempdir().unwrap();
        let target = TargetDirectory::create(&outside.path().join("target"), &[]).unwrap();
        let root = &tree.entries[0].clone();
        let taken = take(&files, &tree, root, target, &());
        let there: Vec<_> =
            fs::read_dir(outside.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(there.len() <= 1 && there.iter().all(|name| name == "target"), "{there:?}");
        if let Ok(taken) = taken {
            // No link was made, so nothing in it leads out of it.
            for entry in walkdir::WalkDir::new(outside.path()) {
                let kind = entry.unwrap().file_type();
                assert!(kind.is_dir() || kind.is_file());
            }
            assert_eq!(taken.len(), tree.entries.len());
        }
    }
    opened
}

#[test]
fn file_systems_broken_at_random_end_in_an_answer() {
    let mut seeds = vec![
        crate::support::ext::image(b"../../name", b"content"),
        crate::support::ext::image(b"x", &[7; 1024]),
    ];
    let dir = tempfile::tempdir().unwrap();
    if have("file_systems_broken_at_random", TOOLS) {
        lay(&dir.path().join("tree"), &mut Random(1));
        for kind in 0..KINDS.len() {
            let image = dir.path().join(format!("{kind}.img"));
            made(&image, kind, "4M", &dir.path().join("tree"));
            seeds.push(fs::read(&image).unwrap());
        }
    }
    broken_at_random(&mut seeds, Random(11));
}

/// Breaks file systems in 500 ways and does all with them: they end in an answer or an error, in bounded time.
pub(super) fn broken_at_random(seeds: &mut [Vec<u8>], mut random: Random) {
    let zeros = [0; 1024];
    let stored = |seed: &Vec<u8>| -> Vec<usize> {
        let chunks = seed.chunks(1024).enumerate();
        chunks.filter(|(_, part)| **part != zeros[..part.len()]).map(|(at, _)| at).collect()
    };
    let stored: Vec<Vec<usize>> = seeds.iter().map(stored).collect();
    let (mut opened, runs) = (0, 500);
    for run in 0..runs {
        let number = run % seeds.len();
        let (image, stored, mut whole) = (&mut seeds[number], &stored[number], Vec::new());
        // Most hits go where the tables lie: the first stored blocks.
        for _ in 0..1 + random.next() % 12 {
            let reach = if random.next().is_multiple_of(4) { stored.len() } else { stored.len().min(48) };
            let block = stored[random.next() as usize % reach];
            let at = block * 1024 + random.next() as usize % 1024;
            whole.push((at / 4 * 4, image[at / 4 * 4..at / 4 * 4 + 4].to_vec()));
            match random.next() % 3 {
                0 => image[at] = random.next() as u8,
                1 => image[at] ^= 1 << (random.next() % 8),
                _ => {
                    let at = at / 4 * 4;
                    let value = [0, 1, 2, 5, 0x400, 0xFFFF_FFFF, 0x8000_0000, random.next() as u32]
                        [random.next() as usize % 8];
                    // ext2 to ext4 write the low byte first, XFS the high one.
                    let bytes = if value & 4 == 0 { value.to_le_bytes() } else { value.to_be_bytes() };
                    image[at..at + 4].copy_from_slice(&bytes);
                }
            }
        }
        let began = Instant::now();
        opened += usize::from(all_of(image, run % 5 == 0));
        assert!(began.elapsed() < Duration::from_secs(60), "{run}: {:?}", began.elapsed());
        // Large images are mended rather than copied.
        whole.iter().rev().for_each(|(at, bytes)| image[*at..at + 4].copy_from_slice(bytes));
    }
    assert!(opened > runs / 4, "only {opened} could be opened: nothing was tested");
}

/// Names never lead out of the target, and what exists is never touched.
#[test]
fn hostile_names_stay_in_the_target() {
    for name in [&b"../../../x"[..], b"/etc/x", b"a/b", b"..\0", b"\xff\xfe", b"\x1b[2J"] {
        let image = crate::support::ext::image(name, b"content");
        let (contents, image) = open(&image);
        let files = Files::open(&image, contents.only().unwrap()).unwrap();
        let tree = files.all().unwrap();
        assert_eq!(tree.complete, !name.contains(&b'/') && !name.contains(&0), "{name:?}");
        assert!(all_of(&image, true));
    }
    let dir = tempfile::tempdir().unwrap();
    assert!(TargetDirectory::create(dir.path(), &[]).is_err());
    assert!(TargetDirectory::create(&dir.path().join("new"), &[dir.path().to_owned()]).is_err());
    std::os::unix::fs::symlink("nowhere", dir.path().join("link")).unwrap();
    assert!(TargetDirectory::create(&dir.path().join("link"), &[]).is_err());
    assert!(fs::read_dir(dir.path()).unwrap().count() == 1, "nothing is left of what was refused");
}

/// What is taken out has the content and the time that it has inside, and a second name stays one file.
#[test]
fn what_is_taken_out_is_what_debugfs_dumps() {
    if !have("what_is_taken_out_is_what_debugfs_dumps", TOOLS) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    lay(&dir.path().join("tree"), &mut Random(5));
    let image = dir.path().join("image");
    made(&image, 5, "12M", &dir.path().join("tree"));
    let truth = dumped(&image, &dir.path().join("dump"));
    let bytes = fs::read(&image).unwrap();
    let contents = Contents::of(&bytes);
    let files = Files::open(&bytes, contents.only().unwrap()).unwrap();
    let tree = files.all().unwrap();
    let root = files.find(b"").unwrap();
    let target = TargetDirectory::create(&dir.path().join("out"), &[]).unwrap();
    let taken = take(&files, &tree, &root, target, &()).unwrap();
    let mut seen = 0;
    for one in taken.iter().filter(|one| one.entry.kind == FileKind::File) {
        let path = dir.path().join("out").join(one.entry.name());
        assert_eq!(Dumped::File(fs::read(&path).unwrap()), truth[&one.entry.name()], "{}", one.entry.name());
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        let seconds = modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        assert_eq!(seconds as i64, one.entry.modified.seconds);
        let sum = ran(std::process::Command::new("sha256sum").arg(&path));
        assert!(sum.contains(one.sha256.as_ref().unwrap()), "{sum}");
        seen += 1;
    }
    assert!(seen > 100);
    use std::os::unix::fs::MetadataExt;
    let inode = |name: &str| fs::metadata(dir.path().join("out").join(name)).unwrap().ino();
    assert_eq!(inode("small"), inode("config/second-name"));
}

/// XFS and others are named by their superblocks.
#[test]
fn partitions_and_other_file_systems_are_named() {
    let mut xfs = vec![0; 1 << 20];
    xfs[..4].copy_from_slice(b"XFSB");
    xfs[4..8].copy_from_slice(&4096_u32.to_be_bytes());
    xfs[8..16].copy_from_slice(&256_u64.to_be_bytes());
    xfs[108..112].copy_from_slice(b"data");
    let contents = Contents::of(&xfs);
    let one = contents.only().unwrap();
    assert_eq!((one.kind, one.size, one.label.as_deref()), ("XFS", Some(1 << 20), Some("data")));
    let refused = Files::open(&xfs, one).unwrap_err().to_string();
    assert!(refused.contains("export the view"), "{refused}");
    // The same in the first partition of an MBR.
    let mut disk = vec![0; (1 << 20) + (64 << 10)];
    disk[64 << 10..].copy_from_slice(&xfs);
    disk[446 + 4] = 0x83;
    disk[446 + 8..446 + 12].copy_from_slice(&128_u32.to_le_bytes());
    disk[446 + 12..446 + 16].copy_from_slice(&2048_u32.to_le_bytes());
    disk[510..512].copy_from_slice(&[0x55, 0xAA]);
    let contents = Contents::of(&disk);
    assert_eq!(contents.only().map(|one| (one.kind, one.partition)), Some(("XFS", Some(1))));
    assert!(contents.partition_table.is_some());
    assert_eq!(Contents::of(&vec![0_u8; 1 << 20]), Contents::default());
    assert_eq!(Bytes::size(&disk), disk.len() as u64);
}
