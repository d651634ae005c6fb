//! Looking up a code or a word.

use super::glossary::{Category, terms};
use crate::finding::catalog::CATALOG;
use crate::verdict::RULES;

/// What there is to say about one code or word.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The code or word.
    pub name: String,
    /// What else it goes by: the name of a finding beside its code.
    pub also: Option<&'static str>,
    /// What kind of thing it is.
    pub category: Category,
    /// One line; empty where the paragraphs say it all.
    pub title: &'static str,
    /// Paragraphs, each with a lead word or none.
    pub paragraphs: Vec<(&'static str, String)>,
}

/// Everything that can be explained, in the order of the categories.
pub fn all() -> Vec<Explanation> {
    let terms = terms().map(|term| Explanation {
        name: term.name.to_owned(),
        also: None,
        category: term.category,
        title: "",
        paragraphs: vec![("", term.says.to_owned())],
    });
    let rules = RULES.iter().map(|row| Explanation {
        name: row.id.to_owned(),
        also: None,
        category: Category::Rule,
        title: "",
        paragraphs: vec![("", row.says.to_owned())],
    });
    let findings = CATALOG.iter().map(|row| Explanation {
        name: row.code.to_string(),
        also: Some(row.name),
        category: Category::Finding,
        title: row.title,
        paragraphs: vec![
            ("name", row.name.to_owned()),
            ("severity", row.severity.to_string()),
            ("impact", row.consequence.to_owned()),
            ("remedy", row.remedy.to_owned()),
        ],
    });
    terms.chain(rules).chain(findings).collect()
}

/// All that goes by this name, in any case; a word can mean two things.
pub fn explain(name: &str) -> Vec<Explanation> {
    let wanted = plain(name);
    all().into_iter().filter(|one| one.names().any(|name| plain(name) == wanted)).collect()
}

impl Explanation {
    fn names(&self) -> impl Iterator<Item = &str> {
        [self.name.as_str()].into_iter().chain(self.also)
    }
}

/// The names most like an unknown one, best first; at most five.
pub fn near(name: &str) -> Vec<String> {
    // A name is short; what is longer than any can be like none.
    let wanted: String = plain(name).chars().take(64).collect();
    let all = all();
    let names = all.iter().flat_map(Explanation::names);
    let mut near: Vec<(usize, String)> = names
        .map(|name| (strsim::levenshtein(&wanted, &plain(name)), name.to_owned()))
        .filter(|(distance, name)| *distance <= 2 || (wanted.len() > 2 && plain(name).contains(&wanted)))
        .collect();
    near.sort();
    near.dedup();
    near.into_iter().map(|(_, name)| name).take(5).collect()
}

fn plain(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace([' ', '_'], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_can_mean_two_things() {
        let categories: Vec<Category> = explain("unknown").into_iter().map(|one| one.category).collect();
        assert_eq!(categories, [Category::Quality, Category::Start, Category::Relation]);
    }

    #[test]
    fn case_and_spelling_do_not_matter() {
        assert_eq!(explain("jv013"), explain("JV013"));
        assert_eq!(explain("r-all-hold").len(), 1);
        assert_eq!(explain("insufficient_evidence").len(), 1);
        assert!(explain("JV999").is_empty());
    }

    #[test]
    fn a_finding_goes_by_its_code_and_by_its_name() {
        assert_eq!(explain("log-info-unreadable"), explain("JV013"));
        assert_eq!(explain("log-info-unreadable").len(), 1);
        assert_eq!(near("log-info-unreadible"), ["log-info-unreadable"]);
        // A flag has the same name.
        let categories: Vec<Category> = explain("refused-join").into_iter().map(|one| one.category).collect();
        assert_eq!(categories, [Category::Flag, Category::Finding]);
    }

    #[test]
    fn near_names_are_found() {
        assert!(near("JV999").iter().all(|name| name.starts_with("JV")));
        assert_eq!(near("consistnt"), ["consistent"]);
        assert_eq!(near("irrec"), ["irreconcilable"]);
        assert!(near("quite something else").is_empty());
        assert!(near(&"x".repeat(1 << 20)).is_empty());
    }

    #[test]
    fn no_name_stands_twice_in_a_category() {
        let all = all();
        let mut names: Vec<_> =
            all.iter().flat_map(|one| one.names().map(|name| (one.category, name))).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
