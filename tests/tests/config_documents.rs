//! The example file and the schema: written from the table, kept in the repository, and true.

use std::path::Path;

use rust_supervisor::config::example::{Format, example};
use rust_supervisor::config::file::TreeFile;
use rust_supervisor::config::schema::schema;
use rust_supervisor::template::Templates;
use rust_supervisor::{
    __world, ChildSpec, SupervisorSpec, TaskContext, supervised, supervisor_tree, templates,
};

/// Mirrors a feed.
#[supervised(template)]
async fn feed(ctx: TaskContext) {
    ctx.cancelled().await;
}

/// Compares with a file of the repository; `UPDATE_EXPECT=1` writes it anew.
fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../supervisor/docs")
        .join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, text).expect("it can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "{name} is not up to date: UPDATE_EXPECT=1 writes it anew"
    );
}

fn outlines(spec: SupervisorSpec) -> String {
    format!("{:?}", __world::outline(spec).expect("it is sound"))
}

#[test]
fn the_example_loads_and_means_exactly_the_defaults() {
    let defaults = outlines(supervisor_tree! { feed(), nested: {} });
    let yaml = example(Format::Yaml, &Templates::default());
    check("example.yaml", &yaml);
    let read = TreeFile::yaml("example.yaml", &yaml).unwrap_or_else(|error| panic!("{error}"));
    let tree = read
        .tree(templates![feed])
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(outlines(tree), defaults);
    let toml = example(Format::Toml, &Templates::default());
    check("example.toml", &toml);
    let read = TreeFile::toml("example.toml", &toml).unwrap_or_else(|error| panic!("{error}"));
    let tree = read
        .tree(templates![feed])
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(outlines(tree), defaults);
}

#[test]
fn every_setting_of_a_file_stands_in_the_example_and_in_the_schema() {
    use rust_supervisor_settings::table::{self, Place};
    use rust_supervisor_settings::value::Kind;

    let yaml = example(Format::Yaml, &Templates::default());
    let schema = schema(&Templates::default());
    let kept = serde_json::to_string_pretty(&schema).expect("a value") + "\n";
    check("tree.schema.json", &kept);
    for (place, properties) in [
        (Place::Root, &schema["properties"]),
        (
            Place::Child,
            &schema["$defs"]["child"]["anyOf"][0]["properties"],
        ),
        (Place::Nested, &schema["$defs"]["supervisor"]["properties"]),
    ] {
        for row in table::at(place).filter(|row| !matches!(row.kind, Kind::Path | Kind::Switch)) {
            assert!(yaml.contains(&format!("# {}: ", row.key)), "{}", row.key);
            assert!(properties[row.key].is_object(), "{} at {place:?}", row.key);
        }
        assert!(properties["crate"].is_null() && properties["template"].get("enum").is_none());
    }
}

#[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Region {
    Eu,
    Us,
}

#[derive(Clone, Debug, serde::Deserialize)]
struct Opaque(#[allow(dead_code, reason = "only its type counts")] u8);

/// Talks to one region.
#[supervised(template, shutdown = "7s")]
async fn session(ctx: TaskContext, region: Region, retries: Option<u8>, opaque: Opaque) {
    let _ = (region, retries, opaque);
    ctx.cancelled().await;
}

#[test]
fn the_schema_covers_the_arguments_of_templates() {
    let free = rust_supervisor::template::Template::new(
        "free",
        |_: std::collections::BTreeMap<String, u8>| ChildSpec::from_fn("free", |_| async {}),
    );
    let schema = schema(&templates![session, feed].with(free));
    let kinds = schema["$defs"]["child"]["anyOf"]
        .as_array()
        .expect("a list");
    assert_eq!(kinds.len(), 4, "three templates and supervisors");
    let session = &kinds[0]["properties"];
    assert_eq!(session["template"]["const"], "session");
    assert_eq!(session["template"]["description"], "Talks to one region.");
    assert_eq!(session["shutdown"]["default"], "7s");
    let args = &session["args"];
    assert_eq!(
        args["properties"]["region"]["enum"],
        serde_json::json!(["eu", "us"])
    );
    assert_eq!(args["properties"]["opaque"]["description"], "Opaque");
    assert_eq!(args["required"], serde_json::json!(["region", "opaque"]));
    assert_eq!(args["additionalProperties"], false);
    assert_eq!(
        kinds[0]["required"],
        serde_json::json!(["template", "args"])
    );
    assert_eq!(
        kinds[1]["properties"]["args"]["additionalProperties"],
        false
    );
    assert_eq!(kinds[2]["properties"]["args"]["additionalProperties"], true);
    let text = example(Format::Yaml, &templates![session]);
    assert!(
        text.contains("# args.retries: Option<u8>, optional"),
        "{text}"
    );
}

#[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
struct Filter {
    #[allow(dead_code, reason = "only its type counts")]
    any: Vec<Self>,
    #[allow(dead_code, reason = "only its type counts")]
    otherwise: Option<Box<Rule>>,
}

#[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
struct Rule {
    #[allow(dead_code, reason = "only its type counts")]
    unless: Vec<Self>,
}

#[supervised(template)]
async fn filter(ctx: TaskContext, by: Filter, rules: Option<Vec<Rule>>) {
    let _ = (by, rules);
    ctx.cancelled().await;
}

/// All references in a schema.
fn references<'s>(schema: &'s serde_json::Value, into: &mut Vec<&'s str>) {
    if let Some(target) = schema.get("$ref").and_then(|target| target.as_str()) {
        into.push(target);
    }
    match schema {
        serde_json::Value::Array(values) => values.iter().for_each(|value| references(value, into)),
        serde_json::Value::Object(map) => map.values().for_each(|value| references(value, into)),
        _ => {}
    }
}

#[test]
fn the_schema_of_an_argument_that_holds_itself_leads_to_what_is_there() {
    let template = <filter as rust_supervisor::template::IntoTemplate>::template();
    for name in ["filter", "a/b~c"] {
        let schema = schema(&Templates::new([template.clone().named(name)]));
        let mut targets = Vec::new();
        references(&schema, &mut targets);
        let inner = targets.iter().filter(|target| target.contains(".by"));
        assert!(inner.count() >= 3, "{targets:?}");
        for target in targets {
            let there = target.strip_prefix('#').and_then(|at| schema.pointer(at));
            assert!(there.is_some(), "{target}: {schema:#}");
        }
    }
}

#[test]
fn the_schema_takes_what_the_loader_takes_and_refuses_what_it_can_tell() {
    let schema = schema(&templates![session, feed]);
    let root = &schema["properties"];
    let (session, feed) = (
        &schema["$defs"]["child"]["anyOf"][0]["properties"],
        &schema["$defs"]["child"]["anyOf"][1]["properties"],
    );
    let supervisor = &schema["$defs"]["supervisor"];
    let overlay = &schema["$defs"]["overlay"];
    // Entries that are commented out leave an empty list, or map, behind.
    let text = "children:\n  - { template: feed, args: }\n  - { name: n, children: }\noverlay:\n";
    let file = TreeFile::yaml("tree.yaml", text).and_then(|file| file.tree(templates![feed]));
    drop(file.unwrap_or_else(|error| panic!("{error}")));
    let list = serde_json::json!(["array", "null"]);
    assert_eq!(root["children"]["type"], list);
    assert_eq!(root["overlay"]["type"], list);
    assert_eq!(supervisor["properties"]["children"]["type"], list);
    assert_eq!(feed["args"]["type"], serde_json::json!(["object", "null"]));
    assert_eq!(session["args"]["type"], "object", "some are required");
    // Each of these is refused by the loader, and by the schema.
    let refused = |text: &str| {
        let file = TreeFile::yaml("tree.yaml", text).and_then(|file| file.tree(templates![feed]));
        assert!(file.is_err(), "{text}");
    };
    refused("children:\n  - { template: feed, tags: [a, a] }\n");
    assert_eq!(feed["tags"]["uniqueItems"], true);
    refused("children:\n  - { template: feed, timeout: 0s }\n");
    assert_eq!(feed["timeout"]["pattern"], "^0*[1-9][0-9]*(ms|s|m|h)$");
    refused("intensity: 5/0s\n");
    assert_eq!(
        root["intensity"]["pattern"],
        "^[0-9]+/0*[1-9][0-9]*(ms|s|m|h)$"
    );
    refused("overlay:\n  - { path: '', strategy: one_for_all }\n");
    assert_eq!(overlay["properties"]["path"]["minLength"], 1);
    refused("overlay:\n  - { path: / }\n");
    assert_eq!(overlay["minProperties"], 2);
    refused("children:\n  - { name: n, tags: [a] }\n");
    let says = supervisor["anyOf"].as_array().expect("a list");
    assert_eq!(says[0], serde_json::json!({ "required": ["children"] }));
    assert!(says.contains(&serde_json::json!({ "required": ["strategy"] })));
    assert!(!says.contains(&serde_json::json!({ "required": ["tags"] })));
}
