//! What is judged of a request before any route is looked for: its target and its Host header.
//!
//! hyper has read the head by then and has refused what is no HTTP. What is left here is what reads well and cannot be served,
//! or could be read in two ways (RFC 9112, section 3.2).

use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Uri, Version};

use super::kind;
use super::problem::Problem;

/// Methods that some route takes; what the service as a whole allows.
const ALLOW: &str = "GET, HEAD, POST, PUT";

/// The problem of a request that leads to no route; travels as a request extension.
#[derive(Clone, Debug)]
pub(super) struct Fault(pub(super) Problem);

/// Judges the head. A request at fault is marked with its [`Fault`] and given a plain path, so that whatever looks at it
/// afterwards finds one.
pub(super) fn judge<B>(request: &mut Request<B>) {
    if let Err(problem) = host(request).and_then(|()| target(request.method(), request.uri())) {
        request.extensions_mut().insert(Fault(problem));
        *request.uri_mut() = Uri::from_static("/");
    }
}

/// A path, or a whole address of the web. Problems: `bad-request`, `method-not-allowed`.
fn target(method: &Method, uri: &Uri) -> Result<(), Problem> {
    let is_whole_service = uri.path() == "*";
    if method == Method::CONNECT && uri.path_and_query().is_none()
        || method == Method::OPTIONS && is_whole_service
    {
        let mut problem = Problem::new(
            &kind::METHOD_NOT_ALLOWED,
            "The service is no proxy and answers for its addresses only.",
        );
        problem.allow = Some(ALLOW.to_owned());
        return Err(problem);
    }
    let is_of_the_web = match uri.scheme_str() {
        None => uri.authority().is_none(),
        Some(scheme) => {
            let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
            web && uri.authority().is_some_and(|named| is_host(named.as_str()))
        }
    };
    let has_path = uri.path_and_query().is_some_and(|whole: &PathAndQuery| whole.path().starts_with('/'));
    if is_of_the_web && has_path && !is_whole_service {
        Ok(())
    } else {
        Err(Problem::new(&kind::BAD_REQUEST, "What is asked for has to be a path that begins with a slash."))
    }
}

/// One Host header that names a host; HTTP/1.0 may go without. Problems: `bad-request`.
fn host<B>(request: &Request<B>) -> Result<(), Problem> {
    let mut all = request.headers().get_all(HOST).iter();
    let is_right = match (all.next(), all.next()) {
        (None, _) => request.version() < Version::HTTP_11,
        (Some(only), None) => HeaderValue::to_str(only).is_ok_and(is_host),
        (Some(_), Some(_)) => false,
    };
    if is_right {
        Ok(())
    } else {
        Err(Problem::new(&kind::BAD_REQUEST, "The request has to carry one Host header that names one host."))
    }
}

/// `host`, `host:port` or `[address]:port`; an empty port is none (RFC 3986, section 3.2).
fn is_host(text: &str) -> bool {
    let (host, rest) = match text.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((address, rest)) if address.parse::<std::net::Ipv6Addr>().is_ok() => ("x", rest),
        Some(_) => return false,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let is_port = match rest.strip_prefix(':') {
        None => rest.is_empty(),
        Some(port) => {
            port.bytes().all(|b| b.is_ascii_digit()) && (port.is_empty() || port.parse::<u16>().is_ok())
        }
    };
    !host.is_empty() && host.bytes().all(is_name) && is_port
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn judged(method: &str, target: &str, version: Version, hosts: &[&str]) -> Option<StatusCode> {
        let mut request = Request::builder().method(method).uri(target).version(version);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let mut request = request.body(()).unwrap();
        judge(&mut request);
        let fault = request.extensions().get::<Fault>().map(|fault| fault.0.status());
        assert!(request.uri().path_and_query().is_some(), "{method} {target} is left without a path");
        fault
    }

    #[test]
    fn a_target_is_a_path_or_an_address_of_the_web() {
        let (bad, not_allowed) = (Some(StatusCode::BAD_REQUEST), Some(StatusCode::METHOD_NOT_ALLOWED));
        for (method, target, want) in [
            ("GET", "/", None),
            ("GET", "/v1/cases?area=1", None),
            ("GET", "http://x/v1/cases", None),
            ("GET", "https://x:8443", None),
            ("CONNECT", "x:443", not_allowed),
            ("CONNECT", "/v1/cases", None),
            ("GET", "x:443", bad),
            ("POST", "x", bad),
            ("OPTIONS", "*", not_allowed),
            ("GET", "*", bad),
            ("GET", "ftp://x/a", bad),
            ("GET", "http://user@x/a", bad),
            ("OPTIONS", "/v1/cases", None),
        ] {
            assert_eq!(judged(method, target, Version::HTTP_11, &["x"]), want, "{method} {target}");
        }
    }

    #[test]
    fn a_request_names_one_host() {
        let bad = Some(StatusCode::BAD_REQUEST);
        for (hosts, want) in [
            (&["x"][..], None),
            (&["survey.example.org:8443"], None),
            (&["[::1]:8080"], None),
            (&["[::1]"], None),
            (&["192.168.1.10:"], None),
            (&["office_pc"], None),
            (&[], bad),
            (&["a", "b"], bad),
            (&["a", "a"], bad),
            (&[""], bad),
            (&["a b"], bad),
            (&["a,b"], bad),
            (&["a/b"], bad),
            (&["user@a"], bad),
            (&["a:99999"], bad),
            (&["a:8x"], bad),
            (&["a:80:80"], bad),
            (&["::1"], bad),
            (&["[::1"], bad),
            (&["[x]:80"], bad),
            (&[":80"], bad),
            (&["http://a"], bad),
        ] {
            assert_eq!(judged("GET", "/", Version::HTTP_11, hosts), want, "{hosts:?}");
        }
        assert_eq!(judged("GET", "/", Version::HTTP_10, &[]), None);
        assert_eq!(judged("GET", "/", Version::HTTP_10, &["a", "b"]), bad);
    }
}
