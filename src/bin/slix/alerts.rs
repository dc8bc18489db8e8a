//! `slix alerts`: when burn-rate alerts would have fired.

use slix::error::Result;
use slix::evaluate::guard::AlertRow;
use slix::evaluate::plan::Plan;
use slix::output::alerts;
use slix::output::windows::write_batch;

use super::Session;
use super::args::AlertsArgs;
use super::destination::Destination;
use super::exit::Exit;
use super::run::Evaluation;
use super::table::{Form, metadata};

/// Runs the command.
pub fn run(args: &AlertsArgs, session: &Session) -> Result<Exit> {
    let form = Form::new(args.output_format.as_deref(), args.answer.output.as_deref())?;
    let evaluation = Evaluation::of_slos(args.at.as_deref())?;
    let destination = Destination::new(args.answer.output.as_deref())?;
    form.check(&destination)?;
    session.answer(&args.reading, &args.asking, args.answer.stats, |counted| {
        let asked = counted.questions.asked();
        let plan = Plan::new(&asked, &counted.partial, &evaluation.options(counted.partial.slices)?)?;
        let guarded = plan.guarded()?;
        match form {
            Form::Text => destination.write_text(&alerts::text(&guarded, session.words.look_of(&destination)))?,
            Form::Encoded(encoding) => {
                let rows: Vec<AlertRow> = guarded.iter().flat_map(|one| one.rows().collect::<Vec<_>>()).collect();
                let (batch, metadata) = (alerts::batch(&rows)?, metadata(counted)?);
                guarded.iter().flat_map(|one| &one.notes).for_each(|note| session.words.note(note));
                destination.write(|out| write_batch(out, encoding, &batch, metadata))?;
            }
        }
        session.words.excluded(&plan)?;
        session.words.far_dated(&counted.partial);
        Ok(())
    })
}
