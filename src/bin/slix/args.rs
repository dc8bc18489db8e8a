//! The command line as it is typed. Nothing is decided here: `run.rs` says what it means.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const ABOUT: &str = "Access logs in, exact SLO numbers out";

/// The command line.
#[derive(Parser, Debug)]
#[command(name = "slix", version, about = ABOUT)]
#[command(arg_required_else_help = true, disable_help_subcommand = true, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How to speak.
    #[command(flatten)]
    pub words: WordOptions,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Show each SLO's state and budget
    #[command(long_about = REPORT)]
    Report(ReportArgs),
    /// Write one row per SLO, group and step: Parquet, Arrow, JSON, CSV
    #[command(long_about = WINDOWS)]
    Windows(WindowsArgs),
    /// Count once and keep the counts, to be read instead of the logs
    #[command(long_about = SLICES)]
    Slices(SlicesArgs),
    /// List when burn-rate alerts would have fired, in event time
    #[command(long_about = ALERTS)]
    Alerts(HistoryArgs),
    /// List when a budget burned, and who spent it; draft postmortems
    #[command(long_about = INCIDENTS)]
    Incidents(IncidentsArgs),
    /// Read the actions of postmortems back, as rows for a backlog
    #[command(long_about = BACKLOG)]
    Backlog(BacklogArgs),
    /// Propose targets and latency bounds that history would have met
    #[command(long_about = SUGGEST)]
    Suggest(HistoryArgs),
    /// Say whether to release, as text and exit code
    #[command(long_about = GATE)]
    Gate(GateArgs),
    /// Show what share of a work log is toil, by role
    #[command(long_about = TOIL)]
    Toil(ToilArgs),
    /// Show how one line is read, and what each SLO says of it and why
    #[command(long_about = EXPLAIN)]
    Explain(ExplainArgs),
    /// Check a definition file and say what it means
    #[command(long_about = CHECK)]
    Check(CheckArgs),
    /// List the formats that have a name, or explain one
    #[command(long_about = FORMATS)]
    Formats(FormatsArgs),
    /// Say what logs are, and what can be asked of them
    #[command(long_about = DETECT)]
    Detect(LogsArgs),
    /// Group rejected lines by shape, and propose what would read them
    #[command(long_about = REJECTS)]
    Rejects(LogsArgs),
    /// Write a definition file fitted to a log
    #[command(long_about = INIT)]
    Init(InitArgs),
    /// Write what a shell needs to complete commands and options
    #[command(long_about = COMPLETIONS)]
    Completions(CompletionsArgs),
    /// Write the manual pages
    #[command(long_about = MAN)]
    Man(ManArgs),
}

const TOIL: &str = "\
Show what share of a work log is toil, of all together and of each role, in the Sprint (or other window) that its last entry is in. \
A work log is CSV with a header, or JSON lines; each entry has a `date`, and the fields that the definition asks for.

Example:
  $ slix toil -c toil.yaml work.csv";

const REPORT: &str = "\
Show each SLO's state and budget to a person: target, SLI, events, what is left of the error budget, burn over the last hour, \
day and week, a trend, the groups that spent most, and what became of every line. With --watch it goes on while the logs grow.

Example:
  $ slix report -c slos.yaml access.log
  shop / availability  99.5% over 7d  ✗ NOT MET
    events  2,188: 2,025 good, 11 bad, 152 not valid
    …
  $ slix report --availability 99.9% --latency '99% <= 300ms' access.log
  $ slix report access.log -o report.json";

const WINDOWS: &str = "\
Write one row per SLO, group and step, with the counts of the step and the budget of the window that ends with it. On a pipe \
the rows are NDJSON, on a terminal a table; the extension of -o picks another encoding. See docs/semantics.md for the columns.

Example:
  $ slix windows -c slos.yaml --every 1d logs/ -o windows.parquet
  $ zcat old/*.gz | slix windows -c slos.yaml | jq -c '[.end_time, .met]'";

const SLICES: &str = "\
Count once and keep the counts. A slices file holds what the definition's indicators counted in every slice; report and \
windows read it in place of the logs, in any mix, and refuse what was counted twice. Another target, window or name needs no new \
scan.

Example:
  $ slix slices -c slos.yaml logs/2026-10/ -o october.slices.parquet
  $ slix slices -c slos.yaml logs/2026-11/ -o november.slices.parquet
  $ slix report -c slos.yaml october.slices.parquet november.slices.parquet";

const ALERTS: &str = "\
List when burn-rate alerts would have fired: every tier of every SLO is evaluated at the end of every slice, as an evaluator that \
was there would have done, and each stretch in which it fired is a line. See docs/alerts.md.

Example:
  $ slix alerts -c slos.yaml logs/
  $ slix alerts -c slos.yaml *.slices.parquet -o alerts.parquet";

const INCIDENTS: &str = "\
List when a budget burned: runs of slices and alerts that burn above 1, in which at least one tier fired, with what they spent and \
who spent it. --postmortem writes a Markdown draft for each. See docs/incidents.md.

Example:
  $ slix incidents -c slos.yaml logs/ --postmortem postmortems/";

const BACKLOG: &str = "\
Read the tables of actions of filled-in postmortems back, as rows for a backlog.

Example:
  $ slix backlog postmortems/ -o actions.csv";

const SUGGEST: &str = "\
Propose targets and latency bounds from history: how many of the past windows would have met each target, and which target each \
bound of the latency would have allowed. What another number would have shown, --what-if tells.

Example:
  $ slix suggest -c slos.yaml *.slices.parquet
  $ slix report -c slos.yaml --what-if availability=99.9% *.slices.parquet";

const GATE: &str = "\
Say whether to release, by the error-budget policy: ship, caution, freeze or no_data, the worst of all SLOs that gate. See \
docs/policy.md.

Example:
  $ slix gate -c slos.yaml access.log && ./deploy
  gate: freeze (exit code 3)
    …
  $ slix gate -c slos.yaml --max-age 2h *.slices.parquet && ./deploy

Exit codes of its own:
  0    ship, or caution, or an override
  3    freeze
  4    caution, under --fail-on caution
  5    no_data, or the log ends longer ago than --max-age allows";

const EXPLAIN: &str = "\
Show how a line is read: every field, the time in UTC, the route, and each SLO's verdict with the conditions that made it. A \
line that cannot be read is shown with a caret where reading failed. `-` explains the lines of standard input.

Example:
  $ slix explain -c slos.yaml \"$(head -n 1 access.log)\"
  $ grep -m1 ' 502 ' access.log | slix explain -c slos.yaml -";

const CHECK: &str = "\
Check a definition file: mistakes are shown where they are, with what to write instead; otherwise the SLOs are shown as slix \
understands them. With a format (in the file or as an option) it is checked that the format has every field that they need.

Example:
  $ slix check slos.yaml
  slos.yaml: 2 SLOs, 5 routes
    …";

const FORMATS: &str = "\
List the formats that have a name, each with a line as it writes them, or explain one: its fields, clock and unit.

Example:
  $ slix formats
  $ slix formats combined";

const DETECT: &str = "\
Say what logs are: format, envelope, compression, time, lines by outcome, and what can be asked of them.

Example:
  $ slix detect access.log";

const REJECTS: &str = "\
Group rejected lines by their shape, and propose what would read them.

Example:
  $ slix rejects access.log";

const INIT: &str = "\
Write a definition file fitted to a log: its format, its routes, and targets that it kept.

Example:
  $ slix init access.log -o mine.yaml
  $ slix report -c mine.yaml access.log";

const COMPLETIONS: &str = "\
Write what a shell needs to complete commands, options and their values. Where it goes is the shell's own custom.

Example:
  $ slix completions bash > slix.bash   # sourced by ~/.bashrc
  $ slix completions zsh > _slix        # in a folder of $fpath
  $ slix completions fish > slix.fish   # ~/.config/fish/completions/slix.fish
  $ slix completions powershell > slix.ps1";

const MAN: &str = "\
Write the manual pages for section 1: that of slix to standard output, or that of slix and of each command into a directory.

Example:
  $ slix man | man -l -
  $ slix man man1";

/// `slix report`.
#[derive(Args, Debug)]
pub struct ReportArgs {
    /// What to read.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// What is asked.
    #[command(flatten)]
    pub asking: AskingArgs,
    /// Of which moment.
    #[command(flatten)]
    pub moment: MomentArgs,
    /// Where the answer goes.
    #[command(flatten)]
    pub answer: AnswerArgs,
    /// text, json, markdown, html, svg or png [default: text, or as the extension of -o says]
    #[arg(long, value_name = "FORM", help_heading = ANSWERING, value_enum, hide_possible_values = true)]
    pub output_format: Option<ReportOutput>,
    /// Interval of the steps of an HTML page, a whole number of slices [default: as fine as its charts can show]
    #[arg(long, value_name = "LENGTH", help_heading = ANSWERING)]
    pub every: Option<String>,
    /// Go on, and report again when the files have grown: they are looked at every so many seconds [default: 2]
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "2", help_heading = ANSWERING,
        conflicts_with_all = ["range", "rejects", "max_rejects", "stats", "keep_going"])]
    pub watch: Option<f64>,
}

/// `slix windows`.
#[derive(Args, Debug)]
pub struct WindowsArgs {
    /// What to read.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// What is asked.
    #[command(flatten)]
    pub asking: AskingArgs,
    /// Interval of one row: a number and s, m, h, d or w, a whole number of slices [default: 1h]
    #[arg(long, value_name = "LENGTH", help_heading = ANSWERING)]
    pub every: Option<String>,
    /// Leave out rows that start before this time (RFC 3339, or a date at midnight UTC)
    #[arg(long, value_name = "TIME", help_heading = ANSWERING)]
    pub from: Option<String>,
    /// Leave out rows that start at this time or later
    #[arg(long, value_name = "TIME", help_heading = ANSWERING)]
    pub to: Option<String>,
    /// Of which moment.
    #[command(flatten)]
    pub moment: MomentArgs,
    /// Leave out rows without events
    #[arg(long, help_heading = ANSWERING)]
    pub skip_empty: bool,
    /// Where the answer goes.
    #[command(flatten)]
    pub answer: AnswerArgs,
    /// parquet, arrow, json, ndjson, csv or table [default: as the extension of -o says; else ndjson, on a terminal table]
    #[arg(long, value_name = "FORM", help_heading = ANSWERING)]
    pub output_format: Option<String>,
    /// Do not page a table that is longer than the terminal; otherwise $PAGER does, or less
    #[arg(long, help_heading = ANSWERING)]
    pub no_pager: bool,
}

/// `slix slices`.
#[derive(Args, Debug)]
pub struct SlicesArgs {
    /// What to read.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// What is asked.
    #[command(flatten)]
    pub asking: AskingArgs,
    /// Where the answer goes.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// `slix alerts`, `slix suggest`, and a part of `slix incidents`: what history held.
#[derive(Args, Debug)]
pub struct HistoryArgs {
    /// What to read.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// What is asked.
    #[command(flatten)]
    pub asking: AskingArgs,
    /// The end of time: later events have not happened [default: the end of the last slice with an event]
    #[arg(long, value_name = "TIME", help_heading = ANSWERING)]
    pub at: Option<String>,
    /// Where the answer goes.
    #[command(flatten)]
    pub answer: AnswerArgs,
    /// text, parquet, arrow, json, ndjson or csv [default: text, or as the extension of -o says]
    #[arg(long, value_name = "FORM", help_heading = ANSWERING)]
    pub output_format: Option<String>,
}

/// `slix toil`.
#[derive(Args, Debug)]
pub struct ToilArgs {
    /// Work logs: CSV with a header, or JSON lines; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub inputs: Vec<PathBuf>,
    /// Definition file: SLOs with a `weight`, such as minutes
    #[arg(short, long, value_name = "FILE", help_heading = ASKING)]
    pub config: PathBuf,
    /// Make errors of what OpenSLO forbids or slix doubts in the definitions, instead of warnings
    #[arg(long, help_heading = ASKING)]
    pub strict: bool,
    /// A moment in the window that is asked about [default: the last entry]
    #[arg(long, value_name = "TIME", help_heading = ANSWERING)]
    pub at: Option<String>,
    /// Write to this file, which appears when it is complete [default: standard output]
    #[arg(short, long, value_name = "FILE", help_heading = ANSWERING)]
    pub output: Option<PathBuf>,
    /// text or json [default: text, or as the extension of -o says]
    #[arg(long, value_name = "FORM", help_heading = ANSWERING)]
    pub output_format: Option<ReportForm>,
}

/// `slix incidents`.
#[derive(Args, Debug)]
pub struct IncidentsArgs {
    /// Of which history.
    #[command(flatten)]
    pub history: HistoryArgs,
    /// Write a draft of a postmortem for each incident into this directory; what is there already stays
    #[arg(long, value_name = "DIR", help_heading = ANSWERING)]
    pub postmortem: Option<PathBuf>,
}

/// `slix backlog`.
#[derive(Args, Debug)]
pub struct BacklogArgs {
    /// The directory with the postmortems
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Write to this file, which appears when it is complete [default: standard output]
    #[arg(short, long, value_name = "FILE", help_heading = ANSWERING)]
    pub output: Option<PathBuf>,
    /// csv, json, ndjson, parquet or arrow [default: csv, or as the extension of -o says]
    #[arg(long, value_name = "FORM", help_heading = ANSWERING)]
    pub output_format: Option<String>,
}

/// `slix gate`.
#[derive(Args, Debug)]
pub struct GateArgs {
    /// What to read.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// What is asked.
    #[command(flatten)]
    pub asking: AskingArgs,
    /// The moment that is asked about [default: the end of the last slice with an event]
    #[arg(long, value_name = "TIME", help_heading = ANSWERING)]
    pub at: Option<String>,
    /// From which mode on to hold back
    #[arg(long, value_name = "MODE", value_enum, default_value_t = FailOn::Freeze, help_heading = GATING)]
    pub fail_on: FailOn,
    /// Refuse a verdict when the last event is longer ago than this, by --at, or else by the clock
    #[arg(long, value_name = "LENGTH", help_heading = GATING)]
    pub max_age: Option<String>,
    /// Exit with 0 where there is no data
    #[arg(long, help_heading = GATING)]
    pub allow_no_data: bool,
    /// Let this release through: one of the policy's exemptions (p0, security); the output records it
    #[arg(long = "override", value_name = "EXEMPTION", help_heading = GATING, requires = "reason")]
    pub exemption: Option<String>,
    /// Why it is let through
    #[arg(long, value_name = "TEXT", help_heading = GATING, requires = "exemption")]
    pub reason: Option<String>,
    /// Where the answer goes.
    #[command(flatten)]
    pub answer: AnswerArgs,
    /// text or json [default: text, or as the extension of -o says]
    #[arg(long, value_name = "FORM", help_heading = ANSWERING)]
    pub output_format: Option<ReportForm>,
}

/// From which mode on a gate holds back.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum FailOn {
    /// Caution too
    Caution,
    /// Freeze alone
    Freeze,
}

/// `slix explain`.
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// Log lines, each one argument; `-` stands for the lines of standard input
    #[arg(value_name = "LINE", required = true, allow_hyphen_values = true)]
    pub lines: Vec<std::ffi::OsString>,
    /// How it is written: text, or one JSON object for each line
    #[arg(long, value_name = "FORM", value_enum)]
    pub output_format: Option<ReportForm>,
    /// How lines are written.
    #[command(flatten)]
    pub format: FormatArgs,
    /// What is asked.
    #[command(flatten)]
    pub asking: AskingArgs,
}

/// `slix check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// The definition file, or a folder of OpenSLO objects
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Make errors of what OpenSLO forbids or slix doubts, instead of warnings
    #[arg(long)]
    pub strict: bool,
    /// Print the definitions in another form
    #[arg(long, value_name = "FORM", value_enum)]
    pub to: Option<DefinitionForm>,
    /// How lines are written.
    #[command(flatten)]
    pub format: FormatArgs,
}

/// `slix formats`.
#[derive(Args, Debug)]
pub struct FormatsArgs {
    /// Explain this one
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

/// `slix detect` and `slix rejects`.
#[derive(Args, Debug)]
pub struct LogsArgs {
    /// Logs: files, directories, 'globs', and - for standard input
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    /// How lines are written.
    #[command(flatten)]
    pub format: FormatArgs,
}

/// `slix init`.
#[derive(Args, Debug)]
pub struct InitArgs {
    /// The log
    #[arg(value_name = "INPUT")]
    pub input: PathBuf,
    /// How lines are written.
    #[command(flatten)]
    pub format: FormatArgs,
    /// Write here instead of standard output
    #[arg(short, long, value_name = "FILE", help_heading = ANSWERING)]
    pub output: Option<PathBuf>,
}

/// `slix completions`.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// For which shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: clap_complete::Shell,
}

/// `slix man`.
#[derive(Args, Debug)]
pub struct ManArgs {
    /// Write a page for each command here; the directory is made where there is none
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,
}

/// Another form of definitions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum DefinitionForm {
    /// OpenSLO v1
    Openslo,
}

const READING: &str = "Reading";
const ASKING: &str = "Asking";
const ANSWERING: &str = "Answering";
const GATING: &str = "Gating";
const SPEAKING: &str = "Speaking";

/// What to read, and how.
#[derive(Args, Debug)]
pub struct ReadingArgs {
    /// Logs and slices files: files, directories, 'globs', and - for standard input [default: - when it is a pipe]
    #[arg(value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
    /// How lines are written.
    #[command(flatten)]
    pub format: FormatArgs,
    /// Read only the lines whose first byte lies here, in decompressed bytes of the one input: 0..1000000, 1000000..
    #[arg(long, value_name = "START..END", help_heading = READING)]
    pub range: Option<String>,
    /// Threads that scan [default: one per core, fewer for small inputs]
    #[arg(long, value_name = "N", help_heading = READING, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Longest line, in bytes or with KiB or MiB; a longer one is one reject [default: 64KiB]
    #[arg(long, value_name = "SIZE", help_heading = READING)]
    pub max_line_bytes: Option<String>,
    /// Write rejected lines here, tab-separated: input, byte offset, reason, line
    #[arg(long, value_name = "FILE", help_heading = READING)]
    pub rejects: Option<PathBuf>,
    /// Exit with 1, after writing what was asked, when more lines are rejected: a share of all lines (1%) or a number
    #[arg(long, value_name = "LIMIT", help_heading = READING, allow_hyphen_values = true)]
    pub max_rejects: Option<String>,
    /// Go on when an input cannot be read, and exit with 1 in the end
    #[arg(long, help_heading = READING)]
    pub keep_going: bool,
    /// Count content that is given twice twice, instead of refusing it
    #[arg(long, help_heading = READING)]
    pub allow_duplicates: bool,
}

/// How lines are written.
#[derive(Args, Debug, Clone)]
pub struct FormatArgs {
    /// Name of a format, or the log_format (nginx) or LogFormat (Apache) string itself [default: detected]
    #[arg(long, value_name = "FORMAT", help_heading = READING)]
    pub format: Option<String>,
    /// Take the format from an nginx configuration: the log_format NAME, or the one in use
    #[arg(long, value_name = "FILE[:NAME]", help_heading = READING, conflicts_with = "format")]
    pub nginx_conf: Option<String>,
    /// Take the format from an Apache configuration: the LogFormat NICKNAME, or the one in use
    #[arg(long, value_name = "FILE[:NICKNAME]", help_heading = READING, conflicts_with_all = ["format", "nginx_conf"])]
    pub apache_conf: Option<String>,
    /// Zone of times that carry none: Europe/Berlin, UTC, +01:00 [default: such lines have no usable time]
    #[arg(long, value_name = "ZONE", help_heading = READING)]
    pub tz: Option<String>,
    /// Year of syslog headers that have none, where the lines tell no time of their own: 2026, or `file` for that of the file's time
    #[arg(long, value_name = "YEAR", help_heading = READING)]
    pub year: Option<String>,
    /// Count a request at its start or its end, by its latency, whichever of them the log tells
    #[arg(long, value_name = "CLOCK", value_enum, default_value_t = WindowBy::Logged, help_heading = READING)]
    pub window_by: WindowBy,
}

/// Where in time a request is counted.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowBy {
    /// At the time that its line carries.
    Logged,
    /// When it was received.
    Start,
    /// When it was answered.
    End,
}

/// What is asked.
#[derive(Args, Debug)]
pub struct AskingArgs {
    /// Definition file with the SLOs (YAML or JSON), or a folder of OpenSLO objects
    #[arg(short, long, value_name = "FILE", help_heading = ASKING,
        conflicts_with_all = ["availability", "latency", "window", "group_by", "route"])]
    pub config: Option<PathBuf>,
    /// Make errors of what OpenSLO forbids or slix doubts in the definitions, instead of warnings
    #[arg(long, requires = "config", help_heading = ASKING)]
    pub strict: bool,
    /// Target of `status < 500` over all requests [default without -c: 99.9%]
    #[arg(long, value_name = "TARGET", help_heading = ASKING)]
    pub availability: Option<String>,
    /// Target and bound of the latency of requests that did not fail [default without -c: '99% <= 300ms', if the log tells it]
    #[arg(long, value_name = "TARGET <= BOUND", help_heading = ASKING)]
    pub latency: Option<String>,
    /// Compliance period: a number and s, m, h, d, w, M (30 d), Q (90 d) or Y (365 d) [default: 28d]
    #[arg(long, value_name = "LENGTH", help_heading = ASKING)]
    pub window: Option<String>,
    /// Count by these dimensions: route, status_class, host, method or any field, separated by commas
    #[arg(long, value_name = "DIMENSIONS", value_delimiter = ',', help_heading = ASKING)]
    pub group_by: Vec<String>,
    /// A route: '/api/orders/{id}', '/static/{*rest}', '~^/search', NAME=either; the first that matches is a path's; `auto` makes routes of other paths
    #[arg(long, value_name = "ROUTE", help_heading = ASKING)]
    pub route: Vec<String>,
    /// Other numbers in place of those declared: NAME=TARGET, NAME<=BOUND of the latency, separated by commas
    #[arg(long, value_name = "CHANGES", help_heading = ASKING)]
    pub what_if: Option<String>,
    /// Width of the slices that counts are kept in, 1s to 1d [default: as the definition says, or 1m]
    #[arg(long, value_name = "LENGTH", help_heading = ASKING)]
    pub slice: Option<String>,
}

/// The moment that is asked about.
#[derive(Args, Debug)]
pub struct MomentArgs {
    /// The end of the last window: later events have not happened [default: the end of the last slice with an event]
    #[arg(long, value_name = "TIME", help_heading = ANSWERING)]
    pub at: Option<String>,
    /// Groups of an SLO that are shown by themselves; those with fewer events become one, `other`
    #[arg(long, value_name = "N", default_value_t = 1000, help_heading = ANSWERING)]
    pub max_groups: usize,
}

/// Where the answer goes.
#[derive(Args, Debug)]
pub struct AnswerArgs {
    /// Write to this file, which appears when it is complete [default: standard output]
    #[arg(short, long, value_name = "FILE", help_heading = ANSWERING)]
    pub output: Option<PathBuf>,
    /// Say what became of every line, per input and in total, on standard error
    #[arg(long, value_name = "FORM", num_args = 0..=1, require_equals = true, default_missing_value = "text", help_heading = ANSWERING)]
    pub stats: Option<ReportForm>,
}

/// How slix speaks.
#[derive(Args, Default, Debug)]
#[command(next_help_heading = SPEAKING)]
pub struct WordOptions {
    /// When to colour; NO_COLOR is honoured
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto, global = true)]
    pub color: Color,
    /// No notes and no progress; twice: no warnings either
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub quiet: u8,
    /// No progress
    #[arg(long, global = true)]
    pub no_progress: bool,
}

/// When to colour.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Color {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How a report is written.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReportOutput {
    /// For a terminal
    Text,
    /// For programs
    Json,
    /// A table for a pull request or a wiki
    Markdown,
    /// A page for a browser, in one file
    Html,
    /// A picture of lines and letters
    Svg,
    /// A picture of dots
    Png,
}

/// How something is written that both people and programs read.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReportForm {
    /// For people
    Text,
    /// For programs
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }
}
