//! An administrator in a browser, as far as the page of set-ups needs one.

use std::io::Write as _;

use doorknock::setup::Memory;
use serde_json::json;

use super::{App, Client};

/// A session of an administrator on the pages.
pub struct Pages(pub Client);

impl Pages {
    /// Signed in as `root`, in English.
    pub async fn of(app: &App) -> Self {
        Self::speaking(app, "en").await
    }

    /// Signed in as `root`, in that language.
    pub async fn speaking(app: &App, language: &str) -> Self {
        let hash = doorknock::access::hash_password("correct horse").unwrap();
        app.store().set_password("root", &hash, app.clock.now()).await.unwrap();
        let reply =
            app.anyone().post("/v1/login", &json!({"user": "root", "password": "correct horse"})).await;
        let session = reply.cookie(doorknock::app::auth::SESSION).unwrap();
        let cookie = Some(format!("{session}; doorknock_language={language}"));
        Self(Client { cookie, ..app.anyone() })
    }

    /// The page after the files of a set-up were sent.
    pub async fn check(&self, files: &Memory) -> String {
        let files: Vec<(&str, &[u8])> =
            files.0.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        self.send_files(&files).await
    }

    /// The page after these files were sent.
    pub async fn send_files(&self, files: &[(&str, &[u8])]) -> String {
        let token = field(&self.0.get("/setup").await.text(), "csrf");
        let mut body =
            format!("--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n").into_bytes();
        for (name, bytes) in files {
            write!(
                body,
                "--x\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\r\n"
            )
            .unwrap();
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--x--\r\n");
        self.0.post_raw("/setup", &[("content-type", "multipart/form-data; boundary=x")], body).await.text()
    }

    /// The page after a form of `page` was sent to `path` with these fields.
    pub async fn send(&self, path: &str, page: &str, fields: &str) -> String {
        self.post(path, page, &format!("id={}&{fields}", field(page, "id"))).await
    }

    /// The same where the form names nothing by an `id`.
    pub async fn post(&self, path: &str, page: &str, fields: &str) -> String {
        let body = format!("csrf={}&{fields}", field(page, "csrf"));
        let head = [("content-type", "application/x-www-form-urlencoded")];
        self.0.post_raw(path, &head, body).await.text()
    }
}

/// The value of the last field of that name.
pub fn field(page: &str, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let at = page.rfind(&mark).unwrap_or_else(|| panic!("no field {name}: {page}"));
    page[at + mark.len()..].split('"').next().unwrap().to_owned()
}

/// A zip archive of these files, deflated.
pub fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, plain) in files {
        let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(9));
        packer.write_all(plain).unwrap();
        let packed = packer.finish().unwrap();
        let mut sum = flate2::Crc::new();
        sum.update(plain);
        let length = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
        let mut about = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
        about.extend_from_slice(&sum.sum().to_le_bytes());
        about.extend_from_slice(&length(packed.len()));
        about.extend_from_slice(&length(plain.len()));
        about.extend_from_slice(&length(name.len())[..2]);
        about.extend_from_slice(&[0, 0]);
        directory.extend_from_slice(b"PK\x01\x02\x14\0");
        directory.extend_from_slice(&about);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&length(bytes.len()));
        directory.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b"PK\x03\x04");
        bytes.extend_from_slice(&about);
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(&packed);
    }
    let (count, at) = (u16::try_from(files.len()).unwrap(), u32::try_from(bytes.len()).unwrap());
    bytes.extend_from_slice(&directory);
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    bytes.extend_from_slice(&count.to_le_bytes());
    bytes.extend_from_slice(&count.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(directory.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(&at.to_le_bytes());
    bytes.extend_from_slice(&[0, 0]);
    bytes
}
