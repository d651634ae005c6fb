//! JSON Schemas of every JSON document, made from the types that are written.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::check::CheckDocument;
use super::documents::{GraphDocument, InspectDocument};
use super::json::{Document, pretty};
use super::repair::RepairDocument;
use super::runbook::{LintDocument, PlanDocument};
use super::simulation::SimulateDocument;
use crate::check::Expected;
use crate::finding::Code;
use crate::finding::catalog::CATALOG;
use crate::ident::Version;
use crate::verdict::{RULES, Rule};

/// Each document's name and schema (draft 2020-12). `expected` is read, the others are written.
pub fn schemas() -> Vec<(&'static str, Schema)> {
    let written = || SchemaSettings::draft2020_12().for_serialize().into_generator();
    let read = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    vec![
        ("analysis", written().into_root_schema_for::<Document<'_>>()),
        ("diff", written().into_root_schema_for::<super::diff::Document<'_>>()),
        ("files", written().into_root_schema_for::<super::files::FilesDocument<'_>>()),
        ("graph", written().into_root_schema_for::<GraphDocument<'_>>()),
        ("inspect", written().into_root_schema_for::<InspectDocument<'_>>()),
        ("simulate", written().into_root_schema_for::<SimulateDocument<'_>>()),
        ("plan", written().into_root_schema_for::<PlanDocument<'_>>()),
        ("repair", written().into_root_schema_for::<RepairDocument<'_>>()),
        ("lint", written().into_root_schema_for::<LintDocument<'_>>()),
        ("cluster", written().into_root_schema_for::<super::cluster::ClusterDocument<'_>>()),
        ("timeline", written().into_root_schema_for::<super::timeline::TimelineDocument<'_>>()),
        ("check", written().into_root_schema_for::<CheckDocument<'_>>()),
        ("volume", written().into_root_schema_for::<super::lines::VolumeLine<'_>>()),
        ("expected", read.into_root_schema_for::<Expected>()),
    ]
}

/// A schema as the text of its file, with a line feed at its end.
pub fn to_text(schema: &Schema) -> String {
    pretty(schema)
}

/// Codes are published and only ever added to.
impl JsonSchema for Code {
    fn schema_name() -> Cow<'static, str> {
        "Code".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let known: Vec<String> = CATALOG.iter().map(|row| row.code.to_string()).collect();
        json_schema!({ "type": "string", "description": "Code of a finding", "enum": known })
    }
}

impl JsonSchema for Version {
    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "A version of Jiva, as in 3.6.0" })
    }
}

impl JsonSchema for Rule {
    fn schema_name() -> Cow<'static, str> {
        "Rule".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let known: Vec<&str> = RULES.iter().map(|row| row.id).collect();
        json_schema!({ "type": "string", "description": "The rule that gave a verdict", "enum": known })
    }
}
