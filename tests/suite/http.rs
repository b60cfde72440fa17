//! HTTP without a library, for the tests of servers: every byte of a request is the test's own.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::harness::text;

/// An answer, its body without the framing of chunks.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// The first line and the headers.
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// All values of a header.
    pub fn headers(&self, name: &str) -> Vec<String> {
        let lines = self.head.lines().skip(1);
        lines
            .filter_map(|line| line.split_once(": "))
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_string())
            .collect()
    }

    /// The value of a header that is there at most once.
    pub fn header(&self, name: &str) -> Option<String> {
        let mut values = self.headers(name);
        assert!(values.len() < 2, "{name} is there twice: {}", self.head);
        values.pop()
    }
}

/// Sends the lines of a request as they are; the server has to close the connection after its answer.
pub fn raw(address: &str, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {}", text(&bytes)));
    let head = text(&bytes[..end]);
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut body = bytes[end + 4..].to_vec();
    if head
        .to_ascii_lowercase()
        .contains("transfer-encoding: chunked")
    {
        body = without_chunks(&body);
    }
    Answer { status, head, body }
}

fn without_chunks(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(text(&bytes[..end]).trim(), 16).unwrap();
        if size == 0 {
            break;
        }
        let from = end + 2;
        body.extend_from_slice(&bytes[from..from + size]);
        bytes = &bytes[from + size + 2..];
    }
    body
}
