//! The requests that are sent to real servers, an upstream behind these, and what each server makes of them.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// How long the slow upstream takes. It has to be far from both sides of [`THRESHOLD`].
const SLOW: Duration = Duration::from_millis(1_600);
/// How long the upstream takes for a client that does not wait.
const HANG: Duration = Duration::from_millis(2_500);
/// The latency that the tests' definition asks for.
pub const THRESHOLD: &str = "1s";

/// One connection: what is sent, and what the log says of it afterwards.
pub struct Probe {
    pub bytes: Vec<u8>,
    /// How often it is sent.
    pub times: u64,
    /// The client goes away after this long without waiting for an answer.
    pub patience: Option<Duration>,
    pub nginx: Option<Seen>,
    pub apache: Option<Seen>,
}

/// The event that a server's log holds of a probe: what slix must find.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    pub status: u64,
    pub method: Option<&'static str>,
    pub path: Option<&'static str>,
    pub slow: bool,
}

fn seen(status: u64, method: &'static str, path: &'static str) -> Option<Seen> {
    Some(Seen { status, method: Some(method), path: Some(path), slow: false })
}

/// An event without method and path.
fn nameless(status: u64) -> Option<Seen> {
    Some(Seen { status, method: None, path: None, slow: false })
}

fn slow(seen: Option<Seen>) -> Option<Seen> {
    seen.map(|s| Seen { slow: true, ..s })
}

/// A probe that both servers see alike.
fn alike(times: u64, bytes: impl AsRef<[u8]>, seen: Option<Seen>) -> Probe {
    Probe { bytes: bytes.as_ref().to_vec(), times, patience: None, nginx: seen.clone(), apache: seen }
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nUser-Agent: probe/1.0\r\n\r\n")
}

/// The mix.
pub fn probes() -> Vec<Probe> {
    let mut all = ordinary();
    all.extend(odd());
    all.extend(malformed());
    all
}

fn ordinary() -> Vec<Probe> {
    vec![
        alike(40, get("/ok"), seen(200, "GET", "/ok")),
        alike(5, get("/ok?from=mail&n=1"), seen(200, "GET", "/ok")),
        alike(7, get("/missing/item"), seen(404, "GET", "/missing/item")),
        alike(3, get("/broken"), seen(500, "GET", "/broken")),
        alike(6, get("/upstream/fast"), seen(200, "GET", "/upstream/fast")),
        alike(4, get("/upstream/error"), seen(500, "GET", "/upstream/error")),
        alike(2, get("/upstream/slow"), slow(seen(200, "GET", "/upstream/slow"))),
        alike(2, "HEAD /ok HTTP/1.0\r\n\r\n", seen(200, "HEAD", "/ok")),
        alike(
            3,
            "POST /upstream/fast HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
            seen(200, "POST", "/upstream/fast"),
        ),
        Probe {
            bytes: get("/upstream/hang").into_bytes(),
            times: 2,
            patience: Some(Duration::from_millis(200)),
            nginx: seen(499, "GET", "/upstream/hang"),
            apache: slow(seen(200, "GET", "/upstream/hang")),
        },
    ]
}

/// Requests that are served, and hard to log.
fn odd() -> Vec<Probe> {
    let agent = |value: &[u8]| [b"GET /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\nUser-Agent: ", value, b"\r\n\r\n"].concat();
    vec![
        alike(2, get("http://shop.example/ok"), seen(200, "GET", "/ok")),
        alike(1, get("/missing/say%20%22hi%22"), seen(404, "GET", "/missing/say%20%22hi%22")),
        alike(1, get("/missing/say\"hi\""), seen(404, "GET", "/missing/say\"hi\"")),
        alike(1, get("/missing/back\\slash"), seen(404, "GET", "/missing/back\\slash")),
        alike(1, get("/missing/caf\u{e9}"), seen(404, "GET", "/missing/caf\u{e9}")),
        alike(2, agent(b"say \"hi\" \\ and \\\" and \xff\xfe"), seen(200, "GET", "/ok")),
        alike(1, agent(b""), seen(200, "GET", "/ok")),
        alike(1, agent("x".repeat(3_000).as_bytes()), seen(200, "GET", "/ok")),
    ]
}

/// What is no request.
fn malformed() -> Vec<Probe> {
    let hello = b"\x16\x03\x01\x00\xc5\x01\x00\x00\xc1\x03\x03\x9a\x22\x5c\x10\x7f\x0d\x0a\x0d\x0a";
    vec![
        alike(3, hello, nameless(400)),
        alike(2, b"\x80\x9f\"garbage\\ bytes\x01\r\n\r\n", nameless(400)),
        alike(2, "hello\r\n\r\n", nameless(400)),
        alike(1, "GET /ok\r\n", seen(200, "GET", "/ok")),
        // nginx answers a client that leaves after a blank line, and logs an empty request; Apache does not.
        Probe { nginx: nameless(400), ..alike(1, "\r\n\r\n", None) },
        alike(2, "", None),
    ]
}

/// Sends every probe, a few at a time, and waits until the slowest answer has come.
pub fn send(address: SocketAddr) {
    for probe in probes() {
        let threads: Vec<_> = (0..probe.times)
            .map(|_| {
                let (bytes, patience) = (probe.bytes.clone(), probe.patience);
                thread::spawn(move || send_one(address, &bytes, patience))
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().expect("the client ends well"));
    }
    thread::sleep(HANG);
}

fn send_one(address: SocketAddr, bytes: &[u8], patience: Option<Duration>) {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.write_all(bytes).expect("the server reads");
    match patience {
        Some(patience) => thread::sleep(patience),
        None => {
            stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout can be set");
            // A probe that is no request may be answered with a reset; one that is not whole needs its end to be seen.
            if bytes.len() < 30 {
                let _ = stream.shutdown(Shutdown::Write);
            }
            let _ = stream.read_to_end(&mut Vec::new());
        }
    }
}

/// A server behind the server: `/upstream/slow` takes its time, `/upstream/error` fails. It lives as long as the process.
pub fn start_upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|w| w == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(count) if count > 0 => head.extend_from_slice(&buffer[..count]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let (status, pause) = match head.split(' ').nth(1) {
        Some("/upstream/slow") => ("200 OK", SLOW),
        Some("/upstream/hang") => ("200 OK", HANG),
        Some("/upstream/error") => ("500 Internal Server Error", Duration::ZERO),
        _ => ("200 OK", Duration::ZERO),
    };
    thread::sleep(pause);
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n");
}
