//! A store that speaks S3, for callers that block: what can be read, written and removed in it.

use std::sync::Mutex;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, BackoffConfig, Error, ObjectStore, ObjectStoreExt, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, RetryConfig, UpdateVersion,
};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use super::failure::{is_not_implemented, is_unknown, unreachable_store};
use super::http::Connector;
use crate::diag::{Diagnostic, code};

/// How often a request is tried again that was not answered, or that the store was too busy for.
const RETRIES: usize = 3;

/// How many uploads go on at a time.
const AT_A_TIME: usize = 8;

/// A bucket, and a prefix in it that all paths are below.
pub struct Store {
    /// Always there, but while it ends.
    runtime: Option<Runtime>,
    store: AmazonS3,
    prefix: Path,
    shown: String,
    /// Whether it honours conditional writes, once that is known.
    honours: Mutex<Option<bool>>,
}

/// Where a store is.
pub struct Address<'a> {
    /// `s3://bucket/prefix`
    pub url: &'a str,
    pub endpoint: Option<&'a str>,
    pub region: Option<&'a str>,
}

/// An object as it was read.
#[derive(Clone, Debug)]
pub struct Stored {
    pub text: String,
    etag: Option<String>,
}

/// What came of a write that was to happen only if nobody else wrote.
pub enum Swapped {
    /// It happened.
    Done(Stored),
    /// Somebody else wrote.
    Changed,
}

/// An object on its way.
pub struct Upload<'a> {
    pub path: String,
    pub content_type: &'static str,
    pub cache: &'static str,
    /// Gives its bytes, part by part, and nothing at the end. When it fails, nothing is stored.
    pub read: Box<dyn FnMut() -> Result<Option<Vec<u8>>, Diagnostic> + 'a>,
}

/// For what changes.
pub const NO_CACHE: &str = "no-cache";

impl Store {
    /// A store, which nothing is asked of yet. Credentials, and what is not given, are in the environment,
    /// by the names that Amazon's programs use.
    pub fn new(address: &Address<'_>, patience: Duration) -> Result<Store, Diagnostic> {
        let wrong = |message: String| Diagnostic::general(code::NO_TARGET, message);
        let (bucket, prefix) = match address.url.strip_prefix("s3://") {
            Some(rest) => rest.split_once('/').unwrap_or((rest, "")),
            None => ("", ""),
        };
        let is_host = |text: &str| !text.is_empty() && !text.contains(['@', '?', '#', ':']);
        let prefix = Path::parse(prefix).ok().filter(|_| is_host(bucket));
        let Some(prefix) = prefix else {
            return Err(wrong("`s3` is not the address of a bucket".to_string())
                .hint("write `s3://BUCKET/PREFIX`"));
        };
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
        let mut shown = address.url.to_string();
        let mut plain = false;
        if let Some(endpoint) = address.endpoint {
            let host = endpoint.strip_prefix("https://").or_else(|| {
                plain = true;
                endpoint.strip_prefix("http://")
            });
            // Who writes a password there must not see it again in messages.
            if host.is_none_or(|host| host.is_empty() || host.contains(['@', '?', '#'])) {
                return Err(wrong("`endpoint` is not the address of a store".to_string())
                    .hint("write `https://HOST`; credentials belong in the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"));
            }
            shown = format!("{shown} at {endpoint}");
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(region) = address.region {
            builder = builder.with_region(region);
        }
        let retry = RetryConfig {
            backoff: BackoffConfig {
                init_backoff: patience.min(Duration::from_millis(100)),
                max_backoff: patience.min(Duration::from_secs(3)),
                base: 3.0,
            },
            max_retries: RETRIES,
            retry_timeout: patience * 2,
        };
        let store = builder
            .with_allow_http(plain)
            .with_retry(retry)
            .with_http_connector(Connector { patience })
            .build()
            .map_err(|_| {
                wrong(format!(
                    "{shown} cannot be used with what the environment says of stores"
                ))
                .hint("look at the variables whose names begin with AWS_")
            })?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| {
                let message = format!("no thread for {shown}: {error}");
                Diagnostic::general(code::TARGET_FAILED, message)
            })?;
        Ok(Store {
            runtime: Some(runtime),
            store,
            prefix,
            shown,
            honours: Mutex::new(None),
        })
    }

    /// What it is, for messages and records.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        let runtime = self.runtime.as_ref();
        runtime.expect("there until it is dropped").block_on(future)
    }

    fn path(&self, path: &str) -> Path {
        let parts = path.split('/').filter(|part| !part.is_empty());
        self.prefix.parts().chain(parts.map(Into::into)).collect()
    }

    fn failed(&self, error: &Error) -> Diagnostic {
        unreachable_store(&self.shown, error)
    }

    /// The text of an object; `None` where there is none.
    pub fn get(&self, path: &str) -> Result<Option<Stored>, Diagnostic> {
        let read = self.wait(async {
            let object = self.store.get(&self.path(path)).await?;
            let etag = object.meta.e_tag.clone();
            Ok((object.bytes().await?, etag))
        });
        match read {
            Ok((bytes, etag)) => Ok(Some(Stored {
                text: String::from_utf8_lossy(&bytes).into_owned(),
                etag,
            })),
            Err(error) if is_unknown(&error) => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Whether there is an object.
    pub fn has(&self, path: &str) -> Result<bool, Diagnostic> {
        match self.wait(self.store.head(&self.path(path))) {
            Ok(_) => Ok(true),
            Err(error) if is_unknown(&error) => Ok(false),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Which of these objects of a folder are there.
    pub fn which(&self, folder: &str, names: &[String]) -> Result<Vec<bool>, Diagnostic> {
        let asked = names.iter().map(|name| {
            let path = self.path(&format!("{folder}/{name}"));
            async move {
                match self.store.head(&path).await {
                    Ok(_) => Ok(true),
                    Err(error) if is_unknown(&error) => Ok(false),
                    Err(error) => Err(error),
                }
            }
        });
        let found = stream::iter(asked).buffered(AT_A_TIME).try_collect();
        self.wait(found).map_err(|error| self.failed(&error))
    }

    /// The names of the objects in a folder.
    pub fn names(&self, folder: &str) -> Result<Vec<String>, Diagnostic> {
        let listed = self.store.list(Some(&self.path(folder)));
        let names = listed.map_ok(|found| found.location.filename().map(str::to_string));
        let names: Result<Vec<Option<String>>, Error> = self.wait(names.try_collect());
        let names = names.map_err(|error| self.failed(&error))?;
        Ok(names.into_iter().flatten().collect())
    }

    /// The names of the folders at the top.
    pub fn folders(&self) -> Result<Vec<String>, Diagnostic> {
        let listed = self.wait(self.store.list_with_delimiter(Some(&self.prefix)));
        let listed = listed.map_err(|error| self.failed(&error))?;
        let folders = listed.common_prefixes.iter();
        Ok(folders
            .filter_map(|folder| folder.filename().map(str::to_string))
            .collect())
    }

    /// Writes a JSON object, whatever is there.
    pub fn put(&self, path: &str, text: &str) -> Result<(), Diagnostic> {
        let written = self.wait(self.write(path, text, PutMode::Overwrite));
        written.map(drop).map_err(|error| self.failed(&error))
    }

    async fn write(&self, path: &str, text: &str, mode: PutMode) -> Result<Stored, Error> {
        let options = PutOptions {
            mode,
            attributes: attributes("application/json", NO_CACHE),
            ..PutOptions::default()
        };
        let payload = PutPayload::from(text.as_bytes().to_vec());
        let put = self
            .store
            .put_opts(&self.path(path), payload, options)
            .await?;
        Ok(Stored {
            text: text.to_string(),
            etag: put.e_tag,
        })
    }

    /// Writes a JSON object if what is there is still `there`, which is `None` for nothing. What is
    /// written differs from everything that somebody else writes at the same time, or means the same.
    pub fn swap(
        &self,
        path: &str,
        there: Option<&Stored>,
        text: &str,
    ) -> Result<Swapped, Diagnostic> {
        let mode = match there {
            None => Some(PutMode::Create),
            Some(Stored { etag: None, .. }) => None,
            Some(Stored { etag, .. }) => Some(replacing(etag.clone())),
        };
        match mode {
            Some(mode) if self.honours_conditions()? => {
                match self.wait(self.write(path, text, mode)) {
                    Ok(stored) => Ok(Swapped::Done(stored)),
                    Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {
                        // An answer may have been lost, and then it was this one that wrote.
                        self.swapped(path, text)
                    }
                    Err(error) => Err(self.failed(&error)),
                }
            }
            _ => {
                let now = self.get(path)?;
                if now.as_ref().map(|now| &now.text) != there.map(|there| &there.text) {
                    return Ok(Swapped::Changed);
                }
                self.put(path, text)?;
                self.swapped(path, text)
            }
        }
    }

    fn swapped(&self, path: &str, text: &str) -> Result<Swapped, Diagnostic> {
        Ok(match self.get(path)? {
            Some(stored) if stored.text == text => Swapped::Done(stored),
            _ => Swapped::Changed,
        })
    }

    /// Whether the store honours conditions of writes, which it is asked once: an object that is only to
    /// be made where there is none must not be made twice, nor replaced as another one, but as the one
    /// that it is.
    pub fn honours_conditions(&self) -> Result<bool, Diagnostic> {
        let mut honours = self
            .honours
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = *honours {
            return Ok(known);
        }
        let path = format!(".rbgen/probe-{}", Uuid::new_v4());
        let answer = self.wait(async {
            let made = self.write(&path, "{}", PutMode::Create).await?;
            let other = "\"00000000000000000000000000000000\"".to_string();
            for mode in [PutMode::Create, replacing(Some(other))] {
                match self.write(&path, "{\"again\":true}", mode).await {
                    Ok(_) => return Ok(false),
                    Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            if made.etag.is_none() {
                return Ok(false);
            }
            // Where something in between weakens what objects are called, no condition ever holds.
            match self.write(&path, "{}", replacing(made.etag)).await {
                Ok(_) => Ok(true),
                Err(Error::Precondition { .. }) => Ok(false),
                Err(error) => Err(error),
            }
        });
        let known = match answer {
            Err(error) if is_not_implemented(&error) => false,
            other => other.map_err(|error| self.failed(&error))?,
        };
        self.remove(&[path])?;
        *honours = Some(known);
        Ok(known)
    }

    /// Whether the store was found not to honour conditions.
    pub fn is_unconditional(&self) -> bool {
        matches!(self.honours.lock().as_deref(), Ok(Some(false)))
    }

    /// Sends objects, some at a time. `sent` is called after each.
    pub fn send(&self, uploads: Vec<Upload<'_>>, sent: &dyn Fn()) -> Result<(), Diagnostic> {
        let sending = uploads.into_iter().map(|upload| async move {
            self.send_one(upload).await?;
            sent();
            Ok(())
        });
        let all = stream::iter(sending).buffer_unordered(AT_A_TIME);
        self.wait(all.try_collect())
    }

    async fn send_one(&self, mut upload: Upload<'_>) -> Result<(), Diagnostic> {
        let path = self.path(&upload.path);
        let attributes = attributes(upload.content_type, upload.cache);
        let first = (upload.read)()?.unwrap_or_default();
        let Some(second) = (upload.read)()? else {
            let options = PutOptions {
                attributes,
                ..PutOptions::default()
            };
            let put = self.store.put_opts(&path, first.into(), options).await;
            return put.map(drop).map_err(|error| self.failed(&error));
        };
        let options = PutMultipartOptions {
            attributes,
            ..PutMultipartOptions::default()
        };
        let failed = |error: Error| self.failed(&error);
        let parts = self.store.put_multipart_opts(&path, options).await;
        let mut parts = parts.map_err(failed)?;
        let mut next = Ok(Some(second));
        parts.put_part(first.into()).await.map_err(failed)?;
        while let Ok(Some(part)) = next {
            parts.put_part(part.into()).await.map_err(failed)?;
            next = (upload.read)();
        }
        match next {
            Ok(_) => parts.complete().await.map(drop).map_err(failed),
            Err(problem) => {
                let _ = parts.abort().await;
                Err(problem)
            }
        }
    }

    /// Removes objects. Those that are not there are no matter.
    pub fn remove(&self, paths: &[String]) -> Result<(), Diagnostic> {
        let paths: Vec<Result<Path, Error>> =
            paths.iter().map(|path| Ok(self.path(path))).collect();
        let removed = self.store.delete_stream(stream::iter(paths).boxed());
        let removed = removed.filter_map(async |gone| match gone {
            Ok(_) => None,
            Err(error) if is_unknown(&error) => None,
            Err(error) => Some(error),
        });
        let errors: Vec<Error> = self.wait(removed.collect());
        match errors.first() {
            None => Ok(()),
            Some(error) => Err(self.failed(error)),
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // A look-up of a name that hangs must not hold the process.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Replaces the object that is called so.
fn replacing(etag: Option<String>) -> PutMode {
    PutMode::Update(UpdateVersion {
        e_tag: etag,
        version: None,
    })
}

fn attributes(content_type: &'static str, cache: &'static str) -> Attributes {
    [
        (Attribute::ContentType, content_type),
        (Attribute::CacheControl, cache),
    ]
    .into_iter()
    .collect()
}
