//! The files of the page: compiled in; in debug builds read from `web/` at each request, so that a change to a script
//! needs no build. One version stands over all of them, made from every byte and from the policy.

use std::borrow::Cow;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::shell::Policy;
use super::strings;

/// One answer: media type and bytes.
#[derive(Clone, Debug)]
pub struct Content {
    /// The media type.
    pub media_type: &'static str,
    /// The bytes.
    pub bytes: Cow<'static, [u8]>,
}

impl Content {
    /// A page.
    pub fn html(text: String) -> Self {
        Self { media_type: "text/html; charset=utf-8", bytes: text.into_bytes().into() }
    }

    /// A script.
    pub fn script(text: String) -> Self {
        Self { media_type: media_type("x.js"), bytes: text.into_bytes().into() }
    }

    /// A manifest.
    pub fn manifest(text: String) -> Self {
        Self { media_type: "application/manifest+json", bytes: text.into_bytes().into() }
    }
}

/// A file: its path below `web/` and its bytes.
type File = (Cow<'static, str>, Cow<'static, [u8]>);

/// All files under one version.
pub struct Set {
    /// The policy of every answer.
    pub policy: Policy,
    files: Vec<File>,
    version: String,
}

impl Set {
    /// The files as they are now.
    pub fn new(policy: Policy) -> Self {
        let mut files = read();
        for (name, text) in strings::tables() {
            files.push((name.into(), text.into_bytes().into()));
        }
        files.sort();
        let mut all = Sha256::new();
        all.update(policy.text().as_bytes());
        for (name, bytes) in &files {
            all.update(name.as_bytes());
            all.update(bytes);
        }
        let version = HEXLOWER.encode(&all.finalize()[..8]);
        Self { policy, files, version }
    }

    /// The version: sixteen hexadecimal digits.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where the files lie.
    pub fn root(&self) -> String {
        format!("/phone/f/{}", self.version)
    }

    /// The file of that name.
    pub fn find(&self, name: &str) -> Option<Content> {
        let (name, bytes) = self.files.iter().find(|(known, _)| known == name)?;
        Some(Content { media_type: media_type(name), bytes: bytes.clone() })
    }

    /// The text of a file that belongs to the page; empty where it is not there, which a test excludes.
    pub fn text(&self, name: &str) -> String {
        self.files
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
            .unwrap_or_default()
    }

    /// The names of what the shell needs to work without a network: all but the libraries that are loaded when a form needs
    /// them, and what is served under an address of its own.
    pub fn shell(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|(name, _)| name.as_ref()).filter(|name| is_of_shell(name))
    }
}

fn is_of_shell(name: &str) -> bool {
    let is_library = name.starts_with("vendor/");
    let is_small = ["vendor/lit-html-", "vendor/idb-"].iter().any(|head| name.starts_with(head));
    let is_apart = ["phone/shell.html", "phone/sw.js"].contains(&name) || name.ends_with("LICENSE");
    !is_apart && (is_small || !is_library)
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("wasm") => "application/wasm",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(not(debug_assertions))]
fn read() -> Vec<File> {
    const COMPILED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/phone_files.rs"));
    COMPILED.iter().map(|(name, bytes)| (Cow::Borrowed(*name), Cow::Borrowed(*bytes))).collect()
}

/// What `build.rs` lists, as it lies on the disk now. A file that cannot be read is left out.
#[cfg(debug_assertions)]
fn read() -> Vec<File> {
    let web = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    let mut found = Vec::new();
    let mut open: Vec<_> = ["phone", "vendor", "app.css", "icon.svg"].map(|name| web.join(name)).into();
    while let Some(path) = open.pop() {
        if let Ok(entries) = std::fs::read_dir(&path) {
            open.extend(entries.flatten().map(|entry| entry.path()));
        } else if let (Ok(name), Ok(bytes)) = (path.strip_prefix(&web), std::fs::read(&path)) {
            found.push((name.to_string_lossy().into_owned().into(), bytes.into()));
        }
    }
    found
}
