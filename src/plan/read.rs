//! Steps as a person writes them: one a line, as words or as the command that would do it.
//!
//! ```text
//! # a comment
//! stop all
//! copy rep-1
//! move-aside rep-1
//! start controller
//! start rep-2
//! kubectl -n openebs scale deployment/pvc-1-rep-3 --replicas=0
//! rm -rf /var/openebs/pvc-1
//! curl -X DELETE http://10.0.0.1:9501/v1/replicas/dGNwOi8vMTAuMC4wLjI6OTUwMg==
//! ```

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;

use super::act::{Act, Who};
use crate::analysis::Volume;
use crate::ident::Label;
use crate::witness::Home;

/// A line that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// The line.
    pub text: String,
    /// What it does, in order; none for a comment.
    pub acts: Vec<Act>,
}

/// A line that was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {number}: {why}: {text}")]
#[non_exhaustive]
pub struct Unread {
    /// Its number, from 1.
    pub number: usize,
    /// The line.
    pub text: String,
    /// Why.
    pub why: String,
}

/// Reads steps. Lines that are not understood come beside those that are.
pub fn steps(text: &str, volume: &Volume) -> (Vec<Line>, Vec<Unread>) {
    let (mut lines, mut unread) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines()) {
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        // A list of Markdown or of YAML is one too.
        let bare = text.trim_start_matches(['-', '*']).trim_start();
        let bare = bare
            .split_once(". ")
            .filter(|(before, _)| !before.is_empty() && before.bytes().all(|byte| byte.is_ascii_digit()))
            .map_or(bare, |(_, rest)| rest);
        let read = shlex::split(bare).ok_or_else(|| "a quote is not closed".to_owned());
        match read.and_then(|words| act(&words, volume)).map(together) {
            Ok(acts) => lines.push(Line { number, text: text.to_owned(), acts }),
            Err(why) => unread.push(Unread { number, text: text.to_owned(), why }),
        }
    }
    (lines, unread)
}

/// What one line starts is started at once: nobody sees which replica registers first.
fn together(acts: Vec<Act>) -> Vec<Act> {
    let started = |act: &Act| match act {
        Act::Start { who: Who::Replica(label) } => Some(label.clone()),
        _ => None,
    };
    let labels: Vec<Label> = acts.iter().filter_map(started).collect();
    if labels.len() < 2 {
        return acts;
    }
    let mut out: Vec<Act> = acts.into_iter().filter(|act| started(act).is_none()).collect();
    out.push(Act::Start { who: Who::Several(labels) });
    out
}

fn act(words: &[String], volume: &Volume) -> Result<Vec<Act>, String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let label = |name: &str| {
        let found = volume.replicas.iter().find(|replica| replica.label.as_str() == name);
        found.map(|replica| replica.label.clone()).ok_or_else(|| format!("no replica is called {name}"))
    };
    let who = |name: &str| match name {
        "all" => Ok(Who::All),
        "controller" => Ok(Who::Controller),
        "replicas" => Ok(Who::Replicas),
        "operator" => Ok(Who::Operator),
        name => label(name).map(Who::Replica),
    };
    let each = |names: &[&str], make: &dyn Fn(&str) -> Result<Act, String>| -> Result<Vec<Act>, String> {
        if names.is_empty() {
            Err("nobody is named".to_owned())
        } else {
            names.iter().map(|name| make(name)).collect()
        }
    };
    match &words[..] {
        ["stop", names @ ..] => each(names, &|name| Ok(Act::Stop { who: who(name)? })),
        ["start", names @ ..] => each(names, &|name| Ok(Act::Start { who: who(name)? })),
        ["restart", names @ ..] => each(names, &|name| Ok(Act::Restart { who: who(name)? })),
        ["wipe", names @ ..] => each(names, &|name| Ok(Act::Wipe { replica: label(name)? })),
        ["move-aside", names @ ..] => each(names, &|name| Ok(Act::MoveAside { replica: label(name)? })),
        ["copy", names @ ..] => each(names, &|name| Ok(Act::Copy { replica: label(name)? })),
        ["export", names @ ..] => each(names, &|name| Ok(Act::Export { replica: label(name)? })),
        ["restore", name] => Ok(vec![Act::Restore { replica: label(name)?, from: label(name)? }]),
        ["restore", name, from] => Ok(vec![Act::Restore { replica: label(name)?, from: label(from)? }]),
        ["remove", name, file] => {
            Ok(vec![Act::RemoveFile { replica: label(name)?, file: (*file).to_owned() }])
        }
        ["set", name, field] => {
            let (key, value) = field.split_once('=').ok_or("a field is set as KEY=VALUE")?;
            Ok(vec![Act::Set { replica: label(name)?, key: key.to_owned(), value: value.to_owned() }])
        }
        ["delete-entry", address] => Ok(vec![Act::DeleteEntry { address: (*address).to_owned() }]),
        ["wait", rest @ ..] => Ok(vec![Act::Wait { text: rest.join(" ") }]),
        ["kubectl", rest @ ..] => scale(rest, volume),
        ["rm", rest @ ..] => removal(rest, volume),
        ["curl", rest @ ..] => deletion(rest),
        ["ssh", node, rest @ ..] if !rest.is_empty() => on_node(node, rest, volume),
        _ => Err("not a step that is known".to_owned()),
    }
}

/// `kubectl scale … --replicas=N`: 0 stops, 1 starts; of a StatefulSet of replicas only none or all of them.
fn scale(words: &[&str], volume: &Volume) -> Result<Vec<Act>, String> {
    if !words.contains(&"scale") {
        return Err("of kubectl only scale is played".to_owned());
    }
    let after = |at: usize| words.get(at + 1).copied();
    let count = words.iter().enumerate().find_map(|(at, word)| match word.strip_prefix("--replicas") {
        Some("") => after(at),
        Some(rest) => rest.strip_prefix('='),
        None => None,
    });
    let count: usize =
        count.and_then(|count| count.parse().ok()).ok_or("--replicas=N is missing or no number")?;
    let mut acts = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let word = words[at];
        at += 1;
        if matches!(word, "-n" | "--namespace" | "--context" | "--kubeconfig" | "--timeout" | "--replicas") {
            at += 1;
            continue;
        }
        // What it matches, or whether it does anything, does not stand in the line.
        if matches!(
            word,
            "-l" | "--selector" | "--all" | "-f" | "--filename" | "--current-replicas" | "--dry-run"
        ) || ["-l=", "--selector=", "-f=", "--filename=", "--current-replicas=", "--dry-run="]
            .iter()
            .any(|option| word.starts_with(option))
        {
            return Err(format!("what {word} makes of it is not played: name each workload"));
        }
        if word == "scale" || word.starts_with('-') {
            continue;
        }
        let name = word.rsplit_once('/').map_or(word, |(_, name)| name);
        if matches!(name, "deploy" | "deployment" | "deployments" | "sts" | "statefulset" | "statefulsets") {
            continue;
        }
        let who = workload(name, volume)?;
        let most = if who == Who::Replicas { volume.replicas.len() } else { 1 };
        acts.push(match count {
            0 => Act::Stop { who },
            count if count == most => Act::Start { who },
            _ if who == Who::Replicas => {
                return Err("which replicas a part of a StatefulSet is does not stand in the line".to_owned());
            }
            _ => return Err("two processes on one directory destroy it, and are not played".to_owned()),
        });
    }
    if acts.is_empty() { Err("it names nothing that is scaled".to_owned()) } else { Ok(acts) }
}

/// Whose a Deployment or StatefulSet is: by what Kubernetes objects show, else by its name: `…-ctrl`, `…-rep-N`, or all replicas
/// of a StatefulSet.
fn workload(name: &str, volume: &Volume) -> Result<Who, String> {
    if name.ends_with("-ctrl") {
        return Ok(Who::Controller);
    }
    if name.ends_with("-jiva-rep") {
        return Ok(Who::Replicas);
    }
    if name.ends_with("jiva-operator") {
        return Ok(Who::Operator);
    }
    let homes = || volume.places.homes.iter();
    if let Some((label, _)) = homes().find(|(_, home)| home.deployment.as_deref() == Some(name)) {
        return Ok(Who::Replica(label.clone()));
    }
    // A Deployment that is known to be another replica's is not this one's, whatever the label.
    let free = |label: &Label| volume.places.homes.get(label).is_none_or(|home| home.deployment.is_none());
    let ends = |label: &Label| name == label.as_str() || name.ends_with(&format!("-{label}"));
    let labels = volume.replicas.iter().map(|replica| &replica.label);
    let mut found = labels.filter(|label| ends(label) && free(label));
    match (found.next(), found.next()) {
        (Some(label), None) => Ok(Who::Replica(label.clone())),
        _ => Err(format!("{name} does not show which replica it runs")),
    }
}

/// `rm -rf …/pvc-…`: only where one replica's path or label tells whose directory it is.
fn removal(words: &[&str], volume: &Volume) -> Result<Vec<Act>, String> {
    let paths: Vec<&str> = words.iter().copied().filter(|word| !word.starts_with('-')).collect();
    if paths.is_empty() {
        return Err("it names no directory".to_owned());
    }
    paths.into_iter().map(|path| Ok(Act::Wipe { replica: owner(path, None, volume)? })).collect()
}

/// `ssh NODE rm -rf …`: the node tells whose directory it is.
fn on_node(node: &str, words: &[&str], volume: &Volume) -> Result<Vec<Act>, String> {
    // What stands in quotes behind the node is one word.
    let inner = shlex::split(&words.join(" ")).ok_or("a quote is not closed")?;
    let node = node.rsplit_once('@').map_or(node, |(_, node)| node);
    let inner: Vec<&str> = inner.iter().map(String::as_str).filter(|word| *word != "sudo").collect();
    let ["rm", rest @ ..] = &inner[..] else { return Err("on a node only rm is played".to_owned()) };
    let paths: Vec<&str> = rest.iter().copied().filter(|word| !word.starts_with('-')).collect();
    if paths.is_empty() {
        return Err("it names no directory".to_owned());
    }
    paths.into_iter().map(|path| Ok(Act::Wipe { replica: owner(path, Some(node), volume)? })).collect()
}

fn owner(path: &str, node: Option<&str>, volume: &Volume) -> Result<Label, String> {
    let path = path.trim_end_matches(['/', '*']).trim_end_matches('/');
    if path.split('/').any(|part| part == "..") {
        return Err("a path with .. in it is not followed: write wipe LABEL".to_owned());
    }
    let lives = |home: &Home| {
        let at = home.path.as_deref().is_some_and(|at| at.trim_end_matches('/') == path);
        at && node.is_none_or(|node| home.node.as_deref() == Some(node))
    };
    let mut known = volume.places.homes.iter().filter(|(_, home)| lives(home));
    if let (Some((label, _)), None) = (known.next(), known.next()) {
        return Ok(label.clone());
    }
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let of = |label: &Label| {
        let label = label.as_str();
        match node {
            Some(node) => label == node || label.split(['/', '-', '.']).any(|part| part == node),
            None => path.split('/').any(|part| part == label),
        }
    };
    let named: Vec<&Label> = volume.replicas.iter().map(|replica| &replica.label).filter(|l| of(l)).collect();
    if let [one] = named[..] {
        return Ok(one.clone());
    }
    let same = |at: &str| at.trim_end_matches('/').rsplit(['/', ':']).next() == Some(name);
    let by_path: Vec<&Label> =
        volume.replicas.iter().filter(|replica| same(&replica.path)).map(|replica| &replica.label).collect();
    match by_path[..] {
        [one] => Ok(one.clone()),
        _ => Err("it does not show whose directory it is: write wipe LABEL".to_owned()),
    }
}

/// `curl -X DELETE …/v1/replicas/ID`: the id is the address in base64.
fn deletion(words: &[&str]) -> Result<Vec<Act>, String> {
    let deletes = words.windows(2).any(|pair| matches!(pair, ["-X" | "--request", "DELETE"]))
        || words.contains(&"-XDELETE");
    let id = words.iter().find_map(|word| word.split_once("/v1/replicas/")).map(|(_, id)| id);
    match (deletes, id) {
        (true, Some(id)) => {
            let address =
                BASE64.decode(id.trim_end_matches('/')).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let address = address.ok_or("the id is no address in base64")?;
            Ok(vec![Act::DeleteEntry { address }])
        }
        _ => Err("of curl only -X DELETE …/v1/replicas/ID is played".to_owned()),
    }
}
