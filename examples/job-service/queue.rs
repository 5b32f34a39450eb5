//! The queue: a table. It alone says which jobs there are; channels only say that it is worth a look.
//!
//! - A job is counted as tried before it is worked on, so that one that takes the process down with
//!   it cannot do so for ever.
//! - Its effect and the word that it is done are one transaction, so that there is exactly one.
//! - There is one consumer, and it holds at most one job. A job that is found running when the
//!   consumer asks for the next one has been left behind by a crash.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

/// How often a job is tried.
pub(crate) const MAX_ATTEMPTS: u32 = 3;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Work {
    /// Divides; nobody has thought of a divisor that is zero.
    Divide { dividend: i64, divisor: i64 },
    /// Takes its time.
    Wait { ms: u64 },
}

/// A job that has been claimed. What is to be done is as yet unread: whatever may fail comes after
/// the attempt has been counted.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) id: i64,
    pub(crate) attempt: u32,
    pub(crate) work: String,
}

/// A job, for those who ask.
#[derive(Debug, Serialize)]
pub(crate) struct Job {
    pub(crate) id: i64,
    key: Option<String>,
    pub(crate) state: String,
    pub(crate) attempts: u32,
    result: Option<String>,
}

/// How many jobs are in each state, and how many effects there are.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Stats {
    queued: u32,
    running: u32,
    done: u32,
    parked: u32,
    effects: u32,
}

/// Makes the tables. Nobody else may use the file: two consumers would take each other's jobs.
pub(crate) fn prepare(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(
        "PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         CREATE TABLE IF NOT EXISTS jobs (
             id INTEGER PRIMARY KEY,
             key TEXT UNIQUE,
             work TEXT NOT NULL,
             state TEXT NOT NULL DEFAULT 'queued'
                 CHECK (state IN ('queued', 'running', 'done', 'parked')),
             attempts INTEGER NOT NULL DEFAULT 0,
             done_at INTEGER
         ) STRICT;
         CREATE INDEX IF NOT EXISTS open_jobs ON jobs (id) WHERE state IN ('queued', 'running');
         CREATE TABLE IF NOT EXISTS effects (
             job INTEGER NOT NULL,
             result TEXT NOT NULL
         ) STRICT;
         CREATE INDEX IF NOT EXISTS effects_of_a_job ON effects (job);",
    )
}

/// Adds a job, and says whether it is new. A client that repeats a key gets the job it has.
pub(crate) fn add(
    db: &Connection,
    key: Option<&str>,
    work: &Work,
) -> rusqlite::Result<(Job, bool)> {
    let added = db.execute(
        "INSERT INTO jobs (key, work) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING",
        params![key, json(work)?],
    )?;
    let job = match key {
        Some(key) => db.query_row(&select("key = ?1"), [key], job)?,
        None => db.query_row(&select("id = ?1"), [db.last_insert_rowid()], job)?,
    };
    Ok((job, added == 1))
}

pub(crate) fn get(db: &Connection, id: i64) -> rusqlite::Result<Option<Job>> {
    db.query_row(&select("id = ?1"), [id], job).optional()
}

pub(crate) fn stats(db: &Connection) -> rusqlite::Result<Stats> {
    db.query_row(
        "SELECT count(*) FILTER (WHERE state = 'queued'), count(*) FILTER (WHERE state = 'running'),
                count(*) FILTER (WHERE state = 'done'), count(*) FILTER (WHERE state = 'parked'),
                (SELECT count(*) FROM effects)
         FROM jobs",
        [],
        |row| {
            Ok(Stats {
                queued: row.get(0)?,
                running: row.get(1)?,
                done: row.get(2)?,
                parked: row.get(3)?,
                effects: row.get(4)?,
            })
        },
    )
}

/// Claims the next job, and counts the attempt; first the one that was left behind, unless it has
/// been tried often enough.
pub(crate) fn claim(db: &mut Connection) -> rusqlite::Result<Option<Claimed>> {
    let transaction = db.transaction()?;
    transaction.execute(
        "UPDATE jobs SET state = 'parked' WHERE state = 'running' AND attempts >= ?1",
        [MAX_ATTEMPTS],
    )?;
    let claimed = transaction
        .query_row(
            "UPDATE jobs SET state = 'running', attempts = attempts + 1
             WHERE id = (SELECT id FROM jobs WHERE state IN ('queued', 'running')
                         ORDER BY id LIMIT 1)
             RETURNING id, attempts, work",
            [],
            |row| {
                Ok(Claimed {
                    id: row.get(0)?,
                    attempt: row.get(1)?,
                    work: row.get(2)?,
                })
            },
        )
        .optional()?;
    transaction.commit()?;
    Ok(claimed)
}

/// Writes the effect of a job and that it is done: both, or neither.
pub(crate) fn complete(db: &mut Connection, id: i64, result: &str) -> rusqlite::Result<()> {
    let transaction = db.transaction()?;
    transaction.execute(
        "INSERT INTO effects (job, result) VALUES (?1, ?2)",
        params![id, result],
    )?;
    transaction.execute(
        "UPDATE jobs SET state = 'done', done_at = unixepoch() WHERE id = ?1",
        [id],
    )?;
    transaction.commit()
}

/// Forgets jobs that have been done for this long, and says how many. Their effects stay.
pub(crate) fn forget_done(db: &Connection, keep: Duration) -> rusqlite::Result<usize> {
    db.execute(
        "DELETE FROM jobs WHERE state = 'done' AND done_at < unixepoch() - ?1",
        [i64::try_from(keep.as_secs()).unwrap_or(i64::MAX)],
    )
}

fn select(which: &str) -> String {
    format!(
        "SELECT id, key, state, attempts, (SELECT result FROM effects WHERE job = jobs.id)
         FROM jobs WHERE {which}"
    )
}

fn job(row: &Row<'_>) -> rusqlite::Result<Job> {
    Ok(Job {
        id: row.get(0)?,
        key: row.get(1)?,
        state: row.get(2)?,
        attempts: row.get(3)?,
        result: row.get(4)?,
    })
}

fn json(work: &Work) -> rusqlite::Result<String> {
    serde_json::to_string(work)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}
