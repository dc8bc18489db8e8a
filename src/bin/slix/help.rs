//! The first page of help: the commands in the groups that people look for, on one screen.
//!
//! clap knows no headings for commands, so the page is a template that is made of the commands themselves.

use clap::{Arg, ArgAction, Command, CommandFactory};

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
    let command = Cli::command().mut_subcommands(|command| command.mut_args(taking_numbers));
    let page = page(&command);
    command.help_template(page)
}

/// An option that takes a value takes `-1` for one too: what is wrong with it is said by whoever reads the value.
fn taking_numbers(argument: Arg) -> Arg {
    let takes_value = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append) && argument.get_long().is_some();
    argument.allow_negative_numbers(takes_value)
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
