//! A store that speaks S3 for the tests: a server that tests/run installs, started with the tests.

#![cfg_attr(
    not(feature = "s3"),
    allow(dead_code, reason = "then no test deploys to a store")
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Tree, project, text};
use crate::postgres::{free_port, start_kept_by};

/// The store of all tests that need no other: it takes any credentials.
pub static STORE: LazyLock<Store> = LazyLock::new(|| Store::start(&[]));

/// What must be in no message.
pub const SECRETS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKIATOLDTONOBODY"),
    ("AWS_SECRET_ACCESS_KEY", "told-to-nobody-secret"),
    ("AWS_SESSION_TOKEN", "told-to-nobody-token"),
];

/// A running store. It ends with the process.
pub struct Store {
    folder: TempDir,
    port: u16,
    _running: Child,
}

impl Store {
    /// Starts a store with these variables in its environment.
    pub fn start(environment: &[(&str, &str)]) -> Store {
        let tools = project().join("target/tools/store");
        let program = tools.join("bin/python");
        assert!(
            program.is_file(),
            "{} is missing: `tests/run suite` installs it, with the packages of tests/store/requirements.txt",
            program.display()
        );
        let folder = TempDir::new().unwrap();
        let port = free_port();
        let script = project().join("tests/store/server.py");
        let log = folder.path().join("requests");
        let arguments = [
            script.to_str().unwrap(),
            &port.to_string(),
            log.to_str().unwrap(),
        ];
        let running = start_kept_by(None, environment, folder.path(), &program, &arguments);
        let store = Store {
            folder,
            port,
            _running: running,
        };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", store.port)).is_err() {
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "the store does not start: {}",
                fs::read_to_string(store.folder.path().join("err.log")).unwrap_or_default()
            );
            sleep(Duration::from_millis(20));
        }
        store
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A new bucket whose name begins with a word.
    pub fn bucket(&self, word: &str) -> String {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let bucket = format!("{word}-{}", MADE.fetch_add(1, Ordering::Relaxed));
        assert_eq!(self.request("PUT", &format!("/{bucket}"), b"").0, 200);
        bucket
    }

    /// A request, and the status and the body of the answer.
    pub fn request(&self, method: &str, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        // It is believed without a signature, but it has to look as if there were one.
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\nContent-Length: {}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n",
            self.port,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let head = text(&answer[..end]);
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer[end + 4..].to_vec())
    }

    /// The bytes of an object.
    pub fn object(&self, bucket: &str, path: &str) -> Option<Vec<u8>> {
        let (status, body) = self.request("GET", &format!("/{bucket}/{path}"), b"");
        (status == 200).then_some(body)
    }

    /// The paths of all objects in a bucket, sorted.
    pub fn objects(&self, bucket: &str) -> Vec<String> {
        let (status, body) = self.request("GET", &format!("/{bucket}?list-type=2"), b"");
        assert_eq!(status, 200, "{}", text(&body));
        let body = text(&body);
        assert!(body.contains("<IsTruncated>false"), "{body}");
        let mut keys: Vec<String> = body
            .split("<Key>")
            .skip(1)
            .map(|rest| rest.split("</Key>").next().unwrap().to_string())
            .collect();
        keys.sort();
        keys
    }

    /// The requests to a bucket so far, as `METHOD path`, without the bucket.
    pub fn requests(&self, bucket: &str) -> Vec<String> {
        let log = fs::read_to_string(self.folder.path().join("requests")).unwrap();
        log.lines()
            .filter_map(|line| {
                let (method, path) = line.split_once(' ')?;
                let path = path.trim().strip_prefix(&format!("/{bucket}"))?;
                Some(format!("{method} {path}"))
            })
            .collect()
    }

    /// Lets the manifests of a bucket pass that are held.
    pub fn let_pass(&self, bucket: &str) {
        fs::write(self.folder.path().join(format!("requests.{bucket}")), "").unwrap();
    }

    /// The pointers of the app `play` below a prefix.
    pub fn current(&self, bucket: &str, prefix: &str) -> Option<Value> {
        let bytes = self.object(bucket, &format!("{prefix}/play/current.json"))?;
        Some(serde_json::from_slice(&bytes).unwrap())
    }

    /// The files of a release, as a worker would find them, all of which must be there.
    pub fn release(&self, bucket: &str, prefix: &str, release: &str) -> Tree {
        let path = format!("{prefix}/play/releases/{release}.json");
        let manifest = self.object(bucket, &path);
        let manifest = manifest.unwrap_or_else(|| panic!("no manifest of {release}"));
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        let mut hashes = BTreeMap::new();
        for part in ["files", "further"] {
            for (path, file) in manifest[part].as_object().unwrap() {
                hashes.insert(path.clone(), file["blake3"].as_str().unwrap().to_string());
            }
        }
        let file = |hash: &str| {
            let bytes = self.object(bucket, &format!("{prefix}/play/files/{hash}"));
            let bytes = bytes.unwrap_or_else(|| panic!("no file {hash}"));
            assert_eq!(blake3::hash(&bytes).to_hex().as_str(), hash);
            bytes
        };
        let files = hashes.into_iter();
        files.map(|(path, hash)| (path, file(&hash))).collect()
    }
}

/// Gives a run of rbgen the credentials, and nothing else of the environment that is about stores.
pub fn with_credentials(command: &mut Command) {
    for (name, _) in std::env::vars() {
        if name.starts_with("AWS_") || name.to_ascii_lowercase().ends_with("_proxy") {
            command.env_remove(name);
        }
    }
    command.envs(SECRETS);
}
