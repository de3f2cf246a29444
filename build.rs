//! Turns the built-in profiles into JSON, which every command reads several times faster than TOML.

use std::path::Path;
use std::{env, fs};

fn main() {
    let out = env::var("OUT_DIR").expect("cargo names it");
    for id in ["resonance7", "agents"] {
        let path = format!("src/journal/profiles/{id}.toml");
        println!("cargo::rerun-if-changed={path}");
        let text = fs::read_to_string(&path).expect("profiles are part of the sources");
        let profile: serde_json::Value = toml::from_str(&text).expect("profiles are TOML");
        fs::write(Path::new(&out).join(format!("{id}.json")), profile.to_string()).expect("cargo's directory can be written to");
    }
}
