//! `slix windows`: one row per SLO, group and step.

use std::io::{IsTerminal, Write};

use slix::error::{Error, ErrorKind, Result};
use slix::evaluate::plan::Plan;
use slix::evaluate::warning::Warning;
use slix::output::rows::RowsTable;
use slix::output::schema::Table;
use slix::output::windows::{Encoding, WindowsWriter};

use super::Session;
use super::args::WindowsArgs;
use super::count::Counted;
use super::destination::Destination;
use super::exit::Exit;
use super::pager;
use super::run::Evaluation;
use super::table::metadata;

/// How the rows are written.
enum Form {
    /// For people.
    Table,
    /// For programs.
    Encoded(Encoding),
}

/// Runs the command.
pub fn run(args: &WindowsArgs, session: &Session) -> Result<Exit> {
    let form = form(args)?;
    let evaluation = Evaluation::of_windows(args)?;
    let destination = Destination::new(args.answer.output.as_deref())?;
    if let Form::Encoded(encoding) = form
        && encoding.is_binary()
    {
        destination.refuse_terminal("this encoding")?;
    }
    session.answer(&args.reading, &args.asking, &args.answer, |counted| {
        let options = evaluation.options(counted.partial.slices)?;
        let asked = counted.questions.asked();
        let plan = Plan::new(&asked, &counted.partial, &options)?;
        // Said before the rows: there may be very many.
        for (name, warning) in plan.warnings()? {
            let way_out = if args.skip_empty { "" } else { way_out(&warning) };
            session.words.warning(&format!("{name}: {warning}{way_out}"));
        }
        match form {
            Form::Table => write_table(&plan, &destination, args.no_pager, session)?,
            Form::Encoded(encoding) => {
                write_rows(&plan, counted, encoding, &destination)?;
                session.words.excluded(&plan);
            }
        }
        Ok(())
    })
}

/// How rows may be fewer: each step has one, also where nothing happened for years.
fn way_out(warning: &Warning) -> &'static str {
    match warning {
        Warning::FarDated { .. } => {
            "; every step from the first event on is a row, and --skip-empty leaves out those without events"
        }
        _ => "",
    }
}

/// The form that is asked for, or that suits who reads it.
fn form(args: &WindowsArgs) -> Result<Form> {
    let output = args.answer.output.as_deref().filter(|path| *path != std::path::Path::new("-"));
    match (args.output_format.as_deref(), output) {
        (Some("table"), _) => Ok(Form::Table),
        (Some(name), _) => Encoding::parse(name)
            .map(Form::Encoded)
            .map_err(|why| Error::new(ErrorKind::Usage, format!("--output-format: {why}")).hint("or `table`, for people")),
        (None, Some(path)) => Encoding::from_extension(path).map(Form::Encoded),
        (None, None) if std::io::stdout().is_terminal() => Ok(Form::Table),
        (None, None) => Ok(Form::Encoded(Encoding::Ndjson)),
    }
}

fn write_table(plan: &Plan, destination: &Destination, no_pager: bool, session: &Session) -> Result<()> {
    let mut table = RowsTable::new(session.words.look_of(destination)).with_excluded(plan.exclusions());
    plan.rows(&mut |row| {
        table.push(row);
        Ok(())
    })?;
    let text = table.render();
    let is_paged = !no_pager && destination.path().is_none() && pager::show(&text);
    if is_paged { Ok(()) } else { destination.write_text(&text) }
}

fn write_rows(plan: &Plan, counted: &Counted, encoding: Encoding, destination: &Destination) -> Result<()> {
    let metadata = metadata(counted, encoding)?;
    let table = Table::new(plan.series())?;
    destination.write(|out: &mut (dyn Write + Send)| {
        let mut writer = WindowsWriter::new(out, encoding, table, metadata)?;
        plan.rows(&mut |row| writer.push(row))?;
        writer.finish().map(drop)
    })
}
