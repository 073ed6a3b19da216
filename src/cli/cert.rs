//! `doorknock cert`: a local authority and a server certificate, so that phones reach the service over HTTPS.

mod names;

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, fchown, lchown};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use jiff::ToSpan;
use jiff::civil::Date;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData, date_time_ymd,
};

use super::base::{Common, remark, say};
use super::whole::{Draft, For, Old};

/// Directory inside the data directory.
pub(super) const DIRECTORY: &str = "tls";
/// The authority's certificate, which phones install.
pub(super) const AUTHORITY: &str = "ca.crt";
const AUTHORITY_KEY: &str = "ca.key";
/// Longest common name of a certificate (RFC 5280, appendix A.1).
const LONGEST_COMMON_NAME: usize = 64;

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
    let names = names::names(&args.names).map_err(anyhow::Error::msg)?;
    let place = Place::open(&common.data_dir)?;
    let authority = Authority::open(&place)?;
    let key = KeyPair::generate().context("a key cannot be made")?;
    let cert = server_params(&names, args.days, authority.ends_on)?
        .signed_by(&key, &authority.issuer)
        .context("the certificate cannot be signed")?;
    let (cert_file, key_file) = (place.file("server.crt"), place.file("server.key"));
    place.write_private(&key_file, &key.serialize_pem())?;
    place.write_private(&cert_file, &format!("{}{}", cert.pem(), authority.pem))?;
    let authority_file = place.file(AUTHORITY);
    for file in [&cert_file, &key_file, &authority_file] {
        say(file.display());
    }
    remark(format!(
        "doorknock serve --tls-cert {} --tls-key {}\n\
         Phones: open https://{}/ca.crt once (the browser warns, that is expected), install the file as a certificate\n\
         authority in the phone's security settings, then open the page again: the warning is gone and the phone keeps\n\
         working offline. Compare the fingerprint shown with: openssl x509 -in {} -noout -fingerprint -sha256",
        cert_file.display(),
        key_file.display(),
        names.first().map_or("HOST", String::as_str),
        authority_file.display(),
    ));
    Ok(ExitCode::SUCCESS)
}

/// Where certificates lie. What is written there belongs to the owner of the data directory, who will serve with it.
struct Place {
    dir: PathBuf,
    /// User and group to give files to; `None` where they are the writer's own.
    owner: Option<(u32, u32)>,
}

impl Place {
    /// Makes both directories where they are not there.
    fn open(data_dir: &Path) -> Result<Self> {
        let dir = data_dir.join(DIRECTORY);
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir);
        made.with_context(|| format!("{} cannot be made", dir.display()))?;
        let about =
            std::fs::symlink_metadata(&dir).with_context(|| format!("{} cannot be read", dir.display()))?;
        ensure!(
            about.is_dir(),
            "{} is a link; certificates are written into a directory only",
            dir.display()
        );
        let whose =
            std::fs::metadata(data_dir).with_context(|| format!("{} cannot be read", data_dir.display()))?;
        let is_root = rustix::process::geteuid().is_root();
        let owner = (is_root && whose.uid() != 0).then(|| (whose.uid(), whose.gid()));
        if let Some((user, group)) = owner {
            lchown(&dir, Some(user), Some(group))
                .with_context(|| format!("{} cannot be given away", dir.display()))?;
        }
        Ok(Self { dir, owner })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Replaces a file whole; only its owner reads it.
    fn write_private(&self, path: &Path, text: &str) -> Result<()> {
        let mut draft = Draft::of(path, For::Owner)?;
        let written = match self.owner {
            Some((user, group)) => fchown(draft.file(), Some(user), Some(group)),
            None => Ok(()),
        }
        .and_then(|()| draft.write_all(text.as_bytes()));
        written.with_context(|| format!("{} cannot be written", path.display()))?;
        draft.finish(Old::Replaced)
    }
}

/// The authority of a data directory; made at the first call, the same ever after, so that phones install it once.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate.
    pem: String,
    /// Its last day.
    ends_on: Date,
}

impl Authority {
    fn open(place: &Place) -> Result<Self> {
        let (cert_file, key_file) = (place.file(AUTHORITY), place.file(AUTHORITY_KEY));
        if !key_file.exists() && cert_file.exists() {
            bail!(
                "{} is there but its key {} is not: put the key back, or remove the certificate to begin a new \
                 authority, which every phone has to install anew",
                cert_file.display(),
                key_file.display()
            );
        }
        if !key_file.exists() {
            let key = KeyPair::generate().context("a key cannot be made")?;
            place.write_private(&key_file, &key.serialize_pem())?;
        }
        let key = read_key(&key_file)?;
        if !cert_file.exists() {
            let cert = authority_params()?.self_signed(&key).context("the authority cannot be signed")?;
            place.write_private(&cert_file, &cert.pem())?;
        }
        let pem = std::fs::read_to_string(&cert_file)
            .with_context(|| format!("{} cannot be read", cert_file.display()))?;
        let ends_on = judged(&pem, &key).map_err(|why| {
            anyhow::anyhow!(
                "{}: {why}; move {} away to begin a new authority, which every phone has to install anew",
                cert_file.display(),
                place.dir.display()
            )
        })?;
        let issuer = Issuer::from_ca_cert_pem(&pem, key)
            .with_context(|| format!("{} holds no certificate of an authority", cert_file.display()))?;
        Ok(Self { issuer, pem, ends_on })
    }
}

/// The authority's key can vouch for any name to the phones that trust it, so nobody else may read it.
fn read_key(path: &Path) -> Result<KeyPair> {
    let unreadable = || format!("{} cannot be read", path.display());
    let mode = std::fs::metadata(path).with_context(unreadable)?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!(
            "the authority's key {} is open to others than its owner: run chmod 600 on it, and ask who has read it",
            path.display()
        );
    }
    let text = std::fs::read_to_string(path).with_context(unreadable)?;
    KeyPair::from_pem(&text).with_context(|| format!("{} holds no key", path.display()))
}

/// The last day of an authority that can sign today with this key.
fn judged(pem: &str, key: &KeyPair) -> Result<Date, &'static str> {
    let (_, block) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).map_err(|_| "it is no certificate")?;
    let cert = block.parse_x509().map_err(|_| "it is no certificate")?;
    if cert.public_key().raw != key.subject_public_key_info() {
        return Err("it does not belong to ca.key");
    }
    let end = jiff::Timestamp::from_second(cert.validity().not_after.timestamp()).unwrap_or_default();
    if end <= jiff::Timestamp::now() {
        return Err("it has expired");
    }
    Ok(end.to_zoned(jiff::tz::TimeZone::UTC).date())
}

fn authority_params() -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = named("Doorknock local authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // A phone whose clock is a little behind must not find the certificate not valid yet.
    let today = today();
    (params.not_before, params.not_after) = (day(today.yesterday()?), day(today.saturating_add(10.years())));
    Ok(params)
}

fn server_params(names: &[String], days: u16, authority_ends: Date) -> Result<CertificateParams> {
    let mut params =
        CertificateParams::new(names.to_vec()).context("a name cannot be used in a certificate")?;
    let first = names.first().filter(|name| name.len() <= LONGEST_COMMON_NAME);
    params.distinguished_name = named(first.map_or("doorknock", String::as_str));
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let today = today();
    let wanted = today.saturating_add(i64::from(days).days());
    if wanted > authority_ends {
        remark(format!("the certificate ends with its authority, on {authority_ends}"));
    }
    (params.not_before, params.not_after) = (day(today.yesterday()?), day(wanted.min(authority_ends)));
    Ok(params)
}

/// Certificates count in UTC.
fn today() -> Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name.push(DnType::OrganizationName, "Doorknock");
    name
}

fn day(date: Date) -> time::OffsetDateTime {
    date_time_ymd(i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scratch(Common);

    impl Scratch {
        fn new() -> Self {
            let dir = std::env::temp_dir().join(format!("doorknock-cert-{}", uuid::Uuid::new_v4()));
            Self(Common { data_dir: dir, database_url: None })
        }

        fn make(&self, names: &[&str]) -> Result<ExitCode> {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            run(&self.0, &CertArgs { names, days: 397 })
        }

        fn file(&self, name: &str) -> PathBuf {
            self.0.data_dir.join(DIRECTORY).join(name)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.0.data_dir));
        }
    }

    #[test]
    fn an_authority_is_made_once_and_signs_what_our_own_listener_takes() {
        let scratch = Scratch::new();
        scratch.make(&["127.0.0.1", "survey.example"]).unwrap();
        let first = std::fs::read(scratch.file(AUTHORITY)).unwrap();
        scratch.make(&["127.0.0.1", "survey.example"]).unwrap();
        assert_eq!(std::fs::read(scratch.file(AUTHORITY)).unwrap(), first);
        let now = jiff::Timestamp::now();
        let served =
            crate::net::tls::load(&scratch.file("server.crt"), &scratch.file("server.key"), now).unwrap();
        assert_eq!(served.worries, [""; 0]);
        for file in ["ca.key", "server.key", "server.crt", "ca.crt"] {
            let mode = std::fs::metadata(scratch.file(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }

    #[test]
    fn a_name_that_is_none_leaves_nothing_behind() {
        let scratch = Scratch::new();
        let told = scratch.make(&["survey.example", "*"]).unwrap_err().to_string();
        assert!(told.contains("\"*\""), "{told}");
        assert!(!scratch.0.data_dir.exists());
    }

    #[test]
    fn what_was_broken_off_is_gone_on_with_and_a_lost_key_is_told() {
        let scratch = Scratch::new();
        scratch.make(&["survey.example"]).unwrap();
        std::fs::remove_file(scratch.file(AUTHORITY)).unwrap();
        scratch.make(&["survey.example"]).unwrap();
        let kept = std::fs::read(scratch.file(AUTHORITY)).unwrap();
        std::fs::remove_file(scratch.file(AUTHORITY_KEY)).unwrap();
        let told = scratch.make(&["survey.example"]).unwrap_err().to_string();
        assert!(told.contains("ca.key is not: put the key back"), "{told}");
        assert_eq!(std::fs::read(scratch.file(AUTHORITY)).unwrap(), kept);
    }

    #[test]
    fn an_authority_that_others_can_use_or_that_has_another_key_signs_nothing() {
        let scratch = Scratch::new();
        scratch.make(&["survey.example"]).unwrap();
        let key = scratch.file(AUTHORITY_KEY);
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        let told = scratch.make(&["survey.example"]).unwrap_err().to_string();
        assert!(told.contains("chmod 600"), "{told}");
        std::fs::copy(scratch.file("server.key"), &key).unwrap();
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        let told = scratch.make(&["survey.example"]).unwrap_err().to_string();
        assert!(told.contains("does not belong to ca.key"), "{told}");
    }

    #[test]
    fn a_long_name_fits_and_no_certificate_outlives_its_authority() {
        let scratch = Scratch::new();
        let long = format!("{}.{}.example", "a".repeat(60), "b".repeat(60));
        scratch.make(&[&long]).unwrap();
        let end = today().saturating_add(20.days());
        let params = server_params(&["survey.example".to_owned()], 397, end).unwrap();
        assert_eq!(params.not_after, day(end));
    }
}
