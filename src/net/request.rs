//! A request as a handler gets it: matched, its parts still raw.
//!
//! Nothing is judged here but the shape of names; rights, bodies and parameters are the handler's.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use http::header::{AUTHORIZATION, COOKIE, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, Method};
use tokio::sync::watch;
use uuid::Uuid;

use super::body::Body;
use super::limit::Turn;
use super::problem::Problem;
use super::query::Query;

/// Says once that the service is being stopped; cheap to clone.
#[derive(Clone, Debug)]
pub struct Stop(Option<watch::Receiver<bool>>);

impl Stop {
    /// A stop that never comes, for requests outside a server.
    pub fn never() -> Self {
        Self(None)
    }

    /// A stop that comes when the sender says `true` or is dropped.
    pub fn new(receiver: watch::Receiver<bool>) -> Self {
        Self(Some(receiver))
    }

    /// Whether it has come.
    pub fn is_set(&self) -> bool {
        self.0.as_ref().is_some_and(|receiver| *receiver.borrow() || receiver.has_changed().is_err())
    }

    /// Waits until it comes.
    pub async fn wait(&self) {
        match self.0.clone() {
            // An error means the sender is gone, and with it the server.
            Some(mut receiver) => drop(receiver.wait_for(|set| *set).await),
            None => std::future::pending().await,
        }
    }
}

/// What the accept loop knows about the connection a request came over; travels as a request extension.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The other end.
    pub peer: SocketAddr,
    /// How it is carried.
    pub carriage: Carriage,
    /// Comes when the service is being stopped.
    pub stop: Stop,
}

impl Connection {
    /// Whether the other end may be a proxy on this machine, which speaks for others.
    fn is_from_here(&self) -> bool {
        self.peer.ip().to_canonical().is_loopback()
    }

    /// The same as a proxy on this machine says it is: one that ends TLS says so in `X-Forwarded-Proto`.
    #[must_use]
    pub fn as_told(mut self, headers: &HeaderMap) -> Self {
        let is_https =
            last_told(headers, "x-forwarded-proto").is_some_and(|word| word.eq_ignore_ascii_case("https"));
        if is_https && self.is_from_here() {
            self.carriage = Carriage::Tls;
        }
        self
    }
}

/// The last word of a header that every proxy on the way adds to: what the nearest one says.
fn last_told<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim)
}

/// An address as proxies write it, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()))
}

/// How a connection is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carriage {
    /// HTTP in clear.
    Plain,
    /// HTTP in TLS: cookies get `Secure`, pages get HSTS.
    Tls,
}

impl Default for Connection {
    /// A plain connection from an unknown address, as in tests without a server.
    fn default() -> Self {
        let peer = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        Self { peer, carriage: Carriage::Plain, stop: Stop::never() }
    }
}

/// The id under which a request stands in the log and in `x-request-id`; 32 hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// A new one, rising with time.
    pub fn new() -> Self {
        Self(Uuid::now_v7().simple().to_string().into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for RequestId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Takes the device's id once it is known, for the request's line in the log.
#[derive(Clone, Debug, Default)]
pub struct DeviceSlot(Arc<OnceLock<Uuid>>);

impl DeviceSlot {
    /// Remembers the device; the first one stays.
    pub fn set(&self, device: Uuid) {
        self.0.get_or_init(|| device);
    }

    /// The device, if it was named.
    pub fn get(&self) -> Option<Uuid> {
        self.0.get().copied()
    }
}

/// A matched request.
#[derive(Debug)]
pub struct Request {
    /// The method as sent (HEAD reaches the GET handler as HEAD).
    pub method: Method,
    /// The pattern that matched, e.g. `/v1/cases/{id}`.
    pub route: &'static str,
    /// What stood at the pattern's braces, decoded.
    pub params: Vec<(&'static str, String)>,
    /// The query string as sent, without `?`; empty when there is none.
    pub query: String,
    /// The path as sent.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, not yet read.
    pub body: Body,
    /// The connection it came over.
    pub connection: Connection,
    /// Its id in the log.
    pub id: RequestId,
    /// Where to leave the device's id for the log.
    pub device: DeviceSlot,
    /// The turn of the token it came with; empty until a token was looked at.
    pub turn: OnceLock<Turn<TokenHash>>,
}

/// SHA-256 of a token.
pub type TokenHash = [u8; 32];

impl Request {
    /// The address at the other end of the connection.
    pub fn peer(&self) -> SocketAddr {
        self.connection.peer
    }

    /// The address the request comes from: the peer's, or, where the peer is a proxy on this machine, the last
    /// one the proxy names. For limits, not for rights.
    pub fn client(&self) -> IpAddr {
        let peer = self.peer().ip().to_canonical();
        let last = last_told(&self.headers, "x-forwarded-for").and_then(address);
        if self.connection.is_from_here() { last.unwrap_or(peer) } else { peer }
    }

    /// What stood at `{name}`; empty when the pattern has no such name.
    pub fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }

    /// What stood at `{name}` as a UUID; anything else is a 404, since nothing can lie there.
    pub fn param_uuid(&self, name: &str) -> Result<Uuid, Problem> {
        crate::net::query::uuid(self.param(name)).ok_or_else(Problem::not_found)
    }

    /// The query string, taken apart. Problems: `bad-parameter`.
    pub fn query(&self) -> Result<Query, Problem> {
        Query::parse(&self.query)
    }

    /// A header as text; absent when it is not sent, sent twice or not visible ASCII.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(first)
    }

    /// Whether the caller has what the tag stands for: `If-None-Match` lists it, weak or strong, or says `*`.
    pub fn has_tag(&self, tag: &str) -> bool {
        let lists = self.headers.get_all(IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
        let mut tags = lists.flat_map(|list| list.split(',')).map(str::trim);
        tags.any(|known| known == "*" || known.trim_start_matches("W/") == tag)
    }

    /// Scheme and host as the caller used them.
    pub fn origin(&self) -> String {
        let scheme = match self.connection.carriage {
            Carriage::Tls => "https",
            Carriage::Plain => "http",
        };
        let host = self.header(&http::header::HOST).unwrap_or("localhost");
        let host: String =
            host.chars().filter(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(*c)).collect();
        format!("{scheme}://{host}")
    }

    /// The bearer token of `Authorization`, not checked.
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header(&AUTHORIZATION)?.split_once(' ')?;
        let token = token.trim();
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
    }

    /// The cookie `name`, not checked; the first when it is sent more than once.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn request(headers: &[(&str, &str)]) -> Request {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        Request {
            method: Method::GET,
            route: "/x/{id}",
            params: vec![("id", "7".to_owned())],
            query: String::new(),
            path: "/x/7".to_owned(),
            headers: map,
            body: Body::empty(),
            connection: Connection::default(),
            id: RequestId::new(),
            device: DeviceSlot::default(),
            turn: OnceLock::new(),
        }
    }

    #[test]
    fn a_token_is_taken_from_one_bearer_header_only() {
        let table = [
            (&[("authorization", "Bearer abc")][..], Some("abc")),
            (&[("authorization", "bearer abc ")], Some("abc")),
            (&[("authorization", "Basic abc")], None),
            (&[("authorization", "abc")], None),
            (&[("authorization", "Bearer ")], None),
            (&[("authorization", "Bearer a"), ("authorization", "Bearer b")], None),
        ];
        for (headers, want) in table {
            assert_eq!(request(headers).bearer(), want, "{headers:?}");
        }
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let it = request(&[("cookie", "a=1; session=s2"), ("cookie", "b=3")]);
        assert_eq!((it.cookie("session"), it.cookie("b"), it.cookie("c")), (Some("s2"), Some("3"), None));
    }

    #[test]
    fn only_a_proxy_on_this_machine_may_name_another_address() {
        let mut it = request(&[("x-forwarded-for", "198.51.100.1, 203.0.113.9")]);
        it.connection.peer.set_ip("127.0.0.1".parse().unwrap());
        assert_eq!(it.client().to_string(), "203.0.113.9");
        it.connection.peer.set_ip("192.0.2.7".parse().unwrap());
        assert_eq!(it.client().to_string(), "192.0.2.7");
    }

    #[test]
    fn a_proxy_may_write_a_port_too() {
        for (text, want) in [
            ("203.0.113.9:4711", "203.0.113.9"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("unknown", "127.0.0.1"),
            ("", "127.0.0.1"),
        ] {
            let mut it = request(&[("x-forwarded-for", text)]);
            it.connection.peer.set_ip("127.0.0.1".parse().unwrap());
            assert_eq!(it.client().to_string(), want, "{text}");
        }
    }

    #[test]
    fn only_a_proxy_on_this_machine_may_say_that_it_ends_tls() {
        let plain = |peer: &str| Connection {
            peer: SocketAddr::new(peer.parse().unwrap(), 1),
            ..Connection::default()
        };
        for (peer, proto, want) in [
            ("127.0.0.1", &["https"][..], Carriage::Tls),
            ("::1", &["HTTPS"], Carriage::Tls),
            ("::ffff:127.0.0.1", &["https"], Carriage::Tls),
            ("127.0.0.1", &["http, https"], Carriage::Tls),
            ("127.0.0.1", &["https, http"], Carriage::Plain),
            ("127.0.0.1", &["https", "http"], Carriage::Plain),
            ("127.0.0.1", &["http"], Carriage::Plain),
            ("127.0.0.1", &[], Carriage::Plain),
            ("192.0.2.7", &["https"], Carriage::Plain),
        ] {
            let headers: Vec<_> = proto.iter().map(|p| ("x-forwarded-proto", *p)).collect();
            let told = plain(peer).as_told(&request(&headers).headers);
            assert_eq!(told.carriage, want, "{peer} {proto:?}");
        }
        let tls = Connection { carriage: Carriage::Tls, ..plain("127.0.0.1") };
        assert_eq!(tls.as_told(&request(&[("x-forwarded-proto", "http")]).headers).carriage, Carriage::Tls);
    }

    #[test]
    fn a_tag_is_known_in_a_list_weak_or_as_a_star() {
        for (sent, is_known) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"x\", W/\"a\"", true),
            ("*", true),
            ("\"x\"", false),
            ("a", false),
        ] {
            assert_eq!(request(&[("if-none-match", sent)]).has_tag("\"a\""), is_known, "{sent}");
        }
        assert!(!request(&[]).has_tag("\"a\""));
    }

    #[test]
    fn a_path_that_is_no_uuid_is_a_404() {
        let it = request(&[]);
        assert_eq!(it.param("id"), "7");
        assert_eq!(it.param_uuid("id").unwrap_err(), Problem::not_found());
    }

    #[tokio::test]
    async fn a_stop_is_seen_by_who_asks_and_by_who_waits() {
        let (sender, receiver) = watch::channel(false);
        let stop = Stop::new(receiver);
        assert!(!stop.is_set());
        sender.send(true).unwrap();
        assert!(stop.is_set());
        stop.wait().await;
        assert!(!Stop::never().is_set());
    }
}
