//! Writes an access log with known truth.
//!
//! ```sh
//! cargo run --release --example loggen -- --format combined --lines 1000000 --seed 1 --out access.log --truth truth.json
//! cargo run --release --example loggen -- --format caddy --lines 1000 --dirty --incident 3600..7200:0.3:4 --out -
//! ```
//!
//! Options, with their defaults: `--format combined` (a wrong name lists all), `--lines 10000`, `--seed 1`, `--start 1793491200` (seconds
//! since 1970 UTC), `--minutes 1440`, `--paths 100`, `--hosts 3`, `--agent-bytes 0`, `--days 1`, `--offset-minutes 0`, `--out -`, and shares from 0 to 1:
//! `--day-night 0.5`, `--errors 0.0005`, `--malformed-requests`, `--cut-lines`, `--blank-lines`, `--junk-lines`, `--undated`,
//! `--out-of-order`, `--no-response`, `--missing-latency`, `--escapes` (all 0). `--dirty` sets a little of everything that can be wrong,
//! `--escapes-everywhere` escapes in referer and query too, `--crlf` and `--no-last-newline` change the line ends, `--print-format` writes no
//! log but what `slix --format` needs to read it, `--truth FILE` writes what is true of the log as JSON, and `--incident
//! FROM..TO:ERRORS:FACTOR[:CLASS]` (seconds since the start; may be repeated) makes something go wrong.

#[path = "../tests/support/loggen.rs"]
mod loggen;

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::str::FromStr;

use loggen::{Config, Format, Generator, Incident};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("loggen: {message}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), String> {
    let (mut config, mut out, mut truth_path) = (Config::default(), String::from("-"), None);
    let mut is_asked = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(option) = arguments.next() {
        match option.as_str() {
            "--dirty" => config = config.dirty(),
            "--escapes-everywhere" => config.escapes_everywhere = true,
            "--print-format" => is_asked = true,
            "--crlf" => config.crlf = true,
            "--no-last-newline" => config.last_newline = false,
            _ => {
                let value = arguments.next().ok_or_else(|| format!("{option} needs a value"))?;
                match option.as_str() {
                    "--out" => out = value,
                    "--truth" => truth_path = Some(value),
                    _ => set(&mut config, &option, &value)?,
                }
            }
        }
    }
    if is_asked {
        return writeln!(io::stdout(), "{}", config.format.read_as()).map_err(|error| error.to_string());
    }
    let generator = Generator::new(config);
    let truth =
        if out == "-" { generator.write(io::stdout().lock()) } else { File::create(&out).and_then(|file| generator.write(file)) };
    let truth = truth.map_err(|error| format!("{out}: {error}"))?;
    truth_path.map_or(Ok(()), |path| fs::write(&path, truth.to_json()).map_err(|error| format!("{path}: {error}")))
}

fn set(config: &mut Config, option: &str, value: &str) -> Result<(), String> {
    let share = || parse::<f64>(option, value);
    match option {
        "--format" => {
            config.format = Format::from_name(value).ok_or_else(|| format!("no format `{value}`; there are {}", names()))?
        }
        "--lines" => config.lines = parse(option, value)?,
        "--seed" => config.seed = parse(option, value)?,
        "--start" => config.start = parse(option, value)?,
        "--minutes" => config.minutes = parse(option, value)?,
        "--paths" => config.paths = parse(option, value)?,
        "--hosts" => config.hosts = parse(option, value)?,
        "--offset-minutes" => config.offset_minutes = parse(option, value)?,
        "--agent-bytes" => config.agent_bytes = parse(option, value)?,
        "--days" => config.days = parse(option, value)?,
        "--day-night" => config.day_night = share()?,
        "--errors" => config.errors = share()?,
        "--malformed-requests" => config.malformed_requests = share()?,
        "--cut-lines" => config.cut_lines = share()?,
        "--blank-lines" => config.blank_lines = share()?,
        "--junk-lines" => config.junk_lines = share()?,
        "--undated" => config.undated = share()?,
        "--out-of-order" => config.out_of_order = share()?,
        "--no-response" => config.no_response = share()?,
        "--missing-latency" => config.missing_latency = share()?,
        "--escapes" => config.escapes = share()?,
        "--incident" => config.incidents.push(incident(value)?),
        _ => return Err(format!("no option `{option}`; the head of examples/loggen.rs lists them")),
    }
    Ok(())
}

fn parse<T: FromStr>(option: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{option}: `{value}` is not a number it takes"))
}

fn incident(value: &str) -> Result<Incident, String> {
    let mistake = || format!("--incident: `{value}` is not FROM..TO:ERRORS:FACTOR[:CLASS]");
    let parts: Vec<&str> = value.split(':').collect();
    let &[span, errors, factor, ref class @ ..] = parts.as_slice() else { return Err(mistake()) };
    let (from, to) = span.split_once("..").ok_or_else(mistake)?;
    let number = |text: &str| text.parse::<u32>().map_err(|_| mistake());
    Ok(Incident {
        from: number(from)?.into(),
        to: number(to)?.into(),
        class: class.first().map(|text| number(text)).transpose()?.map(|class| class as usize),
        errors: errors.parse().map_err(|_| mistake())?,
        latency_factor: number(factor)?.into(),
    })
}

fn names() -> String {
    Format::ALL.map(|(name, _)| name).join(", ")
}
