//! The grammar of expressions. One function an element; each takes text and returns a value and the rest.
//!
//! ```text
//! disjunction = conjunction { "or" conjunction }
//! conjunction = negation { "and" negation }
//! negation    = "not" negation | primary
//! primary     = "(" disjunction ")" | "exists" "(" name ")" | "true" | "false" | comparison
//! comparison  = name operator literal | name "in" "[" item { "," item } [ "," ] "]"
//! item        = literal [ ".." literal ]
//! name        = "$" word | apache | segment { "." segment }
//! literal     = string | number [ unit ] | digit "xx"
//! ```
//! Words of the language (`and`, `in`, …) are no names; between backticks anything is one.

use std::borrow::Cow;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while_m_n, take_while1};
use nom::character::complete::{char, digit1, multispace0, satisfy};
use nom::combinator::{cut, map, not, opt, peek, recognize, value};
use nom::error::{ErrorKind, ParseError};
use nom::multi::{many0, many0_count, separated_list1};
use nom::sequence::{delimited, pair, preceded, terminated};
use nom::{IResult, Parser};

use super::{EXPRESSION_DEPTH_MAX, Problem};

/// An expression as it is written. Every name and literal keeps its text, whose address tells the column.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Syntax<'a> {
    Always(bool),
    Exists(Name<'a>),
    Compare(Name<'a>, Operator, Literal<'a>),
    In(Name<'a>, Vec<Item<'a>>),
    Not(Box<Syntax<'a>>),
    And(Vec<Syntax<'a>>),
    Or(Vec<Syntax<'a>>),
}

/// The name of a field or of `route`.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Name<'a> {
    /// As it is written.
    pub text: &'a str,
    /// What it names: without backticks.
    pub name: Cow<'a, str>,
    /// A bare word, which may be a common name; other names are the log's own.
    pub bare: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
    MatchesNot,
    StartsWith,
    Contains,
}

/// A literal with its text.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Literal<'a> {
    pub text: &'a str,
    pub value: LiteralValue<'a>,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum LiteralValue<'a> {
    Text(String),
    /// A decimal number, and the letters right behind it.
    Number(&'a str, &'a str),
    /// `5xx` is 5.
    Class(u8),
}

/// An element of an `in` list: one literal, or the range from one to another.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Item<'a> {
    pub from: Literal<'a>,
    pub to: Option<Literal<'a>>,
}

/// Words that cannot be names.
const RESERVED: [&str; 9] = ["and", "or", "not", "in", "exists", "starts_with", "contains", "true", "false"];

/// Parses the whole of `text`.
pub(super) fn expression(text: &str) -> Result<Syntax<'_>, Problem> {
    terminated(|input| disjunction(input, 0), end).parse(text).map(|(_, syntax)| syntax).map_err(|error| locate(text, error))
}

/// Parses a name that is the whole of `text`.
pub(super) fn whole_name(text: &str) -> Result<Name<'_>, Problem> {
    let end_of_name = |input| if str::is_empty(input) { Ok((input, ())) } else { refuse(input, "the end of the name", None) };
    terminated(name, end_of_name).parse(text).map(|(_, name)| name).map_err(|error| locate(text, error))
}

type Parsed<'a, T> = IResult<&'a str, T, Complaint<'a>>;

/// Where and why the text left the grammar.
#[derive(Debug)]
struct Complaint<'a> {
    at: &'a str,
    length: usize,
    message: Cow<'static, str>,
    hint: Option<Cow<'static, str>>,
}

impl<'a> ParseError<&'a str> for Complaint<'a> {
    fn from_error_kind(at: &'a str, _: ErrorKind) -> Self {
        Complaint { at, length: 0, message: Cow::Borrowed("this is not an expression"), hint: None }
    }

    fn append(_: &'a str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

fn locate(text: &str, error: nom::Err<Complaint<'_>>) -> Problem {
    match error {
        nom::Err::Error(c) | nom::Err::Failure(c) => {
            Problem::at(text, &c.at[..c.length], c.message.into_owned(), c.hint.map(Cow::into_owned))
        }
        // The parsers are complete ones, which never ask for more.
        nom::Err::Incomplete(_) => Problem::at(text, "", "the expression ends too early".to_owned(), None),
    }
}

/// Ends the parse with a complaint about the next token: something else is expected there.
fn refuse<'a, T>(input: &'a str, expected: &str, hint: Option<Cow<'static, str>>) -> Parsed<'a, T> {
    let at = input.trim_start();
    let token = token(at);
    let message = match token {
        "" => format!("the expression ends where {expected} is expected"),
        _ => format!("`{token}` stands where {expected} is expected"),
    };
    complain(at, token.len(), message, hint)
}

fn complain<'a, T>(
    at: &'a str,
    length: usize,
    message: impl Into<Cow<'static, str>>,
    hint: Option<Cow<'static, str>>,
) -> Parsed<'a, T> {
    Err(nom::Err::Failure(Complaint { at, length, message: message.into(), hint }))
}

/// What a reader would take for the next token.
fn token(input: &str) -> &str {
    let word = input.find(|c: char| !is_name_char(c)).unwrap_or(input.len());
    let signs = input.find(|c: char| !"=<>!~&|".contains(c)).unwrap_or(input.len());
    let length = word.max(signs).max(input.chars().next().map_or(0, char::len_utf8));
    &input[..length]
}

fn disjunction(input: &str, depth: usize) -> Parsed<'_, Syntax<'_>> {
    let (input, first) = conjunction(input, depth)?;
    let (input, more) = many0(preceded(word("or"), cut(|i| conjunction(i, depth)))).parse(input)?;
    Ok((input, joined(first, more, Syntax::Or)))
}

fn conjunction(input: &str, depth: usize) -> Parsed<'_, Syntax<'_>> {
    let (input, first) = negation(input, depth)?;
    let (input, more) = many0(preceded(word("and"), cut(|i| negation(i, depth)))).parse(input)?;
    Ok((input, joined(first, more, Syntax::And)))
}

fn joined<'a>(first: Syntax<'a>, more: Vec<Syntax<'a>>, many: fn(Vec<Syntax<'a>>) -> Syntax<'a>) -> Syntax<'a> {
    if more.is_empty() { first } else { many([vec![first], more].concat()) }
}

fn negation(input: &str, depth: usize) -> Parsed<'_, Syntax<'_>> {
    check_depth(input, depth)?;
    let negated = preceded(word("not"), cut(|i| negation(i, depth + 1)));
    alt((map(negated, |inner| Syntax::Not(Box::new(inner))), |i| primary(i, depth))).parse(input)
}

fn check_depth(input: &str, depth: usize) -> Parsed<'_, ()> {
    if depth <= EXPRESSION_DEPTH_MAX {
        return Ok((input, ()));
    }
    complain(input.trim_start(), 0, format!("the expression is nested deeper than {EXPRESSION_DEPTH_MAX}"), None)
}

fn primary(input: &str, depth: usize) -> Parsed<'_, Syntax<'_>> {
    let group = delimited(sign("("), cut(|i| disjunction(i, depth + 1)), cut(closing(")")));
    let constant = alt((value(true, word("true")), value(false, word("false"))));
    alt((group, exists, map(constant, Syntax::Always), comparison)).parse(input)
}

fn exists(input: &str) -> Parsed<'_, Syntax<'_>> {
    let (input, _) = word("exists").parse(input)?;
    let hint = Some(Cow::Borrowed("write exists(status)"));
    let Ok((input, _)) = sign("(").parse(input) else { return refuse(input, "`(`", hint) };
    map(terminated(cut(name), cut(closing(")"))), Syntax::Exists).parse(input)
}

fn comparison(input: &str) -> Parsed<'_, Syntax<'_>> {
    let (input, name) = name(input)?;
    if let Ok((input, _)) = word("in").parse(input) {
        let (input, items) = list(input)?;
        return Ok((input, Syntax::In(name, items)));
    }
    let (input, operator) = operator(input, &name)?;
    let (input, literal) = literal(input)?;
    Ok((input, Syntax::Compare(name, operator, literal)))
}

fn list(input: &str) -> Parsed<'_, Vec<Item<'_>>> {
    let hint = Some(Cow::Borrowed("write a list, as in `status in [404, 5xx]`"));
    let Ok((input, _)) = sign("[").parse(input) else { return refuse(input, "`[`", hint) };
    terminated(separated_list1(sign(","), item), (opt(sign(",")), cut(closing("]")))).parse(input)
}

fn item(input: &str) -> Parsed<'_, Item<'_>> {
    // A comma may stand behind the last item.
    let _ = not(peek(pair(multispace0, char(']')))).parse(input)?;
    map(pair(literal, opt(preceded(sign(".."), literal))), |(from, to)| Item { from, to }).parse(input)
}

fn operator<'a>(input: &'a str, name: &Name<'_>) -> Parsed<'a, Operator> {
    let signs = alt((
        value(Operator::Equal, sign("==")),
        value(Operator::Unequal, sign("!=")),
        value(Operator::LessOrEqual, sign("<=")),
        value(Operator::GreaterOrEqual, sign(">=")),
        value(Operator::Less, sign("<")),
        value(Operator::Greater, sign(">")),
        value(Operator::MatchesNot, sign("!~")),
        value(Operator::Matches, sign("~")),
    ));
    let words = alt((value(Operator::StartsWith, word("starts_with")), value(Operator::Contains, word("contains"))));
    alt((signs, words)).parse(input).or_else(|_: nom::Err<Complaint<'_>>| refuse_operator(input, name))
}

#[cold]
fn refuse_operator<'a>(input: &'a str, name: &Name<'_>) -> Parsed<'a, Operator> {
    let rest = input.trim_start();
    let hint = match token(rest) {
        "=" => "write `==`".to_owned(),
        "=~" => "write `~` for a regular expression".to_owned(),
        "not" => format!("write not ({} in [..])", name.text),
        "matches" | "like" => "write `~` for a regular expression, or `contains`".to_owned(),
        "(" => "the only function is exists(field)".to_owned(),
        _ => "operators are == != < <= > >= ~ !~ in starts_with contains".to_owned(),
    };
    refuse(input, "a comparison of the field", Some(Cow::Owned(hint)))
}

fn name(input: &str) -> Parsed<'_, Name<'_>> {
    let (start, _) = multispace0(input)?;
    match alt((server_name, path_name)).parse(start) {
        Ok((rest, name)) if name.bare && RESERVED.contains(&name.text) => {
            let hint = format!("the field of that name is written `{}` between backticks", name.text);
            let message = format!("`{}` is a word of the language and stands where a field is expected", name.text);
            let _ = rest;
            complain(start, name.text.len(), message, Some(Cow::Owned(hint)))
        }
        Err(nom::Err::Error(_)) => refuse_name(start),
        other => other,
    }
}

#[cold]
fn refuse_name<'a, T>(start: &'a str) -> Parsed<'a, T> {
    let hint = match start.chars().next() {
        Some('!') => Some("negation is written `not`"),
        Some('"' | '\'' | '0'..='9' | '-') => Some("a comparison begins with a field, as in `latency <= 300ms`"),
        _ => None,
    };
    refuse(start, "a field", hint.map(Cow::Borrowed))
}

/// nginx variables (`$request_time`) and Apache directives (`%D`, `%>s`, `%{X-Cache}o`, `%400,501{Referer}i`, `%{c}^ti`).
fn server_name(input: &str) -> Parsed<'_, Name<'_>> {
    let letter = || satisfy(|c| c.is_ascii_alphabetic());
    let nginx = recognize((char('$'), take_while1(is_word_char)));
    let modifiers = take_while(|c: char| c.is_ascii_digit() || "<>!,".contains(c));
    let argument = (char('{'), take_while(|c| c != '}'), char('}'));
    let directive = alt((recognize((char('^'), letter(), letter())), recognize(letter())));
    let apache = recognize((char('%'), modifiers, opt(argument), directive));
    map(alt((nginx, apache)), |text: &str| Name { text, name: Cow::Borrowed(text), bare: false }).parse(input)
}

/// A word, a path into a JSON object (`request.headers.Host`), or either with parts between backticks.
fn path_name(input: &str) -> Parsed<'_, Name<'_>> {
    let (rest, first) = alt((map(word_segment, Segment::Word), backticks)).parse(input)?;
    let later = alt((map(take_while1(is_name_char), Segment::Word), cut(backticks_or_refuse)));
    // `..` belongs to a range.
    let dot = terminated(char('.'), not(peek(char('.'))));
    let (rest, more) = many0(preceded(dot, later)).parse(rest)?;
    let text = &input[..input.len() - rest.len()];
    let bare = more.is_empty() && matches!(first, Segment::Word(_));
    let name = if more.is_empty() { first.alone() } else { joined_path(first, more) };
    Ok((rest, Name { text, name, bare }))
}

enum Segment<'a> {
    Word(&'a str),
    Quoted(String),
}

impl<'a> Segment<'a> {
    fn alone(self) -> Cow<'a, str> {
        match self {
            Segment::Word(word) => Cow::Borrowed(word),
            Segment::Quoted(name) => Cow::Owned(name),
        }
    }
}

/// The segments joined by dots. A key that itself holds a dot or a backtick keeps its backticks, so that paths stay distinct.
fn joined_path<'a>(first: Segment<'a>, more: Vec<Segment<'a>>) -> Cow<'a, str> {
    let written = |segment: Segment<'a>| match segment {
        Segment::Quoted(key) if key.contains(['.', '`', '\\']) => {
            format!("`{}`", key.replace('\\', "\\\\").replace('`', "\\`"))
        }
        other => other.alone().into_owned(),
    };
    let segments: Vec<String> = std::iter::once(first).chain(more).map(written).collect();
    Cow::Owned(segments.join("."))
}

fn word_segment(input: &str) -> Parsed<'_, &str> {
    recognize(pair(satisfy(|c| c.is_alphabetic() || c == '_' || c == '@'), many0_count(satisfy(is_name_char)))).parse(input)
}

fn backticks(input: &str) -> Parsed<'_, Segment<'_>> {
    let (rest, key) = enclosed(input, '`', "the backtick is never closed")?;
    if key.is_empty() {
        return complain(input, 2, "the name between the backticks is empty", None);
    }
    Ok((rest, Segment::Quoted(key)))
}

fn backticks_or_refuse(input: &str) -> Parsed<'_, Segment<'_>> {
    if input.starts_with('`') { backticks(input) } else { refuse(input, "a key behind the dot", None) }
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_name_char(c: char) -> bool {
    is_word_char(c) || c == '@' || c == '-'
}

fn literal(input: &str) -> Parsed<'_, Literal<'_>> {
    let (start, _) = multispace0(input)?;
    let (rest, value) = alt((string, class, number)).parse(start).or_else(|error| match error {
        nom::Err::Error(_) => refuse_literal(start),
        failure => Err(failure),
    })?;
    Ok((rest, Literal { text: &start[..start.len() - rest.len()], value }))
}

#[cold]
fn refuse_literal<'a, T>(start: &'a str) -> Parsed<'a, T> {
    let hint = match start.chars().next() {
        Some('\'') => "texts stand between double quotes: \"GET\"".to_owned(),
        Some(c) if c.is_alphabetic() => format!("texts stand between double quotes: \"{}\"", token(start)),
        Some('$' | '%' | '`') => "a field is compared with a value, not with another field".to_owned(),
        _ => "values are texts (\"GET\"), numbers with their unit (300ms, 64KiB), statuses (404, 5xx)".to_owned(),
    };
    refuse(start, "a value", Some(Cow::Owned(hint)))
}

fn string(input: &str) -> Parsed<'_, LiteralValue<'_>> {
    map(|i| enclosed(i, '"', "the text is never closed"), LiteralValue::Text).parse(input)
}

/// What stands between two `quote`s, where `\` hides a quote or another `\`. Before other characters it stands for
/// itself, so that regular expressions need no doubling.
fn enclosed<'a>(input: &'a str, quote: char, unclosed: &'static str) -> Parsed<'a, String> {
    let (body, _) = char(quote)(input)?;
    let mut text = String::new();
    let mut characters = body.char_indices().peekable();
    while let Some((i, c)) = characters.next() {
        let hidden = characters.peek().map(|(_, next)| *next).filter(|&next| c == '\\' && (next == quote || next == '\\'));
        match hidden {
            Some(next) => {
                text.push(next);
                characters.next();
            }
            None if c == quote => return Ok((&body[i + quote.len_utf8()..], text)),
            None => text.push(c),
        }
    }
    complain(input, input.len(), unclosed, None)
}

/// A status class: `5xx`.
fn class(input: &str) -> Parsed<'_, LiteralValue<'_>> {
    let digit = map(satisfy(|c| ('1'..='9').contains(&c)), |c| c as u8 - b'0');
    let tail = terminated(alt((tag("xx"), tag("XX"))), not(peek(satisfy(is_word_char))));
    map(terminated(digit, tail), LiteralValue::Class).parse(input)
}

fn number(input: &str) -> Parsed<'_, LiteralValue<'_>> {
    let decimals = pair(char('.'), digit1);
    let decimal = recognize((opt(char('-')), digit1, opt(decimals)));
    let unit = take_while_m_n(0, 16, |c: char| c.is_alphabetic() || c == '_');
    map(pair(decimal, unit), |(decimal, unit)| LiteralValue::Number(decimal, unit)).parse(input)
}

/// A word of the language: not the beginning of a longer one.
fn word<'a>(word: &'static str) -> impl Parser<&'a str, Output = &'a str, Error = Complaint<'a>> {
    delimited(
        multispace0,
        tag(word),
        not(peek(alt((value((), satisfy(is_name_char)), value((), pair(char('.'), word_segment)))))),
    )
}

fn sign<'a>(sign: &'static str) -> impl Parser<&'a str, Output = &'a str, Error = Complaint<'a>> {
    preceded(multispace0, tag(sign))
}

fn closing<'a>(bracket: &'static str) -> impl Parser<&'a str, Output = &'a str, Error = Complaint<'a>> {
    move |input: &'a str| match sign(bracket).parse(input) {
        Ok(done) => Ok(done),
        Err(_) => refuse(input, &format!("`{bracket}`"), confusion(input)),
    }
}

fn end(input: &str) -> Parsed<'_, ()> {
    if input.trim_start().is_empty() {
        return Ok(("", ()));
    }
    let hint = confusion(input).or(Some(Cow::Borrowed("conditions are joined by `and` or `or`")));
    refuse(input, "`and`, `or` or the end", hint)
}

/// What people bring along from other languages.
#[cold]
fn confusion(input: &str) -> Option<Cow<'static, str>> {
    Some(Cow::Borrowed(match token(input.trim_start()) {
        "&&" | "&" | "AND" | "And" => "write `and`",
        "||" | "|" | "OR" | "Or" => "write `or`",
        "==" | "!=" | "<" | "<=" | ">" | ">=" => "a field is compared with one value; join two comparisons by `and`",
        "ns" | "us" | "ms" | "s" | "m" | "h" | "B" | "KB" | "MB" | "GB" | "KiB" | "MiB" | "GiB" | "%" => {
            "a unit stands right behind its number, as in 300ms"
        }
        _ => return None,
    }))
}
