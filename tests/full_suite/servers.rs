//! nginx and Apache, started for the test on loopback with several log formats each: slix must find what was sent.

use crate::run::{Folder, count, rows, slix};
use crate::traffic::{Probe, Seen, THRESHOLD, probes, send, start_upstream};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

const NGINX: &str = r#"
USER daemon off; worker_processes 1; pid nginx.pid; error_log error.log;
events { worker_connections 256; }
http {
    client_body_temp_path temp_body; proxy_temp_path temp_proxy; fastcgi_temp_path temp_fastcgi;
    uwsgi_temp_path temp_uwsgi; scgi_temp_path temp_scgi;
    log_format timed '$msec $remote_addr $host "$request" $status $body_bytes_sent '
                     '$request_time $upstream_response_time "$http_user_agent"';
    log_format json escape=json '{"ts":"$time_iso8601","request":"$request","status":$status,'
                                '"request_time":$request_time,"agent":"$http_user_agent"}';
    access_log combined.log combined;
    access_log timed.log timed;
    access_log json.log json;
    server {
        listen ADDRESS;
        location / { return 200 "ok\n"; }
        location /missing { return 404; }
        location /broken { return 500; }
        location /upstream/ { proxy_pass http://UPSTREAM; }
    }
}
"#;

const APACHE: &str = r#"
USER ServerName shop.example
Listen ADDRESS
PidFile httpd.pid
DefaultRuntimeDir .
ErrorLog error.log
LoadModule mpm_event_module MODULES/mod_mpm_event.so
LoadModule authz_core_module MODULES/mod_authz_core.so
LoadModule alias_module MODULES/mod_alias.so
LoadModule proxy_module MODULES/mod_proxy.so
LoadModule proxy_http_module MODULES/mod_proxy_http.so
DocumentRoot htdocs
HttpProtocolOptions Unsafe
Redirect 500 /broken
ProxyPass /upstream/ http://UPSTREAM/upstream/
LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"" combined
LogFormat "%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"" vhost_combined
LogFormat "%h [%{%Y-%m-%dT%H:%M:%S}t.%{msec_frac}t %{%z}t] \"%r\" %>s %B %D \"%{User-Agent}i\"" timed
LogFormat "%{begin:msec}t\t%v\t%m\t%U\t%q\t%H\t%>s\t%{ms}T" tabs
LogFormat "{\"at\":\"%t\",\"took\":%D,\"status\":%>s,\"request\":\"%r\",\"agent\":\"%{User-Agent}i\"}" json
CustomLog combined.log combined
CustomLog json.log json
CustomLog vhost.log vhost_combined
CustomLog timed.log timed
CustomLog tabs.log tabs
"#;

/// One log of a server, and how slix is told to read it.
#[derive(Clone, Copy)]
struct Log {
    name: &'static str,
    flag: &'static str,
    format: &'static str,
    has_latency: bool,
    /// Whether methods and paths are those of the request line. `%m` and `%U` are what Apache made of it: decoded, and for
    /// garbage anything.
    has_names: bool,
}

const NGINX_LOG: Log = Log { name: "", flag: "--nginx-conf", format: "", has_latency: true, has_names: true };
const APACHE_LOG: Log = Log { flag: "--apache-conf", ..NGINX_LOG };

#[test]
#[ignore = "needs nginx; run by tests/full"]
fn slix_counts_what_nginx_was_sent() {
    let folder = Folder::new("nginx");
    let address = free_address();
    let user = if is_root() { "user root;" } else { "" };
    write_configuration(&folder, "nginx.conf", NGINX, user, address);
    let prefix = folder.path.to_str().expect("the folder has a plain name");
    let mut command = Command::new("nginx");
    command.args(["-p", prefix, "-c", "nginx.conf", "-e", "error.log"]);
    serve(command, address, &folder.path);
    let sent = expected(|probe| probe.nginx.clone());
    // nginx compiles `combined` in, so no configuration defines it.
    compare(&folder, Log { name: "combined", flag: "--format", format: "combined", has_latency: false, ..NGINX_LOG }, &sent);
    compare(&folder, Log { name: "timed", format: "nginx.conf:timed", ..NGINX_LOG }, &sent);
    compare(&folder, Log { name: "json", format: "nginx.conf:json", ..NGINX_LOG }, &sent);
}

#[test]
#[ignore = "needs Apache; run by tests/full"]
fn slix_counts_what_apache_was_sent() {
    let folder = Folder::new("apache");
    let address = free_address();
    let user = if is_root() { "User www-data\nGroup www-data\n" } else { "" };
    let modules = std::env::var("SLIX_APACHE_MODULES").unwrap_or_else(|_| "/usr/lib/apache2/modules".to_owned());
    write_configuration(&folder, "apache.conf", &APACHE.replace("MODULES", &modules), user, address);
    std::fs::create_dir(folder.path.join("htdocs")).expect("the folder is writable");
    folder.write("htdocs/ok", "ok\n");
    open_to_all(&folder.path);
    let prefix = folder.path.to_str().expect("the folder has a plain name");
    let mut command = Command::new("apache2");
    command.args(["-d", prefix, "-f", "apache.conf", "-DFOREGROUND"]);
    serve(command, address, &folder.path);
    let sent = expected(|probe| probe.apache.clone());
    compare(&folder, Log { name: "combined", format: "apache.conf:combined", has_latency: false, ..APACHE_LOG }, &sent);
    compare(&folder, Log { name: "vhost", format: "apache.conf:vhost_combined", has_latency: false, ..APACHE_LOG }, &sent);
    compare(&folder, Log { name: "timed", format: "apache.conf:timed", ..APACHE_LOG }, &sent);
    compare(&folder, Log { name: "tabs", format: "apache.conf:tabs", has_names: false, ..APACHE_LOG }, &sent);
    compare(&folder, Log { name: "json", format: "apache.conf:json", ..APACHE_LOG }, &sent);
    // As JSON, too, though Apache's `\xhh` is none: only the values that are asked for are looked at.
    let keys =
        r#"{"json": {"time": "at clf", "latency": "took us", "status": "status", "request": "request"}, "clock": "start"}"#;
    compare(&folder, Log { name: "json", flag: "--format", format: keys, ..APACHE_LOG }, &sent);
}

/// A server that is stopped when the test ends, well or not.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // Asked politely, it writes its logs to the end and stops its children. The shell's own `kill` is always there.
        let _ = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.0.id())]).status();
        let _ = self.0.wait();
    }
}

/// Starts the server, sends the traffic, and stops it, so that its logs are whole.
fn serve(mut command: Command, address: SocketAddr, folder: &Path) {
    let _server = Server(command.current_dir(folder).spawn().expect("the server is installed"));
    for _ in 0..100 {
        if TcpStream::connect(address).is_ok() {
            send(address);
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let log = std::fs::read_to_string(folder.join("error.log")).unwrap_or_default();
    panic!("the server does not answer at {address}: {log}");
}

/// What a log must hold: events by what is seen of them.
fn expected(of: impl Fn(&Probe) -> Option<Seen>) -> BTreeMap<Seen, u64> {
    let mut sent = BTreeMap::new();
    for probe in probes() {
        if let Some(seen) = of(&probe) {
            *sent.entry(seen).or_insert(0) += probe.times;
        }
    }
    sent
}

/// Compares slix's counts by status, method and path with what was sent, and the verdicts of both SLOs.
fn compare(folder: &Folder, log: Log, sent: &BTreeMap<Seen, u64>) {
    let names = if log.has_names { ", method, path" } else { "" };
    let mut definition = format!("service: shop\ngroup_by: [status{names}]\nslos:\n");
    definition.push_str("  - {name: availability, target: 99.9%, good: status < 500}\n");
    if log.has_latency {
        definition.push_str(&format!("  - {{name: latency, target: 99%, good: latency <= {THRESHOLD}}}\n"));
    }
    folder.write("slos.yaml", &definition);
    let (input, output) = (format!("{}.log", log.name), format!("{}.ndjson", log.name));
    slix(&folder.path, &["windows", "-c", "slos.yaml", log.flag, log.format, &input, "-o", &output]);
    let rows = rows(&folder.path.join(&output));
    let check = |slo: &str, column: &str, of: &dyn Fn(&Seen) -> bool| {
        assert_eq!(counted(&rows, slo, column), wanted(sent, log.has_names, of), "{}.log: {column} by {slo}", log.name);
    };
    check("availability", "events", &|_| true);
    check("availability", "good", &|s| s.status < 500);
    check("availability", "bad", &|s| s.status >= 500);
    if log.has_latency {
        check("latency", "good", &|s| !s.slow);
        check("latency", "bad", &|s| s.slow);
    }
}

/// Status, method and path.
type Key = (String, Option<String>, Option<String>);

/// Sums a column over the rows of groups; groups without any are left out.
fn counted(rows: &[Value], slo: &str, column: &str) -> BTreeMap<Key, u64> {
    let mut sums = BTreeMap::new();
    for row in rows.iter().filter(|row| row["slo"] == slo && row["group_kind"] == "group") {
        let text = |dimension: &str| row[dimension].as_str().map(unescaped);
        let key = (text("status").unwrap_or_default(), text("method"), text("path"));
        *sums.entry(key).or_insert(0) += count(row, column);
    }
    sums.retain(|_, sum| *sum > 0);
    sums
}

fn wanted(sent: &BTreeMap<Seen, u64>, has_names: bool, of: &dyn Fn(&Seen) -> bool) -> BTreeMap<Key, u64> {
    let mut sums = BTreeMap::new();
    for (seen, times) in sent.iter().filter(|(seen, _)| of(seen)) {
        let name = |name: Option<&str>| name.filter(|_| has_names).map(str::to_owned);
        *sums.entry((seen.status.to_string(), name(seen.method), name(seen.path))).or_insert(0) += times;
    }
    sums
}

/// The text that was sent. A path is kept as its server wrote it, and each server escapes in its own way (`\x22`, `\"`); slix
/// may escape the backslash once more, so this is repeated until nothing changes.
fn unescaped(text: &str) -> String {
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail.get(1..3).filter(|_| tail[0] == b'x').and_then(|h| u8::from_str_radix(str::from_utf8(h).ok()?, 16).ok());
        let (byte, skipped) = match (first, hex, tail.first()) {
            (b'\\', Some(byte), _) => (byte, 3),
            (b'\\', _, Some(mark @ (b'\\' | b'"'))) => (*mark, 1),
            _ => (first, 0),
        };
        out.push(byte);
        rest = &tail[skipped..];
    }
    let out = String::from_utf8_lossy(&out).into_owned();
    if out == text { out } else { unescaped(&out) }
}

#[test]
fn escapes_are_undone() {
    for written in [r"/say\x22hi\x22", r#"/say\"hi\""#, r#"/say\\"hi\\\""#] {
        assert_eq!(unescaped(written), "/say\"hi\"");
    }
    assert_eq!(unescaped(r"/caf\xC3\xa9\x5Cn\\"), "/caf\u{e9}\\n\\");
}

fn write_configuration(folder: &Folder, name: &str, text: &str, user: &str, address: SocketAddr) {
    let text = text.replace("USER", user).replace("ADDRESS", &address.to_string());
    folder.write(name, &text.replace("UPSTREAM", &start_upstream().to_string()));
}

/// An address that was free a moment ago.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address")
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout == b"0\n")
}

/// A server that gives up its rights must still be able to read its pages.
fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("the folder is ours");
}
