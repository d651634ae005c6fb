//! `collect-pvc`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use jivascope::evidence;
use jivascope::report::escape;
use jivascope::visit::{
    Folder, FolderError, HostPath, Kubectl, Listener, Name, Settings, Shown, Steps, Visit, VisitError,
    Visited, plan,
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::cli::error::{failed, usage};
use crate::cli::out::Out;

/// Exit code where something is missing.
const INCOMPLETE: u8 = 3;

#[derive(Debug, Args)]
#[command(after_help = "\
Speaks to the cluster through your kubectl, and shows each command before it runs.
For each replica one Job is started on its node. It mounts the directory
read-only and waits; `jivascope collect` runs in it, the capsule comes over the
connection, and the Job is removed. Nothing is written on a node. Stopped replicas
are read first; one that runs is read too, and named. The folder also gets the
logs, the lists of pods, nodes and volumes, and the controller's lists of volumes
and replicas. The controller is never asked for /v1/stats.

Ctrl-C removes what was made. What could not be removed is named, with the command
that removes it.

Exit codes: 0 every replica that was found is in the folder; 3 something is
missing, or was left behind; 1 operation failed, 2 wrong usage.

Examples:
  kubectl jivascope collect-pvc media/app-config --image IMAGE --dry-run
  kubectl jivascope collect-pvc media/app-config --image IMAGE
  jivascope collect-pvc pvc-1 --namespace openebs --witnesses-only --to ./case")]
pub(super) struct CollectPvc {
    /// A claim, NAMESPACE/CLAIM, or the persistent volume
    #[arg(value_name = "NAME", required_unless_present = "stand_by")]
    pub name: Option<String>,
    /// Image with this program at /usr/bin/jivascope, for the pods that read the replicas
    #[arg(long, value_name = "IMAGE", required_unless_present_any = ["witnesses_only", "stand_by", "dry_run"])]
    pub image: Option<String>,
    /// Namespace of the replicas' pods, where the Jobs are started too [default: where the pods are]
    #[arg(long, short, value_name = "NAMESPACE", value_parser = object_name)]
    pub namespace: Option<Name>,
    /// Folder to fill; it must be new or empty [default: jivascope-NAME]
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Print the commands and the Job, with words in capitals for what is not known yet; run nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Collect the logs and lists alone; start nothing
    #[arg(long, conflicts_with = "image")]
    pub witnesses_only: bool,
    /// Leave out replicas that run
    #[arg(long)]
    pub stopped_only: bool,
    /// Look on every node for a directory of the volume's name, also where no object places a replica
    #[arg(long)]
    pub every_node: bool,
    /// Read this directory of this node too; can be repeated
    #[arg(long, value_name = "NODE:PATH", value_parser = place)]
    pub place: Vec<(Name, HostPath)>,
    /// Seconds between the first and the second list of the controller: an entry of a dead replica is gone by then; 0
    /// takes one list
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub apart: u64,
    /// Seconds that a pod may take to start
    #[arg(long, value_name = "SECONDS", default_value_t = 180, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub start_within: u64,
    /// Seconds that one replica may take to be read
    #[arg(long, value_name = "SECONDS", default_value_t = 21_600, value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub read_within: u64,
    /// The kubectl to use
    #[arg(long, value_name = "PATH", default_value = "kubectl")]
    pub kubectl: PathBuf,
    /// The context of kubectl's configuration to use
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// The configuration of kubectl to use
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Wait this long and do nothing; the Jobs run this in their pods
    #[arg(long, value_name = "SECONDS", exclusive = true)]
    pub stand_by: Option<u64>,
}

fn object_name(text: &str) -> Result<Name, String> {
    Name::new(text).ok_or_else(|| "is no name of a Kubernetes object".to_owned())
}

fn place(text: &str) -> Result<(Name, HostPath), String> {
    let (node, path) = text.split_once(':').ok_or("write NODE:PATH, such as node-1:/var/openebs/pvc-1")?;
    let path =
        HostPath::new(path).ok_or("the path must be absolute and lead at least two directories deep")?;
    Ok((object_name(node)?, path))
}

pub(super) fn run(command: &CollectPvc, out: &Out) -> anyhow::Result<u8> {
    let stop = Arc::new(AtomicBool::new(false));
    if let Some(seconds) = command.stand_by {
        listen(&stop)?;
        return Ok(stand_by(Duration::from_secs(seconds), &stop));
    }
    let name = command.name.clone().unwrap_or_default();
    let parts: Vec<&str> = name.split('/').collect();
    if parts.len() > 2 || parts.iter().any(|part| Name::new(part).is_none()) {
        return Err(usage(format!("{name}: is no name of a claim or a persistent volume")).into());
    }
    let to = command.to.clone().unwrap_or_else(|| format!("jivascope-{}", name.replace('/', "-")).into());
    let mut steps = Steps::default();
    steps.context.clone_from(&command.context);
    steps.kubeconfig.clone_from(&command.kubeconfig);
    if command.dry_run {
        return dry_run(command, settings(command, &name), &steps, &to, out);
    }
    let kubectl = Kubectl::new(&command.kubectl, &stop);
    if !kubectl.is_there() {
        let program = evidence::spelled(&command.kubectl);
        return Err(failed(format!("{program}: there is no such program"))
            .hint("--kubectl PATH names it")
            .into());
    }
    let folder = Folder::create(&to).map_err(|error| match &error {
        FolderError::Taken(_) => failed(error.to_string()).hint("--to names another folder").into(),
        FolderError::Io { .. } => anyhow::Error::from(error),
        _ => error.into(),
    })?;
    listen(&stop)?;
    let mut teller = Teller { out, failed: None };
    let visit = Visit::new(kubectl, steps, settings(command, &name), folder, &mut teller);
    let went = visit.run();
    if let Some(error) = teller.failed {
        return Err(error);
    }
    let visited = went.map_err(|error| match error {
        VisitError::Find(text) => {
            failed(text).hint("kubectl get pvc -A and kubectl get pv show the names").into()
        }
        other => anyhow::Error::from(other),
    })?;
    end(&visited, &to, out)
}

fn settings(command: &CollectPvc, name: &str) -> Settings {
    let mut settings = Settings::new(name);
    settings.namespace.clone_from(&command.namespace);
    settings.image = command.image.clone().filter(|_| !command.witnesses_only);
    settings.every_node = command.every_node;
    settings.places.clone_from(&command.place);
    settings.stopped_only = command.stopped_only;
    settings.start = Duration::from_secs(command.start_within);
    settings.reading = Duration::from_secs(command.read_within);
    settings.apart = Duration::from_secs(command.apart);
    settings
}

fn dry_run(
    command: &CollectPvc,
    mut settings: Settings,
    steps: &Steps,
    to: &std::path::Path,
    out: &Out,
) -> anyhow::Result<u8> {
    if settings.image.is_none() && !command.witnesses_only {
        settings.image = Some("IMAGE".to_owned());
    }
    let program = evidence::spelled(&command.kubectl);
    for shown in plan(&settings, steps, to) {
        match shown {
            Shown::About(text) => out.line(&format!("# {text}"))?,
            Shown::Command(call) => out.line(&call.shown(&program))?,
            Shown::Manifest(path, text) => {
                out.line(&format!("# {}:", evidence::spelled(&path)))?;
                for line in text.lines() {
                    out.line(&format!("#   {line}"))?;
                }
            }
            _ => {}
        }
    }
    Ok(0)
}

/// From now on a signal ends the run in order.
fn listen(stop: &Arc<AtomicBool>) -> anyhow::Result<()> {
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(stop)).context("signals cannot be waited for")?;
    }
    Ok(())
}

fn stand_by(time: Duration, stop: &AtomicBool) -> u8 {
    let begin = Instant::now();
    while begin.elapsed() < time && !stop.load(std::sync::atomic::Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(100).min(time));
    }
    0
}

/// Says what the visit says. A line that cannot be written ends nothing in the middle: what was made must go first.
struct Teller<'a> {
    out: &'a Out,
    failed: Option<anyhow::Error>,
}

impl Teller<'_> {
    fn keep(&mut self, said: anyhow::Result<()>) {
        if let Err(error) = said {
            self.failed.get_or_insert(error);
        }
    }
}

impl Listener for Teller<'_> {
    fn command(&mut self, shown: &str) {
        let said = self.out.line(&format!("$ {shown}"));
        self.keep(said);
    }

    fn note(&mut self, text: &str) {
        let said = self.out.line(text);
        self.keep(said);
    }

    fn warning(&mut self, text: &str) {
        let said = self.out.warn(text);
        self.keep(said);
    }
}

/// Says what came of it, and what to do next.
fn end(visited: &Visited, to: &std::path::Path, out: &Out) -> anyhow::Result<u8> {
    let folder = evidence::spelled(to);
    out.line("")?;
    for taken in &visited.taken {
        out.line(&format!("{}  {folder}/{}", taken.sha256, taken.file))?;
    }
    let replicas = visited.missing.iter().filter(|one| one.replica);
    for missing in replicas {
        out.line(&format!("missing: {}: {}", missing.what, missing.why))?;
    }
    for left in &visited.left {
        out.line(&format!("left behind: Job {}; to remove it: {}", left.job, left.command))?;
    }
    if visited.interrupted {
        return Err(failed(format!("interrupted; what was collected until then is in {folder}")).into());
    }
    if visited.taken.is_empty() {
        out.line(&format!("no replica was collected; the other witnesses are in {folder}"))?;
        out.line(&format!("next: jivascope cluster {}", escape::shell(&folder)))?;
    } else {
        let count = visited.taken.len();
        out.line(&format!("{count} capsule{} in {folder}", if count == 1 { "" } else { "s" }))?;
        out.line(&format!("next: jivascope analyze {}", escape::shell(&folder)))?;
    }
    Ok(if visited.is_complete() && visited.left.is_empty() { 0 } else { INCOMPLETE })
}
