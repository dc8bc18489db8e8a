//! `slix incidents`: when a budget burned and who spent it; and drafts of postmortems.

use std::path::Path;

use slix::aggregate::attribution;
use slix::error::{Error, ErrorKind, Result};
use slix::evaluate::guard::Guarded;
use slix::evaluate::incident::Incident;
use slix::output::{incidents, postmortem};

use super::Session;
use super::args::IncidentsArgs;
use super::count::Counted;
use super::destination::Destination;
use super::exit::Exit;
use super::table::history;

/// Runs the command.
pub fn run(args: &IncidentsArgs, session: &Session) -> Result<Exit> {
    history(&args.history, session, |asked| {
        let found = asked.guarded.iter().map(|one| Ok((one, one.incidents()?))).collect::<Result<Vec<_>>>()?;
        if let Some(directory) = &args.postmortem {
            write_drafts(directory, &found, session)?;
        }
        let all: Vec<Incident> = found.iter().flat_map(|(_, incidents)| incidents.clone()).collect();
        asked.write(|look| incidents::text(&found, look), || incidents::batch(&all))?;
        if !all.is_empty() && !is_attributed(asked.counted) {
            session.words.note(incidents::WITHOUT_ATTRIBUTION);
        }
        Ok(())
    })
}

fn is_attributed(counted: &Counted) -> bool {
    counted.partial.indicators.keys().any(|key| attribution::is_one(&key.canonical))
}

/// One draft for each incident. A draft that is there already may have been filled in: it stays as it is.
fn write_drafts(directory: &Path, found: &[(&Guarded, Vec<Incident>)], session: &Session) -> Result<()> {
    std::fs::create_dir_all(directory).map_err(|cause| {
        Error::new(ErrorKind::Output, format!("the directory {} cannot be made", directory.display())).because(cause)
    })?;
    let (mut written, mut kept) = (0, 0);
    for (guarded, incidents) in found {
        for incident in incidents {
            let draft = postmortem::draft(incident, &guarded.slo().guard.policy);
            let path = directory.join(&draft.file_name);
            if path.exists() {
                kept += 1;
                continue;
            }
            Destination::new(Some(&path))?.write_text(&draft.text)?;
            written += 1;
        }
    }
    let kept = if kept > 0 { format!("; {kept} that were there already stay as they are") } else { String::new() };
    session.words.note(&format!("{}: {written} drafts written{kept}", directory.display()));
    Ok(())
}
