//! The picture of a terminal in README.md: what slix writes there, drawn as SVG.
//!
//! `SLIX_BLESS=1 cargo test --test suite picture` draws docs/terminal.svg anew. Blocks and lines are drawn as shapes, and each run of
//! text has its length, so that no font can move them.

use std::fmt::Write;
use std::fs;

use super::work::Work;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const PICTURE: &str = "docs/terminal.svg";
/// The terminal.
const COLUMNS: usize = 100;
const ROWS: usize = 26;
/// A cell of it, and the frame around, in pixels.
const CELL: (f64, f64) = (8.4, 18.0);
const FRAME: (f64, f64) = (16.0, 44.0);

/// A run of characters that look alike.
struct Run {
    column: usize,
    text: String,
    color: &'static str,
    bold: bool,
}

#[test]
fn the_picture_of_the_terminal_is_what_slix_writes() {
    let work = Work::new();
    let slos = fs::read_to_string(format!("{ROOT}/fixtures/slos.yaml")).unwrap();
    work.file("slos.yaml", slos + "  - {name: pages, target: 99%, window: 7d, valid: method == \"GET\", good: status < 500}\n");
    work.file("access.log", fs::read(format!("{ROOT}/fixtures/access.log")).unwrap());
    let mut command = work.command(&["report", "-q", "--color", "always", "-c", "slos.yaml", "access.log"]);
    let output = command.env("COLUMNS", COLUMNS.to_string()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = std::iter::once("$ slix report -c slos.yaml access.log").chain(text.lines()).take(ROWS);
    let svg = draw(lines);
    let path = format!("{ROOT}/{PICTURE}");
    if std::env::var_os("SLIX_BLESS").is_some() {
        fs::write(&path, &svg).unwrap();
    }
    assert!(svg.contains("■ freeze") && svg.contains("✗ NOT MET"), "{svg}");
    assert_eq!(svg, fs::read_to_string(&path).unwrap(), "{PICTURE} is another: SLIX_BLESS=1 draws it anew; look at it");
}

fn draw<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let (width, height) = (COLUMNS as f64 * CELL.0 + 2.0 * FRAME.0, ROWS as f64 * CELL.1 + FRAME.1 + FRAME.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" \
         role=\"img\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"14\">\n\
         <title>slix report on a terminal</title>\n\
         <rect width=\"{width:.0}\" height=\"{height:.0}\" rx=\"8\" fill=\"#16181d\"/>\n"
    );
    for (place, color) in [(20, "#ec6a5e"), (40, "#f4bf4f"), (60, "#61c554")] {
        writeln!(svg, "<circle cx=\"{place}\" cy=\"20\" r=\"6\" fill=\"{color}\"/>").unwrap();
    }
    for (row, line) in lines.enumerate() {
        runs(line).iter().for_each(|run| draw_run(run, row, &mut svg));
    }
    svg + "</svg>\n"
}

/// The runs of a line with SGR sequences (ECMA-48, 8.3.117), as slix writes them.
fn runs(line: &str) -> Vec<Run> {
    let (mut runs, mut column, mut color, mut bold) = (Vec::new(), 0, "#d7dae0", false);
    for (i, part) in line.split("\x1b[").enumerate() {
        let mut text = part;
        if i > 0 {
            let (code, rest) = part.split_once('m').unwrap();
            (color, bold) = match code {
                "0" | "39" => ("#d7dae0", false),
                "1" => ("#ffffff", true),
                "2" => ("#8b93a1", false),
                "32" | "38;5;2" => ("#7ec77b", false),
                "33" | "38;5;3" => ("#e5b567", false),
                "1;31" => ("#f07178", true),
                "38;5;1" => ("#f07178", false),
                other => panic!("slix writes a colour that the picture does not know: {other}"),
            };
            text = rest;
        }
        // Shapes stand alone; words go together until there are two blanks.
        for word in text.split_inclusive(is_shape).flat_map(|part| part.split_inclusive("  ")) {
            let (body, shape) = match word.chars().last() {
                Some(last) if is_shape(last) => (&word[..word.len() - last.len_utf8()], Some(last)),
                _ => (word, None),
            };
            let indent = body.chars().take_while(|c| *c == ' ').count();
            runs.push(Run { column: column + indent, text: body.trim().to_owned(), color, bold });
            column += body.chars().count();
            if let Some(shape) = shape {
                add_shape(&mut runs, Run { column, text: shape.to_string(), color, bold });
                column += 1;
            }
        }
    }
    runs.retain(|run| !run.text.is_empty());
    runs
}

/// Adds a shape, to the one before if both are alike and touch.
fn add_shape(runs: &mut Vec<Run>, shape: Run) {
    match runs.last_mut() {
        Some(last) if last.text.ends_with(&shape.text) && last.column + last.text.chars().count() == shape.column => {
            last.text += &shape.text;
        }
        _ => runs.push(shape),
    }
}

/// Whether a character is drawn as a shape.
fn is_shape(c: char) -> bool {
    matches!(c, '\u{2581}'..='\u{258f}' | '░' | '─')
}

fn draw_run(run: &Run, row: usize, svg: &mut String) {
    let (x, y) = (FRAME.0 + run.column as f64 * CELL.0, FRAME.1 + row as f64 * CELL.1);
    let (first, wide) = (run.text.chars().next().unwrap(), run.text.chars().count() as f64 * CELL.0);
    let mut rect = |x: f64, y: f64, width: f64, height: f64, more: &str| {
        writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{}\"{more}/>",
            run.color
        )
        .unwrap();
    };
    match first {
        '─' => rect(x, y + 8.5, wide, 1.0, ""),
        '░' => rect(x, y + 2.0, wide, 14.0, " opacity=\"0.25\""),
        // Eighths from below, and the whole.
        '\u{2581}'..='\u{2588}' => {
            let height = 14.0 * f64::from(first as u32 - 0x2580) / 8.0;
            rect(x, y + 16.0 - height, wide, height, "");
        }
        // Eighths from the left, the widest first.
        '\u{2589}'..='\u{258f}' => rect(x, y + 2.0, CELL.0 * f64::from(0x2590 - first as u32) / 8.0, 14.0, ""),
        _ => {
            let bold = if run.bold { " font-weight=\"bold\"" } else { "" };
            let text = run.text.replace('&', "&amp;").replace('<', "&lt;");
            writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{wide:.1}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\"{bold} \
                 xml:space=\"preserve\">{text}</text>",
                y + 13.5,
                run.color
            )
            .unwrap();
        }
    }
}
