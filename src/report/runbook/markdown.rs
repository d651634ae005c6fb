//! The runbook as Markdown. The blocks of commands, one after the other, are one script for bash.

use std::fmt::Write;

use super::command::{Command, variables};
use super::{Site, commands};
use crate::analysis::{Analysis, Volume};
use crate::ident::BLOCK_SIZE;
use crate::plan::{Act, Plan, Reach, Task};
use crate::report::{escape, words};

/// Writes the plan of each volume.
// Writing to a string cannot fail, so what `writeln` returns is left alone.
pub fn markdown(plans: &[Plan], analysis: &Analysis, site: &Site) -> String {
    let mut out = String::new();
    for plan in plans {
        let Some(volume) = analysis.volumes.iter().find(|volume| volume.name == plan.volume) else {
            continue;
        };
        one(&mut out, plan, volume, analysis, site);
    }
    out
}

fn one(out: &mut String, plan: &Plan, volume: &Volume, analysis: &Analysis, site: &Site) {
    let md = escape::markdown;
    let _ = writeln!(out, "# Plan for {}\n", md(&plan.volume));
    let leads = match (plan.reach, &plan.keep) {
        (Reach::Runs, Some(keep)) => {
            format!(
                "The volume runs again, from the data of {}, with all of its replicas.",
                md(keep.as_str())
            )
        }
        (Reach::Choose, _) => {
            "The data are taken out. Somebody who knows them must then choose: plan --keep goes on."
                .to_owned()
        }
        _ => "What is missing is collected. Nothing is given up before it is here.".to_owned(),
    };
    let _ = writeln!(out, "Where it leads: {leads}\n");
    list(out, "What is true", &plan.truths);
    list(out, "What must not be done", &plan.never);
    if !plan.choices.is_empty() {
        let _ = writeln!(out, "## What each choice gives up\n");
        for choice in &plan.choices {
            let parts: Vec<String> = choice
                .without
                .iter()
                .map(|(label, blocks)| match blocks {
                    Some(blocks) => {
                        format!("{} of {}", words::bytes(blocks * BLOCK_SIZE), md(label.as_str()))
                    }
                    None => format!("data of {}, of which it is not known how much", md(label.as_str())),
                })
                .collect();
            let gives = match parts.is_empty() {
                true => "nothing that is here is given up".to_owned(),
                false => format!("the volume is then without {}", words::list(&parts)),
            };
            let _ = writeln!(
                out,
                "- Keep {}: {gives}. The sentence to repeat: `{}`",
                md(choice.keep.as_str()),
                choice.confirm.replace('`', "'")
            );
        }
        out.push('\n');
    }
    names(out, plan, volume, analysis, site);
    for (number, task) in (1..).zip(&plan.steps) {
        step(out, number, task, &commands(task, plan, analysis, site));
    }
}

fn list(out: &mut String, title: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(out, "## {title}\n");
    for item in items {
        let _ = writeln!(out, "- {}", escape::markdown(item));
    }
    out.push('\n');
}

/// The names that the commands use; those that are not known end the script with a message until they are filled in.
fn names(out: &mut String, plan: &Plan, volume: &Volume, analysis: &Analysis, site: &Site) {
    let lines: Vec<Command> =
        plan.steps.iter().flat_map(|task| commands(task, plan, analysis, site)).collect();
    let used = |name: &str| {
        let (braced, quoted) = (format!("${{{name}}}"), format!("${{{name}@Q}}"));
        lines.iter().any(|command| command.shell.contains(&braced) || command.shell.contains(&quoted))
    };
    let variables: Vec<_> =
        variables(volume, site).into_iter().filter(|variable| used(&variable.name)).collect();
    if variables.is_empty() {
        return;
    }
    let _ = writeln!(out, "## Names\n\nFill in what is empty. The commands are for bash.\n\n```sh");
    // The names are put into commands for another machine here, each quoted for the shell there.
    out.push_str("# shellcheck disable=SC2029\nset -eu\n");
    for variable in &variables {
        let what = escape::terminal(&variable.what);
        match &variable.value {
            Some(value) => {
                let _ = writeln!(out, "{}={} # {what}", variable.name, escape::shell(value));
            }
            None => {
                let _ = writeln!(out, ": \"${{{}:?{}}}\"", variable.name, message(&what));
            }
        }
    }
    out.push_str("```\n\n");
}

/// Words inside `${NAME:?…}` of bash, in double quotes.
fn message(text: &str) -> String {
    text.chars().filter(|char| !matches!(char, '"' | '\\' | '$' | '`' | '}' | '{' | '\'' | '!')).collect()
}

fn step(out: &mut String, number: usize, task: &Task, commands: &[Command]) {
    let md = escape::markdown;
    let _ = writeln!(out, "## {number}. {}\n\n{}\n", md(&task.title), md(&task.why));
    for act in &task.acts {
        if let Act::Wait { text } = act {
            let _ = writeln!(out, "{}.\n", md(&words::capital(text)));
        }
    }
    if !commands.is_empty() {
        out.push_str("```sh\n");
        for command in commands {
            let _ = writeln!(out, "{}", command.shell);
        }
        out.push_str("```\n\n");
    }
    if let Some(expect) = &task.expect {
        let _ = writeln!(out, "Expect: {}.\n", md(expect));
    }
    if let Some(undo) = &task.undo {
        let _ = writeln!(out, "To go back: {}.\n", md(undo));
    }
}
