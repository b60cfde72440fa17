//! TLS: what is accepted and what is refused, by certificates that are made here.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use rbgen::db::{FailureKind, Protection, Verified};
use rbgen::diag::code;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

use super::{USER, address, ask, fails, fakes, open};
use crate::postgres::{SERVER, Server};

/// An authority.
fn authority(name: &str) -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    (certificate, Issuer::new(params, key))
}

/// A certificate of an authority with its key.
fn certificate(
    issuer: &Issuer<'static, KeyPair>,
    names: &[&str],
    common_name: &str,
    expired: bool,
) -> (String, String) {
    let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    if expired {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    (certificate.pem(), key.serialize_pem())
}

const ACCESS: &str = "\
hostssl all certified all cert
hostnossl all unencrypted all scram-sha-256
hostssl all unencrypted all reject
hostssl all all all scram-sha-256
";

const SETTINGS: &[&str] = &[
    "ssl=on",
    "ssl_cert_file=../server.pem",
    "ssl_key_file=../server.key",
    "ssl_ca_file=../ca.pem",
];

/// A server with TLS and a certificate for `localhost`.
struct Encrypted {
    server: Server,
}

static ENCRYPTED: LazyLock<Encrypted> = LazyLock::new(|| encrypted(false));
static EXPIRED: LazyLock<Encrypted> = LazyLock::new(|| encrypted(true));

fn encrypted(expired: bool) -> Encrypted {
    let server = Server::start_with(SETTINGS, ACCESS, |folder| {
        let (ca, issuer) = authority("The authority");
        let (server, key) = certificate(&issuer, &["localhost"], "localhost", expired);
        let (client, client_key) = certificate(&issuer, &[], "certified", false);
        let (other, other_issuer) = authority("Another authority");
        let (stranger, stranger_key) = certificate(&other_issuer, &[], "certified", false);
        for (name, text) in [
            ("ca.pem", ca),
            ("other.pem", other),
            ("server.pem", server),
            ("server.key", key),
            ("client.pem", client),
            ("client.key", client_key),
            ("stranger.pem", stranger),
            ("stranger.key", stranger_key),
            ("text.pem", "no PEM at all\n".into()),
            ("torn.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n".into()),
            (
                "garbage.pem",
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".into(),
            ),
        ] {
            let path = folder.join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    });
    for user in [USER, "certified", "unencrypted"] {
        server.admin(&format!("CREATE ROLE {user} LOGIN PASSWORD 'hunter2/@'"));
    }
    Encrypted { server }
}

impl Encrypted {
    fn file(&self, name: &str) -> PathBuf {
        self.server.folder.path().join(name)
    }

    /// An address with an authority's file from the server's folder.
    fn url(&self, host: &str, mode: &str, authority: &str) -> String {
        let authority = match authority {
            "" => String::new(),
            name => format!("&sslrootcert={}", self.file(name).display()),
        };
        address(
            host,
            self.server.port,
            &format!("postgres?sslmode={mode}{authority}"),
        )
    }
}

fn tls(verified: Verified) -> Protection {
    Protection::Tls {
        version: "TLS 1.3",
        verified,
    }
}

#[test]
fn each_mode_verifies_what_it_should() {
    let server = &*ENCRYPTED;
    for (host, mode, authority, verified) in [
        ("localhost", "verify-full", "ca.pem", Verified::Name),
        ("localhost", "verify-ca", "ca.pem", Verified::Authority),
        // The certificate is not for this name.
        ("127.0.0.1", "verify-ca", "ca.pem", Verified::Authority),
        ("127.0.0.1", "require", "ca.pem", Verified::Authority),
        ("127.0.0.1", "require", "", Verified::Nothing),
        ("127.0.0.1", "prefer", "", Verified::Nothing),
        ("127.0.0.1", "allow", "", Verified::Nothing),
    ] {
        let mut session = open(&server.url(host, mode, authority));
        assert_eq!(session.protection(), tls(verified), "{host} {mode}");
        assert_eq!(
            ask(
                &mut session,
                "SELECT ssl::text || version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            ),
            "trueTLSv1.3"
        );
    }
    // Without a mode: an authority that is named is used, and this machine is trusted.
    let file = server.file("ca.pem");
    let rest = format!("postgres?sslrootcert={}", file.display());
    let session = open(&address("localhost", server.server.port, &rest));
    assert_eq!(session.protection(), tls(Verified::Name));
    let session = open(&address("localhost", server.server.port, "postgres"));
    assert_eq!(session.protection(), tls(Verified::Nothing));
}

#[test]
fn a_server_that_is_not_the_right_one_is_refused() {
    let server = &*ENCRYPTED;
    for (host, mode, authority, part) in [
        ("127.0.0.1", "verify-full", "ca.pem", "is for another name"),
        (
            "localhost",
            "verify-full",
            "other.pem",
            "of no authority that `sslrootcert`",
        ),
        (
            "localhost",
            "verify-ca",
            "other.pem",
            "of no authority that `sslrootcert`",
        ),
        (
            "localhost",
            "require",
            "other.pem",
            "of no authority that `sslrootcert`",
        ),
        (
            "localhost",
            "verify-full",
            "",
            "of no authority that this system trusts",
        ),
        (
            "localhost",
            "verify-ca",
            "",
            "of no authority that this system trusts",
        ),
    ] {
        let failure = fails(&server.url(host, mode, authority), code::TLS_FAILED, part);
        assert!(failure.hint.is_some(), "{failure:?}");
        assert!(failure.message.starts_with(&format!(
            "database main: the certificate of {host}:{}",
            server.server.port
        )));
    }
    let server = &*EXPIRED;
    for mode in ["verify-full", "verify-ca", "require"] {
        fails(
            &server.url("localhost", mode, "ca.pem"),
            code::TLS_FAILED,
            "has expired",
        );
    }
}

#[test]
fn without_a_mode_the_way_out_is_told() {
    // A name that is not this machine's, and leads to it.
    let port = ENCRYPTED.server.port;
    let far = format!(
        "postgres?hostaddr=127.0.0.1&sslrootcert={}",
        ENCRYPTED.file("ca.pem").display()
    );
    let failure = fails(
        &address("db.example.org", port, &far),
        code::TLS_FAILED,
        "another name",
    );
    let hint = failure.hint.unwrap();
    assert!(hint.contains("`sslmode=require` encrypts"), "{hint}");
}

#[test]
fn plaintext_is_never_gone_on_with_where_tls_was_asked_for() {
    let plain = SERVER.port;
    for mode in ["require", "verify-ca", "verify-full"] {
        let rest = format!("postgres?sslmode={mode}");
        fails(
            &address("127.0.0.1", plain, &rest),
            code::TLS_FAILED,
            "does not encrypt",
        );
        // A man in the middle says the same of a server that has TLS.
        let proxy = fakes::proxy(ENCRYPTED.server.port, true);
        fails(
            &address("127.0.0.1", proxy.port, &rest),
            code::TLS_FAILED,
            "does not encrypt",
        );
        let (port, after) = fakes::answers(b"N");
        fails(
            &address("127.0.0.1", port, &rest),
            code::TLS_FAILED,
            "does not encrypt",
        );
        assert_eq!(
            *after.lock().unwrap(),
            b"",
            "something was sent in plaintext"
        );
        // Bytes behind the `S` would be taken for encrypted ones by a careless client.
        let port = fakes::answers_and_ends(b"SR\0\0\0\x08\0\0\0\0");
        fails(&address("127.0.0.1", port, &rest), code::TLS_FAILED, "TLS");
    }
    let mut session = open(&format!(
        "postgres://owner@127.0.0.1:{plain}/postgres?sslmode=prefer"
    ));
    assert_eq!(session.protection(), Protection::Plain);
    assert_eq!(ask(&mut session, "SELECT current_user::text"), "owner");
}

#[test]
fn allow_and_prefer_go_the_other_way_where_one_is_refused() {
    let server = &*ENCRYPTED;
    let url = |user: &str, mode: &str| server.url("127.0.0.1", mode, "").replace(USER, user);
    assert_eq!(
        open(&url("unencrypted", "prefer")).protection(),
        Protection::Plain
    );
    assert_eq!(
        open(&url(USER, "allow")).protection(),
        tls(Verified::Nothing)
    );
    fails(&url("unencrypted", "require"), code::LOGIN_REFUSED, "");
    fails(&url(USER, "disable"), code::LOGIN_REFUSED, "pg_hba.conf");
}

#[test]
fn files_that_cannot_be_used_are_told_apart() {
    let server = &*ENCRYPTED;
    for (name, part) in [
        (
            "missing.pem",
            "`sslrootcert` of the address names cannot be read: No such file",
        ),
        ("text.pem", "has no certificate in PEM in it"),
        ("client.key", "has no certificate in PEM in it"),
        ("torn.pem", "is not valid PEM"),
        ("garbage.pem", "has a certificate that cannot be read"),
        ("data", "cannot be read"),
    ] {
        let failure = fails(
            &server.url("localhost", "verify-full", name),
            code::BAD_ADDRESS,
            part,
        );
        assert!(failure.kind() == FailureKind::Configuration && !failure.message.contains(".pem"));
    }
}

#[test]
fn a_client_shows_its_certificate() {
    let server = &*ENCRYPTED;
    let url = |certificate: &Path, key: &Path| {
        format!(
            "postgres://certified@localhost:{}/postgres?sslmode=verify-full&sslrootcert={}&sslcert={}&sslkey={}",
            server.server.port,
            server.file("ca.pem").display(),
            certificate.display(),
            key.display()
        )
    };
    let file = |name: &str| server.file(name);
    let mut session = open(&url(&file("client.pem"), &file("client.key")));
    assert_eq!(ask(&mut session, "SELECT current_user::text"), "certified");
    let wrong = |certificate: &str, key: &str, code, part: &str| {
        fails(&url(&file(certificate), &file(key)), code, part);
    };
    wrong(
        "stranger.pem",
        "stranger.key",
        code::TLS_FAILED,
        "refused the connection by TLS",
    );
    wrong(
        "client.pem",
        "missing.key",
        code::BAD_ADDRESS,
        "`sslkey` of the address names cannot be read",
    );
    wrong(
        "client.pem",
        "ca.pem",
        code::BAD_ADDRESS,
        "has no private key",
    );
    wrong(
        "client.pem",
        "server.key",
        code::BAD_ADDRESS,
        "does not fit",
    );
    let without = server
        .url("localhost", "verify-full", "ca.pem")
        .replace(USER, "certified");
    fails(&without, code::LOGIN_REFUSED, "");
}

#[test]
fn a_login_is_bound_to_the_channel() {
    let server = &*ENCRYPTED;
    let bound = server.url("localhost", "verify-full", "ca.pem") + "&channel_binding=require";
    open(&bound);
    let plain = address(
        "localhost",
        server.server.port,
        "postgres?sslmode=disable&channel_binding=require",
    );
    fails(
        &plain.replace(USER, "unencrypted"),
        code::LOGIN_REFUSED,
        "bind",
    );
    let wrong = bound.replace("hunter2", "hunter3");
    fails(
        &wrong,
        code::LOGIN_REFUSED,
        "refuses the user or the password",
    );
}
