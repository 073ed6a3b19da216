//! The files of the page: compiled in; in debug builds read from `web/` at each request, so that a change to a script
//! needs no build. One version stands over all of them, made from every byte and from the policy.

use std::borrow::Cow;
use std::io::Write;
use std::sync::{Arc, OnceLock};

use data_encoding::HEXLOWER;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::shell::Policy;
use super::strings;

/// One file as it is served.
pub struct File {
    /// Its path below `web/`.
    pub name: Cow<'static, str>,
    /// Its bytes; of scripts that are not packed already without comments and indentation.
    pub bytes: Cow<'static, [u8]>,
    /// The same packed by gzip, made when it is first asked for; `None` where that gains nothing.
    packed: OnceLock<Option<Vec<u8>>>,
}

impl File {
    fn new(name: Cow<'static, str>, bytes: Cow<'static, [u8]>) -> Self {
        // Of the libraries one comes with its comments; its licence lies beside it.
        let is_plain = name.starts_with("phone/") || name.starts_with("vendor/idb-");
        let is_script = name.rsplit('.').next() == Some("js");
        let bytes = if is_plain && is_script { without_comments(&bytes).into() } else { bytes };
        Self { name, bytes, packed: OnceLock::new() }
    }

    /// The media type.
    pub fn media_type(&self) -> &'static str {
        media_type(&self.name)
    }

    /// The bytes packed by gzip; `None` for pictures.
    pub fn packed(&self) -> Option<&[u8]> {
        let pack = || (!self.name.ends_with("png")).then(|| packed(&self.bytes)).flatten();
        self.packed.get_or_init(pack).as_deref()
    }
}

/// gzip of `plain`.
pub fn packed(plain: &[u8]) -> Option<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::new(9));
    packer.write_all(plain).ok()?;
    packer.finish().ok()
}

/// All files under one version.
pub struct Set {
    /// The policy of every answer.
    pub policy: Policy,
    files: Vec<File>,
    version: String,
}

impl Set {
    /// The files as they are: of a release made once for each policy, else from the disk at each call.
    pub fn of(policy: Policy) -> Arc<Self> {
        static MADE: [OnceLock<Arc<Set>>; 2] = [OnceLock::new(), OnceLock::new()];
        if cfg!(debug_assertions) {
            return Arc::new(Self::new(policy));
        }
        MADE[usize::from(policy == Policy::WithForms)].get_or_init(|| Arc::new(Self::new(policy))).clone()
    }

    fn new(policy: Policy) -> Self {
        let mut files: Vec<File> = read().into_iter().map(|(name, bytes)| File::new(name, bytes)).collect();
        for (name, text) in strings::tables() {
            files.push(File::new(name.into(), text.into_bytes().into()));
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let mut all = Sha256::new();
        all.update(policy.text().as_bytes());
        for file in &files {
            all.update(file.name.as_bytes());
            all.update(&file.bytes);
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
    pub fn find(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.name == name)
    }

    /// The text of a file that belongs to the page; empty where it is not there, which a test excludes.
    pub fn text(&self, name: &str) -> String {
        self.find(name).map(|file| String::from_utf8_lossy(&file.bytes).into_owned()).unwrap_or_default()
    }

    /// The scripts that the page runs before its first draw: the first one, and what each of them imports. Named in the page,
    /// so that a phone asks for all of them at once.
    pub fn first_scripts(&self) -> Vec<String> {
        let mut all = vec!["phone/app.js".to_owned()];
        let mut next = 0;
        while let Some(name) = all.get(next).cloned() {
            next += 1;
            for import in imports(&self.text(&name)) {
                let path = joined(&name, import);
                if !all.contains(&path) && self.find(&path).is_some() {
                    all.push(path);
                }
            }
        }
        all
    }

    /// The names of what the shell needs to work without a network: all but the libraries that are loaded when a form needs
    /// them, and what is served under an address of its own.
    pub fn shell(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.name.as_ref()).filter(|name| is_of_shell(name))
    }
}

/// A script of ours without the lines that only people read. Comments stand on lines of their own: `//`, or `/**` to `*/`.
fn without_comments(script: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(script);
    let mut is_comment = false;
    let mut out = String::with_capacity(text.len());
    for line in text.lines().map(str::trim) {
        is_comment |= line.starts_with("/**");
        if !is_comment && !line.starts_with("//") && !line.is_empty() {
            out.push_str(line);
            out.push('\n');
        }
        is_comment &= !line.ends_with("*/");
    }
    out.into_bytes()
}

/// What a script imports when it is loaded, as written there: what stands in quotes behind `from`.
fn imports(script: &str) -> impl Iterator<Item = &str> {
    script.split("from").skip(1).filter_map(|rest| {
        let rest = rest.trim_start();
        let quote = rest.chars().next().filter(|c| ['\'', '"'].contains(c))?;
        rest[1..].split(quote).next().filter(|path| path.starts_with('.'))
    })
}

/// A path relative to a file.
fn joined(file: &str, path: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
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
fn read() -> Vec<(Cow<'static, str>, Cow<'static, [u8]>)> {
    const COMPILED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/phone_files.rs"));
    COMPILED.iter().map(|(name, bytes)| (Cow::Borrowed(*name), Cow::Borrowed(*bytes))).collect()
}

/// What `build.rs` lists, as it lies on the disk now, in `web/` or where `DOORKNOCK_WEB` says. A file that cannot be read is
/// left out.
#[cfg(debug_assertions)]
fn read() -> Vec<(Cow<'static, str>, Cow<'static, [u8]>)> {
    let web = std::path::PathBuf::from(web_directory());
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

/// Where debug builds find the files of the pages.
#[cfg(debug_assertions)]
pub fn web_directory() -> String {
    std::env::var("DOORKNOCK_WEB").unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/web").to_owned())
}
