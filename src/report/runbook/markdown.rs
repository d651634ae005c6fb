//! The runbook as Markdown. The blocks of commands, one after the other, are one script for a POSIX shell.

use std::fmt::Write;

use super::command::{Command, commands};
use super::names::{Names, Site};
use super::word;
use crate::analysis::{Analysis, Volume};
use crate::ident::BLOCK_SIZE;
use crate::plan::{Act, Plan, Reach, Task};
use crate::report::model::without_data;
use crate::report::{escape, words};
use crate::witness::Layout;

/// Writes the plan of each volume.
// Writing to a string cannot fail, so what `writeln` returns is left alone.
pub fn markdown(plans: &[Plan], analysis: &Analysis, site: &Site) -> String {
    let mut out = String::new();
    if analysis.volumes.is_empty() {
        out.push_str(
            "# No plan\n\nNo input holds a replica's directory, so nothing is known of its data. Collect the directory of every \
             replica, with a tool that keeps holes (`tar --sparse`). Until then wipe nothing and start nothing.\n\n",
        );
    }
    for plan in plans {
        let Some(volume) = analysis.volumes.iter().find(|volume| volume.name == plan.volume) else {
            continue;
        };
        one(&mut out, plan, volume, analysis, site);
    }
    list(&mut out, "Directories without data", &without_data(&analysis.inputs));
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
    let names = Names::of(volume, site);
    let commands = commands(plan, volume, analysis, &names);
    named(out, &names, &commands);
    for (number, (task, commands)) in (1..).zip(plan.steps.iter().zip(&commands)) {
        step(out, number, task, commands);
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
fn named(out: &mut String, names: &Names, commands: &[Vec<Command>]) {
    let script = commands.iter().flatten().map(|one| one.shell.as_str()).collect::<Vec<_>>().join("\n");
    if script.is_empty() {
        return;
    }
    let layout = match names.layout {
        Layout::StatefulSet => "one StatefulSet runs the replicas (CSI)",
        _ => "each replica has a Deployment of its own",
    };
    let _ = writeln!(
        out,
        "## Names\n\nIt is taken that {layout}. Fill in what is empty, and check what is filled in. The blocks, one after the \
         other, are one script for sh; it ends at the first command that fails.\n\n```sh"
    );
    out.push_str(&word::assignments(&names.used(&script), &script));
    out.push_str("```\n\n");
    if names.layout == Layout::StatefulSet {
        out.push_str(
            "The pods of a StatefulSet start all at once. So the nodes take no new pods (cordon) until their replica is to start; \
             `kubectl uncordon` takes that back.\n\n",
        );
    }
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
