//! The pages of findings and words are their tables.

#[test]
fn docs_findings_is_what_the_table_says() {
    let page = include_str!("../docs/findings.md");
    assert!(
        page == jivascope::report::findings_page(),
        "cargo run --example findings_page > docs/findings.md"
    );
}

#[test]
fn docs_glossary_is_what_the_tables_say() {
    let page = include_str!("../docs/glossary.md");
    assert!(
        page == jivascope::report::glossary::glossary_page(),
        "cargo run --example glossary_page > docs/glossary.md"
    );
}
