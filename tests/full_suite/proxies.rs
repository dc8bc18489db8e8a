//! HAProxy, Squid, lighttpd, Caddy and Varnish with the logs they write by default, and with JSON: slix must tell what they are, and
//! find what was sent.

use crate::loopback::{Answers, Line, Log, Server, aborted, compare, free_address, nameless, send, upstream};
use crate::run::Folder;
use std::process::Command;
use std::time::Duration;

#[test]
#[ignore = "needs HAProxy; run by tests/full"]
fn slix_counts_what_haproxy_was_sent() {
    let folder = Folder::new("haproxy");
    let (plain, json) = (free_address(), free_address());
    let configuration = format!(
        r#"global
  log stdout format raw local0
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
  option abortonclose
frontend web
  bind {plain}
  log global
  option httplog
  option dontlognull
  capture request header Host len 20
  default_backend shop
frontend web_json
  bind {json}
  log stderr format raw local0
  option dontlognull
  log-format '{{"accepted":%Ts.%ms,"status":%ST,"Ta":%Ta,"request":%{{+Q}}r,"state":"%ts"}}'
  default_backend shop
backend shop
  server app1 {}
"#,
        upstream()
    );
    folder.write("haproxy.cfg", &configuration);
    let mut command = Command::new("haproxy");
    command.args(["-db", "-f", "haproxy.cfg"]);
    let server = Server::start(command, &folder, "haproxy");
    for address in [plain, json] {
        server.wait(address);
        send(address, "");
    }
    drop(server);
    let answers = Answers { aborted: aborted(Some("400"), false), junk: nameless(Some("400")), empty: None };
    compare(&folder, Log::detected("haproxy.out", "haproxy", true), answers);
    let keys = "format: {json: {time: accepted s, status: status, latency: Ta ms, request: request}, clock: start, only_if: {state: ''}}";
    compare(&folder, Log::declared("haproxy.err", keys), answers);
}

#[test]
#[ignore = "needs Squid; run by tests/full"]
fn slix_counts_what_squid_was_sent() {
    let (folder, address) = (Folder::new("squid"), free_address());
    let place = folder.path.display();
    let configuration = format!(
        r#"http_port {address}
http_access allow all
cache deny all
logformat keys {{"ended":%ts.%03tu,"took":%tr,"status":"%>Hs","method":"%rm","url":"%ru"}}
access_log stdio:{place}/access.log squid
access_log stdio:{place}/json.log keys
access_log stdio:{place}/combined.log combined
access_log stdio:{place}/common.log common
cache_log {place}/cache.log
pid_filename none
shutdown_lifetime 0 seconds
"#
    );
    folder.write("squid.conf", &configuration);
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&folder.path, std::fs::Permissions::from_mode(0o777)).expect("the folder is ours");
    let mut command = Command::new("squid");
    command.args(["-N", "-f", "squid.conf"]);
    let server = Server::start(command, &folder, "squid");
    server.wait(address);
    send(address, &format!("http://{}", upstream()));
    drop(server);
    // Where it has no URL it writes a word of its own there.
    let word = |status, path| Some(Line { status, method: None, path: Some(path), slow: false });
    let answers = Answers {
        aborted: aborted(None, false),
        junk: word(Some("400"), "error:invalid-request"),
        empty: word(None, "error:transaction-end-before-headers"),
    };
    compare(&folder, Log::detected("access.log", "squid", true), answers);
    // Behind a method that is none, the word is no path.
    let of_requests = Answers { junk: nameless(Some("400")), empty: nameless(None), ..answers };
    for log in ["combined.log", "common.log"] {
        compare(&folder, Log::detected(log, "squid", false), of_requests);
    }
    let keys = "format: {json: {time: ended s, status: status, latency: took ms, method: method, target: url}}";
    compare(&folder, Log::declared("json.log", keys), answers);
}

#[test]
#[ignore = "needs lighttpd; run by tests/full"]
fn slix_counts_what_lighttpd_was_sent() {
    let folder = Folder::new("lighttpd");
    let (plain, json) = (free_address(), free_address());
    let upstream = upstream();
    let configuration = format!(
        r#"server.modules = ("mod_accesslog", "mod_proxy")
server.document-root = "{place}"
server.bind = "127.0.0.1"
server.port = {port}
accesslog.filename = "{place}/access.log"
proxy.server = ("" => (("host" => "{host}", "port" => {upstream_port})))
$SERVER["socket"] == "{json}" {{
    accesslog.filename = "{place}/json.log"
    accesslog.format = "{{\"ended\":%{{end:msec}}t,\"took\":%D,\"status\":%s,\"request\":\"%r\",\"size\":%B}}"
}}
"#,
        place = folder.path.display(),
        port = plain.port(),
        host = upstream.ip(),
        upstream_port = upstream.port(),
    );
    folder.write("lighttpd.conf", &configuration);
    let mut command = Command::new("lighttpd");
    command.args(["-D", "-f", "lighttpd.conf"]);
    let server = Server::start(command, &folder, "lighttpd");
    for address in [plain, json] {
        server.wait(address);
        send(address, "");
    }
    drop(server);
    let answers = Answers { aborted: aborted(Some("200"), true), junk: nameless(Some("400")), empty: None };
    compare(&folder, Log::detected("access.log", "combined", false), answers);
    let keys = "format: {json: {time: ended ms, status: status, latency: took us, request: request}}";
    compare(&folder, Log::declared("json.log", keys), answers);
}

#[test]
#[ignore = "needs Caddy; run by tests/full"]
fn slix_counts_what_caddy_was_sent() {
    let (folder, address) = (Folder::new("caddy"), free_address());
    let configuration = format!(
        r#"{{
	admin off
	auto_https off
}}
:{port} {{
	bind 127.0.0.1
	log {{
		output file {place}/access.log
	}}
	reverse_proxy {upstream}
}}
"#,
        port = address.port(),
        place = folder.path.display(),
        upstream = upstream(),
    );
    folder.write("Caddyfile", &configuration);
    let mut command = Command::new("caddy");
    command.args(["run", "--config", "Caddyfile", "--adapter", "caddyfile"]);
    command.env("XDG_DATA_HOME", &folder.path).env("XDG_CONFIG_HOME", &folder.path);
    let server = Server::start(command, &folder, "caddy");
    server.wait(address);
    send(address, "");
    drop(server);
    let answers = Answers { aborted: aborted(None, false), junk: None, empty: None };
    compare(&folder, Log::detected("access.log", "caddy", true), answers);
}

#[test]
#[ignore = "needs Varnish; run by tests/full"]
fn slix_counts_what_varnish_was_sent() {
    let (folder, address) = (Folder::new("varnish"), free_address());
    let upstream = upstream();
    folder.write(
        "shop.vcl",
        &format!(
            "vcl 4.1;\nbackend shop {{ .host = \"{}\"; .port = \"{}\"; }}\nsub vcl_recv {{ return (pass); }}\n",
            upstream.ip(),
            upstream.port()
        ),
    );
    let place = folder.path.display().to_string();
    let varnish = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(["-n", &format!("{place}/work")]).args(arguments);
        Server::start(command, &folder, arguments[0].trim_start_matches('-'))
    };
    let server = varnish("varnishd", &["-F", "-a", &address.to_string(), "-f", &format!("{place}/shop.vcl")]);
    server.wait(address);
    let keys = r#"{"begun":"%t","took":%D,"status":%s,"request":"%r","hitmiss":"%{Varnish:hitmiss}x"}"#;
    let timed =
        r#"format: '%h %l %u %t "%r" %s %b "%{Referer}i" "%{User-agent}i" %D %{Varnish:time_firstbyte}x %{Varnish:handling}x'"#;
    let string = timed.trim_start_matches("format: ").trim_matches('\'');
    let readers = [
        varnish("varnishncsa", &["-w", "access.log"]),
        varnish("varnishncsa", &["-F", string, "-w", "timed.log"]),
        varnish("varnishncsa", &["-j", "-F", keys, "-w", "json.log"]),
    ];
    std::thread::sleep(Duration::from_secs(1));
    send(address, "");
    drop(readers);
    drop(server);
    let answers = Answers { aborted: aborted(Some("200"), true), junk: nameless(Some("400")), empty: None };
    compare(&folder, Log::detected("access.log", "combined", false), answers);
    compare(&folder, Log::declared("timed.log", timed), answers);
    // Its own JSON (`-j`) leaves out the garbage, of which most is not known.
    let keys = "format: {json: {time: begun clf, status: status, latency: took us, request: request}, clock: start}";
    compare(&folder, Log::declared("json.log", keys), Answers { junk: None, ..answers });
}
