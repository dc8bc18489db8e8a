//! `slix suggest`: targets and bounds that history would have met.

use slix::error::Result;
use slix::evaluate::plan::Plan;
use slix::evaluate::suggest::Suggestion;
use slix::output::suggest;
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
        let suggestions = plan.guarded()?.iter().map(|one| one.suggestion()).collect::<Result<Vec<Suggestion>>>()?;
        match form {
            Form::Text => destination.write_text(&suggest::text(&suggestions, session.words.look_of(&destination)))?,
            Form::Encoded(encoding) => {
                let (batch, metadata) = (suggest::batch(&suggestions)?, metadata(counted)?);
                destination.write(|out| write_batch(out, encoding, &batch, metadata))?;
            }
        }
        session.words.excluded(&plan)?;
        session.words.far_dated(&counted.partial);
        Ok(())
    })
}
