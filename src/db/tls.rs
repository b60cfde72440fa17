//! TLS as an address asks for it, with the meanings that libpq gives to `sslmode`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::Failure;
use super::address::Server;
use crate::diag::code;

/// `sslmode`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Mode {
    /// The modes as they are written.
    pub(super) const WORDS: &[(&str, Mode)] = &[
        ("disable", Mode::Disable),
        ("allow", Mode::Allow),
        ("prefer", Mode::Prefer),
        ("require", Mode::Require),
        ("verify-ca", Mode::VerifyCa),
        ("verify-full", Mode::VerifyFull),
    ];
}

/// `sslrootcert`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    System,
    File(PathBuf),
}

/// What an address says about TLS.
#[derive(Clone)]
pub(super) struct TlsWish {
    pub(super) mode: Option<Mode>,
    pub(super) roots: Option<Roots>,
    /// `sslcert` and `sslkey`
    pub(super) client: Option<(PathBuf, PathBuf)>,
}

/// How a connection came to be protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// A socket of this machine, which no network lies behind.
    Socket,
    /// Nothing.
    Plain,
    /// Encrypted: the version of TLS, and what is known of the server.
    Tls {
        /// Such as `TLS 1.3`.
        version: &'static str,
        /// How the server was verified.
        verified: Verified,
    },
}

/// What was verified of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// Nothing: it could be anybody.
    Nothing,
    /// Its certificate is of a known authority.
    Authority,
    /// Its certificate is of a known authority and for its name.
    Name,
}

/// One way to connect; the next is tried where the server does not take this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    Plain,
    /// `or_plain`: go on without where the server has no TLS.
    Tls {
        verify: Verified,
        or_plain: bool,
    },
}

impl TlsWish {
    /// The mode for a server. Without `sslmode` it is `verify-full`, unless no network lies between.
    pub(super) fn mode_for(&self, server: &Server) -> Mode {
        match self.mode {
            Some(mode) => mode,
            // Who names an authority wants it to be looked at.
            None if self.roots.is_some() => Mode::VerifyFull,
            None if server.is_local() => Mode::Prefer,
            None => Mode::VerifyFull,
        }
    }

    /// How to connect to a server by TCP, in the order to try it in.
    pub(super) fn attempts(&self, server: &Server) -> Vec<Attempt> {
        let tls = |verify| Attempt::Tls {
            verify,
            or_plain: false,
        };
        match self.mode_for(server) {
            Mode::Disable => vec![Attempt::Plain],
            Mode::Allow => vec![Attempt::Plain, tls(Verified::Nothing)],
            Mode::Prefer => vec![
                Attempt::Tls {
                    verify: Verified::Nothing,
                    or_plain: true,
                },
                Attempt::Plain,
            ],
            // As libpq does: a root certificate is there to be used.
            Mode::Require if self.roots.is_some() => vec![tls(Verified::Authority)],
            Mode::Require => vec![tls(Verified::Nothing)],
            Mode::VerifyCa => vec![tls(Verified::Authority)],
            Mode::VerifyFull => vec![tls(Verified::Name)],
        }
    }

    /// The settings of a connection, and the place where the version of TLS will stand.
    pub(super) fn config(
        &self,
        verify: Verified,
    ) -> Result<(ClientConfig, Arc<OnceLock<&'static str>>), Failure> {
        let provider = Arc::new(ring::default_provider());
        let version = Arc::new(OnceLock::new());
        let (roots, named) = match verify {
            Verified::Nothing => (RootCertStore::empty(), Vec::new()),
            Verified::Authority | Verified::Name => self.read_roots()?,
        };
        let verifier = Verifier {
            verify,
            roots,
            named,
            provider: Arc::clone(&provider),
            version: Arc::clone(&version),
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::new(code::TLS_FAILED, format!("no TLS: {error}")))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &self.client {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = read_certificates("sslcert", certificate)?;
                let key = PrivateKeyDer::from_pem_file(key)
                    .map_err(|error| unreadable("sslkey", "private key", error))?;
                builder.with_client_auth_cert(chain, key).map_err(|_| {
                    Failure::new(
                        code::BAD_ADDRESS,
                        "the key that `sslkey` of the address names does not fit the certificate \
                         of `sslcert`, or is of a kind that cannot be used",
                    )
                })?
            }
        };
        // A resumed session would skip the verifier, and with it the version.
        config.resumption = rustls::client::Resumption::disabled();
        Ok((config, version))
    }

    /// The authorities to trust, and the certificates of `sslrootcert` as they stand there.
    fn read_roots(&self) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), Failure> {
        let mut roots = RootCertStore::empty();
        let mut named = Vec::new();
        if let Some(Roots::File(path)) = &self.roots {
            named = read_certificates("sslrootcert", path)?;
            for certificate in &named {
                roots.add(certificate.clone()).map_err(|_| {
                    Failure::new(
                        code::BAD_ADDRESS,
                        "the file that `sslrootcert` of the address names has a certificate that \
                         cannot be read",
                    )
                })?;
            }
        } else {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                return Err(Failure::new(
                    code::TLS_FAILED,
                    "this system has no root certificates to verify the server with",
                )
                .hint(
                    "install them (Debian's package is ca-certificates), or name a file with \
                     `sslrootcert=…` in the address",
                ));
            }
        }
        Ok((roots, named))
    }
}

fn read_certificates(
    parameter: &str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let certificates: Result<Vec<_>, pem::Error> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(unreadable(
            parameter,
            "certificate",
            pem::Error::NoItemsFound,
        )),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(unreadable(parameter, "certificate", error)),
    }
}

/// The parameter is named, and the path, which is a part of the address, is not.
fn unreadable(parameter: &str, what: &str, error: pem::Error) -> Failure {
    let why = match error {
        pem::Error::Io(error) => format!("cannot be read: {error}"),
        pem::Error::NoItemsFound => format!("has no {what} in PEM in it"),
        _ => "is not valid PEM".to_string(),
    };
    Failure::new(
        code::BAD_ADDRESS,
        format!("the file that `{parameter}` of the address names {why}"),
    )
}

/// Looks at the certificate of a server as closely as was asked for.
#[derive(Debug)]
struct Verifier {
    verify: Verified,
    roots: RootCertStore,
    named: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
    version: Arc<OnceLock<&'static str>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.verify != Verified::Nothing {
            let parsed = ParsedCertificate::try_from(certificate)?;
            let signed = verify_server_cert_signed_by_trust_anchor(
                &parsed,
                &self.roots,
                intermediates,
                now,
                self.provider.signature_verification_algorithms.all,
            );
            match signed {
                // A certificate that signs itself is how many servers begin, and is most often one
                // of an authority. Where `sslrootcert` has this very one, nothing is left to doubt:
                // its time was looked at before this was.
                Err(error) if is_authority(&error) && self.named.contains(certificate) => {}
                signed => signed?,
            }
            if self.verify == Verified::Name {
                verify_server_name(&parsed, name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // A second call would say the same.
        let _ = self.version.set("TLS 1.2");
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let _ = self.version.set("TLS 1.3");
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Whether a certificate of an authority was shown as that of a server.
fn is_authority(error: &Error) -> bool {
    match error {
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            // The type of the error below is that of a crate that rustls keeps for itself.
            format!("{other:?}").contains("CaUsedAsEndEntity")
        }
        _ => false,
    }
}

/// What a failed handshake means.
pub(super) fn failure(error: &Error, wish: &TlsWish, server: &Server) -> Failure {
    let shown = server.shown();
    let authority = match wish.roots {
        Some(Roots::File(_)) => "that `sslrootcert` of the address names",
        _ => "that this system trusts",
    };
    let (message, hint) = match error {
        Error::InvalidCertificate(why) => match why {
            CertificateError::UnknownIssuer => (
                format!("the certificate of {shown} is of no authority {authority}"),
                "name the certificate of its authority with `sslrootcert=/path/to/ca.pem` in the address",
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                (
                    format!("the certificate of {shown} is for another name"),
                    "connect by a name that the certificate has, or say `sslmode=verify-ca` in the \
                 address if any server of that authority will do",
                )
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
                format!("the certificate of {shown} has expired"),
                "renew it on the server",
            ),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
                format!("the certificate of {shown} is not valid yet"),
                "look at the clocks of both machines",
            ),
            _ if is_authority(error) => (
                format!("the certificate of {shown} is that of an authority, and not of a server"),
                "make a certificate of its own for the server, signed by that authority",
            ),
            other => (
                format!("the certificate of {shown} is not valid: {other}"),
                "",
            ),
        },
        Error::AlertReceived(alert) => (
            format!("{shown} refused the connection by TLS ({alert:?})"),
            match wish.client {
                None => {
                    "it may ask for a certificate: `sslcert=…&sslkey=…` in the address name one"
                }
                Some(_) => "it may not accept the certificate that `sslcert` in the address names",
            },
        ),
        other => (format!("TLS with {shown} failed: {other}"), ""),
    };
    let failure = Failure::new(code::TLS_FAILED, message);
    with_ways_out(
        match hint {
            "" => failure,
            hint => failure.hint(hint),
        },
        wish,
        server,
    )
}

/// A handshake that ended without a word of TLS.
pub(super) fn broken(error: &tokio_postgres::Error, wish: &TlsWish, server: &Server) -> Failure {
    let why = match std::error::Error::source(error) {
        Some(source) => source.to_string(),
        None => error.to_string(),
    };
    let message = format!("TLS with {} failed: {why}", server.shown());
    with_ways_out(Failure::new(code::TLS_FAILED, message), wish, server)
}

/// The server has no TLS.
pub(super) fn unavailable(wish: &TlsWish, server: &Server) -> Failure {
    let failure = Failure::new(
        code::TLS_FAILED,
        format!("{} does not encrypt connections", server.shown()),
    )
    .hint("switch TLS on at the server; without, anybody between could read and change all");
    with_ways_out(failure, wish, server)
}

/// Where the address did not ask for verification, it is said that it may ask for less.
fn with_ways_out(failure: Failure, wish: &TlsWish, server: &Server) -> Failure {
    if wish.mode.is_some() || wish.mode_for(server) != Mode::VerifyFull {
        return failure;
    }
    let ways = "without `sslmode` in the address a server on another machine must prove who it \
         is; `sslmode=require` encrypts without that, `sslmode=disable` does neither";
    let hint = match &failure.hint {
        Some(hint) => format!("{hint}; {ways}"),
        None => ways.to_string(),
    };
    failure.hint(hint)
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

    use super::*;

    /// Whether a server is taken that shows a certificate which it signed itself as an authority.
    fn taken(named_is_shown: bool, year: i32, verify: Verified, host: &str) -> bool {
        let certificate = || {
            let mut params = CertificateParams::new(vec!["db".to_string()]).expect("a name");
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.not_after = rcgen::date_time_ymd(year, 1, 1);
            let key = KeyPair::generate().expect("a key");
            let signed = params.self_signed(&key).expect("a certificate");
            signed.der().clone()
        };
        let shown = certificate();
        let named = match named_is_shown {
            true => shown.clone(),
            false => certificate(),
        };
        let mut roots = RootCertStore::empty();
        roots.add(named.clone()).expect("a root");
        let verifier = Verifier {
            verify,
            roots,
            named: vec![named],
            provider: Arc::new(ring::default_provider()),
            version: Arc::new(OnceLock::new()),
        };
        let host = ServerName::try_from(host.to_string()).expect("a host");
        verifier
            .verify_server_cert(&shown, &[], &host, &[], UnixTime::now())
            .is_ok()
    }

    #[test]
    fn a_certificate_that_signs_itself_is_taken_where_it_is_named() {
        assert!(taken(true, 4000, Verified::Name, "db"));
        assert!(taken(true, 4000, Verified::Authority, "other"));
        assert!(!taken(true, 4000, Verified::Name, "other"));
        // Of the same subject, and another.
        assert!(!taken(false, 4000, Verified::Authority, "db"));
        assert!(!taken(true, 2020, Verified::Name, "db"));
        assert!(!taken(true, 2020, Verified::Authority, "db"));
    }
}
