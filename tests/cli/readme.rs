//! The README's screens are what its commands print.
#![cfg(feature = "cli")]

use std::path::Path;
use std::process::Command;

const HERE: &str = env!("CARGO_MANIFEST_DIR");
const RUN: &str = "    cargo run --release --locked -- ";

/// Each command with the screen that is shown below it.
fn screens(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut out = Vec::new();
    let (mut command, mut lines) = (None, text.lines());
    while let Some(line) = lines.next() {
        if let Some(arguments) = line.strip_prefix(RUN) {
            assert!(command.replace(arguments).is_none(), "{line}: the command before it shows nothing");
        } else if line == "```text" {
            let shown = lines.by_ref().take_while(|line| *line != "```").collect();
            out.push((command.take().expect("a screen stands below its command"), shown));
        }
    }
    assert!(command.is_none(), "{command:?} shows nothing");
    out
}

/// Whether `real` is `shown`, where a line of three dots stands for any lines.
fn is_shown(shown: &[&str], real: &[&str]) -> bool {
    match shown {
        [] => real.is_empty(),
        ["…", rest @ ..] => (0..=real.len()).any(|left_out| is_shown(rest, &real[left_out..])),
        [first, rest @ ..] => real.first() == Some(first) && is_shown(rest, &real[1..]),
    }
}

#[test]
fn every_screen_is_what_its_command_prints() {
    let readme = std::fs::read_to_string(Path::new(HERE).join("README.md")).unwrap();
    let screens = screens(&readme);
    let commands: Vec<&str> =
        screens.iter().map(|(arguments, _)| arguments.split(' ').next().unwrap()).collect();
    assert_eq!(commands, ["analyze", "diff", "export"]);
    // Elsewhere, because one writes an image.
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(Path::new(HERE).join("fixtures"), dir.path().join("fixtures")).unwrap();
    for (arguments, shown) in screens {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jivascope"));
        let ran = command.args(arguments.split(' ')).current_dir(dir.path()).output().unwrap();
        assert!(ran.stderr.is_empty(), "{arguments}: {}", String::from_utf8_lossy(&ran.stderr));
        let real = String::from_utf8(ran.stdout).unwrap();
        let real: Vec<&str> = real.lines().collect();
        assert!(is_shown(&shown, &real), "{arguments}: it prints\n{}", real.join("\n"));
    }
    assert!(dir.path().join("rep-2.raw").metadata().unwrap().len() == 16 << 20);
}

#[test]
fn dots_stand_for_lines_and_for_nothing_else() {
    for (shown, expected) in [
        (&["a", "…", "c"][..], true),
        (&["a", "b", "c"], true),
        (&["…"], true),
        (&["a", "b", "c", "…"], true),
        (&["a", "…", "b"], false),
        (&["…", "d"], false),
        (&["a", "c"], false),
        (&["a"], false),
    ] {
        assert_eq!(is_shown(shown, &["a", "b", "c"]), expected, "{shown:?}");
    }
}
