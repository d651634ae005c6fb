//! Why a run failed, whose matter that is, and what can be done about it: the one place that says so.

use std::borrow::Cow;
use std::panic::PanicHookInfo;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};
use jivascope::blocks::{ExportError, PointError, StreamError, TargetError};
use jivascope::evidence::{GatherError, SpoolError};
use jivascope::report::escape;

use super::out::Out;

/// Exit code of a run that failed.
pub(super) const FAILED: u8 = 1;

/// Exit code of a command line that is wrong, as clap has it.
const USAGE: u8 = 2;

/// Whose matter an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The command line is wrong, whatever lies on the disk.
    Usage,
    /// It could not be done with what was given, or the system refused.
    Failed,
    /// The program is wrong.
    Internal,
}

impl Kind {
    fn exit_code(self) -> u8 {
        match self {
            Self::Usage => USAGE,
            Self::Failed | Self::Internal => FAILED,
        }
    }

    fn lead(self) -> &'static str {
        match self {
            Self::Usage | Self::Failed => "error",
            Self::Internal => "internal error",
        }
    }
}

/// An error of the program's own, with what can be done about it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct Refusal {
    kind: Kind,
    message: String,
    hint: Option<String>,
}

/// The command line is wrong.
pub(super) fn usage(message: impl Into<String>) -> Refusal {
    Refusal { kind: Kind::Usage, message: message.into(), hint: None }
}

/// It cannot be done.
pub(super) fn failed(message: impl Into<String>) -> Refusal {
    Refusal { kind: Kind::Failed, message: message.into(), hint: None }
}

/// The program itself is wrong.
pub(super) fn internal(message: impl Into<String>) -> Refusal {
    Refusal { kind: Kind::Internal, message: message.into(), hint: Some(REPORT.to_owned()) }
}

const REPORT: &str = "this is a defect of jivascope; please report it with the command and, if you can, a case made by \
                      jivascope new-case";

impl Refusal {
    /// What can be done about it.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Says why a run failed, and gives its exit code.
pub(super) fn report(out: &Out, error: &anyhow::Error) -> u8 {
    let (kind, hint) = about(error);
    // Where standard error cannot be written to, nobody is left to read it; the exit code says it.
    let _ = out.error(kind.lead(), &format!("{error:#}"));
    let _ = hint.map(|hint| out.hint(&hint));
    kind.exit_code()
}

/// Says what clap has to say, on the stream and with the exit code that are clap's.
pub(super) fn report_usage(out: &Out, mut error: clap::Error) -> u8 {
    if !error.use_stderr() {
        return out.help(&error.render()).map_or_else(|failed| report(out, &failed), |()| 0);
    }
    let quoting = error.context().filter(|(kind, _)| *kind != ContextKind::Usage);
    let typed: Vec<_> = quoting.map(|(kind, value)| (kind, escaped(value))).collect();
    for (kind, value) in typed {
        error.insert(kind, value);
    }
    let text = error.render().to_string();
    // As above; and a list of commands, which is given where none was, comes without a lead.
    let _ = out.usage(text.strip_prefix("error: ").unwrap_or(&format!("no command was given\n\n{text}")));
    USAGE
}

/// What quotes the command line, made safe. Tips quote it too.
fn escaped(value: &ContextValue) -> ContextValue {
    let plain = |text: &StyledStr| StyledStr::from(escape::terminal(&text.to_string()));
    match value {
        ContextValue::String(text) => ContextValue::String(escape::terminal(text)),
        ContextValue::Strings(texts) => {
            ContextValue::Strings(texts.iter().map(|text| escape::terminal(text)).collect())
        }
        ContextValue::StyledStr(text) => ContextValue::StyledStr(plain(text)),
        ContextValue::StyledStrs(texts) => ContextValue::StyledStrs(texts.iter().map(plain).collect()),
        other => other.clone(),
    }
}

/// Says where the program broke off. What a message quotes may be hostile, so the standard library's words are not used.
pub(super) fn report_panic(out: &Out, info: &PanicHookInfo<'_>) {
    let what = info.payload();
    let text = what.downcast_ref::<String>().map(String::as_str).or_else(|| what.downcast_ref().copied());
    let text = text.unwrap_or("the program broke off");
    let place = info.location().map(|place| format!(" ({}:{})", place.file(), place.line()));
    report(out, &internal(format!("{text}{}", place.unwrap_or_default())).into());
}

/// Whose matter an error is, and what can be done about it, from what stands at any depth of it.
fn about(error: &anyhow::Error) -> (Kind, Option<Cow<'static, str>>) {
    // An error that was put around another is no link of the chain for those who look from outside.
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        return (refusal.kind, refusal.hint.clone().map(Cow::Owned));
    }
    error.chain().find_map(known).map_or((Kind::Failed, None), |(kind, hint)| (kind, hint.map(Cow::Borrowed)))
}

/// The errors of the library of which the program has more to say.
fn known(error: &(dyn std::error::Error + 'static)) -> Option<(Kind, Option<&'static str>)> {
    if let Some(error) = error.downcast_ref::<GatherError>() {
        return match error {
            GatherError::LabelTwice { .. } => {
                Some((Kind::Usage, Some("give each replica its own label: LABEL=PATH")))
            }
            GatherError::StandardInputTwice => Some((Kind::Usage, None)),
            _ => None,
        };
    }
    let hint = if let Some(error) = error.downcast_ref::<SpoolError>() {
        match error {
            SpoolError::Limit { .. } => {
                "--spool-limit allows more; an unpacked or uncompressed copy needs no temporary data"
            }
            _ => "--spool-dir chooses another directory for temporary image data",
        }
    } else if let Some(error) = error.downcast_ref::<TargetError>() {
        match error {
            TargetError::Exists { .. } => "--force replaces it",
            TargetError::Evidence { .. } => "choose a place outside the inputs",
            TargetError::Directory { .. } => "give the image a file name, such as rep-1.raw",
            _ => return None,
        }
    } else if matches!(error.downcast_ref(), Some(ExportError::View(_)))
        || matches!(error.downcast_ref(), Some(StreamError::View(_)))
    {
        "--fill-unreadable zeros writes zeros there and reports the ranges"
    } else if let Some(PointError::Replica { .. }) = error.downcast_ref::<PointError>() {
        "jivascope inspect shows every replica under its label"
    } else {
        return None;
    };
    Some((Kind::Failed, Some(hint)))
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn kind_and_hint_are_found_at_any_depth() {
        let twice = || GatherError::LabelTwice { label: "a".to_owned() };
        for (error, kind, hint) in [
            (anyhow::anyhow!("x"), Kind::Failed, None),
            (twice().into(), Kind::Usage, Some("give each replica its own label: LABEL=PATH")),
            (anyhow::Error::from(twice()).context("x").context("y"), Kind::Usage, Some("give each")),
            (usage("x").hint("do y").into(), Kind::Usage, Some("do y")),
            (Err::<(), _>(usage("x").hint("do y")).context("z").unwrap_err(), Kind::Usage, Some("do y")),
            (anyhow::Error::from(twice()).context(failed("x").hint("do y")), Kind::Failed, Some("do y")),
            (internal("x").into(), Kind::Internal, Some("this is a defect of jivascope")),
        ] {
            let (found, said) = about(&error);
            assert_eq!(found, kind, "{error:#}");
            assert_eq!(said.is_some(), hint.is_some(), "{error:#}");
            assert!(said.unwrap_or_default().starts_with(hint.unwrap_or_default()), "{error:#}");
        }
    }
}
