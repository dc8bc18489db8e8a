//! Text of a log on its way to a terminal. A log line is written by strangers: it may hold escape sequences that move the
//! cursor or set the title, and marks that turn the reading direction around. None of them reaches the terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// `text` with every character that would act instead of being seen written as `\u{…}`.
///
/// These are controls (C0, DEL, C1), line and paragraph separators, bidirectional controls, invisible characters and tags.
/// Without `utf8`, so is everything beyond ASCII.
pub fn sanitize(text: &str, utf8: bool) -> Cow<'_, str> {
    let harmless = |c: char| !acts(c) && (utf8 || c.is_ascii());
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        // Writing to a String cannot fail.
        let _ = match c {
            '\t' | '\n' | '\r' => write!(clean, "{}", c.escape_default()),
            c if harmless(c) => write!(clean, "{c}"),
            c => write!(clean, "{}", c.escape_unicode()),
        };
    }
    Cow::Owned(clean)
}

/// Unicode's `Bidi_Control` and `Default_Ignorable_Code_Point` where they occur alone, beside all controls.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_acts_is_shown() {
        assert_eq!(sanitize("/naïve/日本", true), "/naïve/日本");
        assert_eq!(sanitize("/naïve", false), r"/na\u{ef}ve");
        assert_eq!(sanitize("\u{1b}[31mred\r\n", true), r"\u{1b}[31mred\r\n");
        assert_eq!(sanitize("a\tb", false), r"a\tb");
        assert_eq!(sanitize("\u{9b}2J\u{7f}", true), r"\u{9b}2J\u{7f}");
        assert_eq!(sanitize("gnp.\u{202E}exe", true), r"gnp.\u{202e}exe");
        assert_eq!(sanitize("a\u{200b}\u{feff}\u{e0041}", true), r"a\u{200b}\u{feff}\u{e0041}");
    }

    proptest! {
        #[test]
        fn nothing_that_acts_is_left(text: String, utf8: bool) {
            let turns = |c| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
            let left = sanitize(&text, utf8).chars().find(|&c| c.is_control() || turns(c));
            prop_assert_eq!(left, None);
        }
    }
}
