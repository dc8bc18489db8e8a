//! nginx and Apache, started for the test on loopback with several log formats each: slix must find what was sent.

use crate::run::{Folder, count, rows, slix};
use crate::traffic::{Probe, Seen, THRESHOLD, probes, send, start_upstream};
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
CustomLog combined.log combined
CustomLog vhost.log vhost_combined
CustomLog timed.log timed
CustomLog tabs.log tabs
"#;

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
    for (log, has_latency) in [("combined", false), ("timed", true), ("json", true)] {
        compare(&folder, "--nginx-conf", "nginx.conf", log, has_latency, &sent);
    }
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
    for (log, has_latency) in [("combined", false), ("vhost", false), ("timed", true), ("tabs", true)] {
        compare(&folder, "--apache-conf", "apache.conf", log, has_latency, &sent);
    }
}

/// A server that is stopped when the test ends, well or not.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
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
fn compare(folder: &Folder, flag: &str, configuration: &str, log: &str, has_latency: bool, sent: &BTreeMap<Seen, u64>) {
    let mut definition = "service: shop\ngroup_by: [status, method, path]\nslos:\n".to_owned();
    definition.push_str("  - {name: availability, target: 99.9%, good: status < 500}\n");
    if has_latency {
        definition.push_str(&format!("  - {{name: latency, target: 99%, good: latency <= {THRESHOLD}}}\n"));
    }
    folder.write("slos.yaml", &definition);
    let (input, output) = (format!("{log}.log"), format!("{log}.ndjson"));
    let name = if log == "vhost" { "vhost_combined" } else { log };
    let format =
        if flag == "--nginx-conf" && log == "combined" { "combined".to_owned() } else { format!("{configuration}:{name}") };
    let flag = if format == "combined" { "--format" } else { flag };
    slix(&folder.path, &["windows", "-c", "slos.yaml", flag, &format, &input, "-o", &output]);
    let rows = rows(&folder.path.join(&output));
    assert_eq!(counted(&rows, "availability", "good"), wanted(sent, |s| s.status < 500), "{log}: requests that are available");
    assert_eq!(counted(&rows, "availability", "bad"), wanted(sent, |s| s.status >= 500), "{log}: requests that failed");
    if has_latency {
        assert_eq!(counted(&rows, "latency", "good"), wanted(sent, |s| !s.slow), "{log}: requests that were fast");
        assert_eq!(counted(&rows, "latency", "bad"), wanted(sent, |s| s.slow), "{log}: requests that were slow");
    }
}

/// Status, method and path.
type Key = (String, Option<String>, Option<String>);

/// Sums a column over the rows of groups; groups without any are left out.
fn counted(rows: &[serde_json::Value], slo: &str, column: &str) -> BTreeMap<Key, u64> {
    let mut sums = BTreeMap::new();
    for row in rows.iter().filter(|row| row["slo"] == slo && row["group_kind"] == "group") {
        let text = |dimension: &str| row[dimension].as_str().map(str::to_owned);
        let key = (text("status").unwrap_or_default(), text("method"), text("path"));
        *sums.entry(key).or_insert(0) += count(row, column);
    }
    sums.retain(|_, sum| *sum > 0);
    sums
}

fn wanted(sent: &BTreeMap<Seen, u64>, of: impl Fn(&Seen) -> bool) -> BTreeMap<Key, u64> {
    let mut sums = BTreeMap::new();
    for (seen, times) in sent.iter().filter(|(seen, _)| of(seen)) {
        let key = (seen.status.to_string(), seen.method.map(str::to_owned), seen.path.map(str::to_owned));
        *sums.entry(key).or_insert(0) += times;
    }
    sums
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
