//! The accept loop: takes connections, bounds their number, and stops in good order.
//!
//! warp's own server is not used: it cannot speak TLS, sets no timers and waits for ever on a half-sent
//! request when it is stopped. What a connection does is `connection`'s; what an answer says is `route`'s.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::connection::{self, Signals, Site};
use super::kind;
use super::limit::{Turn, Turns, address};
use super::metrics::Metrics;
use super::problem::Problem;
use super::request::{Carriage, Connection, Stop};
use super::wire::Wire;

/// Bounds of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// The same from one address, behind which a whole team may sit. One on this machine may be a proxy for all and has none.
    pub of_one_address: usize,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Time for a request's head, from its first byte; also for a first byte and for a TLS handshake.
    pub head: Duration,
    /// The same while others wait for a place.
    pub head_crowded: Duration,
    /// Time between two requests on one connection.
    pub idle: Duration,
    /// Stretch of time in which a reader that is waited for has to take `stall_bytes`.
    pub stall: Duration,
    /// See `stall`.
    pub stall_bytes: u64,
    /// How long open connections get a 503 once the service is being stopped, before idle ones are closed.
    pub farewell: Duration,
    /// How long running requests may take to end once the service is being stopped.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 2_000,
            of_one_address: 1_000,
            head_bytes: 64 << 10,
            head: Duration::from_secs(10),
            head_crowded: Duration::from_secs(2),
            idle: Duration::from_secs(75),
            stall: Duration::from_secs(30),
            stall_bytes: 30 << 10,
            farewell: Duration::from_millis(500),
            drain: Duration::from_secs(10),
        }
    }
}

/// A bound listener, not yet serving.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
    limits: Limits,
    metrics: Metrics,
}

/// An acceptor that can be shown.
#[derive(Clone)]
struct Tls(TlsAcceptor);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl Server {
    /// Binds `address` (port 0 for any free one). With `tls` every connection is TLS. Errors: the system's.
    pub async fn bind(
        address: SocketAddr,
        tls: Option<TlsAcceptor>,
        limits: Limits,
        metrics: Metrics,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        allow_files(limits.connections);
        Ok(Self { listener, address, tls: tls.map(Tls), limits, metrics })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:8080`, or with `https`.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Serves `site` until `shutdown` is ready, then stops: no new connections, 503 for new requests, up to
    /// `drain` for those that run. Returns the number of connections that had to be cut off.
    pub async fn run(self, site: Site, shutdown: impl Future<Output = ()>) -> usize {
        let (stop, stop_seen) = watch::channel(false);
        let (cut, cut_seen) = watch::channel(false);
        let crowd = watch::Sender::new(long_ago());
        let signals =
            Signals { stop: Stop::new(stop_seen), cut: Stop::new(cut_seen), crowded: crowd.subscribe() };
        let door = Door {
            addresses: Turns::of(self.limits.of_one_address),
            places: Arc::new(Semaphore::new(self.limits.connections)),
            refusals: Arc::new(Semaphore::new(128)),
            crowd,
            site,
            signals,
            tls: self.tls,
            limits: self.limits,
            metrics: self.metrics,
        };
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                accepted = self.listener.accept() => door.admit(accepted).await,
            }
        }
        stop.send_replace(true);
        // Who has connected already is told; who comes later finds the port closed.
        while let Some(accepted) = self.listener.accept().now_or_never() {
            door.admit(accepted).await;
        }
        drop(self.listener);
        let cut_off = door.wait_for_all(self.limits.drain).await;
        cut.send_replace(true);
        door.wait_for_all(Duration::from_secs(1)).await;
        cut_off
    }
}

/// A place taken; given back when dropped.
struct Place {
    _place: OwnedSemaphorePermit,
    _of_address: Option<Turn<IpAddr>>,
}

/// What is needed to let connections in.
struct Door {
    addresses: Turns<IpAddr>,
    places: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    crowd: watch::Sender<Instant>,
    site: Site,
    signals: Signals,
    tls: Option<Tls>,
    limits: Limits,
    metrics: Metrics,
}

impl Door {
    async fn admit(&self, accepted: io::Result<(TcpStream, SocketAddr)>) {
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => return self.cannot_accept(&error).await,
        };
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "a connection was gone before it was served");
        }
        let Some(place) = self.place(peer.ip()) else {
            return self.refuse(socket);
        };
        self.metrics.connections(self.open());
        tokio::spawn(self.serve(socket, peer, place));
    }

    /// A place for one more connection from there.
    fn place(&self, peer: IpAddr) -> Option<Place> {
        let address = address(peer);
        let of_address = if address.is_loopback() { None } else { Some(self.addresses.take_now(address)?) };
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Place { _place: place, _of_address: of_address })
    }

    /// The work of one connection; `place` is given back when it ends.
    fn serve(&self, socket: TcpStream, peer: SocketAddr, place: Place) -> impl Future<Output = ()> + use<> {
        let carriage = if self.tls.is_some() { Carriage::Tls } else { Carriage::Plain };
        let about = Connection { peer, carriage, stop: self.signals.stop.clone() };
        let (site, limits, signals, tls) =
            (self.site.clone(), self.limits, self.signals.clone(), self.tls.clone());
        let (metrics, places, all) =
            (self.metrics.clone(), Arc::clone(&self.places), self.limits.connections);
        async move {
            if let Some(wire) = wire(socket, tls, &limits, &signals).await {
                connection::serve(wire, about, site, limits, signals).await;
            }
            drop(place);
            metrics.connections(all.saturating_sub(places.available_permits()));
        }
    }

    fn open(&self) -> usize {
        self.limits.connections.saturating_sub(self.places.available_permits())
    }

    /// No place is left: asks idle connections to go and tells this one to come again.
    fn refuse(&self, socket: TcpStream) {
        self.crowd.send_replace(Instant::now());
        self.metrics.turned_away(kind::TOO_MANY_CONNECTIONS.slug);
        // In TLS nothing can be said without a handshake, which is what there is no room for.
        let Ok(place) = Arc::clone(&self.refusals).try_acquire_owned() else {
            return;
        };
        if self.tls.is_none() {
            tokio::spawn(async move {
                let _place = place;
                drop(timeout(Duration::from_secs(1), turn_away(socket)).await);
            });
        }
    }

    /// Mostly there are too many open files; it passes when connections end.
    async fn cannot_accept(&self, error: &io::Error) {
        tracing::warn!(%error, "a connection cannot be accepted");
        self.crowd.send_replace(Instant::now());
        sleep(Duration::from_millis(50)).await;
    }

    /// Waits until no connection is open, at most `patience`; returns how many still are.
    async fn wait_for_all(&self, patience: Duration) -> usize {
        let all = u32::try_from(self.limits.connections).unwrap_or(u32::MAX);
        match timeout(patience, self.places.acquire_many(all)).await {
            Ok(_) => 0,
            Err(_elapsed) => self.open(),
        }
    }
}

/// The stream to serve, after the handshake where there is one.
async fn wire(socket: TcpStream, tls: Option<Tls>, limits: &Limits, signals: &Signals) -> Option<Wire> {
    let Some(Tls(acceptor)) = tls else {
        return Some(Wire::Plain(socket));
    };
    match connection::shaken(acceptor.accept(socket), limits, signals).await? {
        Ok(stream) => Some(Wire::Tls(Box::new(stream))),
        Err(error) => {
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
    }
}

/// Says that all connections are taken, after what the other end has sent by then was read.
async fn turn_away(mut socket: TcpStream) -> io::Result<()> {
    let answer = connection::raw(Problem::plain(&kind::TOO_MANY_CONNECTIONS));
    socket.write_all(&answer).await?;
    socket.shutdown().await?;
    let mut sink = tokio::io::sink();
    tokio::io::copy(&mut socket, &mut sink).await.map(drop)
}

/// An instant that no waiting connection counts as recent.
fn long_ago() -> Instant {
    let now = Instant::now();
    now.checked_sub(Duration::from_secs(3_600)).unwrap_or(now)
}

/// Raises the process's soft limit of open files, as far as it may, so that all connections fit beside
/// the database's and the files'.
fn allow_files(connections: usize) {
    let wanted = connections as u64 + 512;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|soft| soft < wanted) {
        let soft = limit.maximum.map_or(wanted, |hard| hard.min(wanted));
        if let Err(error) =
            setrlimit(Resource::Nofile, Rlimit { current: Some(soft), maximum: limit.maximum })
        {
            tracing::warn!(%error, wanted, "the limit of open files cannot be raised");
        }
    }
}

#[cfg(test)]
mod tests;
