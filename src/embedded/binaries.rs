//! Finding PostgreSQL's server programs on this machine.

use super::{Error, OLDEST_MAJOR};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A directory with `postgres` and `initdb`, and their major version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    pub(super) dir: PathBuf,
    pub(super) major: u32,
}

impl Binaries {
    /// The programs to use: those in `setting`, else those of `cluster`'s own major version, else what
    /// `pg_config` names, else the newest in the places where distributions put them.
    pub(super) fn find(setting: Option<&Path>, cluster: Option<(u32, &Path)>) -> Result<Self, Error> {
        let places =
            setting.map_or_else(|| usual_places(cluster.map(|(major, _)| major)), |dir| vec![dir.to_owned()]);
        let found: Vec<_> = places.iter().filter_map(|dir| Self::in_dir(dir)).collect();
        let Some(first) = found.first() else {
            return Err(Error::NoBinaries { looked_in: listed(&places) });
        };
        let suitable = match cluster {
            Some((major, _)) => found.iter().find(|b| b.major == major),
            None => found.iter().find(|b| b.major >= OLDEST_MAJOR),
        };
        match (suitable, cluster) {
            (Some(binaries), _) => Ok(binaries.clone()),
            (None, Some((major, pgdata))) => Err(Error::OtherMajor {
                pgdata: pgdata.to_owned(),
                cluster: major,
                bindir: first.dir.clone(),
                binaries: first.major,
            }),
            (None, None) => Err(Error::BinariesTooOld { found: first.major, bindir: first.dir.clone() }),
        }
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn in_dir(dir: &Path) -> Option<Self> {
        // Links such as /usr/local/bin/postgres lead to the directory where the programs find their libraries.
        let postgres = std::fs::canonicalize(dir.join("postgres")).ok()?;
        let dir = [postgres.parent()?, dir].into_iter().find(|d| d.join("initdb").is_file())?.to_owned();
        let said = output_of(&postgres, "--version")?;
        Some(Self { dir, major: major_in(&said)? })
    }
}

/// `postgres (PostgreSQL) 15.18 (Debian …)`, `… 17beta1`: the major version.
/// A client program of this major version or a newer one, the oldest that will do: it reads every server up to its own.
pub(super) fn client(name: &str, server: u32) -> Option<PathBuf> {
    let places = usual_places(Some(server));
    let mut found: Vec<(u32, PathBuf)> = places
        .iter()
        .map(|dir| dir.join(name))
        .filter_map(|path| Some((major_in(&output_of(&path, "--version")?)?, path)))
        .filter(|(major, _)| *major >= server)
        .collect();
    found.sort_by_key(|(major, _)| *major);
    found.into_iter().next().map(|(_, path)| path)
}

fn major_in(said: &str) -> Option<u32> {
    let version = said.split_once("(PostgreSQL)")?.1.trim_start();
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn output_of(program: &Path, argument: &str) -> Option<String> {
    let output =
        Command::new(program).arg(argument).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn usual_places(cluster: Option<u32>) -> Vec<PathBuf> {
    let own = cluster.map(|major| PathBuf::from(format!("/usr/lib/postgresql/{major}/bin")));
    let told = output_of(Path::new("pg_config"), "--bindir").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<_> =
        own.into_iter().chain(told).chain(versions_below("/usr/lib/postgresql")).collect();
    places.extend(std::env::split_paths(&path).filter(|dir| dir.is_absolute()));
    places
}

/// `ROOT/<major>/bin`, newest first.
fn versions_below(root: &str) -> Vec<PathBuf> {
    let names =
        std::fs::read_dir(root).into_iter().flatten().filter_map(|e| e.ok()?.file_name().into_string().ok());
    let mut majors: Vec<u32> = names.filter_map(|name| name.parse().ok()).collect();
    majors.sort_unstable_by(|a, b| b.cmp(a));
    majors.into_iter().map(|major| Path::new(root).join(major.to_string()).join("bin")).collect()
}

fn listed(places: &[PathBuf]) -> String {
    match places {
        [one] => one.display().to_string(),
        [] | [_, _, ..] => "the usual places (pg_config, /usr/lib/postgresql/*/bin, PATH)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_programs_say_them() {
        assert_eq!(major_in("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major_in("postgres (PostgreSQL) 18beta2"), Some(18));
        assert_eq!(major_in("something else 15"), None);
    }

    #[test]
    fn an_empty_directory_is_reported_with_the_package_to_install() {
        let error = Binaries::find(Some(Path::new("/nonexistent")), None).expect_err("nothing is there");
        let text = error.to_string();
        assert!(
            text.contains("/nonexistent") && text.contains("postgresql-15") && text.contains("DATABASE_URL"),
            "{text}"
        );
    }
}
