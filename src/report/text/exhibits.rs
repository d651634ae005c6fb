//! Where a statement can be looked up.

use crate::finding::Exhibit;
use crate::ident::Label;

/// Where a statement can be looked up: places grouped by replica, in the order given.
pub(in crate::report) fn places(exhibits: &[Exhibit]) -> String {
    const MOST: usize = 6;
    let mut groups: Vec<(Option<&Label>, Vec<String>)> = Vec::new();
    for exhibit in exhibits.iter().take(MOST) {
        let place = place(exhibit);
        match groups.iter_mut().find(|(label, _)| *label == exhibit.replica.as_ref()) {
            Some((_, places)) => places.push(place),
            None => groups.push((exhibit.replica.as_ref(), vec![place])),
        }
    }
    let group = |(label, places): (Option<&Label>, Vec<String>)| match label {
        Some(label) => format!("{label}: {}", places.join(", ")),
        None => places.join(", "),
    };
    let mut text = groups.into_iter().map(group).collect::<Vec<_>>().join("; ");
    if exhibits.len() > MOST {
        text.push_str(&match exhibits.len() - MOST {
            1 => "; and 1 more place".to_owned(),
            more => format!("; and {more} more places"),
        });
    }
    text
}

fn place(exhibit: &Exhibit) -> String {
    let mut text = exhibit.file.clone().unwrap_or_default();
    if text == "view" {
        text = "merged view".to_owned();
    }
    if let Some(field) = exhibit.field.as_deref().filter(|_| text != "revision.counter") {
        text.push_str(&format!(" {field}"));
    }
    if let Some(value) = &exhibit.value {
        text.push_str(&format!(" = {}", if value.is_empty() { "\"\"" } else { value }));
    }
    if let Some(run) = exhibit.bytes {
        text.push_str(&format!(" bytes {} to {}", run.start, run.end.saturating_sub(1)));
    }
    text
}
