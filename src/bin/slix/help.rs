//! The first page of help: the commands in the groups that people look for, on one screen.
//!
//! clap knows no headings for commands, so the page is a template that is made of the commands themselves.

use clap::{Arg, Command, CommandFactory};

use super::args::Cli;

/// Every command, under what it is for, in the order of work.
const GROUPS: [(&str, &[&str]); 5] = [
    ("Look", &["report", "windows", "alerts", "incidents", "toil"]),
    ("Decide", &["gate", "suggest", "backlog"]),
    ("Keep", &["slices"]),
    ("Know a log", &["detect", "explain", "rejects", "formats"]),
    ("Set up", &["init", "check", "completions", "man"]),
];

/// What the page ends with.
const END: &str = "\
Options (each command has more: slix COMMAND --help, with an example):
  --color auto|always|never   When to colour; NO_COLOR is honoured
  -q, --quiet                 No notes, no progress; twice: no warnings either
  --no-progress               No progress
  -h, --help                  This page, or that of a command
  -V, --version               The version
Examples:
  slix report access.log                                 nothing to set up
  zcat old/*.gz | slix windows -c slos.yaml --every 5m   a row per SLO and step
  slix slices -c slos.yaml logs/ -o may.slices.parquet   to be read later
Exit codes: 0 done, 1 failed, 2 wrong usage or definition, 3 4 5 what the gate
says, 130 interrupted.
";

/// The command line, with the page of help.
pub fn command() -> Command {
    let command = Cli::command().mut_subcommands(|command| command.mut_args(taking_signs));
    let page = page(&command);
    command.help_template(page)
}

/// The names of values that may begin with a sign.
const SIGNED: [&str; 9] = ["LENGTH", "LIMIT", "N", "SIZE", "START..END", "TARGET", "TIME", "YEAR", "ZONE"];

/// `-05:00` is a zone; and what is wrong with a length of `-1h` is said by whoever reads it.
fn taking_signs(argument: Arg) -> Arg {
    let is_signed = |names: &[clap::builder::Str]| names.iter().any(|name| SIGNED.contains(&name.as_str()));
    match argument.get_value_names().is_some_and(is_signed) {
        true => argument.allow_hyphen_values(true),
        false => argument,
    }
}

fn page(command: &Command) -> String {
    let groups = GROUPS.iter().map(|(heading, names)| {
        let lines: String = names.iter().filter_map(|name| command.find_subcommand(name)).map(line).collect();
        format!("{heading}:\n{lines}")
    });
    let groups: String = groups.collect();
    format!("{{about}}\n\nUsage: slix COMMAND [OPTIONS] [INPUT]...\n\n{groups}{END}")
}

fn line(command: &Command) -> String {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    format!("  {:<11}  {about}\n", command.get_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_one_group() {
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let command = command();
        let mut known: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        grouped.sort_unstable();
        known.sort_unstable();
        assert_eq!(grouped, known);
    }

    #[test]
    fn the_page_tells_every_option_of_all_commands() {
        let (mut command, page) = (command(), command().render_long_help().to_string());
        command.build();
        for option in command.get_arguments().filter_map(|argument| argument.get_long()) {
            assert!(page.contains(&format!("--{option} ")), "--{option}\n{page}");
        }
    }

    #[test]
    fn the_page_fits_a_screen() {
        let page = command().render_help().to_string();
        let widest = page.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        assert!(page.lines().count() <= 40 && widest <= 80, "{} lines of {widest}\n{page}", page.lines().count());
    }
}
