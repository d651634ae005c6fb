//! What the commands make of a defective copy. `hash`, `export` and `diff` do the work, say the defect on standard error, exit
//! with 4 and call nothing equal. The screens tell its state as that of the copy, and predict nothing from it.
#![cfg(feature = "cli")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::cli::{Ran, run};

const HEAD: &str = "volume-head-001.img";

/// Two copies of one replica; from the second the image of the head is missing.
fn without_head(dir: &Path) -> (PathBuf, PathBuf) {
    let blocks: [(u64, u8); 3] = [(0, 1), (1, 2), (2, 0)];
    let (whole, lacking) = (dir.join("whole"), dir.join("lacking"));
    crate::support::tiny::replica(&whole, 10, &blocks, &[]);
    crate::support::tiny::replica(&lacking, 10, &blocks, &[]);
    fs::remove_file(lacking.join(HEAD)).unwrap();
    (whole, lacking)
}

fn given(label: &str, path: &Path) -> String {
    format!("{label}={}", path.display())
}

/// A run on a defective copy: exit code 4, and what is wrong by name.
fn names(ran: &Ran, what: &str) {
    assert_eq!(ran.code, 4, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains(what), "{what} is not on standard error: {}", ran.err);
}

#[test]
fn a_sum_of_a_view_without_its_head_names_the_head() {
    let dir = tempfile::tempdir().unwrap();
    let (_, lacking) = without_head(dir.path());
    names(&run(["hash", &given("a", &lacking)]), HEAD);
}

#[test]
fn an_image_exported_without_its_head_names_the_head() {
    let dir = tempfile::tempdir().unwrap();
    let (_, lacking) = without_head(dir.path());
    let to = dir.path().join("out.raw").display().to_string();
    let input = given("a", &lacking);
    names(&run(["export", &input, "--replica", "a", "--format", "raw", "--to", &to]), HEAD);
}

#[test]
fn views_of_which_one_lacks_its_head_are_not_called_equal() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, lacking) = without_head(dir.path());
    let ran = run(["diff", &given("a", &whole), &given("b", &lacking)]);
    names(&ran, HEAD);
    let said = format!("{}{}", ran.out, ran.err);
    assert!(!said.contains("are equal"), "{said}");
}

#[test]
fn the_screens_tell_the_state_of_the_copy_and_no_danger_of_the_replica() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, lacking) = without_head(dir.path());
    let inputs = [given("a", &whole), given("b", &whole), given("c", &lacking)];
    let [a, b, c] = inputs.each_ref().map(String::as_str);
    let flat = |ran: Ran| ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let screen = flat(run(["analyze", a, b, c]));
    assert!(screen.contains("defective copy; as"), "{screen}");
    assert!(screen.contains("What would change this answer: a whole copy of c"), "{screen}");
    // Empty, elected, overwritten, silently different: of such a copy none of it is known.
    for code in ["JV057", "JV070", "JV071", "JV072", "JV073"] {
        assert!(!screen.contains(code), "{code}: {screen}");
    }
    let predicted = flat(run(["simulate", a, b, c]));
    assert!(predicted.contains("The copy of c is defective."), "{predicted}");
    // The same three whole: the words are the copy's, not the volume's.
    let sound = flat(run(["analyze", a, b, &given("c", &whole)]));
    assert!(!sound.contains("as copied") && !sound.contains("defective"), "{sound}");
}

/// Bytes that are not there cannot be summed up: that is a failure, and no sum is printed.
#[test]
fn a_sum_of_what_a_cut_archive_lacks_fails_and_says_that_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, _) = without_head(dir.path());
    let tar = dir.path().join("a.tar");
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_dir_all("a", &whole).unwrap();
    let bytes = builder.into_inner().unwrap();
    fs::write(&tar, &bytes[..bytes.len() * 9 / 10]).unwrap();
    let ran = run(["hash", &given("a", &tar)]);
    assert!(ran.code == 1 && ran.out.is_empty(), "{} {}", ran.code, ran.out);
    assert!(ran.err.contains("the archive ends"), "{}", ran.err);
}
