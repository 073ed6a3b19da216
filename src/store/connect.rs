//! Connecting: settings from a URL (several hosts, `target_session_attrs`, `sslmode`), TLS, the pool and its time limits.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod,
    Runtime, Timeouts,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};
use rustls::{DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{NoTls, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::lane::{Lane, Lent, Shared, WAIT};
use super::tx::{Error, Probe};

/// Time limits every connection of the pool sets for itself, and what keeps plans and durability as promised.
const SESSION: &str = "-c statement_timeout=20s -c lock_timeout=5s -c idle_in_transaction_session_timeout=10s \
     -c synchronous_commit=on -c jit=off -c timezone=UTC -c application_name=doorknock";

/// How long a caller waits for a database that is being started again.
const PATIENCE: Duration = Duration::from_millis(2500);

/// How certificates are judged.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Trust {
    /// Encrypt without asking who answers (`prefer`, `require` without a root certificate).
    Anyone,
    /// Check the chain; the host name is checked with `verify-full` only.
    Roots { file: Option<String>, host: HostCheck },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HostCheck {
    Checked,
    Ignored,
}

/// Where the database is.
#[derive(Clone, Debug)]
pub struct Settings {
    config: tokio_postgres::Config,
    trust: Trust,
    /// Most connections of the pool.
    pub pool_size: usize,
}

impl Settings {
    /// Reads a PostgreSQL URL or key=value string. `sslmode` takes disable, prefer, require, verify-ca, verify-full;
    /// `sslrootcert` names a PEM file (else the system's roots).
    pub fn from_url(url: &str) -> Result<Self, Error> {
        let (rest, mode, root) = take_ssl(url);
        let mut config: tokio_postgres::Config =
            rest.parse().map_err(|_| Error::Settings("the database URL cannot be read".to_owned()))?;
        let trust = match mode.as_deref() {
            Some("verify-full") => Trust::Roots { file: root, host: HostCheck::Checked },
            Some("verify-ca") => Trust::Roots { file: root, host: HostCheck::Ignored },
            Some("require") if root.is_some() => Trust::Roots { file: root, host: HostCheck::Ignored },
            Some("disable" | "allow" | "prefer" | "require") | None => Trust::Anyone,
            Some(_) => {
                return Err(Error::Settings(
                    "sslmode of the database URL: disable, prefer, require, verify-ca or verify-full"
                        .to_owned(),
                ));
            }
        };
        config.ssl_mode(match mode.as_deref() {
            Some("disable" | "allow") => SslMode::Disable,
            Some("require" | "verify-ca" | "verify-full") => SslMode::Require,
            _ => SslMode::Prefer,
        });
        Ok(Self::new(config, trust))
    }

    /// The private cluster behind a unix socket.
    pub fn socket(directory: &Path, port: u16, user: &str, database: &str) -> Self {
        let mut config = tokio_postgres::Config::new();
        config.host_path(directory).port(port).user(user).dbname(database).ssl_mode(SslMode::Disable);
        Self::new(config, Trust::Anyone)
    }

    fn new(mut config: tokio_postgres::Config, trust: Trust) -> Self {
        let own = config.get_options().map(|o| format!("{o} ")).unwrap_or_default();
        config.options(format!("{own}{SESSION}")).connect_timeout(Duration::from_secs(2));
        config.keepalives_idle(Duration::from_secs(30));
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self { config, trust, pool_size: (2 * cores + 2).min(16) }
    }

    /// The same server, another database; for tests that clone a template.
    #[must_use]
    pub fn with_database(mut self, name: &str) -> Self {
        self.config.dbname(name);
        self
    }

    /// The same database with a pool of this many connections.
    #[must_use]
    pub fn with_pool_size(mut self, size: usize) -> Self {
        self.pool_size = size;
        self
    }

    /// The same server as the programs of PostgreSQL take it from their environment.
    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        let c = &self.config;
        let hosts = c.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        });
        let ports = c.get_ports().iter().map(ToString::to_string);
        let join = |items: Vec<String>| (!items.is_empty()).then(|| items.join(","));
        let mode = match c.get_ssl_mode() {
            SslMode::Disable => "disable",
            SslMode::Require => "require",
            SslMode::Prefer | _ => "prefer",
        };
        let mut all: Vec<(&'static str, Option<String>)> = vec![
            ("PGHOST", join(hosts.collect())),
            ("PGPORT", join(ports.collect())),
            ("PGUSER", c.get_user().map(str::to_owned)),
            ("PGPASSWORD", c.get_password().map(|p| String::from_utf8_lossy(p).into_owned())),
            ("PGDATABASE", c.get_dbname().map(str::to_owned)),
        ];
        match &self.trust {
            Trust::Anyone => all.push(("PGSSLMODE", Some(mode.to_owned()))),
            Trust::Roots { file, host } => {
                let mode = if *host == HostCheck::Checked { "verify-full" } else { "verify-ca" };
                all.push(("PGSSLMODE", Some(mode.to_owned())));
                all.push(("PGSSLROOTCERT", file.clone()));
            }
        }
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// Opens one connection outside the pool, with no time limits: for migrations and bulk loads.
    pub(super) async fn connect_alone(&self) -> Result<tokio_postgres::Client, Error> {
        let mut config = self.config.clone();
        config.options("-c application_name=doorknock-admin -c timezone=UTC -c jit=off");
        // The connection's task ends with the client; what it says at its end has been said to the caller by then.
        if self.is_plain() {
            let (client, connection) = config.connect(NoTls).await.map_err(|e| connect_error(&e))?;
            tokio::spawn(async move { drop(connection.await) });
            return Ok(client);
        }
        let (client, connection) = config.connect(self.tls()?).await.map_err(|e| connect_error(&e))?;
        tokio::spawn(async move { drop(connection.await) });
        Ok(client)
    }

    /// Whether no encryption is wanted, or there is no host name to encrypt for (unix sockets only).
    fn is_plain(&self) -> bool {
        self.config.get_ssl_mode() == SslMode::Disable
            || self.config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)))
    }

    fn tls(&self) -> Result<MakeRustlsConnect, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|_| Error::Settings("TLS cannot be set up".to_owned()))?;
        let config = match &self.trust {
            Trust::Anyone => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyServer(provider)))
                .with_no_client_auth(),
            Trust::Roots { file, host: HostCheck::Checked } => {
                builder.with_root_certificates(roots(file.as_deref())?).with_no_client_auth()
            }
            Trust::Roots { file, host: HostCheck::Ignored } => {
                let inner = rustls::client::WebPkiServerVerifier::builder_with_provider(
                    Arc::new(roots(file.as_deref())?),
                    provider,
                )
                .build()
                .map_err(|_| Error::Settings("sslrootcert holds no usable certificate".to_owned()))?;
                builder
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(ChainOnly(inner)))
                    .with_no_client_auth()
            }
        };
        Ok(MakeRustlsConnect::new(config))
    }
}

fn connect_error(error: &tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        Some(db) if db.code().code().starts_with("28") || db.code().code() == "3D000" => {
            Error::Settings("the database refuses this user, password or database name".to_owned())
        }
        Some(_) | None => Error::Unavailable,
    }
}

/// Takes `sslmode` and `sslrootcert` out of a URL or key=value string.
fn take_ssl(url: &str) -> (String, Option<String>, Option<String>) {
    let (mut mode, mut root) = (None, None);
    let mut keep = |part: &str| match part.split_once('=') {
        Some(("sslmode", v)) => {
            mode = Some(v.to_owned());
            false
        }
        Some(("sslrootcert", v)) => {
            root = Some(v.to_owned());
            false
        }
        Some(_) | None => true,
    };
    let rest = if url.contains("://") {
        let (head, query) = url.split_once('?').unwrap_or((url, ""));
        let kept: Vec<&str> = query.split('&').filter(|p| !p.is_empty() && keep(p)).collect();
        if kept.is_empty() { head.to_owned() } else { format!("{head}?{}", kept.join("&")) }
    } else {
        url.split_whitespace().filter(|p| keep(p)).collect::<Vec<_>>().join(" ")
    };
    (rest, mode, root)
}

fn roots(file: Option<&str>) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    let found = match file {
        Some(path) => CertificateDer::pem_file_iter(path)
            .map_err(|_| Error::Settings("sslrootcert cannot be read".to_owned()))?
            .filter_map(Result::ok)
            .collect(),
        None => rustls_native_certs::load_native_certs().certs,
    };
    store.add_parsable_certificates(found);
    Ok(store)
}

/// Accepts any certificate: `sslmode=require` promises secrecy on the wire, not who answers.
#[derive(Debug)]
struct AnyServer(Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Checks the chain but not the host name: `sslmode=verify-ca`.
#[derive(Debug)]
struct ChainOnly(Arc<rustls::client::WebPkiServerVerifier>);

impl ServerCertVerifier for ChainOnly {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp, now) {
            Err(rustls::Error::InvalidCertificate(
                rustls::CertificateError::NotValidForName
                | rustls::CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Uses of a connection after which its plans are thrown away in any case.
const PLANS_LAST: usize = 4096;

/// A plan made while a table was small reads all of it, and is kept when the table has grown. So a connection plans again
/// after 1, 2, 4, 8 … uses: between two of these moments a table that uploads fill has at most doubled.
async fn plan_again(client: &ClientWrapper, uses: usize) -> Result<(), HookError> {
    if uses.is_power_of_two() || uses.is_multiple_of(PLANS_LAST) {
        client.batch_execute("discard plans").await.map_err(HookError::Backend)?;
    }
    Ok(())
}

/// The database as the service sees it: a pool of connections.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
    settings: Settings,
    lane: Lane,
    shared: Shared,
    pub(super) probe: Option<Probe>,
}

impl Store {
    /// A pool for `settings`; connects when first used.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = if settings.is_plain() {
            Manager::from_config(settings.config.clone(), NoTls, recycling)
        } else {
            Manager::from_config(settings.config.clone(), settings.tls()?, recycling)
        };
        let wait = Some(WAIT);
        let pool = Pool::builder(manager)
            .max_size(settings.pool_size)
            .pre_recycle(Hook::async_fn(|client, metrics| {
                Box::pin(plan_again(client, metrics.recycle_count))
            }))
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts { wait, create: Some(Duration::from_secs(4)), recycle: wait })
            .build()
            .map_err(|_| Error::Settings("the connection pool cannot be built".to_owned()))?;
        let shared = Shared::of(settings.pool_size);
        Ok(Self { pool, settings: settings.clone(), lane: Lane::Others, shared, probe: None })
    }

    /// The same store for storing batches: it may take the connections kept for that.
    #[must_use]
    pub fn for_batches(&self) -> Self {
        Self { lane: Lane::Batches, ..self.clone() }
    }

    /// The same store with a hook that breaks transactions; for tests.
    #[must_use]
    pub fn with_probe(mut self, probe: Probe) -> Self {
        self.probe = Some(probe);
        self
    }

    /// The settings it was made from.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Size of the pool, connections open, connections free, callers waiting.
    pub fn pool_status(&self) -> [usize; 4] {
        let s = self.pool.status();
        [s.max_size, s.size, s.available, s.waiting + self.shared.waiting()]
    }

    /// Whether the database answers and is writable.
    pub async fn ping(&self) -> Result<(), Error> {
        let _place = self.shared.place(self.lane).await?;
        let client = self.object().await?;
        let sql = "select 1 where current_setting('transaction_read_only') = 'on'";
        let refusing = client.simple_query(sql).await.map_err(|e| Error::of("ping", &e))?;
        if refusing.iter().any(|message| matches!(message, SimpleQueryMessage::Row(_))) {
            self.leave_server();
            return Err(Error::ReadOnly);
        }
        Ok(())
    }

    /// Closes the connections that are not in use: the server behind them has handed over to another, and reads would go
    /// on seeing what it knew. Those in use follow when they fail.
    pub(super) fn leave_server(&self) {
        tracing::warn!("the database has become read-only; looking for the server that takes writes");
        self.pool.retain(|_, _| false);
    }

    /// Closes the pool; what runs ends with an error.
    pub fn close(&self) {
        self.pool.close();
    }

    /// A connection of the pool. While the server is being started again it is asked for a little longer, so that a short
    /// restart is a short wait and not an error.
    pub(super) async fn client(&self) -> Result<Lent, Error> {
        let place = self.shared.place(self.lane).await?;
        let patience = tokio::time::Instant::now() + PATIENCE;
        loop {
            match self.object().await {
                Err(Error::Unavailable)
                    if tokio::time::Instant::now() < patience && !self.pool.is_closed() =>
                {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                done => return done.map(|object| Lent::new(object, place)),
            }
        }
    }

    async fn object(&self) -> Result<Object, Error> {
        self.pool.get().await.map_err(|e| match e {
            PoolError::Backend(e) => connect_error(&e),
            PoolError::Timeout(_)
            | PoolError::Closed
            | PoolError::NoRuntimeSpecified
            | PoolError::PostCreateHook(_) => Error::Unavailable,
        })
    }
}
