//! Trees from files: what they mean, and what is said of their mistakes.

use std::time::Duration;

use rust_supervisor::config::file::TreeFile;
use rust_supervisor::config::shape::TreeConfig;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{
    Intensity, OnExhausted, Readiness, RestartPolicy, Shutdown, Strategy,
};
use rust_supervisor::template::Templates;
use rust_supervisor::{
    __world, ChildSpec, Supervisor, SupervisorSpec, TaskContext, supervised, supervisor_tree,
    templates,
};

/// Mirrors a feed.
#[supervised(template, backoff = "50ms..5s")]
async fn feed(ctx: TaskContext, url: String, every: Option<u32>) {
    let _ = (url, every);
    ctx.cancelled().await;
}

#[supervised(template, readiness = "explicit", tags = ["edge"])]
async fn listener(ctx: TaskContext, port: u16) {
    let _ = port;
    ctx.mark_ready();
    ctx.cancelled().await;
}

#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Region {
    Eu,
    Us,
}

#[supervised(template, tags = ["edge"])]
async fn session(ctx: TaskContext, region: Region) {
    let _ = region;
    ctx.cancelled().await;
}

fn all() -> Templates {
    templates![feed, listener, session]
}

fn yaml(text: &str) -> TreeFile {
    TreeFile::yaml("tree.yaml", text).unwrap_or_else(|error| panic!("{error}"))
}

fn outlines(spec: SupervisorSpec) -> impl std::fmt::Debug + PartialEq {
    __world::outline(spec).expect("it is sound")
}

const YAML: &str = "
strategy: rest_for_one
intensity: 5/30s
children:
  - template: feed
    args: { url: 'wss://example.org', every: 3 }
    backoff: 100ms..30s
    critical: false
  - name: gateway
    strategy: one_for_all
    on_exhausted: quarantine
    restart: transient
    children:
      - template: listener
        args: { port: 8080 }
        ready_within: 5s
      - { name: eu, template: session, args: { region: eu }, after: [listener] }
      - name: us
        template: session
        args: { region: us }
        after: [listener]
        shutdown: infinity
  - { name: uploads, pool: 1000 }
";

const TOML: &str = r#"
strategy = "rest_for_one"
intensity = "5/30s"

[[children]]
template = "feed"
args = { url = "wss://example.org", every = 3 }
backoff = "100ms..30s"
critical = false

[[children]]
name = "gateway"
strategy = "one_for_all"
on_exhausted = "quarantine"
restart = "transient"

[[children.children]]
template = "listener"
args.port = 8080
ready_within = "5s"

[[children.children]]
name = "eu"
template = "session"
args.region = "eu"
after = ["listener"]

[[children.children]]
name = "us"
template = "session"
args.region = "us"
after = ["listener"]
shutdown = "infinity"

[[children]]
name = "uploads"
pool = 1000
"#;

#[test]
fn one_tree_written_in_every_way_is_one_plan() {
    let by_macro = supervisor_tree! {
        strategy = "rest_for_one",
        intensity = "5/30s",
        feed("wss://example.org".to_owned(), Some(3)) { backoff = "100ms..30s", critical = false },
        gateway: {
            strategy = "one_for_all",
            on_exhausted = "quarantine",
            restart = "transient",
            listener(8080) { ready_within = "5s" },
            eu: session(Region::Eu) { after = [listener] },
            us: session(Region::Us) { after = [listener], shutdown = "infinity" },
        },
        uploads: { pool = 1000 },
    };
    let (ms, secs) = (Duration::from_millis, Duration::from_secs);
    let gateway = SupervisorSpec::root(vec![
        listener::spec(8080).ready_within(secs(5)),
        session::spec(Region::Eu).named("eu").after(["listener"]),
        session::spec(Region::Us)
            .named("us")
            .after(["listener"])
            .shutdown(Shutdown::Infinity),
    ])
    .strategy(Strategy::OneForAll)
    .on_exhausted(OnExhausted::Quarantine);
    let by_hand = SupervisorSpec::root(vec![
        feed::spec("wss://example.org".to_owned(), Some(3))
            .backoff(Backoff::exponential(ms(100), secs(30)))
            .critical(false),
        ChildSpec::supervisor("gateway", gateway).restart(RestartPolicy::Transient),
        ChildSpec::supervisor("uploads", SupervisorSpec::root(vec![]).pool(1000)),
    ])
    .strategy(Strategy::RestForOne)
    .intensity(Intensity::new(5, secs(30)));
    let toml = TreeFile::toml("tree.toml", TOML).expect("it is TOML");

    let by_macro = outlines(by_macro);
    assert_eq!(format!("{by_macro:?}"), format!("{:?}", outlines(by_hand)));
    let by_yaml = outlines(yaml(YAML).tree(all()).expect("it is sound"));
    assert_eq!(format!("{by_macro:?}"), format!("{by_yaml:?}"));
    let by_toml = outlines(toml.tree(all()).expect("it is sound"));
    assert!(by_yaml == by_toml, "{by_toml:?}");
}

#[test]
fn any_format_of_serde_will_do() {
    let json = serde_json::to_value(yaml(YAML).config()).expect("plain data");
    let layered: TreeConfig = serde_json::from_value(json).expect("plain data");
    assert_eq!(layered, *yaml(YAML).config());
    let layered: TreeConfig = toml::from_str(TOML).expect("plain data");
    assert_eq!(layered, *yaml(YAML).config());
    assert!(layered.tree(all()).is_ok());
    let error = toml::from_str::<TreeConfig>("children = 3\n")
        .unwrap_err()
        .to_string();
    assert!(error.contains("`children` is a list"), "{error}");
    let odd: TreeConfig = toml::from_str("intensity = '5'\n").expect("its shape is right");
    let error = odd.tree(all()).unwrap_err().to_string();
    assert_eq!(
        error,
        "intensity: `5` is not a rate; expected `<count>/<duration>`, such as `5/30s`"
    );
}

#[test]
fn the_file_wins_over_the_tree_and_the_tree_over_the_attribute() {
    let base = || {
        supervisor_tree! {
            intensity = "1/1s",
            feed("a".to_owned(), None) { shutdown = "1s" },
            gateway: {
                listener(1),
                eu: session(Region::Eu) { tags = ["edge", "slow"] },
            },
        }
        .templates(all())
    };
    let file = yaml(
        "
intensity: 2/2s
children:
  - { name: more, template: feed, args: { url: b }, shutdown: 7s }
overlay:
  - { path: feed, backoff: none, after: [] }
  - { tag: edge, shutdown: 9s }
  - { tag: slow, shutdown: 11s, restart: temporary }
  - path: gateway
    strategy: one_for_all
    critical: false
    children:
      - { name: us, template: session, args: { region: us } }
  - { path: /, auto_shutdown: all_ended }
  - { path: gateway/us, tags: [slow] }
",
    );
    let expected = supervisor_tree! {
        intensity = "2/2s",
        auto_shutdown = "all_ended",
        feed("a".to_owned(), None) { shutdown = "1s", backoff = "none" },
        gateway: {
            strategy = "one_for_all",
            critical = false,
            listener(1) { shutdown = "9s" },
            eu: session(Region::Eu) { tags = ["edge", "slow"], shutdown = "11s", restart = "temporary" },
            us: session(Region::Us) { tags = ["slow"] },
        },
        more: feed("b".to_owned(), None) { shutdown = "7s" },
    };
    let applied = file.apply(base()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        format!("{:?}", outlines(applied)),
        format!("{:?}", outlines(expected))
    );
    // What the attribute says holds where nothing else is said.
    let spec = yaml("overlay: [{ tag: edge, critical: true }]").apply(base());
    let text = format!("{:?}", outlines(spec.expect("sound")));
    assert!(text.contains(&format!("{:?}", Readiness::Explicit)));
}

#[tokio::test]
async fn a_tree_from_a_file_runs() {
    let spec = yaml(YAML).tree(all()).expect("it is sound");
    let handle = Supervisor::start(spec).await.expect("starts");
    let snapshot = handle.snapshot().expect("runs");
    let paths: Vec<&str> = snapshot.children.iter().map(|child| &*child.path).collect();
    assert_eq!(
        paths,
        [
            "feed",
            "gateway",
            "gateway/listener",
            "gateway/eu",
            "gateway/us",
            "uploads"
        ]
    );
    assert!(handle.is_ready(), "{snapshot}");
    // An instance of the pool, by manifest.
    let manifest = "{ name: one, template: session, args: { region: eu }, restart: temporary }";
    handle
        .add_child("uploads".into(), manifest, "operator", "one more")
        .await
        .expect("added");
    let one = handle.snapshot_of("uploads/one").expect("is there");
    assert_eq!(one.generation, Some(0));
    let refused = handle
        .add_child(
            "uploads".into(),
            "template: session\nargs: {region: uk}",
            "operator",
            "typo",
        )
        .await
        .expect_err("there is no such region")
        .to_string();
    assert!(refused.contains("manifest:2:16"), "{refused}");
    assert!(refused.contains("unknown variant `uk`"), "{refused}");
    assert!(handle.shutdown().await.expect("ends").is_clean());
}

#[tokio::test]
async fn every_refusal_of_a_manifest_has_its_type() {
    use rust_supervisor::SupervisorError as E;
    use rust_supervisor::event::snapshot::ChildState;

    let tree = yaml(
        "max_children: 4\nchildren:\n  - { name: closed, add: no, children: }\n  \
         - { name: pool, pool: 1 }\n  - { name: open, children: }\n  \
         - { name: one, template: session, args: { region: eu } }\n",
    );
    let spec = tree.tree(all()).unwrap_or_else(|error| panic!("{error}"));
    let handle = Supervisor::start(spec).await.expect("starts");
    let add = async |to: &str, manifest: &str| {
        let added = handle.add_child(to.into(), manifest, "op", "a test").await;
        added.map(drop)
    };
    let sound = "{ name: x, template: session, args: { region: us } }";
    add("open", sound).await.expect("sound");
    add("pool", sound).await.expect("sound");
    add("open", "name: later").await.expect("declared");
    let later = handle.snapshot_of("open/later").expect("is shown");
    assert_eq!(later.state, ChildState::Declared);
    let refused = async |to: &str, manifest: &str| {
        let refused = add(to, manifest).await;
        refused.expect_err(manifest)
    };
    let error = refused("closed", sound).await;
    assert!(matches!(error, E::AddingNotAllowed { .. }), "{error}");
    for (full, most) in [("pool", 1), ("/", 4)] {
        let error = refused(full, "{ name: y, template: session, args: { region: us } }").await;
        assert!(
            matches!(error, E::LimitReached { limit, .. } if limit == most),
            "{error}"
        );
    }
    for taken in [sound, "name: x", "name: later"] {
        let error = refused("open", taken).await;
        assert!(matches!(error, E::ChildExists { .. }), "{error}");
    }
    let error = refused("opne", sound).await;
    assert!(matches!(&error, E::UnknownChild { did_you_mean, .. } if did_you_mean[0] == "open"));
    let error = refused("one", sound).await;
    assert_eq!(
        error.to_string(),
        "`one` is no supervisor, and takes no children; name a supervisor"
    );
    for (bad, says) in [
        ("template: sesion", "did you mean `session`?"),
        ("template: session", "`region: Region` is missing"),
        ("{ template: session, args: { region: asia } }", "`asia`"),
        (
            "{ template: session, args: { regoin: eu } }",
            "did you mean `region`?",
        ),
        ("kind: async_worker", "needs a `name`"),
        ("", "it is empty"),
    ] {
        let error = refused("open", bad).await;
        assert!(matches!(error, E::InvalidManifest { .. }), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
    let error = refused("open", "name: a/b").await;
    assert!(matches!(error, E::InvalidSpec(_)), "{error}");
    let (down, error) =
        tokio::join!(biased; handle.shutdown_tree("op", "done"), refused("open", "name: late"));
    down.expect("it ends");
    assert!(matches!(error, E::ShuttingDown { .. }), "{error}");
    let error = refused("open", "name: late").await;
    assert!(matches!(error, E::TreeGone), "{error}");
}
