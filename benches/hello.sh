#!/usr/bin/env bash
# What a program that supervises one child needs: packages of a default build, and the time of a
# clean one. Prints a Markdown table.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "| library | packages in a default build | clean build, s |"
echo "| --- | ---: | ---: |"
hello() {
    local name=$1 dependencies=$2
    local crate="$work/$name"
    mkdir -p "$crate/src"
    printf '[package]\nname = "hello"\nversion = "0.0.0"\nedition = "2024"\n\n[dependencies]\n%s\ntokio = { version = "1.54", features = ["macros", "rt-multi-thread"] }\n' \
        "$dependencies" >"$crate/Cargo.toml"
    printf '#[tokio::main]\nasync fn main() {}\n' >"$crate/src/main.rs"
    (
        cd "$crate"
        cargo fetch --quiet
        local packages
        # One for each package and version, the program itself not counted.
        packages=$(cargo tree --edges normal,build --prefix none | sed 's/ (.*//' | sort -u | wc -l)
        local began ended
        began=$(date +%s.%N)
        cargo build --quiet --offline
        ended=$(date +%s.%N)
        printf '| %s | %d | %.1f |\n' "$name" $((packages - 1)) "$(echo "$ended - $began" | bc)"
    )
    rm -rf "$crate/target"
}
hello "ours" "rust-tokio-supervisor = { path = \"$here/../supervisor\" }"
hello "tokio alone" ""
hello "task-supervisor 0.5.2" 'task-supervisor = "=0.5.2"'
hello "taskvisor 0.9.0" 'taskvisor = "=0.9.0"'
hello "kameo 0.22.2" 'kameo = "=0.22.2"'
hello "ractor-supervisor 0.2.0" $'ractor = "=0.16.5"\nractor-supervisor = "=0.2.0"'
