//! `plan`.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use jivascope::analysis::{Analysis, Volume};
use jivascope::ident::Label;
use jivascope::plan::{self, Outcome, Plan};
use jivascope::report::runbook::{self, LintDocument, PlanDocument, Site};
use jivascope::report::text;
use jivascope::witness;

use crate::cli::args::{self, Inputs, Judging, Reading};
use crate::cli::error::{failed, usage};
use crate::cli::judging::{analyze_or_vacant, options};
use crate::cli::out::Out;
use crate::cli::verdicts;

/// Exit code where a step is not safe.
const DESTROYS: u8 = 3;
/// Exit code where it is unknown.
const UNKNOWN: u8 = 4;

#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is started and nothing is changed: a plan is written, or the steps that
you have in mind are played through.

Steps for --lint, one a line (# begins a comment):
  stop|start|restart all|controller|replicas|operator|LABEL...
  wipe|move-aside|copy|export LABEL...
  restore LABEL [FROM]     remove LABEL FILE     set LABEL Rebuilding=false
  delete-entry ADDRESS     wait TEXT
  kubectl scale ... --replicas=N     [ssh NODE] rm -rf DIR
  curl -X DELETE .../v1/replicas/ID

Exit codes: as analyze for a plan. With --lint: 0 safe; 3 a step is not safe;
4 unknown, or a line was not understood. 1 operation failed, 2 wrong
usage.

Examples:
  jivascope plan ./copies > plan.md
  jivascope plan ./copies --keep rep-2 \\
    --confirm \"keep rep-2 without 74 blocks of rep-1\"
  jivascope plan ./copies --lint steps.txt")]
pub(super) struct PlanCommand {
    #[command(flatten)]
    pub inputs: Inputs,
    /// Keep this replica where the evidence leaves the choice; `plan` without --keep prints the sentence for --confirm
    #[arg(long, value_name = "LABEL", value_parser = args::name(), requires = "confirm")]
    pub keep: Option<String>,
    /// The sentence that says what the choice gives up
    #[arg(long, value_name = "SENTENCE", requires = "keep")]
    pub confirm: Option<String>,
    /// Play the steps of this file; `-` reads them from standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["keep", "verify"])]
    pub lint: Option<PathBuf>,
    /// Compare with a plan that was written as JSON: whether it still fits the evidence
    #[arg(long, value_name = "FILE")]
    pub verify: Option<PathBuf>,
    /// How the replicas are run [default: what Kubernetes objects among the inputs show, else the names of the directories]
    #[arg(long, value_enum, value_name = "LAYOUT")]
    pub layout: Option<Layout>,
    /// Name of the persistent volume
    #[arg(long, value_name = "NAME")]
    pub persistent_volume: Option<String>,
    /// Kubernetes namespace of the controller and the replicas
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Node of a replica; can be repeated
    #[arg(long, value_name = "LABEL=NODE", value_parser = pair)]
    pub node: Vec<(String, String)>,
    /// Directory of a replica on its node; can be repeated
    #[arg(long, value_name = "LABEL=DIR", value_parser = pair)]
    pub path: Vec<(String, String)>,
    /// Deployment of a replica; can be repeated
    #[arg(long, value_name = "LABEL=NAME", value_parser = pair)]
    pub deployment: Vec<(String, String)>,
    #[command(flatten)]
    pub judging: Judging,
    #[command(flatten)]
    pub reading: Reading,
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Form::Markdown)]
    pub output: Form,
}

/// In which form the plan is written. What `--lint` says is text or JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    Markdown,
    Json,
}

/// How the replicas of a volume are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Layout {
    /// A Deployment for each, as the old provisioner makes them
    Deployments,
    /// One StatefulSet for all, as CSI makes it
    StatefulSet,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (label, value) = text.split_once('=').ok_or("write LABEL=VALUE")?;
    Ok((label.to_owned(), value.to_owned()))
}

pub(super) fn run(command: &PlanCommand, out: &Out) -> anyhow::Result<u8> {
    let analysis = analyze_or_vacant(&command.inputs, options(&command.judging), &command.reading)?;
    if let Some(file) = &command.lint {
        return lint(command, file, &analysis, out);
    }
    let keep = command.keep.as_ref().map(|keep| chosen(command, keep, &analysis)).transpose()?;
    let plans: Vec<Plan> =
        analysis.volumes.iter().map(|volume| Plan::of(volume, &analysis.options, keep.as_ref())).collect();
    let site = site(command, &analysis)?;
    let document = PlanDocument::of(&plans, &analysis, &site);
    if let Some(file) = &command.verify {
        let text = std::fs::read_to_string(file).with_context(|| format!("{}", file.display()))?;
        let given: serde_json::Value =
            serde_json::from_str(&text).with_context(|| format!("{}: no plan as JSON", file.display()))?;
        let now: serde_json::Value = serde_json::from_str(&document.to_text())?;
        if given.get("volumes") != now.get("volumes") {
            let gone = failed(format!("{}: the plan no longer fits the evidence", file.display()));
            return Err(gone.hint("make a new plan, and compare the two").into());
        }
        out.report("The plan still fits the evidence.\n")?;
    } else {
        out.report(&match command.output {
            Form::Markdown => runbook::markdown(&plans, &analysis, &site),
            Form::Json => document.to_text(),
        })?;
    }
    Ok(verdicts::exit_code(&analysis.volumes, &[]))
}

/// The only volume, where one is needed.
fn single(analysis: &Analysis) -> anyhow::Result<&Volume> {
    match &analysis.volumes[..] {
        [one] => Ok(one),
        [] => {
            Err(failed("the directories given hold no data, so there is nothing to choose or to play").into())
        }
        _ => Err(usage("more than one volume was found: name one with --volume").into()),
    }
}

fn known(volume: &Volume, label: &str) -> anyhow::Result<Label> {
    let found = volume.replicas.iter().find(|replica| replica.label.as_str() == label);
    Ok(found
        .map(|replica| replica.label.clone())
        .ok_or_else(|| failed(format!("no replica is called {label}")))?)
}

/// The replica that a person chose, if the sentence shows that they know what that gives up.
fn chosen(command: &PlanCommand, keep: &str, analysis: &Analysis) -> anyhow::Result<Label> {
    let volume = single(analysis)?;
    let keep = known(volume, keep)?;
    let wanted = plan::choose(volume, &keep).confirm;
    if command.confirm.as_deref() != Some(wanted.as_str()) {
        let wrong = usage("--confirm does not say what keeping it gives up");
        return Err(wrong.hint(format!("the sentence is: {wanted}")).into());
    }
    Ok(keep)
}

fn site(command: &PlanCommand, analysis: &Analysis) -> anyhow::Result<Site> {
    let named = |pairs: &[(String, String)]| -> anyhow::Result<BTreeMap<Label, String>> {
        let mut out = BTreeMap::new();
        for (label, value) in pairs {
            let label = analysis.volumes.iter().find_map(|volume| known(volume, label).ok());
            let label =
                label.ok_or_else(|| failed("no replica has the label of --node, --path or --deployment"))?;
            out.insert(label, value.clone());
        }
        Ok(out)
    };
    let mut site = Site::default();
    site.layout = command.layout.map(|layout| match layout {
        Layout::Deployments => witness::Layout::Deployments,
        Layout::StatefulSet => witness::Layout::StatefulSet,
    });
    if command.persistent_volume.is_some() {
        single(analysis)?;
        site.volume = command.persistent_volume.clone();
    }
    site.namespace = command.namespace.clone();
    site.nodes = named(&command.node)?;
    site.paths = named(&command.path)?;
    site.deployments = named(&command.deployment)?;
    Ok(site)
}

fn lint(command: &PlanCommand, file: &std::path::Path, analysis: &Analysis, out: &Out) -> anyhow::Result<u8> {
    let volume = single(analysis)?;
    let mut text = String::new();
    if file == std::path::Path::new("-") {
        std::io::stdin().read_to_string(&mut text).context("standard input")?;
    } else {
        text = std::fs::read_to_string(file).with_context(|| format!("{}", file.display()))?;
    }
    let (lines, unread) = plan::steps(&text, volume);
    let acts: Vec<_> = lines.into_iter().flat_map(|line| line.acts).collect();
    let linted = plan::lint(volume, &analysis.options, &acts);
    out.report(&match command.output {
        Form::Markdown => text::lint(&volume.name, &linted, &unread, out.palette()),
        Form::Json => LintDocument::of(&volume.name, &linted, &unread).to_text(),
    })?;
    Ok(match linted.outcome {
        Outcome::Destroys | Outcome::RollsBack | Outcome::Splits => DESTROYS,
        Outcome::Safe if unread.is_empty() => 0,
        _ => UNKNOWN,
    })
}
