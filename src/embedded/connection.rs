//! How to reach a cluster, as plain data.

use std::fmt::Write as _;
use std::path::PathBuf;

/// Where a cluster listens and who to be there. No password: the socket's peer is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Absolute path of the directory with the socket.
    pub socket_dir: PathBuf,
    /// Port number, which for a socket is only a part of its name.
    pub port: u16,
    /// Role to log in as.
    pub user: String,
    /// Database to use.
    pub database: String,
}

impl Connection {
    /// The same cluster, another database.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        Self { database: database.to_owned(), ..self.clone() }
    }

    /// As a URL for `psql`, `pg_dump` and every driver: the socket's directory stands percent-encoded in the
    /// host's place.
    pub fn url(&self) -> String {
        let host = percent_encoded(self.socket_dir.as_os_str().as_encoded_bytes());
        let user = percent_encoded(self.user.as_bytes());
        let database = percent_encoded(self.database.as_bytes());
        format!("postgres://{user}@{host}:{}/{database}", self.port)
    }
}

/// RFC 3986: everything but unreserved characters as `%XX`.
fn percent_encoded(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, &b| {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
            out.push(char::from(b));
        } else {
            write!(out, "%{b:02X}").expect("a String takes everything");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_survives_odd_directory_names() {
        let connection = Connection {
            socket_dir: PathBuf::from("/srv/入户 调查/a%b"),
            port: 5432,
            user: "doorknock".into(),
            database: "doorknock".into(),
        };
        assert_eq!(
            connection.with_database("other").url(),
            "postgres://doorknock@%2Fsrv%2F%E5%85%A5%E6%88%B7%20%E8%B0%83%E6%9F%A5%2Fa%25b:5432/other"
        );
    }
}
