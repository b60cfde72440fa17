//! What a store says when it refuses, in words without secrets: its answers may quote keys and signatures.

use std::error::Error as _;
use std::io;

use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};

use crate::diag::{Diagnostic, code};

/// Whether there is no such object.
pub fn is_unknown(error: &Error) -> bool {
    matches!(error, Error::NotFound { .. }) && code_of(error).as_deref() != Some("NoSuchBucket")
}

/// Whether the store does not know such a request.
pub fn is_not_implemented(error: &Error) -> bool {
    matches!(
        error,
        Error::NotImplemented { .. } | Error::NotSupported { .. }
    ) || status_of(error) == Some(501)
}

/// The store could not be used.
pub fn unreachable_store(shown: &str, error: &Error) -> Diagnostic {
    let status = status_of(error);
    let code = code_of(error);
    let said = match (status, &code) {
        (Some(status), Some(code)) => format!(" ({status} {code})"),
        (Some(status), None) => format!(" ({status})"),
        (None, Some(code)) => format!(" ({code})"),
        (None, None) => String::new(),
    };
    let is_refusal = matches!(
        error,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. }
    ) || matches!(status, Some(401 | 403));
    let (what, hint) = if is_refusal {
        (
            format!("refuses the credentials{said}"),
            Some(
                "they come from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN where there is one",
            ),
        )
    } else if let Some(http) = http_error(error) {
        (no_answer(http), None)
    } else if status.is_none() && code.is_none() && !matches!(error, Error::NotFound { .. }) {
        (
            "cannot be used: there are no credentials, or no answer that makes sense".to_string(),
            Some("credentials come from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"),
        )
    } else if matches!(error, Error::NotFound { .. }) {
        (format!("is not there: no such bucket{said}"), None)
    } else {
        (format!("refuses{said}"), None)
    };
    let problem = Diagnostic::general(code::TARGET_FAILED, format!("{shown} {what}"));
    match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

fn no_answer(error: &HttpError) -> String {
    let mut system = None;
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(found) = inner.downcast_ref::<io::Error>() {
            system = found.raw_os_error().map(|_| found.to_string());
        }
        source = inner.source();
    }
    let what = match error.kind() {
        HttpErrorKind::Timeout => "does not answer",
        HttpErrorKind::Connect => "cannot be reached",
        _ => "broke off the connection",
    };
    match system {
        Some(system) => format!("{what}: {system}"),
        None => what.to_string(),
    }
}

fn http_error(error: &Error) -> Option<&HttpError> {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(found) = inner.downcast_ref::<HttpError>() {
            return Some(found);
        }
        source = inner.source();
    }
    None
}

/// The `<Code>` of an answer
/// (docs.aws.amazon.com, Amazon S3 API Reference, "Error responses"); only what looks like one.
fn code_of(error: &Error) -> Option<String> {
    let text = error.to_string();
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let is_code = code.len() <= 60 && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_code.then(|| code.to_string())
}

/// The HTTP status of an answer. `object_store` has it only in its words.
fn status_of(error: &Error) -> Option<u16> {
    let text = error.to_string();
    let (_, rest) = text.split_once("status code: ")?;
    rest.get(..3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: &str, body: &str) -> Error {
        Error::Generic {
            store: "S3",
            source: format!("Server returned non-2xx status code: {status}: {body}").into(),
        }
    }

    #[test]
    fn words_have_the_code_of_an_answer_and_nothing_else_of_it() {
        let body = "<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>AKIASECRET</AWSAccessKeyId>\
                    <StringToSign>AKIASECRET</StringToSign></Error>";
        let problem = unreachable_store("s3://b", &answer("403 Forbidden", body));
        assert_eq!(
            problem.message,
            "s3://b refuses the credentials (403 SignatureDoesNotMatch)"
        );
        assert_eq!(problem.code, code::TARGET_FAILED);
        let odd = answer("500 X", "<Code>AKIA SECRET</Code>");
        assert_eq!(
            unreachable_store("s3://b", &odd).message,
            "s3://b refuses (500)"
        );
        assert!(is_not_implemented(&answer("501 Not Implemented", "")));
    }
}
