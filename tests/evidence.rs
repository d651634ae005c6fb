//! The room of evidence against real tools: one directory, and every archive form of it, are the same.

mod support;

use std::process::Command;

use support::{assert_same, captures, only, run};
use walkdir::WalkDir;

/// Every recorded directory, unpacked by GNU tar and read where it is packed.
#[test]
fn captures_are_the_same_packed_and_unpacked() {
    let Some(captures) = captures() else { return };
    let archives = WalkDir::new(captures).sort_by_file_name().into_iter().map(Result::unwrap);
    let mut count = 0;
    for archive in archives.filter(|e| e.file_name().to_string_lossy().ends_with(".tar.zst")) {
        let dir = tempfile::tempdir().unwrap();
        let tar = dir.path().join("plain.tar");
        let out = dir.path().join("out");
        std::fs::create_dir(&out).unwrap();
        if !run(Command::new("zstd").arg("-qdk").arg(archive.path()).arg("-o").arg(&tar))
            || !run(Command::new("tar").arg("-xf").arg(&tar).arg("-C").arg(&out))
        {
            return;
        }
        let what = archive.path().display().to_string();
        let unpacked = only(&out);
        assert_same(&*unpacked.source, &*only(archive.path()).source, true, &what);
        assert_same(&*unpacked.source, &*only(&tar).source, true, &what);
        count += 1;
    }
    assert!(count > 0);
}
