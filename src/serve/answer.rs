//! A file, or bytes, as the answer to one request: types, tags, parts of it (RFC 9110).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    LAST_MODIFIED, LOCATION, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use futures_util::stream;
use jiff::Timestamp;

use super::range::{Part, date, is_known, wanted};
use crate::digest::Digest;

/// What is to be sent: all of it, of which a request may ask for a part.
#[derive(Debug)]
pub struct Representation {
    pub content: Content,
    /// 200, or 404 with a body.
    pub status: u16,
    pub content_type: String,
    /// With its quotes; strong.
    pub etag: String,
    /// When it changed, where that is known.
    pub modified: Option<Timestamp>,
    /// What rules give besides; they win over what is said by default.
    pub headers: HeaderMap,
}

/// The bytes themselves, or the file that has them and how many they are.
#[derive(Debug)]
pub enum Content {
    Bytes(Vec<u8>),
    File(File, u64),
}

impl Content {
    fn size(&self) -> u64 {
        match self {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::File(_, size) => *size,
        }
    }

    /// `length` bytes from `start` on.
    fn into_body(self, start: u64, length: u64) -> io::Result<Body> {
        match self {
            Content::Bytes(bytes) => {
                let (start, end) = (start as usize, (start + length) as usize);
                Ok(Body::from(Bytes::from(bytes).slice(start..end)))
            }
            Content::File(mut file, _) => {
                file.seek(SeekFrom::Start(start))?;
                Ok(Body::from_stream(chunks(file.take(length))))
            }
        }
    }
}

/// A file in pieces, each read where waiting is allowed.
fn chunks(file: io::Take<File>) -> impl futures_util::Stream<Item = io::Result<Vec<u8>>> {
    const CHUNK: u64 = 256 * 1024;
    stream::try_unfold(file, |mut file| async {
        let read = move || {
            let mut bytes = Vec::new();
            (&mut file).take(CHUNK).read_to_end(&mut bytes)?;
            io::Result::Ok((bytes, file))
        };
        let read = tokio::task::spawn_blocking(read).await;
        let (bytes, file) = read.map_err(io::Error::other)??;
        Ok((!bytes.is_empty()).then_some((bytes, file)))
    })
}

/// The tag of a digest.
pub fn etag_of(digest: &Digest) -> String {
    format!("\"{}\"", digest.short(32))
}

/// The type of a file by its name; texts are UTF-8.
pub fn content_type(path: &str) -> String {
    let guess = mime_guess::from_path(Path::new(path)).first_or_octet_stream();
    let name = guess.essence_str();
    if is_text(name) {
        format!("{name}; charset=utf-8")
    } else {
        name.to_string()
    }
}

/// Whether a type, with its parameters or without, is that of a text.
pub fn is_text(content_type: &str) -> bool {
    let name = content_type.split(';').next().unwrap_or_default().trim();
    name.starts_with("text/")
        || name.ends_with("+xml")
        || name.ends_with("+json")
        || matches!(
            name,
            "application/json" | "application/xml" | "application/javascript"
        )
}

/// The answer to a request for something that is there.
pub fn respond(request: &Parts, found: Representation) -> Response {
    let is_page = found.status == 200;
    let size = found.content.size();
    let mut headers = HeaderMap::new();
    set(&mut headers, CONTENT_TYPE, &found.content_type);
    set(&mut headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
    // As Netlify and Cloudflare Pages say where no rule does.
    set(
        &mut headers,
        CACHE_CONTROL,
        "public, max-age=0, must-revalidate",
    );
    headers.extend(found.headers);
    if is_page {
        set(&mut headers, ETAG, &found.etag);
        set(&mut headers, ACCEPT_RANGES, "bytes");
        if let Some(date) = found.modified.and_then(date) {
            set(&mut headers, LAST_MODIFIED, &date);
        }
        if is_known(&request.headers, &found.etag, found.modified) {
            headers.remove(CONTENT_TYPE);
            return with(StatusCode::NOT_MODIFIED, headers, Body::empty());
        }
    }
    let part = match request.method {
        Method::GET if is_page => wanted(&request.headers, &found.etag, found.modified, size),
        _ => Part::Whole,
    };
    let (status, start, length) = match part {
        Part::Whole => (StatusCode::from_u16(found.status), 0, size),
        Part::Bytes(first, last) => {
            set(
                &mut headers,
                CONTENT_RANGE,
                &format!("bytes {first}-{last}/{size}"),
            );
            (Ok(StatusCode::PARTIAL_CONTENT), first, last - first + 1)
        }
        Part::Unsatisfiable => {
            set(&mut headers, CONTENT_RANGE, &format!("bytes */{size}"));
            headers.remove(ETAG);
            set(&mut headers, CONTENT_TYPE, "text/plain; charset=utf-8");
            let body = Body::from("The file has no such part.\n");
            return with(StatusCode::RANGE_NOT_SATISFIABLE, headers, body);
        }
    };
    set(&mut headers, CONTENT_LENGTH, &length.to_string());
    let body = match request.method {
        Method::HEAD => Ok(Body::empty()),
        _ => found.content.into_body(start, length),
    };
    match body {
        Ok(body) => with(status.unwrap_or(StatusCode::OK), headers, body),
        Err(error) => plain(500, &format!("The file cannot be read: {error}.")),
    }
}

/// Sends a client to another address; nobody is to remember it, because the next site on this port is
/// another one.
pub fn moved(status: u16, to: &str) -> Response {
    let mut headers = HeaderMap::new();
    set(&mut headers, LOCATION, to);
    set(&mut headers, CACHE_CONTROL, "no-store");
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::TEMPORARY_REDIRECT);
    with(status, headers, Body::empty())
}

/// A sentence for people, with a status.
pub fn plain(status: u16, text: &str) -> Response {
    let mut headers = HeaderMap::new();
    set(&mut headers, CONTENT_TYPE, "text/plain; charset=utf-8");
    set(&mut headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(&mut headers, CACHE_CONTROL, "no-store");
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    with(status, headers, Body::from(format!("{text}\n")))
}

/// The answer to a method that is not one of those.
pub fn not_allowed(methods: &str) -> Response {
    let mut response = plain(405, &format!("Only {methods} are answered here."));
    set(response.headers_mut(), ALLOW, methods);
    response
}

fn with(status: StatusCode, headers: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Sets a header; a value that none can have is left out.
pub fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_say_that_they_are_utf_8() {
        for (path, expected) in [
            ("a/index.html", "text/html; charset=utf-8"),
            ("a.css", "text/css; charset=utf-8"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.svg", "image/svg+xml; charset=utf-8"),
            ("a.json", "application/json; charset=utf-8"),
            ("sitemap.xml", "text/xml; charset=utf-8"),
            ("a.woff2", "font/woff2"),
            ("a.webp", "image/webp"),
            ("CNAME", "application/octet-stream"),
        ] {
            assert_eq!(content_type(path), expected, "{path}");
        }
    }
}
