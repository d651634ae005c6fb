//! The commands that do an act: word by word, and as a line for bash. Every quote is set here.

use serde::Serialize;

use super::Site;
use crate::analysis::{Analysis, Volume};
use crate::ident::Label;
use crate::plan::{Act, Who};
use crate::report::{escape, model};

/// One command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Command {
    /// The program and its arguments; what is not known stands as `$NAME`.
    pub argv: Vec<String>,
    /// The same as a line for bash.
    pub shell: String,
    /// The file that standard output goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// A part of a command: text as it is, or a variable.
#[derive(Debug, Clone)]
enum Word {
    Text(String),
    Variable(String),
    /// A command for another machine, which its shell takes apart.
    Remote(Vec<Word>),
    /// Parts that stand side by side as one word.
    Joined(Vec<Word>),
}

/// A variable, what it is for, and its value where that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    pub name: String,
    pub what: String,
    pub value: Option<String>,
}

/// The variables that commands of a volume use, in a fixed order.
pub(super) fn variables(volume: &Volume, site: &Site) -> Vec<Variable> {
    let variable = |name: String, what: String, value: Option<String>| Variable { name, what, value };
    let mut out = vec![
        variable(
            "NAMESPACE".to_owned(),
            "namespace of the controller and the replicas".to_owned(),
            Some(site.namespace.clone().unwrap_or_else(|| "openebs".to_owned())),
        ),
        variable(
            "WORKLOAD".to_owned(),
            "what uses the volume, as in deployment/NAME, and its namespace in WORKLOAD_NAMESPACE".to_owned(),
            None,
        ),
        variable("WORKLOAD_NAMESPACE".to_owned(), "namespace of what uses the volume".to_owned(), None),
        variable(
            "CONTROLLER".to_owned(),
            "Deployment of the controller".to_owned(),
            Some(format!("{}-ctrl", volume.name)),
        ),
    ];
    for (number, replica) in (1..).zip(&volume.replicas) {
        let label = &replica.label;
        out.push(variable(
            format!("REPLICA_{number}"),
            format!("Deployment of {label}"),
            site.deployments.get(label).cloned(),
        ));
        out.push(variable(
            format!("NODE_{number}"),
            format!("node of {label}"),
            site.nodes.get(label).cloned(),
        ));
        out.push(variable(
            format!("DIR_{number}"),
            format!("directory of {label} on its node"),
            site.paths.get(label).cloned(),
        ));
    }
    out
}

/// The commands that do an act; none where nothing but looking is asked for.
pub(super) fn of(act: &Act, volume: &Volume, analysis: &Analysis, site: &Site) -> Vec<Command> {
    let text = |text: &str| Word::Text(text.to_owned());
    let variable = |name: &str| Word::Variable(name.to_owned());
    let number =
        |label: &Label| volume.replicas.iter().position(|one| one.label == *label).map_or(0, |at| at + 1);
    let of = |what: &str, label: &Label| Word::Variable(format!("{what}_{}", number(label)));
    let on = |label: &Label, words: Vec<Word>| vec![text("ssh"), of("NODE", label), Word::Remote(words)];
    let scale = |namespace: &str, whom: Vec<Word>, count: &str| {
        let mut words = vec![text("kubectl"), text("-n"), variable(namespace), text("scale")];
        words.extend(whom);
        words.push(Word::Text(format!("--replicas={count}")));
        words
    };
    let deployments = |who: &Who| -> Vec<Word> {
        let replica = |label: &Label| of("REPLICA", label);
        let mut out = match who {
            Who::All | Who::Controller => vec![text("deployment"), variable("CONTROLLER")],
            Who::Replicas | Who::Replica(_) => vec![text("deployment")],
        };
        match who {
            Who::All | Who::Replicas => out.extend(volume.replicas.iter().map(|one| replica(&one.label))),
            Who::Replica(label) => out.push(replica(label)),
            Who::Controller => {}
        }
        out
    };
    let known = variables(volume, site);
    let make = |words: Vec<Word>, to: Option<String>| command(&words, to, &known);
    match act {
        Act::Stop { who } => {
            let workload = scale("WORKLOAD_NAMESPACE", vec![variable("WORKLOAD")], "0");
            let own = scale("NAMESPACE", deployments(who), "0");
            let all = if *who == Who::All { vec![workload, own] } else { vec![own] };
            all.into_iter().map(|words| make(words, None)).collect()
        }
        Act::Start { who } => {
            let mut look = vec![text("kubectl"), text("-n"), variable("NAMESPACE"), text("exec")];
            look.extend([Word::Joined(vec![text("deployment/"), variable("CONTROLLER")])]);
            look.extend(["--", "curl", "-s", "http://localhost:9501/v1/replicas"].map(text));
            vec![make(scale("NAMESPACE", deployments(who), "1"), None), make(look, None)]
        }
        Act::Restart { who } => {
            ["0", "1"].map(|count| make(scale("NAMESPACE", deployments(who), count), None)).into()
        }
        Act::Copy { replica } => {
            let file = format!("{}.tar", replica.as_str().replace('/', "-"));
            let words = ["tar", "--sparse", "-C"].map(text).into_iter();
            let words = words.chain([of("DIR", replica)]).chain(["-cf", "-", "."].map(text)).collect();
            let sum = vec![text("sha256sum"), text("--"), Word::Text(file.clone())];
            vec![make(on(replica, words), Some(file)), make(sum, None)]
        }
        Act::MoveAside { replica } => {
            let aside = |words: &mut Vec<Word>| words.push(of("ASIDE", replica));
            let mut rename = vec![text("mv"), text("-T"), text("--"), of("DIR", replica)];
            aside(&mut rename);
            vec![
                make(on(replica, rename), None),
                make(on(replica, vec![text("mkdir"), text("--"), of("DIR", replica)]), None),
            ]
        }
        Act::RemoveFile { replica, file } => {
            let words = vec![
                text("mv"),
                text("-T"),
                text("--"),
                Word::Joined(vec![of("DIR", replica), Word::Text(format!("/{file}"))]),
                Word::Joined(vec![of("DIR", replica), Word::Text(format!(".{file}.aside"))]),
            ];
            vec![make(on(replica, words), None)]
        }
        Act::Export { replica } => {
            let words = model::export(volume, replica, analysis).into_iter().map(Word::Text).collect();
            vec![make(words, None)]
        }
        Act::Wipe { .. }
        | Act::Restore { .. }
        | Act::Set { .. }
        | Act::DeleteEntry { .. }
        | Act::Wait { .. } => Vec::new(),
    }
}

fn command(words: &[Word], to: Option<String>, known: &[Variable]) -> Command {
    let argv = words.iter().map(|word| plain(word, known)).collect();
    let mut shell = words.iter().map(quoted).collect::<Vec<_>>().join(" ");
    if let Some(file) = &to {
        shell.push_str(&format!(" > {}", escape::shell(file)));
    }
    Command { argv, shell, to }
}

/// A word without the quotes of the shell here; a command for another machine with those of the shell there.
fn plain(word: &Word, known: &[Variable]) -> String {
    let value = |name: &str| {
        let base = name.strip_prefix("ASIDE_").map(|number| format!("DIR_{number}"));
        let found = known.iter().find(|one| one.name == *base.as_deref().unwrap_or(name));
        let value = found.and_then(|one| one.value.clone());
        value.map(|value| if base.is_some() { format!("{value}.aside") } else { value })
    };
    match word {
        Word::Text(text) => text.clone(),
        Word::Variable(name) => value(name).unwrap_or_else(|| format!("${name}")),
        Word::Joined(parts) => parts.iter().map(|part| plain(part, known)).collect(),
        Word::Remote(words) => {
            let one = |word: &Word| match word {
                Word::Variable(name) if value(name).is_none() => format!("${name}"),
                word => escape::shell(&plain(word, known)),
            };
            words.iter().map(one).collect::<Vec<_>>().join(" ")
        }
    }
}

/// A word as bash reads it.
fn quoted(word: &Word) -> String {
    match word {
        Word::Text(text) => escape::shell(text),
        Word::Variable(name) => format!("\"${{{name}}}\""),
        Word::Remote(words) => {
            let inner: Vec<String> = words.iter().map(remote).collect();
            format!("\"{}\"", inner.join(" "))
        }
        Word::Joined(parts) => parts.iter().map(quoted).collect(),
    }
}

/// A word of a command for another machine, inside double quotes here: `@Q` quotes a value anew for the shell there.
fn remote(word: &Word) -> String {
    let inside = |text: &str| -> String {
        let mut out = String::new();
        for char in text.chars() {
            if matches!(char, '"' | '\\' | '$' | '`') {
                out.push('\\');
            }
            out.push(char);
        }
        out
    };
    match word {
        Word::Text(text) => inside(&escape::shell(text)),
        Word::Variable(name) => match name.strip_prefix("ASIDE_") {
            Some(number) => format!("${{DIR_{number}@Q}}.aside"),
            None => format!("${{{name}@Q}}"),
        },
        Word::Remote(parts) | Word::Joined(parts) => parts.iter().map(remote).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_directory_is_quoted_for_both_shells() {
        let words = [
            Word::Text("ssh".to_owned()),
            Word::Variable("NODE_1".to_owned()),
            Word::Remote(vec![
                Word::Text("mv".to_owned()),
                Word::Variable("DIR_1".to_owned()),
                Word::Variable("ASIDE_1".to_owned()),
                Word::Text("it's $HOME".to_owned()),
            ]),
        ];
        let made = command(&words, Some("a b".to_owned()), &[]);
        assert_eq!(
            made.shell,
            r#"ssh "${NODE_1}" "mv ${DIR_1@Q} ${DIR_1@Q}.aside 'it'\\''s \$HOME'" > 'a b'"#
        );
    }
}
