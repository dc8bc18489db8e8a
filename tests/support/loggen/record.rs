//! One request before it is written. The truth is counted from here.

/// A request line that is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Malformed {
    /// A TLS greeting on a plain port.
    Tls,
    /// `-`: nothing came before the time was up.
    Dash,
    /// One word.
    Word,
}

/// One request.
pub struct Record {
    /// Number of the line.
    pub id: u64,
    /// Microseconds since 1970 UTC.
    pub time_us: i64,
    /// Whether the line has a time.
    pub dated: bool,
    /// Number of its class in [`super::truth::CLASSES`].
    pub class: usize,
    /// Number within the class.
    pub path: u64,
    pub method: &'static str,
    pub host: u64,
    pub client: u64,
    pub agent: &'static str,
    /// Whether the agent has characters that must be escaped.
    pub escaped: bool,
    /// What the referer and the query end with: nothing, or characters that are escaped.
    pub escapes: &'static str,
    /// By how many bytes the agent is longer.
    pub agent_bytes: u64,
    /// 0 is no response.
    pub status: u16,
    pub bytes: u64,
    /// As exactly as the format writes it; none when it writes none.
    pub latency_us: Option<u64>,
    /// How many upstreams were tried.
    pub tries: u64,
    pub malformed: Option<Malformed>,
}
