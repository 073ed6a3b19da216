//! Reads a certificate and its key for serving over TLS, and says what is doubtful about them.
//!
//! Certificates are made elsewhere; here they are only read, with faults told by file. What cannot be served is an error;
//! what browsers will refuse, or what gives the key away, is a worry: the service runs, and its log says so.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use x509_parser::prelude::{FromDer, X509Certificate};

/// How long before its end a certificate is worth a word.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system does not let the file be read.
    #[error("{} cannot be read", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds no PEM block of the kind needed.
    #[error("{}: no {what} in PEM form can be read from it", file.display())]
    NoPem {
        /// The file.
        file: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
    /// The key is locked by a passphrase, which nobody could type at a restart.
    #[error("{}: the key is encrypted; give it without a passphrase", file.display())]
    Encrypted {
        /// The file.
        file: PathBuf,
    },
    /// The key does not belong to the certificate, or its kind is not supported.
    #[error(
        "{} and {}: certificate and key do not go together (the server's own certificate has to stand first in its file)",
        certificate.display(),
        key.display()
    )]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
}

/// A certificate with its key, ready to serve.
pub struct Identity {
    /// TLS 1.2 and 1.3, HTTP/1.1.
    pub acceptor: TlsAcceptor,
    /// What somebody should look at, a sentence each.
    pub worries: Vec<String>,
    /// When the certificate ends; `None` when it does not say so in a form we read.
    pub ends_at: Option<Timestamp>,
}

/// Reads the chain of `certificate` (PEM, the server's own first) and the key of `key` (PEM).
pub fn load(certificate: &Path, key: &Path, now: Timestamp) -> Result<Identity, Error> {
    let read = |file: &Path| {
        std::fs::read(file).map_err(|source| Error::Unreadable { file: file.to_owned(), source })
    };
    let none = |file: &Path, what| Error::NoPem { file: file.to_owned(), what };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read(certificate)?)
        .collect::<Result<_, _>>()
        .ok()
        .filter(|chain: &Vec<_>| !chain.is_empty())
        .ok_or_else(|| none(certificate, "certificate"))?;
    let key_text = read(key)?;
    let secret = PrivateKeyDer::from_pem_slice(&key_text).map_err(|_| {
        let is_locked = String::from_utf8_lossy(&key_text).contains("ENCRYPTED PRIVATE KEY");
        if is_locked { Error::Encrypted { file: key.to_owned() } } else { none(key, "private key") }
    })?;
    let mut worries: Vec<String> = open_to_others(key).into_iter().collect();
    let ends_at = judge(certificate, &chain, now, &mut worries);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|_| Error::Mismatch { certificate: certificate.to_owned(), key: key.to_owned() })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Identity { acceptor: TlsAcceptor::from(Arc::new(config)), worries, ends_at })
}

/// A key for a group of its own is a usual way; one for everybody is not. It is served all the same: secrets that a
/// container gets are readable for all who are in it, which is the service alone.
fn open_to_others(key: &Path) -> Option<String> {
    let mode = std::fs::metadata(key).ok()?.permissions().mode();
    let what = if mode & 0o004 != 0 {
        "read"
    } else if mode & 0o022 != 0 {
        "change"
    } else {
        return None;
    };
    let file = key.display();
    Some(format!(
        "others on this machine can {what} the private key {file}: run chmod 600 {file}, and where others have \
         accounts, make a new key"
    ))
}

/// Looks at the server's own certificate; returns when it ends.
fn judge(
    file: &Path,
    chain: &[CertificateDer<'_>],
    now: Timestamp,
    worries: &mut Vec<String>,
) -> Option<Timestamp> {
    let (_, own) = X509Certificate::from_der(chain.first()?).ok()?;
    let at = |time: x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp()).ok();
    let (from, to) = (at(own.validity().not_before)?, at(own.validity().not_after)?);
    let (name, day) = (file.display(), |t: Timestamp| t.to_zoned(TimeZone::UTC).date());
    if to <= now {
        worries.push(format!(
            "the certificate {name} expired on {}: browsers refuse it; renew it and start again",
            day(to)
        ));
    } else if to.duration_since(now) < SOON {
        worries.push(format!("the certificate {name} ends on {}: renew it and start again", day(to)));
    }
    if from > now {
        worries.push(format!(
            "the certificate {name} is not valid before {}: browsers refuse it; is this machine's clock right?",
            day(from)
        ));
    }
    let has_names =
        own.subject_alternative_name().ok().flatten().is_some_and(|n| !n.value.general_names.is_empty());
    if !has_names {
        worries.push(format!(
            "the certificate {name} names no host under \"subject alternative name\": browsers refuse it"
        ));
    }
    Some(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate and its key in a folder of their own, removed at the end.
    struct Pair(PathBuf);

    impl Pair {
        fn new(days: (i32, i32), names: &[&str]) -> Self {
            let dir = std::env::temp_dir().join(format!("doorknock-tls-{}", uuid::Uuid::new_v4()));
            std::fs::create_dir(&dir).unwrap();
            let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
            let mut params = rcgen::CertificateParams::new(names).unwrap();
            let day = |n: i32| rcgen::date_time_ymd(2020, 11, 10) + time::Duration::days(i64::from(n));
            (params.not_before, params.not_after) = (day(days.0), day(days.1));
            let key = rcgen::KeyPair::generate().unwrap();
            let pair = Self(dir);
            pair.write("cert", &params.self_signed(&key).unwrap().pem(), 0o644);
            pair.write("key", &key.serialize_pem(), 0o600);
            pair
        }

        fn write(&self, name: &str, text: &str, mode: u32) {
            std::fs::write(self.0.join(name), text).unwrap();
            std::fs::set_permissions(self.0.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
        }

        fn load(&self) -> Result<Identity, Error> {
            load(&self.0.join("cert"), &self.0.join("key"), "2020-11-10T12:00:00Z".parse().unwrap())
        }

        fn worries(&self) -> String {
            self.load().map_or_else(|e| panic!("{e}"), |it| it.worries.join("\n"))
        }

        fn refused(&self) -> String {
            self.load().err().expect("it cannot be served").to_string()
        }
    }

    impl Drop for Pair {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }

    #[test]
    fn a_good_pair_gives_no_worry() {
        let pair = Pair::new((-10, 100), &["survey.example"]);
        assert_eq!(pair.worries(), "");
        assert_eq!(
            pair.load().unwrap_or_else(|e| panic!("{e}")).ends_at.unwrap().to_string(),
            "2021-02-18T00:00:00Z"
        );
    }

    #[test]
    fn a_certificate_that_browsers_refuse_or_soon_will_is_told_with_its_day() {
        for (days, names, want) in [
            ((-10, 0), &["a.example"][..], "expired on 2020-11-10"),
            ((-10, 13), &["a.example"], "ends on 2020-11-23"),
            ((2, 100), &["a.example"], "not valid before 2020-11-12"),
            ((-10, 100), &[], "names no host"),
        ] {
            let worries = Pair::new(days, names).worries();
            assert!(worries.contains(want) && worries.lines().count() == 1, "{want}: {worries}");
        }
    }

    #[test]
    fn a_key_that_others_can_read_or_change_is_told_and_one_for_a_group_is_not() {
        let pair = Pair::new((-10, 100), &["a.example"]);
        for (mode, want) in
            [(0o644, "can read"), (0o604, "can read"), (0o620, "can change"), (0o640, ""), (0o400, "")]
        {
            let key = std::fs::read_to_string(pair.0.join("key")).unwrap();
            pair.write("key", &key, mode);
            let worries = pair.worries();
            assert!(worries.contains(want) && worries.is_empty() == want.is_empty(), "{mode:o}: {worries}");
        }
    }

    #[test]
    fn what_cannot_be_served_is_told_by_file_and_cause() {
        let pair = Pair::new((-10, 100), &["a.example"]);
        let key = std::fs::read_to_string(pair.0.join("key")).unwrap();
        let cert = std::fs::read_to_string(pair.0.join("cert")).unwrap();
        for (name, text, want) in [
            ("key", cert.as_str(), "no private key in PEM form"),
            (
                "key",
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
                "encrypted",
            ),
            ("key", &rcgen::KeyPair::generate().unwrap().serialize_pem(), "do not go together"),
            ("cert", key.as_str(), "no certificate in PEM form"),
            ("cert", "", "no certificate in PEM form"),
        ] {
            pair.write(name, text, 0o600);
            let told = pair.refused();
            assert!(told.contains(want), "{want}: {told}");
            pair.write("key", &key, 0o600);
            pair.write("cert", &cert, 0o644);
        }
        std::fs::remove_file(pair.0.join("cert")).unwrap();
        assert!(pair.refused().ends_with("cert cannot be read"), "{}", pair.refused());
    }
}
