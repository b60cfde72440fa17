//! One node at the root of a server: the whole of `rbgen serve` but the command.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderValue, VARY,
};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, StatusCode, Version};
use axum::middleware::map_response;
use axum::response::Response;
use jiff::Timestamp;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use super::answer::{
    Content, Representation, content_type, etag_of, is_text, moved, not_allowed, plain, respond,
    set,
};
use super::files::read_all;
use super::hosts::{AllowedHosts, with_host_check};
use super::resolve::{Found, nearest, requested_path, resolve};
use super::rules::headers_for;
use super::web::{Web, WebBundle, state_of, web_of_manifests};
use crate::digest::{Digest, Hasher};

/// What is served.
#[derive(Clone, Debug)]
pub struct NodeSettings {
    /// The output folder.
    pub out: PathBuf,
    pub node: String,
    /// The path of its base URL, without a trailing slash.
    pub base_path: String,
    /// The names that are answered to.
    pub allowed: AllowedHosts,
}

/// The web root as it was read last, and what told then that it is so.
type Read = (Vec<(String, [i64; 5])>, Arc<Web>);

struct Node {
    settings: NodeSettings,
    read: Mutex<Option<Read>>,
}

/// A router that answers with the files of a node. What a later build writes is answered with from then on.
pub fn serve_node(settings: NodeSettings) -> Router {
    let allowed = settings.allowed.clone();
    let node = Arc::new(Node {
        settings,
        read: Mutex::new(None),
    });
    let compression = CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(is_worth_compressing);
    let router = Router::new()
        .fallback(answer)
        .with_state(node)
        .layer(compression)
        .layer(map_response(with_weak_tag));
    with_host_check(router, allowed)
}

async fn answer(State(node): State<Arc<Node>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let answered = tokio::task::spawn_blocking(move || node.answer(&parts)).await;
    answered.unwrap_or_else(|_| plain(500, "The request could not be answered."))
}

/// Texts; neither parts of them, nor what is so short that nothing is won.
fn is_worth_compressing(
    status: StatusCode,
    _: Version,
    headers: &HeaderMap,
    _: &Extensions,
) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let size: u64 = text(axum::http::header::CONTENT_LENGTH)
        .and_then(|size| size.parse().ok())
        .unwrap_or(u64::MAX);
    matches!(status, StatusCode::OK | StatusCode::NOT_FOUND)
        && size >= 256
        && text(CONTENT_TYPE).is_some_and(is_text)
}

/// The tag is that of the file; of its compressed form it can only be a weak one (RFC 9110 §8.8.3.3).
async fn with_weak_tag(mut response: Response) -> Response {
    if response.headers().contains_key(CONTENT_ENCODING) {
        weaken_tag(response.headers_mut());
    }
    response
}

fn weaken_tag(headers: &mut HeaderMap) {
    let tag = headers.get(ETAG).and_then(|tag| tag.to_str().ok());
    if let Some(tag) = tag.filter(|tag| !tag.starts_with("W/")) {
        let weak = format!("W/{tag}");
        set(headers, ETAG, &weak);
    }
}

fn reads_compressed(request: &Parts) -> bool {
    let accepted = request.headers.get_all(ACCEPT_ENCODING).iter();
    accepted
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("gzip") || value.contains("br"))
}

impl Node {
    fn answer(&self, request: &Parts) -> Response {
        if !matches!(request.method, Method::GET | Method::HEAD) {
            return not_allowed("GET, HEAD");
        }
        let Some(path) = requested_path(request.uri.path()) else {
            return plain(400, "There can be no file of such a path.");
        };
        let web = self.web();
        let base_path = web.base_path.as_str();
        let below = match path.strip_prefix(web.decoded_base.as_str()) {
            Some("") if !base_path.is_empty() => {
                return self.moved(request, 308, &format!("{base_path}/"));
            }
            Some(below) if below.starts_with('/') => below,
            _ if path == "/" => return self.moved(request, 307, &format!("{base_path}/")),
            _ => {
                let text = format!("Nothing is here: the site of this node is below {base_path}/");
                return plain(404, &text);
            }
        };
        match resolve(&web, below, &WebBundle::has) {
            Found::File {
                bundle,
                path: file,
                status,
            } => self.file(request, &web.bundles[bundle], &path, &file, status),
            Found::Moved { status, to } => self.moved(request, status, &to),
            Found::Missing => match nearest(&web, below, &WebBundle::has) {
                Some(bundle) => self.file(request, &web.bundles[bundle], &path, "404.html", 404),
                None => plain(404, "There is no such page."),
            },
        }
    }

    /// The query goes along, where the new address has none of its own.
    fn moved(&self, request: &Parts, status: u16, to: &str) -> Response {
        match request.uri.query() {
            Some(query) if !to.contains(['?', '#']) => moved(status, &format!("{to}?{query}")),
            _ => moved(status, to),
        }
    }

    fn file(
        &self,
        request: &Parts,
        bundle: &WebBundle,
        path: &str,
        file: &str,
        status: u16,
    ) -> Response {
        let found = match represent(bundle, path, file, status) {
            Ok(found) => found,
            Err(error) => return plain(500, &format!("The file cannot be read: {error}.")),
        };
        let is_text = is_text(&found.content_type);
        let mut response = respond(request, found);
        if is_text {
            let vary = HeaderValue::from_static("accept-encoding");
            response.headers_mut().append(VARY, vary);
            // The tag that goes with what the client has, which then is the compressed form.
            if response.status() == StatusCode::NOT_MODIFIED && reads_compressed(request) {
                weaken_tag(response.headers_mut());
            }
        }
        response
    }

    /// The web root as it is now.
    fn web(&self) -> Arc<Web> {
        let NodeSettings {
            out,
            node,
            base_path,
            ..
        } = &self.settings;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let state = state_of(out, node);
        if let Some((known, web)) = &*read
            && *known == state
        {
            return Arc::clone(web);
        }
        let web = Arc::new(web_of_manifests(out, node, base_path));
        *read = Some((state, Arc::clone(&web)));
        web
    }
}

/// Files up to this size are read as a whole, in bytes.
const IN_MEMORY: u64 = 4 * 1024 * 1024;

/// A file of a bundle, for the decoded path of a request with its base path.
pub fn represent(
    bundle: &WebBundle,
    path: &str,
    file: &str,
    status: u16,
) -> io::Result<Representation> {
    let mut opened = bundle.open(file)?;
    let metadata = opened.metadata()?;
    let size = metadata.len();
    let modified = metadata
        .modified()
        .ok()
        .and_then(|time| Timestamp::try_from(time).ok());
    let (content, digest) = if size <= IN_MEMORY {
        let bytes = read_all(&mut opened, IN_MEMORY)?;
        let digest = Digest::of_bytes(&bytes);
        (Content::Bytes(bytes), digest)
    } else {
        let digest = digest_unread(bundle, file, size, modified);
        (Content::File(opened, size), digest)
    };
    Ok(Representation {
        content,
        status,
        content_type: content_type(file),
        etag: etag_of(&digest),
        modified,
        headers: headers_for(&bundle.headers, path),
    })
}

/// What stands for the bytes of a large file: what the manifest says, as long as the size is that of the
/// file, and its time, because it may have been changed since.
fn digest_unread(bundle: &WebBundle, file: &str, size: u64, modified: Option<Timestamp>) -> Digest {
    let mut hasher = Hasher::new("rbgen serve");
    hasher.number(size);
    if let Some(stamp) = bundle.stamp(file).filter(|stamp| stamp.size == size) {
        hasher.digest(&stamp.digest);
    }
    let time = modified.map_or(0, Timestamp::as_nanosecond);
    hasher.bytes(&time.to_le_bytes());
    hasher.finish()
}
