//! `new-case`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::Args;
use flate2::{Compression, GzBuilder};
use jivascope::analysis::{self, Analysis};
use jivascope::check::{self, Expected, ExpectedOptions};
use jivascope::evidence::{Evidence, Found, InputPath};
use jivascope::ident::Label;
use jivascope::redact::{Key, Plan, Pseudonyms, Words, write_replica};

use crate::cli::args::{self, Inputs, Judging};
use crate::cli::case::CaseDir;
use crate::cli::error::{failed, usage};
use crate::cli::out::Out;
use crate::cli::{inputs, judging};

#[derive(Debug, Args)]
#[command(after_help = "\
The case contains the structure of the replicas, and patterns instead of their
content: equal blocks stay equal. The command fails unless the case gives the
same answer as the originals.

Exit codes: 0 the case was written; 1 operation failed, 2 wrong usage.

Examples:
  jivascope new-case ./copies --to cases/split-brain
  jivascope new-case ./copies --pseudonyms --with-logs --to cases/split-brain")]
pub(super) struct NewCase {
    #[command(flatten)]
    pub inputs: Inputs,
    #[command(flatten)]
    pub judging: Judging,
    /// Directory to create; it must not exist, or be empty
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Replace labels, snapshot names, IDs and addresses, each always by the same pseudonym
    #[arg(long)]
    pub pseudonyms: bool,
    /// Include the replicas' logs; --pseudonyms replaces IDs and addresses in them, but no other words
    #[arg(long)]
    pub with_logs: bool,
    /// Key for patterns and pseudonyms, 64 hexadecimal digits; the same key gives the same case [default: random, and
    /// printed]
    #[arg(long, value_name = "HEX", value_parser = args::name())]
    pub key: Option<String>,
}

pub(super) fn run(command: &NewCase, out: &Out) -> anyhow::Result<u8> {
    let (key, random) = match &command.key {
        Some(text) => {
            // What was typed may be the secret with one digit too many.
            (Key::parse(text).ok_or_else(|| usage("--key: is not 64 hexadecimal digits"))?, false)
        }
        None => (random_key()?, true),
    };
    let options = judging::options(&command.judging);
    let mut evidence = inputs::open(&command.inputs, true, &())?;
    choose(&mut evidence, options.volume.as_deref())?;
    let replicas = evidence.replicas.clone();
    let mut judging = options.clone();
    judging.volume = None; // chosen already; in the case it has no name of its own
    // What a log says is compared only where the case holds it.
    judging.without_witnesses = !command.with_logs;
    let original = analysis::analyze(evidence, judging, &());
    let names = command.pseudonyms.then(|| pseudonyms(&key, &replicas));
    let labels = case_labels(&replicas, names.as_ref())?;
    let shown = InputPath::Path(command.to.clone());
    let built = Building::begin(&command.to)?;
    let mut words: BTreeMap<String, Words> = BTreeMap::new();
    for found in &replicas {
        let path = built.dir.path().join(format!("{}.tar.gz", labels[&found.label]));
        let file = File::create_new(&path).with_context(|| format!("{shown}: cannot be written"))?;
        let gz = GzBuilder::new().mtime(0).write(file, Compression::default());
        let mut gz = std::io::BufWriter::with_capacity(1 << 18, gz);
        let mut plan = Plan::new(&key);
        plan.names = names.as_ref();
        plan.with_logs = command.with_logs;
        let written = write_replica(&*found.source, &mut gz, plan)
            .with_context(|| format!("{}: no case can be made of it", found.label))?;
        gz.into_inner().map_err(|error| error.into_error())?.finish()?;
        for left in &written.left {
            out.warn(&format!("left out: {}/{} {}", found.label, left.name, left.why))?;
        }
        for replaced in &written.replaced {
            let what = replaced.what.join(", ");
            out.warn(&format!("replaced: {}/{}: {what}", found.label, replaced.name))?;
        }
        words.insert(found.label.to_string(), written.words);
    }
    let case = CaseDir { name: shown.to_string(), path: built.dir.path().to_owned(), archived: None };
    let mut stated_options = ExpectedOptions::default();
    stated_options.replication_factor = (options.factor != 3).then_some(command.judging.replication_factor);
    stated_options.metadata_only = options.metadata_only.then_some(true);
    stated_options.without_missing = options.without_missing.then_some(true);
    let mut stated = Expected::default();
    stated.options = (stated_options != ExpectedOptions::default()).then_some(stated_options);
    let made = case.analyze(&stated).context("the case that was made cannot be read")?;
    prove(&original, &made, &labels, &words, command.pseudonyms)?;
    case.write(&check::updated(&stated, &made)?)?;
    built.end(&command.to)?;
    let verdict = &made.volumes[0].verdict;
    let (kind, confidence) = (verdict.kind.as_str(), verdict.confidence.as_str());
    out.line(&format!(
        "{shown}: {} replicas; verdict ({kind}, {confidence}), relations and findings are those of the originals",
        replicas.len()
    ))?;
    if random {
        let text = key.to_text();
        out.line(&format!(
            "key: {text} (keep it secret: anyone who has it can test guesses about block contents)"
        ))?;
    }
    Ok(0)
}

/// From the system's source of randomness.
fn random_key() -> anyhow::Result<Key> {
    let mut bytes = [0; 32];
    let mut file = File::open("/dev/urandom").context("no randomness for a key; give one with --key")?;
    file.read_exact(&mut bytes).context("no randomness for a key; give one with --key")?;
    Ok(Key::new(bytes))
}

/// Keeps the replicas of one volume, and takes them as given by name: in the case they are.
fn choose(evidence: &mut Evidence, volume: Option<&str>) -> anyhow::Result<()> {
    let groups = jivascope::lineage::group(analysis::describe(evidence, &()));
    let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
    let group = match (volume, &groups[..]) {
        (None, [group]) => group,
        (None, _) => {
            let many = failed(format!("{} volumes were found: {}", names.len(), names.join(", ")));
            return Err(many.hint("choose one with --volume").into());
        }
        (Some(name), _) => {
            let found = groups.iter().find(|group| group.name == name);
            found
                .ok_or_else(|| failed(format!("no volume named {name} (available: {})", names.join(", "))))?
        }
    };
    let labels: BTreeSet<&Label> = group.replicas.iter().map(|replica| &replica.label).collect();
    evidence.replicas.retain(|found| labels.contains(&found.label));
    evidence.replicas.iter_mut().for_each(|found| found.labelled = true);
    Ok(())
}

fn pseudonyms(key: &Key, replicas: &[Found]) -> Pseudonyms {
    let names =
        replicas.iter().flat_map(|found| found.source.entries().iter().map(|entry| entry.name.as_str()));
    Pseudonyms::new(key, replicas.iter().map(|found| &found.label), names)
}

/// The label of each replica in the case, which is a file name there.
fn case_labels(replicas: &[Found], names: Option<&Pseudonyms>) -> anyhow::Result<BTreeMap<Label, Label>> {
    let mut out = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for found in replicas {
        let label = names.map_or(&found.label, |names| names.label(&found.label));
        let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' };
        let safe: String = label.as_str().chars().map(plain).collect();
        let safe = Label::from(safe.trim_start_matches('.'));
        ensure!(
            !safe.as_str().is_empty() && taken.insert(safe.clone()),
            failed(format!("{label}: its label cannot be a file name beside the others"))
                .hint("give each replica a plain label: LABEL=PATH")
        );
        out.insert(found.label.clone(), safe);
    }
    Ok(out)
}

/// Compares all that an expectation can state, and what each relation rests on.
fn prove(
    original: &Analysis,
    made: &Analysis,
    labels: &BTreeMap<Label, Label>,
    words: &BTreeMap<String, Words>,
    pseudonyms: bool,
) -> anyhow::Result<()> {
    let wanted = renamed(check::picture(original)?, labels, words);
    let found = check::picture(made)?;
    let mut differences =
        check::differences(&wanted, made)?.into_iter().map(|one| one.key).collect::<Vec<_>>();
    if wanted.findings != found.findings {
        differences.push("findings".to_owned());
    }
    let blocks = |analysis: &Analysis, rename: &dyn Fn(&Label) -> Label| -> BTreeSet<String> {
        let relations = analysis.volumes.iter().flat_map(|volume| &volume.lineage.relations);
        let shown = relations.map(|one| {
            let differ = one.differ.as_ref().map(jivascope::ident::Runs::blocks);
            format!("{} {} {:?} {differ:?}", rename(&one.a), rename(&one.b), one.basis)
        });
        shown.collect()
    };
    if blocks(original, &|label| labels[label].clone()) != blocks(made, &Label::clone) {
        differences.push("blocks that differ".to_owned());
    }
    if differences.is_empty() {
        return Ok(());
    }
    let unlike = failed(format!("the case would not be like the original in: {}", differences.join(", ")));
    Err(if pseudonyms { unlike.hint("try without --pseudonyms") } else { unlike }.into())
}

/// The picture as it must look under the names of the case.
fn renamed(
    mut picture: Expected,
    labels: &BTreeMap<Label, Label>,
    words: &BTreeMap<String, Words>,
) -> Expected {
    let label = |text: &mut String| {
        if let Some(other) = labels.get(&Label::from(text.as_str())) {
            *text = other.to_string();
        }
    };
    let reword = |text: &mut Option<Option<String>>, words: Option<&Words>| {
        if let (Some(words), Some(Some(text))) = (words, text) {
            *text = words.apply(text);
        }
    };
    if let Some(verdict) = &mut picture.verdict {
        verdict.holders.iter_mut().chain(&mut verdict.must_not_wipe).flatten().for_each(label);
        verdict.keep.iter_mut().flatten().for_each(label);
    }
    for present in picture.findings.iter_mut().filter_map(|findings| findings.present.as_mut()) {
        for text in present.iter_mut() {
            if let Some((code, about)) = text.split_once(' ') {
                let mut about = about.to_owned();
                label(&mut about);
                *text = format!("{code} {about}");
            }
        }
        present.sort();
    }
    for relation in picture.relations.iter_mut().flatten() {
        label(&mut relation.a);
        label(&mut relation.b);
    }
    if let Some(replicas) = &mut picture.replicas {
        *replicas = std::mem::take(replicas)
            .into_iter()
            .map(|(mut name, mut replica)| {
                reword(&mut replica.error, words.get(&name));
                reword(&mut replica.start_error, words.get(&name));
                label(&mut name);
                (name, replica)
            })
            .collect();
    }
    picture
}

/// The case while it is made: beside its place, and gone if anything fails.
struct Building {
    dir: tempfile::TempDir,
}

impl Building {
    fn begin(to: &Path) -> anyhow::Result<Self> {
        let shown = InputPath::Path(to.to_owned());
        if let Ok(mut entries) = fs::read_dir(to) {
            ensure!(entries.next().is_none(), "{shown}: is not empty");
        } else {
            ensure!(fs::symlink_metadata(to).is_err(), "{shown}: exists and is no directory");
        }
        let parent = match to.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let dir = tempfile::Builder::new()
            .prefix(".new-case-")
            .tempdir_in(parent)
            .with_context(|| format!("{shown}: cannot be created"))?;
        Ok(Self { dir })
    }

    fn end(self, to: &Path) -> anyhow::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(self.dir.path(), fs::Permissions::from_mode(0o755))?;
        // An empty directory gives way to another by rename.
        fs::rename(self.dir.path(), to)
            .with_context(|| format!("{}: cannot be created", InputPath::Path(to.to_owned())))?;
        let _ = self.dir.keep(); // it is not there any more
        Ok(())
    }
}
