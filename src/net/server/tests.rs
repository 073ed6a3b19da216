//! The accept loop over real sockets on the loopback interface; nothing here waits for a long timer.

use tokio::io::AsyncReadExt;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
use crate::net::answer;
use crate::net::request::Request;
use crate::net::route::Router;

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<usize>,
}

async fn serve(limits: Limits) -> Running {
    let metrics = Metrics::new();
    let site = Router::new()
        .get("/x", |(), _: Request| async { Ok(answer::json("x")) })
        .into_filter((), metrics.clone());
    let server = Server::bind(([127, 0, 0, 1], 0).into(), None, limits, metrics).await.unwrap();
    let address = server.address();
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(server.run(site, async { drop(stopped.await) }));
    Running { address, stop, ended }
}

async fn send(address: SocketAddr, text: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(text.as_bytes()).await.unwrap();
    socket
}

async fn answer_to(address: SocketAddr, text: &str) -> String {
    let mut answer = String::new();
    send(address, text).await.read_to_string(&mut answer).await.unwrap();
    answer
}

const ASK: &str = "GET /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_request_is_answered_and_a_stop_leaves_nothing_open() {
    let running = serve(Limits::default()).await;
    assert!(answer_to(running.address, ASK).await.starts_with("HTTP/1.1 200 OK"));
    running.stop.send(()).unwrap();
    assert_eq!(running.ended.await.unwrap(), 0);
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn half_sent_heads_and_idle_connections_do_not_hold_the_stop() {
    let running = serve(Limits { farewell: Duration::ZERO, ..Limits::default() }).await;
    let mut half = send(running.address, "GET /x HT").await;
    let silent = send(running.address, "").await;
    // An answered request shows that the connections before it were accepted.
    assert!(answer_to(running.address, ASK).await.contains("200 OK"));
    running.stop.send(()).unwrap();
    let mut told = String::new();
    half.read_to_string(&mut told).await.unwrap();
    assert!(told.starts_with("HTTP/1.1 503") && told.contains("retry-after"), "{told}");
    drop((half, silent));
    assert_eq!(running.ended.await.unwrap(), 0);
}

#[tokio::test]
async fn who_finds_no_place_is_told_to_come_again_and_the_idle_make_room() {
    let running = serve(Limits { connections: 1, ..Limits::default() }).await;
    let mut idle = send(running.address, "GET /x HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut first = [0; 15];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    let refused = answer_to(running.address, ASK).await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("too-many-connections"), "{refused}");
    let mut rest = String::new();
    idle.read_to_string(&mut rest).await.unwrap();
    assert!(answer_to(running.address, ASK).await.starts_with("HTTP/1.1"));
}

#[tokio::test]
async fn one_address_takes_half_the_places_and_a_proxy_on_this_machine_all() {
    let metrics = Metrics::new();
    let (_stop, stop) = watch::channel(false);
    let crowd = watch::Sender::new(long_ago());
    let limits = Limits { connections: 8, of_one_address: 4, ..Limits::default() };
    let signals = Signals { stop: Stop::new(stop), cut: Stop::never(), crowded: crowd.subscribe() };
    let door = || Door {
        addresses: Turns::of(limits.of_one_address),
        places: Arc::new(Semaphore::new(limits.connections)),
        refusals: Arc::new(Semaphore::new(1)),
        crowd: crowd.clone(),
        site: Router::new().into_filter((), metrics.clone()),
        signals: signals.clone(),
        tls: None,
        limits,
        metrics: metrics.clone(),
    };
    let team = "203.0.113.5".parse().unwrap();
    let taken = |door: &Door, from: IpAddr| (0..100).filter_map(|_| door.place(from)).collect::<Vec<_>>();
    let crowded = door();
    let held = taken(&crowded, team);
    assert_eq!(held.len(), 4);
    assert!(crowded.place("203.0.113.6".parse().unwrap()).is_some());
    drop(held);
    assert!(crowded.place(team).is_some());
    assert_eq!(taken(&door(), "127.0.0.1".parse().unwrap()).len(), 8);
}

#[tokio::test]
async fn a_head_over_the_limit_is_a_431() {
    let running = serve(Limits::default()).await;
    let long = format!("GET /x HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "x".repeat(100 << 10));
    assert!(answer_to(running.address, &long).await.starts_with("HTTP/1.1 431"));
}
