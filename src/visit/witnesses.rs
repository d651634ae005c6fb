//! The other witnesses: what the controller lists, what the pods logged, what changed meanwhile.

use super::folder::FolderError;
use super::found::{Found, Role, VolumePod};
use super::kubectl::Outcome;
use super::name::{Name, file_name};
use super::object::{self, Pod};
use super::run::{Visit, now};
use super::steps::Question;

impl Visit<'_> {
    /// Lists that tell more than they are needed for: what happened, and the operator's own objects.
    pub(super) fn events(&mut self, found: &Found) -> Result<(), FolderError> {
        let namespace = found.namespace.as_str();
        let _ = self.list("events", Some(namespace), "events.json", true)?;
        // The old layout has no such objects, and then there is nothing to say.
        let _ = self.list("jivavolumes.openebs.io", Some(namespace), "jivavolumes.json", false)?;
        Ok(())
    }

    /// Asks every controller that runs for its lists. Each answer lies beside the time at which it was asked for.
    pub(super) fn controllers(&mut self, found: &Found, below: &str) -> Result<(), FolderError> {
        for pod in found.pods.iter().filter(|pod| pod.answers_lists()) {
            let below = format!("{below}/{}", file_name(&[pod.name.as_str()], ""));
            for question in Question::ALL {
                if self.kubectl.is_stopped() {
                    return Ok(());
                }
                self.controller(pod, question, &below)?;
            }
            self.folder.write(&below, "taken-at.txt", &format!("{}\n", now()))?;
        }
        Ok(())
    }

    fn controller(&mut self, pod: &VolumePod, question: Question, below: &str) -> Result<(), FolderError> {
        let call = self.steps.controller(pod.namespace.as_str(), pod.name.as_str(), question);
        let asked = question.as_str();
        let at = now();
        let Err(outcome) = self.bring(call, below, &format!("{asked}.json"))? else { return Ok(()) };
        if matches!(outcome, Outcome::Stopped) {
            return Ok(());
        }
        let why = outcome.why_not().unwrap_or_default();
        if is_silent(&outcome) {
            // In the words by which a controller that answers nothing is known.
            let text = format!("{at} GET http://localhost:9501/v1/{asked}: timed out\n");
            self.folder.write(below, &format!("{asked}.error.txt"), &text)?;
        }
        self.listener.warning(&format!("controller {}: gave no list of {asked}: {why}", pod.name));
        self.missing(&format!("the controller's list of {asked}"), &why, false);
        Ok(())
    }

    /// Takes the log of every container, and of the one that ran before it where there was one.
    pub(super) fn logs(&mut self, found: &Found) -> Result<(), FolderError> {
        for pod in &found.pods {
            for (container, restarts) in &pod.containers {
                self.log(pod, container, false)?;
                if *restarts > 0 {
                    self.log(pod, container, true)?;
                }
            }
        }
        Ok(())
    }

    fn log(&mut self, pod: &VolumePod, container: &Name, previous: bool) -> Result<(), FolderError> {
        if self.kubectl.is_stopped() {
            return Ok(());
        }
        let [namespace, name, container] = [&pod.namespace, &pod.name, container].map(Name::as_str);
        let ending = if previous { ".previous.log" } else { ".log" };
        let file = file_name(&[name, container], ending);
        let call = self.steps.log(namespace, name, container, previous);
        if let Err(outcome) = self.bring(call, "logs", &file)?
            && !matches!(outcome, Outcome::Stopped)
        {
            let why = outcome.why_not().unwrap_or_default();
            self.listener.warning(&format!("{file}: not taken: {why}"));
            self.missing(&format!("the log {file}"), &why, false);
        }
        Ok(())
    }

    /// Lists the pods again: what restarted or moved while its replica was read is said.
    pub(super) fn again(&mut self, found: &Found) -> Result<(), FolderError> {
        if self.kubectl.is_stopped() {
            return Ok(());
        }
        let namespace = found.namespace.as_str();
        self.folder.write("kube-later", "taken-at.txt", &format!("{}\n", now()))?;
        let brought = self.bring(self.steps.list("pods", Some(namespace)), "kube-later", "pods.json")?;
        let Ok(file) = brought else { return Ok(()) };
        let failed = |source| FolderError::Io { path: file.clone(), source };
        let Ok(pods) = object::list::<Pod>(std::fs::File::open(&file).map_err(failed)?) else {
            return Ok(());
        };
        for known in &found.pods {
            let name = known.name.as_str();
            let now = pods.iter().find(|pod| {
                pod.metadata.name.as_deref() == Some(name)
                    && pod.metadata.namespace.as_deref() == Some(known.namespace.as_str())
            });
            let restarts = |pod: &Pod| {
                let statuses = pod.status.container_statuses.iter().flatten();
                statuses.filter_map(|one| one.restart_count).fold(0, u64::saturating_add)
            };
            let changed = match now {
                None => "is gone",
                Some(pod) if pod.metadata.uid.as_deref().unwrap_or_default() != known.uid => "was made anew",
                Some(pod) if restarts(pod) != known.restarts() => "was started again",
                Some(_) => continue,
            };
            self.doubt(found, known, &format!("pod {name} {changed} during the visit"));
        }
        Ok(())
    }

    /// Something happened to a pod: the capsule of its replica, and its log, may be of another moment.
    fn doubt(&mut self, found: &Found, pod: &VolumePod, what: &str) {
        self.listener.warning(&format!("{what}: what was taken of it may be of two moments; take it again"));
        let nodes = found
            .places
            .iter()
            .filter(|place| pod.role == Role::Replica && Some(&place.node) == pod.node.as_ref());
        let labels: Vec<&str> = nodes.map(|place| place.label.as_str()).collect();
        for taken in self.visited.taken.iter_mut().filter(|taken| labels.contains(&taken.label.as_str())) {
            taken.doubts.push(what.to_owned());
        }
    }
}

/// Whether nobody answered in time, which says something about the controller; a refusal or a pod that cannot be reached
/// does not.
fn is_silent(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::TimedOut(_) => true,
        Outcome::Failed { said, .. } => {
            (said.contains("Client.Timeout") || said.contains("context deadline exceeded"))
                && !said.contains("trying to reach service")
        }
        _ => false,
    }
}
