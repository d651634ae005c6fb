//! The commands that do the acts of a plan, step by step.

use std::collections::BTreeSet;

use serde::Serialize;

use super::names::Names;
use super::word::{self, Word};
use crate::analysis::{Analysis, Volume};
use crate::ident::Label;
use crate::plan::{Act, Plan, Who};
use crate::replica::Replica;
use crate::report::model;
use crate::witness::Layout;

/// One command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Command {
    /// The program and its arguments; what is not known stands as `$NAME`.
    pub argv: Vec<String>,
    /// The same as a line for a POSIX shell, with the variables and the function `quote` of the first block of the runbook.
    pub shell: String,
    /// The file that standard output goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// Waits until the controller lists so many replicas as RW.
const UNTIL_RW: &str = "until [ \"$(kubectl -n \"$1\" exec \"deployment/$2\" -- curl -s http://localhost:9501/v1/replicas | \
                        grep -o '\"mode\":\"RW\"' | wc -l)\" -ge \"$3\" ]; do sleep 5; done";

/// The commands of each step of a plan, in the order of the steps.
pub(super) fn commands(
    plan: &Plan,
    volume: &Volume,
    analysis: &Analysis,
    names: &Names,
) -> Vec<Vec<Command>> {
    let mut maker = Maker { volume, analysis, names, files: files(volume), started: 0 };
    plan.steps.iter().map(|step| step.acts.iter().flat_map(|act| maker.act(act)).collect()).collect()
}

/// A name for the archive of each replica. Two labels may differ in what a name of a file cannot hold.
fn files(volume: &Volume) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let one = |replica: &Replica| {
        let bare = replica.label.as_str().replace('/', "-");
        let mut file = format!("{bare}.tar");
        let mut number = 2;
        while !taken.insert(file.clone()) {
            file = format!("{bare}-{number}.tar");
            number += 1;
        }
        file
    };
    volume.replicas.iter().map(one).collect()
}

struct Maker<'a> {
    volume: &'a Volume,
    analysis: &'a Analysis,
    names: &'a Names,
    files: Vec<String>,
    /// How many replicas were started.
    started: usize,
}

fn text(text: &str) -> Word {
    Word::Text(text.to_owned())
}

fn variable(name: &str) -> Word {
    Word::Variable(name.to_owned())
}

fn kubectl(namespace: &str, words: &[&str]) -> Vec<Word> {
    let mut out = vec![text("kubectl"), text("-n"), variable(namespace)];
    out.extend(words.iter().map(|word| text(word)));
    out
}

/// `kind/NAME`: whatever the name is, it is no option.
fn object(kind: &str, name: &str) -> Word {
    Word::Joined(vec![Word::Text(format!("{kind}/")), variable(name)])
}

impl Maker<'_> {
    fn place(&self, label: &Label) -> usize {
        self.volume.replicas.iter().position(|one| one.label == *label).unwrap_or_default()
    }

    fn of(&self, what: &str, label: &Label) -> String {
        format!("{what}_{}", self.place(label) + 1)
    }

    fn make(&self, words: &[Word], to: Option<&str>) -> Command {
        let argv = words.iter().map(|word| word::plain(word, self.names)).collect();
        let mut shell = words.iter().map(word::quoted).collect::<Vec<_>>().join(" ");
        if let Some(file) = to {
            // A name that begins with a dash is a file all the same behind `>`.
            shell.push_str(&format!(" > {}", word::posix(file)));
        }
        Command { argv, shell, to: to.map(str::to_owned) }
    }

    /// A command on the node of a replica.
    fn on(&self, label: &Label, words: Vec<Word>, to: Option<&str>) -> Command {
        let node = Word::Variable(self.of("NODE", label));
        self.make(&[text("ssh"), text("--"), node, Word::Remote(words)], to)
    }

    fn scale(&self, namespace: &str, whom: Vec<Word>, count: usize) -> Command {
        let mut words = kubectl(namespace, &["scale"]);
        words.extend(whom);
        words.push(Word::Text(format!("--replicas={count}")));
        self.make(&words, None)
    }

    /// What runs processes, as kubectl names it.
    fn workloads(&self, who: &Who) -> Vec<Word> {
        let set = self.names.layout == Layout::StatefulSet;
        let replica = |label: &Label| object("deployment", &self.of("REPLICA", label));
        let mut out = Vec::new();
        if matches!(who, Who::All | Who::Controller) {
            out.push(object("deployment", "CONTROLLER"));
        }
        match who {
            Who::All | Who::Replicas if set => out.push(object("statefulset", "REPLICAS")),
            Who::All | Who::Replicas => {
                out.extend(self.volume.replicas.iter().map(|one| replica(&one.label)))
            }
            Who::Replica(label) if !set => out.push(replica(label)),
            Who::Several(labels) if !set => out.extend(labels.iter().map(replica)),
            Who::Operator if set => out.push(object("deployment", "OPERATOR")),
            _ => {}
        }
        out
    }

    fn rollout(&self, what: Word) -> Command {
        let mut words = kubectl("NAMESPACE", &["rollout", "status"]);
        words.extend([what, text("--timeout=10m")]);
        self.make(&words, None)
    }

    /// The commands that do an act; none where nothing but looking is asked for.
    fn act(&mut self, act: &Act) -> Vec<Command> {
        match act {
            Act::Stop { who } => self.stop(who),
            Act::Start { who } => self.start(who),
            Act::Copy { replica } => self.copy(replica),
            Act::MoveAside { replica } => {
                let directory = self.of("DIR", replica);
                let aside = Word::After(directory.clone(), ".aside".to_owned());
                let rename =
                    vec![text("mv"), text("-T"), text("--"), Word::Variable(directory.clone()), aside];
                let again = vec![text("mkdir"), text("--"), Word::Variable(directory)];
                vec![self.on(replica, rename, None), self.on(replica, again, None)]
            }
            Act::RemoveFile { replica, file } => {
                let directory = self.of("DIR", replica);
                let from = Word::After(directory.clone(), format!("/{file}"));
                let to = Word::After(directory, format!("/.{file}.aside"));
                vec![self.on(replica, vec![text("mv"), text("-T"), text("--"), from, to], None)]
            }
            Act::Export { replica } => {
                let held = Replica::among(&self.volume.replicas, replica);
                let words = match held.is_some_and(Replica::is_without_data) {
                    // A capsule holds no data: those are in the copy of the step before.
                    true => model::export_from(&self.files[self.place(replica)], replica),
                    false => model::export(self.volume, replica, self.analysis),
                };
                vec![self.make(&words.into_iter().map(Word::Text).collect::<Vec<_>>(), None)]
            }
            Act::Restart { .. }
            | Act::Wipe { .. }
            | Act::Restore { .. }
            | Act::Set { .. }
            | Act::DeleteEntry { .. }
            | Act::Wait { .. } => Vec::new(),
        }
    }

    /// What uses the volume first, then what would start its pods again, then its pods; and the end of all of them.
    fn stop(&self, who: &Who) -> Vec<Command> {
        if *who != Who::All {
            let own = self.workloads(who);
            return if own.is_empty() { Vec::new() } else { vec![self.scale("NAMESPACE", own, 0)] };
        }
        let mut out = vec![self.scale("WORKLOAD_NAMESPACE", vec![variable("WORKLOAD")], 0)];
        out.extend(self.stop(&Who::Operator));
        out.push(self.scale("NAMESPACE", self.workloads(who), 0));
        let mut gone = kubectl("NAMESPACE", &["wait", "--for=delete", "pod", "-l"]);
        gone.push(Word::Joined(vec![text("openebs.io/persistent-volume="), variable("VOLUME")]));
        gone.push(text("--timeout=10m"));
        out.push(self.make(&gone, None));
        out
    }

    fn start(&mut self, who: &Who) -> Vec<Command> {
        let set = self.names.layout == Layout::StatefulSet;
        let mut out = Vec::new();
        match who {
            Who::Replica(label) if set => {
                let node = Word::Variable(self.of("NODE", label));
                out.push(self.make(&[text("kubectl"), text("uncordon"), text("--"), node], None));
            }
            who => {
                let own = self.workloads(who);
                if own.is_empty() {
                    return out;
                }
                out.push(self.scale("NAMESPACE", own.clone(), 1));
                if matches!(who, Who::Controller | Who::Replica(_)) {
                    out.extend(own.into_iter().map(|one| self.rollout(one)));
                }
            }
        }
        match who {
            // The pods of a StatefulSet start all at once, but none starts on a node that takes no new pods.
            Who::Controller if set => {
                let mut cordon = vec![text("kubectl"), text("cordon"), text("--")];
                let nodes =
                    self.volume.replicas.iter().map(|one| Word::Variable(self.of("NODE", &one.label)));
                cordon.extend(nodes);
                out.push(self.make(&cordon, None));
                out.push(self.scale(
                    "NAMESPACE",
                    vec![object("statefulset", "REPLICAS")],
                    self.volume.replicas.len(),
                ));
            }
            Who::Replica(_) => {
                self.started += 1;
                if self.started > self.analysis.options.factor / 2 {
                    let words = ["sh", "-c", UNTIL_RW, "sh"].map(text).into_iter();
                    let words: Vec<Word> = words
                        .chain([
                            variable("NAMESPACE"),
                            variable("CONTROLLER"),
                            text(&self.started.to_string()),
                        ])
                        .collect();
                    out.push(self.make(&words, None));
                }
            }
            _ => {}
        }
        if matches!(who, Who::Controller | Who::Replica(_)) {
            let mut look = kubectl("NAMESPACE", &["exec"]);
            look.push(object("deployment", "CONTROLLER"));
            look.extend(["--", "curl", "-s", "http://localhost:9501/v1/replicas"].map(text));
            out.push(self.make(&look, None));
        }
        out
    }

    /// An archive of a directory, once it is known to be the one that was analysed.
    fn copy(&self, replica: &Label) -> Vec<Command> {
        let directory = self.of("DIR", replica);
        let mut out = Vec::new();
        let uuid = Replica::among(&self.volume.replicas, replica).and_then(Replica::uuid);
        if let Some(uuid) =
            uuid.filter(|uuid| uuid.len() >= 16 && uuid.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            let meta = Word::After(directory.clone(), "/volume.meta".to_owned());
            out.push(self.on(replica, vec![text("grep"), text("-e"), text(uuid), text("--"), meta], None));
        }
        let file = &self.files[self.place(replica)];
        let mut tar: Vec<Word> = ["tar", "--sparse", "-C"].map(text).into();
        tar.push(Word::Variable(directory));
        tar.extend(["-cf", "-", "."].map(text));
        out.push(self.on(replica, tar, Some(file)));
        out.push(self.make(&[text("sha256sum"), text("--"), text(file)], None));
        out
    }
}
