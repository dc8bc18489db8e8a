//! Servers started for the test on loopback, the traffic that is sent to them, and what slix must say of their logs.

use crate::run::{Folder, count, rows, slix};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// One kind of request.
pub struct Kind {
    pub path: &'static str,
    pub times: u64,
    /// What the server behind answers.
    status: u16,
    /// How long it takes. It has to be far from [`BOUND`].
    takes: Duration,
    /// How long the client waits, where it does not wait for the answer.
    patience: Option<Duration>,
}

const fn kind(path: &'static str, times: u64, status: u16) -> Kind {
    Kind { path, times, status, takes: Duration::ZERO, patience: None }
}

const HANG: Duration = Duration::from_millis(1_500);

/// What is sent to every server, before one connection's worth of garbage.
pub const TRAFFIC: [Kind; 5] = [
    kind("/ok", 20, 200),
    kind("/missing", 5, 404),
    kind("/broken", 3, 500),
    Kind { takes: Duration::from_millis(800), ..kind("/slow", 2, 200) },
    Kind { takes: HANG, patience: Some(Duration::from_millis(150)), ..kind("/hang", 2, 200) },
];
const JUNK: &str = "\x16\x03\x01 junk\r\n\r\n";
/// Between the slow and the rest; and more than any: a wrong unit would be on the other side of one of them.
const BOUND: &str = "400ms";
const LIMIT: &str = "20s";

/// The event that a log holds of a request.
#[derive(Clone, Copy)]
pub struct Line {
    /// Absent where nothing was answered.
    pub status: Option<&'static str>,
    pub method: Option<&'static str>,
    pub path: Option<&'static str>,
    pub slow: bool,
}

/// An event of which only the status is known.
pub const fn nameless(status: Option<&'static str>) -> Option<Line> {
    Some(Line { status, method: None, path: None, slow: false })
}

/// The event of a client that went away.
pub const fn aborted(status: Option<&'static str>, slow: bool) -> Option<Line> {
    Some(Line { status, method: Some("GET"), path: Some("/hang"), slow })
}

/// What a server writes of those that it does not simply answer; nothing where absent.
#[derive(Clone, Copy)]
pub struct Answers {
    /// Of a client that went away before the answer.
    pub aborted: Option<Line>,
    /// Of garbage.
    pub junk: Option<Line>,
    /// Of a connection without a byte, which is how the test finds out that the server is up.
    pub empty: Option<Line>,
}

/// A log, and how slix is told to read it.
#[derive(Clone, Copy)]
pub struct Log {
    pub name: &'static str,
    /// Its name as detection says it, if it is to be detected.
    pub detected: Option<&'static str>,
    /// Lines for the definition file; the format where it is not detected.
    pub definition: &'static str,
    pub has_latency: bool,
}

impl Log {
    pub const fn detected(name: &'static str, format: &'static str, has_latency: bool) -> Log {
        Log { name, detected: Some(format), definition: "", has_latency }
    }

    pub const fn declared(name: &'static str, definition: &'static str) -> Log {
        Log { name, detected: None, definition, has_latency: true }
    }
}

/// A server that is stopped when the test ends, well or not.
pub struct Server(Child);

impl Server {
    /// Starts it in the folder, with one file for each of its outputs (`NAME.out` and `NAME.err`).
    pub fn start(mut command: Command, folder: &Folder, name: &str) -> Server {
        let file = |end: &str| std::fs::File::create(folder.path.join(format!("{name}.{end}"))).expect("the folder is writable");
        command.current_dir(&folder.path).env("TZ", "UTC").stdin(Stdio::null()).stdout(file("out")).stderr(file("err"));
        Server(command.spawn().expect("the server is installed"))
    }

    /// Waits until it listens. The one connection that finds it sends nothing.
    pub fn wait(&self, address: SocketAddr) {
        for _ in 0..150 {
            if TcpStream::connect(address).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("the server does not answer at {address}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked politely, it writes its logs to the end and stops its children. The shell's own `kill` is always there.
        let _ = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.0.id())]).status();
        let _ = self.0.wait();
    }
}

/// An address that was free a moment ago.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address")
}

/// A server behind the servers, which answers as [`TRAFFIC`] says. It lives as long as the process.
pub fn upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) {
    let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
    while !request.windows(4).any(|w| w == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(length) if length > 0 => request.extend_from_slice(&buffer[..length]),
            _ => return,
        }
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    let Some(kind) = TRAFFIC.iter().find(|kind| text.contains(kind.path)) else { return };
    thread::sleep(kind.takes);
    let (status, path) = (kind.status, kind.path);
    let _ = write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{path}", path.len());
}

/// Sends the traffic and the garbage, and waits until the last answer is made. `prefix` stands before each path.
pub fn send(address: SocketAddr, prefix: &str) {
    for kind in &TRAFFIC {
        for _ in 0..kind.times {
            let path = kind.path;
            let request = format!("GET {prefix}{path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n");
            ask(address, &request, kind.patience);
        }
    }
    ask(address, JUNK, None);
    thread::sleep(HANG + Duration::from_millis(500));
}

fn ask(address: SocketAddr, request: &str, patience: Option<Duration>) {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.write_all(request.as_bytes()).expect("the server reads");
    match patience {
        Some(patience) => thread::sleep(patience),
        None => {
            stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout can be set");
            let _ = stream.read_to_end(&mut Vec::new());
        }
    }
}

/// Events by status, method and path.
type Counts = BTreeMap<[Option<String>; 3], u64>;

/// Compares what slix counts in a log with what was sent: events by status, method and path, and those that took too long.
pub fn compare(folder: &Folder, log: Log, answers: Answers) {
    if let Some(format) = log.detected {
        let detected = String::from_utf8(slix(&folder.path, &["detect", "--tz", "UTC", log.name])).expect("it is text");
        assert!(detected.contains(&format!("format       {format} ")), "{}: {detected}", log.name);
    }
    let mut definition = format!("{}\ngroup_by: [status, method, path]\nslos:\n", log.definition);
    definition.push_str("  - {name: availability, target: 99%, good: not status == 5xx}\n");
    if log.has_latency {
        definition.push_str(&format!("  - {{name: bound, target: 99%, good: latency <= {BOUND}}}\n"));
        definition.push_str(&format!("  - {{name: limit, target: 99%, good: latency <= {LIMIT}}}\n"));
    }
    folder.write("slos.yaml", &definition);
    slix(&folder.path, &["windows", "--tz", "UTC", "-c", "slos.yaml", "-o", "rows.ndjson", log.name]);
    let rows = rows(&folder.path.join("rows.ndjson"));
    let expected = |of: &dyn Fn(&Line) -> bool| expected(answers, of);
    assert_eq!(counted(&rows, "availability", "events"), expected(&|_| true), "{}: events", log.name);
    let failed = expected(&|line| line.status.is_some_and(|s| s.starts_with('5')));
    assert_eq!(counted(&rows, "availability", "bad"), failed, "{}: failed", log.name);
    if log.has_latency {
        assert_eq!(counted(&rows, "bound", "bad"), expected(&|line| line.slow), "{}: slow", log.name);
        assert_eq!(counted(&rows, "limit", "bad"), Counts::new(), "{}: longer than the test", log.name);
    }
}

/// What a log must hold of the lines that are asked for.
fn expected(answers: Answers, of: &dyn Fn(&Line) -> bool) -> Counts {
    let mut lines = Vec::new();
    for kind in &TRAFFIC {
        let status = Some(match kind.status {
            200 => "200",
            404 => "404",
            _ => "500",
        });
        let answered = Line { status, method: Some("GET"), path: Some(kind.path), slow: !kind.takes.is_zero() };
        lines.push((if kind.patience.is_some() { answers.aborted } else { Some(answered) }, kind.times));
    }
    lines.extend([(answers.junk, 1), (answers.empty, 1)]);
    let mut counts = Counts::new();
    for (line, times) in lines {
        if let Some(line) = line.filter(of) {
            *counts.entry([line.status, line.method, line.path].map(|t| t.map(str::to_owned))).or_default() += times;
        }
    }
    counts
}

/// Sums a column over the rows of groups; groups without any are left out.
fn counted(rows: &[Value], slo: &str, column: &str) -> Counts {
    let mut sums = Counts::new();
    for row in rows.iter().filter(|row| row["slo"] == slo && row["group_kind"] == "group") {
        let key = ["status", "method", "path"].map(|dimension| row[dimension].as_str().map(str::to_owned));
        *sums.entry(key).or_default() += count(row, column);
    }
    sums.retain(|_, sum| *sum > 0);
    sums
}
