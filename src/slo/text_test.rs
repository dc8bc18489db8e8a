//! Conditions on text, compiled.

use regex::bytes::Regex;

use super::expr::Condition;
use crate::error::{Error, ErrorKind, Result};

/// A condition on text, ready to run.
pub(super) enum TextTest {
    Exists,
    Equals(Vec<Vec<u8>>),
    StartsWith(Vec<u8>),
    Contains(Box<memchr::memmem::Finder<'static>>),
    Matches(Regex),
}

impl TextTest {
    pub(super) fn new(condition: &Condition) -> Result<TextTest> {
        Ok(match condition {
            Condition::Exists(_) | Condition::Within { .. } => TextTest::Exists,
            Condition::Equals { texts, .. } => TextTest::Equals(texts.clone()),
            Condition::StartsWith { prefix, .. } => TextTest::StartsWith(prefix.clone()),
            Condition::Contains { part, .. } => TextTest::Contains(Box::new(memchr::memmem::Finder::new(part).into_owned())),
            Condition::Matches { pattern, .. } => {
                TextTest::Matches(Regex::new(pattern).map_err(|e| {
                    Error::new(ErrorKind::Definition, format!("`{pattern}` is not a regular expression")).because(e)
                })?)
            }
        })
    }

    pub(super) fn holds(&self, text: &[u8]) -> bool {
        match self {
            TextTest::Exists => true,
            TextTest::Equals(texts) => texts.binary_search_by(|t| t.as_slice().cmp(text)).is_ok(),
            TextTest::StartsWith(prefix) => text.starts_with(prefix),
            TextTest::Contains(finder) => finder.find(text).is_some(),
            TextTest::Matches(regex) => regex.is_match(text),
        }
    }
}
