//! A tree that is given one file after the other while its children fail.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rust_supervisor::config::file::TreeFile;
use rust_supervisor::template::{Template, Templates};
use rust_supervisor::{ChildSpec, Supervisor, SupervisorHandle, TaskContext};

/// Who lives, by path, with its arguments; a second copy of a path is a panic (I1).
#[derive(Clone, Default)]
struct Lives(Arc<Mutex<BTreeMap<String, i64>>>);

struct Life(Lives, String);

impl Lives {
    fn begin(&self, path: &str, x: i64) -> Life {
        let before = self.0.lock().unwrap().insert(path.to_owned(), x);
        assert_eq!(before, None, "two copies of `{path}`");
        Life(self.clone(), path.to_owned())
    }

    fn all(&self) -> BTreeMap<String, i64> {
        self.0.lock().unwrap().clone()
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().remove(&self.1);
    }
}

#[derive(serde::Deserialize)]
struct Worker {
    x: i64,
    #[serde(default)]
    fails: bool,
}

fn templates(lives: &Lives) -> Templates {
    let lives = lives.clone();
    let worker = Template::new("worker", move |arguments: Worker| {
        let lives = lives.clone();
        ChildSpec::from_fn("worker", move |ctx: TaskContext| {
            let life = lives.begin(ctx.path(), arguments.x);
            async move {
                let _life = life;
                if arguments.fails {
                    return Err("it was told to fail".to_owned());
                }
                ctx.cancelled().await;
                Ok(())
            }
        })
    });
    Templates::new([worker])
}

fn file(text: &str) -> TreeFile {
    TreeFile::yaml("tree.yaml", text).unwrap_or_else(|error| panic!("{error}"))
}

async fn started(text: &str, lives: &Lives) -> SupervisorHandle {
    let spec = file(text).tree(templates(lives));
    let spec = spec.unwrap_or_else(|error| panic!("{error}"));
    Supervisor::start(spec).await.expect("starts")
}

/// All that a tree shows of its children, and what it would do if they failed; but how often they
/// have been started, and when.
fn shown(handle: &SupervisorHandle) -> Vec<String> {
    let snapshot = handle.snapshot().expect("runs");
    let children = snapshot.children.iter().map(|child| {
        let supervisor = child.supervisor.as_ref();
        let supervisor = supervisor.map(|supervisor| (supervisor.strategy, &supervisor.intensity));
        format!(
            "{} {:?} {:?} ready: {} {:?} {:?} {supervisor:?}\n{}",
            child.path,
            child.state,
            child.operation,
            child.ready,
            child.fuse,
            child.tags,
            handle.explain(&*child.path).expect("is there"),
        )
    });
    children.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_reloads_in_a_crash_storm_come_to_a_fresh_start_of_the_last_file() {
    for seed in 0..4 {
        let lives = Lives::default();
        let mut random = Random(0x5eed + seed);
        let handle = started(&random.tree(), &lives).await;
        for round in 0..100 {
            let text = random.tree();
            let done = handle.reload(&file(&text), "storm", "another").await;
            done.unwrap_or_else(|error| panic!("{round}: {error}\n{text}"));
            if round % 3 == 0 {
                let pause = u64::from(random.below(5));
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
        }
        // In the last one nobody fails, so that it comes to rest.
        let last = random.tree().replace("fails: true", "fails: false");
        let new = file(&last);
        let reload = handle.reload(&new, "storm", "the last");
        reload
            .await
            .unwrap_or_else(|error| panic!("{error}\n{last}"));
        let of_fresh = Lives::default();
        let fresh = started(&last, &of_fresh).await;
        let same = async {
            while shown(&handle) != shown(&fresh) || lives.all() != of_fresh.all() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let same = tokio::time::timeout(Duration::from_secs(30), same).await;
        assert!(
            same.is_ok(),
            "{:#?} and {:?}\nis not\n{:#?} and {:?}\n{last}",
            shown(&handle),
            lives.all(),
            shown(&fresh),
            of_fresh.all()
        );
        assert!(!of_fresh.all().is_empty() || last.contains("[]"), "{last}");
        assert!(handle.plan_reload(&file(&last)).expect("sound").is_empty());
        for handle in [handle, fresh] {
            handle.shutdown().await.expect("ends");
        }
        assert!(lives.all().is_empty() && of_fresh.all().is_empty());
    }
}

/// Random trees of a few names, some of whose workers do nothing but fail.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(limit)).expect("small")
    }

    fn tree(&mut self) -> String {
        let strategies = ["one_for_one", "one_for_all", "rest_for_one", "dependents"];
        let strategy = strategies[self.below(4) as usize];
        let mut text = format!("strategy: {strategy}\nintensity: 1000000/1s\nchildren:\n");
        let mut before: Vec<String> = Vec::new();
        for name in ["a", "b", "c", "d", "e"] {
            if self.below(4) == 0 {
                continue;
            }
            let after = before.last().filter(|_| self.below(3) == 0);
            let after = after.map_or_else(String::new, |on| format!(", after: [{on}]"));
            if self.below(5) == 0 {
                let x = self.below(2);
                writeln!(
                    text,
                    "  - {{ name: {name}, children: [{{ name: w, template: worker, args: {{ x: {x} }} }}]{after} }}"
                )
                .expect("text");
            } else {
                let (x, fails) = (self.below(2), self.below(4) == 0);
                writeln!(
                    text,
                    "  - {{ name: {name}, template: worker, args: {{ x: {x}, fails: {fails} }}, \
                     backoff: 1ms, restart: permanent{after} }}"
                )
                .expect("text");
            }
            before.push(name.to_owned());
        }
        if before.is_empty() {
            text += "  []\n";
        }
        text
    }
}
