//! What the command line says.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

pub(crate) const USAGE: &str = "\
usage: job-service [--listen ADDRESS] [--data DIRECTORY] [--tidy-every SECONDS] [--keep-done SECONDS]

  --listen      where to serve HTTP; port 0 takes a free one   [127.0.0.1:8080]
  --data        where the jobs are kept                        [a temporary directory]
  --tidy-every  how often done jobs are looked through         [60]
  --keep-done   how long a done job can still be asked for     [86400]

The environment variable RUST_LOG sets what is logged: `info`, `info,rust_supervisor=debug`, ..";

#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) data: Option<PathBuf>,
    pub(crate) tidy_every: Duration,
    pub(crate) keep_done: Duration,
}

impl Config {
    pub(crate) fn from_args(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut config = Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data: None,
            tidy_every: Duration::from_secs(60),
            keep_done: Duration::from_secs(24 * 60 * 60),
        };
        while let Some(flag) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("`{flag}` needs a value"));
            match flag.as_str() {
                "--listen" => config.listen = parse(&flag, &value()?)?,
                "--data" => config.data = Some(value()?.into()),
                "--tidy-every" => {
                    config.tidy_every = Duration::from_secs(parse::<u64>(&flag, &value()?)?.max(1));
                }
                "--keep-done" => config.keep_done = Duration::from_secs(parse(&flag, &value()?)?),
                _ => return Err(format!("`{flag}` is not known")),
            }
        }
        Ok(config)
    }
}

fn parse<T: std::str::FromStr>(flag: &str, value: &str) -> Result<T, String> {
    let parsed = value.parse();
    parsed.map_err(|_| format!("`{value}` is not a value for `{flag}`"))
}

/// The directory that holds the jobs; a temporary one goes when this is dropped.
#[derive(Debug)]
pub(crate) enum DataDir {
    Given(PathBuf),
    Temporary(TempDir),
}

impl DataDir {
    pub(crate) fn open(given: Option<PathBuf>) -> io::Result<Self> {
        match given {
            Some(path) => std::fs::create_dir_all(&path).map(|()| Self::Given(path)),
            None => tempfile::tempdir().map(Self::Temporary),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Given(path) => path,
            Self::Temporary(dir) => dir.path(),
        }
    }
}
