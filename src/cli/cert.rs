//! `doorknock cert`: a local authority and a server certificate, so that phones reach the service over HTTPS.

use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};

use super::base::{Common, remark, say};

/// Directory inside the data directory.
pub(super) const DIRECTORY: &str = "tls";
/// The authority's certificate, which phones install.
pub(super) const AUTHORITY: &str = "ca.crt";
const AUTHORITY_KEY: &str = "ca.key";

/// Arguments of `cert`.
#[derive(Args, Clone, Debug)]
pub(super) struct CertArgs {
    /// Names and addresses by which phones will call the service, such as survey.example.org or 192.168.1.10
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Days the server certificate is good for; phones of one maker take at most 825
    #[arg(long, value_name = "DAYS", default_value_t = 397)]
    days: u16,
}

/// Makes the authority where there is none, then a server certificate signed by it.
pub(super) fn run(common: &Common, args: &CertArgs) -> Result<ExitCode> {
    ensure!((1..=825).contains(&args.days), "--days must be from 1 to 825");
    let dir = common.data_dir.join(DIRECTORY);
    let private_dirs = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir);
    private_dirs.with_context(|| format!("{} cannot be made", dir.display()))?;
    let issuer = authority(&dir)?;
    let key = KeyPair::generate().context("a key cannot be made")?;
    let cert = server_params(&args.names, args.days)?
        .signed_by(&key, &issuer)
        .context("the certificate cannot be signed")?;
    let (cert_file, key_file) = (dir.join("server.crt"), dir.join("server.key"));
    let chain = format!("{}{}", cert.pem(), std::fs::read_to_string(dir.join(AUTHORITY))?);
    write_private(&key_file, &key.serialize_pem())?;
    write_private(&cert_file, &chain)?;
    say(cert_file.display());
    say(key_file.display());
    say(dir.join(AUTHORITY).display());
    remark(format!(
        "doorknock serve --tls-cert {} --tls-key {}\n\
         Phones: open https://{}/ca.crt once (the browser warns, that is expected), install the file as a certificate\n\
         authority in the phone's security settings, then open the page again: the warning is gone and the phone keeps\n\
         working offline. Compare the fingerprint shown with: openssl x509 -in {} -noout -fingerprint -sha256",
        cert_file.display(),
        key_file.display(),
        args.names.first().map_or("HOST", String::as_str),
        dir.join(AUTHORITY).display(),
    ));
    Ok(ExitCode::SUCCESS)
}

/// The authority of this data directory; made at the first call, the same ever after, so that phones install it once.
fn authority(dir: &Path) -> Result<Issuer<'static, KeyPair>> {
    let (cert_file, key_file) = (dir.join(AUTHORITY), dir.join(AUTHORITY_KEY));
    if !key_file.exists() {
        let key = KeyPair::generate().context("a key cannot be made")?;
        let cert = authority_params()?.self_signed(&key).context("the authority cannot be signed")?;
        write_private(&key_file, &key.serialize_pem())?;
        write_private(&cert_file, &cert.pem())?;
    }
    let read = |path: &PathBuf| {
        std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
    };
    let key = KeyPair::from_pem(&read(&key_file)?)
        .with_context(|| format!("{} holds no key", key_file.display()))?;
    Issuer::from_ca_cert_pem(&read(&cert_file)?, key)
        .with_context(|| format!("{} holds no certificate of an authority", cert_file.display()))
}

fn authority_params() -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = named("Doorknock local authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let (from, to) =
        (jiff::Zoned::now().date(), jiff::Zoned::now().date().saturating_add(jiff::Span::new().years(10)));
    (params.not_before, params.not_after) = (day(from), day(to));
    Ok(params)
}

fn server_params(names: &[String], days: u16) -> Result<CertificateParams> {
    let named_right = |name: &String| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '*');
        name.parse::<IpAddr>().is_ok() || (!name.is_empty() && name.chars().all(plain))
    };
    for name in names {
        ensure!(named_right(name), "{name:?} is neither a host name nor an address");
    }
    let mut params =
        CertificateParams::new(names.to_vec()).context("a name cannot be used in a certificate")?;
    params.distinguished_name = named(names.first().map_or("doorknock", String::as_str));
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let today = jiff::Zoned::now().date();
    let end = today.saturating_add(jiff::Span::new().days(i64::from(days)));
    // A phone whose clock is a little behind must not find the certificate not valid yet.
    (params.not_before, params.not_after) = (day(today.yesterday()?), day(end));
    Ok(params)
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name.push(DnType::OrganizationName, "Doorknock");
    name
}

fn day(date: jiff::civil::Date) -> time::OffsetDateTime {
    date_time_ymd(i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs())
}

/// Replaces a file whole; only its owner reads it.
fn write_private(path: &Path, text: &str) -> Result<()> {
    let beside = path.with_extension("part");
    drop(std::fs::remove_file(&beside));
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&beside, path));
    written.with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_made_once_and_signs_what_our_own_listener_takes() {
        use std::os::unix::fs::PermissionsExt;
        let dir = std::env::temp_dir().join(format!("doorknock-cert-{}", uuid::Uuid::new_v4()));
        let common = Common { data_dir: dir.clone(), database_url: None };
        let args = CertArgs { names: vec!["127.0.0.1".to_owned(), "survey.example".to_owned()], days: 397 };
        run(&common, &args).unwrap();
        let tls = dir.join(DIRECTORY);
        let first = std::fs::read(tls.join(AUTHORITY)).unwrap();
        run(&common, &args).unwrap();
        assert_eq!(std::fs::read(tls.join(AUTHORITY)).unwrap(), first);
        assert!(crate::http::tls::acceptor(&tls.join("server.crt"), &tls.join("server.key")).is_ok());
        for file in ["ca.key", "server.key", "server.crt", "ca.crt"] {
            let mode = std::fs::metadata(tls.join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn names_that_are_none_are_refused() {
        for name in ["", "a b", "https://x", "x/y"] {
            assert!(server_params(&[name.to_owned()], 10).is_err(), "{name}");
        }
    }
}
