//! The report in a real browser: nothing is fetched, nothing complains, it folds and is walked by keyboard, axe finds no
//! fault, it fits a narrow screen and a sheet of paper.
#![cfg(feature = "cli")]
#![allow(clippy::print_stderr, reason = "says how long each page took")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jivascope::analysis::{self, Analysis, Options};
use jivascope::evidence::{Images, Input, InputPath, gather};
use jivascope::report::{html, svg};
use serde_json::Value;

use crate::support::browser::Browser;
use crate::support::builder::{Drawn, judge};
use crate::support::cli::captures;
use crate::support::stepping::{have, left_out, step_aside};
use crate::support::{evil, tiny, witnesses};

/// Pages that axe sees in the dark too.
const DARK: &[&str] = &[MANY, "hostile", "05-split-brain", "30-power-cut", "incident-2026-03-28"];
/// The page of the folder of forty volumes.
const MANY: &str = "many-volumes";
/// No page takes longer to open.
const SOON: Duration = Duration::from_secs(1);
/// Debian's name of the browser.
const CHROMIUM: &str = "chromium";

fn analyzed(paths: &[PathBuf]) -> Analysis {
    let inputs: Vec<Input> =
        paths.iter().map(|path| Input { label: None, path: InputPath::Path(path.clone()) }).collect();
    let images = Images::Spool { dir: None, limit: 1 << 30 };
    let evidence = gather(&inputs, &jivascope::evidence::Options::new(images)).unwrap();
    analysis::analyze(evidence, Options::default(), &())
}

/// Pages of every kind, by name: a folder of forty volumes, hostile names, a history of ten thousand snapshots, and the
/// recordings.
fn pages(dir: &Path) -> Vec<(String, PathBuf)> {
    let mut out = Vec::new();
    let mut add = |name: &str, analysis: &Analysis| {
        let path = dir.join(format!("{name}.html"));
        std::fs::write(&path, html::analysis(analysis)).unwrap();
        out.push((name.to_owned(), path));
    };
    add(MANY, &analyzed(&[many_volumes(&dir.join("many"))]));
    evil::replica(&dir.join("evil/rep-1"), evil::EVIL);
    evil::replica(&dir.join("evil/rep-2"), "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&");
    add("hostile", &analyzed(&[dir.join("evil")]));
    add("ten-thousand-snapshots", &analyzed(&[ten_thousand(&dir.join("long"))]));
    add(
        "off-chain",
        &judge(
            &["s1:10{0-9} s2:20{1} head4:25{2} now=30 | s3<s1:15{3} s4<s3:16{4}", "s1:10{0-9} head1:10"],
            false,
        ),
    );
    for incident in ["2026-03-28", "2026-03-28-fourth-replica", "2026-02-22"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/incident-{incident}"));
        add(&format!("incident-{incident}"), &analyzed(&[folder]));
    }
    match captures("the recordings in a browser") {
        Some(captures) => {
            for name in [
                "03-stale",
                "05-split-brain",
                "07-no-ancestor",
                "08-missing-witness",
                "14-crash-together",
                "30-power-cut",
            ] {
                let paths = crate::support::cli::archives(&captures.join(name));
                add(name, &analyzed(&paths));
            }
        }
        None => left_out("the recordings in a browser", "no captures"),
    }
    match witnesses() {
        Some(witnesses) => {
            let folder = witnesses.join("17-march");
            let hidden = ["unseen", "story.txt", "witness.json"];
            let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            let shown = |path: &PathBuf| !hidden.iter().any(|name| path.ends_with(name));
            add("17-march", &analyzed(&entries.filter(shown).collect::<Vec<_>>()));
        }
        None => left_out("the recording of March in a browser", "no witnesses"),
    }
    out
}

/// A replica of ten thousand snapshots, and one that went apart from it at the first.
fn ten_thousand(dir: &Path) -> PathBuf {
    let snapshots: String = (2..10_000).map(|at| format!(" s{at}:10")).collect();
    for (by, snapshots) in [("x", &*snapshots), ("y", "")] {
        let drawing = format!("s1:10{{0-9}}{snapshots} head1:10{{1@{by},3@{by}}} now=20 cp=s1");
        Drawn::draw(&drawing).directory().write_to(&dir.join(by));
    }
    dir.to_owned()
}

/// Forty volumes: most alike, some not.
fn many_volumes(dir: &Path) -> PathBuf {
    for number in 0..40 {
        let volume = dir.join(format!("pvc-00000000-0000-4000-8000-0000000000{number:02}"));
        if number % 5 == 0 { tiny::split(&volume) } else { tiny::stale(&volume) }
    }
    dir.to_owned()
}

/// Whether the browser and axe are here; axe's source.
fn tools(test: &str) -> Option<String> {
    if !have(test, &[CHROMIUM]) {
        return None;
    }
    let read = std::env::var_os("JIVASCOPE_AXE").and_then(|path| std::fs::read_to_string(path).ok());
    if read.is_none() {
        step_aside(test, "JIVASCOPE_AXE does not name axe.min.js of axe-core");
    }
    read
}

/// Faults that the browser told of, and requests for anything but the page.
fn complaints(events: &[Value], page: &Path) -> Vec<String> {
    let own = format!("file://{}", page.display());
    let mut out = Vec::new();
    for event in events {
        let params = &event["params"];
        match event["method"].as_str().unwrap_or_default() {
            "Network.requestWillBeSent" => {
                let url = params["request"]["url"].as_str().unwrap_or_default();
                if url != own && url != "data:," {
                    out.push(format!("asks for {url}"));
                }
            }
            "Log.entryAdded" => out.push(params["entry"]["text"].to_string()),
            "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" => out.push(params.to_string()),
            _ => {}
        }
    }
    out
}

/// Every page, in one browser after the other: starting it takes longer than a page.
#[test]
fn reports_in_a_browser() {
    let Some(axe) = tools("reports_in_a_browser") else { return };
    let dir = tempfile::tempdir().unwrap();
    let begin = Instant::now();
    let pages = pages(dir.path());
    eprintln!("{} pages made in {:.1?}", pages.len(), begin.elapsed());
    assert!(pages.len() >= 7, "{pages:?}");
    let shots = std::env::var_os("JIVASCOPE_SHOTS").map(PathBuf::from);
    let mut browser = Browser::start(CHROMIUM);
    for (name, page) in &pages {
        let begin = Instant::now();
        let bytes = std::fs::metadata(page).unwrap().len();
        assert!(bytes < 3 << 20, "{name}: {bytes} bytes");
        browser.resize(1280, 900);
        browser.look("screen", "light");
        let (mut took, events) = browser.open(page);
        // On a busy machine the best of five counts.
        for _ in 0..4 {
            if took >= SOON {
                took = took.min(browser.open(page).0);
            }
        }
        assert!(took < SOON, "{name} took {took:?} to open");
        let complaints = complaints(&events, page);
        assert!(complaints.is_empty(), "{name}: {complaints:?}");
        keyboard(&mut browser, name);
        for scheme in ["light", "dark"] {
            browser.look("screen", scheme);
            let folded = if name == MANY { "#v0 details" } else { "details" };
            browser
                .evaluate(&format!("document.querySelectorAll('{folded}').forEach(one => one.open = true)"));
            // Forty accounts are made alike, and axe would read in them for a minute.
            browser.evaluate(
                "document.querySelectorAll('section.volume').forEach((one, at) => at > 1 && one.remove())",
            );
            // In the dark nothing but the colours is new, and these pages have all that has one.
            match scheme {
                "light" => faults(&mut browser, &axe, "", &format!("{name}, {scheme}")),
                _ if !DARK.contains(&name.as_str()) => {}
                _ => {
                    faults(&mut browser, &axe, "runOnly: ['color-contrast'], ", &format!("{name}, {scheme}"))
                }
            }
            contrast(&mut browser, &format!("{name}, {scheme}"));
            shot(&mut browser, shots.as_deref(), &format!("{name}-{scheme}.png"));
        }
        narrow(&mut browser, name);
        shot(&mut browser, shots.as_deref(), &format!("{name}-narrow.png"));
        let before = begin.elapsed();
        paper(&mut browser, shots.as_deref(), name);
        eprintln!(
            "{name}: {bytes} bytes, opened in {took:.1?}, {before:.1?} on screens, {:.1?} in all",
            begin.elapsed()
        );
    }
}

fn shot(browser: &mut Browser, shots: Option<&Path>, name: &str) {
    if let Some(shots) = shots {
        std::fs::create_dir_all(shots).unwrap();
        std::fs::write(shots.join(name), STANDARD.decode(browser.picture()).unwrap()).unwrap();
    }
}

/// The first stop leads past the head of the page; what is folded opens and closes by a key; each stop is seen.
fn keyboard(browser: &mut Browser, name: &str) {
    browser.press("Tab");
    assert_eq!(browser.evaluate("document.activeElement.className"), "skip", "{name}");
    browser.press("Enter");
    assert_eq!(browser.evaluate("document.activeElement.id"), "main", "{name}");
    let folded = browser.evaluate("document.querySelectorAll('main summary').length").as_u64().unwrap();
    assert!(folded > 0 || name == MANY, "{name} folds nothing");
    let stops =
        browser.evaluate("document.querySelectorAll('main a, main summary, main [tabindex=\"0\"]').length");
    for _ in 0..stops.as_u64().unwrap() {
        browser.press("Tab");
        let seen = "getComputedStyle(document.activeElement).outlineStyle";
        assert_eq!(browser.evaluate(seen), "solid", "{name}");
        if browser.evaluate("document.activeElement.tagName") != "SUMMARY" {
            continue;
        }
        let open = "document.activeElement.parentElement.open";
        let before = browser.evaluate(open);
        browser.press("Enter");
        assert_ne!(browser.evaluate(open), before, "{name} does not fold by Enter");
        browser.press(" ");
        assert_eq!(browser.evaluate(open), before, "{name} does not fold by the space bar");
        return;
    }
    assert_eq!(folded, 0, "{name}: no key reaches what is folded");
}

/// Whatever axe finds. The page's own policy lets no script run, so axe comes in beside it.
fn faults(browser: &mut Browser, axe: &str, rules: &str, what: &str) {
    browser.evaluate(&format!("typeof axe === 'undefined' && (function () {{ {axe} }}).call(window), 1"));
    let options = format!("{{ {rules}resultTypes: ['violations'] }}");
    let told = "JSON.stringify({ passes: found.passes.length, violations: found.violations.map(one => \
                [one.impact, one.id, one.nodes.slice(0, 3).map(node => node.html)]) })";
    let found = browser.evaluate(&format!("axe.run(document, {options}).then(found => {told})"));
    let found: Value = serde_json::from_str(found.as_str().unwrap()).unwrap();
    let least = if rules.is_empty() { 10 } else { 1 };
    assert!(found["passes"].as_u64().unwrap() >= least, "{what}: axe did not look: {found}");
    assert_eq!(found["violations"], serde_json::json!([]), "{what}");
}

/// Words in drawings stand out from the paper as much as WCAG asks of words (4.5), lines as of drawings (3).
fn contrast(browser: &mut Browser, what: &str) {
    let faint = browser.evaluate(
        "(() => {
            const light = colour => {
                const [r, g, b] = colour.match(/[0-9.]+/g).slice(0, 3).map(part => {
                    const share = part / 255;
                    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
                });
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const paper = light(getComputedStyle(document.documentElement).backgroundColor);
            const ratio = colour => {
                const own = light(colour);
                return (Math.max(own, paper) + 0.05) / (Math.min(own, paper) + 0.05);
            };
            const faint = new Set();
            for (const one of document.querySelectorAll('svg text, svg path.l, svg .d, svg .cells')) {
                const style = getComputedStyle(one);
                const words = one.tagName === 'text';
                const colour = words || one.matches('.cells') ? style.fill : style.stroke;
                if (ratio(colour) < (words ? 4.5 : 3)) faint.add(`${one.getAttribute('class')} ${colour}`);
            }
            return JSON.stringify([document.querySelectorAll('svg text').length, [...faint]]);
        })()",
    );
    let (seen, faint): (usize, Vec<String>) = serde_json::from_str(faint.as_str().unwrap()).unwrap();
    assert!(seen > 0, "{what}: no words in drawings");
    assert!(faint.is_empty(), "{what}: {faint:?}");
}

/// On a telephone nothing but what scrolls by itself is wider than the screen.
fn narrow(browser: &mut Browser, name: &str) {
    browser.resize(360, 740);
    let wide = browser.evaluate("document.documentElement.scrollWidth");
    assert!(wide.as_u64().unwrap() <= 360, "{name} is {wide} wide on a narrow screen");
}

/// On paper nothing is folded away and nothing is cut off at the side.
fn paper(browser: &mut Browser, shots: Option<&Path>, name: &str) {
    browser.resize(718, 1000);
    browser.look("print", "dark");
    browser.evaluate("document.querySelectorAll('details').forEach(one => one.open = false)");
    let wide = browser.evaluate("document.documentElement.scrollWidth");
    assert!(wide.as_u64().unwrap() <= 718, "{name} is {wide} wide on paper");
    let hidden = browser.evaluate(
        "[...document.querySelectorAll('details > :not(summary)')].filter(one => !one.checkVisibility({ contentVisibilityAuto: true }) || one.getBoundingClientRect().height === 0).length",
    );
    assert_eq!(hidden, 0, "{name}: folded away on paper");
    let ink = browser.evaluate("getComputedStyle(document.body).backgroundColor + getComputedStyle(document.documentElement).backgroundColor");
    assert!(ink.as_str().unwrap().ends_with("rgb(255, 255, 255)"), "{name}: {ink} on paper");
    let paper = STANDARD.decode(browser.paper()).unwrap();
    assert!(paper.starts_with(b"%PDF"), "{name}");
    if let Some(shots) = shots {
        std::fs::write(shots.join(format!("{name}.pdf")), paper).unwrap();
        shot(browser, Some(shots), &format!("{name}-print.png"));
    }
}

/// A drawing of `graph` is an XML document that a browser shows.
#[test]
fn drawings_in_a_browser() {
    if !have("drawings_in_a_browser", &[CHROMIUM]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    evil::replica(&dir.path().join("rep-1"), evil::EVIL);
    let page = dir.path().join("graph.svg");
    std::fs::write(&page, svg::graph(&analyzed(&[dir.path().to_owned()]), false)).unwrap();
    let mut browser = Browser::start(CHROMIUM);
    let (_, events) = browser.open(&page);
    let complaints = complaints(&events, &page);
    assert!(complaints.is_empty(), "{complaints:?}");
    assert_eq!(browser.evaluate("document.documentElement.tagName"), "svg");
    assert_eq!(browser.evaluate("document.querySelectorAll('parsererror').length"), 0);
    assert!(browser.evaluate("document.querySelectorAll('circle').length").as_u64().unwrap() > 1);
}
