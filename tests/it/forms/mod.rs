//! Forms: checked alone, brought in, published, heard of by devices, loaded with a set-up.

mod answers;
mod check;
mod heard;
mod loaded;
mod paged;
mod versions;

use std::fmt::Write as _;

use http::Method;
use serde_json::Value;

use crate::support::Client;
use crate::support::client::Reply;

/// One question: name, type of its bind, binding (empty for none).
pub type Question<'a> = (&'a str, &'a str, &'a str);

/// A daily report.
pub const DAILY: [Question<'_>; 2] = [("knocks", "int", ""), ("remark", "string", "")];
/// A sheet of a household.
pub const SHEET: [Question<'_>; 2] = [("door", "string", "case"), ("lift", "string", "")];

/// An `XForm` of text fields.
pub fn xform(id: &str, version: &str, questions: &[Question<'_>]) -> String {
    let (mut nodes, mut binds, mut body) = (String::new(), String::new(), String::new());
    for (name, kind, binding) in questions {
        let field = if binding.is_empty() { String::new() } else { format!(" dk:field=\"{binding}\"") };
        write!(nodes, "<{name}/>").unwrap();
        write!(binds, "<bind nodeset=\"/data/{name}\" type=\"{kind}\"{field}/>").unwrap();
        body.push_str(&control(name, binding));
    }
    let version = if version.is_empty() { String::new() } else { format!(" version=\"{version}\"") };
    format!(
        "<?xml version=\"1.0\"?><h:html xmlns:h=\"http://www.w3.org/1999/xhtml\" xmlns=\"http://www.w3.org/2002/xforms\" \
         xmlns:dk=\"urn:doorknock:xforms\"><h:head><h:title>表 {id}</h:title><model><instance>\
         <data id=\"{id}\"{version}>{nodes}<meta><instanceID/></meta></data></instance>{binds}\
         <bind nodeset=\"/data/meta/instanceID\" type=\"string\"/></model></h:head><h:body>{body}</h:body></h:html>"
    )
}

/// How a question stands in the body: what an outcome and a picture are bound to decides it.
fn control(name: &str, binding: &str) -> String {
    let label = format!("<label>{name}</label>");
    match binding {
        "visit.outcome" => {
            let choices = ["interview_complete", "no_answer", "refusal_soft", "vacant"]
                .map(|slug| format!("<item><label>{slug}</label><value>{slug}</value></item>"))
                .concat();
            format!("<select1 ref=\"/data/{name}\">{label}{choices}</select1>")
        }
        "visit.photo" => format!("<upload ref=\"/data/{name}\" mediatype=\"image/*\">{label}</upload>"),
        _ => format!("<input ref=\"/data/{name}\">{label}</input>"),
    }
}

/// Uploads a form.
pub async fn upload(who: &Client, query: &str, form: &str) -> Reply {
    let headers = [("content-type", "application/xml")];
    who.post_raw(&format!("/v1/forms?{query}"), &headers, form.as_bytes().to_vec()).await
}

/// Posts nothing.
pub async fn post(who: &Client, path: &str) -> Reply {
    who.call(Method::POST, path, &[], bytes::Bytes::new()).await
}

/// The forms that somebody sees, by id.
pub async fn seen(who: &Client) -> std::collections::BTreeMap<String, Value> {
    let list = who.get("/v1/forms").await.ok();
    let items = list["items"].as_array().unwrap().clone();
    items.into_iter().map(|item| (item["id"].as_str().unwrap().to_owned(), item)).collect()
}
