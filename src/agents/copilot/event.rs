//! Copilot's events: what stands in them is looked up by its key, and passed over where it is not of the right type.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

/// An event; everything else in it is passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Event<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) agent_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) data: Option<&'a RawValue>,
}

/// An object of which only some keys are of use.
#[derive(Debug)]
pub(super) struct Data<'a>(HashMap<String, &'a RawValue>);

impl<'a> Data<'a> {
    pub(super) fn new(raw: &'a RawValue) -> Option<Data<'a>> {
        serde_json::from_str(raw.get()).ok().map(Data)
    }

    pub(super) fn raw(&self, key: &str) -> Option<&'a RawValue> {
        self.0.get(key).copied()
    }

    pub(super) fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        value(self.raw(key))
    }

    pub(super) fn text(&self, key: &str) -> String {
        text(self.raw(key))
    }
}

/// A value, where it is of this type.
pub(super) fn value<T: DeserializeOwned>(raw: Option<&RawValue>) -> Option<T> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
}

pub(super) fn text(raw: Option<&RawValue>) -> String {
    value(raw).unwrap_or_default()
}

/// Arguments of a tool; some are written as text.
pub(super) fn arguments(given: &Value) -> Value {
    match given {
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| given.clone()),
        _ => given.clone(),
    }
}
