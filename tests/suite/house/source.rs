//! One source file as a flat list of tokens: comments and the insides of text can then never be mistaken for code.

use proc_macro2::{Delimiter, Spacing, Span, TokenStream, TokenTree};

/// A Rust file below `src/`.
pub struct Source {
    /// Path below `src/`, with `/`.
    pub path: String,
    pub text: String,
    /// All tokens; attributes and documentation included.
    pub tokens: Vec<Token>,
    /// Files that this one declares as `#[cfg(test)] mod name;`.
    pub test_files: Vec<String>,
}

/// A token: an identifier, a literal, one punctuation character, `::`, or one delimiter.
#[derive(Clone)]
pub struct Token {
    pub text: String,
    /// From 1.
    pub line: usize,
    pub is_word: bool,
    /// Whether it is compiled for tests only.
    pub is_test: bool,
}

/// A path of names, such as `crate::time::Instant`; the members of a braced list are paths of their own.
pub struct Path {
    pub names: Vec<String>,
    pub line: usize,
    pub is_test: bool,
}

impl Path {
    /// Whether the path begins with these names.
    pub fn begins(&self, names: &[&str]) -> bool {
        self.names.len() >= names.len() && self.names.iter().zip(names).all(|(a, b)| a == b)
    }

    /// Whether the path ends with these names.
    pub fn ends(&self, names: &[&str]) -> bool {
        let skipped = self.names.len().checked_sub(names.len());
        skipped.is_some_and(|n| self.names[n..].iter().zip(names).all(|(a, b)| a == b))
    }
}

/// A function with a body.
pub struct Function {
    pub name: String,
    pub line: usize,
    /// Lines from `fn` to the closing brace.
    pub lines: usize,
    pub is_test: bool,
}

impl Source {
    /// Reads `text`; the error says why it is not Rust.
    pub fn parse(path: &str, text: &str) -> Result<Source, String> {
        let stream: TokenStream = text.parse().map_err(|e| format!("src/{path}: not Rust: {e}"))?;
        let mut tokens = Vec::new();
        flatten(stream, &mut tokens);
        let test_files = mark_tests(&mut tokens).iter().flat_map(|name| child_files(path, name)).collect();
        Ok(Source { path: path.to_owned(), text: text.to_owned(), tokens, test_files })
    }

    /// The top-level module, `lib` or `bin`.
    pub fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or(&self.path);
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// How many modules deep the file is: 1 for `time.rs` and `slo/mod.rs`, 2 for `slo/expr.rs`.
    pub fn depth(&self) -> usize {
        let is_own = |name: &&str| *name != "mod.rs" && *name != "lib.rs" && *name != "main.rs";
        self.path.split('/').filter(is_own).count()
    }

    /// All paths of two names or more, and what `use` names.
    pub fn paths(&self) -> Vec<Path> {
        let mut out = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            let follows = at.checked_sub(1).map(|i| self.tokens[i].text.as_str());
            match self.tokens[at].is_word && follows != Some(".") {
                true => at = self.read_path(at, &[], follows == Some("use"), &mut out),
                false => at += 1,
            }
        }
        out
    }

    /// Reads one path from `at`, and returns where it ends.
    fn read_path(&self, mut at: usize, prefix: &[String], in_use: bool, out: &mut Vec<Path>) -> usize {
        let (line, is_test) = (self.tokens[at].line, self.tokens[at].is_test);
        let mut names = prefix.to_vec();
        names.push(self.tokens[at].text.clone());
        at += 1;
        while self.is(at, "::") && at + 1 < self.tokens.len() {
            let next = &self.tokens[at + 1];
            if next.is_word || next.text == "*" {
                names.push(next.text.clone());
                at += 2;
            } else if next.text == "{" {
                return self.read_members(at + 2, &names, out);
            } else {
                break;
            }
        }
        if names.len() > 1 || in_use {
            out.push(Path { names, line, is_test });
        }
        at
    }

    /// Reads the members of a braced list up to its end.
    fn read_members(&self, mut at: usize, prefix: &[String], out: &mut Vec<Path>) -> usize {
        while at < self.tokens.len() && !self.is(at, "}") {
            at = match self.tokens[at].is_word || self.is(at, "*") {
                true => self.read_path(at, prefix, true, out),
                false => at + 1,
            };
            at += if self.is(at, "as") { 2 } else { 0 };
        }
        at + 1
    }

    /// All functions with a body.
    pub fn functions(&self) -> Vec<Function> {
        let mut out = Vec::new();
        for (at, token) in self.tokens.iter().enumerate() {
            let Some(name) = self.tokens.get(at + 1).filter(|t| token.text == "fn" && t.is_word) else { continue };
            let Some(close) = end_of_item(&self.tokens, at, false).filter(|&end| self.is(end, "}")) else { continue };
            let lines = self.tokens[close].line - token.line + 1;
            out.push(Function { name: name.text.clone(), line: token.line, lines, is_test: token.is_test });
        }
        out
    }

    /// Whether the token at `at` is this text.
    pub fn is(&self, at: usize, text: &str) -> bool {
        self.tokens.get(at).is_some_and(|t| t.text == text)
    }

    /// Whether the tokens from `at` are these.
    pub fn are(&self, at: usize, texts: &[&str]) -> bool {
        texts.iter().enumerate().all(|(i, text)| self.is(at + i, text))
    }
}

fn flatten(stream: TokenStream, out: &mut Vec<Token>) {
    for tree in stream {
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                push(out, open, group.span_open(), false);
                flatten(group.stream(), out);
                push(out, close, group.span_close(), false);
            }
            TokenTree::Ident(word) => push(out, word.to_string().trim_start_matches("r#"), word.span(), true),
            TokenTree::Literal(literal) => push(out, &literal.to_string(), literal.span(), false),
            TokenTree::Punct(mark) if mark.as_char() == ':' && out.last().is_some_and(|t| t.text == ": ") => {
                out.pop();
                push(out, "::", mark.span(), false);
            }
            // A first half of `::` is told apart from a colon by the blank behind it.
            TokenTree::Punct(mark) if mark.as_char() == ':' && mark.spacing() == Spacing::Joint => {
                push(out, ": ", mark.span(), false);
            }
            TokenTree::Punct(mark) => push(out, &mark.as_char().to_string(), mark.span(), false),
        }
    }
}

fn push(out: &mut Vec<Token>, text: &str, span: Span, is_word: bool) {
    out.push(Token { text: text.to_owned(), line: span.start().line, is_word, is_test: false });
}

/// Marks what is compiled for tests only; returns the names of modules in files of their own among it.
fn mark_tests(tokens: &mut [Token]) -> Vec<String> {
    let mut names = Vec::new();
    for at in 0..tokens.len() {
        let Some((end, whole_file)) = end_of_test_attribute(tokens, at) else { continue };
        let to = match whole_file {
            true => tokens.len(),
            false => end_of_item(tokens, end, true).map_or(tokens.len(), |last| last + 1),
        };
        tokens[at..to].iter_mut().for_each(|t| t.is_test = true);
        if let Some(i) = (end..to).find(|&i| tokens[i].text == "mod")
            && tokens.get(i + 2).is_some_and(|t| t.text == ";")
        {
            names.push(tokens[i + 1].text.clone());
        }
    }
    names
}

/// If a `#[test]` or `#[cfg(test)]` begins at `at`: the place behind it, and whether it speaks of the whole file.
fn end_of_test_attribute(tokens: &[Token], at: usize) -> Option<(usize, bool)> {
    let text = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    let whole_file = text(at + 1) == "!";
    let open = at + 1 + usize::from(whole_file);
    if text(at) != "#" || text(open) != "[" || !matches!(text(open + 1), "cfg" | "test") {
        return None;
    }
    let close = matching(tokens, open)?;
    let inside = &tokens[open..close];
    let is_test = inside.iter().any(|t| t.text == "test") && !inside.iter().any(|t| t.text == "not");
    is_test.then_some((close + 1, whole_file))
}

/// The last token of the item at `at`: its `;`, or the end of its body.
fn end_of_item(tokens: &[Token], mut at: usize, with_attributes: bool) -> Option<usize> {
    while with_attributes && tokens.get(at)?.text == "#" {
        at = matching(tokens, at + 1)? + 1;
    }
    let until_semicolon = tokens[at..].iter().take_while(|t| t.is_word || t.text == "(" || t.text == ")");
    let until_semicolon = until_semicolon.take(5).any(|t| matches!(t.text.as_str(), "use" | "static" | "type" | "let"));
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            ";" => return Some(at),
            "{" if !until_semicolon => return matching(tokens, at),
            "(" | "[" | "{" => at = matching(tokens, at)?,
            ")" | "]" | "}" => return at.checked_sub(1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The delimiter that closes the one at `open`.
fn matching(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (i, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(i);
        }
    }
    None
}

/// Where the module `name`, declared in the file `path`, can be.
fn child_files(path: &str, name: &str) -> [String; 2] {
    let parent = match path.rsplit_once('/') {
        Some((folder, "mod.rs" | "main.rs")) => format!("{folder}/"),
        None if path == "lib.rs" => String::new(),
        _ => format!("{}/", path.strip_suffix(".rs").unwrap_or(path)),
    };
    [format!("{parent}{name}.rs"), format!("{parent}{name}/mod.rs")]
}
