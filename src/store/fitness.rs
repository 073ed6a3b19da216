//! Whether this program and a database fit together. Where they do not, a sentence says what is wrong and what to do; nothing
//! is changed then.

use tokio_postgres::{Client, Row};

use super::backup::RESTORE_MARK;
use super::migrate::{Known, known};
use super::tx::Error;

/// The oldest major version of PostgreSQL that the schema needs.
const OLDEST: i32 = 15;

/// Why program and database do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The server is too old.
    #[error("the database server is PostgreSQL {0}; Doorknock needs {OLDEST} or later. Nothing was changed")]
    Server(i32),
    /// Chinese names would not be kept.
    #[error(
        "the database is encoded in {0}; Doorknock needs UTF8: create database NAME encoding 'UTF8' template template0. Nothing was changed"
    )]
    Encoding(String),
    /// A standby, or set so.
    #[error(
        "the database takes no writes: it is a standby or set to read-only. Name the server that takes writes, or all of them with target_session_attrs=read-write. Nothing was changed"
    )]
    ReadOnly,
    /// Tables of another program.
    #[error(
        "the database holds the table \"{0}\" and no Doorknock: it belongs to another program. Give Doorknock a database of its own. Nothing was changed"
    )]
    Stranger(String),
    /// The role may not make tables.
    #[error(
        "the role \"{role}\" may not make tables in the schema \"{schema}\": grant create on schema {schema} to {role} (from PostgreSQL 15 on nobody may by default). Nothing was changed"
    )]
    NoTables {
        /// Who.
        role: String,
        /// Where.
        schema: String,
    },
    /// The role may not use our tables.
    #[error(
        "the role \"{role}\" may not read and write the table \"{table}\": grant select, insert, update, delete on all tables in schema {schema} to {role}, or connect as the role that ran doorknock migrate. Nothing was changed"
    )]
    NoRows {
        /// Who.
        role: String,
        /// Where.
        schema: String,
        /// What.
        table: String,
    },
    /// A newer program has been here.
    #[error(
        "the database was migrated by a newer Doorknock (its schema is {found}, this program knows {known}): use the newer program. Nothing was changed"
    )]
    Newer {
        /// Highest version in the database.
        found: i32,
        /// Highest version of this program.
        known: i32,
    },
    /// The history is not ours.
    #[error(
        "migration {0} of the database is not this program's: the database belongs to another program, or a development version made it. Give Doorknock a database of its own. Nothing was changed"
    )]
    Edited(i32),
    /// An older program was here last.
    #[error("the database lacks {0} migration(s); run doorknock migrate first")]
    Behind(usize),
    /// A restore was broken off.
    #[error(
        "a restore into this database began at {0} and has not ended: run doorknock restore FILE again, it begins anew"
    )]
    Restoring(String),
}

/// What is about to be done with the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// Bring the schema up to date.
    Migrate,
    /// The same, as a step of a restore.
    Restore,
    /// Serve: read and write everything for long.
    Serve,
    /// Run a command; many of them only read, and may do so on a standby.
    Command,
}

/// Refuses a database that does not fit `aim`; returns how many migrations it lacks.
pub(super) async fn judge(client: &Client, aim: Aim) -> Result<usize, Error> {
    let of = |e| Error::of("judge_database", &e);
    let found = Found::of(&client.query_one(SETTINGS, &[]).await.map_err(of)?);
    found.server_fits()?;
    if aim != Aim::Restore
        && let Some(since) = restoring(client).await?
    {
        return Err(Unfit::Restoring(since).into());
    }
    let pending = schema(client).await?;
    match aim {
        Aim::Migrate | Aim::Restore if pending > 0 => found.may_migrate()?,
        Aim::Serve | Aim::Command if pending > 0 => return Err(Unfit::Behind(pending).into()),
        Aim::Serve => {
            found.may_write()?;
            may_use(client, &found).await?;
        }
        Aim::Migrate | Aim::Restore | Aim::Command => {}
    }
    Ok(pending)
}

/// Text and numbers only, so that nothing depends on what a server of another version calls its types.
const SETTINGS: &str = "select current_setting('server_version_num')::integer / 10000 as server,
    current_setting('server_encoding') as encoding, pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as read_only,
    current_user::text as role, coalesce(current_schema()::text, 'public') as schema,
    coalesce(has_schema_privilege(current_schema(), 'create'), false) as may_create";

/// What a server says about itself.
struct Found {
    server: i32,
    encoding: String,
    is_read_only: bool,
    role: String,
    schema: String,
    may_create: bool,
}

impl Found {
    fn of(r: &Row) -> Self {
        Self {
            server: r.get("server"),
            encoding: r.get("encoding"),
            is_read_only: r.get("read_only"),
            role: r.get("role"),
            schema: r.get("schema"),
            may_create: r.get("may_create"),
        }
    }

    fn server_fits(&self) -> Result<(), Unfit> {
        if self.server < OLDEST {
            return Err(Unfit::Server(self.server));
        }
        if self.encoding != "UTF8" {
            return Err(Unfit::Encoding(self.encoding.clone()));
        }
        Ok(())
    }

    fn may_write(&self) -> Result<(), Unfit> {
        if self.is_read_only { Err(Unfit::ReadOnly) } else { Ok(()) }
    }

    fn may_migrate(&self) -> Result<(), Unfit> {
        self.may_write()?;
        if self.may_create {
            return Ok(());
        }
        Err(Unfit::NoTables { role: self.role.clone(), schema: self.schema.clone() })
    }
}

/// Since when a restore is under way.
async fn restoring(client: &Client) -> Result<Option<String>, Error> {
    let of = |e| Error::of("restore_mark", &e);
    let sql = format!("select to_regclass('{RESTORE_MARK}') is not null");
    if !client.query_one(&sql, &[]).await.map_err(of)?.get::<_, bool>(0) {
        return Ok(None);
    }
    let sql = format!("select min(begun_at)::text from {RESTORE_MARK}");
    let since: Option<String> = client.query_one(&sql, &[]).await.map_err(of)?.get(0);
    Ok(Some(since.unwrap_or_default()))
}

/// How many migrations the schema lacks; refuses one that is not ours or newer.
async fn schema(client: &Client) -> Result<usize, Error> {
    let of = |e| Error::of("migrations", &e);
    let sql = "select to_regclass('refinery_schema_history') is not null";
    if !client.query_one(sql, &[]).await.map_err(of)?.get::<_, bool>(0) {
        return match stranger(client).await? {
            Some(table) => Err(Unfit::Stranger(table).into()),
            None => Ok(known().len()),
        };
    }
    let sql =
        "select version::integer, name::text, checksum::text from refinery_schema_history order by version";
    let applied: Vec<Known> = client
        .query(sql, &[])
        .await
        .map_err(of)?
        .iter()
        .map(|r| Known {
            version: r.get(0),
            name: r.get::<_, Option<String>>(1).unwrap_or_default(),
            checksum: r.get::<_, Option<String>>(2).unwrap_or_default(),
        })
        .collect();
    compare(&applied, &known()).map_err(Error::from)
}

/// A table that is neither ours nor an extension's, in a database that we have never migrated.
async fn stranger(client: &Client) -> Result<Option<String>, Error> {
    let sql = "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = current_schema() and c.relkind in ('r', 'p', 'f') and c.relname <> $1
          and not exists (select 1 from pg_depend d where d.objid = c.oid and d.deptype = 'e') order by 1 limit 1";
    let row = client.query_opt(sql, &[&RESTORE_MARK]).await.map_err(|e| Error::of("strange_tables", &e))?;
    Ok(row.map(|r| r.get(0)))
}

/// Compares what a database has with what this program knows: how many are missing.
fn compare(applied: &[Known], known: &[Known]) -> Result<usize, Unfit> {
    let highest = known.iter().map(|k| k.version).max().unwrap_or_default();
    let edited = applied
        .iter()
        .filter(|a| a.version <= highest)
        .find(|a| !known.iter().any(|k| k.version == a.version && k.name == a.name));
    if let Some(edited) = edited {
        return Err(Unfit::Edited(edited.version));
    }
    if let Some(newest) = applied.iter().map(|a| a.version).max().filter(|v| *v > highest) {
        return Err(Unfit::Newer { found: newest, known: highest });
    }
    let changed = applied.iter().find(|a| !known.iter().any(|k| k == *a));
    if let Some(changed) = changed {
        return Err(Unfit::Edited(changed.version));
    }
    Ok(known.len() - applied.len())
}

/// Refuses a role that may not read and write every table of ours.
async fn may_use(client: &Client, found: &Found) -> Result<(), Error> {
    let sql = "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = current_schema() and c.relkind in ('r', 'p') and not c.relispartition
          and not exists (select 1 from pg_depend d where d.objid = c.oid and d.deptype = 'e')
          and c.relname <> 'refinery_schema_history'
          and not (has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'insert')
            and has_table_privilege(c.oid, 'update') and has_table_privilege(c.oid, 'delete')) order by 1 limit 1";
    match client.query_opt(sql, &[]).await.map_err(|e| Error::of("table_rights", &e))? {
        None => Ok(()),
        Some(row) => {
            let (role, schema) = (found.role.clone(), found.schema.clone());
            Err(Unfit::NoRows { role, schema, table: row.get(0) }.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(all: &[(i32, &str)]) -> Vec<Known> {
        all.iter()
            .map(|(version, name)| Known {
                version: *version,
                name: (*name).to_owned(),
                checksum: format!("sum of {name}"),
            })
            .collect()
    }

    #[test]
    fn a_history_is_ours_older_newer_or_somebody_elses() {
        let known = of(&[(1, "survey"), (2, "field"), (5, "link")]);
        for (applied, expected) in [
            (of(&[]), Ok(3)),
            (of(&[(1, "survey")]), Ok(2)),
            (known.clone(), Ok(0)),
            (
                of(&[(1, "survey"), (2, "field"), (5, "link"), (6, "later")]),
                Err(Unfit::Newer { found: 6, known: 5 }),
            ),
            (of(&[(1, "users"), (9, "orders")]), Err(Unfit::Edited(1))),
            (of(&[(1, "survey"), (3, "gone")]), Err(Unfit::Edited(3))),
        ] {
            assert_eq!(compare(&applied, &known), expected, "{applied:?}");
        }
        let mut edited = known.clone();
        edited[1].checksum = "another".to_owned();
        assert_eq!(compare(&edited, &known), Err(Unfit::Edited(2)));
    }
}
