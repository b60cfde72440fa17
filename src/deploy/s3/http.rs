//! HTTP for stores: TLS of ours, a deadline for each request, and plain text only where it was asked for.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use object_store::{ClientConfigKey, ClientOptions};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

/// What a line must bring across at least, in bytes a second.
const SLOWEST: u64 = 16 * 1024;

/// Makes clients that wait so long for an answer.
#[derive(Debug)]
pub struct Connector {
    pub patience: Duration,
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let allow_http = options.get_config_value(&ClientConfigKey::AllowHttp);
        let failed =
            |source: Box<dyn std::error::Error + Send + Sync>| object_store::Error::Generic {
                store: "S3",
                source,
            };
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls().map_err(|error| failed(error.into()))?)
            .https_only(allow_http.as_deref() != Some("true"))
            // A redirect would be followed without a signature of its own.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT.min(self.patience))
            .build()
            .map_err(|error| failed(error.without_url().into()))?;
        let patience = self.patience;
        Ok(HttpClient::new(Service { client, patience }))
    }
}

/// TLS that believes the authorities of this system.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = std::sync::Arc::new(ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

struct Service {
    client: reqwest::Client,
    patience: Duration,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service")
    }
}

impl HttpService for Service {
    fn call<'a, 'answer>(
        &'a self,
        request: HttpRequest,
    ) -> BoxFuture<'answer, Result<HttpResponse, HttpError>>
    where
        'a: 'answer,
        Self: 'answer,
    {
        Box::pin(async move {
            let length = u64::try_from(request.body().content_length()).unwrap_or(u64::MAX);
            let request = request.map(reqwest::Body::wrap);
            let mut request = reqwest::Request::try_from(request).map_err(failure)?;
            *request.timeout_mut() = Some(self.patience + Duration::from_secs(length / SLOWEST));
            let answer = self.client.execute(request).await.map_err(failure)?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            // What a store answers is small: lists and manifests.
            let body = answer.bytes().await.map_err(failure)?;
            let mut answer = HttpResponse::new(HttpResponseBody::from(body));
            *answer.status_mut() = status;
            *answer.headers_mut() = headers;
            Ok(answer)
        })
    }
}

/// Only what was not sent, or not answered, is tried again.
fn failure(error: reqwest::Error) -> HttpError {
    let kind = if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if error.is_connect() {
        HttpErrorKind::Connect
    } else if error.is_builder() {
        HttpErrorKind::Unknown
    } else {
        HttpErrorKind::Interrupted
    };
    HttpError::new(kind, error.without_url())
}
