//! Which path leads where, and what is said to those that lead nowhere.

use http::StatusCode;
use http::header::ALLOW;

use super::*;
use crate::net::answer;

async fn shown(_app: (), request: Request) -> Result<Response, Problem> {
    let params: Vec<String> = request.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Ok(answer::text("text/plain", format!("{} {}", request.route, params.join(","))))
}

fn router() -> Router<()> {
    Router::new()
        .get("/v1/cases", shown)
        .get("/v1/cases/{id}", shown)
        .get("/v1/cases/summary", shown)
        .post("/v1/cases/{id}/decisions", shown)
        .post("/v1/plan", shown)
        .get("/v1/plan", shown)
        .page("/", shown)
        .page("/phone/", shown)
        .page("/phone/{*file}", shown)
}

fn raw(method: &str, path: &str, accept: &'static str) -> Raw {
    let mut headers = HeaderMap::new();
    headers.insert(http::header::ACCEPT, http::HeaderValue::from_static(accept));
    Raw {
        method: method.parse().unwrap(),
        path: path.to_owned(),
        query: String::new(),
        headers,
        connection: Connection::default(),
        fault: None,
        body: Body::empty(),
    }
}

async fn call(router: Router<()>, method: &str, path: &str) -> (StatusCode, Option<String>, String) {
    let response = router.dispatch((), &Metrics::new(), raw(method, path, "*/*")).await;
    let allow = response.headers().get(ALLOW).map(|value| value.to_str().unwrap().to_owned());
    let status = response.status();
    (status, allow, String::from_utf8(answer::bytes(response).await.to_vec()).unwrap())
}

#[tokio::test]
async fn the_most_literal_pattern_wins_and_parts_are_decoded() {
    for (path, want) in [
        ("/v1/cases", "/v1/cases "),
        ("/v1/cases/7", "/v1/cases/{id} id=7"),
        ("/v1/cases/%E5%8C%97+", "/v1/cases/{id} id=北+"),
        ("/v1/cases/summary", "/v1/cases/summary "),
        ("/", "/ "),
        ("/phone/", "/phone/ "),
        ("/phone/a/b.js", "/phone/{*file} file=a/b.js"),
    ] {
        assert_eq!(call(router(), "GET", path).await, (StatusCode::OK, None, want.to_owned()), "{path}");
    }
}

#[tokio::test]
async fn a_known_path_with_another_method_is_a_405_naming_those_that_work() {
    for (method, path, allow) in [
        ("PUT", "/v1/cases", "GET, HEAD"),
        ("OPTIONS", "/v1/plan", "GET, HEAD, POST"),
        ("GET", "/v1/cases/7/decisions", "POST"),
        ("HEAD", "/v1/cases/7/decisions", "POST"),
        ("BREW", "/v1/cases/summary", "GET, HEAD"),
    ] {
        let (status, allowed, body) = call(router(), method, path).await;
        assert_eq!(
            (status, allowed.as_deref()),
            (StatusCode::METHOD_NOT_ALLOWED, Some(allow)),
            "{method} {path}"
        );
        assert!(method == "HEAD" || body.contains("/problems/method-not-allowed"), "{body}");
    }
}

#[tokio::test]
async fn no_path_reaches_past_its_folder() {
    for path in [
        "/nowhere",
        "",
        "*",
        "/v1/cases/",
        "//v1/cases",
        "/v1//cases",
        "/v1/cases/..",
        "/v1/cases/%2e%2e",
        "/phone/../etc/passwd",
        "/phone/a/../b",
        "/phone/..%2fetc",
        "/phone//etc/passwd",
        "/phone/%5c..",
        "/phone/%00",
        "/phone/..;/etc",
        "/v1/cases/%ff",
        "/v1/cases/%zz",
        "/v1/cases/%2",
    ] {
        assert_eq!(call(router(), "GET", path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn people_get_pages_and_programs_get_documents() {
    fn paint(problem: &Problem, _: &HeaderMap, _: Carriage, _: &RequestId) -> Response {
        answer::text("text/html", problem.kind.slug)
    }
    for (path, accept, page) in [
        ("/nowhere", "text/html,*/*", true),
        ("/nowhere", "application/json", false),
        ("/v1/nowhere", "text/html", false),
        ("/phone/", "*/*", true),
        ("/v1/cases", "text/html", false),
    ] {
        let method = if path.contains("nowhere") { "GET" } else { "DELETE" };
        let router = router().page_problems(paint);
        let response = router.dispatch((), &Metrics::new(), raw(method, path, accept)).await;
        // A wrong method is answered before it is known for whom the route is.
        let html = response.headers()["content-type"] == "text/html";
        assert_eq!(html, page && method == "GET", "{path} {accept}");
    }
}

#[tokio::test]
async fn the_filter_serves_the_routes() {
    let filter = router().into_filter((), Metrics::new());
    let request = http::Request::get("/v1/cases/7?x=1").body(String::new()).unwrap();
    let response = tower_service::Service::call(&mut warp::service(filter), request).await.unwrap();
    assert_eq!(answer::bytes(response).await, "/v1/cases/{id} id=7");
}
