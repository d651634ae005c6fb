//! Reading the replicas, one after the other: a Job, its pod, the capsule over the connection, and the Job is gone again.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::folder::FolderError;
use super::found::{Found, Place, PlaceState};
use super::job::{self, Wish};
use super::kubectl::Outcome;
use super::name::{Name, file_name, sum};
use super::object;
use super::pod::{self, Reason, Start};
use super::record::Taken;
use super::run::{Visit, now};
use crate::evidence::{Images, Input, InputPath, Options, gather};

/// What the user must be allowed to do, so that a Job can be made, used and removed again.
pub(super) const RIGHTS: &[(&str, &str)] =
    &[("create", "jobs"), ("delete", "jobs"), ("list", "pods"), ("create", "pods/exec")];

/// How long a pod may take to start before the cluster is asked why.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a replica was not read.
enum Not {
    /// It may be there, and is missing.
    Read(String),
    /// Nothing lies there.
    There,
    /// The user wants to end.
    Stopped,
}

impl From<Outcome> for Not {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Stopped => Self::Stopped,
            other => Self::Read(other.why_not().unwrap_or_default()),
        }
    }
}

impl Visit<'_> {
    /// Reads every replica that was found, those that lie still first.
    pub(super) fn replicas(&mut self, found: &Found) -> Result<(), FolderError> {
        let Some(image) = self.settings.image.clone() else {
            for place in &found.places {
                self.not_read(place, "no image was given, so only the other witnesses were collected");
            }
            return Ok(());
        };
        if found.places.is_empty() || self.kubectl.is_stopped() {
            return Ok(());
        }
        if let Some(why) = self.not_allowed(found) {
            self.listener.warning(&why);
            for place in &found.places {
                self.not_read(place, &why);
            }
            return Ok(());
        }
        for place in &found.places {
            if let Some(why) = place.out_of_reach {
                self.not_read(place, why);
                continue;
            }
            let doubts = self.doubts(place);
            if self.settings.stopped_only && !doubts.is_empty() {
                self.not_read(place, "its replica runs, and --stopped-only leaves it out");
                continue;
            }
            match self.replica(found, place, &image, doubts)? {
                Ok(()) => {}
                Err(Not::There) => {
                    let text = format!("{}: nothing lies at {} there", place.node, place.path);
                    self.listener.note(&text);
                    if place.state != PlaceState::NotKnown {
                        self.missing(
                            &format!("replica {}", place.label),
                            "its directory is not on its node",
                            true,
                        );
                    }
                }
                Err(Not::Read(why)) => self.not_read(place, &why),
                Err(Not::Stopped) => {
                    self.missing(&format!("replica {}", place.label), "interrupted", true);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn not_read(&mut self, place: &Place, why: &str) {
        self.listener.warning(&format!("replica {} is not collected: {why}", place.label));
        // Where no object places a replica there may be none.
        let replica = place.state != PlaceState::NotKnown || !self.settings.every_node;
        self.missing(&format!("replica {}", place.label), why, replica);
    }

    /// What stands against reading it now.
    fn doubts(&mut self, place: &Place) -> Vec<String> {
        let why = match &place.state {
            PlaceState::Runs(pod) => format!(
                "its replica runs (pod {pod}): what is read may be of two moments; a stopped one is read whole"
            ),
            PlaceState::Restarts(pod) => {
                format!("its replica starts again and again (pod {pod}): what is read may be of two moments")
            }
            PlaceState::Stopped | PlaceState::NotKnown => return Vec::new(),
        };
        self.listener.warning(&format!("{}: {why}", place.label));
        vec![why]
    }

    /// Whether a right is missing. It is asked beforehand, so that nothing is made that could not be removed.
    fn not_allowed(&mut self, found: &Found) -> Option<String> {
        for (verb, resource) in RIGHTS {
            let call = self.steps.may(verb, resource, found.namespace.as_str());
            if let Err(outcome) = self.answer(&call) {
                let said = match &outcome {
                    Outcome::Failed { said, .. } if said.is_empty() => String::new(),
                    other => other.why_not().map(|why| format!(" ({why})")).unwrap_or_default(),
                };
                return Some(format!(
                    "you may not {verb} {resource} in the namespace {}{said}: no Job is started; \
                     docs/kubernetes has the rights that are needed",
                    found.namespace
                ));
            }
        }
        None
    }

    fn replica(
        &mut self,
        found: &Found,
        place: &Place,
        image: &str,
        doubts: Vec<String>,
    ) -> Result<Result<(), Not>, FolderError> {
        let run = format!("{} {}", now(), std::process::id());
        let texts = [found.volume.as_str(), place.node.as_str(), place.path.as_str(), &run];
        let job = format!("jivascope-{}", sum(&texts, 5));
        let seconds = self.settings.deadline();
        let (node, path) = (place.node.as_str(), place.path.as_str());
        let namespace = found.namespace.as_str();
        let text = job::manifest_text(&Wish { job: &job, namespace, node, path, image, seconds });
        let manifest =
            self.folder.write("jobs", &format!("{}.json", file_name(&[&place.label], "")), &text)?;
        // Before it is made: where the answer is lost nobody knows whether it was.
        self.made.push((found.namespace.clone(), job.clone()));
        let got = match self.answer(&self.steps.create(namespace, &manifest)) {
            Err(outcome) => Ok(Err(outcome.into())),
            Ok(_) => match self.started(found, &job) {
                Err(not) => Ok(Err(not)),
                Ok(pod) => self.capsule(found, place, &pod, doubts),
            },
        };
        if !self.kubectl.is_stopped() && self.made.pop().is_some() {
            self.remove_job(&found.namespace, &job);
        }
        got
    }

    /// Waits until the pod of a Job runs.
    fn started(&mut self, found: &Found, job: &str) -> Result<Name, Not> {
        let namespace = found.namespace.as_str();
        let call = self.steps.pod(namespace, job);
        let begin = Instant::now();
        let mut asked = Instant::now();
        let mut shown = false;
        loop {
            let answer = if shown { self.unsaid(&call) } else { self.answer(&call) }?;
            shown = true;
            let pods: Vec<object::Pod> = object::list(answer)
                .map_err(|error| Not::Read(format!("the list of its pods cannot be read: {error}")))?;
            let waits = match pod::start(&pods) {
                Start::Runs(name) => return Ok(name),
                Start::Failed(why) => return Err(Not::Read(why)),
                Start::Waits(why) => why,
            };
            let over = begin.elapsed() >= self.settings.start;
            if over || asked.elapsed() >= PATIENCE.min(self.settings.start) {
                asked = Instant::now();
                let name = pods.first().and_then(|pod| pod.metadata.name.as_deref()).and_then(Name::new);
                let about = name.as_ref().map_or(job, Name::as_str).to_owned();
                match self.why(namespace, &about, over) {
                    Some(Reason::NoDirectory) => return Err(Not::There),
                    Some(Reason::Other(why)) if over => {
                        return Err(Not::Read(format!("its pod did not start: {why}")));
                    }
                    _ if over => return Err(Not::Read(format!("its pod did not start in time: {waits}"))),
                    _ => {}
                }
            }
            self.kubectl.wait(self.settings.pause);
            if self.kubectl.is_stopped() {
                return Err(Not::Stopped);
            }
        }
    }

    /// Runs a command that was shown already.
    fn unsaid(&mut self, call: &super::Call) -> Result<File, Outcome> {
        let mut answer = tempfile::tempfile().map_err(Outcome::NotRun)?;
        match self.kubectl.run(call, &answer) {
            Outcome::Done => {
                io::Seek::seek(&mut answer, io::SeekFrom::Start(0)).map(|_| answer).map_err(Outcome::NotRun)
            }
            other => Err(other),
        }
    }

    fn why(&mut self, namespace: &str, about: &str, say: bool) -> Option<Reason> {
        let call = self.steps.events(namespace, about);
        let answer = if say { self.answer(&call) } else { self.unsaid(&call) }.ok()?;
        pod::reason(&object::list(answer).ok()?)
    }

    /// Brings the capsule home and looks whether it is whole: a connection that breaks can leave a cut one without a word.
    fn capsule(
        &mut self,
        found: &Found,
        place: &Place,
        pod: &Name,
        mut doubts: Vec<String>,
    ) -> Result<Result<(), Not>, FolderError> {
        let name = format!("{}.capsule", file_name(&[&place.label], ""));
        let filling = self.folder.begin("capsules", &name)?;
        let seconds = self.settings.reading.as_secs();
        let mut call = self.steps.collect(found.namespace.as_str(), pod.as_str(), seconds);
        call.to = Some(filling.to().to_owned());
        let outcome = self.ran(&call, filling.file());
        let ended = match outcome {
            Outcome::Done => None,
            Outcome::Failed { code: Some(_), .. } => outcome.why_not(),
            other => return Ok(Err(other.into())),
        };
        if let Err(why) = whole(filling.part()) {
            let why = ended.map_or(why.clone(), |ended| format!("{ended} ({why})"));
            return Ok(Err(Not::Read(why)));
        }
        if let Some(why) = ended {
            // What came is whole, and whoever made it had something to say of it.
            self.listener.warning(&format!("{}: {why}", place.label));
            doubts.push(why);
        }
        let failed = |source| FolderError::Io { path: filling.part().to_owned(), source };
        let (bytes, sha256) = measure(filling.part()).map_err(failed)?;
        filling.keep()?;
        self.visited.taken.push(Taken {
            label: place.label.clone(),
            node: place.node.to_string(),
            path: place.path.to_string(),
            file: format!("capsules/{name}"),
            bytes,
            sha256,
            doubts,
        });
        Ok(Ok(()))
    }
}

/// Whether a capsule can be read to its end and has something in it.
fn whole(path: &Path) -> Result<(), String> {
    let input = Input { label: Some("capsule".to_owned()), path: InputPath::Path(path.to_owned()) };
    let evidence = gather(&[input], &Options::new(Images::Skip)).map_err(|error| error.to_string())?;
    if let Some((_, why)) = evidence.incomplete().next() {
        return Err(format!("what arrived is not whole: {why}"));
    }
    if let Some(damage) = evidence.replicas.iter().find_map(|found| found.damage.first()) {
        return Err(format!("what arrived is not whole: {damage}"));
    }
    if evidence.replicas.is_empty() && evidence.vacant().next().is_none() {
        return Err("what arrived holds no replica".to_owned());
    }
    Ok(())
}

fn measure(path: &Path) -> io::Result<(u64, String)> {
    struct Sum(Sha256);
    impl io::Write for Sum {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut sum = Sum(Sha256::new());
    let bytes = io::copy(&mut File::open(path)?, &mut sum)?;
    Ok((bytes, sum.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}
