//! The table of routes on top of one warp filter: method and pattern lead to a handler.
//!
//! The filter itself never rejects, so no request can land in a sibling by mistake: no pattern fits, 404;
//! a pattern fits but not the method, 405 with `Allow`. OPTIONS is answered like any method no route has, so
//! nothing is opened to pages of other origins. Patterns are compared part by part as sent and no path is
//! ever normalised, so `..` leads nowhere.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use http::header::CONNECTION;
use http::{HeaderMap, HeaderValue, Method};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::answer::{Asked, Packing, answer};
use super::body::Body;
use super::head::Fault;
use super::kind;
use super::metrics::Metrics;
use super::problem::Problem;
use super::request::{Carriage, Connection, DeviceSlot, Request, RequestId};

mod pattern;

use pattern::{Params, Pattern};

/// Stands for the route of a request that none fits, in the log and in the metrics.
pub const UNMATCHED: &str = "unmatched";

type Handler<App> = Arc<dyn Fn(App, Request) -> BoxFuture<'static, Result<Response, Problem>> + Send + Sync>;
type Painter = fn(&Problem, &HeaderMap, Carriage, &RequestId) -> Response;

/// For whom a route answers; decides how its problems look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// Programs: problem documents.
    Api,
    /// People: problems as pages, where the router has a painter.
    Page,
    /// Collect: problems as messages of its own kind.
    Odk,
}

struct Entry<App> {
    method: Method,
    pattern: Pattern,
    face: Face,
    handler: Handler<App>,
}

/// All routes of the service. `App` is what handlers share; it is cloned for each request.
pub struct Router<App> {
    entries: Vec<Entry<App>>,
    painter: Option<Painter>,
    odk_painter: Option<Painter>,
}

impl<App: Clone + Send + Sync + 'static> Default for Router<App> {
    fn default() -> Self {
        Self::new()
    }
}

impl<App: Clone + Send + Sync + 'static> Router<App> {
    /// A router without routes.
    pub fn new() -> Self {
        Self { entries: Vec::new(), painter: None, odk_painter: None }
    }

    /// Shows the problems of [`Face::Page`] routes, and of paths outside `/v1/` asked for as HTML, by `painter`.
    #[must_use]
    pub fn page_problems(mut self, painter: Painter) -> Self {
        self.painter = Some(painter);
        self
    }

    /// Shows the problems of [`Face::Odk`] routes, and of paths under `/odk/`, by `painter`.
    #[must_use]
    pub fn odk_problems(mut self, painter: Painter) -> Self {
        self.odk_painter = Some(painter);
        self
    }

    /// An address of Collect by GET.
    #[must_use]
    pub fn odk<H, F>(self, pattern: &'static str, handler: H) -> Self
    where
        H: Fn(App, Request) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Response, Problem>> + Send + 'static,
    {
        self.route(Face::Odk, Method::GET, pattern, handler)
    }

    /// Adds a route. `pattern` starts with `/`; `{name}` takes one part, `{*name}` the rest of the path.
    /// GET answers HEAD too. A pattern with more literal parts in front wins over one with fewer.
    #[must_use]
    pub fn route<H, F>(mut self, face: Face, method: Method, pattern: &'static str, handler: H) -> Self
    where
        H: Fn(App, Request) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Response, Problem>> + Send + 'static,
    {
        let handler: Handler<App> = Arc::new(move |app, request| Box::pin(handler(app, request)));
        self.entries.push(Entry { method, pattern: Pattern::new(pattern), face, handler });
        self
    }

    /// A call of the API by GET.
    #[must_use]
    pub fn get<H, F>(self, pattern: &'static str, handler: H) -> Self
    where
        H: Fn(App, Request) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Response, Problem>> + Send + 'static,
    {
        self.route(Face::Api, Method::GET, pattern, handler)
    }

    /// A call of the API by POST.
    #[must_use]
    pub fn post<H, F>(self, pattern: &'static str, handler: H) -> Self
    where
        H: Fn(App, Request) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Response, Problem>> + Send + 'static,
    {
        self.route(Face::Api, Method::POST, pattern, handler)
    }

    /// A page by GET.
    #[must_use]
    pub fn page<H, F>(self, pattern: &'static str, handler: H) -> Self
    where
        H: Fn(App, Request) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Response, Problem>> + Send + 'static,
    {
        self.route(Face::Page, Method::GET, pattern, handler)
    }

    /// A page's form by POST.
    #[must_use]
    pub fn form<H, F>(self, pattern: &'static str, handler: H) -> Self
    where
        H: Fn(App, Request) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Response, Problem>> + Send + 'static,
    {
        self.route(Face::Page, Method::POST, pattern, handler)
    }

    /// Method and pattern of every route, in the order added.
    pub fn list(&self) -> Vec<(Method, &'static str)> {
        self.entries.iter().map(|entry| (entry.method.clone(), entry.pattern.text())).collect()
    }

    /// The filter that serves these routes.
    pub fn into_filter(self, app: App, metrics: Metrics) -> BoxedFilter<(Response,)> {
        let router = Arc::new(self);
        let query = warp::query::raw().or(warp::any().map(String::new)).unify();
        warp::any()
            .and(warp::method())
            .and(warp::path::full())
            .and(query)
            .and(warp::header::headers_cloned())
            .and(warp::ext::optional::<Connection>())
            .and(warp::ext::optional::<Fault>())
            .and(warp::body::stream())
            .then(
                move |method,
                      path: warp::path::FullPath,
                      query,
                      headers: HeaderMap,
                      connection: Option<Connection>,
                      fault: Option<Fault>,
                      body| {
                    let raw = Raw {
                        fault: fault.map(|Fault(problem)| problem),
                        connection: connection.unwrap_or_default().as_told(&headers),
                        method,
                        path: path.as_str().to_owned(),
                        query,
                        headers,
                        body: Body::new(body),
                    };
                    let (router, app, metrics) = (router.clone(), app.clone(), metrics.clone());
                    async move { router.dispatch(app, &metrics, raw).await }
                },
            )
            .boxed()
    }

    async fn dispatch(&self, app: App, metrics: &Metrics, mut raw: Raw) -> Response {
        let fault = raw.fault.take();
        let is_at_fault = fault.is_some();
        let found = fault.map_or_else(|| self.find(&raw.method, &raw.path), Err);
        let (route, face) = match &found {
            Ok((entry, _)) => (entry.pattern.text(), entry.face),
            Err(_) => (UNMATCHED, face_of_unmatched(&raw)),
        };
        let (id, device) = (RequestId::new(), DeviceSlot::default());
        let asked = Asked {
            method: raw.method.clone(),
            route,
            id: id.clone(),
            device: device.clone(),
            packing: Packing::wanted(&raw.headers),
        };
        let (headers, carriage) = (raw.headers.clone(), raw.connection.carriage);
        let painter = match face {
            Face::Page => self.painter,
            Face::Odk => self.odk_painter,
            Face::Api => None,
        };
        let show = move |problem: Problem, id: &RequestId| match painter {
            Some(paint) => paint(&problem, &headers, carriage, id),
            None => problem.into_response(Some(id.as_str())),
        };
        let work = async move {
            let (entry, params) = found?;
            (entry.handler)(app, raw.into_request(route, params, id, device)).await
        };
        let mut response = answer(metrics, asked, work, show).await;
        if is_at_fault {
            // Where a proxy may have read the head in another way, nothing that follows it is believed.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// The entry for this method and path with what stood at its braces, or the 404 or 405.
    fn find(&self, method: &Method, path: &str) -> Result<(&Entry<App>, Params), Problem> {
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        let segments: Vec<&str> = path.strip_prefix('/').ok_or_else(Problem::not_found)?.split('/').collect();
        let mut best: Option<(&Entry<App>, Params)> = None;
        let mut others: Vec<&Method> = Vec::new();
        for entry in &self.entries {
            let Some(params) = entry.pattern.matched(&segments) else {
                continue;
            };
            if entry.method != wanted {
                others.push(&entry.method);
            } else if best.as_ref().is_none_or(|(other, _)| entry.pattern.rank() < other.pattern.rank()) {
                best = Some((entry, params));
            }
        }
        match best {
            Some(found) => Ok(found),
            None if others.is_empty() => Err(Problem::not_found()),
            None => Err(wrong_method(&others)),
        }
    }
}

/// A request before it is matched.
struct Raw {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    connection: Connection,
    /// What is wrong with its head.
    fault: Option<Problem>,
    body: Body,
}

impl Raw {
    fn into_request(self, route: &'static str, params: Params, id: RequestId, device: DeviceSlot) -> Request {
        Request {
            method: self.method,
            route,
            params,
            query: self.query,
            path: self.path,
            headers: self.headers,
            body: self.body,
            connection: self.connection,
            id,
            device,
            turn: OnceLock::new(),
        }
    }
}

/// A person in a browser who strayed gets a page, a program gets a document.
fn face_of_unmatched(raw: &Raw) -> Face {
    let accept = raw.headers.get(http::header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
    if raw.path.starts_with("/odk/") {
        return Face::Odk;
    }
    if raw.path.starts_with("/v1/") || !accept.contains("text/html") { Face::Api } else { Face::Page }
}

fn wrong_method(others: &[&Method]) -> Problem {
    let mut allow: Vec<&str> = others.iter().map(|method| method.as_str()).collect();
    if allow.contains(&"GET") {
        allow.push("HEAD");
    }
    allow.sort_unstable();
    allow.dedup();
    let allow = allow.join(", ");
    let mut problem = Problem::new(&kind::METHOD_NOT_ALLOWED, format!("This address takes {allow}."));
    problem.allow = Some(allow);
    problem
}

#[cfg(test)]
mod tests;
