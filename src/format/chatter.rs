//! Lines that are known not to be requests, told from lines that should have been read.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;

use super::envelope::behind_style;
use crate::record::{Outcome, Reason, Skip};

/// What a line is that no format reads. Where many formats are tried on it, it is asked once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Told {
    /// Nobody has asked yet.
    Unasked,
    /// Known not to be a request.
    Skipped(Skip),
    /// A line that should have been read.
    Unread,
}

impl Told {
    /// Asks.
    #[cold]
    pub(super) fn of(line: &[u8]) -> Told {
        match line.first() {
            Some(b'#') => Told::Skipped(Skip::Comment),
            _ if is_repetition(line) => Told::Skipped(Skip::Repeated),
            _ if is_chatter(line) => Told::Skipped(Skip::Chatter),
            _ => Told::Unread,
        }
    }

    /// Asks, unless somebody has.
    #[cold]
    pub(super) fn asked(self, line: &[u8]) -> Told {
        if self == Told::Unasked { Told::of(line) } else { self }
    }

    /// The outcome of a line that the format cannot read for this reason.
    #[cold]
    pub(super) fn outcome(self, line: &[u8], reason: Reason) -> Outcome {
        match self.asked(line) {
            Told::Skipped(skip) => Outcome::Skipped(skip),
            Told::Unread | Told::Unasked => Outcome::Rejected(reason),
        }
    }
}

/// rsyslog (`$RepeatedMsgReduction on`): `message repeated 3 times: [ LINE]`; other daemons: `last message repeated 3 times`.
fn is_repetition(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    let line = line.strip_prefix(b"last ").unwrap_or(line);
    let Some(rest) = line.strip_prefix(b"message repeated ") else { return false };
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    digits > 0 && rest[digits..].starts_with(b" times")
}

/// What servers write beside their access log: error logs and start-up lines.
fn is_chatter(line: &[u8]) -> bool {
    // Most lines that are asked about are requests of another format: what tells that a line is none of these comes first everywhere.
    (begins_dated(line) || is_levelled(line) || is_go_log(line)) && !tells_a_request(line) && !names_a_method(line)
        || is_start_up(line)
        || is_trace(line)
        || is_authentication(line)
        || is_nginx_error(line)
        || is_apache_error(line)
        || is_haproxy_other(line)
        || is_ingress_stream(line)
        || is_http_server_error(line)
        || is_aws_other(line)
        || is_tls_request(line)
        || is_application(line)
}

/// Apache beside its access log, `ssl_request_log` of the packages of Red Hat: `%t %h %{SSL_PROTOCOL}x %{SSL_CIPHER}x "%r" %b`. Each of its requests
/// stands in the access log too, with the status.
fn is_tls_request(line: &[u8]) -> bool {
    if !has_pattern(line, b"[00/Aaa/0000:00:00:00 ") {
        return false;
    }
    let mut words = line.splitn(6, |&b| b == b' ').skip(3);
    let (protocol, cipher, rest) = (words.next().unwrap_or(b""), words.next().unwrap_or(b""), words.next().unwrap_or(b""));
    let size = rest.rsplit(|&b| b == b' ').next().unwrap_or(b"");
    let is_size = size == b"-" || !size.is_empty() && size.iter().all(u8::is_ascii_digit);
    let is_cipher =
        cipher.len() > 3 && cipher.iter().all(|&b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'));
    (protocol.starts_with(b"TLSv") || protocol.starts_with(b"SSLv"))
        && is_cipher
        && rest.first() == Some(&b'"')
        && is_size
        && rest[..rest.len() - size.len()].ends_with(b"\" ")
        && memchr::memchr_iter(b'"', rest).count() == 2
}

/// What an application says through a logger that writes objects or pairs: a level and a message, and nothing of a request.
fn is_application(line: &[u8]) -> bool {
    static LEVELS: [Sign; 2] = [Sign::new(b"\"level\":"), Sign::new(b"\"severity\":")];
    static MESSAGES: [Sign; 2] = [Sign::new(b"\"msg\":"), Sign::new(b"\"message\":")];
    static REQUESTS: [Sign; 4] = [Sign::new(b"tatus"), Sign::new(b"ethod"), Sign::new(b"equest"), Sign::new(b"HTTP")];
    static PAIR: Sign = Sign::new(b" msg=");
    let is_one = |signs: &[Sign]| signs.iter().any(|sign| sign.is_in(line));
    let tells_level = match line.first() {
        Some(b'{') => line.ends_with(b"}") && is_one(&LEVELS) && is_one(&MESSAGES),
        Some(b'l') => line.starts_with(b"level=") && PAIR.is_in(line),
        _ => false,
    };
    tells_level && !is_one(&REQUESTS)
}

/// Whether a line that begins like one of an error log may be of a request all the same: some servers write both alike (Caddy on a
/// terminal, Hypercorn, uvicorn). Where it cannot be read, that must be seen.
pub(super) fn tells_a_request(line: &[u8]) -> bool {
    // They begin with three bytes: with a fourth one they would be searched for at a third of the speed.
    static SIGNS: Signs = Signs::new(&[" HTTP/", "\"GET ", "\"POST ", "http.log.access", " status="]);
    SIGNS.are_in(line)
}

/// Whether a line of some logger may be of a request: a method stands in it, with a path behind it or as a value.
fn names_a_method(line: &[u8]) -> bool {
    static SIGNS: Signs = Signs::new(&[
        "GET /", "POST /", "PUT /", "DELETE /", "HEAD /", "PATCH /", "=GET", "=POST", "=PUT", "=DELETE", "=HEAD", "=PATCH",
        "method=",
    ]);
    SIGNS.are_in(line)
}

/// Whether the line begins like one of the [`PATTERNS`].
fn begins_dated(line: &[u8]) -> bool {
    // A date is told from an address by its dividers, and most other lines from all of them by their first byte.
    let (may_fit, first) = match line.first() {
        Some(b'0'..=b'9') => (matches!(line.get(2), Some(b'-')) || matches!(line.get(4), Some(b'-' | b'/')), b'0'),
        Some(b'[') => (matches!(line.get(5), Some(b'-' | b'/')) || matches!(line.get(3), Some(b'-')), b'['),
        Some(b'A'..=b'Z') => (true, b'A'),
        Some(&first) => (first == b't', first),
        None => (false, 0),
    };
    may_fit && PATTERNS.iter().any(|pattern| pattern[0] == first && has_pattern(line, pattern))
}

/// How the lines of error logs begin that stand in one stream with requests: `0` is a digit, `A` a capital, `a` a small letter.
const PATTERNS: [&[u8]; 32] = [
    // gunicorn: `[2026-11-01 10:00:00 +0000] [7] [INFO] Booting worker`
    b"[0000-00-00 00:00:00 +0000] [",
    b"[0000-00-00 00:00:00 -0000] [",
    // Envoy, spdlog: `[2026-11-01 10:00:00.042][7][info][main] [source/server/server.cc:868] …`
    b"[0000-00-00 00:00:00.000][",
    // oauth2-proxy: `[2026/11/01 10:00:00] [oauthproxy.go:967] No valid authentication in request …`
    b"[0000/00/00 00:00:00] [",
    // Istio's agent and Envoy Gateway, zap: `2026-11-01T10:00:00.042137Z\tinfo\tReadiness succeeded`
    b"0000-00-00T00:00:00.000000Z\taaaa",
    b"0000-00-00T00:00:00.000Z\tA",
    // Caddy on a terminal, zap: `2026/11/01 10:00:00.042\tINFO\tadmin\t…`
    b"0000/00/00 00:00:00.000\tA",
    // Traefik 3, zerolog: `2026-11-01T10:00:00Z INF Starting provider`
    b"0000-00-00T00:00:00Z AAA ",
    // Go's net/http: `2026/11/01 10:00:00 http: TLS handshake error from …`
    b"0000/00/00 00:00:00 http: ",
    // Squid's cache.log: `2026/11/01 10:00:00 kid1| …`, and of one process `2026/11/01 10:00:00| …`
    b"0000/00/00 00:00:00 kid0| ",
    b"0000/00/00 00:00:00| ",
    // lighttpd: `2026-11-01 10:00:00: (server.c.1704) server started`
    b"0000-00-00 00:00:00: (",
    // Tomcat, java.util.logging: `01-Nov-2026 10:00:00.042 INFO [main] …`
    b"00-Aaa-0000 00:00:00.000 A",
    // Jetty: `2026-11-01 10:00:00.042:INFO:oejs.Server:main: …`
    b"0000-00-00 00:00:00.000:AAAA",
    // PHP-FPM: `[01-Nov-2026 10:00:00] NOTICE: ready to handle connections`, and PHP itself with a zone behind the time
    b"[00-Aaa-0000 00:00:00] AAAA",
    b"[00-Aaa-0000 00:00:00 A",
    // Python's logging, as its documentation has it: `2026-11-01 10:00:00,042 - shop - INFO - …`
    b"0000-00-00 00:00:00,000 ",
    // and Flask's: `[2026-11-01 10:00:00,042] ERROR in app: Exception on /cart [GET]`
    b"[0000-00-00 00:00:00,000] AAAA",
    // env_logger: `[2026-11-01T10:00:00Z INFO  actix_server::builder] starting 2 workers`
    b"[0000-00-00T00:00:00Z AAAA",
    // Ruby's Logger: `I, [2026-11-01T10:00:00.042137 #7]  INFO -- : …`
    b"A, [0000-00-00T00:00:00.000000 #",
    // Spring Boot: `2026-11-01T10:00:00.042Z  INFO 7 --- [main] …`, up to 2.7 with a blank between date and time and no zone
    b"0000-00-00T00:00:00.000Z  AAAA 0",
    b"0000-00-00T00:00:00.000Z AAAAA 0",
    b"0000-00-00 00:00:00.000  AAAA 0",
    b"0000-00-00 00:00:00.000 AAAAA 0",
    // Apache before it has a log: `AH00558: httpd: Could not reliably determine …`
    b"AH00000: ",
    // uWSGI, of a request that went wrong: `Sun Nov  1 10:00:00 2026 - SIGPIPE: writing to a closed pipe …`
    b"Aaa Aaa 00 00:00:00 0000 - ",
    b"Aaa Aaa  0 00:00:00 0000 - ",
    // Traefik 2, logrus: `time="2026-11-01T10:00:00Z" level=info msg=…`, and on a terminal `INFO[0042] …`
    b"time=\"0000-00-00T00:00:00",
    b"AAAA[0000] ",
    // Go's slog, TextHandler: `time=2026-11-01T10:00:00.042Z level=INFO msg=…`
    b"time=0000-00-00T00:00:00",
    // Rust's tracing-subscriber: `2026-11-01T10:00:00.042137Z  INFO shop::cart: …`
    b"0000-00-00T00:00:00.000000Z  AAAA a",
    b"0000-00-00T00:00:00.000000Z AAAAA a",
];

/// nginx, ngx_log_error_core: `2026/11/01 10:00:00 [error] 42#42: *7 …`.
fn is_nginx_error(line: &[u8]) -> bool {
    has_pattern(line, b"0000/00/00 00:00:00 [") && line[21..].iter().take_while(|b| b.is_ascii_lowercase()).count() >= 4
}

/// Apache 2.4, ErrorLogFormat default: `[Sun Nov 01 10:00:00.123456 2026] [core:error] …`; 2.2 has no fraction. With a time of another form
/// (`%{cu}t` is `2026-11-01 10:00:00.123456`) what stands behind it tells: `[core:error] [pid 7] …`.
fn is_apache_error(line: &[u8]) -> bool {
    if line.first() != Some(&b'[') {
        return false;
    }
    let Some(end) = line.iter().take(40).position(|&b| b == b']').filter(|&end| line[..end].contains(&b':')) else {
        return false;
    };
    let Some(level) = line[end + 1..].strip_prefix(b" [") else { return false };
    has_pattern(line, b"[Aaa Aaa ") || line[1].is_ascii_digit() && is_level_and_pid(level)
}

/// Whether a text begins with a module, perhaps, and a level, and with the process: `core:error] [pid 7`.
fn is_level_and_pid(text: &[u8]) -> bool {
    let is_word = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':');
    let end = text.iter().take_while(is_word).count();
    text[..end].contains(&b':') && text[end..].starts_with(b"] [pid ")
}

/// Plug-ins and runtimes that print their level first: `DEBUG: …`, `WARN …`; HAProxy's is in brackets (`[NOTICE]   (7) : …`). klog, of ingress
/// controllers, has one letter and the date: `I1101 10:00:00.042137       7 main.go:52] …`.
fn is_levelled(line: &[u8]) -> bool {
    let line = unpainted(line);
    const LEVELS: [&[u8]; 10] =
        [b"TRACE", b"DEBUG", b"INFO", b"NOTICE", b"WARN", b"WARNING", b"ERROR", b"CRITICAL", b"FATAL", b"ALERT"];
    let (inner, ends): (&[u8], &[u8]) = line.strip_prefix(b"[").map_or((line, b": \t\x1b"), |inner| (inner, b"]"));
    let word = inner.iter().take_while(|b| b.is_ascii_uppercase()).count();
    word > 0 && LEVELS.contains(&&inner[..word]) && inner.get(word).is_some_and(|end| ends.contains(end))
        || matches!(line.first(), Some(b'I' | b'W' | b'E' | b'F')) && has_pattern(line, b"A0000 00:00:00.000000 ")
}

/// What uWSGI and Flask say of themselves in the stream of their requests, Django of requests that fail, and what ingress-nginx, docker compose, Tomcat and the
/// images of nginx, nginx-proxy, httpd, WordPress and uvicorn say before the server does, and the servers of PHP, Python, Ruby, Go and Node beside their requests.
static START_UP: Words = Words::new(&[
    b"*** ",
    b"compiled with version: ",
    b"os: ",
    b"nodename: ",
    b"machine: ",
    b"clock source: ",
    b"pcre jit ",
    b"detected ",
    b"current working directory: ",
    b"uWSGI ",
    b"your ",
    b"lock engine: ",
    b"thunder lock: ",
    b"uwsgi ",
    b"Python version: ",
    b"Python main interpreter ",
    b"--- Python VM ",
    b"python threads support ",
    b"mapped ",
    b"WSGI app ",
    b"spawned uWSGI ",
    b"setgid() to ",
    b"setuid() to ",
    b"chdir() to ",
    b"worker ",
    b"goodbye to uWSGI.",
    b"VACUUM: ",
    b"gracefully killing ",
    b"...gracefully killing ",
    b"Gracefully killing ",
    b"Respawned uWSGI ",
    b"DAMN ! worker ",
    b"SIGINT/SIGTERM received",
    b"SIGINT/SIGQUIT received",
    b"SIGTERM received",
    b"subprocess ",
    b"[uWSGI] ",
    b"The work of process ",
    b"UNABLE to load uWSGI plugin",
    b"!!! ",
    b"announcing my loyalty to the Emperor",
    b"[busyness] ",
    b"OSError: write error",
    b"--- no python application found",
    b"invalid request block size: ",
    b"unable to load app ",
    b"added /",
    b"set PythonHome to ",
    b"dropping root privileges",
    b"setting request body buffering size",
    b"binary reloading uWSGI",
    b"...The work of process ",
    b"[uwsgi-daemons] ",
    b"Not Found: /",
    b"Forbidden: /",
    b"Bad Request: /",
    b"Internal Server Error: /",
    b"Method Not Allowed (",
    b"Forbidden (",
    b"Broken pipe from (",
    b"- Broken pipe from (",
    b"Run 'python manage.py migrate'",
    b"----------",
    b"NGINX Ingress controller",
    b"  Release: ",
    b"  Build: ",
    b"  Repository: ",
    b"  nginx version: ",
    b"Refer to the troubleshooting guide ",
    b"Attaching to ",
    b" * ",
    b"Press CTRL+C to quit",
    b"   WARNING: This is a development server",
    b"WARNING: This is a development server",
    b"nginx: [",
    b"nginx: configuration file ",
    b"nginx: the configuration file ",
    b"(98)Address already in use",
    b"no listening sockets available, shutting down",
    b"[cont-init.d] ",
    b"[cont-finish.d] ",
    b"[services.d] ",
    b"[s6-init] ",
    b"[s6-finish] ",
    b"s6-rc: info: ",
    b"Retrieving logs for app ",
    b"nginx version: ",
    b"sed: can't ",
    b"mkdir: can't create directory ",
    b"Info: running nginx-proxy ",
    b"Setting up DH Parameters",
    b"forego ",
    b"Checking for script in ",
    b"Running script ",
    b"There is no script ",
    b"=> sourcing ",
    b"Enabling module ",
    b"To activate the new configuration, you need to run:",
    b"NOTE: Picked up JDK_JAVA_OPTIONS: ",
    b"Using CATALINA_",
    b"Using CLASSPATH: ",
    b"Using JRE_HOME: ",
    b" Note: further occurrences of HTTP request parsing errors",
    b"PHP Warning:  ",
    b"PHP Notice:  ",
    b"PHP Fatal error:  ",
    b"PHP Deprecated:  ",
    b"PHP Parse error:  ",
    b"WordPress not found in ",
    b"WordPress has been ",
    b"Complete! WordPress has been ",
    b"No 'wp-config.php' found in ",
    b"Serving HTTP on ",
    b"Keyboard interrupt received, exiting.",
    b"Watching for file changes with ",
    b"Performing system checks...",
    b"System check identified ",
    b"Starting development server at ",
    b"Quit the server with CONTROL-C.",
    b"=> Booting ",
    b"=> Rails ",
    b"=> Run `",
    b"=> Ctrl-C to shutdown server",
    b"Puma starting in ",
    b"* Listening on ",
    b"* Puma version: ",
    b"* Ruby version: ",
    b"*  Min threads: ",
    b"*  Max threads: ",
    b"*  Environment: ",
    b"*          PID: ",
    b"*   Master PID: ",
    b"*      Workers: ",
    b"*     Restarts: ",
    b"=== puma shutdown: ",
    b"======== Running on ",
    b"(Press CTRL+C to quit)",
    b"Django version ",
    b"You're accessing the development server over HTTPS",
    b" - using env:",
    b" - using code:",
    b"Use Ctrl-C to stop",
    b"- Gracefully ",
    b"- Goodbye!",
    b"== Sinatra ",
    b"[GIN-debug] ",
    b"Error #0",
    b"(node:",
]);

/// What those say that logs are read with: journalctl between boots, tail of several files, and of one that was cut off.
static READERS: Words = Words::new(&[
    b"-- Logs begin at ",
    b"-- Journal begins at ",
    b"-- Boot ",
    b"-- Reboot --",
    b"-- No entries --",
    b"==> ",
    b"tail: ",
]);

/// Whether a line is one of these, or of docker compose or a script.
fn is_start_up(line: &[u8]) -> bool {
    let is_script = || memchr::memchr(b' ', line).is_some_and(|end| line[..end].ends_with(b".sh:"));
    let is_known = START_UP.begin(unpainted(line)) || READERS.begin(line);
    is_known && !tells_a_request(line) || is_script() || is_said_of_one(line)
}

/// oauth2-proxy, of who logs in: `192.0.2.7 - 4b1f0c2d - ada@shop.example [2026/11/01 10:00:00] [AuthSuccess] Authenticated via OAuth2: …`.
fn is_authentication(line: &[u8]) -> bool {
    static OUTCOME: Sign = Sign::new(b"] [Auth");
    let is_outcome = |at: usize| [&b"Success] "[..], b"Failure] ", b"Error] "].iter().any(|end| line[at + 7..].starts_with(end));
    OUTCOME.find(line).is_some_and(is_outcome)
}

/// What stands behind the styles with which a line begins, as on a terminal.
fn unpainted(mut line: &[u8]) -> &[u8] {
    while let Some(rest) = behind_style(line) {
        line = rest;
    }
    line
}

/// Go's log, with `Lshortfile` or `Llongfile`: `2026/11/01 10:00:00 main.go:42: …`.
fn is_go_log(line: &[u8]) -> bool {
    if !has_pattern(line, b"0000/00/00 00:00:00 ") {
        return false;
    }
    let place = line[20..].split(|&b| b == b' ').next().unwrap_or(b"");
    let number = place.strip_suffix(b":").and_then(|place| place.iter().rposition(|&b| b == b':').map(|at| place.split_at(at)));
    number.is_some_and(|(file, line)| file.ends_with(b".go") && line.len() > 1 && line[1..].iter().all(u8::is_ascii_digit))
}

/// What others say of one: docker compose, of a container: `web-1 exited with code 0`; HAProxy, of a server: `shop/app1 changed its IP from 10.0.0.3 to 10.0.0.4 by DNS …`.
fn is_said_of_one(line: &[u8]) -> bool {
    let is_said = |words: &[u8]| words.starts_with(b" exited with code ") || words.starts_with(b" changed its IP from ");
    memchr::memchr(b' ', line).is_some_and(|at| is_said(&line[at..]))
}

/// The trace of a failure in Python, PHP, Java, Node or Go, whose lines below the first are indented.
fn is_trace(line: &[u8]) -> bool {
    static WORDS: Words = Words::new(&[
        b"Traceback (most recent call last):",
        b"  File \"",
        b"    ",
        b"\tat ",
        b"\t... ",
        b"Caused by: ",
        b"Stack trace:",
        b"  thrown in /",
        b"PHP message: ",
        b"  + Exception Group Traceback ",
        b"  | ",
        b"  +-+-",
        b"During handling of the above ",
        b"The above exception was the direct cause ",
        b"\tSuppressed: ",
        b"panic: ",
        b"fatal error: ",
        b"[signal SIG",
        b"Exception in thread ",
    ]);
    let nested = &line[line.iter().take_while(|&&b| b == b'\t').count().saturating_sub(1)..];
    // Requests may be indented, too, or numbered.
    WORDS.begin(nested) && !(line.starts_with(b"    ") && tells_a_request(line)) || is_exception(line) || is_go_trace(line)
}

/// Go, runtime.printpanics and traceback: `goroutine 7 [running]:`, and for each call `main.serve(0x1, …)` (or `created by main.main`) above
/// its place, `\t/app/main.go:42 +0x1a7`.
fn is_go_trace(line: &[u8]) -> bool {
    if let Some(place) = line.strip_prefix(b"\t") {
        return memchr::memmem::find(place, b".go:").is_some_and(|at| place.get(at + 4).is_some_and(u8::is_ascii_digit));
    }
    let number = |rest: &[u8]| rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if let Some(rest) = line.strip_prefix(b"goroutine ") {
        return number(rest) > 0 && rest[number(rest)..].starts_with(b" [") && rest.ends_with(b"]:");
    }
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/' | b'_' | b'-' | b'*' | b'(' | b')');
    if let Some(name) = line.strip_prefix(b"created by ") {
        let end = name.iter().position(|b| !is_name(b)).unwrap_or(name.len());
        return end == name.len() || name[end..].starts_with(b" in goroutine ");
    }
    // Arguments are words in hexadecimal, or were inlined: `(...)`. How a line ends is looked at first, for it may be long.
    let Some(open) = memchr::memrchr(b'(', line).filter(|_| line.ends_with(b")")) else { return false };
    let (name, arguments) = line.split_at(open);
    memchr::memchr(b'.', name).is_some()
        && name.iter().all(is_name)
        && arguments[1..].iter().all(|b| b.is_ascii_hexdigit() || b"x, {}?.)".contains(b))
}

/// The last line of a trace in Python, the first of one in Java: `builtins.KeyError: 'PATH_INFO'`.
fn is_exception(line: &[u8]) -> bool {
    const ENDS: [&[u8]; 5] = [b"Error", b"Exception", b"Warning", b"Exit", b"Interrupt"];
    let (name, message) = line.split_at(memchr::memchr(b':', line).unwrap_or(line.len()));
    (message.is_empty() || message.starts_with(b": "))
        && ENDS.iter().any(|end| name.ends_with(end))
        && name.first().is_some_and(|first| !first.is_ascii_digit())
        && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$'))
}

/// Python's http.server, log_error: `192.0.2.7 - - [01/Nov/2026 10:00:00] code 404, message File not found`.
fn is_http_server_error(line: &[u8]) -> bool {
    static CODE: Sign = Sign::new(b"] code ");
    CODE.find(line).is_some_and(|at| has_pattern(&line[at..], b"] code 000, message "))
}

/// ingress-nginx of TCP and UDP services (`log-format-stream`): `[192.0.2.7] [01/Nov/2026:10:00:00 +0000] TCP 200 11 22 0.045`, once without the
/// address.
fn is_ingress_stream(line: &[u8]) -> bool {
    let is_session = |text: &[u8]| (text.starts_with(b" TCP ") || text.starts_with(b" UDP ")) && has_pattern(&text[5..], b"000 ");
    let timed = |text: &[u8]| has_pattern(text, b"[00/Aaa/0000:00:00:00 ") && text.get(28..).is_some_and(is_session);
    line.first() == Some(&b'[') && (timed(line) || memchr::memmem::find(line, b"] [").is_some_and(|end| timed(&line[end + 2..])))
}

/// HAProxy beside its HTTP log: errors of a connection (8.2.5 of its manual: `ADDRESS [DATE] frontend/bind: message`), TCP lines, which have
/// three timers and no request, and what it says of itself and of its servers.
fn is_haproxy_other(line: &[u8]) -> bool {
    static WORDS: Words = Words::new(&[
        b"Proxy ",
        b"Connect from ",
        b"Server ",
        b"Backup Server ",
        b"backend ",
        b"Health check ",
        b"Stopping ",
        b"Pausing ",
        b"New worker ",
    ]);
    if WORDS.begin(line) {
        return true;
    }
    static OPEN: Sign = Sign::new(b" [");
    let Some(open) = OPEN.find(line) else { return false };
    let Some(rest) = line.get(open + 2..).filter(|rest| has_pattern(rest, b"00/Aaa/0000:00:00:00.000] ")) else { return false };
    let mut words = rest[26..].split(|&b| b == b' ').skip(1);
    let (second, third) = (words.next().unwrap_or(b""), words.next().unwrap_or(b""));
    let timers = third.iter().filter(|&&b| b == b'/').count();
    let is_message = rest[26..].split(|&b| b == b' ').next().is_some_and(|word| word.ends_with(b":") && word.contains(&b'/'));
    !line.contains(&b'"') && (is_message || second.contains(&b'/') && timers == 2)
}

/// AWS beside the lines of its load balancers: the object that tries a bucket (`Enable AccessLog for ELB: …`), connections of a
/// network load balancer (`tls 2.0 2026-11-01T10:00:00 net/…`), and an application load balancer's log of connections, which holds
/// `TIME ADDRESS PORT PORT` and what TLS made of them.
fn is_aws_other(line: &[u8]) -> bool {
    let dated = |line: &[u8]| has_pattern(line, b"0000-00-00T00:00:00");
    if let Some(connection) = line.strip_prefix(b"tls ") {
        let mut words = connection.split(|&b| b == b' ').skip(1);
        return words.next().is_some_and(dated) && words.next().is_some_and(|word| word.starts_with(b"net/"));
    }
    line.starts_with(b"Enable AccessLog for ELB: ") || dated(line) && is_alb_connection(line)
}

/// The columns of an application load balancer's connection log: time, client and its port, listener's port, protocol, cipher, seconds of the
/// handshake, the leaf of the client's certificate in quotes.
fn is_alb_connection(line: &[u8]) -> bool {
    let words: Vec<&[u8]> = line.splitn(8, |&b| b == b' ').collect();
    let [time, _, port, listener, protocol, _, seconds, more] = words[..] else { return false };
    let is_port = |word: &[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_digit);
    let is_number = |word: &[u8]| word == b"-" || word.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    let is_protocol = protocol == b"-" || protocol.starts_with(b"TLSv") || protocol.starts_with(b"SSLv");
    time.ends_with(b"Z") && is_port(port) && is_port(listener) && is_protocol && is_number(seconds) && more.starts_with(b"\"")
}

/// A text that is looked for in many lines.
struct Sign {
    text: &'static [u8],
    finder: OnceLock<Finder<'static>>,
}

impl Sign {
    const fn new(text: &'static [u8]) -> Sign {
        Sign { text, finder: OnceLock::new() }
    }

    fn find(&self, line: &[u8]) -> Option<usize> {
        self.finder.get_or_init(|| Finder::new(self.text)).find(line)
    }

    fn is_in(&self, line: &[u8]) -> bool {
        self.find(line).is_some()
    }
}

/// Texts that are looked for in many lines, all at once.
struct Signs {
    texts: &'static [&'static str],
    /// There are none that could not be searched for.
    finder: OnceLock<Option<AhoCorasick>>,
}

impl Signs {
    const fn new(texts: &'static [&'static str]) -> Signs {
        Signs { texts, finder: OnceLock::new() }
    }

    /// Whether one of them is in a line.
    fn are_in(&self, line: &[u8]) -> bool {
        let finder = self.finder.get_or_init(|| AhoCorasick::new(self.texts).ok());
        finder.as_ref().is_some_and(|finder| finder.is_match(line))
    }
}

/// Words with which a line may begin.
struct Words {
    words: &'static [&'static [u8]],
    /// The first byte of each.
    firsts: [u8; WORDS_MAX],
    /// The same as bits, for most lines begin with none of them.
    any: u128,
}

/// More words than a list of them has.
const WORDS_MAX: usize = 160;

impl Words {
    const fn new(words: &'static [&'static [u8]]) -> Words {
        let (mut firsts, mut any, mut i) = ([0; WORDS_MAX], 0, 0);
        while i < words.len() {
            firsts[i] = words[i][0];
            any |= 1 << words[i][0];
            i += 1;
        }
        Words { words, firsts, any }
    }

    /// Whether a line begins with one of them.
    fn begin(&self, line: &[u8]) -> bool {
        let Some(&first) = line.first() else { return false };
        let may_begin = self.any.checked_shr(first.into()).unwrap_or(0) & 1 != 0;
        may_begin && memchr::memchr_iter(first, &self.firsts[..self.words.len()]).any(|i| line.starts_with(self.words[i]))
    }
}

/// Whether the line begins like the pattern, in which `0` is a digit, `A` a capital, `a` a small letter.
fn has_pattern(line: &[u8], pattern: &[u8]) -> bool {
    let fits = |(&b, &p): (&u8, &u8)| match p {
        b'0' => b.is_ascii_digit(),
        b'A' => b.is_ascii_uppercase(),
        b'a' => b.is_ascii_lowercase(),
        _ => b == p,
    };
    line.len() >= pattern.len() && line.iter().zip(pattern).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHATTER: &[&str] = &[
        "-- Logs begin at Sun 2026-11-01 10:00:00 UTC, end at Mon 2026-11-02 10:00:00 UTC. --",
        "-- Boot 4b1f0c2d --",
        "[02/Nov/2026:09:15:00 +0000] 192.0.2.7 TLSv1.3 TLS_AES_256_GCM_SHA384 \"GET / HTTP/1.1\" 512",
        "{\"level\":\"info\",\"msg\":\"Starting provider\",\"time\":\"2026-11-02T09:15:00Z\"}",
        "level=info ts=2026-11-02T09:15:00Z caller=main.go:42 msg=\"starting up\"",
        "==> /var/log/nginx/access.log <==",
        "tail: access.log: file truncated",
        "[2026-11-02 09:15:00,042] ERROR in app: Exception on /cart [GET]",
        "PHP Warning:  Undefined variable $x in /var/www/html/index.php on line 7",
        "I, [2026-11-02T09:15:00.042137 #7]  INFO -- : Started",
        "=> Booting Puma",
        "[GIN-debug] GET    /ping                     --> main.main.func1 (3 handlers)",
        "Serving HTTP on 0.0.0.0 port 8000 (http://0.0.0.0:8000/) ...",
        "2024/03/05 23:59:58 [error] 12#12: *4 open() failed",
        "[Tue Mar 05 23:59:58.123456 2024] [core:error] [pid 7] x",
        "[Tue Mar  5 23:59:58 2024] [error] [client ::1] x",
        "DEBUG: plugin says hello",
        "WARN\tlow on memory",
        "192.0.2.7:40112 [05/Mar/2024:23:59:58.123] web/1: SSL handshake failure",
        "192.0.2.7:40112 [05/Mar/2024:23:59:58.123] db db/db1 0/1/5012 2313 -- 1/1/1/1/0 0/0",
        "[2024-03-05 23:59:58 +0000] [12] [INFO] Booting worker with pid: 13",
        "[2024-03-05 23:59:58.123][12][info][main] [source/server/server.cc:868] starting main dispatch loop",
        "2024-03-05T23:59:58.123456Z\tinfo\tReadiness succeeded in 1.5s",
        "2024-03-05T23:59:58.123Z\tINFO\txds\tstarted",
        "2024/03/05 23:59:58.123\tINFO\tadmin\tadmin endpoint started",
        "2024-03-05T23:59:58Z INF Starting provider *file.Provider",
        "2024/03/05 23:59:58 http: TLS handshake error from 192.0.2.7:40112: EOF",
        "2024/03/05 23:59:58 kid1| Accepting HTTP Socket connections",
        "2024/03/05 23:59:58| Pinger exiting.",
        "2024-03-05 23:59:58: (server.c.1704) server started (lighttpd/1.4.69)",
        "05-Mar-2024 23:59:58.123 INFO [main] org.apache.catalina.startup.Catalina.start Server startup",
        "2024-03-05 23:59:58.123:INFO:oejs.Server:main: Started",
        "time=\"2024-03-05T23:59:58Z\" level=info msg=\"Configuration loaded\"",
        "[NOTICE]   (12) : New worker (13) forked",
        "W0305 23:59:58.123456      12 controller.go:244] Service \"shop/web\" does not have any active Endpoint",
        "*** Starting uWSGI 2.0.21 (64bit) on [Tue Mar  5 23:59:58 2024] ***",
        "spawned uWSGI worker 1 (pid: 12, cores: 1)",
        "/docker-entrypoint.sh: Configuration complete; ready for start up",
        "10-listen-on-ipv6-by-default.sh: info: Enabled listen on IPv6 in /etc/nginx/conf.d/default.conf",
        "Traceback (most recent call last):",
        "  File \"app.py\", line 12, in cart",
        "    raise ValueError(name)",
        "shop.cart.Refused_Error: 'no such cart'",
        "KeyboardInterrupt",
        "\tat java.base/java.lang.Thread.run(Thread.java:840)",
        "192.0.2.7 - - [05/Mar/2024 23:59:58] code 404, message File not found",
        "Proxy web started.",
        "[192.0.2.7] [05/Mar/2024:23:59:58 +0000] TCP 200 11 22 0.045",
        "[05/Mar/2024:23:59:58 +0000] UDP 200 0 0 0.000",
        "nginx version: openresty/1.27.1.2",
        "Stack trace:",
        "  thrown in /var/www/cart.php on line 3",
        "PHP message: PHP Warning:  Undefined variable $cart in /var/www/cart.php on line 7",
        "  + Exception Group Traceback (most recent call last):",
        "  |   File \"app.py\", line 12, in cart",
        "  +-+---------------- 1 ----------------",
        "   WARNING: This is a development server. Do not use it in a production deployment.",
        "mkdir: can't create directory '/var/cache/nginx': Read-only file system",
        "Checking for script in /app/prestart.sh",
        "Using CATALINA_BASE:   /opt/tomcat",
        "Tue Mar  5 23:59:58 2024 - SIGPIPE: writing to a closed pipe/socket/fd on request / (ip 192.0.2.7) !!!",
        "[busyness] 1s average busyness of worker 1 is at 2%",
        "Not Found: /favicon.ico",
        "Internal Server Error: /cart",
        "-------------------------------------------------------------------------------",
        "NGINX Ingress controller",
        "  Build:         0a1b2c3d",
        "Attaching to web-1, db-1",
        " * Running on http://127.0.0.1:5000",
        "Press CTRL+C to quit",
        "\x1b[32mINFO\x1b[0m:     Application startup complete.",
        "web-1 exited with code 137",
        "panic: runtime error: index out of range [3] with length 3",
        "goroutine 7 [running]:",
        "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4a1b2c]",
        "Exception in thread \"main\" java.lang.IllegalStateException: no cart",
        "main.serve(0xc00012a000, {0x7f01, 0x3}, ...)",
        "net/http.(*conn).serve(0xc0000b0000?)",
        "main.(*shop).total(...)",
        "created by main.main in goroutine 1",
        "\t/app/main.go:42 +0x1a7",
        "\t\tat example.Cart.total(Cart.java:42)",
        "\t\t... 12 more",
        "\tSuppressed: java.io.IOException: closed",
        "Connect from 192.0.2.7:40112 to 192.0.2.1:80 (web/HTTP)",
        "SIGINT/SIGQUIT received...killing workers...",
        "[2024-03-05 23:59:58.123456] [proxy:warn] [pid 12] AH01144: no handler",
        "[05/Mar/2024:23:59:58 +0000] [core:error] [pid 12:tid 34] [client 192.0.2.7:40112] AH00126: bad URI",
        "AH00558: httpd: Could not tell the server's name",
        "nginx: [warn] conflicting server name \"shop.example\" on 0.0.0.0:80, ignored",
        "NOTICE: fpm is running, pid 1",
        "[05-Mar-2024 23:59:58] NOTICE: ready to handle connections",
        "[05-Mar-2024 23:59:58 UTC] PHP Warning:  Undefined variable $cart in /app/cart.php on line 12",
        "2024-03-05 23:59:58,123 - shop.cart - INFO - 3 carts",
        "2024-03-05T23:59:58.123Z  INFO 12 --- [           main] shop.Application : Started",
        "2024-03-05 23:59:58.123 ERROR 12 --- [nio-8080-exec-1] shop.Cart : empty",
        "Enable AccessLog for ELB: app/shop/0a1b2c3d at 2024-03-05T23:59:58.123Z",
        "tls 2.0 2024-03-05T23:59:58 net/shop/0a1b 9f8e 192.0.2.7:40112 10.0.0.3:443 5 2 98 246 - - - - - - - - - - 2024-03-05T23:59:50",
        "2024-03-05T23:59:58.123456Z 192.0.2.7 40112 443 TLSv1.3 TLS_AES_128_GCM_SHA256 0.012 \"CN=ada\" - 5F2D1C Success TID_0a1b",
        "2024-03-05T23:59:58.123456Z 192.0.2.7 40112 80 - - - \"-\" - - - TID_0a1b",
        "time=2024-03-05T23:59:58.123+01:00 level=INFO source=cart.go:42 msg=\"3 carts\"",
        "WARN[0042] no cart",
        "2024-03-05T23:59:58.123456Z  WARN shop::cart: empty",
        "2024-03-05T23:59:58.123456Z ERROR shop::cart: gone",
        "2024/03/05 23:59:58 cart.go:42: 3 carts",
        "2024/03/05 23:59:58 /app/shop/cart.go:42: 3 carts",
        "--- no python application found, see the first lines ---",
        "invalid request block size: 20000 (max 4096)...skip",
        "unable to load app 0 (mountpoint='') (callable not found or import error)",
        "added /app/ to pythonpath.",
        "set PythonHome to /app/venv",
        "...The work of process 12 is done. Seeya!",
        "Forbidden (CSRF cookie not set.): /cart",
        "Broken pipe from ('192.0.2.7', 40112)",
        "\x1b[33mPress CTRL+C to quit\x1b[0m",
        "\x1b[31m\x1b[1mWARNING: This is a development server. Not for production.\x1b[0m",
        "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok",
        "(98)Address already in use: AH00072: make_sock: could not bind to address [::]:80",
        "[cont-init.d] 30-config: executing...",
        "shop/app2 changed its IP from 10.0.0.3 to 10.0.0.4 by DNS cache.",
        "[2024/03/05 23:59:58] [proxy.go:89] mapping path \"/\" => upstream \"http://10.0.0.3\"",
        "192.0.2.7 - 4b1f - ada [2024/03/05 23:59:58] [AuthSuccess] Authenticated via OAuth2: Session{ada}",
    ];

    const JUNK: &[&str] = &[
        "192.0.2.1 - - [05/Mar/2024",
        "DEBUGGER x",
        "[DEBUGGER] x",
        "[INFO x",
        "2024/03/05 23:59:58.123\tINFO\thttp.log.access\thandled request\t{",
        "[2024-03-05 23:59:58 +0000] [12] [INFO] 192.0.2.7:40112 - - [05/Mar/2024:23:59:58 +0000] \"GET / 2\" 200 5",
        "INFO:     192.0.2.7:40112 - \"PUT /cart HTTP/1.1\" ???",
        "time=\"2024-03-05T23:59:58Z\" level=info msg=done status=200",
        "X0305 23:59:58.123456      12 x",
        "2024-03-05 23:59:58 GET /cart 200",
        "message repeated often",
        "message repeated  times",
        "2024/03/05 23:59:58 GET /cart 200",
        "[2024-03-05 23:59:58 +0000] GET /cart",
        "time=23:59 status=200",
        "start.sh ran",
        "goroutine 7",
        "GET /cart.go:42",
        "cart.total (192.0.2.7)",
        "Tue Mar  5 23:59:58 2024 GET /",
        "the job exited with code 0",
        "Error 12: x",
        "192.0.2.1: x",
        "  192.0.2.7 - - [05/Mar/2024",
        " *4 192.0.2.7 - - [05/Mar/2024",
        "[Tue] [x]",
        "{\"a\":",
        "[05/Mar/2024:23:59:58 +0000] [Client 192.0.2.7] [Length 5]",
        "[05/Mar/2024:23:59:58 +0000] [core:error] GET /",
        "tls 1.3 GET /",
        "Enable AccessLog",
        "2024-03-05T23:59:58.123456Z shop 192.0.2.7:40112 10.0.0.3:80 0.1 0.2 0.3 200",
        "AH558: x",
        "2024-03-05 23:59:58,123 [INFO] 192.0.2.7:40112 - \"GET /cart HTTP/1.1\" 200",
        "2024-03-05 23:59:58.123 INFO GET /cart 200",
        "ERROR",
        "192.0.2.7:40112 [05/Mar/2024:23:59:58.123] web shop/app 0/0/1/4",
        "time=2024-03-05T23:59:58Z level=INFO msg=done status=200",
        "time=2024-03-05T23:59:58Z level=INFO msg=done http.request.method=GET code=200",
        "time=2024-03-05T23:59:58Z level=INFO msg=done verb=PUT uri=/cart code=200",
        "2024-03-05T23:59:58.123456Z  INFO shop::http: GET /cart 500 12ms",
        "2024-03-05T23:59:58.123456Z  INFO actix_web::middleware::logger: 192.0.2.7 \"PUT /ca",
        "2024/03/05 23:59:58 main.go:42: GET /cart 500 12ms",
        "INFO[0042] DELETE /cart code=500 took=12ms",
        "2024/03/05 23:59:58 cart.go:42: \"GET /cart HTTP/1.1\" 200",
        "2024/03/05 23:59:58 cart.go: 3",
        "\x1b[33mGET /cart\x1b[0m",
        "changed its IP from 10.0.0.3",
        "",
    ];

    #[test]
    fn server_chatter_is_skipped_and_junk_is_not() {
        for line in CHATTER {
            assert_eq!(Told::Unasked.outcome(line.as_bytes(), Reason::Layout), Outcome::Skipped(Skip::Chatter), "{line}");
        }
        assert_eq!(Told::Unasked.outcome(b"#Fields: a b", Reason::Layout), Outcome::Skipped(Skip::Comment));
        for line in [
            "message repeated 3 times: [ 192.0.2.7 - - [01/Nov/2026",
            "last message repeated 12 times",
            " message repeated 3 times",
        ] {
            assert_eq!(Told::Unasked.outcome(line.as_bytes(), Reason::Layout), Outcome::Skipped(Skip::Repeated), "{line}");
        }
        for line in JUNK {
            assert_eq!(Told::Unasked.outcome(line.as_bytes(), Reason::Json), Outcome::Rejected(Reason::Json), "{line}");
        }
    }
}
