//! Answers written down as assertions (`must.json` of the cases), held against what the program says.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use regex::RegexBuilder;
use serde_json::Value;

/// How long one command may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What one run must give does not hold: a line for each assertion.
pub fn failures(program: Command, folder: &Path, run: &Value) -> Vec<String> {
    let tmp = tempfile::tempdir().unwrap();
    let args: Vec<String> = texts(&run["args"]);
    let name = args.join(" ");
    let place = tmp.path().to_str().unwrap();
    let real: Vec<String> = args.iter().map(|arg| arg.replace("{tmp}", place)).collect();
    let Some((code, out, err)) = finish(program, folder, &real) else {
        return vec![format!("{name}: no answer in {} s", PATIENCE.as_secs())];
    };
    let mut fails = Vec::new();
    let has = |key: &str| run[key].as_array().is_some_and(|codes| codes.contains(&Value::from(code)));
    if run.get("exit").is_some() && !has("exit") {
        fails.push(format!("{name}: exit {code}, not {}", run["exit"]));
    }
    if has("not_exit") {
        fails.push(format!("{name}: exit {code}"));
    }
    let both = String::from_utf8_lossy(&out).into_owned() + &String::from_utf8_lossy(&err);
    let flat = both.split_whitespace().collect::<Vec<_>>().join(" ");
    let says =
        |pattern: &String| RegexBuilder::new(pattern).case_insensitive(true).build().unwrap().is_match(&flat);
    fails.extend(
        texts(&run["text"]).iter().filter(|p| !says(p)).map(|p| format!("{name}: does not say /{p}/")),
    );
    fails.extend(texts(&run["not_text"]).iter().filter(|p| says(p)).map(|p| format!("{name}: says /{p}/")));
    let lines = both.matches('\n').count();
    if run["lines_at_most"].as_u64().is_some_and(|most| lines as u64 > most) {
        fails.push(format!("{name}: {lines} lines, more than {}", run["lines_at_most"]));
    }
    if let Some(rules) = run.get("json").and_then(Value::as_object) {
        match serde_json::from_slice::<Value>(&out) {
            Ok(document) => fails.extend(rules.iter().filter_map(|(path, rule)| {
                let said = breaks(&document, path, rule)?;
                Some(format!("{name}: {said}"))
            })),
            Err(_) => fails.push(format!("{name}: no JSON")),
        }
    }
    fails
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Runs to the end: exit code, output, errors. `None` where it had to be stopped.
fn finish(mut program: Command, folder: &Path, args: &[String]) -> Option<(i32, Vec<u8>, Vec<u8>)> {
    let kept = tempfile::tempdir().unwrap();
    let (out, err) = (kept.path().join("out"), kept.path().join("err"));
    let mut child = program
        .args(args)
        .current_dir(folder)
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&err).unwrap())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Some((status.code().unwrap_or(-1), std::fs::read(out).unwrap(), std::fs::read(err).unwrap()))
}

/// The values at a path (objects by key, lists by place, `*` and `?` for every element), and whether one will do.
fn at<'a>(document: &'a Value, path: &str) -> (Vec<&'a Value>, bool) {
    let (mut values, mut any) = (vec![document], false);
    for key in path.split('.') {
        any |= key == "?";
        values = values
            .into_iter()
            .flat_map(|value| match (value, key) {
                (Value::Object(map), "*" | "?") => map.values().collect::<Vec<_>>(),
                (Value::Array(list), "*" | "?") => list.iter().collect(),
                (Value::Array(list), _) => {
                    key.parse::<usize>().ok().and_then(|at| list.get(at)).into_iter().collect()
                }
                (Value::Object(map), _) => map.get(key).into_iter().collect(),
                _ => Vec::new(),
            })
            .collect();
    }
    (values, any)
}

/// What a rule for one path finds wrong.
fn breaks(document: &Value, path: &str, rule: &Value) -> Option<String> {
    let (values, any) = at(document, path);
    if rule["absent"] == true {
        return (!values.is_empty()).then(|| format!("{path} is {values:?}"));
    }
    let rule = rule.as_object().unwrap();
    let good = if any {
        values.iter().any(|value| holds(value, rule))
    } else {
        // What is not there cannot be one of the forbidden.
        values.iter().all(|value| holds(value, rule))
            && (!values.is_empty() || rule.keys().all(|op| op == "not_in"))
    };
    (!good).then(|| {
        let shown = serde_json::to_string(&values).unwrap();
        let shown: String = shown.chars().take(160).collect();
        format!("{path} is {shown}, not {}", Value::from(rule.clone()))
    })
}

fn holds(value: &Value, rule: &serde_json::Map<String, Value>) -> bool {
    rule.iter().all(|(op, want)| match op.as_str() {
        "in" => want.as_array().unwrap().contains(value),
        "not_in" => !want.as_array().unwrap().contains(value),
        "has" => contains(value, want),
        "lacks" => !contains(value, want),
        "set" => {
            let sorted = |list: &Value| {
                let mut all: Vec<String> =
                    list.as_array().into_iter().flatten().map(ToString::to_string).collect();
                all.sort();
                all
            };
            value.is_array() && sorted(value) == sorted(want)
        }
        _ => panic!("unknown assertion {op}"),
    })
}

fn contains(value: &Value, want: &Value) -> bool {
    match value {
        Value::Array(list) => list.contains(want),
        Value::Object(map) => want.as_str().is_some_and(|key| map.contains_key(key)),
        Value::String(text) => want.as_str().is_some_and(|part| text.contains(part)),
        _ => false,
    }
}
