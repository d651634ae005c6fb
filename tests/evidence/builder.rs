//! The tests' own builder: what it draws is what comes back, in every form.

use std::process::Command;

use crate::support::builder::{Drawn, rfc3339};
use crate::support::{assert_same, only, run};

const DRAWING: &str = "s1:10{0-9} s2!:20{3-5,7z} u1^:25{8@x} head4=head9/u1:77{1} now=27 own=25 cp=s2 rebuilding | o1<s1:12{60}";

#[test]
fn a_drawing_comes_back_from_disk_and_from_its_archive_alike() {
    let dir = tempfile::tempdir().unwrap();
    let drawn = Drawn::draw(DRAWING).directory();
    drawn.write_to(&dir.path().join("written"));
    for (name, bytes) in [("plain.tar", drawn.tar("pvc-1")), ("small.tar.zst", drawn.tar_zst(""))] {
        std::fs::write(dir.path().join(name), bytes).unwrap();
        let (disk, archive) = (only(dir.path().join("written")), only(dir.path().join(name)));
        assert_same(&*disk.source, &*archive.source, true, name);
    }
    let replica = jivascope::dialect::describe(&only(dir.path().join("written")));
    let names = |list: &[jivascope::ident::DiskName]| list.iter().map(|n| n.short()).collect::<Vec<_>>();
    assert_eq!(names(&replica.chain), ["head-004", "u1", "s2", "s1"]);
    assert_eq!(replica.counter.map(|c| c.0), Some(27));
    assert_eq!(replica.peer.as_ref().map(|peer| peer.head.short()), Some("head-009".into()));
    assert_eq!(replica.alternates.len(), 1);
    assert_eq!(replica.disks[&replica.chain[3]].allocated(), Some(10 * 4096));
}

#[test]
fn gnu_tar_unpacks_what_the_builder_packs() {
    let dir = tempfile::tempdir().unwrap();
    let drawn = Drawn::draw(DRAWING).directory();
    drawn.write_to(&dir.path().join("written"));
    std::fs::write(dir.path().join("plain.tar"), drawn.tar("pvc-1")).unwrap();
    if run(Command::new("tar").arg("-C").arg(dir.path()).arg("-xf").arg(dir.path().join("plain.tar"))) {
        let (one, other) = (only(dir.path().join("written")), only(dir.path().join("pvc-1")));
        assert_same(&*one.source, &*other.source, true, "by GNU tar");
    }
}

#[test]
fn times_are_spelt_as_jiva_spells_them() {
    for (seconds, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_767_225_600, "2026-01-01T00:00:00Z"),
        (1_795_599_320, "2026-11-25T09:35:20Z"),
    ] {
        assert_eq!(rfc3339(seconds), text);
    }
}
