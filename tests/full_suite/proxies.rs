//! HAProxy, Squid, lighttpd and gunicorn, started for the test on loopback with the logs they write by default: slix must tell what they are,
//! and find what was sent.

use crate::run::{Folder, count, rows, slix};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What is sent: a path, how often, the answer, and whether it takes longer than the bound.
const TRAFFIC: [(&str, u64, u16, bool); 4] =
    [("/ok", 20, 200, false), ("/missing", 5, 404, false), ("/broken", 3, 500, false), ("/slow", 2, 200, true)];
const SLOW: Duration = Duration::from_millis(450);
const BOUND: &str = "99% <= 300ms";

/// A server that is stopped when the test ends, well or not.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.0.id())]).status();
        let _ = self.0.wait();
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address")
}

/// A server behind the servers, which answers as [`TRAFFIC`] says.
fn upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) {
    let mut request = [0; 4096];
    let Ok(length) = stream.read(&mut request) else { return };
    let text = String::from_utf8_lossy(&request[..length]).into_owned();
    let Some((path, _, status, is_slow)) = TRAFFIC.iter().find(|(path, ..)| text.contains(path)) else { return };
    if *is_slow {
        std::thread::sleep(SLOW);
    }
    let _ = write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{path}", path.len());
}

/// Sends the traffic and one line of garbage; `prefix` stands before each path.
fn send(address: SocketAddr, prefix: &str, paths: &[&str]) {
    for (path, times, ..) in TRAFFIC.iter().filter(|(path, ..)| paths.contains(path)) {
        for _ in 0..*times {
            ask(address, &format!("GET {prefix}{path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n"));
        }
    }
    ask(address, "\x16\x03\x01 junk\r\n\r\n");
}

fn ask(address: SocketAddr, request: &str) {
    let mut stream = TcpStream::connect(address).expect("the server answers");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout can be set");
    stream.write_all(request.as_bytes()).expect("the server reads");
    let _ = stream.read_to_end(&mut Vec::new());
}

/// Starts the server, sends the traffic, and stops it, so that its logs are whole.
fn serve(mut command: Command, folder: &Folder, address: SocketAddr, prefix: &str, paths: &[&str]) {
    let out = std::fs::File::create(folder.path.join("stdout.log")).expect("the folder is writable");
    let spawned = command.current_dir(&folder.path).stdout(out).stderr(Stdio::null()).spawn();
    let _server = Server(spawned.expect("the server is installed"));
    for _ in 0..100 {
        if TcpStream::connect(address).is_ok() {
            send(address, prefix, paths);
            std::thread::sleep(Duration::from_millis(300));
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the server does not answer at {address}");
}

/// What slix must count: answers by status, those of `paths` and the garbage.
fn check(folder: &Folder, log: &str, format: &str, paths: &[&str], has_latency: bool, junk: Option<u16>) {
    let detected = String::from_utf8(slix(&folder.path, &["detect", "--tz", "UTC", log])).expect("it is text");
    assert!(detected.contains(&format!("format       {format} ")), "{log}: {detected}");
    let mut arguments = vec!["windows", "--tz", "UTC", "--availability", "99%", "--group-by", "status", "-o", "rows.ndjson"];
    arguments.extend(has_latency.then_some(["--latency", BOUND]).into_iter().flatten());
    arguments.push(log);
    slix(&folder.path, &arguments);
    let rows = rows(&folder.path.join("rows.ndjson"));
    let mut statuses: BTreeMap<String, u64> = BTreeMap::new();
    for row in rows.iter().filter(|row| row["slo"] == "availability" && row["group_kind"] == "group") {
        *statuses.entry(row["status"].as_str().unwrap_or("none").to_owned()).or_default() += count(row, "events");
    }
    statuses.retain(|_, events| *events > 0);
    let mut want: BTreeMap<String, u64> = BTreeMap::new();
    for (_, times, status, _) in TRAFFIC.iter().filter(|(path, ..)| paths.contains(path)) {
        *want.entry(status.to_string()).or_default() += times;
    }
    if let Some(status) = junk {
        *want.entry(status.to_string()).or_default() += 1;
    }
    // A connection that only asks whether the server is up may be logged without an answer.
    statuses.remove("none");
    assert_eq!(statuses, want, "{log}");
    if has_latency {
        let slow: u64 =
            rows.iter().filter(|row| row["slo"] == "latency" && row["group_kind"] == "all").map(|row| count(row, "bad")).sum();
        let want: u64 =
            TRAFFIC.iter().filter(|(path, _, _, is_slow)| *is_slow && paths.contains(path)).map(|(_, times, ..)| times).sum();
        assert_eq!(slow, want, "{log}: slow answers");
    }
}

const ALL: [&str; 4] = ["/ok", "/missing", "/broken", "/slow"];

#[test]
#[ignore = "needs HAProxy; run by tests/full"]
fn slix_counts_what_haproxy_was_sent() {
    let (folder, address) = (Folder::new("haproxy"), free_address());
    let configuration = format!(
        "global\n  log stdout format raw local0\ndefaults\n  mode http\n  log global\n  option httplog\n  option dontlognull\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n\
         frontend web\n  bind {address}\n  capture request header Host len 20\n  default_backend shop\nbackend shop\n  server app1 {}\n",
        upstream()
    );
    folder.write("haproxy.cfg", &configuration);
    let mut command = Command::new("haproxy");
    command.args(["-db", "-f", "haproxy.cfg"]);
    serve(command, &folder, address, "", &ALL);
    check(&folder, "stdout.log", "haproxy", &ALL, true, Some(400));
}

#[test]
#[ignore = "needs Squid; run by tests/full"]
fn slix_counts_what_squid_was_sent() {
    let (folder, address) = (Folder::new("squid"), free_address());
    let place = folder.path.display();
    let configuration = format!(
        "http_port {address}\nhttp_access allow all\ncache deny all\naccess_log stdio:{place}/access.log squid\ncache_log {place}/cache.log\n\
         pid_filename none\nshutdown_lifetime 0 seconds\n"
    );
    folder.write("squid.conf", &configuration);
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&folder.path, std::fs::Permissions::from_mode(0o777)).expect("the folder is ours");
    let mut command = Command::new("squid");
    command.args(["-N", "-f", "squid.conf"]);
    serve(command, &folder, address, &format!("http://{}", upstream()), &ALL);
    check(&folder, "access.log", "squid", &ALL, true, Some(400));
}

#[test]
#[ignore = "needs lighttpd; run by tests/full"]
fn slix_counts_what_lighttpd_was_sent() {
    let (folder, address) = (Folder::new("lighttpd"), free_address());
    let place = folder.path.display();
    let configuration = format!(
        "server.modules = (\"mod_accesslog\")\nserver.document-root = \"{place}\"\nserver.bind = \"127.0.0.1\"\nserver.port = {}\naccesslog.filename = \"{place}/access.log\"\n",
        address.port()
    );
    folder.write("lighttpd.conf", &configuration);
    folder.write("ok", "ok\n");
    let mut command = Command::new("lighttpd");
    command.args(["-D", "-f", "lighttpd.conf"]);
    let paths = ["/ok", "/missing"];
    serve(command, &folder, address, "", &paths);
    check(&folder, "access.log", "combined", &paths, false, Some(400));
}

#[test]
#[ignore = "needs gunicorn; run by tests/full"]
fn slix_counts_what_gunicorn_was_sent() {
    let (folder, address) = (Folder::new("gunicorn"), free_address());
    folder.write(
        "app.py",
        "import time\nANSWERS = {'/ok': '200 OK', '/missing': '404 Not Found', '/broken': '500 Oops', '/slow': '200 OK'}\n\
         def app(environ, start_response):\n    path = environ['PATH_INFO']\n    if path == '/slow':\n        time.sleep(0.45)\n    start_response(ANSWERS[path], [])\n    return [b'x']\n",
    );
    let python = std::env::var("SLIX_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut command = Command::new(python);
    command.args(["-m", "gunicorn", "--access-logfile", "-", "-b", &address.to_string(), "app:app"]);
    serve(command, &folder, address, "", &ALL);
    // It answers garbage without a word in its log.
    check(&folder, "stdout.log", "combined", &ALL, false, None);
}
