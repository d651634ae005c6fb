//! Texts of small files and what stands for each, so that a sentence about the one becomes the sentence about the other.

use std::collections::BTreeMap;

/// Texts that were replaced, each with what stands for it. An error of Jiva's quotes what it could not read; with these
/// it can be compared with the error of the copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(BTreeMap<String, String>);

impl Words {
    /// Learns what stands for a text; one that stays is learned too, so that no other is looked for inside of it.
    pub(super) fn add(&mut self, old: &str, new: &str) {
        if !old.is_empty() {
            self.0.insert(old.to_owned(), new.to_owned());
        }
    }

    /// Replaces every text that it knows, where it does not stand inside of a longer word; the longest counts.
    pub fn apply(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let before = out_of_word(text[..text.len() - rest.len()].chars().next_back());
            let fits = |old: &str| {
                rest.starts_with(old)
                    && (before || out_of_word(Some(next)))
                    && (out_of_word(old.chars().next_back()) || out_of_word(rest[old.len()..].chars().next()))
            };
            // Of texts that begin alike the longest is the last.
            match self.0.iter().rev().find(|(old, _)| fits(old)) {
                Some((old, new)) => {
                    out.push_str(new);
                    rest = &rest[old.len()..];
                }
                None => {
                    out.push(next);
                    rest = &rest[next.len_utf8()..];
                }
            }
        }
        out
    }
}

fn out_of_word(char: Option<char>) -> bool {
    char.is_none_or(|char| !char.is_alphanumeric() && char != '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_are_replaced_and_the_longest_first() {
        let mut words = Words::default();
        for (old, new) in
            [("a", "x"), ("a.img", "y.img"), ("", "never"), ("a same a", "a same a"), ("é", "z")]
        {
            words.add(old, new);
        }
        assert_eq!(
            words.apply("a as a.img, a.img.meta: ba a same a é"),
            "x as y.img, y.img.meta: ba a same a z"
        );
        assert_eq!(words.apply(""), "");
    }
}
