//! The shell, the worker and the manifest, made from their files in `web/phone/` and the present version; and the policy.

use serde_json::json;

use super::files::Set;
use super::strings;

/// The signs, the same as on the supervisors' pages.
const SPRITE: &str = include_str!("../../web/templates/sprite.html");

macro_rules! policy {
    ($script:literal) => {
        concat!(
            "default-src 'none'; script-src ",
            $script,
            "; style-src 'self'; img-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    };
}

/// What the page may load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Its own files.
    Plain,
    /// Also the compiled parser of the library that runs forms of a survey's own.
    WithForms,
}

impl Policy {
    /// The header's text.
    pub fn text(self) -> &'static str {
        match self {
            Self::Plain => policy!("'self'"),
            Self::WithForms => policy!("'self' 'wasm-unsafe-eval'"),
        }
    }
}

/// The page that every address below `/phone/` gets.
pub fn html(set: &Set) -> String {
    let version = format!("{}-{}", env!("CARGO_PKG_VERSION"), &set.version()[..8]);
    let root = set.root();
    let preload = |name: &String| format!("<link rel=\"modulepreload\" href=\"{root}/{name}\">");
    set.text("phone/shell.html")
        .replace("{preload}", &set.first_scripts().iter().map(preload).collect::<Vec<_>>().join("\n"))
        .replace("{root}", &root)
        .replace("{version}", &version)
        .replace("{noscript}", &strings::in_both("phone.noscript"))
        .replace("{sprite}", SPRITE)
}

/// The worker: what it has to keep, then what it does.
pub fn worker(set: &Set) -> String {
    let root = set.root();
    let files: Vec<String> = set.shell().map(|name| format!("{root}/{name}")).collect();
    let head = json!({"version": set.version(), "files": files});
    format!("const SHELL = {head};\n{}", set.text("phone/sw.js"))
}

/// The manifest.
pub fn manifest(set: &Set) -> String {
    let root = set.root();
    let icon = |size: &str, purpose: &str| {
        json!({"src": format!("{root}/phone/icon-{size}.png"), "sizes": format!("{size}x{size}"),
            "type": "image/png", "purpose": purpose})
    };
    json!({
        "id": "/phone/", "name": "Doorknock 敲门", "short_name": "敲门", "start_url": "/phone/", "scope": "/phone/",
        "display": "standalone", "background_color": "#f4f6f8", "theme_color": "#0b57a4",
        "icons": [icon("192", "any"), icon("512", "any"), icon("512", "maskable")],
    })
    .to_string()
}
