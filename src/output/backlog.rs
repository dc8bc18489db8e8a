//! The table of actions of a postmortem, read back for a backlog.

use arrow::array::RecordBatch;

use super::columns::Columns;
use crate::error::{Error, ErrorKind, Excerpt, Result};
use crate::time::Instant;

/// The columns of the table, as drafts have them.
pub const COLUMNS: [&str; 6] = ["Action", "Type", "Priority", "Owner", "Due", "Backlog id"];
/// What an action is for.
const TYPES: [&str; 5] = ["prevent", "detect", "mitigate", "process", "other"];
const PRIORITIES: [&str; 5] = ["P0", "P1", "P2", "P3", "P4"];

/// One action.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Action {
    /// The file that it stands in.
    pub file: String,
    /// The line that it stands on, from 1.
    pub line: usize,
    /// The title of the postmortem.
    pub postmortem: String,
    /// What is to be done.
    pub action: String,
    /// `prevent`, `detect`, `mitigate`, `process` or `other`; none if that was left open.
    pub kind: Option<String>,
    /// `P0` to `P4`.
    pub priority: Option<String>,
    /// Who does it.
    pub owner: Option<String>,
    /// Until when.
    pub due: Option<Instant>,
    /// Where it is tracked.
    pub backlog_id: Option<String>,
}

/// The actions of a filled-in draft. Rows without action, owner, date and id are those nobody filled in, and are left out.
///
/// # Errors
/// [`ErrorKind::Input`] with the line: no table of actions, a row with more or fewer cells or without its action, an unknown type or
/// priority, a due
/// date that is none.
pub fn actions(file: &str, text: &str) -> Result<Vec<Action>> {
    let reader = Reader { file, text };
    let lines: Vec<&str> = text.lines().collect();
    let title = lines.iter().find_map(|line| line.strip_prefix("# ")).unwrap_or(file).trim().to_owned();
    let header = lines.iter().position(|line| cells(line).is_some_and(|cells| is_header(&cells)));
    let Some(header) = header else {
        let error = Error::new(ErrorKind::Input, format!("{file}: there is no table of actions"));
        return Err(error.hint(format!("it begins with: | {} |", COLUMNS.join(" | "))));
    };
    let is_rule = |line: &&str| cells(line).is_some_and(|cells| cells.iter().all(|c| c.contains("---")));
    if lines.get(header + 1).filter(|line| is_rule(line)).is_none() {
        return Err(reader.error(header + 1, "under the header of the table of actions stands no |---| line"));
    }
    let mut found = Vec::new();
    let mut rows = lines.iter().enumerate().skip(header + 2).peekable();
    while let Some((at, line)) = rows.next_if(|(_, line)| line.trim_start().starts_with('|')) {
        found.extend(reader.action(at, line, &title)?);
    }
    // Up to the next heading, what looks like a row may not be lost; right under the table any line is one of it.
    for (i, (at, line)) in rows.take_while(|(_, line)| !line.trim_start().starts_with('#')).enumerate() {
        if line.contains('|') || i == 0 && !line.trim().is_empty() {
            return Err(reader.error(at, "this line stands under the table of actions and is no row of it: a row begins with |"));
        }
    }
    Ok(found)
}

fn is_header(cells: &[String]) -> bool {
    cells.len() == COLUMNS.len() && cells.iter().zip(COLUMNS).all(|(cell, name)| cell.eq_ignore_ascii_case(name))
}

/// The cells of a line of a table; `\|` is a bar inside a cell.
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?;
    let mut cells = vec![String::new()];
    let mut characters = inner.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' if characters.peek() == Some(&'|') => {
                characters.next();
                cells.last_mut()?.push('|');
            }
            '|' => cells.push(String::new()),
            other => cells.last_mut()?.push(other),
        }
    }
    // A line ends with a bar, so the last cell is what follows it.
    let last = cells.pop()?;
    if !last.trim().is_empty() {
        cells.push(last);
    }
    Some(cells.into_iter().map(|cell| cell.trim().to_owned()).collect())
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
}

impl Reader<'_> {
    fn action(&self, at: usize, line: &str, title: &str) -> Result<Option<Action>> {
        let cells = cells(line).unwrap_or_default();
        let count = cells.len();
        let Ok([action, kind, priority, owner, due, backlog_id]) = <[String; 6]>::try_from(cells) else {
            let message = format!("a row of the table of actions has {count} cells, and its header {}", COLUMNS.len());
            return Err(self.error(at, &message).hint("write a bar inside of a text as \\|"));
        };
        if action.is_empty() {
            let left_open = [&owner, &due, &backlog_id].iter().all(|cell| cell.is_empty());
            let error = || self.error(at, "this row says who, when or where, and not what is to be done");
            return if left_open { Ok(None) } else { Err(error().hint("fill in the action, or empty the row")) };
        }
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let due = some(due)
            .map(|due| Instant::parse(&due).ok_or_else(|| self.error(at, &format!("`{due}` is not a date"))))
            .transpose()?;
        Ok(Some(Action {
            file: self.file.to_owned(),
            line: at + 1,
            postmortem: title.to_owned(),
            action,
            kind: some(kind).map(|kind| self.one_of(at, &kind, &TYPES)).transpose()?,
            priority: some(priority).map(|priority| self.one_of(at, &priority, &PRIORITIES)).transpose()?,
            owner: some(owner),
            due,
            backlog_id: some(backlog_id),
        }))
    }

    fn one_of(&self, at: usize, text: &str, known: &[&str]) -> Result<String> {
        let found = known.iter().find(|name| name.eq_ignore_ascii_case(text));
        found.map(|name| (*name).to_owned()).ok_or_else(|| {
            self.error(at, &format!("`{text}` is none of {}", known.join(", "))).hint("choose one, or leave the cell empty")
        })
    }

    #[cold]
    fn error(&self, line: usize, message: &str) -> Error {
        let lines = self.text.split_inclusive('\n');
        let offset = lines.clone().take(line).map(str::len).sum();
        let length = lines.clone().nth(line).map_or(0, |line| line.trim_end().len());
        let (name, text) = (self.file.to_owned(), self.text.to_owned());
        Error::new(ErrorKind::Input, message).at(Excerpt { name, text, offset, length, label: "this line".to_owned() })
    }
}

/// The actions as a table.
///
/// # Errors
/// None.
pub fn batch(actions: &[Action]) -> Result<RecordBatch> {
    Columns::of(actions)
        .text("postmortem", |a| Some(&a.postmortem))
        .text("action", |a| Some(&a.action))
        .text("type", |a| a.kind.as_deref())
        .text("priority", |a| a.priority.as_deref())
        .text("owner", |a| a.owner.as_deref())
        .time("due_time", |a| a.due)
        .text("backlog_id", |a| a.backlog_id.as_deref())
        .text("file", |a| Some(&a.file))
        .int("line", |a| Some(a.line as u64))
        .batch()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# Postmortem: `shop`, 2026-11-06\n\n## Actions\n\n| Action | Type | Priority | Owner | Due | Backlog id |\n|---|---|---|---|---|---|\n";

    #[test]
    fn filled_in_rows_come_back() {
        let text = format!(
            "{TABLE}| Retry with \\| backoff | Prevent | p0 | checkout team | 2026-12-01 | OPS-7 |\n|  | detect |  |  |  |  |\n| Look at it | | | | | |\n\nthe end\n\n## Later\n\n| no | row |\n"
        );
        let found = actions("a.md", &text).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].action.as_str(), found[0].line), ("Retry with | backoff", 7));
        assert_eq!((found[0].kind.as_deref(), found[0].priority.as_deref()), (Some("prevent"), Some("P0")));
        assert_eq!(found[0].due, Instant::parse("2026-12-01"));
        assert_eq!((found[1].owner.as_deref(), found[1].line), (None, 9));
        assert_eq!(found[0].postmortem, "Postmortem: `shop`, 2026-11-06");
    }

    #[test]
    fn broken_tables_say_where() {
        let cases = [
            ("| one | two |\n", "a.md:7:1: a row of the table of actions has 2 cells, and its header 6"),
            ("| x | later | | | | |\n", "a.md:7:1: `later` is none of prevent, detect, mitigate, process, other"),
            ("| x | | P9 | | | |\n", "a.md:7:1: `P9` is none of P0, P1, P2, P3, P4"),
            ("| | prevent | P0 | ana | | |\n", "a.md:7:1: this row says who, when or where, and not what is to be done"),
            ("| ok | | | | | |\n| x | | | | soon | |\n", "a.md:8:1: `soon` is not a date"),
        ];
        for (row, message) in cases {
            assert_eq!(actions("a.md", &format!("{TABLE}{row}")).unwrap_err().to_string(), message);
        }
        for lost in ["words\n", "B | prevent | P0 | me | 2026-11-20 | X\n", "\n| B | prevent | P0 | me | 2026-11-20 | X |\n"] {
            let error = actions("a.md", &format!("{TABLE}{lost}")).unwrap_err();
            assert!(error.to_string().contains("is no row of it"), "{lost}: {error}");
        }
        assert!(actions("a.md", &format!("{TABLE}\nWords.\n\n## Next\n\n| a | b |\n")).is_ok());
        assert_eq!(actions("a.md", "# x\n").unwrap_err().to_string(), "a.md: there is no table of actions");
        let no_rule = "| Action | Type | Priority | Owner | Due | Backlog id |\n| x | | | | | |\n";
        assert!(actions("a.md", no_rule).unwrap_err().to_string().starts_with("a.md:2:1: under the header"));
    }
}
