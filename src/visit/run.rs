//! A visit from its begin to its end: look, find, read each replica, and remove what was made, whatever happens.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use super::Listener;
use super::call::Call;
use super::find::{FindError, Lists, Wanted, find};
use super::folder::{Folder, FolderError};
use super::found::{Found, PlaceState, VolumePod};
use super::kubectl::{Kubectl, Outcome};
use super::name::{HostPath, Name};
use super::object;
use super::record::{Left, Missing, Ran, Visited};
use super::steps::Steps;
use crate::dialect::jiva::log::Moment;

/// What the user asked for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// A persistent volume, a claim, or NAMESPACE/CLAIM.
    pub name: String,
    /// The namespace of the replicas' pods, and of the Jobs.
    pub namespace: Option<Name>,
    /// The image that has this program; without one no replica is read.
    pub image: Option<String>,
    /// Look on every node for the directory that is known from one.
    pub every_node: bool,
    /// Directories to read whatever the objects say.
    pub places: Vec<(Name, HostPath)>,
    /// Leave out replicas that run.
    pub stopped_only: bool,
    /// How long a pod may take to start.
    pub start: Duration,
    /// How long one replica may take to be read.
    pub reading: Duration,
    /// The time between two lists of the controller; none takes one list.
    pub apart: Duration,
    /// The time between two looks at a pod that starts.
    pub pause: Duration,
}

impl Settings {
    /// The usual ones.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            namespace: None,
            image: None,
            every_node: false,
            places: Vec::new(),
            stopped_only: false,
            start: Duration::from_secs(180),
            reading: Duration::from_secs(6 * 3600),
            apart: Duration::from_secs(60),
            pause: Duration::from_secs(1),
        }
    }

    /// Seconds after which the cluster ends a pod by itself.
    pub(super) fn deadline(&self) -> u64 {
        (self.start + self.reading).as_secs() + 60
    }
}

/// Why a visit came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VisitError {
    /// Its folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The volume was not found.
    #[error("{0}")]
    Find(String),
    /// The pods cannot be listed.
    #[error("the pods of the cluster cannot be listed: {0}")]
    Pods(String),
}

/// A visit.
pub struct Visit<'a> {
    pub(super) kubectl: Kubectl<'a>,
    pub(super) steps: Steps,
    pub(super) settings: Settings,
    pub(super) folder: Folder,
    pub(super) listener: &'a mut dyn Listener,
    pub(super) visited: Visited,
    /// Jobs that were made and not removed, each with its namespace.
    pub(super) made: Vec<(Name, String)>,
}

impl std::fmt::Debug for Visit<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visit")
            .field("settings", &self.settings)
            .field("made", &self.made)
            .finish_non_exhaustive()
    }
}

/// A program that breaks off leaves nothing behind either.
impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.remove();
    }
}

impl<'a> Visit<'a> {
    /// A visit that brings everything into a folder.
    pub fn new(
        kubectl: Kubectl<'a>,
        steps: Steps,
        settings: Settings,
        folder: Folder,
        listener: &'a mut dyn Listener,
    ) -> Self {
        Self { kubectl, steps, settings, folder, listener, visited: Visited::default(), made: Vec::new() }
    }

    /// Makes the visit. What was made in the cluster is removed in any case, and so it is where the user wants to end.
    ///
    /// # Errors
    /// Where nothing could be found, or nothing could be written.
    pub fn run(mut self) -> Result<Visited, VisitError> {
        let went = self.go();
        self.visited.interrupted = self.kubectl.is_stopped();
        self.remove();
        let text = self.visited.to_text(&now());
        self.folder.write("", "visit.json", &text)?;
        went?;
        Ok(std::mem::take(&mut self.visited))
    }

    fn go(&mut self) -> Result<(), VisitError> {
        let lists = self.lists()?;
        if self.kubectl.is_stopped() {
            return Ok(());
        }
        let wanted = Wanted {
            name: &self.settings.name,
            namespace: self.settings.namespace.as_ref(),
            every_node: self.settings.every_node,
            places: &self.settings.places,
        };
        let found = find(&lists, &wanted).map_err(|error: FindError| VisitError::Find(error.to_string()))?;
        drop(lists);
        self.tell(&found);
        self.events(&found)?;
        let first = Instant::now();
        self.controllers(&found, "controller")?;
        self.logs(&found)?;
        self.replicas(&found)?;
        self.again(&found)?;
        if !self.settings.apart.is_zero() && found.pods.iter().any(VolumePod::answers_lists) {
            self.kubectl.wait(self.settings.apart.saturating_sub(first.elapsed()));
            self.controllers(&found, "controller-later")?;
        }
        Ok(())
    }

    /// Says what was found before anything is started.
    fn tell(&mut self, found: &Found) {
        self.visited.volume = Some(found.volume.to_string());
        self.visited.namespace = Some(found.namespace.to_string());
        let layout = found.layout.map(|layout| format!(", {layout}")).unwrap_or_default();
        self.listener.note(&format!("volume {}, namespace {}{layout}", found.volume, found.namespace));
        for place in &found.places {
            let state = match &place.state {
                PlaceState::Stopped => "stopped".to_owned(),
                PlaceState::NotKnown => "not known to the cluster".to_owned(),
                PlaceState::Restarts(pod) => format!("starts again and again as {pod}"),
                PlaceState::Runs(pod) => format!("runs as {pod}"),
            };
            self.listener
                .note(&format!("replica {}: {} on {}, {state}", place.label, place.path, place.node));
        }
        for remark in &found.remarks {
            self.listener.warning(&remark.to_string());
            if remark.hides_a_replica() {
                self.missing("a replica", &remark.to_string(), true);
            }
        }
        if found.places.is_empty() {
            let why = "no object says where a replica lies; --place NODE:PATH reads one";
            self.listener.warning(why);
            self.missing("every replica", why, true);
        }
    }

    /// Runs a command and says so first.
    pub(super) fn ran(&mut self, call: &Call, answer: &File) -> Outcome {
        let shown = call.shown(&crate::evidence::spelled(self.kubectl.program()));
        self.listener.command(&shown);
        let outcome = self.kubectl.run(call, answer);
        self.visited.commands.push(Ran { command: shown, changes: call.changes, failed: outcome.why_not() });
        outcome
    }

    /// The answer to a command, to be read once.
    pub(super) fn answer(&mut self, call: &Call) -> Result<File, Outcome> {
        let mut answer = tempfile::tempfile().map_err(Outcome::NotRun)?;
        match self.ran(call, &answer) {
            Outcome::Done => answer.seek(SeekFrom::Start(0)).map(|_| answer).map_err(Outcome::NotRun),
            other => Err(other),
        }
    }

    /// Brings the answer to a command into a file of the folder.
    pub(super) fn bring(
        &mut self,
        mut call: Call,
        below: &str,
        name: &str,
    ) -> Result<Result<PathBuf, Outcome>, FolderError> {
        let filling = self.folder.begin(below, name)?;
        call.to = Some(filling.to().to_owned());
        match self.ran(&call, filling.file()) {
            Outcome::Done => filling.keep().map(Ok),
            other => Ok(Err(other)),
        }
    }

    pub(super) fn missing(&mut self, what: &str, why: &str, replica: bool) {
        self.visited.missing.push(Missing { what: what.to_owned(), why: why.to_owned(), replica });
    }

    /// Lists what the model is made of. The lists are witnesses too.
    fn lists(&mut self) -> Result<Lists, VisitError> {
        let mut lists = Lists::default();
        self.folder.write("kube", "taken-at.txt", &format!("{}\n", now()))?;
        if let Ok(file) = self.list("pv", None, "pv.json", true)? {
            lists.volumes = self.read(file, "pv")?;
        }
        lists.pods = match self.list("pods", None, "pods.json", false)? {
            Ok(file) => self.read(file, "pods")?,
            Err(Outcome::Stopped) => return Ok(lists),
            Err(outcome) => {
                let why = outcome.why_not().unwrap_or_default();
                if !outcome.is_forbidden() {
                    return Err(VisitError::Pods(why));
                }
                // A list of one namespace is less of a witness, and enough to go on.
                let namespace = self.settings.namespace.as_ref().map_or("openebs", Name::as_str).to_owned();
                self.listener.warning(&format!(
                    "you may not list the pods of all namespaces: {why}; only those of {namespace} are looked at"
                ));
                self.missing("pods of other namespaces", &why, false);
                match self.list("pods", Some(&namespace), "pods.json", false)? {
                    Ok(file) => self.read(file, "pods")?,
                    Err(outcome) => return Err(VisitError::Pods(outcome.why_not().unwrap_or_default())),
                }
            }
        };
        if let Ok(file) = self.list("nodes", None, "nodes.json", true)? {
            lists.nodes = Some(self.read(file, "nodes")?);
        }
        let namespace = self.settings.namespace.as_ref().map(|name| name.as_str().to_owned());
        let scope = namespace.as_deref();
        if let Ok(file) = self.list("deployments,statefulsets", scope, "workloads.json", true)? {
            lists.workloads = self.read(file, "deployments,statefulsets")?;
        }
        Ok(lists)
    }

    /// One list; what is missing is said where nothing else says it.
    pub(super) fn list(
        &mut self,
        kinds: &str,
        namespace: Option<&str>,
        name: &str,
        say: bool,
    ) -> Result<Result<PathBuf, Outcome>, FolderError> {
        if self.kubectl.is_stopped() {
            return Ok(Err(Outcome::Stopped));
        }
        let brought = self.bring(self.steps.list(kinds, namespace), "kube", name)?;
        if let Err(outcome) = &brought
            && say
            && !self.kubectl.is_stopped()
        {
            let why = outcome.why_not().unwrap_or_default();
            self.listener.warning(&format!("{kinds}: not listed: {why}"));
            self.missing(&format!("the list of {kinds}"), &why, shows_places(kinds));
        }
        Ok(brought)
    }

    fn read<T: serde::de::DeserializeOwned>(
        &mut self,
        file: PathBuf,
        kinds: &str,
    ) -> Result<Vec<T>, VisitError> {
        let failed = |source| FolderError::Io { path: file.clone(), source };
        match object::list(File::open(&file).map_err(failed)?) {
            Ok(list) => Ok(list),
            Err(error) if kinds == "pods" => Err(VisitError::Pods(format!("it is no list of pods: {error}"))),
            Err(error) => {
                let why = format!("it is no list of {kinds}: {error}");
                self.listener.warning(&format!("{kinds}: {why}"));
                self.missing(&format!("the list of {kinds}"), &why, shows_places(kinds));
                Ok(Vec::new())
            }
        }
    }

    /// Removes every Job that is still there, and says what could not be removed.
    pub(super) fn remove(&mut self) {
        if self.made.is_empty() {
            return;
        }
        // Who wanted to end wants this all the more; a second wish ends it too.
        self.kubectl.go_on();
        while let Some((namespace, job)) = self.made.pop() {
            self.remove_job(&namespace, &job);
        }
    }

    pub(super) fn remove_job(&mut self, namespace: &Name, job: &str) {
        let call = self.steps.remove(namespace.as_str(), job);
        let Err(outcome) = self.answer(&call) else { return };
        let why = outcome.why_not().unwrap_or_default();
        let command = call.shown(&crate::evidence::spelled(self.kubectl.program()));
        self.listener.warning(&format!(
            "the Job {job} could not be removed: {why}; the cluster ends its pod {} minutes after its start; \
             to remove it: {command}",
            self.settings.deadline().div_ceil(60)
        ));
        self.visited.left.push(Left { job: job.to_owned(), why, command });
    }
}

/// Whether a list shows directories of replicas for which no pod runs.
fn shows_places(kinds: &str) -> bool {
    matches!(kinds, "pv" | "deployments,statefulsets")
}

/// Now, as a witness writes it.
pub(super) fn now() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    Moment::from_millis(millis).map(|moment| moment.to_string()).unwrap_or_default()
}
