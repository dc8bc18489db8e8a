//! What somebody may have meant by a misspelt word.

/// The candidate most like `word`, if one is like it: one slip for short words, two for longer ones (Damerau–Levenshtein).
/// Upper and lower case count as equal. Of two equally near ones the first wins.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Beyond this a word is no slip of anything we name, and the distance costs length × length.
    const WORD_BYTES_MAX: usize = 64;
    if word.len() > WORD_BYTES_MAX {
        return None;
    }
    let word = word.to_lowercase();
    let slips_max = match word.chars().count() {
        0..=2 => 0,
        3..=4 => 1,
        _ => 2,
    };
    let distance = |candidate: &str| strsim::damerau_levenshtein(&word, &candidate.to_lowercase());
    let near = candidates.into_iter().map(|c| (distance(c), c)).filter(|(d, _)| *d <= slips_max);
    near.min_by_key(|(d, _)| *d).map(|(_, c)| c)
}

/// ``did you mean `x`?``, or else a list of everything there is.
pub(crate) fn suggestion(word: &str, what: &str, candidates: &[&str]) -> String {
    match nearest(word, candidates.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{what}: {}", candidates.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_found_and_other_words_are_not() {
        const WORDS: [&str; 4] = ["status", "latency", "time", "path"];
        assert_eq!(nearest("statsu", WORDS), Some("status"));
        assert_eq!(nearest("Latencie", WORDS), Some("latency"));
        assert_eq!(nearest("pth", WORDS), Some("path"));
        for other in ["", "ts", "type", "level", "data", "upstream"] {
            assert_eq!(nearest(other, WORDS), None, "{other}");
        }
    }
}
