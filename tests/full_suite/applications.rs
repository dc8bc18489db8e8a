//! gunicorn, uvicorn and uWSGI around one small application, with the logs they write by default, and with JSON.

use crate::loopback::{Answers, Line, Log, Server, aborted, compare, free_address, send};
use crate::run::Folder;
use std::path::Path;
use std::process::Command;

const WSGI: &str = "\
import time
ANSWERS = {'/ok': '200 OK', '/missing': '404 Not Found', '/broken': '500 Oops', '/slow': '200 OK', '/hang': '200 OK'}
def app(environ, start_response):
    path = environ['PATH_INFO']
    time.sleep({'/slow': 0.8, '/hang': 1.5}.get(path, 0))
    start_response(ANSWERS[path], [('Content-Length', '1')])
    return [b'x']
";

fn python() -> String {
    std::env::var("SLIX_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

#[test]
#[ignore = "needs gunicorn; run by tests/full"]
fn slix_counts_what_gunicorn_was_sent() {
    let folder = Folder::new("gunicorn");
    folder.write("app.py", WSGI);
    // It answers garbage without a word in its log.
    let answers = Answers { aborted: aborted(Some("200"), true), junk: None, empty: None };
    let format = r#"{"ended":"%(t)s","took":%(M)s,"status":%(s)s,"request":"%(r)s"}"#;
    for (name, more) in [("plain", &[][..]), ("json", &["--access-logformat", format])] {
        let address = free_address();
        let mut command = Command::new(python());
        command.args(["-m", "gunicorn", "--access-logfile", "-", "-b", &address.to_string()]).args(more).arg("app:app");
        let server = Server::start(command, &folder, name);
        server.wait(address);
        send(address, "");
    }
    compare(&folder, Log::detected("plain.out", "combined", false), answers);
    let keys = "format: {json: {time: ended clf, status: status, latency: took ms, request: request}}";
    compare(&folder, Log::declared("json.out", keys), answers);
}

const ASGI: &str = "\
import asyncio
ANSWERS = {'/ok': 200, '/missing': 404, '/broken': 500, '/slow': 200, '/hang': 200}
async def app(scope, receive, send):
    if scope['type'] == 'lifespan':
        return
    path = scope['path']
    await asyncio.sleep({'/slow': 0.8, '/hang': 1.5}.get(path, 0))
    await send({'type': 'http.response.start', 'status': ANSWERS[path], 'headers': [(b'content-length', b'1')]})
    await send({'type': 'http.response.body', 'body': b'x'})
";

/// uvicorn's documented way to other lines: the arguments of its formatter, in a file.
const UVICORN_JSON: &str = r#"{"version": 1, "disable_existing_loggers": false,
 "formatters": {"access": {"()": "uvicorn.logging.AccessFormatter", "use_colors": false, "datefmt": "%Y-%m-%dT%H:%M:%S%z",
  "fmt": "{\"at\":\"%(asctime)s\",\"request\":\"%(request_line)s\",\"status\":\"%(status_code)s\"}"}},
 "handlers": {"access": {"formatter": "access", "class": "logging.StreamHandler", "stream": "ext://sys.stdout"}},
 "loggers": {"uvicorn.access": {"handlers": ["access"], "level": "INFO", "propagate": false}}}
"#;

#[test]
#[ignore = "needs uvicorn; run by tests/full"]
fn slix_counts_what_uvicorn_was_sent() {
    let folder = Folder::new("uvicorn");
    folder.write("app.py", ASGI);
    folder.write("log.json", UVICORN_JSON);
    // Of a client that is gone, and of garbage, its access log says nothing.
    let answers = Answers { aborted: None, junk: None, empty: None };
    for (name, more) in [("plain", &[][..]), ("json", &["--log-config", "log.json"])] {
        let address = free_address();
        let port = address.port().to_string();
        let mut command = Command::new(python());
        command.args(["-m", "uvicorn", "--host", "127.0.0.1", "--port", &port]).args(more).arg("app:app");
        let server = Server::start(command, &folder, name);
        server.wait(address);
        send(address, "");
    }
    stamp(&folder, "plain.out", "stamped.log");
    compare(&folder, Log::detected("stamped.log", "uvicorn", false), answers);
    let keys = "format: {json: {time: at, status: status, request: request}}";
    compare(&folder, Log { has_latency: false, ..Log::declared("json.out", keys) }, answers);
}

/// The lines as the system's log would keep them: `logger` writes what it would send.
fn stamp(folder: &Folder, from: &str, to: &str) {
    let file = |name: &str| folder.path.join(name);
    let input = std::fs::File::open(file(from)).expect("the log is there");
    let output = std::fs::File::create(file(to)).expect("the folder is writable");
    let mut command = Command::new("logger");
    command
        .args(["--no-act", "--stderr", "--rfc5424=notq", "--socket-errors=off", "--tag", "uvicorn"])
        .stdin(input)
        .stderr(output);
    assert!(command.status().expect("logger is part of the system").success());
}

#[test]
#[ignore = "needs uWSGI; run by tests/full"]
fn slix_counts_what_uwsgi_was_sent() {
    let folder = Folder::new("uwsgi");
    folder.write("app.py", WSGI);
    // It takes garbage for a request, and gives it to the application, which fails.
    let junk = Some(Line { status: Some("500"), method: Some("\u{16}\u{3}\u{1}"), path: None, slow: false });
    let answers = Answers { aborted: aborted(Some("200"), true), junk, empty: None };
    let format = r#"{"ended":%(epoch),"took":%(micros),"status":%(status),"method":"%(method)","url":"%(uri)"}"#;
    for (name, more) in [("plain", &[][..]), ("micros", &["--log-micros"]), ("json", &["--log-format", format])] {
        let address = free_address();
        let mut command = Command::new(Path::new(&python()).with_file_name("uwsgi"));
        command.args(["--master", "--die-on-term", "--need-app", "--http-socket", &address.to_string(), "--module", "app:app"]);
        command.args(more);
        let server = Server::start(command, &folder, name);
        server.wait(address);
        send(address, "");
    }
    compare(&folder, Log::detected("plain.err", "uwsgi", true), answers);
    compare(&folder, Log::detected("micros.err", "uwsgi", true), answers);
    let keys =
        "format: {json: {time: ended s, status: status, latency: took us, method: method, target: url}, only_if: {status: ''}}";
    compare(&folder, Log::declared("json.err", keys), answers);
}
