//! Reads a certificate and its key for serving over TLS.
//!
//! Certificates are made elsewhere; here they are only read, with faults told by file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is missing, not readable or holds no PEM block of the kind needed.
    #[error("{}: no {what} in PEM form can be read from it", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
    /// The key does not belong to the certificate, or its kind is not supported.
    #[error("{} and {}: certificate and key do not go together", certificate.display(), key.display())]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
}

/// An acceptor that shows the certificate chain of `certificate` (PEM, leaf first) with the key of `key`
/// (PEM); TLS 1.2 and 1.3, HTTP/1.1.
pub fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, Error> {
    let unreadable = |file: &Path, what| Error::Unreadable { file: file.to_owned(), what };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .ok()
        .filter(|chain: &Vec<_>| !chain.is_empty())
        .ok_or_else(|| unreadable(certificate, "certificate"))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|_| unreadable(key, "private key"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|_| Error::Mismatch { certificate: certificate.to_owned(), key: key.to_owned() })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_named() {
        let Err(error) = acceptor(Path::new("no-such.pem"), Path::new("no-such.key")) else {
            panic!("accepted")
        };
        assert_eq!(error.to_string(), "no-such.pem: no certificate in PEM form can be read from it");
    }
}
