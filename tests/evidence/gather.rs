//! What is found in inputs, what it is called, and what is said of inputs that are not as they should be.

use std::fs;
use std::path::Path;

use crate::support::tar_writer::Tar;
use crate::support::{collect, labelled, plain};
use jivascope::evidence::{Evidence, GatherError, Input, InputKind};
use proptest::prelude::*;

const UUID: &str = "pvc-a634b9a3-fdaa-4b45-9dc3-2486e716d755";

/// A replica directory of one file.
fn replica(path: impl AsRef<Path>) {
    fs::create_dir_all(&path).unwrap();
    fs::write(path.as_ref().join("volume.meta"), b"{}").unwrap();
}

fn archive(path: impl AsRef<Path>, names: &[&str]) {
    let tar = names.iter().fold(Tar::new(), |tar, name| tar.file(name, b"{}"));
    fs::create_dir_all(path.as_ref().parent().unwrap()).unwrap();
    fs::write(path, tar.end()).unwrap();
}

fn labels(evidence: &Evidence) -> Vec<&str> {
    evidence.replicas.iter().map(|found| found.label.as_str()).collect()
}

/// Everything that is told, without the temporary directory.
fn told(evidence: &Evidence, root: &Path) -> String {
    let mut text = serde_json::to_string(&evidence.inputs).unwrap();
    for found in &evidence.replicas {
        let volume = found.volume.as_deref().unwrap_or("-");
        text.push_str(&format!("\n{} {} {} {volume}", found.label, found.path, found.input));
    }
    text.replace(&root.display().to_string(), "")
}

#[test]
fn labels_tell_replicas_apart() {
    let temp = tempfile::tempdir().unwrap();
    let at = |path: &str| temp.path().join(path);
    for node in ["k8s03", "k8s05"] {
        replica(at(&format!("nodes/{node}/var/openebs/{UUID}")));
    }
    let evidence = collect(&[plain(at("nodes"))]).unwrap();
    assert_eq!(labels(&evidence), ["k8s03", "k8s05"]);
    assert!(evidence.replicas.iter().all(|found| found.volume.as_deref() == Some(UUID) && !found.labelled));

    replica(at("set/rep-1"));
    archive(at("set/rep-2.tar"), &["./volume.meta", "./sub/x"]);
    archive(at("set/rep-3.tar"), &["deep/rep-3/revision.counter"]);
    let evidence =
        collect(&[plain(at("set/rep-3.tar")), plain(at("set/rep-1")), plain(at("set/rep-2.tar"))]).unwrap();
    assert_eq!(labels(&evidence), ["rep-1", "rep-2", "rep-3"]);
    let paths: Vec<String> =
        evidence.replicas.iter().map(|f| f.path.replace(&at("set").display().to_string(), "")).collect();
    assert_eq!(paths, ["/rep-1", "/rep-2.tar", "/rep-3.tar:deep/rep-3"]);
    let kinds: Vec<InputKind> = evidence.inputs.iter().map(|input| input.kind).collect();
    assert_eq!(kinds, [InputKind::Directory, InputKind::Tar, InputKind::Tar]);

    // A directory and its archive side by side are told apart by the ending.
    archive(at("set/rep-1.tar"), &["volume.meta"]);
    let evidence = collect(&[plain(at("set/rep-1")), plain(at("set/rep-1.tar"))]).unwrap();
    assert_eq!(labels(&evidence), ["rep-1", "rep-1.tar"]);
}

#[test]
fn given_labels_are_kept() {
    let temp = tempfile::tempdir().unwrap();
    let at = |path: &str| temp.path().join(path);
    replica(at("n1/data"));
    replica(at("n2/data"));
    replica(at("many/a/data"));
    replica(at("many/b/data"));
    replica(at("many"));
    let evidence =
        collect(&[labelled("data", at("n1")), plain(at("n2")), labelled("all", at("many"))]).unwrap();
    // The name that is given is not given again.
    assert_eq!(labels(&evidence), ["all", "all/a", "all/b", "data", "n2"]);
    let given: Vec<bool> = evidence.replicas.iter().map(|found| found.labelled).collect();
    assert_eq!(given, [true, true, true, true, false]);

    let twice = collect(&[labelled("x", at("n1")), labelled("x", at("n2"))]).unwrap_err();
    assert_eq!(twice.to_string(), "two replicas have the label x");
    let inside = collect(&[labelled("all/a", at("n1")), labelled("all", at("many"))]).unwrap_err();
    assert!(matches!(inside, GatherError::LabelTwice { label } if label == "all/a"));
    assert!(matches!(collect(&[]), Err(GatherError::Nothing)));
}

#[test]
fn wiped_replicas_are_claims() {
    let temp = tempfile::tempdir().unwrap();
    let at = |path: &str| temp.path().join(path);
    fs::create_dir_all(at("empty")).unwrap();
    fs::create_dir_all(at("other/lost+found")).unwrap();
    fs::write(at("other/replica.log"), b"log").unwrap();
    archive(at("empty.tar"), &[]);
    for name in ["empty", "other", "empty.tar"] {
        let error = collect(&[plain(at(name))]).unwrap_err().to_string();
        assert!(error.starts_with("no replica found in "), "{error}");
        let evidence = collect(&[labelled("rep-1", at(name))]).unwrap();
        assert_eq!(labels(&evidence), ["rep-1"]);
        let remark = &evidence.inputs[0].remarks[0];
        assert!(remark.contains("because it was given a label"), "{remark}");
        let names: Vec<&str> =
            evidence.replicas[0].source.entries().iter().map(|e| e.name.as_str()).collect();
        let expected: &[&str] = if name == "other" { &["lost+found", "replica.log"] } else { &[] };
        assert_eq!(names, expected);
    }
    // An archive that is cut proves nothing about what it does not hold.
    fs::write(at("cut.tar"), &Tar::new().file("x", b"y").bytes[..700]).unwrap();
    let evidence = collect(&[labelled("rep-1", at("cut.tar"))]).unwrap();
    let [damage] = &evidence.replicas[0].damage[..] else { panic!("{:?}", evidence.replicas) };
    assert!(
        damage.contains("no replica in it") && damage.contains("the archive ends at byte 700"),
        "{damage}"
    );
    assert!(
        collect(&[plain(at("cut.tar"))]).unwrap_err().to_string().contains("the archive ends at byte 700")
    );
}

#[test]
fn repeats_are_counted_once() {
    let temp = tempfile::tempdir().unwrap();
    let at = |path: &str| temp.path().join(path);
    replica(at("set/rep-1"));
    replica(at("set/rep-2"));
    std::os::unix::fs::symlink(at("set/rep-1"), at("alias")).unwrap();
    archive(at("rep-3.tar"), &["volume.meta"]);
    let evidence = collect(&[plain(at("set")), plain(at("set/rep-1")), plain(at("alias"))]).unwrap();
    assert_eq!(labels(&evidence), ["alias", "rep-2"]);
    assert_eq!(evidence.inputs.iter().map(|i| i.remarks.len()).collect::<Vec<_>>(), [0, 1, 1]);
    assert!(evidence.inputs[1].remarks[0].ends_with("alias, and is counted once"), "{:?}", evidence.inputs);

    let evidence = collect(&[plain(at("set")), labelled("x", at("set/rep-1"))]).unwrap();
    assert_eq!(labels(&evidence), ["rep-2", "x"]);
    let evidence = collect(&[labelled("a", at("rep-3.tar")), labelled("b", at("rep-3.tar"))]).unwrap();
    assert_eq!(labels(&evidence), ["a", "b"]);
    assert!(evidence.inputs[1].remarks[0].contains("both are kept under their labels"));
    let evidence = collect(&[plain(at("rep-3.tar")), plain(at("rep-3.tar"))]).unwrap();
    assert_eq!(labels(&evidence), ["rep-3"]);
}

/// A directory gives what its archives would give by name, at any depth, beside replica directories.
#[test]
fn archives_of_a_directory_are_read() {
    let temp = tempfile::tempdir().unwrap();
    let at = |path: &str| temp.path().join(path);
    archive(at("set/k1/data.tar"), &["pvc-1/volume.meta"]);
    archive(at("set/k2/data.tar"), &["pvc-1/volume.meta", "pvc-2/volume.meta"]);
    // What lies in a replica directory is the replica's, and what is no file is not looked at.
    replica(at("set/k3/pvc-1"));
    archive(at("set/k3/pvc-1/backup.tar"), &["volume.meta"]);
    std::os::unix::fs::symlink(at("set/k1/data.tar"), at("set/link.tar")).unwrap();
    fs::create_dir(at("set/folder.tar")).unwrap();
    let by_name = [plain(at("set/k2/data.tar")), plain(at("set/k1/data.tar")), plain(at("set/k3"))];
    let replicas = |evidence: &Evidence| -> Vec<String> {
        let told = told(evidence, temp.path());
        told.lines().skip(1).map(|line| line.replace(char::is_numeric, "")).collect()
    };
    let (expected, found) = (collect(&by_name).unwrap(), collect(&[plain(at("set"))]).unwrap());
    assert_eq!(labels(&found), ["k1/data/pvc-1", "k2/data/pvc-1", "k2/data/pvc-2", "set/k3/pvc-1"]);
    assert_eq!(replicas(&found), replicas(&expected));
    let inputs: Vec<(String, InputKind, usize)> = found
        .inputs
        .iter()
        .map(|i| (i.input.replace(&at("").display().to_string(), ""), i.kind, i.replicas.len()))
        .collect();
    let input = |path: &str, kind, count| (path.to_owned(), kind, count);
    assert_eq!(
        inputs,
        [
            input("set", InputKind::Directory, 1),
            input("set/k1/data.tar", InputKind::Tar, 1),
            input("set/k2/data.tar", InputKind::Tar, 2),
        ]
    );
    // Where archives are all there is, they are the inputs.
    let evidence = collect(&[plain(at("set/k1")), plain(at("set/k2"))]).unwrap();
    assert_eq!(evidence.inputs.len(), 2);
    let evidence = collect(&[labelled("a", at("set/k1")), labelled("b", at("set"))]).unwrap();
    assert_eq!(
        labels(&evidence),
        ["a", "b/k1/data/pvc-1", "b/k2/data/pvc-1", "b/k2/data/pvc-2", "b/k3/pvc-1"],
    );
    assert!(evidence.replicas.iter().all(|found| found.labelled));
    let evidence = collect(&[plain(at("set")), plain(at("set/k1/data.tar"))]).unwrap();
    assert_eq!(labels(&evidence), labels(&found));
}

#[test]
fn an_archive_without_a_replica_fails_nothing_and_nor_does_one_that_cannot_be_read() {
    let temp = tempfile::tempdir().unwrap();
    let at = |path: &str| temp.path().join(path);
    archive(at("set/rep-1.tar"), &["volume.meta"]);
    archive(at("set/sub/notes.tar"), &["notes.txt"]);
    fs::write(at("set/sub/text.tgz"), "no archive at all").unwrap();
    let evidence = collect(&[plain(at("set"))]).unwrap();
    assert_eq!(labels(&evidence), ["rep-1"]);
    assert_eq!(
        evidence.inputs[0].remarks,
        [
            "sub/notes.tar: no replica in it",
            "sub/notes.tar: 1 file of no known kind is not read: notes.txt",
            "sub/text.tgz: not a tar archive, whatever its name",
        ]
    );
    assert_eq!(evidence.incomplete().count(), 0);
    let error = collect(&[plain(at("set/sub"))]).unwrap_err().to_string();
    assert!(error.starts_with("no replica found in ") && error.contains("notes.tar: no replica"), "{error}");
    let evidence = collect(&[labelled("x", at("set/sub"))]).unwrap();
    assert!(
        evidence.replicas[0].damage[0].starts_with("no replica can be read in "),
        "{:?}",
        evidence.replicas
    );
    // These may have been replicas.
    let whole = fs::read(at("set/rep-1.tar")).unwrap();
    for (name, bytes) in [("empty.tar", &[][..]), ("cut.tar", &Tar::new().file("x", b"y").bytes[..700])] {
        fs::write(at("set").join(name), bytes).unwrap();
        let evidence = collect(&[plain(at("set"))]).unwrap();
        assert_eq!(labels(&evidence), ["rep-1"]);
        assert!(
            evidence.incomplete().all(|(_, why)| why.contains(name)) && evidence.incomplete().count() > 0
        );
        fs::remove_file(at("set").join(name)).unwrap();
    }
    // Cut behind what tells a replica, it is read as far as it goes, and says so.
    fs::write(at("set/rep-1.tar"), &whole[..1024]).unwrap();
    let evidence = collect(&[plain(at("set"))]).unwrap();
    let cut = evidence.inputs.iter().find(|input| input.input.ends_with("rep-1.tar")).unwrap();
    assert!(cut.remarks[0].contains("ends at byte 1024"), "{:?}", cut.remarks);
}

/// Links below an input are not followed, and nested replicas are found.
#[test]
fn the_search_stays_below_the_input() {
    let temp = tempfile::tempdir().unwrap();
    let at = |path: &str| temp.path().join(path);
    replica(at("outside"));
    replica(at("in/a"));
    replica(at("in/a/volume-snap-x.img"));
    std::os::unix::fs::symlink(at("outside"), at("in/link")).unwrap();
    std::os::unix::fs::symlink("..", at("in/loop")).unwrap();
    let evidence = collect(&[plain(at("in"))]).unwrap();
    assert_eq!(labels(&evidence), ["a", "volume-snap-x.img"]);
}

/// More directories than may stay open at once.
#[test]
fn a_fleet_is_gathered() {
    let temp = tempfile::tempdir().unwrap();
    for n in 0..700 {
        let path = temp.path().join(format!("rep-{n:03}"));
        replica(&path);
        fs::write(path.join("volume-head-000.img"), format!("{n:08}")).unwrap();
    }
    let evidence = collect(&[plain(temp.path())]).unwrap();
    assert_eq!(evidence.replicas.len(), 700);
    for (n, found) in evidence.replicas.iter().enumerate() {
        assert_eq!(found.label.as_str(), format!("rep-{n:03}"));
        let [head, meta] = found.source.entries() else { panic!() };
        assert_eq!(*found.source.read(meta).unwrap(), b"{}"[..]);
        let mut buf = [0; 8];
        found.source.read_at(head, 0, &mut buf).unwrap();
        assert_eq!(buf, format!("{n:08}").as_bytes());
    }
    let open = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    assert!(open < 600, "{open} files are open");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// The order of the inputs and the number of threads change nothing.
    #[test]
    fn order_makes_no_difference(order in Just((0..5usize).collect::<Vec<_>>()).prop_shuffle(), threads in 1..5usize) {
        let temp = tempfile::tempdir().unwrap();
        let at = |path: &str| temp.path().join(path);
        replica(at(&format!("k1/{UUID}")));
        replica(at(&format!("k2/{UUID}")));
        replica(at("k2/other"));
        archive(at("k3.tar"), &["x/volume.meta", "x/volume.meta", "/y/volume.meta"]);
        let inputs: Vec<Input> = vec![
            plain(at("k1")),
            plain(at("k2")),
            plain(at("k3.tar")),
            labelled("w", at("k2/other")),
            plain(at(&format!("k1/{UUID}"))),
        ];
        let expected = told(&collect(&inputs).unwrap(), temp.path());
        let shuffled: Vec<Input> = order.iter().map(|&n| inputs[n].clone()).collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let again = pool.install(|| told(&collect(&shuffled).unwrap(), temp.path()));
        prop_assert_eq!(expected, again);
    }
}
