//! Formats from the servers' own configuration files.
//!
//! These are pure functions over a file's text; files that it includes are not read.
//!
//! ```text
//! nginx     = *( statement / comment )
//! statement = 1*token ( ";" / "{" / "}" )
//! token     = word / "'" text "'" / DQUOTE text DQUOTE      ; "\" and a character belong together
//!
//! apache    = *( directive / "#" comment ) , one a line, "\" at the end joins the next line
//! directive = name *( word / "'" text "'" / DQUOTE text DQUOTE )
//! ```
//! Sources: nginx.org "log_format", "access_log"; httpd.apache.org mod_log_config "LogFormat", "CustomLog", "TransferLog", "GlobalLog".

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_while1};
use nom::character::complete::{anychar, char, multispace1, none_of, one_of, satisfy, space0};
use nom::combinator::{eof, map, not, opt, recognize, rest, value};
use nom::multi::{many0, many0_count, many1_count};
use nom::sequence::{delimited, pair, preceded, terminated};
use nom::{IResult, Parser};

use super::declare::{StringFormat, choices, definition};
use super::preset::Preset;
use super::template::Source;
use super::{Escape, Format, nginx};
use crate::error::Result;

/// The format that an nginx configuration declares: `log_format` of that name, or without a name the one that its
/// `access_log`s use (nginx's built-in `combined` if there is none).
///
/// `file` is the file's name, for errors.
///
/// # Errors
/// No `log_format` of that name, several in use and no name, an unterminated quote, and whatever the string itself has wrong.
pub fn from_nginx_conf(file: &str, text: &str, name: Option<&str>) -> Result<Format> {
    let config = NginxConfig::read(Source { name: file, text })?;
    let used = config.used.iter().map(String::as_str);
    let defined: Vec<&str> = config.formats.iter().map(|f| f.name.as_str()).chain(["combined"]).collect();
    let name = match name {
        Some(name) => name,
        None => only(file, used, &defined[..defined.len() - 1])?.unwrap_or("combined"),
    };
    match config.formats.iter().find(|f| f.name == name) {
        Some(found) => found.format(file),
        None if name == "combined" => Preset::named("combined")?.first_with(&[]),
        None => Err(unknown(file, "log_format", name, &defined)),
    }
}

/// The format that an Apache configuration declares: `LogFormat` of that nickname, or without one the format that its
/// `CustomLog`, `GlobalLog` and `TransferLog` directives use.
///
/// `file` is the file's name, for errors.
///
/// # Errors
/// No `LogFormat` of that nickname, several in use and no nickname, none at all, an unterminated quote, and whatever the string itself has wrong.
pub fn from_apache_conf(file: &str, text: &str, nickname: Option<&str>) -> Result<Format> {
    let config = ApacheConfig::read(Source { name: file, text })?;
    let defined: Vec<&str> = config.formats.iter().map(|(nickname, _)| nickname.as_str()).collect();
    let name = match nickname {
        Some(name) => name,
        None => only(file, config.used.iter().map(String::as_str), &defined)?.ok_or_else(|| {
            definition(format!("{file} has neither a LogFormat nor a CustomLog"))
                .hint("give the file that holds them; included files are not read")
        })?,
    };
    let string = match config.formats.iter().find(|(known, _)| known == name) {
        Some((_, string)) => string.as_str(),
        // A format written in place of a nickname, or the built-in one.
        None if name.contains('%') => name,
        None if name.eq_ignore_ascii_case("clf") => CLF,
        None => return Err(unknown(file, "LogFormat", name, &defined)),
    };
    let shown = if name.contains('%') { "custom" } else { name };
    let source = Source { name: &format!("{file}: LogFormat {shown}"), text: string };
    StringFormat { name: shown, ..StringFormat::CUSTOM }.apache(source)
}

/// Apache's own format for `TransferLog` without a `LogFormat`.
const CLF: &str = r#"%h %l %u %t "%r" %>s %b"#;

/// The one format in use, or the only one declared; none if there is none.
fn only<'a>(file: &str, used: impl Iterator<Item = &'a str>, defined: &[&'a str]) -> Result<Option<&'a str>> {
    let mut names: Vec<&str> = Vec::new();
    for name in used {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        names.extend(defined);
    }
    match names.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        [example, ..] => Err(definition(format!("{file} has several log formats: {}", names.join(", ")))
            .hint(format!("say which one the log has, as in {file}:{example}"))),
    }
}

#[cold]
fn unknown(file: &str, directive: &str, name: &str, defined: &[&str]) -> crate::error::Error {
    let hint = match defined {
        [] => "included files are not read: give the file that declares it".to_owned(),
        _ => format!("{}; included files are not read", choices(name, defined.iter().copied())),
    };
    definition(format!("{file} declares no {directive} `{name}`")).hint(hint)
}

/// What an nginx configuration says about access logs.
#[derive(Default)]
struct NginxConfig {
    formats: Vec<NginxFormat>,
    /// Names that `access_log` directives use, in order.
    used: Vec<String>,
}

struct NginxFormat {
    name: String,
    escape: Option<Escape>,
    /// The parts of the string side by side, escapes as they are written.
    text: String,
}

impl NginxFormat {
    fn format(&self, file: &str) -> Result<Format> {
        let source = Source { name: &format!("{file}: log_format {}", self.name), text: &self.text };
        StringFormat { name: &self.name, escape: self.escape, ..StringFormat::CUSTOM }.nginx(source)
    }
}

impl NginxConfig {
    fn read(source: Source) -> Result<Self> {
        let mut config = NginxConfig::default();
        let mut rest = skip_nginx_space(source.text);
        let (mut statement, mut blocks): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
        while !rest.is_empty() {
            let start = source.offset(rest);
            let (tail, token) = nginx_token(rest).map_err(|_| unterminated(source, start))?;
            rest = skip_nginx_space(tail);
            let name = statement.first().copied().unwrap_or_default();
            match token {
                NginxToken::Text(text) => statement.push(text),
                NginxToken::Mark('{') => {
                    if name.ends_with("_by_lua_block") {
                        rest = skip_nginx_space(skip_block(rest));
                    }
                    blocks.push(name);
                    statement.clear();
                }
                NginxToken::Mark(mark) => {
                    config.take(&blocks, &statement);
                    statement.clear();
                    if mark == '}' {
                        blocks.pop();
                    }
                }
            }
        }
        // A directive pasted without its `;` counts.
        config.take(&blocks, &statement);
        Ok(config)
    }

    /// Remembers what a statement says. Streams and mail have log formats of their own, which are not of requests.
    fn take(&mut self, blocks: &[&str], statement: &[&str]) {
        if blocks.iter().any(|block| matches!(*block, "stream" | "mail")) {
            return;
        }
        match statement {
            ["log_format", name, parts @ ..] => {
                let escape = parts.first().and_then(|p| nginx::escape_parameter(p).ok());
                let parts = if escape.is_some() { &parts[1..] } else { parts };
                self.formats.push(NginxFormat { name: (*name).to_owned(), escape: escape.map(|(_, e)| e), text: parts.concat() });
            }
            ["access_log", "off", ..] => {}
            ["access_log", _] => self.used.push("combined".to_owned()),
            ["access_log", _, name, ..] => {
                // The format may be left out before parameters such as buffer=32k.
                let is_parameter = name.contains('=') || *name == "gzip";
                self.used.push(if is_parameter { "combined" } else { name }.to_owned());
            }
            _ => {}
        }
    }
}

#[cold]
fn unterminated(source: Source, start: usize) -> crate::error::Error {
    source
        .error(start..start + 1, "a quote is opened here and never closed", "opened here")
        .hint("close the string with the same kind of quote")
}

#[derive(Clone, PartialEq)]
enum NginxToken<'a> {
    Text(&'a str),
    Mark(char),
}

fn nginx_token(input: &str) -> IResult<&str, NginxToken<'_>> {
    let mark = alt((char(';'), char('{'), char('}')));
    alt((map(mark, NginxToken::Mark), map(alt((quoted('\''), quoted('"'), nginx_word)), NginxToken::Text))).parse(input)
}

/// A text between quotes, without them, escapes as they are written.
fn quoted<'a>(quote: char) -> impl Parser<&'a str, Output = &'a str, Error = nom::error::Error<&'a str>> {
    let escaped = recognize(pair(char('\\'), anychar));
    let plain = recognize(satisfy(move |c| c != quote && c != '\\'));
    delimited(char(quote), recognize(many0_count(alt((escaped, plain)))), char(quote))
}

/// A text without quotes. `${name}` belongs to it.
fn nginx_word(input: &str) -> IResult<&str, &str> {
    let variable = recognize((tag("${"), take_till(|c| c == '}'), char('}')));
    let escaped = recognize(pair(char('\\'), anychar));
    let plain = recognize(none_of(" \t\r\n;{\\"));
    preceded(not(one_of("'\"")), recognize(many1_count(alt((variable, escaped, plain))))).parse(input)
}

/// White space and comments.
fn skip_nginx_space(input: &str) -> &str {
    let comment = preceded(char('#'), take_till(|c| c == '\n'));
    let result: IResult<&str, usize> = many0_count(alt((multispace1, comment))).parse(input);
    result.map_or(input, |(rest, _)| rest)
}

/// What follows the `}` that closes a block of another language.
fn skip_block(input: &str) -> &str {
    let mut depth = 1;
    for (i, c) in input.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &input[i..];
        }
    }
    ""
}

/// What an Apache configuration says about access logs.
#[derive(Default)]
struct ApacheConfig {
    /// Nicknames and strings.
    formats: Vec<(String, String)>,
    /// Nicknames or strings that logs use, in order.
    used: Vec<String>,
    /// What `TransferLog` uses.
    default: Option<String>,
}

impl ApacheConfig {
    fn read(source: Source) -> Result<Self> {
        let mut config = ApacheConfig::default();
        let mut rest = source.text;
        while !rest.is_empty() {
            let start = source.offset(rest);
            let (tail, line) = apache_line(rest).map_err(|_| unterminated(source, start))?;
            rest = tail;
            let (open, arguments) = arguments(&line).map_err(|_| unterminated(source, start))?;
            if open.trim().is_empty() {
                config.take(&arguments);
            } else if config.concerns(&arguments) {
                return Err(unterminated(source, start));
            }
        }
        Ok(config)
    }

    fn concerns(&self, arguments: &[String]) -> bool {
        let names = ["logformat", "customlog", "globallog", "transferlog"];
        arguments.first().is_some_and(|name| names.contains(&name.to_ascii_lowercase().as_str()))
    }

    fn take(&mut self, arguments: &[String]) {
        let Some((name, values)) = arguments.split_first() else { return };
        match (name.to_ascii_lowercase().as_str(), values) {
            ("logformat", [string, nickname]) => self.formats.push((nickname.clone(), string.clone())),
            ("logformat", [string]) => self.default = Some(string.clone()),
            ("customlog" | "globallog", [_, format, ..]) => self.used.push(format.clone()),
            ("customlog" | "globallog", [_]) | ("transferlog", [_]) => {
                self.used.push(self.default.clone().unwrap_or_else(|| "clf".to_owned()));
            }
            _ => {}
        }
    }
}

/// One line, with those that `\` at its end joins to it.
fn apache_line(input: &str) -> IResult<&str, String> {
    let ends = alt((tag("\r\n"), tag("\n")));
    let joined = preceded(char('\\'), ends);
    let text = map(recognize(many1_count(none_of("\\\r\n"))), str::to_owned);
    let lone = map(alt((char('\\'), char('\r'))), String::from);
    let parts = many0(alt((value(String::new(), joined), text, lone)));
    let end = alt((tag("\r\n"), tag("\n"), eof));
    map(terminated(parts, end), |parts| parts.concat()).parse(input)
}

/// The words of a line; a comment has none. The rest is what could not be read: a quote without its end.
fn arguments(line: &str) -> IResult<&str, Vec<String>> {
    let comment: IResult<&str, &str> = preceded(space0, recognize(pair(char('#'), rest))).parse(line);
    if comment.is_ok() {
        return Ok(("", Vec::new()));
    }
    // A word may hold quotes behind its first character.
    let word = preceded(not(one_of("'\"")), take_while1(|c: char| !c.is_ascii_whitespace()));
    let unquote = |quote: char| map(quoted(quote), move |text: &str| unescape(text, quote));
    let argument = alt((unquote('"'), unquote('\''), map(word, str::to_owned)));
    many0(delimited(space0, argument, opt(space0))).parse(line)
}

/// `\` before the quote or another `\` is dropped (`ap_getword_conf`); all other escapes are the string's own.
fn unescape(text: &str, quote: char) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(&next) if c == '\\' && (next == quote || next == '\\') => {
                plain.push(next);
                chars.next();
            }
            _ => plain.push(c),
        }
    }
    plain
}

/// Whether a text is a directive of a configuration rather than a format string, and of which server.
pub(super) fn pasted(text: &str) -> Option<Result<Format>> {
    let begins = |name| text.trim_start().strip_prefix(name).is_some_and(|rest| rest.starts_with(char::is_whitespace));
    if begins("log_format") {
        return Some(from_nginx_conf("format", text, None));
    }
    begins("LogFormat").then(|| from_apache_conf("format", text, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Element, Layout};

    const NGINX: &str = r##"
# log_format commented '$msec';
http {
    map $uri $loggable { "~^/health" 0; default 1; }
    log_format timed escape=none '$time_iso8601 "$request" ' # a comment between the parts
                     "$status \"$http_user_agent\" "
                     $request_time;
    log_format json escape=json '{"t":"$time_iso8601","s":"$status"}';
    access_by_lua_block { local s = "it's { fine }" }
    access_log off;
    access_log /var/log/a.log timed buffer=32k if=$loggable;
    server { location / { access_log /var/log/${host}.log timed; } }
}
stream {
    log_format tcp '$time_local $protocol $session_time';
    access_log /var/log/tcp.log tcp;
}
"##;

    fn template(format: &Format) -> Vec<String> {
        let Layout::Delimited(template) = &format.layout else { panic!() };
        let show = |e: &Element| match e {
            Element::Literal(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Element::Field(f) => format!("{}{}", f.name, if f.quoted { "!" } else { "" }),
        };
        template.elements.iter().map(show).collect()
    }

    #[test]
    fn nginx_takes_the_format_in_use() {
        let format = from_nginx_conf("nginx.conf", NGINX, None).unwrap();
        let want = ["$time_iso8601", " ", "$request!", " ", "$status", " ", "$http_user_agent!", " ", "$request_time"];
        assert_eq!(template(&format), want);
        let Layout::Delimited(template) = &format.layout else { panic!() };
        assert_eq!((format.name.as_str(), template.escape), ("timed", Escape::None));
    }

    #[test]
    fn nginx_takes_the_format_that_is_named() {
        let format = from_nginx_conf("nginx.conf", NGINX, Some("json")).unwrap();
        assert!(matches!(format.layout, Layout::Json(_)));
        assert_eq!(from_nginx_conf("nginx.conf", NGINX, Some("combined")).unwrap().name, "combined");
    }

    #[test]
    fn nginx_without_a_format_writes_combined() {
        for text in ["", "access_log /a.log;", "access_log /a.log buffer=1k;", "events {}"] {
            assert_eq!(from_nginx_conf("nginx.conf", text, None).unwrap().name, "combined", "{text}");
        }
        let alone = "log_format only '$msec $status';";
        assert_eq!(from_nginx_conf("nginx.conf", alone, None).unwrap().name, "only");
    }

    #[test]
    fn nginx_mistakes_list_what_there_is() {
        let two = "log_format aa '$msec'; log_format bb '$msec'; access_log x aa; access_log y bb;";
        for (text, name, words) in [
            (two, None, "several log formats: aa, bb"),
            (two, Some("ab"), "no log_format `ab`"),
            ("access_log x far;", None, "no log_format `far`"),
            ("log_format a '$msec;", None, "never closed"),
            ("log_format a '$msec ${status';", None, "nginx.conf: log_format a:1:7"),
        ] {
            let error = from_nginx_conf("nginx.conf", text, name).unwrap_err();
            assert!(error.to_string().contains(words), "{text}: {error}");
            assert!(error.hint_text().is_some(), "{text}");
        }
    }

    const APACHE: &str = r#"
# LogFormat "%t" commented
LogFormat "%h %t \"%r\" %>s \
  %D" timed
logformat '%t %>s "%{X}i"' single
<VirtualHost *:80>
    CustomLog "|/usr/bin/rotate -l 'x'" timed env=!quiet
    ServerAdmin it's-me
</VirtualHost>
"#;

    #[test]
    fn apache_takes_the_format_in_use() {
        let format = from_apache_conf("httpd.conf", APACHE, None).unwrap();
        assert_eq!(template(&format), ["%h", " [", "%t", "] ", "%r!", " ", "%>s", "   ", "%D"]);
        assert_eq!(format.name, "timed");
        let named = from_apache_conf("httpd.conf", APACHE, Some("single")).unwrap();
        assert_eq!(template(&named), ["[", "%t", "] ", "%>s", " ", "%{X}i!"]);
    }

    #[test]
    fn apache_reads_formats_in_place_and_by_default() {
        let written = from_apache_conf("httpd.conf", r#"CustomLog a.log "%t %>s""#, None).unwrap();
        assert_eq!((written.name.as_str(), template(&written).len()), ("custom", 4));
        let default = "LogFormat \"%t %s\"\nTransferLog a.log\n";
        assert_eq!(template(&from_apache_conf("httpd.conf", default, None).unwrap()).len(), 4);
        assert_eq!(from_apache_conf("httpd.conf", "TransferLog a.log", None).unwrap().name, "clf");
    }

    #[test]
    fn apache_mistakes_list_what_there_is() {
        let two = "LogFormat \"%t\" aa\nLogFormat \"%t %s\" bb\n";
        for (text, name, words) in [
            (two, None, "several log formats: aa, bb"),
            (two, Some("ab"), "no LogFormat `ab`"),
            ("Listen 80", None, "neither a LogFormat"),
            ("LogFormat \"%t", None, "never closed"),
            ("LogFormat \"%t %Z\" a", None, "httpd.conf: LogFormat a:1:4"),
        ] {
            let error = from_apache_conf("httpd.conf", text, name).unwrap_err();
            assert!(error.to_string().contains(words), "{text}: {error}");
            assert!(error.hint_text().is_some(), "{text}");
        }
    }

    #[test]
    fn a_pasted_directive_is_a_format() {
        let format = Format::parse("log_format main '$msec '\n  '$status';").unwrap();
        assert_eq!((format.name.as_str(), template(&format).len()), ("main", 3));
        assert_eq!(Format::parse(r#"LogFormat "%t \"%r\"" brief"#).unwrap().name, "brief");
    }
}
